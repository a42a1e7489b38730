#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent/agent.h"
#include "agentd/command/command.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
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
		{ "---\ndescription: a\ntool: b\n---\nP", "x.md:3: unknown" },
		{ "---\n:b\n---\nP", "x.md:2: expected" },
		{ "---\ndescription: a\n\ntools: read, b\n---\nP",
		    "x.md:4: tools are" },
		{ "---\nturns: 0\n---\nP", "x.md:2:" },
		{ "---\nbudget: 1.x\n---\nP", "x.md:2: budget is" },
		{ "---\nbudget: -1\n---\nP", "x.md:2: budget is" },
		{ "---\nbudget: 0\n---\nP", "x.md:2: budget is" },
		{ "---\noutput: mail\n---\nP", "x.md:2: output is" },
		{ "---\ndescription: a\nschema: {\n  \"type\": 1}\n"
		  "access: read\n---\nP",
		    "x.md:3: schema: type is" },
		{ "---\nschema: {\"pattern\":\"x\"}\n---\nP",
		    "x.md:2: schema: the keyword `pattern`" },
		{ "---\ndescription: a\noutput: structured\n---\nP",
		    "x.md: schema: is what" },
		{ "---\ndescription: a\noutput: pr\n---\nP",
		    "x.md: output: pr is" },
		{ "---\ndescription: a\ntools: edit\n---\nP",
		    "x.md: tools: edit needs" },
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
command_reads_all_of_its_keys(void **state)
{
	struct command c, d;
	struct str again = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	if (command_parse("f.md", "f",
		view_of("---\ndescription: Fix it\naccess: scratch\n"
			"tools: read, shell , web\nturns: 40\nbudget: 2.5\n"
			"wall: 90s\nnetwork: off\noutput: structured\n"
			"schema: {\"type\":\n  \"object\"}\n---\nDo.\n"),
		&c, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(c.tools, AGENT_READS | AGENT_SHELL | AGENT_WEB);
	assert_int_equal(c.turns, 40);
	assert_int_equal(c.budget, 2500000);
	assert_int_equal(c.output, COMMAND_STRUCTURED);
	assert_string_equal(c.schema, "{\"type\": \"object\"}");
	/* What is printed means the same. */
	command_print(&c, &again);
	assert_int_equal(
	    command_parse("again", "f", str_view(&again), &d, &e), 0);
	assert_int_equal(d.tools, c.tools);
	assert_int_equal(d.wall_ms, 90000);
	assert_int_equal(d.turns, 40);
	assert_int_equal(d.budget, 2500000);
	assert_true(d.offline);
	assert_int_equal(d.access, COMMAND_SCRATCH);
	assert_string_equal(d.schema, c.schema);
	assert_string_equal(d.prompt, "Do.");
	str_release(&again);
	command_release(&c);
	command_release(&d);
}

static struct command
command_of(const char *text)
{
	struct command c;
	struct err e = ERR_INIT;

	if (command_parse("x.md", "x", view_of(text), &c, &e) == -1)
		fail_msg("%s", e.msg);
	return c;
}

/* Where a repository's file ends up beside the operator's; NULL: as it is. */
static void
command_of_a_repository_only_narrows(void **state)
{
	static const struct {
		const char *most, *repo, *message;
	} rows[] = {
		{ "access: read\n", "access: write\n", "its `access`" },
		{ "access: scratch\n", "access: write\n", "its `access`" },
		{ "access: read\n", "tools: web\n", "its `tools`" },
		{ "access: read\nwall: 5m\n", "wall: 6m\n", "its `wall`" },
		{ "turns: 5\n", "turns: 6\n", "its `turns`" },
		{ "budget: 1\n", "budget: 1.01\n", "its `budget`" },
		{ "access: scratch\ntools: edit\n", "access: read\n",
		    "no tool" },
		{ "access: write\n", "access: read\n", NULL },
		{ "access: write\n", "", NULL },
		{ "tools: read, web\n", "tools: web\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_FREE char *a = xasprintf(
		    "---\ndescription: a\n%s---\nP", rows[i].most);
		AUTO_FREE char *b = xasprintf(
		    "---\ndescription: b\n%s---\nP", rows[i].repo);
		struct command most = command_of(a), c = command_of(b);
		struct err e = ERR_INIT;
		const int rc = command_narrow("r.md", &most, &c, &e);

		assert_int_equal(rc, rows[i].message == NULL ? 0 : -1);
		if (rows[i].message != NULL &&
		    strstr(e.msg, rows[i].message) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
		command_release(&most);
		command_release(&c);
	}
}

static void
command_of_a_repository_takes_the_operators_limits(void **state)
{
	struct command most = command_of(
	    "---\ndescription: a\naccess: write\nwall: 5m\nturns: 9\n"
	    "network: off\n---\nP");
	struct command c = command_of("---\ndescription: b\n---\nQ");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(command_narrow("r.md", &most, &c, &e), 0);
	assert_int_equal(c.access, COMMAND_WRITE);
	assert_int_equal(c.output, COMMAND_PULL);
	assert_int_equal(c.wall_ms, 300000);
	assert_int_equal(c.turns, 9);
	assert_true(c.offline);
	assert_string_equal(c.prompt, "Q");
	command_release(&most);
	command_release(&c);
}

static void
no_file_takes_a_word_of_cofferdam(void **state)
{
	struct command c;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(command_parse("merge.md", "merge",
			     view_of("---\ndescription: a\n---\nP"), &c, &e),
	    -1);
	assert_non_null(strstr(e.msg, "/merge is Cofferdam's own word"));
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
	for (size_t i = 1; i < all.n; i++)
		assert_true(strcmp(all.v[i - 1].name, all.v[i].name) < 0);
	str_release(&help);
	commands_release(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_reads_its_front_matter),
		cmocka_unit_test(command_errors_name_the_line),
		cmocka_unit_test(command_reads_all_of_its_keys),
		cmocka_unit_test(command_of_a_repository_only_narrows),
		cmocka_unit_test(
		    command_of_a_repository_takes_the_operators_limits),
		cmocka_unit_test(no_file_takes_a_word_of_cofferdam),
		cmocka_unit_test(commands_of_the_repository_load),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
