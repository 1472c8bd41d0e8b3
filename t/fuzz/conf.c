/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of the configuration: any text is refused with a reason or gives a configuration that can be shown.
 * What is said of it can be shown on a terminal. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dname.h"
#include "base/err.h"
#include "conf/load.h"
#include "conf/print.h"

static void must(bool condition, const char *what, const char *detail)
{
	if (condition)
		return;
	fprintf(stderr, "broken rule: %s: %s\n", what, detail);
	abort();
}

/* UTF-8 without control characters, those above U+007F included. */
static void check_text(const char *text)
{
	char quoted[1200], *end;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		must(*c >= 0x20 && *c != 0x7f && !(*c == 0xc2 && c[1] < 0xa0), "a control character", text);
	size_t len = strlen(text);
	if (len > sizeof(quoted) - 3)
		return;
	snprintf(quoted, sizeof(quoted), "\"%s", text);
	for (end = quoted + 1; *end; end++)
		if (*end == '"' || *end == '\\')
			*end = '?';
	strcpy(end, "\"");
	json_t *json = json_loads(quoted, JSON_DECODE_ANY, NULL);
	must(json != NULL, "not UTF-8", text);
	json_decref(json);
}

static void check_report(const struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		check_text(report->items[i].key);
		check_text(report->items[i].text);
		must(report->items[i].text[0], "a message without words", report->items[i].key);
	}
}

/* What the other parts rely on. */
static void check_conf(const struct conf *conf)
{
	uint8_t name[DNAME_MAX];

	must(dname_from_text(name, conf->domain, strlen(conf->domain)) > 1, "a domain that is none",
		conf->domain);
	must(dname_from_text(name, conf->soa_mname, strlen(conf->soa_mname)), "a name that is none",
		conf->soa_mname);
	must(dname_from_text(name, conf->soa_rname, strlen(conf->soa_rname)), "a name that is none",
		conf->soa_rname);
	must(conf->ip_source_count && conf->ip_source_count <= CONF_IP_SOURCES_MAX, "no IP sources", "");
	must(conf->masters.count || *conf->zk, "neither masters nor zk", "");
	for (size_t i = 0; i < conf->masters.count; i++)
		must(*conf->masters.items[i].host && conf->masters.items[i].port,
			"a master without host or port", "");
	for (size_t i = 0; i < conf->zone_count; i++)
		must(dname_from_text(name, conf->zones[i].name, strlen(conf->zones[i].name)),
			"a zone that is none", conf->zones[i].name);
	for (size_t i = 0; i < conf->resolvers.count; i++)
		must(conf->resolvers.items[i].addr.len && conf->resolvers.items[i].port,
			"a resolver that is none", "");
	for (size_t i = 0; i < conf->recursion_allow_count; i++)
		must(conf->recursion_allow[i].bits <= conf->recursion_allow[i].addr.len * 8,
			"a prefix that is none", "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_prefix interfaces[] = {{{{127, 0, 0, 1}, 4}, 8}, {{{192, 0, 2, 7}, 4}, 24}};
	static const struct conf_system machine = {"/dev/null", "/home/u", interfaces, 2};
	static const struct conf_options options = {.without_files = true, .system = &machine};
	struct conf_report report = {0};
	struct conf *conf;
	int err = conf_load_text((const char *)data, size, "fuzz.json", &options, &report, &conf);

	must(!err == !!conf && !err == !report.errors && (!err || err == ERR_FORMAT),
		"an error without words, or words "
		"without one",
		err_text(err));
	check_report(&report);
	conf_report_fini(&report);
	if (err)
		return 0;
	check_conf(conf);
	json_t *json = conf_print_json(conf);
	char *text = json_dumps(json, JSON_COMPACT);
	must(text != NULL, "a configuration that cannot be shown", "");
	free(text);
	json_decref(json);
	conf_free(conf);
	return 0;
}
