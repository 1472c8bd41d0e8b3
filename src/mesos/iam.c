/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/iam.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "mesos/iam_token.h"
#include "mesos/times.h"

#define TAG          "mesos"
#define LOGIN_TIME   300    /* seconds that a token of ours is good for: clocks differ */
#define TIMEOUT      30.0   /* seconds that a login may take */
#define UNKNOWN_LIFE 4500.0 /* seconds: of a token that does not tell */
#define RENEWAL_MIN  60.0
#define RENEWAL_MAX  86400.0

static void set_renewal(struct iam *iam, double seconds)
{
	ev_timer_stop(iam->loop, &iam->renewal);
	ev_timer_set(&iam->renewal, times_limit(seconds, RENEWAL_MIN, RENEWAL_MAX), 0);
	ev_timer_start(iam->loop, &iam->renewal);
}

/* Can it stand in a header as it is? */
static bool is_token(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len > 0;
}

/* Takes the token out of the reply; in words what is wrong with it, or NULL. */
static const char *take(struct iam *iam)
{
	json_t *document = json_loadb(iam->reply, iam->reply_len, 0, NULL);
	const char *token = json_string_value(json_object_get(document, "token")), *error = NULL;
	char *value = NULL;

	if (!is_token(token)) {
		error = "the reply has no token";
	} else if (asprintf(&value, "token=%s", token) < 0 || fetcher_set_authorization(iam->fetcher, value)) {
		error = err_text(ERR_NOMEM);
	} else {
		time_t expires = iam_token_expires(token);

		iam->has_token = true;
		set_renewal(iam, 0.8 * (expires ? (double)(expires - time(NULL)) : UNKNOWN_LIFE));
	}
	free(value);
	json_decref(document);
	return error;
}

static void end(struct iam *iam, const char *error)
{
	iam->fetch = NULL;
	iam->logins++;
	if (error) {
		iam->failures++;
		log_limited(&iam->limit, LOG_LEVEL_WARN, TAG, "no token from the IAM url=%s uid=%s: %s",
			iam->account->login_endpoint, iam->account->uid, error);
		set_renewal(iam, RENEWAL_MIN);
	}
	memset(iam->reply, 0, iam->reply_len);
	iam->reply_len = 0;
}

static int on_data(void *ctx, const void *data, size_t len)
{
	struct iam *iam = ctx;

	if (len > sizeof(iam->reply) - iam->reply_len)
		return ERR_LIMIT;
	memcpy(iam->reply + iam->reply_len, data, len);
	iam->reply_len += len;
	return 0;
}

static void on_done(void *ctx, const struct fetch_result *result)
{
	struct iam *iam = ctx;
	const char *error;
	char text[64];

	if (result->outcome != FETCH_ANSWERED) {
		error = result->error;
	} else if (result->status != 200) {
		/* Not its body, which may repeat what was sent. */
		snprintf(text, sizeof(text), "status %u", result->status);
		error = text;
	} else {
		error = take(iam);
	}
	end(iam, error);
	iam->done(iam->ctx, !error);
}

static int start(struct iam *iam)
{
	const struct fetch_callbacks callbacks = {iam, on_data, on_done};
	int err;
	char *token = iam_token_make(iam->account->key, iam->account->uid, time(NULL) + LOGIN_TIME, &err);
	json_t *document = token ? json_pack("{s:s, s:s}", "uid", iam->account->uid, "token", token) : NULL;
	char *body = document ? json_dumps(document, JSON_COMPACT) : NULL;

	if (body) {
		const struct fetch_request request = {.url = iam->account->login_endpoint,
			.post = body,
			.timeout = TIMEOUT,
			.max_bytes = IAM_REPLY_MAX,
			.anonymous = true};

		iam->fetch = fetch_start(iam->fetcher, &request, &callbacks, &err);
	}
	free(body);
	json_decref(document);
	free(token);
	return iam->fetch ? 0 : err ? err : ERR_NOMEM;
}

int iam_login(struct iam *iam)
{
	int err = iam->fetch ? 0 : start(iam);

	if (err)
		end(iam, err_text(err));
	return err;
}

static void on_renewal(struct ev_loop *loop, ev_timer *timer, int revents)
{
	iam_login(timer->data);
}

void iam_forget(struct iam *iam)
{
	iam->has_token = false;
	fetcher_set_authorization(iam->fetcher, NULL);
}

void iam_init(struct iam *iam)
{
	ev_init(&iam->renewal, on_renewal);
	iam->renewal.data = iam;
}

void iam_fini(struct iam *iam)
{
	ev_timer_stop(iam->loop, &iam->renewal);
	if (iam->fetch)
		fetch_cancel(iam->fetch);
	iam->fetch = NULL;
}
