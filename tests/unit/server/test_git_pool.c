#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/wire/json.h"
#include "server/domain/checks.h"
#include "server/git/git_ask.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool.h"
#include "server/git/git_pull.h"
#include "tests/unit/server/git_fixture.h"

/* A bare repository 1.git with branches main, topic, ahead, conflict. */
static const char fixture_script[] =
    "set -e\n"
    "cd \"$1\"\n"
    "git init -q -b main w && cd w\n"
    "printf 'a\\nb\\nc\\n' >f && mkdir .coffer\n"
    "printf 'checks:\\n  - name: test\\n    test: make\\n' "
    ">.coffer/checks.yml\n"
    "git add . && git commit -qm one\n"
    "git checkout -qb topic && echo t >t && git add . && "
    "git commit -qm 'add t'\n"
    "git checkout -qb conflict main && printf 'X\\nb\\nc\\n' >f && "
    "git commit -qam conflict\n"
    "git checkout -q main && printf 'a\\nb\\nc\\nd\\n' >f && "
    "git commit -qam two\n"
    "git checkout -qb clash main && printf 'Y\\nb\\nc\\nd\\n' >f && "
    "git commit -qam clash\n"
    "git checkout -qb picked main && git cherry-pick topic >/dev/null\n"
    "git checkout -qb badchecks main && "
    "printf 'checks:\\n  - name: x\\n    tset: y\\n' >.coffer/checks.yml && "
    "git commit -qam bad\n"
    "git checkout -q main && git tag v1\n"
    "git clone -q --bare . ../1.git\n";

struct fixture {
	struct git_fixture git;
	const struct git_result *got;
	bool failed;
	struct err fail;
	char *json;
	char *raw;
	char sha[GIT_SHA_TEXT];
	int count;
	struct checks checks;
	bool keep_checks;
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
	checks_release(&f->checks);
	free(f->json);
	free(f->raw);
	free(f);
	return 0;
}

static void
on_done(const struct git_result *r, void *arg)
{
	struct fixture *f = arg;
	struct str text = STR_INIT;

	f->count++;
	f->failed = r->fail != NULL;
	free(f->json);
	free(f->raw);
	f->json = f->raw = NULL;
	if (r->fail != NULL) {
		f->fail = *r->fail;
	} else {
		const char *sha = json_str_or(r->j, "sha", "");
		struct err e = ERR_INIT;

		json_print(r->j, &text);
		f->json = str_steal(&text);
		f->raw = view_dup(r->raw);
		(void)snprintf(f->sha, sizeof(f->sha), "%s", sha);
		if (f->keep_checks) {
			checks_release(&f->checks);
			assert_int_equal(
			    gitpool_result_checks(r, &f->checks, &e), 0);
		}
	}
	loop_stop(f->git.loop);
}

static void
wait_done(struct fixture *f)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->git.loop, &e), 0);
}

static void
want(struct fixture *f, const char *part)
{
	wait_done(f);
	if (f->failed)
		fail_msg("failed: %s", f->fail.msg);
	if (strstr(f->json, part) == NULL)
		fail_msg("%s has no %s", f->json, part);
}

static void
want_fail(struct fixture *f, enum err_code code)
{
	wait_done(f);
	assert_true(f->failed);
	if (f->fail.code != code)
		fail_msg("code %d: %s", (int)f->fail.code, f->fail.msg);
}

static void
sha_of(struct fixture *f, const char *rev, char out[GIT_SHA_TEXT])
{
	gitpool_resolve(f->git.pool, 1, rev, on_done, f);
	want(f, "sha");
	memcpy(out, f->sha, GIT_SHA_TEXT);
}

static void
resolve_takes_branch_tag_ref_and_id(void **state)
{
	struct fixture *f = *state;
	char a[GIT_SHA_TEXT], b[GIT_SHA_TEXT];

	sha_of(f, "main", a);
	sha_of(f, "refs/heads/main", b);
	assert_string_equal(a, b);
	sha_of(f, "v1", b);
	assert_string_equal(a, b);
	sha_of(f, a, b);
	assert_string_equal(a, b);
	gitpool_resolve(f->git.pool, 1, "nothing", on_done, f);
	want_fail(f, ERR_NOTFOUND);
	gitpool_resolve(f->git.pool, 99, "main", on_done, f);
	want_fail(f, ERR_NOTFOUND);
}

static void
refs_are_listed_sorted_with_prefix(void **state)
{
	struct fixture *f = *state;
	struct view rest;
	struct git_ref ref;
	const char *names[] = { "refs/heads/badchecks", "refs/heads/clash",
		"refs/heads/conflict", "refs/heads/main", "refs/heads/picked",
		"refs/heads/topic" };
	size_t n = 0;

	gitpool_refs(f->git.pool, 1, "refs/heads/", on_done, f);
	want(f, "\"head\":\"refs/heads/main\"");
	rest = view_of(f->raw);
	while (gitpool_ref_next(&rest, &ref)) {
		assert_true(n < 6);
		assert_true(view_is(ref.name, names[n++]));
		assert_true(gitpool_sha_ok(ref.sha));
	}
	assert_int_equal(n, 6);
}

static void
blob_gives_bytes_up_to_a_limit(void **state)
{
	struct fixture *f = *state;

	gitpool_blob(f->git.pool, 1, "main", "f", 100, on_done, f);
	want(f, "\"size\":8");
	assert_string_equal(f->raw, "a\nb\nc\nd\n");
	gitpool_blob(f->git.pool, 1, "main", "f", 7, on_done, f);
	want_fail(f, ERR_LIMIT);
	gitpool_blob(f->git.pool, 1, "main", "no", 7, on_done, f);
	want_fail(f, ERR_NOTFOUND);
	gitpool_blob(f->git.pool, 1, "main", "../f", 7, on_done, f);
	wait_done(f);
	assert_true(f->failed);
}

static void
log_hides_and_limits(void **state)
{
	struct fixture *f = *state;
	struct git_ask_history s = {
		.rev = "topic", .without = "main", .limit = 10
	};

	gitask_history(f->git.pool, 1, &s, on_done, f);
	want(f, "add t");
	assert_null(strstr(f->json, "one"));
	assert_non_null(strstr(f->json, "\"more\":false"));
	s = (struct git_ask_history){ .rev = "main", .limit = 1 };
	gitask_history(f->git.pool, 1, &s, on_done, f);
	want(f, "\"more\":true");
}

static void
compare_counts_ahead_and_behind(void **state)
{
	struct fixture *f = *state;

	gitpool_compare(f->git.pool, 1, "main", "topic", on_done, f);
	want(f, "\"ahead\":1,\"behind\":1");
	gitpool_is_ancestor(f->git.pool, 1, "main", "clash", on_done, f);
	want(f, "\"yes\":true");
	gitpool_is_ancestor(f->git.pool, 1, "topic", "main", on_done, f);
	want(f, "\"yes\":false");
	gitpool_is_ancestor(f->git.pool, 1, "main", "main", on_done, f);
	want(f, "\"yes\":true");
}

static void
brought_is_what_nothing_hidden_has(void **state)
{
	static const char none[] = "0000000000000000000000000000000000000000";
	static const char *const hide[] = { none, "main", NULL };
	static const char *const all[] = { NULL };
	struct fixture *f = *state;
	struct git_brought b = { "topic", hide, GIT_BROUGHT_MAX };

	gitpull_brought(f->git.pool, 1, &b, on_done, f);
	want(f, "\"truncated\":false");
	assert_non_null(strstr(f->json, "\"commits\":[\""));
	assert_null(strstr(f->json, "\",\""));
	b = (struct git_brought){ "topic", all, 1 };
	gitpull_brought(f->git.pool, 1, &b, on_done, f);
	want(f, "\"truncated\":true");
	b = (struct git_brought){ "main", hide, 0 };
	gitpull_brought(f->git.pool, 1, &b, on_done, f);
	want(f, "\"commits\":[],\"truncated\":false");
}

static void
mergeable_names_conflicts(void **state)
{
	struct fixture *f = *state;

	gitpool_mergeable(f->git.pool, 1, "main", "topic", false, on_done, f);
	want(f, "\"clean\":true,\"fast_forward\":false");
	gitpool_mergeable(
	    f->git.pool, 1, "conflict", "clash", false, on_done, f);
	want(f, "\"conflicts\":[\"f\"]");
	assert_non_null(strstr(f->json, "\"clean\":false"));
	gitpool_mergeable(f->git.pool, 1, "main", "clash", false, on_done, f);
	want(f, "\"fast_forward\":true");
}

static const struct git_merge_spec merge_base_spec = {
	.base = "main",
	.head = "topic",
	.style = "merge",
	.message = "Merge topic\n",
	.author = { "A", "a@example.org", 1700000000000 },
	.committer = { "C", "c@example.org", 1700000000000 },
};

static void
merge_writes_a_commit_and_moves_nothing(void **state)
{
	struct fixture *f = *state;
	struct git_merge_spec s = merge_base_spec;
	char before[GIT_SHA_TEXT], merged[GIT_SHA_TEXT], after[GIT_SHA_TEXT];
	struct git_ask_history log = { .limit = 1 };

	sha_of(f, "main", before);
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"clean\":true");
	memcpy(merged, f->sha, sizeof(merged));
	sha_of(f, "main", after);
	assert_string_equal(before, after);
	log.rev = merged;
	gitask_history(f->git.pool, 1, &log, on_done, f);
	want(f, "Merge topic");
	assert_non_null(strstr(f->json, "a@example.org"));
	s.style = "squash";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"clean\":true");
	s.style = "fast-forward-only";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want_fail(f, ERR_DENIED);
	s.head = "clash";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"clean\":true");
	s.style = "merge";
	s.base = "conflict";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"sha\":null,\"clean\":false,\"conflicts\":[\"f\"]");
}

static void
a_rebase_makes_the_commits_again(void **state)
{
	struct fixture *f = *state;
	struct git_merge_spec s = merge_base_spec;
	struct git_ask_history log = { .limit = 1 };
	char tip[GIT_SHA_TEXT];

	s.style = "rebase";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"clean\":true");
	memcpy(tip, f->sha, sizeof(tip));
	gitpool_is_ancestor(f->git.pool, 1, "main", tip, on_done, f);
	want(f, "\"yes\":true");
	log.rev = tip;
	gitask_history(f->git.pool, 1, &log, on_done, f);
	want(f, "c@example.org");
	assert_null(strstr(f->json, "a@example.org"));
	s.style = "rebase-merge";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"clean\":true");
	log.rev = memcpy(tip, f->sha, sizeof(tip));
	gitask_history(f->git.pool, 1, &log, on_done, f);
	want(f, "Merge topic");
	/* A line of commits that is there already stays. */
	s.style = "rebase";
	s.base = "main";
	s.head = "clash";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"clean\":true");
	s.base = "conflict";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want(f, "\"sha\":null,\"clean\":false,\"conflicts\":[\"f\"]");
	s.style = "octopus";
	gitpool_merge(f->git.pool, 1, &s, on_done, f);
	want_fail(f, ERR_INVALID);
}

static void
refs_move_all_or_none(void **state)
{
	struct fixture *f = *state;
	char main_sha[GIT_SHA_TEXT], topic[GIT_SHA_TEXT], now[GIT_SHA_TEXT];
	struct git_ref_change v[2];
	struct git_refs_spec s = { .v = v, .n = 2, .atomic = true };

	sha_of(f, "main", main_sha);
	sha_of(f, "topic", topic);
	v[0] = (struct git_ref_change){ "refs/heads/new", GIT_ZERO_SHA, topic };
	v[1] = (struct git_ref_change){ "refs/heads/main", topic, topic };
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	want_fail(f, ERR_EXISTS);
	gitpool_resolve(f->git.pool, 1, "new", on_done, f);
	want_fail(f, ERR_NOTFOUND);
	v[1].old = main_sha;
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	want(f, "\"failed\":0");
	sha_of(f, "main", now);
	assert_string_equal(now, topic);
	v[0] = (struct git_ref_change){ "refs/heads/new", topic, GIT_ZERO_SHA };
	s.n = 1;
	s.head = "refs/heads/topic";
	s.upstream_head = "refs/namespaces/upstream/refs/heads/topic";
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	want(f, "\"failed\":0");
	gitpool_refs(f->git.pool, 1, "refs/", on_done, f);
	want(f, "\"head\":\"refs/heads/topic\"");
	assert_null(strstr(f->raw, "refs/heads/new"));
	v[0] = (struct git_ref_change){ "refs/heads/main", topic, main_sha };
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	want(f, "\"failed\":0");
}

static void
refs_refuse_directory_collisions_and_unknown_objects(void **state)
{
	struct fixture *f = *state;
	char topic[GIT_SHA_TEXT];
	struct git_ref_change v[2];
	struct git_refs_spec s = { .v = v, .n = 1, .atomic = true };

	sha_of(f, "topic", topic);
	v[0] = (struct git_ref_change){ "refs/heads/topic/x", GIT_ZERO_SHA,
		topic };
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	wait_done(f);
	assert_true(f->failed);
	v[0] = (struct git_ref_change){ "refs/heads", GIT_ZERO_SHA, topic };
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	wait_done(f);
	assert_true(f->failed);
	v[0] = (struct git_ref_change){ "refs/heads/n", GIT_ZERO_SHA,
		"1234567890123456789012345678901234567890" };
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	want_fail(f, ERR_NOTFOUND);
	/* Not atomic: the good one moves, the bad one is named. */
	v[0] = (struct git_ref_change){ "refs/heads/topic/x", GIT_ZERO_SHA,
		topic };
	v[1] = (struct git_ref_change){ "refs/heads/ok", "", topic };
	s.n = 2;
	s.atomic = false;
	gitpool_refs_update(f->git.pool, 1, &s, on_done, f);
	want(f, "\"failed\":1");
	assert_ptr_equal(strstr(f->raw, "refs/heads/topic/x "), f->raw);
	gitpool_resolve(f->git.pool, 1, "ok", on_done, f);
	want(f, "sha");
}

static void
diff_is_cut_at_a_line(void **state)
{
	struct fixture *f = *state;

	gitpool_diff(f->git.pool, 1, "main", "topic", 4096, on_done, f);
	want(f, "\"truncated\":false");
	assert_non_null(strstr(f->raw, "diff --git a/t b/t"));
	assert_non_null(strstr(f->raw, "\n+t\n"));
	gitpool_diff(f->git.pool, 1, "main", "topic", 60, on_done, f);
	want(f, "\"truncated\":true");
	assert_true(strlen(f->raw) <= 60);
	gitpull_files(f->git.pool, 1,
	    &(struct git_pull_files){
		.base = "main", .head = "topic", .limit = 10 },
	    on_done, f);
	want(f,
	    "\"path\":\"t\",\"old_path\":\"t\",\"status\":\"added\","
	    "\"additions\":1,\"deletions\":0");
}

static void
same_change_sees_a_cherry_pick(void **state)
{
	struct fixture *f = *state;

	gitpool_same_change(f->git.pool, 1, "picked", "topic", on_done, f);
	want(f, "\"same\":true");
	gitpool_same_change(f->git.pool, 1, "main", "topic", on_done, f);
	want(f, "\"same\":false");
}

static void
checks_are_read_from_a_commit(void **state)
{
	struct fixture *f = *state;

	f->keep_checks = true;
	gitpool_checks(f->git.pool, 1, "main", NULL, on_done, f);
	want(f, "\"found\":true,\"error\":null");
	assert_int_equal(f->checks.n, 1);
	assert_string_equal(f->checks.v[0].name, "test");
	assert_string_equal(f->checks.v[0].test, "make");
	gitpool_checks(f->git.pool, 1, "badchecks", NULL, on_done, f);
	want(f, "line 3: unknown key: tset");
}

static void
leftovers_of_a_killed_git_are_removed(void **state)
{
	struct fixture *f = *state;
	static const char script[] =
	    "cd \"$1/1.git\" && touch refs/heads/young.lock && "
	    "touch -d '1 hour ago' refs/heads/main.lock packed-refs.lock && "
	    "mkdir -p objects/tmp_objdir-incoming-x/pack && "
	    "touch -d '2 days ago' objects/tmp_objdir-incoming-x "
	    "objects/pack/tmp_pack_x";

	assert_int_equal(git_fixture_sh(script, f->git.dir), 0);
	gitpool_clean(f->git.pool, 1, on_done, f);
	want(f, "\"removed\":5");
	assert_int_equal(
	    git_fixture_sh("cd \"$1/1.git\" && "
			   "! test -e refs/heads/young.lock && "
			   "! test -e refs/heads/main.lock && "
			   "! test -e objects/tmp_objdir-incoming-x",
		f->git.dir),
	    0);
}

/* A git may outlive the cofferd that started it. */
static void
a_lock_stays_while_a_process_is_in_the_repository(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    git_fixture_sh("cd \"$1/1.git\" && touch refs/heads/held.lock && "
			   "{ sleep 60 >/dev/null 2>&1 & } && "
			   "echo $! >\"$1/pid\"",
		f->git.dir),
	    0);
	gitpool_clean(f->git.pool, 1, on_done, f);
	want(f, "\"removed\":0");
	assert_int_equal(git_fixture_sh("kill $(cat \"$1/pid\"); "
					"rm \"$1/1.git/refs/heads/held.lock\"",
			     f->git.dir),
	    0);
}

static void
a_killed_worker_costs_one_call(void **state)
{
	struct fixture *f = *state;
	char script[200];

	gitpool_resolve(f->git.pool, 1, "main", on_done, f);
	want(f, "sha");
	/* Kill every worker of this process. */
	(void)snprintf(script, sizeof(script),
	    "for p in $(cat /proc/%d/task/%d/children); do kill -9 $p; done; :",
	    (int)getpid(), (int)getpid());
	f->count = 0;
	gitpool_resolve(f->git.pool, 1, "main", on_done, f);
	(void)git_fixture_sh(script, "");
	wait_done(f);
	assert_int_equal(f->count, 1);
	gitpool_resolve(f->git.pool, 1, "main", on_done, f);
	want(f, "sha");
}

static void
a_slow_worker_is_killed_and_others_go_on(void **state)
{
	static const char *const argv[] = { "/proc/self/exe", "--slow-worker",
		NULL };
	struct fixture *f = *state;
	struct git_pool_spec spec = { .loop = f->git.loop,
		.repos = f->git.dir,
		.worker_argv = argv,
		.workers = 1,
		.limit_ms = 50 };
	struct err e = ERR_INIT;
	struct git_pool *slow = gitpool_new(&spec, &e);

	gitpool_resolve(slow, 1, "main", on_done, f);
	want_fail(f, ERR_TIMEOUT);
	gitpool_resolve(f->git.pool, 1, "main", on_done, f);
	want(f, "sha");
	gitpool_free(slow);
}

static void
a_full_queue_says_busy(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	int busy = 0, n = GIT_POOL_QUEUE_MAX + 1;

	f->count = 0;
	for (int i = 0; i < n; i++)
		gitpool_resolve(f->git.pool, 1, "main", on_done, f);
	while (f->count < n) {
		assert_int_equal(loop_run(f->git.loop, &e), 0);
		if (f->failed && f->fail.code == ERR_BUSY)
			busy++;
	}
	assert_int_equal(busy, 1);
	assert_int_equal(f->count, n);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolve_takes_branch_tag_ref_and_id),
		cmocka_unit_test(refs_are_listed_sorted_with_prefix),
		cmocka_unit_test(blob_gives_bytes_up_to_a_limit),
		cmocka_unit_test(log_hides_and_limits),
		cmocka_unit_test(compare_counts_ahead_and_behind),
		cmocka_unit_test(brought_is_what_nothing_hidden_has),
		cmocka_unit_test(mergeable_names_conflicts),
		cmocka_unit_test(merge_writes_a_commit_and_moves_nothing),
		cmocka_unit_test(a_rebase_makes_the_commits_again),
		cmocka_unit_test(refs_move_all_or_none),
		cmocka_unit_test(
		    refs_refuse_directory_collisions_and_unknown_objects),
		cmocka_unit_test(diff_is_cut_at_a_line),
		cmocka_unit_test(same_change_sees_a_cherry_pick),
		cmocka_unit_test(checks_are_read_from_a_commit),
		cmocka_unit_test(leftovers_of_a_killed_git_are_removed),
		cmocka_unit_test(
		    a_lock_stays_while_a_process_is_in_the_repository),
		cmocka_unit_test(a_killed_worker_costs_one_call),
		cmocka_unit_test(a_slow_worker_is_killed_and_others_go_on),
		cmocka_unit_test(a_full_queue_says_busy),
	};

	if (argc > 1 && strcmp(argv[1], "--git-worker") == 0)
		return gitworker_main(3);
	if (argc > 1 && strcmp(argv[1], "--slow-worker") == 0) {
		(void)pause();
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
