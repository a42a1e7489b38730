/* The words of a merge's commit: who may write which trailer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/merge_text.h"

static void
who_merges_may_write_trailers_but_the_servers(void **state)
{
	static const char *const ok[] = { "", "one\n\ttwo\r\nthree",
		"Why.\n\nReviewed-by: eve <eve@example.org>\nFixes: #2",
		"Gate-Override", "a Gate-Override: of last week",
		"Gate-Overrides: none", "\xc3\x85sa \xe2\x80\x94 \xc2\xa0" };
	static const char *const bad[] = { "Gate-Override: x (admin)",
		"text\n\ngate-override: x", "text\n  GATE-OVERRIDE \t: x",
		"text\r\n\tGate-Override:", "Gate-Override:\n", "a\x1b[31mb",
		"a\rb", "a\r\rb\r", "a\x7f",
		"a\xc2\x9b"
		"31m",
		"\x01" };

	(void)state;
	for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(merge_text_check("body", ok[i], &e), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(merge_text_check("body", bad[i], &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
		assert_memory_equal(e.msg, "body: ", 6);
	}
}

static void
what_others_wrote_is_quoted_where_it_reads_as_a_trailer(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "Text\n\nFixes: #2\nNote: that",
		    "Text\n\nFixes: #2\nNote: that" },
		{ "Text\n\nSigned-off-by: Admin <a@b>\nCo-authored-by : Eve\n",
		    "Text\n\n> Signed-off-by: Admin <a@b>\n> Co-authored-by : "
		    "Eve" },
		{ "gate-override: fine (admin)",
		    "> gate-override: fine (admin)" },
		{ " \tGate-Override\t: fine", ">  \tGate-Override\t: fine" },
		{ "a\rGate-Override: fine\x1b[2K\x7f",
		    "a\n> Gate-Override: fine[2K" },
		{ "a\r\nAcked-By: b\r\n", "a\n> Acked-By: b" },
		{ "\x1bSigned-off-by: a", "> Signed-off-by: a" },
		{ "\xc2\x85Signed-off-by: a", "> Signed-off-by: a" },
		{ "stand-by and wait: no", "stand-by and wait: no" },
		{ "-by: a", "-by: a" },
		{ "> Signed-off-by: a", "> Signed-off-by: a" },
		{ "\xc3\x85-by: a\ttab", "\xc3\x85-by: a\ttab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str out = STR_INIT;

		merge_text_quote(&out, rows[i].in);
		assert_string_equal(str_cstr(&out), rows[i].out);
		str_release(&out);
	}
}

static void
lines_of_a_given_text_end_in_lf(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	merge_text_add(&out, "a\r\nb\n\r\n");
	assert_string_equal(str_cstr(&out), "a\nb\n\n");
	str_release(&out);
}

static void
a_name_is_a_line(void **state)
{
	char
	    line[] = "\x1b[31mEve\rGate-Override: x\xc2\x9b \xc3\x85 <e@x>\x7f";

	(void)state;
	merge_text_clean_line(line);
	assert_string_equal(line, "[31mEveGate-Override: x \xc3\x85 <e@x>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_merges_may_write_trailers_but_the_servers),
		cmocka_unit_test(
		    what_others_wrote_is_quoted_where_it_reads_as_a_trailer),
		cmocka_unit_test(a_name_is_a_line),
		cmocka_unit_test(lines_of_a_given_text_end_in_lf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
