/* SPDX-License-Identifier: Apache-2.0 */
/* conf/: the document as a whole, the table of keys, and no value of any kind that it trips over. */
#include "t/unit/conf_helper.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/spelling.h"
#include "conf/table.h"

/* --- the document --- */

static void defaults_are_those_of_the_specification(void **state)
{
	struct loaded l = good("");
	const struct conf *c = l.conf;

	assert_string_equal(c->file, "test.json");
	assert_string_equal(c->zk, "");
	assert_int_equal(c->zk_detection_timeout, 30);
	assert_false(c->exit_on_zk_timeout);
	assert_int_equal(c->masters.count, 1);
	assert_false(c->mesos_https_on);
	assert_string_equal(c->ca_cert_file, "");
	assert_int_equal(c->mesos_authentication, CONF_AUTH_NONE);
	assert_string_equal(c->mesos_principal, "");
	assert_int_equal(c->refresh_seconds, 60);
	assert_int_equal(c->state_timeout_seconds, 300);
	assert_int_equal(c->ttl, 60);
	assert_string_equal(c->domain, "mesos");
	assert_int_equal(c->port, 53);
	assert_int_equal(c->listener_count, 1);
	assert_true(addr_is_any(&c->listeners[0]) && c->listeners[0].len == 4);
	assert_string_equal(c->http_listener, "0.0.0.0");
	assert_int_equal(c->http_port, 8123);
	assert_true(c->http_on && c->dns_on && c->external_on && c->recurse_on);
	assert_int_equal(c->timeout, 5);
	assert_string_equal(c->soa_mname, "ns1.mesos.");
	assert_string_equal(c->soa_rname, "root.ns1.mesos.");
	assert_int_equal(c->soa_refresh, 60);
	assert_int_equal(c->soa_retry, 600);
	assert_int_equal(c->soa_expire, 86400);
	assert_int_equal(c->soa_minttl, 60);
	assert_int_equal(c->srv_record_default_weight, 1);
	assert_int_equal(c->ip_source_count, 3);
	assert_int_equal(c->ip_sources[0], CONF_IP_NETINFO);
	assert_int_equal(c->ip_sources[1], CONF_IP_MESOS);
	assert_int_equal(c->ip_sources[2], CONF_IP_HOST);
	assert_true(!c->enforce_rfc952 && c->set_truncate_bit && c->enumeration_on && c->health_aware);
	assert_string_equal(c->user, "");
	assert_int_equal(c->workers, 0);
	assert_int_equal(c->edns_udp_size, 1232);
	assert_int_equal(c->zone_count, 0);
	assert_true(c->local_zones);
	assert_int_equal(c->state_source, CONF_SOURCE_AUTO);
	assert_int_equal(c->mass_removal_guard, 50);
	assert_int_equal(c->cache_size, 10000);
	assert_int_equal(c->stale_max, 3600);
	assert_string_equal(c->http_token, "");
	unload(&l);
	quiet("");
}

static void keys_match_without_case(void **state)
{
	struct loaded l =
		good("\"TTL\": 7, \"refreshseconds\": 8, \"SOAMNAME\": \"x\", \"ipsources\": [\"host\"], "
		     "\"mesosAuthentication\": \"basic\", \"MesosCredentials\": {\"Principal\": \"p\", "
		     "\"SECRET\": \"s\"}");

	assert_int_equal(l.report.count, 0);
	assert_int_equal(l.conf->ttl, 7);
	assert_int_equal(l.conf->refresh_seconds, 8);
	assert_string_equal(l.conf->soa_mname, "x.");
	assert_int_equal(l.conf->ip_sources[0], CONF_IP_HOST);
	assert_string_equal(l.conf->mesos_principal, "p");
	assert_string_equal(l.conf->mesos_secret, "s");
	unload(&l);
}

static void unknown_keys_name_the_nearest(void **state)
{
	warns("\"refreshSecond\": 5", "refreshSecond", "\"refreshSeconds\"");
	warns("\"lsitener\": 5", "lsitener", "\"listener\"");
	warns("\"SOAMinTTLs\": 5", "SOAMinTTLs", "\"SOAMinttl\"");
	warns("\"exhibitor\": {\"a\": [1]}", "exhibitor", "nearest known one is");
	warns("\"ns\": \"x\"", "ns", "obsolete, and without effect: the zone's name server is SOAMname");
	warns("\"Email\": \"x\"", "Email", "SOARname");
	warns("\"mesosAuthentication\": \"basic\", \"mesosCredentials\": {\"principal\": \"a\", \"secret\": "
	      "\"b\", "
	      "\"principle\": \"c\"}",
		"mesosCredentials.principle", "\"principal\"");
	/* What a terminal would obey is not repeated. */
	warns("\"\\u001b[2J\\n\": 1", "?[2J?", "unknown key");

	static const char *const names[] = {"port", "ttl", "domain"};
	assert_int_equal(conf_spelling_nearest("DOMAIN", names, 3), 2);
	assert_int_equal(conf_spelling_nearest("prot", names, 3), 0);
	assert_int_equal(conf_spelling_nearest("", names, 3), 1);
	char endless[5000];
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_true(conf_spelling_nearest(endless, names, 3) < 3);
}

static void document_must_be_one_object(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "line 1"},
		{"{", "line 1"},
		{"[]", "must be one JSON object"},
		{"5", "not JSON"},
		{"{} {}", "end of file expected"},
		{"{}x", "end of file expected"},
		{"{\n\"ttl\": 1,\n}", "line 3"},
		{"{\"ttl\": 1, \"ttl\": 2}", "duplicate object key near '\"ttl\"'"},
		{"{\"ttl\": 99999999999999999999999}", "too big"},
		{"{\"user\": \"\\u0000\"}", "not JSON"},
		{"{\"user\": \"\xff\"}", "not JSON"},
		{"# comment\n{}", "not JSON"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded l = load(cases[i].text);

		if (!says(&l.report, CONF_ERROR, "", cases[i].says))
			show(cases[i].text, &l.report);
		assert_int_equal(l.err, ERR_FORMAT);
		assert_true(says(&l.report, CONF_ERROR, "", cases[i].says));
		unload(&l);
	}
	bad("\"TTL\": 1, \"ttl\": 2", "ttl", "is there twice, as \"TTL\" and as \"ttl\"");
	bad("\"mesosCredentials\": {\"Secret\": \"s\", \"secret\": \"s\"}", "mesosCredentials.secret",
		"is there twice");
}

static void syntax_errors_do_not_repeat_secrets(void **state)
{
	struct loaded l = load("{\"mesosCredentials\": {\"secret\" \"hunter2\"}}");

	assert_int_equal(l.report.count, 1);
	assert_null(strstr(l.report.items[0].text, "hunter2"));
	unload(&l);
}

static void all_errors_are_reported(void **state)
{
	struct loaded l =
		load("{\"port\": 0, \"ttl\": \"x\", \"masters\": [\"a:0\", 5, \"ok\"], \"dnson\": 1, "
		     "\"zoneResolvers\": {\"mesos\": [\"192.0.2.1\"], \"x.example\": []}, \"nns\": 1}");

	assert_int_equal(l.err, ERR_FORMAT);
	assert_true(says(&l.report, CONF_ERROR, "port", "must be a whole number from 1 to 65535, not 0"));
	assert_true(says(&l.report, CONF_ERROR, "ttl", "not \"x\""));
	assert_true(says(&l.report, CONF_ERROR, "masters[0]", "from 1 to 65535"));
	assert_true(says(&l.report, CONF_ERROR, "masters[1]", "not 5"));
	assert_true(says(&l.report, CONF_ERROR, "dnson", "true or false"));
	assert_true(says(&l.report, CONF_ERROR, "zoneResolvers.mesos", "the cluster's domain"));
	assert_true(says(&l.report, CONF_ERROR, "zoneResolvers.x.example", "at least one"));
	assert_true(says(&l.report, CONF_WARNING, "nns", "nearest"));
	assert_int_equal(l.report.errors, 7);
	unload(&l);
}

static void report_is_bounded_and_printed_by_line(void **state)
{
	struct conf_report report = {0};
	char *text;
	size_t len, lines = 0;

	for (unsigned i = 0; i < CONF_REPORT_MAX + 7; i++)
		conf_report_add(&report, i % 2 ? CONF_ERROR : CONF_WARNING, i ? "key" : "", "line\n%u", i);
	assert_int_equal(report.count, CONF_REPORT_MAX);
	assert_int_equal(report.errors + report.warnings, CONF_REPORT_MAX + 7);
	FILE *f = open_memstream(&text, &len);
	conf_report_print(&report, "f.json", f);
	fclose(f);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, CONF_REPORT_MAX + 1);
	assert_int_equal(strncmp(text, "f.json: warning: line?0\nf.json: error: key: line?1\n", 50), 0);
	assert_non_null(strstr(text, "f.json: 7 more errors and warnings are not shown\n"));
	free(text);
	conf_report_fini(&report);
}

/* --- types, for every key in turn --- */

/* May an error be about `at` when the only odd value is that of `key`? */
static bool blames(const char *at, const char *key)
{
	/* What is missing is named, where something is missing. */
	return !strncmp(at, key, strlen(key)) || !strcmp(at, "masters") ||
	       (!strcmp(at, "keyFile") && !strcmp(key, "certFile")) ||
	       (!strcmp(at, "certFile") && !strcmp(key, "keyFile"));
}

static void values_of_wrong_types_are_errors_that_name_the_key(void **state)
{
	static const char *const values[] = {"null", "true", "false", "0", "-1", "7", "65536", "1e300", "1.5",
		"\"\"", "\"x y\"", "\"-\"", "[]", "[null]", "[[[]]]", "[{}]", "[\"a b\"]", "[0]", "{}",
		"{\"a\": 1}", "{\"file\": 1, \"name\": null}", "{\"principal\": []}", "{\"user\": {}}",
		"{\"..\": [\"192.0.2.1\"]}", "[{\"name\": \"x\", \"file\": {}}]", "9223372036854775807",
		"-9223372036854775808", "\"zk://\"", "\"zk://@/\"", "\"zk://a:b@,/x\"", "\"[\"", "[\"[]:1\"]",
		"[\"::1]\"]", "[\":\"]"};
	size_t count;
	const struct conf_key *keys = conf_keys(&count);

	for (size_t i = 0; i < count; i++) {
		size_t refused = 0;

		for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
			char *members, *text;

			assert_true(asprintf(&members, "\"%s\": %s", keys[i].name, values[v]) > 0);
			text = with_masters(members);
			struct loaded l = load(text);
			for (size_t m = 0; m < l.report.count; m++) {
				const struct conf_message *message = &l.report.items[m];
				bool good = message->severity == CONF_WARNING ||
					    blames(message->key, keys[i].name);

				if (!good)
					show(text, &l.report);
				assert_true(good);
			}
			refused += l.err != 0;
			if (!strcmp(values[v], "null"))
				assert_int_equal(l.err, ERR_FORMAT);
			unload(&l);
			free(text);
			free(members);
		}
		assert_true(refused >= 12);
	}
}

static void numbers_keep_their_ranges(void **state)
{
	size_t count;
	const struct conf_key *keys = conf_keys(&count);
	char members[100];

	for (size_t i = 0; i < count; i++) {
		if (keys[i].min == keys[i].max)
			continue;
		for (int side = 0; side < 2; side++) {
			long long edge = side ? keys[i].max : keys[i].min;
			char expected[32];

			snprintf(members, sizeof(members), "\"%s\": %lld", keys[i].name, edge);
			snprintf(expected, sizeof(expected), "%lld", edge);
			shows(members, keys[i].shown, expected);
			snprintf(members, sizeof(members), "\"%s\": %lld", keys[i].name,
				side ? edge + 1 : edge - 1);
			bad(members, keys[i].name, "must be a whole number from");
			snprintf(members, sizeof(members), "\"%s\": %lld.0", keys[i].name, edge);
			bad(members, keys[i].name, "must be a whole number from");
		}
	}
}

static void table_is_whole(void **state)
{
	size_t count;
	const struct conf_key *keys = conf_keys(&count);
	char rule[256];

	assert_int_equal(count, 50);
	for (size_t i = 0; i < count; i++) {
		assert_true(keys[i].name && keys[i].shown && keys[i].type && keys[i].preset && keys[i].help);
		assert_int_equal(strcasecmp(keys[i].name, keys[i].shown), 0);
		assert_true(
			!i || keys[i].group == keys[i - 1].group || keys[i].group == keys[i - 1].group + 1);
		assert_ptr_equal(conf_key_find(keys[i].shown), &keys[i]);
		keys[i].type->rule(&keys[i], rule, sizeof(rule));
		assert_true(*rule && strlen(rule) < sizeof(rule) - 1);
	}
	assert_null(conf_key_find("nothing"));
}

/* --- files --- */

static void named_files_and_user_must_be_there(void **state)
{
	struct conf_options options = {.system = &test_machine};
	struct loaded l = load_options(
		"{\"masters\": [\"a\"], \"mesosHTTPSOn\": true, \"caCertFile\": \"/nonexistent/ca\", "
		"\"certFile\": \"/nonexistent/c\", \"keyFile\": \"/\", \"user\": \"no such user\", "
		"\"zones\": [{\"name\": \"a\", \"file\": \"/nonexistent/z\"}]}",
		&options);

	assert_true(
		says(&l.report, CONF_ERROR, "caCertFile", "cannot read \"/nonexistent/ca\": No such file"));
	assert_true(says(&l.report, CONF_ERROR, "certFile", "cannot read"));
	assert_true(says(&l.report, CONF_ERROR, "keyFile", "not a regular file"));
	assert_true(says(&l.report, CONF_ERROR, "zones[0].file", "cannot read"));
	assert_true(says(&l.report, CONF_ERROR, "user", "there is no user"));
	assert_int_equal(l.report.errors, 5);
	unload(&l);
	l = load_options(
		"{\"masters\": [\"a\"], \"mesosHTTPSOn\": true, \"caCertFile\": \"/dev/null\"}", &options);
	assert_true(says(&l.report, CONF_ERROR, "caCertFile", "not a regular file"));
	unload(&l);
	l = load_options("{\"masters\": [\"a\"], \"mesosHTTPSOn\": true, \"caCertFile\": \"/etc/passwd\", "
			 "\"user\": \"root\"}",
		&options);
	assert_int_equal(l.err, 0);
	unload(&l);
}

static void configuration_file_is_read(void **state)
{
	char directory[] = "/tmp/conf-unit-XXXXXX", path[64];
	struct conf_report report = {0};
	struct conf *conf;

	assert_non_null(mkdtemp(directory));
	const struct conf_system home = {test_resolv_conf, directory, test_interfaces, 4};
	struct conf_options options = {.without_files = true, .system = &home};
	snprintf(path, sizeof(path), "%s/c.json", directory);

	assert_int_equal(conf_load(path, &options, &report, &conf), ERR_SYSTEM);
	assert_null(conf);
	assert_true(says(&report, CONF_ERROR, "", "cannot be read: No such file"));
	assert_int_equal(conf_load(directory, &options, &report, &conf), ERR_SYSTEM);
	assert_true(says(&report, CONF_ERROR, "", "Is a directory"));
	conf_report_fini(&report);

	write_file(path, "{\"masters\": [\"a\"]}\n", 19);
	assert_int_equal(conf_load("~/c.json", &options, &report, &conf), 0);
	assert_string_equal(conf->file, path);
	conf_free(conf);
	assert_int_equal(conf_load(path, NULL, &report, &conf), 0); /* on this very machine */
	conf_free(conf);
	conf_report_fini(&report);

	char *large = malloc(CONF_FILE_MAX + 1);
	assert_non_null(large);
	memset(large, ' ', CONF_FILE_MAX + 1);
	memcpy(large, "{\"masters\": [\"a\"]}", 18);
	write_file(path, large, CONF_FILE_MAX);
	assert_int_equal(conf_load(path, &options, &report, &conf), 0);
	conf_free(conf);
	write_file(path, large, CONF_FILE_MAX + 1);
	assert_int_equal(conf_load(path, &options, &report, &conf), ERR_LIMIT);
	assert_true(says(&report, CONF_ERROR, "", "is larger than"));
	conf_report_fini(&report);
	free(large);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_specification),
		cmocka_unit_test(keys_match_without_case),
		cmocka_unit_test(unknown_keys_name_the_nearest),
		cmocka_unit_test(document_must_be_one_object),
		cmocka_unit_test(syntax_errors_do_not_repeat_secrets),
		cmocka_unit_test(all_errors_are_reported),
		cmocka_unit_test(report_is_bounded_and_printed_by_line),
		cmocka_unit_test(values_of_wrong_types_are_errors_that_name_the_key),
		cmocka_unit_test(numbers_keep_their_ranges),
		cmocka_unit_test(table_is_whole),
		cmocka_unit_test(named_files_and_user_must_be_there),
		cmocka_unit_test(configuration_file_is_read),
	};

	return cmocka_run_group_tests_name("conf", tests, make_resolv_conf, remove_resolv_conf);
}
