/* SPDX-License-Identifier: Apache-2.0 */
#include "http/about.h"

#include "conf/print.h"

void http_get_version(struct http_request *request)
{
	http_reply_json(request, 200,
		json_pack("{s:s, s:s, s:s}", "Service", "mesos-named", "URL", PACKAGE_URL, "Version", PACKAGE_VERSION));
}

void http_get_config(struct http_request *request)
{
	const struct http_settings *settings = http_request_settings(request);
	const struct zone_snapshot *snapshot = zone_store_pin(settings->store);
	json_t *config = conf_print_json(settings->conf);

	if (config && json_object_set_new(config, "SOASerial", json_integer(snapshot->serial))) {
		json_decref(config);
		config = NULL;
	}
	zone_store_unpin(settings->store, snapshot);
	http_reply_json(request, 200, config);
}
