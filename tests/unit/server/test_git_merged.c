/* What a merge would leave, and what a change is over when branches were merged
 * crosswise. */
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
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool.h"
#include "tests/unit/server/git_fixture.h"

/*
 * main and topic change other lines of f, clash the same as main.  left and
 * right were merged crosswise, of one and two, right brings code.c and a test;
 * cleft and cright the same, of two that conflict.
 */
static const char fixture_script[] =
    "set -e\n"
    "cd \"$1\"\n"
    "git init -q -b main w && cd w\n"
    "git config advice.detachedHead false\n"
    "seq 1 9 >f && mkdir d && echo x >d/x && git add . && git commit -qm one\n"
    "git branch start\n"
    "git checkout -qb topic && sed -i s/^1$/one/ f && echo y >d/y && "
    "git add . && git commit -qm topic\n"
    "git checkout -qb clash start && sed -i s/^9$/Nine/ f && "
    "git commit -qam clash\n"
    "git checkout -q main && sed -i s/^9$/nine/ f && git commit -qam two\n"
    "cross() {\n"
    "git checkout -qb \"$1a\" start && echo \"$4\" >\"$3\" && "
    "git add . && git commit -qm a\n"
    "git checkout -qb \"$1b\" start && echo b >\"$5\" && "
    "git add . && git commit -qm b\n"
    "git checkout -qb \"$1left\" \"$1a\" && "
    "{ git merge -q -m l \"$1b\" >/dev/null || "
    "{ echo \"$2\" >\"$3\"; git add .; git commit -qm l; }; }\n"
    "git checkout -qb \"$1right\" \"$1b\" && "
    "{ git merge -q -m r \"$1a\" >/dev/null || "
    "{ echo r >\"$3\"; git add .; git commit -qm r; }; }\n"
    "mkdir test && echo c >code.c && echo t >test/new.sh && git add . && "
    "git commit -qm change\n"
    "git checkout -q \"$1left\" && echo m >more && git add . && "
    "git commit -qm more\n"
    "}\n"
    "cross '' l fa a fb\n"
    "cross c l same a same\n"
    "git clone -q --bare . ../1.git\n";

struct fixture {
	struct git_fixture git;
	bool failed;
	struct err fail;
	char *json;
	char tree[GIT_SHA_TEXT];
};

/* One worker: what it keeps from one call is there at the next. */
static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	git_fixture_open(&f->git, fixture_script, 1);
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
	f->tree[0] = '\0';
	if (f->failed) {
		f->fail = *r->fail;
	} else {
		json_print(r->j, &text);
		if (json_str_or(r->j, "tree", NULL) != NULL)
			gitpool_sha(r, "tree", f->tree);
	}
	f->json = str_steal(&text);
	loop_stop(f->git.loop);
}

static void
says(struct fixture *f, const char *part)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->git.loop, &e), 0);
	if (f->failed)
		fail_msg("%s", f->fail.msg);
	if (strstr(f->json, part) == NULL)
		fail_msg("no %s in %s", part, f->json);
}

/* A command in the repository, true when it ends well; $T is the tree. */
static bool
git_says(const struct fixture *f, const char *command)
{
	AUTO_FREE char *script = xasprintf(
	    "T=%s; cd \"$1/1.git\" && { %s; } >/dev/null 2>&1", f->tree,
	    command);

	return git_fixture_sh(script, f->git.dir) == 0;
}

static void
the_tree_of_a_merge_is_asked_for_and_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	char tree[GIT_SHA_TEXT];

	assert_true(git_says(f, "find objects -type f | sort >../before"));
	gitpool_mergeable(f->git.pool, 1, "main", "topic", true, on_done, f);
	says(f, "\"clean\":true,\"fast_forward\":false");
	memcpy(tree, f->tree, sizeof(tree));
	assert_true(gitpool_sha_ok(tree));
	assert_false(git_says(f, "git cat-file -e $T"));
	assert_true(git_says(f,
	    "find objects -type f | sort >../after && "
	    "cmp ../before ../after"));
	gitpool_merge_tree(f->git.pool, 1, "main", "topic", on_done, f);
	says(f, "\"tree\":");
	assert_string_equal(f->tree, tree);
	assert_true(git_says(f,
	    "test \"$(git ls-tree -r --name-only $T | tr '\\n' ' ')\" = "
	    "'d/x d/y f ' && git show $T:f | head -n 1 | grep -qx one && "
	    "git show $T:f | tail -n 1 | grep -qx nine"));
	/* As git itself merges them. */
	assert_true(git_says(
	    f, "test \"$(git merge-tree --write-tree main topic)\" = $T"));
}

static void
nothing_to_merge_has_a_tree_and_a_conflict_has_none(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	gitpool_mergeable(f->git.pool, 1, "start", "topic", true, on_done, f);
	says(f, "\"fast_forward\":true");
	assert_true(git_says(f, "test $(git rev-parse topic^{tree}) = $T"));
	gitpool_mergeable(f->git.pool, 1, "topic", "start", true, on_done, f);
	says(f, "\"up_to_date\":true");
	assert_true(git_says(f, "test $(git rev-parse topic^{tree}) = $T"));
	gitpool_mergeable(f->git.pool, 1, "main", "clash", true, on_done, f);
	says(f, "\"tree\":null");
	assert_non_null(strstr(f->json, "\"conflicts\":[\"f\"]"));
	gitpool_merge_tree(f->git.pool, 1, "main", "clash", on_done, f);
	assert_int_equal(loop_run(f->git.loop, &e), 0);
	assert_true(f->failed);
	assert_int_equal(f->fail.code, ERR_EXISTS);
	gitpool_mergeable(f->git.pool, 1, "main", "topic", false, on_done, f);
	says(f, "\"tree\":null");
}

/* What was in memory alone is written when it is wanted. */
static void
each_style_leaves_the_tree_that_was_asked_for(void **state)
{
	static const char *const styles[] = { "merge", "squash", "rebase",
		"rebase-merge" };
	struct fixture *f = *state;
	struct git_merge_spec spec = {
		.base = "main",
		.head = "topic",
		.message = "Merge topic\n",
		.author = { "A", "a@example.org", 1700000000000 },
		.committer = { "C", "c@example.org", 1700000000000 },
		.same_tree = true,
	};
	char tree[GIT_SHA_TEXT];

	gitpool_mergeable(f->git.pool, 1, "main", "topic", true, on_done, f);
	says(f, "\"clean\":true");
	memcpy(tree, f->tree, sizeof(tree));
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		spec.style = styles[i];
		gitpool_merge(f->git.pool, 1, &spec, on_done, f);
		says(f, "\"clean\":true");
		assert_string_equal(f->tree, tree);
		assert_true(git_says(f, "git ls-tree -r $T"));
	}
	assert_true(git_says(f, "git fsck --full"));
}

static void
ask_tests(struct fixture *f, const char *base, const char *tip,
    const char *head, const char *part)
{
	const struct git_tests_spec spec = {
		.base = base, .tip = tip, .head = head
	};

	gitpool_tests(f->git.pool, 1, &spec, on_done, f);
	says(f, part);
}

static void
a_change_is_over_both_bases_of_what_was_merged_crosswise(void **state)
{
	static const char files[] = "\"files\":[\"code.c\",\"test/new.sh\"]";
	struct fixture *f = *state;
	char tree[GIT_SHA_TEXT];

	ask_tests(f, "a", "left", "right", files);
	assert_non_null(strstr(f->json, "\"several\":false"));
	memcpy(tree, f->tree, sizeof(tree));
	assert_true(git_says(f,
	    "test \"$(git ls-tree -r --name-only $T | tr '\\n' ' ')\" = "
	    "'d/x f fa fb test/new.sh '"));
	ask_tests(f, "b", "left", "right", files);
	assert_string_equal(f->tree, tree);
	/* Over one of them what the base has is taken for the head's. */
	ask_tests(f, "a", NULL, "right",
	    "\"files\":[\"code.c\",\"fb\",\"test/new.sh\"]");
}

static void
bases_that_conflict_are_no_base(void **state)
{
	struct fixture *f = *state;

	ask_tests(f, "ca", "cleft", "cright", "\"several\":true");
	assert_non_null(strstr(f->json, "\"tree\":null"));
	assert_non_null(strstr(f->json, "\"bug_tree\":null"));
	assert_non_null(strstr(f->json, "\"test/new.sh\""));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_tree_of_a_merge_is_asked_for_and_nothing_is_written),
		cmocka_unit_test(
		    nothing_to_merge_has_a_tree_and_a_conflict_has_none),
		cmocka_unit_test(each_style_leaves_the_tree_that_was_asked_for),
		cmocka_unit_test(
		    a_change_is_over_both_bases_of_what_was_merged_crosswise),
		cmocka_unit_test(bases_that_conflict_are_no_base),
	};

	if (argc > 1 && strcmp(argv[1], "--git-worker") == 0)
		return gitworker_main(3);
	return cmocka_run_group_tests(tests, setup, teardown);
}
