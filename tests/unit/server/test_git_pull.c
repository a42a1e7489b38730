/* What a pull request asks of its repository. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pull.h"
#include "tests/unit/server/git_fixture.h"

/* main has f with ten lines; head changes its line 5 and adds g; moved has two
 * lines more before f's first, and line 8 of f changed. */
static const char fixture_script
    [] = "set -e\n"
	 "cd \"$1\"\n"
	 "git init -q -b main w && cd w\n"
	 "seq 1 10 >f && echo z >gone && git add . && git commit -qm one\n"
	 "git checkout -qb head && sed -i s/^5$/five/ f && printf x >g && "
	 "git rm -q gone && git add . && git commit -qm two\n"
	 "git checkout -qb moved && sed -i -e s/^8$/eight/ -e '1i a\\nb' f && "
	 "git rm -q g && git commit -qam three\n"
	 "git checkout -qb base main && git mv f h && git commit -qm four\n"
	 "git checkout -qb clash main && sed -i s/^5$/cinq/ f && "
	 "git commit -qam five\n"
	 "git checkout -q --orphan alone && git commit -qm alone\n"
	 "git clone -q --bare . ../1.git\n";

struct fixture {
	struct git_fixture git;
	bool failed;
	struct err fail;
	char *json;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	git_fixture_open(&f->git, fixture_script, 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	git_fixture_close(&f->git);
	free(f->json);
	free(f);
	return 0;
}

static void
on_done(const struct git_result *r, void *arg)
{
	struct fixture *f = arg;
	struct str text = STR_INIT;

	free(f->json);
	f->json = NULL;
	f->failed = r->fail != NULL;
	if (f->failed)
		f->fail = *r->fail;
	else
		json_print(r->j, &text);
	f->json = str_steal(&text);
	loop_stop(f->git.loop);
}

static void
wait_done(struct fixture *f)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->git.loop, &e), 0);
}

static void
says(const struct fixture *f, const char *part)
{
	if (f->failed)
		fail_msg("%s", f->fail.msg);
	if (strstr(f->json, part) == NULL)
		fail_msg("no %s in %s", part, f->json);
}

static void
a_line_is_followed_until_it_changes(void **state)
{
	static const struct git_pull_line lines[] = {
		{ "f", "head", 1, false },
		{ "f", "head", 5, false },
		{ "f", "head", 7, false },
		{ "f", "head", 8, false },
		{ "f", "head", 10, false },
		{ "g", "head", 1, false },
		{ "f", "main", 3, true },
		{ "none", "head", 1, false },
		{ "f", "0123456789012345678901234567890123456789", 1, false },
	};
	const struct git_pull_facts spec = { "main", "moved", lines,
		sizeof(lines) / sizeof(lines[0]) };
	struct fixture *f = *state;

	gitpull_facts(f->git.pool, 1, &spec, on_done, f);
	wait_done(f);
	says(f, "\"lines\":[3,7,9,0,12,0,3,0,0]");
	says(f, "\"additions\":4,\"deletions\":3,\"files\":2");
}

static void
a_hunk_ends_at_its_line(void **state)
{
	static const struct git_pull_line lines[] = {
		{ "f", NULL, 5, false },
		{ "f", NULL, 5, true },
		{ "f", NULL, 6, false },
		{ "f", NULL, 10, false },
		{ "g", NULL, 1, false },
		{ "gone", NULL, 1, true },
		{ "gone", NULL, 1, false },
		{ "../f", NULL, 1, false },
	};
	const struct git_pull_facts spec = { "main", "head", lines,
		sizeof(lines) / sizeof(lines[0]) };
	struct fixture *f = *state;

	gitpull_hunks(f->git.pool, 1, &spec, on_done, f);
	wait_done(f);
	says(f,
	    "\"hunks\":["
	    "\"@@ -2,4 +2,4 @@\\n 2\\n 3\\n 4\\n-5\\n+five\","
	    "\"@@ -2,4 +2,3 @@\\n 2\\n 3\\n 4\\n-5\","
	    "\"@@ -2,5 +2,5 @@\\n 2\\n 3\\n 4\\n-5\\n+five\\n 6\","
	    "\"\","
	    "\"@@ -0,0 +1,1 @@\\n+x\","
	    "\"@@ -1,1 +0,0 @@\\n-z\","
	    "\"\",\"\"]");
}

static void
files_come_by_pages(void **state)
{
	struct git_pull_files spec = {
		.base = "main", .head = "head", .skip = 1, .limit = 1
	};
	struct fixture *f = *state;

	gitpull_files(f->git.pool, 1, &spec, on_done, f);
	wait_done(f);
	says(f, "\"path\":\"g\"");
	says(f, "\"total\":3");
	spec.skip = 0;
	spec.limit = 9;
	spec.skip_to = "gone";
	gitpull_files(f->git.pool, 1, &spec, on_done, f);
	wait_done(f);
	says(f, "\"files\":[{\"path\":\"gone\"");
	spec.head = "nosuch";
	gitpull_files(f->git.pool, 1, &spec, on_done, f);
	wait_done(f);
	assert_true(f->failed);
	assert_int_equal(f->fail.code, ERR_NOTFOUND);
}

static void
histories_without_a_common_commit_are_compared_whole(void **state)
{
	static const struct git_pull_line lines[] = { { "f", "main", 1,
	    true } };
	const struct git_pull_facts spec = { "main", "alone", lines, 1 };
	struct fixture *f = *state;

	gitpull_facts(f->git.pool, 1, &spec, on_done, f);
	wait_done(f);
	says(f, "\"lines\":[0]");
}

static void
touched(struct fixture *f, const char *base, const char *head, const char *part)
{
	gitpull_touched(f->git.pool, 1, base, head, on_done, f);
	wait_done(f);
	says(f, part);
}

static void
what_the_merge_changes_is_touched_too(void **state)
{
	struct fixture *f = *state;

	touched(f, "main", "head",
	    "\"paths\":[\"f\",\"g\",\"gone\"],\"truncated\":false");
	/* The base calls it h meanwhile. */
	touched(
	    f, "base", "head", "[\"f\",\"g\",\"gone\",\"g\",\"gone\",\"h\"]");
	/* A conflict has the head's alone. */
	touched(f, "clash", "head", "\"paths\":[\"f\",\"g\",\"gone\"]");
	touched(f, "alone", "head", "\"paths\":[");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_line_is_followed_until_it_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_hunk_ends_at_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    files_come_by_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    histories_without_a_common_commit_are_compared_whole, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    what_the_merge_changes_is_touched_too, setup, teardown),
	};

	if (argc > 1 && strcmp(argv[1], "--git-worker") == 0)
		return gitworker_main(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
