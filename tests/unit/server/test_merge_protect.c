#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/domain/merge_policy.h"
#include "server/domain/protect_rule.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BIT(f) (UINT64_C(1) << (f))

static struct merge_input
input(const struct protect_rule *r)
{
	return (struct merge_input){ .open = true,
		.mergeable = MERGE_CLEAN,
		.head_sha = SHA_A,
		.checks_state = MERGE_CHECKS_ABSENT,
		.user = 7,
		.rule = r };
}

/* NULL: there is no such requirement. */
static const struct merge_requirement *
asked(struct merge_verdict *v, const struct merge_input *in, const char *id)
{
	merge_policy_decide(in, v);
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->req[i].id, id) == 0)
			return &v->req[i];
	return NULL;
}

static bool
met(const struct merge_input *in, const char *id)
{
	static struct merge_verdict v;
	const struct merge_requirement *r = asked(&v, in, id);

	assert_non_null(r);
	if (r == NULL)
		return false;
	assert_true(r->added);
	if (!r->met)
		assert_false(v.open);
	return r->met;
}

static void
an_empty_rule_asks_for_nothing(void **state)
{
	struct protect_rule r = { .id = 1 };
	struct merge_input in = input(&r);
	static struct merge_verdict v;

	(void)state;
	merge_policy_decide(&in, &v);
	assert_true(v.open);
	assert_int_equal(v.n, 6);
}

static void
each_pattern_needs_a_status_that_passed(void **state)
{
	static const struct merge_status good[] = { { "lint", "success" },
		{ "deploy/a", "skipped" } };
	static const struct merge_status file[] = { { "ci/checks.yml",
	    "success" } };
	static const struct merge_status wrong[] = { { "ci/checks.yml",
	    "failure" } };
	static const struct merge_status bad[] = { { "lint", "success" },
		{ "deploy/a", "success" }, { "deploy/b", "pending" } };
	struct protect_rule r = { .flags = BIT(PROTECT_STATUS) };
	struct merge_input in = input(&r);

	(void)state;
	assert_false(met(&in, "statuses"));
	in.statuses = file;
	in.n_statuses = 1;
	assert_false(met(&in, "statuses"));
	in.statuses = good;
	in.n_statuses = 2;
	assert_true(met(&in, "statuses"));
	protect_rule_add_context(&r, "lint");
	protect_rule_add_context(&r, "deploy/*");
	assert_true(met(&in, "statuses"));
	in.statuses = bad;
	in.n_statuses = 3;
	assert_false(met(&in, "statuses"));
	in.n_statuses = 1;
	assert_false(met(&in, "statuses"));
	protect_rule_release(&r);
	/* A pattern does not name it, its name does. */
	r = (struct protect_rule){ .flags = BIT(PROTECT_STATUS) };
	protect_rule_add_context(&r, "ci/*");
	in.statuses = file;
	assert_false(met(&in, "statuses"));
	in.statuses = wrong;
	assert_false(met(&in, "statuses"));
	protect_rule_release(&r);
	r = (struct protect_rule){ .flags = BIT(PROTECT_STATUS) };
	protect_rule_add_context(&r, "ci/checks.yml");
	assert_false(met(&in, "statuses"));
	in.statuses = file;
	assert_true(met(&in, "statuses"));
	protect_rule_release(&r);
}

static void
approvals_count_of_those_who_may(void **state)
{
	static const struct merge_review reviews[] = {
		{ 1, "ann", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 2, "ben", true, false, false, MERGE_APPROVED, SHA_B, NULL },
		{ 3, "cleo", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 4, "dan", true, true, false, MERGE_APPROVED, SHA_A, NULL },
		{ 5, "eve", false, false, false, MERGE_APPROVED, SHA_A, NULL },
	};
	struct protect_rule r = { .approvals = 3 };
	struct merge_input in = input(&r);

	(void)state;
	in.reviews = reviews;
	in.n_reviews = 5;
	assert_true(met(&in, "approvals"));
	r.flags = BIT(PROTECT_IGNORE_STALE);
	assert_false(met(&in, "approvals"));
	r.flags = BIT(PROTECT_APPROVAL_LIST);
	r.approvals = 2;
	protect_rule_add_user(&r, PROTECT_MAY_APPROVE, 3, "cleo");
	assert_false(met(&in, "approvals"));
	/* She may write no longer. */
	protect_rule_add_user(&r, PROTECT_MAY_APPROVE, 5, "eve");
	assert_false(met(&in, "approvals"));
	protect_rule_add_user(&r, PROTECT_MAY_APPROVE, 1, "ann");
	assert_true(met(&in, "approvals"));
	protect_rule_release(&r);
}

static void
what_was_said_of_another_base_is_stale(void **state)
{
	struct merge_review reviews[] = {
		{ 1, "ann", true, false, true, MERGE_APPROVED, SHA_A, NULL },
	};
	struct protect_rule r = { .approvals = 1,
		.flags = BIT(PROTECT_IGNORE_STALE) };
	struct merge_input in = input(&r);

	(void)state;
	in.reviews = reviews;
	in.n_reviews = 1;
	assert_false(met(&in, "approvals"));
	reviews[0].retargeted = false;
	assert_true(met(&in, "approvals"));
	protect_rule_release(&r);
}

static void
a_rule_never_loosens_the_own_gate(void **state)
{
	struct merge_review reviews[] = {
		{ 3, "cleo", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 2, "ben", true, false, false, MERGE_REJECTED, SHA_A, NULL },
	};
	struct protect_rule r = { .approvals = 1,
		.flags = BIT(PROTECT_APPROVAL_LIST) };
	struct merge_input in = input(&r);
	static struct merge_verdict v;
	const struct merge_requirement *r0;

	(void)state;
	protect_rule_add_user(&r, PROTECT_MAY_APPROVE, 3, "cleo");
	in.approvals = 1;
	in.reviews = reviews;
	in.n_reviews = 2;
	assert_true(met(&in, "approvals"));
	merge_policy_decide(&in, &v);
	r0 = merge_policy_obstacle(&v);
	assert_non_null(r0);
	assert_true(r0 != NULL && strcmp(r0->id, "rejection") == 0);
	reviews[1].verdict = MERGE_APPROVED;
	merge_policy_decide(&in, &v);
	assert_null(merge_policy_obstacle(&v));
	protect_rule_release(&r);
}

static void
no_override_passes_what_cannot_be_merged(void **state)
{
	struct protect_rule r = { .approvals = 1 };
	struct merge_input in = input(&r);
	static struct merge_verdict v;

	(void)state;
	merge_policy_decide(&in, &v);
	assert_non_null(merge_policy_obstacle(&v));
	assert_null(merge_policy_fixed_obstacle(&v));
	in.approvals = 2;
	in.current = in.behind = true;
	in.budget = 9;
	merge_policy_decide(&in, &v);
	assert_null(merge_policy_fixed_obstacle(&v));
	in.draft = true;
	merge_policy_decide(&in, &v);
	assert_non_null(merge_policy_fixed_obstacle(&v));
	in.draft = false;
	in.mergeable = MERGE_UNKNOWN;
	merge_policy_decide(&in, &v);
	assert_non_null(merge_policy_fixed_obstacle(&v));
	in.mergeable = MERGE_CONFLICT;
	merge_policy_decide(&in, &v);
	assert_non_null(merge_policy_fixed_obstacle(&v));
}

static void
requests_files_and_age_are_asked_for(void **state)
{
	static const struct merge_request requests[] = { { 5, "eve", false },
		{ 6, "fay", true } };
	struct protect_rule r = { .flags = BIT(PROTECT_REQUESTS) |
		    BIT(PROTECT_OUTDATED) | BIT(PROTECT_MERGE_LIST) };
	struct merge_input in = input(&r);

	(void)state;
	assert_true(met(&in, "requests"));
	in.requests = requests;
	in.n_requests = 1;
	assert_true(met(&in, "requests"));
	in.n_requests = 2;
	assert_false(met(&in, "requests"));
	assert_true(met(&in, "outdated"));
	in.behind = true;
	assert_false(met(&in, "outdated"));
	assert_false(met(&in, "merger"));
	protect_rule_add_user(&r, PROTECT_MAY_MERGE, 7, "gus");
	assert_true(met(&in, "merger"));
	r.files = xstrdup("secret/**");
	assert_true(met(&in, "files"));
	in.files = MERGE_FILES_UNKNOWN;
	assert_false(met(&in, "files"));
	protect_rule_release(&r);
}

static const struct file_case {
	const char *name;
	struct merge_review v;
	bool met;
} file_cases[] = {
	{ "both by name",
	    { .maintainer = true,
		.verdict = MERGE_APPROVED,
		.sha = SHA_A,
		.body = "Fine.\r\nfile: secret/x\r\nfile:  a b \n" },
	    true },
	{ "one of two",
	    { .maintainer = true,
		.verdict = MERGE_APPROVED,
		.sha = SHA_A,
		.body = "file: secret/x" },
	    false },
	{ "quoted",
	    { .maintainer = true,
		.verdict = MERGE_APPROVED,
		.sha = SHA_A,
		.body = "> file: secret/x\n> file: a b" },
	    false },
	{ "in passing",
	    { .maintainer = true,
		.verdict = MERGE_APPROVED,
		.sha = SHA_A,
		.body = "see file: secret/x\nfile: a b" },
	    false },
	{ "an older head",
	    { .maintainer = true,
		.verdict = MERGE_APPROVED,
		.sha = SHA_B,
		.body = "file: secret/x\nfile: a b" },
	    false },
	{ "who wrote it",
	    { .maintainer = true,
		.wrote = true,
		.verdict = MERGE_APPROVED,
		.sha = SHA_A,
		.body = "file: secret/x\nfile: a b" },
	    false },
	{ "a reader",
	    { .verdict = MERGE_APPROVED,
		.sha = SHA_A,
		.body = "file: secret/x\nfile: a b" },
	    false },
	{ "no approval",
	    { .maintainer = true,
		.verdict = MERGE_COMMENT,
		.sha = SHA_A,
		.body = "file: secret/x\nfile: a b" },
	    false },
};

static void
protected_files_are_approved_by_name(void **state)
{
	static const char *const changed[] = { "secret/x", "a b" };
	struct protect_rule r = { .files = xstrdup("**") };
	struct merge_input in = input(&r);

	(void)state;
	in.files = MERGE_FILES_CHANGED;
	in.changed = changed;
	in.n_changed = 2;
	assert_false(met(&in, "files"));
	for (size_t i = 0; i < sizeof(file_cases) / sizeof(file_cases[0]);
	     i++) {
		in.reviews = &file_cases[i].v;
		in.n_reviews = 1;
		if (met(&in, "files") != file_cases[i].met)
			fail_msg("%s", file_cases[i].name);
	}
	in.files = MERGE_FILES_UNKNOWN;
	in.reviews = &file_cases[0].v;
	assert_false(met(&in, "files"));
	protect_rule_release(&r);
}

static void
a_merge_waits_for_what_may_come(void **state)
{
	struct protect_rule r = { .approvals = 1 };
	struct merge_input in = input(&r);
	static struct merge_verdict v;

	(void)state;
	merge_policy_decide(&in, &v);
	assert_true(merge_policy_may_wait(&v));
	in.mergeable = MERGE_UNKNOWN;
	merge_policy_decide(&in, &v);
	assert_true(merge_policy_may_wait(&v));
	in.mergeable = MERGE_CONFLICT;
	merge_policy_decide(&in, &v);
	assert_false(merge_policy_may_wait(&v));
	in = input(&r);
	in.draft = true;
	merge_policy_decide(&in, &v);
	assert_false(merge_policy_may_wait(&v));
	assert_string_equal(
	    merge_policy_refusal(merge_policy_obstacle(&v)->cause),
	    "Work in progress pull requests cannot be merged");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_rule_asks_for_nothing),
		cmocka_unit_test(each_pattern_needs_a_status_that_passed),
		cmocka_unit_test(approvals_count_of_those_who_may),
		cmocka_unit_test(what_was_said_of_another_base_is_stale),
		cmocka_unit_test(a_rule_never_loosens_the_own_gate),
		cmocka_unit_test(no_override_passes_what_cannot_be_merged),
		cmocka_unit_test(protected_files_are_approved_by_name),
		cmocka_unit_test(requests_files_and_age_are_asked_for),
		cmocka_unit_test(a_merge_waits_for_what_may_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
