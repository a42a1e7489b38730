#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/domain/protect_rule.h"
#include "server/domain/push_policy.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"
#define Z "0000000000000000000000000000000000000000"

static const char *const refs[] = { "refs/heads/main", "refs/heads/release",
	"refs/heads/agent/fix-1", "refs/heads/agent/Case",
	"refs/heads/dir/leaf", "refs/heads/mine", "refs/tags/v1",
	"refs/tags/own", "refs/heads/odd name", "refs/heads/agent/fix-7",
	"refs/heads/Two/a", "refs/heads/two/b" };
static const char *const upstream[] = { "refs/heads/main", "refs/heads/release",
	"refs/heads/gone", "refs/heads/far/leaf", "refs/tags/v1" };

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A200 A50 A50 A50 A50

struct row {
	enum push_who who;
	const char *old;
	const char *new_sha;
	const char *ref;
	const char *why; /* NULL: allowed; else part of the reason */
};

/* The run's branch is agent/fix-7. */
static const struct row rows[] = {
	/* Who may at all. */
	{ PUSH_NOBODY, Z, A, "refs/heads/agent/x", "may read" },
	{ PUSH_READER, Z, A, "refs/heads/agent/x", "may read" },
	{ PUSH_READER, A, Z, "refs/heads/mine", "may read" },
	{ PUSH_NOBODY, A, B, "refs/heads/main", "may read" },
	/* The default branch and upstream's. */
	{ PUSH_ADMIN, A, B, "refs/heads/main", "protected" },
	{ PUSH_ADMIN, A, Z, "refs/heads/main", "protected" },
	{ PUSH_MAINTAINER, A, B, "refs/heads/main", "protected" },
	{ PUSH_SESSION, A, B, "refs/heads/main", "protected" },
	{ PUSH_RUN, A, B, "refs/heads/main", "protected" },
	{ PUSH_ADMIN, A, B, "refs/heads/release", "follows upstream" },
	{ PUSH_MAINTAINER, A, B, "refs/heads/release", "follows upstream" },
	{ PUSH_MAINTAINER, A, Z, "refs/heads/release", "follows upstream" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/gone", "follows upstream" },
	{ PUSH_RUN, A, B, "refs/heads/release", "follows upstream" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Main", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/main/x", "collides" },
	/* A run: its own branch. */
	{ PUSH_RUN, Z, A, "refs/heads/agent/fix-7", NULL },
	{ PUSH_RUN, A, B, "refs/heads/agent/fix-7", NULL },
	{ PUSH_RUN, A, Z, "refs/heads/agent/fix-7", NULL },
	{ PUSH_RUN, Z, A, "refs/heads/agent/fix-8", "agent/fix-7 only" },
	{ PUSH_RUN, A, B, "refs/heads/agent/fix-1", "agent/fix-7 only" },
	{ PUSH_RUN, Z, A, "refs/heads/other", "agent/fix-7 only" },
	{ PUSH_RUN, Z, A, "refs/heads/agent/fix-7/x", "agent/fix-7 only" },
	{ PUSH_RUN, Z, A, "refs/heads/agent/FIX-7", "agent/fix-7 only" },
	{ PUSH_RUN, Z, A, "refs/tags/v9", "maintainers" },
	/* A session: agent/. */
	{ PUSH_SESSION, Z, A, "refs/heads/agent/new", NULL },
	{ PUSH_SESSION, A, B, "refs/heads/agent/fix-1", NULL },
	{ PUSH_SESSION, A, Z, "refs/heads/agent/fix-1", NULL },
	{ PUSH_SESSION, Z, A, "refs/heads/agent", "under agent/ only" },
	{ PUSH_SESSION, Z, A, "refs/heads/agentx", "under agent/ only" },
	{ PUSH_SESSION, A, B, "refs/heads/mine", "under agent/ only" },
	{ PUSH_SESSION, Z, A, "refs/tags/v9", "maintainers" },
	/* Maintainers: agent/, other branches, tags. */
	{ PUSH_MAINTAINER, Z, A, "refs/heads/feature", NULL },
	{ PUSH_MAINTAINER, A, B, "refs/heads/mine", NULL },
	{ PUSH_MAINTAINER, A, Z, "refs/heads/mine", NULL },
	{ PUSH_MAINTAINER, A, B, "refs/heads/agent/fix-1", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/fix/#12", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/tags/v2", NULL },
	{ PUSH_MAINTAINER, A, B, "refs/tags/own", NULL },
	{ PUSH_MAINTAINER, A, Z, "refs/tags/own", NULL },
	{ PUSH_MAINTAINER, A, B, "refs/tags/v1", "follows upstream" },
	{ PUSH_MAINTAINER, A, Z, "refs/tags/v1", "follows upstream" },
	{ PUSH_ADMIN, Z, A, "refs/heads/feature", NULL },
	/* Places that are the server's. */
	{ PUSH_ADMIN, Z, A, "refs/pull/1/head", "refs/pull" },
	{ PUSH_ADMIN, Z, A, "refs/coffer/kept/1/heads/x", "refs/coffer" },
	{ PUSH_ADMIN, Z, A, "refs/namespaces/upstream/refs/heads/x",
	    "refs/namespaces" },
	{ PUSH_ADMIN, Z, A, "refs/notes/commits", "notes" },
	{ PUSH_ADMIN, Z, A, "refs/for/main", "refs/for" },
	{ PUSH_ADMIN, Z, A, "refs/remotes/origin/x", "only refs/heads" },
	{ PUSH_ADMIN, Z, A, "refs/stash", "only refs/heads" },
	{ PUSH_ADMIN, Z, A, "HEAD", "only refs/heads" },
	{ PUSH_ADMIN, Z, A, "main", "only refs/heads" },
	{ PUSH_ADMIN, Z, A, "refs/heads/", "only refs/heads" },
	{ PUSH_ADMIN, Z, A, "refs/heads", "only refs/heads" },
	/* Names. */
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a..b", "'..'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/-x", "begins with '-'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a/-x", "begins with '-'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/.x", "begins with '.'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/x.", "ends with '.'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/x.lock", "'.lock'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/x.LOCK/y", "'.lock'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a@{1}", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a@{", "special" },
	{ PUSH_MAINTAINER, Z, A,
	    "refs/heads/a\x01"
	    "b",
	    "control" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a\x7f", "control" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a$b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a;b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a`b`", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a*", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a~1", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a\\b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a\xc3\xa9", "ASCII" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a//b", "empty" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a/", "empty" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/con", "device" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/x/NUL.txt", "device" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/HEAD", "git's own" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/@", "'@'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/#x", "begins with '#'" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/refs/heads/x", "'refs/'" },
	{ PUSH_MAINTAINER, A, Z, "refs/heads/odd name", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/heads/x", "begins with" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Tags/x", "begins with" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/remotes/origin/x", "begins with" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/headsup", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/head", "git's own" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/FETCH_HEAD", "git's own" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/x/HEAD", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/tags/HEAD", "git's own" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/" A, "object's id" },
	{ PUSH_MAINTAINER, Z, A, "refs/tags/" B, "object's id" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/deadbeef", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/" A200, NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/" A200 "a", "200 bytes" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/x/" A200 "/" A50, "255 bytes" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a%b", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/$(reboot)", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a|b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a&b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a<b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a>b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a'b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a\"b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a?", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a[b]", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a^", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a:b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a!b", "special" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/e\xcc\x81", "ASCII" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a\xe2\x80\xae", "ASCII" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/a\xff", "ASCII" },
	{ PUSH_MAINTAINER, Z, A, "refs/tags/-x", "begins with '-'" },
	/* Beside what is there. */
	{ PUSH_MAINTAINER, A, Z, "refs/heads/absent", "nothing to delete" },
	{ PUSH_RUN, A, Z, "refs/heads/absent", "agent/fix-7 only" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Dir/other", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Agent/x", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Two/c", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/two/c", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/TWO/c", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/far", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Far/x", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/GONE", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/agent/case", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/agent/fix-1/x", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/dir", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/DIR", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/Dir/leaf/x", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/heads/dir/other", NULL },
	{ PUSH_MAINTAINER, A, B, "refs/heads/agent/Case", NULL },
	{ PUSH_MAINTAINER, Z, A, "refs/tags/V1", "collides" },
	{ PUSH_MAINTAINER, Z, A, "refs/tags/main", NULL },
	{ PUSH_MAINTAINER, Z, Z, "refs/heads/nothing", "nothing to delete" },
};

static void
fill(struct push_command *c, const struct row *r, char *name, size_t size)
{
	memcpy(c->old, r->old, 41);
	memcpy(c->new_sha, r->new_sha, 41);
	assert_true(strlen(r->ref) < size);
	memcpy(name, r->ref, strlen(r->ref) + 1);
	c->ref = name;
}

static struct push_rules
rules_for(enum push_who who)
{
	return (struct push_rules){ .who = who,
		.run_branch = "agent/fix-7",
		.default_branch = "main",
		.refs = refs,
		.n_refs = sizeof(refs) / sizeof(refs[0]),
		.upstream = upstream,
		.n_upstream = sizeof(upstream) / sizeof(upstream[0]) };
}

static void
every_row_is_judged_as_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct push_rules rules = rules_for(r->who);
		struct push_command c;
		struct push_verdict v;
		char name[300];
		size_t n;

		fill(&c, r, name, sizeof(name));
		n = push_policy_judge(&rules, &c, 1, &v);
		assert_int_equal(n, v.ok ? 1 : 0);
		if (r->why == NULL && !v.ok)
			fail_msg("row %zu %s: %s", i, r->ref, v.reason);
		if (r->why != NULL &&
		    (v.ok || strstr(v.reason, r->why) == NULL))
			fail_msg("row %zu %s: got %s, want %s", i, r->ref,
			    v.ok ? "allowed" : v.reason, r->why);
	}
}

static void
a_run_without_a_branch_pushes_nothing(void **state)
{
	struct push_rules rules = rules_for(PUSH_RUN);
	struct row r = { PUSH_RUN, Z, A, "refs/heads/agent/fix-7", NULL };
	struct push_command c;
	struct push_verdict v;
	char name[100];

	(void)state;
	rules.run_branch = NULL;
	fill(&c, &r, name, sizeof(name));
	assert_int_equal(push_policy_judge(&rules, &c, 1, &v), 0);
	assert_non_null(strstr(v.reason, "no right"));
}

static void
commands_of_one_push_are_judged_together(void **state)
{
	const struct row r[] = {
		{ PUSH_MAINTAINER, Z, A, "refs/heads/n/a", NULL },
		{ PUSH_MAINTAINER, Z, A, "refs/heads/n", NULL },
		{ PUSH_MAINTAINER, Z, B, "refs/heads/n/a", NULL },
		{ PUSH_MAINTAINER, A, B, "refs/heads/main", NULL },
	};
	struct push_rules rules = rules_for(PUSH_MAINTAINER);
	struct push_command c[4];
	struct push_verdict v[4];
	char names[4][100];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		fill(&c[i], &r[i], names[i], sizeof(names[i]));
	assert_int_equal(push_policy_judge(&rules, c, 4, v), 1);
	assert_true(v[0].ok);
	assert_non_null(strstr(v[1].reason, "collides"));
	assert_non_null(strstr(v[2].reason, "twice"));
	rules.atomic = true;
	assert_int_equal(push_policy_judge(&rules, c, 4, v), 0);
	assert_non_null(strstr(v[0].reason, "atomic"));
	assert_non_null(strstr(v[3].reason, "protected"));
}

/* One command of alice under the rules, in place of a row of the table. */
static struct push_verdict
judged(struct push_rules *rules, const char *old, const char *new_sha,
    const char *ref)
{
	struct row r = { PUSH_MAINTAINER, old, new_sha, ref, NULL };
	struct push_command c;
	struct push_verdict v;
	char name[100];

	fill(&c, &r, name, sizeof(name));
	(void)push_policy_judge(rules, &c, 1, &v);
	return v;
}

#define MINE "refs/heads/mine"
#define BIT(f) (UINT64_C(1) << (f))

static void
a_protection_takes_away_and_gives_nothing(void **state)
{
	struct protect_rule rule = { .id = 1 };
	const struct protect_list list = { &rule, 1 };
	struct push_rules rules = rules_for(PUSH_MAINTAINER);

	(void)state;
	rules.protect = &list;
	rules.user = 7;
	rules.guards = true;
	rule.name = xstrdup("**");
	assert_false(judged(&rules, A, B, MINE).ok);
	rule.flags = BIT(PROTECT_PUSH) | BIT(PROTECT_FORCE);
	assert_true(judged(&rules, A, B, MINE).ok);
	assert_int_equal(judged(&rules, A, B, MINE).guards, 0);
	assert_false(judged(&rules, A, Z, MINE).ok);
	assert_false(judged(&rules, A, B, "refs/heads/main").ok);
	assert_false(judged(&rules, A, B, "refs/heads/release").ok);
	rule.flags = BIT(PROTECT_PUSH) | BIT(PROTECT_PUSH_LIST);
	assert_false(judged(&rules, A, B, MINE).ok);
	protect_rule_add_user(&rule, PROTECT_MAY_PUSH, 7, "alice");
	assert_int_equal(judged(&rules, A, B, MINE).guards, PUSH_GUARD_FORCE);
	assert_int_equal(judged(&rules, Z, B, "refs/heads/new").guards, 0);
	protect_rule_release(&rule);
}

static void
protected_files_are_seen_where_the_paths_are_known(void **state)
{
	static const char *const doc[] = { "docs/a" };
	static const char *const key[] = { "docs/a", "Secret/key" };
	struct protect_rule rule = { .id = 1, .flags = BIT(PROTECT_PUSH) };
	const struct protect_list list = { &rule, 1 };
	struct push_rules rules = rules_for(PUSH_MAINTAINER);

	(void)state;
	rules.protect = &list;
	rule.name = xstrdup("mine");
	rule.files = xstrdup("secret/**");
	rules.guards = true;
	assert_int_equal(judged(&rules, A, B, MINE).guards,
	    PUSH_GUARD_FORCE | PUSH_GUARD_KEEP);
	rules.guards = false;
	assert_false(judged(&rules, A, B, MINE).ok);
	rules.forward = true;
	assert_false(judged(&rules, A, B, MINE).ok);
	rules.paths = doc;
	rules.n_paths = 1;
	assert_true(judged(&rules, A, B, MINE).ok);
	rules.paths = key;
	rules.n_paths = 2;
	assert_false(judged(&rules, A, B, MINE).ok);
	rule.flags = 0;
	rule.open_files = xstrdup("docs/**");
	assert_false(judged(&rules, A, B, MINE).ok);
	rules.paths = doc;
	rules.n_paths = 1;
	assert_true(judged(&rules, A, B, MINE).ok);
	protect_rule_release(&rule);
}

static void
without_an_upstream_the_default_branch_is_pushed_to(void **state)
{
	struct push_rules rules = rules_for(PUSH_MAINTAINER);

	(void)state;
	rules.no_upstream = true;
	rules.n_upstream = 0;
	assert_true(judged(&rules, A, B, "refs/heads/main").ok);
	assert_false(judged(&rules, A, Z, "refs/heads/main").ok);
	rules.who = PUSH_SESSION;
	assert_false(judged(&rules, A, B, "refs/heads/main").ok);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_judged_as_written),
		cmocka_unit_test(a_run_without_a_branch_pushes_nothing),
		cmocka_unit_test(commands_of_one_push_are_judged_together),
		cmocka_unit_test(a_protection_takes_away_and_gives_nothing),
		cmocka_unit_test(
		    protected_files_are_seen_where_the_paths_are_known),
		cmocka_unit_test(
		    without_an_upstream_the_default_branch_is_pushed_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
