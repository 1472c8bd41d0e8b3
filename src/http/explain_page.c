/* SPDX-License-Identifier: Apache-2.0 */
#include "http/explain_page.h"

#include "base/err.h"
#include "http/explain.h"

static void release(void *state)
{
	explain_free(state);
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
		http_reply_json(request, 200, explain_result(explain));
	else
		http_request_suspend(request, 0);
}
