/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_page.h"

#include "base/err.h"
#include "http/explain.h"

static void release(void *state)
{
	explain_free(state);
}

/* What the last state held that could not be read: it may be what is missing. NULL: out of memory. */
static json_t *add_skipped(json_t *answer, struct follow *follow)
{
	struct follow_counters counters;
	json_t *skipped = json_object();
	int failed = 0;

	follow_read_counters(follow, &counters);
	for (enum state_skip reason = 0; reason < STATE_SKIPS; reason++)
		if (counters.feed.skipped[reason])
			failed |= json_object_set_new(skipped, state_skip_name(reason),
				json_integer((json_int_t)counters.feed.skipped[reason]));
	failed |= json_object_set_new(answer, "skipped", skipped);
	if (failed) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* Called again and again until the answer is ready, so that other requests get their turn between. */
void http_get_explain(struct http_request *request)
{
	const struct http_settings *settings = http_request_settings(request);
	struct explain *explain = http_request_state(request);

	if (!explain) {
		const char *name = http_request_tail(request);
		int err;

		explain = explain_new(settings->conf, settings->store, name, &err);
		if (!explain && err == ERR_FORMAT)
			http_reply_error(request, 400, "\"%s\" is no domain name", name);
		else if (!explain)
			http_reply_error(request, 500, "%s", err_text(err));
		if (!explain)
			return;
		http_request_set_state(request, explain, release);
	}
	if (explain_step(explain, EXPLAIN_STEP))
		http_reply_json(request, 200, add_skipped(explain_result(explain), settings->follow));
	else
		http_request_suspend(request, 0);
}
