#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent/agent.h"
#include "agentd/command/repo.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "tests/unit/agentd/cofferd_loop.h"

#define REPO_PATH "GET /api/v1/repos/own/p/contents/.coffer/commands/plan.md"

struct asked {
	struct cofferd c;
	struct repo_commands *r;
	struct err fail;
	bool told;
};

static struct commands all;

static int
repo_setup(void **state)
{
	static const char *const texts[][2] = {
		{ "plan", "---\ndescription: d\n---\nPlan." },
		{ "fix", "---\ndescription: d\naccess: write\n---\nFix." },
	};
	struct command c;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(command_parse("f", texts[i][0],
				     view_of(texts[i][1]), &c, &e),
		    0);
		assert_int_equal(commands_add(&all, &c, &e), 0);
	}
	return 0;
}

static int
repo_teardown(void **state)
{
	(void)state;
	commands_release(&all);
	return 0;
}

static int
repo_read(const char *word, const char *name, const char *text,
    struct command *out, struct err *e)
{
	struct repo_policy p = { .all = &all };
	AUTO_STR struct str body = STR_INIT, content = STR_INIT;
	struct json *j;
	struct jw w;
	int rc;

	assert_int_equal(repo_policy_parse(word, &p, e), 0);
	esc_base64(&content, view_of(text));
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "type", "file");
	jw_i64(&w, "size", (int64_t)strlen(text));
	jw_view(&w, "content", str_view(&content));
	jw_end(&w);
	j = json_parse(str_view(&body), 0, e);
	assert_non_null(j);
	rc = repo_command_read(&p, name, j, out, e);
	json_free(j);
	return rc;
}

static void
a_file_of_the_repository_stands_for_the_operators(void **state)
{
	struct command c;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(repo_read("read", "fix",
			     "---\ndescription: ours\n---\nOur way.", &c, &e),
	    0);
	assert_int_equal(c.access, COMMAND_WRITE);
	assert_string_equal(c.prompt, "Our way.");
	command_release(&c);
}

static void
a_name_of_its_own_gets_what_the_operator_allows(void **state)
{
	static const char
	    write[] = "---\ndescription: d\naccess: write\n---\nP";
	struct command c;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(repo_read("scratch", "ship", write, &c, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	assert_non_null(
	    strstr(e.msg, ".coffer/commands/ship.md: its `access`"));
	e = ERR_INIT;
	assert_int_equal(repo_read("write", "ship", write, &c, &e), 0);
	assert_int_equal(c.access, COMMAND_WRITE);
	command_release(&c);
	/* What its file does not say, it does not get. */
	assert_int_equal(
	    repo_read("write", "look", "---\ndescription: d\n---\nP", &c, &e),
	    0);
	assert_int_equal(c.access, COMMAND_READ);
	assert_int_equal(c.tools, AGENT_READS | AGENT_SEARCHES | AGENT_SHELL);
	command_release(&c);
}

static void
a_wrong_file_is_told_with_its_line(void **state)
{
	static const char *const rows[][3] = {
		{ "plan", "---\ndescription: d\naccess: all\n---\nP",
		    ".coffer/commands/plan.md:3: access is" },
		{ "plan", "---\ndescription: d\naccess: write\n---\nP",
		    "its `access` reaches further" },
		{ "plan", "---\ndescription: d\ntools: web\n---\nP",
		    "its `tools` reaches further" },
		{ "merge", "---\ndescription: d\n---\nP",
		    "/merge is Cofferdam's own word" },
		{ "plan", "", "not a text" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct command c;
		struct err e = ERR_INIT;

		assert_int_equal(
		    repo_read("read", rows[i][0], rows[i][1], &c, &e), -1);
		if (strstr(e.msg, rows[i][2]) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
what_is_no_file_is_none(void **state)
{
	static const char *const rows[] = { "[]", "{}",
		"{\"type\":\"symlink\",\"content\":\"YQ==\",\"size\":1}",
		"{\"type\":\"file\",\"size\":1}",
		"{\"type\":\"file\",\"content\":\"*\",\"size\":1}",
		"{\"type\":\"file\",\"content\":\"YQ==\",\"size\":99999}" };
	struct repo_policy p = { .all = &all, .most = COMMAND_WRITE };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct command c;
		struct err e = ERR_INIT;
		struct json *j = json_parse(view_of(rows[i]), 0, &e);

		assert_non_null(j);
		assert_int_equal(repo_command_read(&p, "plan", j, &c, &e), -1);
		json_free(j);
	}
}

static void
repo_on_commands(const struct err *fail, const struct commands *seen, void *arg)
{
	struct asked *a = arg;

	assert_non_null(seen);
	a->fail = fail == NULL ? ERR_INIT : *fail;
	a->told = true;
}

static bool
repo_is_told(void *arg)
{
	const struct asked *a = arg;

	return a->told;
}

static enum err_code
repo_ask(struct asked *a)
{
	a->told = false;
	repo_commands_ask(a->r, "own/p", "plan", repo_on_commands, a);
	assert_true(fake_until(&a->c, repo_is_told, a));
	return a->fail.code;
}

static void
a_file_that_cannot_be_read_is_given_up(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum err_code code;
	} rows[] = {
		{ 500, "{\"message\":\"broken\"}", ERR_INTERNAL },
		{ 200, "{\"type\":\"file\",\"size\":1}", ERR_PROTO },
	};
	const struct repo_policy p = { .all = &all, .most = COMMAND_READ };
	struct asked a;

	(void)state;
	fake_init(&a.c);
	a.r = repo_commands_new(a.c.api, &p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_rule(&a.c, rows[i].status, REPO_PATH, rows[i].body);
		for (int n = 1; n < 5; n++)
			assert_int_equal(repo_ask(&a), rows[i].code);
		assert_int_equal(repo_ask(&a), ERR_INVALID);
		assert_non_null(strstr(
		    a.fail.msg, ".coffer/commands/plan.md: cannot be read: "));
		/* A cofferd that is away, or busy, is waited for. */
		a.c.down = true;
		assert_int_equal(repo_ask(&a), ERR_BUSY);
		a.c.down = false;
		fake_rule(&a.c, 404, REPO_PATH, "{}");
		assert_int_equal(repo_ask(&a), ERR_NONE);
	}
	repo_commands_free(a.r);
	fake_release(&a.c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_file_of_the_repository_stands_for_the_operators),
		cmocka_unit_test(
		    a_name_of_its_own_gets_what_the_operator_allows),
		cmocka_unit_test(a_wrong_file_is_told_with_its_line),
		cmocka_unit_test(what_is_no_file_is_none),
		cmocka_unit_test(a_file_that_cannot_be_read_is_given_up),
	};

	return cmocka_run_group_tests_name(
	    "repo", tests, repo_setup, repo_teardown);
}
