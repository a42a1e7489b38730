#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/command/command.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static void
command_reads_its_front_matter(void **state)
{
	struct command c;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    command_parse("fix.md", "fix",
		view_of("---\ndescription: Fix it\naccess: write\n"
			"# a comment\nnetwork: off\nwall: 5m\n---\n\nDo.\n"),
		&c, &e),
	    0);
	assert_string_equal(c.name, "fix");
	assert_string_equal(c.description, "Fix it");
	assert_int_equal(c.access, COMMAND_WRITE);
	assert_true(c.offline);
	assert_int_equal(c.wall_ms, 300000);
	assert_string_equal(c.prompt, "Do.");
	command_release(&c);
}

static void
command_errors_name_the_line(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "hello", "x.md:1:" },
		{ "---\ndescription: a\n", "no closing line" },
		{ "---\ndescription: a\ntools: b\n---\nP", "x.md:3: unknown" },
		{ "---\naccess: root\n---\nP", "x.md:2: access is" },
		{ "---\naccess\n---\nP", "x.md:2: expected" },
		{ "---\nnetwork: web\n---\nP", "x.md:2: network is" },
		{ "---\nwall: soon\n---\nP", "x.md:2:" },
		{ "---\ndescription:\n---\nP", "x.md:2: the value" },
		{ "---\naccess: read\n---\nP", "no `description:`" },
		{ "---\ndescription: a\n---\n \n", "no prompt" },
		{ "---\ndescription: a\ndescription: b\n---\nP",
		    "x.md:3: the key is given twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct command c;
		struct err e = ERR_INIT;

		assert_int_equal(
		    command_parse("x.md", "x", view_of(rows[i].text), &c, &e),
		    -1);
		if (strstr(e.msg, rows[i].message) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
commands_of_the_repository_load(void **state)
{
	static const char *const dirs[] = { "prompts/commands", NULL };
	struct commands all;
	struct str help = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	if (commands_load(&all, dirs, &e) == -1)
		fail_msg("%s", e.msg);
	assert_non_null(commands_find(&all, "plan"));
	assert_int_equal(commands_find(&all, "plan")->access, COMMAND_READ);
	assert_int_equal(commands_find(&all, "fix")->access, COMMAND_WRITE);
	assert_null(commands_find(&all, "nothing"));
	commands_help(&all, &help);
	assert_non_null(strstr(str_cstr(&help), "`/fix"));
	str_release(&help);
	commands_release(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_reads_its_front_matter),
		cmocka_unit_test(command_errors_name_the_line),
		cmocka_unit_test(commands_of_the_repository_load),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
