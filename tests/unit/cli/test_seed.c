#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/seed.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

static void
only_listed_places_are_looked_at(void **state)
{
	static const struct {
		const char *path;
		bool listed;
	} rows[] = {
		{ ".claude/CLAUDE.md", true },
		{ ".claude/commands/a.md", true },
		{ ".claude/skills/x/SKILL.md", true },
		{ ".claude/.credentials.json", false },
		{ ".claude/projects/x.jsonl", false },
		{ ".claude/commands", false },
		{ ".claude.json", false },
		{ ".codex/auth.json", false },
		{ ".codex/prompts/p.md", true },
		{ ".config/opencode/opencode.json", true },
		{ ".local/share/opencode/auth.json", false },
		{ ".ssh/config", false },
		{ ".claude/skills/../.credentials.json", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (seed_is_listed(rows[i].path) != rows[i].listed)
			fail_msg("%s", rows[i].path);
}

static void
names_of_credentials_are_refused(void **state)
{
	static const char *const bad[] = { ".env", ".credentials.json",
		"credentials", "auth.json", "my-token.md", "API_KEY.txt",
		"id_rsa", "server.pem", "x.KEY", "secrets.md", ".hidden",
		"oauth_creds.json", "cookies.txt", "state.sqlite" };
	static const char *const good[] = { "CLAUDE.md", "review.md",
		"SKILL.md", "settings.json", "config.toml", ".goosehints",
		"keyboard.md" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (seed_name_refused(bad[i]) == NULL)
			fail_msg("%s was taken", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (seed_name_refused(good[i]) != NULL)
			fail_msg("%s was refused", good[i]);
}

static void
texts_with_keys_are_refused(void **state)
{
	static const char *const bad[] = {
		"x = sk-ant-"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"token ghp_abcdefghijklmnopqrstuvwxyz0123456789",
		"AKIAABCDEFGHIJKLMNOP",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nx",
		"{\"apiKeyHelper\":\"cat ~/key\"}",
		"{\"env\":{\"ANTHROPIC_API_KEY\":\"x\"}}",
		"{\"env\":{\"GITHUB_TOKEN\": \"0123abcd\"}}",
		"env = { DB_PASSWORD = 'hunter2' }",
		"export JIRA_PAT=abc\n",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x",
	};
	static const char *const good[] = { "", "# Be brief\n",
		"use ask-anything",
		"a risk-free-plan-for-everybody-who-likes-it",
		"{\"model\":\"x\",\"permissions\":{\"allow\":[]}}",
		"env_key = \"SOME_API_KEY\"\n",
		"{\"env\":{\"MAX_OUTPUT_TOKENS\":\"32000\"}}",
		"set GITHUB_TOKEN, it is needed; export A_TOKEN=$B" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (seed_text_refused(view_of(bad[i])) == NULL)
			fail_msg("row %zu was taken", i);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (seed_text_refused(view_of(good[i])) != NULL)
			fail_msg("row %zu: %s", i,
			    seed_text_refused(view_of(good[i])));
	assert_non_null(
	    seed_text_refused((struct view){ .p = "a\0b", .len = 3 }));
}

static char *
put(const char *home, const char *rel, const char *text)
{
	AUTO_FREE char *dir = path_join(home, rel);
	char *path = xstrdup(dir);
	struct err e = ERR_INIT;

	*strrchr(dir, '/') = '\0';
	assert_int_equal(path_mkdirs(dir, 0755, &e), 0);
	assert_int_equal(
	    path_write_atomic(path, text, strlen(text), 0644, &e), 0);
	return path;
}

static void
on_file(const struct seed_file *f, void *arg)
{
	struct str *out = arg;

	str_addf(out, "%s %s\n", f->refused == NULL ? "+" : "-", f->path);
}

static void
what_is_taken_is_text_without_a_link(void **state)
{
	char home[] = "/tmp/coffer-seed-XXXXXX";
	AUTO_FREE char *to = NULL;
	AUTO_FREE char *fifo = NULL;
	AUTO_FREE char *a = NULL, *b = NULL, *c = NULL, *link = NULL;
	AUTO_FREE char *hard = NULL, *deep = NULL, *dir = NULL;
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(home));
	a = put(home, ".claude/CLAUDE.md", "# be kind\n");
	b = put(home, ".claude/commands/fix.md", "fix it\n");
	c = put(home, ".claude/commands/my-token.md", "x\n");
	deep = put(home, ".claude/skills/s/SKILL.md", "s\n");
	link = path_join(home, ".claude/commands/link.md");
	assert_int_equal(symlink("/etc/passwd", link), 0);
	hard = path_join(home, ".claude/commands/hard.md");
	assert_int_equal(linkat(-1, a, -1, hard, 0), 0);
	fifo = path_join(home, ".claude/commands/fifo.md");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	/* A whole place that is a link. */
	dir = path_join(home, ".codex");
	assert_int_equal(symlink(".claude", dir), 0);
	to = path_join(home, "out");
	assert_int_equal(seed_copy(home, to, on_file, &out, &e), 2);
	assert_non_null(strstr(str_cstr(&out), "+ .claude/commands/fix.md\n"));
	assert_non_null(strstr(str_cstr(&out), "+ .claude/skills/s/SKILL.md"));
	assert_non_null(strstr(str_cstr(&out), "- .claude/commands/link.md\n"));
	assert_non_null(strstr(str_cstr(&out), "- .claude/commands/hard.md\n"));
	assert_non_null(strstr(str_cstr(&out), "- .claude/commands/fifo.md\n"));
	assert_non_null(strstr(str_cstr(&out), "- .claude/commands/my-token"));
	assert_null(strstr(str_cstr(&out), "+ .codex"));
	{
		AUTO_FREE char *copy = path_join(to, ".claude/commands/fix.md");
		AUTO_FREE char *none = path_join(
		    to, ".claude/commands/link.md");

		assert_int_equal(access(copy, R_OK), 0);
		assert_int_equal(access(none, F_OK), -1);
	}
	assert_int_equal(path_rmtree(home, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_listed_places_are_looked_at),
		cmocka_unit_test(names_of_credentials_are_refused),
		cmocka_unit_test(texts_with_keys_are_refused),
		cmocka_unit_test(what_is_taken_is_text_without_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
