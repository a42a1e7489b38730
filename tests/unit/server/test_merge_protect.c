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
	assert_int_equal(v.n, 5);
}

static void
each_pattern_needs_a_status_that_passed(void **state)
{
	static const struct merge_status good[] = { { "lint", "success" },
		{ "deploy/a", "skipped" } };
	static const struct merge_status bad[] = { { "lint", "success" },
		{ "deploy/a", "success" }, { "deploy/b", "pending" } };
	struct protect_rule r = { .flags = BIT(PROTECT_STATUS) };
	struct merge_input in = input(&r);

	(void)state;
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
}

static void
approvals_count_of_those_who_may(void **state)
{
	static const struct merge_review reviews[] = {
		{ 1, "ann", true, false, false, MERGE_APPROVED, SHA_A },
		{ 2, "ben", true, false, false, MERGE_APPROVED, SHA_B },
		{ 3, "cleo", true, false, false, MERGE_APPROVED, SHA_A },
		{ 4, "dan", true, true, false, MERGE_APPROVED, SHA_A },
		{ 5, "eve", false, false, false, MERGE_APPROVED, SHA_A },
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
		{ 1, "ann", true, false, true, MERGE_APPROVED, SHA_A },
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
		{ 3, "cleo", true, false, false, MERGE_APPROVED, SHA_A },
		{ 2, "ben", true, false, false, MERGE_REJECTED, SHA_A },
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
	r0 = merge_policy_own_obstacle(&v);
	assert_non_null(r0);
	assert_true(r0 != NULL && strcmp(r0->id, "rejection") == 0);
	reviews[1].verdict = MERGE_APPROVED;
	merge_policy_decide(&in, &v);
	assert_null(merge_policy_own_obstacle(&v));
	protect_rule_release(&r);
}

static void
force_passes_what_the_rule_adds_only(void **state)
{
	struct protect_rule r = { .approvals = 1 };
	struct merge_input in = input(&r);
	static struct merge_verdict v;

	(void)state;
	merge_policy_decide(&in, &v);
	assert_non_null(merge_policy_obstacle(&v));
	assert_null(merge_policy_own_obstacle(&v));
	in.draft = true;
	merge_policy_decide(&in, &v);
	assert_non_null(merge_policy_own_obstacle(&v));
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
	in.files = MERGE_FILES_CHANGED;
	in.file = "secret/x";
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
		cmocka_unit_test(force_passes_what_the_rule_adds_only),
		cmocka_unit_test(requests_files_and_age_are_asked_for),
		cmocka_unit_test(a_merge_waits_for_what_may_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
