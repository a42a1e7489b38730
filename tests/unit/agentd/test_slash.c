#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/slash.h"

static void
slash_table(void **state)
{
	static const struct {
		const char *body;
		const char *name; /* NULL: no command */
		const char *args;
	} rows[] = {
		{ "/plan", "plan", "" },
		{ "/fix the bug ", "fix", "the bug" },
		{ "\n \n/fix\nline two\n", "fix", "line two" },
		{ "/Fix it", "fix", "it" },
		{ "/test-pr \"x\"", "test-pr", "\"x\"" },
		{ "/plan\ttabbed", "plan", "tabbed" },
		{ "/fix\r\nmore", "fix", "more" },
		{ "please /fix this", NULL, NULL },
		{ "text\n/fix", NULL, NULL },
		{ "```\n/fix\n```", NULL, NULL },
		{ "> /fix", NULL, NULL },
		{ "    /fix", NULL, NULL },
		{ "/", NULL, NULL },
		{ "/ fix", NULL, NULL },
		{ "//fix", NULL, NULL },
		{ "/fix/it", NULL, NULL },
		{ "/-x", NULL, NULL },
		{ "/etc/passwd is broken", NULL, NULL },
		{ "/aaaaaaaaaabbbbbbbbbbccccccccccddddd", NULL, NULL },
		{ "", NULL, NULL },
		{ "\n\n", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slash s;
		bool found = slash_parse(view_of(rows[i].body), &s);

		if (found != (rows[i].name != NULL))
			fail_msg("row %zu: %s", i, rows[i].body);
		if (!found)
			continue;
		assert_string_equal(s.name, rows[i].name);
		assert_true(view_is(s.args, rows[i].args));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slash_table),
	};

	return cmocka_run_group_tests_name("slash", tests, NULL, NULL);
}
