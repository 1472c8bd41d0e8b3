/* SPDX-License-Identifier: Apache-2.0 */
/* base/printable: what stays of a text from outside. */
#include "t/unit/unit.h"

#include "base/printable.h"

static void check(const char *text, const char *wanted)
{
	char *copy = strdup(text); /* as long as it is: a sanitizer sees what reads past its end */

	printable_make(copy);
	assert_string_equal(copy, wanted);
	free(copy);
}

static void texts_stay(void **state)
{
	check("", "");
	check(" a~", " a~");
	check("\xc2\xa0 \xc3\xa9 \xdf\xbf", "\xc2\xa0 \xc3\xa9 \xdf\xbf");
	check("\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
		"\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
	check("\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
}

static void control_characters_go(void **state)
{
	check("a\nb\rc\td\x1b[2J\x7f", "a?b?c?d?[2J?");
	check("\xc2\x80\xc2\x9b\x31m\xc2\x9f", "????1m??");
}

static void what_is_no_utf8_goes(void **state)
{
	check("\x80\xbf\xc0\x80\xc1\xbf\xf5\x80\x80\x80\xff", "???????????");
	check("\xe0\x9f\xbf\xed\xa0\x80\xf0\x8f\xbf\xbf\xf4\x90\x80\x80", "??????????????");
	check("\xc3", "?");
	check("\xe2\x82", "??");
	check("\xf0\x9f\x98", "???");
	check("\xc3.\xe2\x82.\xf0\x9f.", "?.??.??.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_stay),
		cmocka_unit_test(control_characters_go),
		cmocka_unit_test(what_is_no_utf8_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
