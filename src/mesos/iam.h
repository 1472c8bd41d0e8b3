/* SPDX-License-Identifier: Apache-2.0 */
/* The token that masters behind DC/OS' identity and access manager (IAM) want with each request, as `Authorization:
 * token=...`. A service account gets it by a login: a POST of its name, and of a token of five minutes that its key
 * signed. What comes back is good for days; it is asked for again when four fifths of its time are over (that of one
 * that does not tell, hourly), and the fetcher goes on with the old one until there is another.
 *
 * Mesos thread only. Callbacks come from the loop. */
#ifndef MESOS_IAM_H
#define MESOS_IAM_H

#include <ev.h>
#include <stdbool.h>

#include "base/log.h"
#include "conf/account.h"
#include "mesos/fetch.h"

#define IAM_REPLY_MAX (64 * 1024)

struct iam {
	/* Set by the owner. */
	struct ev_loop *loop;
	struct fetcher *fetcher;            /* gets the token */
	const struct conf_account *account; /* borrowed */
	void *ctx;
	void (*done)(void *ctx, bool ok); /* a login ended; a failure was logged */

	struct fetch *fetch; /* NULL: no login is under way */
	ev_timer renewal;
	bool has_token;
	size_t reply_len;
	char reply[IAM_REPLY_MAX];
	uint64_t logins, failures;
	struct log_limit limit;
};

void iam_init(struct iam *iam);
/* done() will not be called any more. To be called before the fetcher is freed. */
void iam_fini(struct iam *iam);
/* Logs in, unless that is under way. done() follows, but not if it could not start: ERR_NOMEM, ERR_FORMAT (of the URL),
 * ERR_SYSTEM. */
int iam_login(struct iam *iam);
/* A master did not accept the token: requests carry none until the next login. */
void iam_forget(struct iam *iam);

#endif
