/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/conf_helper.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/print.h"

struct conf_prefix test_interfaces[4] = {
	{{{127, 0, 0, 1}, 4}, 8},
	{{{192, 0, 2, 7}, 4}, 24},
	{{{0x20, 0x01, 0x0d, 0xb8, [15] = 7}, 16}, 64},
	{{{10, 1, 2, 3}, 4}, 16},
};
char test_resolv_conf[] = "/tmp/conf-unit-XXXXXX";
const struct conf_system test_machine = {test_resolv_conf, "/home/u", test_interfaces, 4};

struct loaded load_options(const char *text, const struct conf_options *options)
{
	struct loaded l = {{0}, NULL, 0};

	l.err = conf_load_text(text, strlen(text), "test.json", options, &l.report, &l.conf);
	assert_true(l.err ? !l.conf && l.report.errors : l.conf && !l.report.errors);
	return l;
}

struct loaded load(const char *text)
{
	struct conf_options options = {.without_files = true, .system = &test_machine};

	return load_options(text, &options);
}

void unload(struct loaded *l)
{
	conf_report_fini(&l->report);
	conf_free(l->conf);
}

bool says(const struct conf_report *report, enum conf_severity severity, const char *key, const char *text)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *m = &report->items[i];

		if (m->severity == severity && !strcmp(m->key, key) && strstr(m->text, text))
			return true;
	}
	return false;
}

void show(const char *text, const struct conf_report *report)
{
	print_message("# %s\n", text);
	for (size_t i = 0; i < report->count; i++)
		print_message("# %s: %s: %s\n", report->items[i].severity == CONF_ERROR ? "error" : "warning",
			report->items[i].key, report->items[i].text);
}

char *with_masters(const char *members)
{
	char *text;
	bool own = strcasestr(members, "\"masters\"") || strcasestr(members, "\"zk\"");

	assert_true(asprintf(&text, "{%s%s%s}", own ? "" : "\"masters\": [\"10.9.9.9\"]",
			    own || !*members ? "" : ", ", members) > 0);
	return text;
}

struct loaded good(const char *members)
{
	char *text = with_masters(members);
	struct loaded l = load(text);

	if (l.err)
		show(text, &l.report);
	assert_int_equal(l.err, 0);
	free(text);
	return l;
}

void quiet(const char *members)
{
	struct loaded l = good(members);

	if (l.report.count)
		show(members, &l.report);
	assert_int_equal(l.report.count, 0);
	unload(&l);
}

void warns(const char *members, const char *key, const char *text)
{
	struct loaded l = good(members);

	if (!says(&l.report, CONF_WARNING, key, text))
		show(members, &l.report);
	assert_true(says(&l.report, CONF_WARNING, key, text));
	unload(&l);
}

void bad(const char *members, const char *key, const char *text)
{
	char *document = with_masters(members);
	struct loaded l = load(document);

	if (!says(&l.report, CONF_ERROR, key, text) || l.report.errors != 1)
		show(document, &l.report);
	assert_int_equal(l.err, ERR_FORMAT);
	assert_true(says(&l.report, CONF_ERROR, key, text));
	assert_int_equal(l.report.errors, 1);
	unload(&l);
	free(document);
}

void shows(const char *members, const char *shown, const char *expected)
{
	struct loaded l = good(members);
	json_t *object = conf_print_json(l.conf);
	char *text = json_dumps(json_object_get(object, shown), JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(object);
	unload(&l);
}

void write_file(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

int make_resolv_conf(void **state)
{
	static const char text[] =
		"# nameserver 192.0.2.1\nsearch example\n nameserver\t192.0.2.53 \nnameserver 192.0.2.7\n"
		"nameserver 127.0.0.1\nnameserver 127.0.0.53\nnameserver\nnameserver bad\n"
		"nameserver fe80::1%eth0\nnameserver 2001:db8::53\nnameserver 192.0.2.53\n"
		"nameserver 0.0.0.0\noptions edns0";
	int fd = mkstemp(test_resolv_conf);

	if (fd < 0)
		return -1;
	close(fd);
	write_file(test_resolv_conf, text, sizeof(text) - 1);
	return 0;
}

int remove_resolv_conf(void **state)
{
	return unlink(test_resolv_conf);
}
