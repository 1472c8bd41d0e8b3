/* SPDX-License-Identifier: Apache-2.0 */
/* Why a master gave no state. Plain values. */
#ifndef MESOS_SOURCE_FAILURE_H
#define MESOS_SOURCE_FAILURE_H

#include "mesos/fetch.h"

enum source_failure {
	SOURCE_RESOLVE,
	SOURCE_CONNECT,
	SOURCE_TLS,
	SOURCE_TIMEOUT,
	SOURCE_CUT,
	SOURCE_HTTP,
	SOURCE_LIMIT,     /* larger than we take */
	SOURCE_AUTH,      /* 401, 403 */
	SOURCE_STATUS,    /* another status */
	SOURCE_NO_LEADER, /* it knows none */
	SOURCE_REDIRECT,  /* to itself, in circles, or to something that is no master */
	SOURCE_DOCUMENT,  /* malformed */
	SOURCE_INTERNAL,  /* of our own making: memory */
	SOURCE_FAILURES,
};

/* "resolve", "connect", ... */
const char *source_failure_name(enum source_failure failure);
/* Of a request that was not answered; a parser's error, where `rc` has one, is told apart. */
enum source_failure source_failure_of_outcome(enum fetch_outcome outcome, int rc);
/* Of an answer with this status, which is neither 200 nor a redirect. */
enum source_failure source_failure_of_status(unsigned status);

#endif
