/* SPDX-License-Identifier: Apache-2.0 */
/* mesos/masterinfo: names and bytes of nodes of all ages. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "mesos/masterinfo.h"

static void names(void **state)
{
	static const struct {
		const char *name;
		enum masterinfo_form form;
		int32_t sequence;
	} list[] = {
		{"json.info_0000000010", MASTERINFO_JSON, 10},
		{"info_0000000008", MASTERINFO_PROTOBUF, 8},
		{"json.info_2147483647", MASTERINFO_JSON, INT32_MAX},
		{"json.info_-2147483648", MASTERINFO_JSON, INT32_MIN},
		{"json.info_-000000001", MASTERINFO_JSON, -1},
	};
	static const char *const others[] = {"log_replicas", "", "json.info", "json.info_", "info_", "json.info_10",
		"json.info_0000000010x", "json.info_x0000000010", "json.info_ 0000000010", "json.info_+000000010",
		"json.info_2147483648", "json.info_99999999999999999999999", "xjson.info_0000000010",
		"JSON.info_0000000010", "info_0000000001 ", "json.info_--00000001", "json.info_-"};
	int32_t sequence;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		assert_int_equal(masterinfo_parse_name(list[i].name, &sequence), list[i].form);
		assert_int_equal(sequence, list[i].sequence);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(masterinfo_parse_name(others[i], &sequence), MASTERINFO_NONE);
}

/* "HOST ADDRESS PORT", with "-" for what is not there, or "malformed". */
static const char *parse(enum masterinfo_form form, const void *data, size_t len)
{
	static char text[400];
	char address[ADDR_TEXT_MAX] = "-";
	struct mesos_master master;
	/* exactly as long as it is, so that a sanitizer sees what reads past the end */
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	int err = masterinfo_parse(form, copy, len, &master);
	free(copy);
	if (err) {
		assert_true(err == ERR_FORMAT || err == ERR_LIMIT);
		return err == ERR_LIMIT ? "too large" : "malformed";
	}
	if (master.addr.len)
		addr_format(&master.addr, address);
	snprintf(text, sizeof(text), "%s %s %u", master.host, address, master.port);
	return text;
}

static const char *json(const char *text)
{
	return parse(MASTERINFO_JSON, text, strlen(text));
}

#define ADDRESS(ip, hostname, port) "\"address\":{\"hostname\":\"" hostname "\",\"ip\":\"" ip "\",\"port\":" port "}"
#define PID(pid)                    "\"pid\":\"" pid "\""

static void json_of_all_ages(void **state)
{
	static const struct {
		const char *text, *expected;
	} list[] = {
		/* Mesos 1.12 */
		{"{" ADDRESS("127.0.0.1", "127.0.0.1", "5050") ",\"capabilities\":[{\"type\":\"AGENT_UPDATE\"}],"
							       "\"hostname\":\"127.0.0.1\",\"id\":\"i\",\"ip\":"
							       "16777343,\"pid\":\"master@127.0.0.1:5050\","
							       "\"port\":5050,\"version\":\"1.12.0\"}",
			"127.0.0.1 127.0.0.1 5050"},
		{"{" ADDRESS("10.0.0.7", "m1.example.com", "5050") "}", "m1.example.com 10.0.0.7 5050"},
		{"{" ADDRESS("fd00::7", "m1.example.com", "5050") "}", "m1.example.com fd00::7 5050"},
		{"{" ADDRESS("::ffff:10.0.0.7", "", "5050") "}", "10.0.0.7 10.0.0.7 5050"},
		/* the address counts, whatever the rest says */
		{"{" ADDRESS("10.0.0.7", "10.0.0.7", "5051") ",\"ip\":16777343,\"port\":5050," PID(
			 "master@10.9.9.9:1") "}",
			"10.0.0.7 10.0.0.7 5051"},
		{"{" ADDRESS("10.0.0.7", "10.0.0.7", "0") ",\"port\":5050}", "10.0.0.7 10.0.0.7 5050"},
		/* without it the pid */
		{"{\"hostname\":\"m2\",\"ip\":16777343,\"port\":5050," PID("master@10.0.0.8:5052") "}",
			"m2 10.0.0.8 5052"},
		{"{" PID("master@[fd00::8]:5052") "}", "fd00::8 fd00::8 5052"},
		{"{" ADDRESS("not.an.ip.1", "m3", "5050") "," PID("master@10.0.0.8:5052") "}", "m3 10.0.0.8 5052"},
		{"{" ADDRESS("0.0.0.0", "m3", "5050") "," PID("master@10.0.0.8:5052") "}", "m3 10.0.0.8 5052"},
		/* without that the number, its lowest byte first */
		{"{\"hostname\":\"10.1.1.1\",\"ip\":1684252864,\"port\":5050}", "192.168.99.100 192.168.99.100 5050"},
		{"{\"ip\":3355709612,\"port\":5050," PID("nonsense") "}", "172.16.4.200 172.16.4.200 5050"},
		/* and then the name alone */
		{"{\"hostname\":\"m4.example.\",\"port\":5050}", "m4.example. - 5050"},
		{"{" ADDRESS("", "m5", "5050") "}", "m5 - 5050"},
		{"{\"hostname\":\"10.0.0.9\",\"port\":5050}", "10.0.0.9 10.0.0.9 5050"},
	};
	static const char *const malformed[] = {"", "{}", "[]", "null", "5050", "{\"address\":[]}", "{\"address\":{}}",
		"{" ADDRESS("10.0.0.7", "", "5050"), "{" ADDRESS("10.0.0.7", "", "0") "}",
		"{" ADDRESS("10.0.0.7", "", "65536") "}", "{" ADDRESS("10.0.0.7", "", "-1") "}",
		"{" ADDRESS("10.0.0.7", "", "\"5050\"") "}", "{" ADDRESS("10.0.0.7", "", "5050.0") "}",
		"{\"address\":{\"ip\":167772167,\"port\":5050}}", "{\"hostname\":\"a b\",\"port\":5050}",
		"{\"hostname\":\"m/state?\",\"port\":5050}", "{\"hostname\":\"a@b\",\"port\":5050}",
		"{\"hostname\":\"1.2.3\",\"port\":5050}", "{\"ip\":4294967296,\"port\":5050}",
		"{\"ip\":0,\"port\":5050}", "{\"ip\":-1,\"port\":5050}", "{" PID("master@10.0.0.8") "}",
		"{" PID("10.0.0.8:5050") "}", "{" PID("master@10.0.0.8:99999") "}", "{" PID("master@") "}", "\xff\xfe",
		"{\"pid\":\"\xff\"}"};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		assert_string_equal(json(list[i].text), list[i].expected);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_string_equal(json(malformed[i]), "malformed");
}

/* Nodes of others, where they are at hand. */
static void captures(void **state)
{
	static const struct {
		const char *file;
		enum masterinfo_form form;
		const char *expected;
	} list[] = {
		{"zk/info_0000000008.mesos-0.19.0.pb", MASTERINFO_PROTOBUF, "mesos.vm 10.141.141.10 5050"},
		{"zk/json.info.mesos-0.25.0.json", MASTERINFO_JSON, "192.168.99.100 192.168.99.100 5050"},
		{"zk/json.info.mesos-1.9.1-domain-capabilities.pretty.json", MASTERINFO_JSON,
			"172.16.4.200 172.16.4.200 5050"},
		{"real/zk/json.info_0000000010", MASTERINFO_JSON, "127.0.0.1 127.0.0.1 5050"},
		{"real/zk/json.info_0000000011", MASTERINFO_JSON, "127.0.0.1 127.0.0.1 5060"},
	};
	const char *srcdir = getenv("MN_SRCDIR");
	char path[4096], data[4096];
	int missing = 0;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		snprintf(path, sizeof(path), "%s/../shared/captures/%s", srcdir ? srcdir : ".", list[i].file);
		FILE *f = fopen(path, "rb");
		if (!f) {
			missing++;
			continue;
		}
		size_t len = fread(data, 1, sizeof(data), f);
		fclose(f);
		assert_string_equal(parse(list[i].form, data, len), list[i].expected);
	}
	if (missing)
		skip();
}

static void limits(void **state)
{
	char *large = malloc(MASTERINFO_MAX + 1);

	assert_non_null(large);
	memset(large, ' ', MASTERINFO_MAX + 1);
	memcpy(large, "{" PID("master@10.0.0.8:5050") "}", strlen("{" PID("master@10.0.0.8:5050") "}"));
	assert_string_equal(parse(MASTERINFO_JSON, large, MASTERINFO_MAX), "10.0.0.8 10.0.0.8 5050");
	assert_string_equal(parse(MASTERINFO_JSON, large, MASTERINFO_MAX + 1), "too large");
	memset(large, '[', MASTERINFO_MAX);
	assert_string_equal(parse(MASTERINFO_JSON, large, MASTERINFO_MAX), "malformed");
	free(large);

	char text[400];
	snprintf(text, sizeof(text), "{\"hostname\":\"%0255d.a\",\"port\":5050}", 0);
	assert_string_equal(json(text), "malformed");
	snprintf(text, sizeof(text), "{\"hostname\":\"%0249d.a.b.c\",\"port\":5050}", 0);
	assert_int_equal(strlen(json(text)), 255 + strlen(" - 5050"));
	assert_string_equal(parse(MASTERINFO_NONE, "{}", 2), "malformed");
}

/* What a Mesos 0.19 had left: id, ip, port, pid, hostname. */
static const char old[] =
	"\n#20140623-174033-177048842-5050-6160\x10\x8a\x9a\xb6T\x18\xba'\"\x19master@10.141.141.10:5050"
	"*\x08mesos.vm";

static const char *protobuf(const char *data, size_t len)
{
	return parse(MASTERINFO_PROTOBUF, data, len);
}
#define PROTOBUF(literal) protobuf(literal, sizeof(literal) - 1)

static void protocol_buffers(void **state)
{
	assert_string_equal(PROTOBUF(old), "mesos.vm 10.141.141.10 5050");
	/* cut anywhere it is malformed, or has lost its last fields whole */
	for (size_t len = 0; len < sizeof(old) - 1; len++) {
		const char *text = protobuf(old, len);

		if (strcmp(text, "malformed") != 0)
			assert_string_equal(text, "10.141.141.10 10.141.141.10 5050");
	}
	/* without a pid */
	assert_string_equal(PROTOBUF("\x10\x8a\x9a\xb6T\x18\xba'"), "10.141.141.10 10.141.141.10 5050");
	/* an address counts, and of two what the last one says */
#define ADDRESS_M1                                                                                                     \
	"\x3a\x10\x0a\x02m1\x12\x08"                                                                                   \
	"10.0.0.7\x18\x05"
	assert_string_equal(PROTOBUF("\"\x11master@10.0.0.1:1" ADDRESS_M1), "m1 10.0.0.7 5");
	assert_string_equal(PROTOBUF(ADDRESS_M1 "\x18\x06"), "m1 10.0.0.7 5");
	assert_string_equal(PROTOBUF(ADDRESS_M1 "\x3a\x0a\x12\x08"
						"10.0.0.9"),
		"m1 10.0.0.9 5");
	assert_string_equal(PROTOBUF(ADDRESS_M1 "\x3a\x02\x12\x08"), "malformed");
	/* unknown fields of every kind are passed over */
	assert_string_equal(PROTOBUF("\xfa\x01\x03"
				     "abc\xf8\x01\x96\x01\xf9\x01"
				     "12345678\xfd\x01"
				     "1234\x10\x8a\x9a\xb6T"
				     "\x18\xba'"),
		"10.141.141.10 10.141.141.10 5050");
	assert_string_equal(PROTOBUF("\x0b\x0c"), "malformed");                                         /* a group */
	assert_string_equal(PROTOBUF("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "malformed"); /* 77 bits */
	assert_string_equal(PROTOBUF("\"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
				     "x"),
		"malformed");
	assert_string_equal(PROTOBUF("*\x04"
				     "a\0bc\x18\xba'"),
		"malformed");
	assert_string_equal(PROTOBUF(""), "malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(json_of_all_ages),
		cmocka_unit_test(captures),
		cmocka_unit_test(limits),
		cmocka_unit_test(protocol_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
