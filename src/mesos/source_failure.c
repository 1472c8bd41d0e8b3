/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/source_failure.h"

#include "base/err.h"

const char *source_failure_name(enum source_failure failure)
{
	static const char *const names[SOURCE_FAILURES] = {"resolve", "connect", "tls", "timeout", "cut", "http",
		"limit", "auth", "status", "no_leader", "redirect", "document", "internal"};

	return names[failure];
}

enum source_failure source_failure_of_outcome(enum fetch_outcome outcome, int rc)
{
	static const enum source_failure failures[FETCH_OUTCOMES] = {
		[FETCH_ANSWERED] = SOURCE_STATUS,
		[FETCH_RESOLVE] = SOURCE_RESOLVE,
		[FETCH_CONNECT] = SOURCE_CONNECT,
		[FETCH_TLS] = SOURCE_TLS,
		[FETCH_TIMEOUT] = SOURCE_TIMEOUT,
		[FETCH_CUT] = SOURCE_CUT,
		[FETCH_HTTP] = SOURCE_HTTP,
		[FETCH_LIMIT] = SOURCE_LIMIT,
		[FETCH_ABORTED] = SOURCE_INTERNAL,
	};

	if (outcome == FETCH_ABORTED && rc == ERR_FORMAT)
		return SOURCE_DOCUMENT;
	if (outcome == FETCH_ABORTED && rc == ERR_LIMIT)
		return SOURCE_LIMIT;
	return failures[outcome];
}

enum source_failure source_failure_of_status(unsigned status)
{
	if (status == 503)
		return SOURCE_NO_LEADER;
	return status == 401 || status == 403 ? SOURCE_AUTH : SOURCE_STATUS;
}
