#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "findings/reach.h"

static const struct {
	const char *path, *target;
} reach_links[] = {
	{ ".claude", "docs/claude" }, { ".envrc", "scripts/./env" },
	{ "web/.vscode", "../share/notes" },
	{ "share", "common" },            /* a link on the way of another */
	{ "loop/.claude", ".claude" },    /* itself */
	{ "out/.claude", "../../x" },     /* out of the tree */
	{ "abs/.claude", "/docs/other" }, /* not in the tree */
	{ "plain", "docs/plain" }         /* nothing obeys it */
};

static const char *
reach_ask(const char *path, char *as)
{
	const struct scan_change c = { .old_mode = 0100644,
		.new_mode = 0100644,
		.status = 'M',
		.path = path };
	struct reach *r = reach_new();
	const char *id;

	for (size_t i = 0; i < sizeof(reach_links) / sizeof(reach_links[0]);
	     i++)
		assert_true(reach_add(
		    r, reach_links[i].path, view_of(reach_links[i].target)));
	reach_settle(r);
	id = reach_of(r, &c, as);
	reach_free(r);
	return id;
}

static void
files_behind_links_are_what_the_links_make_of_them(void **state)
{
	static const struct {
		const char *path, *id, *as;
	} rows[] = { { "docs/claude/settings.json", "agent-config",
			 ".claude/settings.json" },
		{ "docs/claude/a/b.md", "agent-config", ".claude/a/b.md" },
		{ "Docs/Claude/x", "agent-config", ".claude/x" },
		{ "scripts/env", "editor-config", ".envrc" },
		{ "common/notes/tasks.json", "editor-config",
		    "web/.vscode/tasks.json" } };
	char as[SCAN_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *id = reach_ask(rows[i].path, as);

		assert_non_null(id);
		assert_string_equal(id, rows[i].id);
		assert_string_equal(as, rows[i].as);
	}
}

static void
other_files_are_not(void **state)
{
	static const char *const paths[] = { "docs/claude.txt", "docs/plain/x",
		"x/y", "docs/other/settings.json", "scripts/environment",
		/* By its own name it is told already. */
		"docs/claude/.mcp.json" };
	char as[SCAN_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_null(reach_ask(paths[i], as));
}

static void
very_many_names_of_one_file_end(void **state)
{
	const struct scan_change c = {
		.new_mode = 0100644, .status = 'A', .path = "gh/README.md"
	};
	struct reach *r = reach_new();
	char as[SCAN_PATH_MAX + 1];

	(void)state;
	for (int i = 0; i < REACH_LINKS_MAX; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "d%05d/.github", i);
		assert_true(reach_add(r, path, VIEW_LIT("../gh")));
	}
	assert_false(reach_add(r, "more", VIEW_LIT("x")));
	reach_settle(r);
	/* None of the names that were tried is obeyed; the link is. */
	assert_non_null(reach_of(r, &c, as));
	reach_free(r);
}

static void
a_path_ends_where_the_links_lead(void **state)
{
	static const struct {
		const char *path, *end; /* NULL: not in the tree */
	} rows[] = {
		{ "hk/pre-commit", "lib/git/pre-commit" },
		{ "hk", "lib/git" },
		{ "lib/x", "lib/x" },
		{ "out/x", NULL },
		{ "loop/x", NULL },
	};
	struct reach *r = reach_new();
	char end[SCAN_PATH_MAX + 1];

	(void)state;
	assert_true(reach_add(r, "hk", VIEW_LIT("tools/git")));
	assert_true(reach_add(r, "tools", VIEW_LIT("lib")));
	assert_true(reach_add(r, "out", VIEW_LIT("../else")));
	assert_true(reach_add(r, "loop", VIEW_LIT("loop")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_in = reach_end(r, rows[i].path, end);

		assert_true(is_in == (rows[i].end != NULL));
		if (is_in)
			assert_string_equal(end, rows[i].end);
	}
	reach_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    files_behind_links_are_what_the_links_make_of_them),
		cmocka_unit_test(other_files_are_not),
		cmocka_unit_test(very_many_names_of_one_file_end),
		cmocka_unit_test(a_path_ends_where_the_links_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
