/* SPDX-License-Identifier: Apache-2.0 */
/* zone/label: names to labels and fragments under both rules, every byte, and the hash of task ids. */
#include "t/unit/unit.h"

#include <stdio.h>

#include "zone/label.h"

struct vector {
	const char *text, *label;
};

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A63 A60 "aaa"

static void check(const struct vector *vectors, size_t count, bool rfc952)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(vectors[i].text);
		char out[DLABEL_MAX + 1], *copy = malloc(len ? len : 1); /* without a NUL, for the sanitizer */

		memcpy(copy, vectors[i].text, len);
		out[label_make(out, copy, len, rfc952)] = '\0';
		assert_int_equal(label_changes(copy, len, rfc952) == 0, !strcmp(out, vectors[i].text));
		free(copy);
		assert_string_equal(out, vectors[i].label);
	}
}

#define CHECK(vectors, rfc952) check(vectors, sizeof(vectors) / sizeof(vectors[0]), rfc952)

static void labels_under_both_rules(void **state)
{
	static const struct vector vectors[] = {
		{"", ""},
		{"a", "a"},
		{"-", ""},
		{"._-", ""},
		{"a---", "a"},
		{"---a---", "a"},
		{"---a---b", "a---b"},
		{"_a_", "a"},
		{"a.b.c.d.e", "a-b-c-d-e"},
		{"a.c.d_de.", "a-c-d-de"},
		{"MiXed Case", "mixedcase"},
		{"!!!", ""},
		{"/group/app", "groupapp"},
		{"plain_Task with.odd name", "plain-taskwith-oddname"},
		{"abc (1):2", "abc12"},
		{"caf\xc3\xa9", "caf"},
		{"ab\xff\x80" "cd", "abcd"},
	};

	CHECK(vectors, false);
	CHECK(vectors, true);
}

static void changes_are_told(void **state)
{
	static const struct {
		const char *text;
		unsigned changes;
	} cases[] = {
		{"nginx-1", 0},
		{"Nginx", LABEL_LOWERED},
		{"my_app.blue", LABEL_REPLACED},
		{"/group/app", LABEL_DROPPED},
		{"a b_C", LABEL_DROPPED | LABEL_REPLACED | LABEL_LOWERED},
		{"-a", LABEL_TRIMMED},
		{"a-", LABEL_TRIMMED},
		{"a_", LABEL_REPLACED | LABEL_TRIMMED},
		{"caf\xc3\xa9-", LABEL_DROPPED | LABEL_TRIMMED},
		{A63 "a", LABEL_CUT},
		{A63 "-", LABEL_TRIMMED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(label_changes(cases[i].text, strlen(cases[i].text), false), cases[i].changes);
	assert_int_equal(label_changes("7up", 3, true), LABEL_TRIMMED);
	assert_int_equal(label_changes("7up", 3, false), 0);
	assert_int_equal(label_changes(A60, 60, true), LABEL_CUT);
}

static void labels_under_rfc1123(void **state)
{
	static const struct vector vectors[] = {
		{"4abc123", "4abc123"},
		{"-4abc123-", "4abc123"},
		{"0", "0"},
		{A63, A63},
		{A63 "b", A63},
		{"--" A63 "b", A63},
		{"!" A63 "!b", A63},
		/* the cut's right end lost one byte: the remainder, its own left end trimmed, fills it up */
		{A60 "aa-", A60 "aa"},
		{A60 "aa-b", A60 "aab"},
		{A60 "aa-bcd", A60 "aab"},
		{A60 "aa----bcd", A60 "aab"},
		{A60 "---bcdef", A60 "bcd"},
		{A60 "---b", A60 "b"},
		{A60 "---", A60},
		{A60 "-----------", A60},
		/* the cut's right end is no `-`: nothing is filled up */
		{A60 "-aab-c", A60 "-aa"},
		{A60 "-a-b-c", A60 "-ab"},
		/* what fills up is trimmed at the left alone */
		{A60 "---b-cd", A60 "b-c"},
		{A60 "--.b_-d", A60 "b--"},
		{"a--------------------------------------------------------------f", "af"},
		{"a-------------------------------------------------------------f",
			"a-------------------------------------------------------------f"},
	};

	CHECK(vectors, false);
}

static void labels_under_rfc952(void **state)
{
	static const struct vector vectors[] = {
		{"4abc123", "abc123"},
		{"-4abc123", "abc123"},
		{"0-1.2_3a9", "a9"},
		{"0123456789", ""},
		{"12-34", ""},
		{"a1", "a1"},
		{"aaaaaaaaaabbbbbbbbbbcccc", "aaaaaaaaaabbbbbbbbbbcccc"},
		{"aaaaaaaaaabbbbbbbbbbccccd", "aaaaaaaaaabbbbbbbbbbcccc"},
		{"7aaaaaaaaaabbbbbbbbbbccccd", "aaaaaaaaaabbbbbbbbbbcccc"},
		{"aaaaaaaaaabbbbbbbbbbccc-d", "aaaaaaaaaabbbbbbbbbbcccd"},
		/* digits of the remainder stay: it is trimmed of `-` alone */
		{"aaaaaaaaaabbbbbbbbbbccc--123", "aaaaaaaaaabbbbbbbbbbccc1"},
		{"aaaaaaaaaabbbbbbbbbbcc---12", "aaaaaaaaaabbbbbbbbbbcc12"},
		{"aaaaaaaaaabbbbbbbbbbcc----1-2", "aaaaaaaaaabbbbbbbbbbcc1-"},
		{"aaaaaaaaaabbbbbbbbbbcc------", "aaaaaaaaaabbbbbbbbbbcc"},
	};

	CHECK(vectors, true);
}

static char expected_byte(int c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '.' || c == '_' ? '-' : strchr("abcdefghijklmnopqrstuvwxyz0123456789-", c) ? (char)c : 0;
}

static void every_byte(void **state)
{
	for (int c = 0; c < 256; c++) {
		char text[3] = {'x', (char)c, 'y'}, out[DLABEL_MAX], want[3] = {'x'};
		char kept = c ? expected_byte(c) : 0;
		size_t n = 1;

		if (kept)
			want[n++] = kept;
		want[n++] = 'y';
		assert_int_equal(label_make(out, text, 3, false), n);
		assert_memory_equal(out, want, n);
		assert_int_equal(label_is_ldh(text, 3), kept && kept == (char)c);
	}
}

static void the_longest_names(void **state)
{
	static char text[100000], out[DLABEL_MAX];
	static const char fill[] = "a-!";

	for (const char *c = fill; *c; c++) {
		memset(text, *c, sizeof(text));
		assert_int_equal(label_make(out, text, sizeof(text), false), *c == 'a' ? DLABEL_MAX : 0);
		assert_int_equal(label_make(out, text, sizeof(text), true), *c == 'a' ? 24 : 0);
	}
}

static const char *fragment(const char *text, size_t room, bool rfc952)
{
	static char shown[DNAME_TEXT_MAX];
	uint8_t wire[DNAME_MAX + 1];
	size_t n = label_make_fragment(wire, room, text, strlen(text), rfc952);

	if (n > room)
		return "too long";
	wire[n] = 0;
	if (n)
		dname_to_text(shown, wire);
	else
		shown[0] = '\0';
	return shown;
}

static void fragments(void **state)
{
	static const struct vector vectors[] = {
		{"", ""},
		{".", ""},
		{"...", ""},
		{"!!!", ""},
		{"!.-.(", ""},
		{"a", "a."},
		{".abc", "abc."},
		{"abc.", "abc."},
		{"a..c", "a.c."},
		{"a. .c", "a.c."},
		{"marathon.prod", "marathon.prod."},
		{"Marathon_A. prod-.EU", "marathon-a.prod.eu."},
		{"space space.com", "spacespace.com."},
		{"(@ host . com", "host.com."},
		{"x." A63 "b", "x." A63 "."},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		assert_string_equal(fragment(vectors[i].text, DNAME_MAX, false), vectors[i].label);
	assert_string_equal(fragment("pod_123$abc.marathon-0.6.0-dev.mesos", DNAME_MAX, false),
		"pod-123abc.marathon-0.6.0-dev.mesos.");
	assert_string_equal(fragment("pod_123$abc.marathon-0.6.0-dev.mesos", DNAME_MAX, true),
		"pod-123abc.marathon-0.dev.mesos.");
}

static void fragments_have_a_bound(void **state)
{
	assert_string_equal(fragment("a.bc", 5, false), "a.bc.");
	assert_string_equal(fragment("a.bc", 4, false), "too long");
	assert_string_equal(fragment(A63 "." A63 "." A63 "." A63, DNAME_MAX, false), "too long");
	assert_string_equal(fragment("a", 0, false), "too long");
}

static void host_names(void **state)
{
	static const char *const good[] = {"a", "0", "a-b", "a--b", "1a", A63};
	static const char *const bad[] = {"", "-", "-a", "a-", "a_b", "A", "a b", "a.b", A63 "a", "\xc3\xa9"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(label_is_ldh(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(label_is_ldh(bad[i], strlen(bad[i])));
}

/* Task ids of the recorded cluster, with the hashes that Mesos-DNS put into their names; then the ends of the scale,
 * worked out with another implementation of SHA-1. */
static void hashes_of_task_ids(void **state)
{
	static const struct vector vectors[] = {
		{"web.ok.0001", "rqkg8"},
		{"web.bad.0002", "a75ze"},
		{"flap.0003", "kmyah"},
		{"plain.0004", "3g79b"},
		{"short.0005", "dufcn"},
		{"httpd.1", "ac4fm"},
		{"group_app.instance-1", "sbfnz"},
		{"group_app.instance-2", "zy4iy"},
		{"app.instance-1", "hwanw"},
		{"cron.1", "e6qaa"},
		{"", "5eh48"},
		{"a", "o556e"},
	};
	struct label_hasher *hasher = label_hasher_new();
	char out[LABEL_HASH], x[1024];

	assert_non_null(hasher);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		label_hash(hasher, out, vectors[i].text, strlen(vectors[i].text));
		assert_memory_equal(out, vectors[i].label, LABEL_HASH);
	}
	memset(x, 'x', sizeof(x));
	label_hash(hasher, out, x, sizeof(x));
	assert_memory_equal(out, "4sthu", LABEL_HASH);
	label_hasher_free(hasher);
	label_hasher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_under_both_rules),
		cmocka_unit_test(changes_are_told),
		cmocka_unit_test(labels_under_rfc1123),
		cmocka_unit_test(labels_under_rfc952),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(the_longest_names),
		cmocka_unit_test(fragments),
		cmocka_unit_test(fragments_have_a_bound),
		cmocka_unit_test(host_names),
		cmocka_unit_test(hashes_of_task_ids),
	};

	return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
