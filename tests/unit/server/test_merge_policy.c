#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/domain/merge_policy.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct merge_input
input(void)
{
	return (struct merge_input){ .open = true,
		.mergeable = MERGE_CLEAN,
		.head_sha = SHA_A,
		.checks_state = MERGE_CHECKS_ABSENT };
}

static const struct merge_requirement *
find(const struct merge_verdict *v, const char *id)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->req[i].id, id) == 0)
			return &v->req[i];
	return NULL;
}

static bool
met(const struct merge_input *in, const char *id)
{
	struct merge_verdict v;
	const struct merge_requirement *r;

	merge_policy_decide(in, &v);
	r = find(&v, id);
	if (r == NULL) {
		fail_msg("no requirement %s", id);
		return false;
	}
	if (!r->met)
		assert_false(v.open);
	return r->met;
}

static void
everything_met_opens_the_gate(void **state)
{
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	merge_policy_decide(&in, &v);
	assert_true(v.open);
	assert_int_equal(v.n, 6);
	assert_null(merge_policy_obstacle(&v));
}

static void
only_an_open_pull_may_merge(void **state)
{
	struct merge_input in = input();

	(void)state;
	in.draft = true;
	assert_false(met(&in, "state"));
	in = input();
	in.merged = true;
	assert_false(met(&in, "state"));
	in = input();
	in.open = false;
	assert_false(met(&in, "state"));
}

static void
unknown_mergeability_is_not_clean(void **state)
{
	struct merge_input in = input();

	(void)state;
	in.mergeable = MERGE_UNKNOWN;
	assert_false(met(&in, "mergeable"));
	in.mergeable = MERGE_CONFLICT;
	assert_false(met(&in, "mergeable"));
}

static void
a_wrong_checks_file_shuts_the_gate(void **state)
{
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	in.checks_state = MERGE_CHECKS_WRONG;
	in.checks_error = "line 3: unknown key 'tset'";
	merge_policy_decide(&in, &v);
	assert_false(v.open);
	assert_non_null(strstr(find(&v, "checks")->why, "line 3"));
}

static void
only_success_of_a_required_check_counts(void **state)
{
	static const char *const states[] = { NULL, "pending", "failure",
		"error", "warning", "Success", "" };
	struct merge_check c = { .name = "test", .required = true };
	struct merge_input in = input();

	(void)state;
	in.checks_state = MERGE_CHECKS_OK;
	in.checks = &c;
	in.n_checks = 1;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		c.state = states[i];
		assert_false(met(&in, "check:test"));
	}
	c.state = "success";
	assert_true(met(&in, "check:test"));
}

static void
a_check_that_is_not_required_is_no_requirement(void **state)
{
	const struct merge_check c = { .name = "slow", .state = "failure" };
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	in.checks_state = MERGE_CHECKS_OK;
	in.checks = &c;
	in.n_checks = 1;
	merge_policy_decide(&in, &v);
	assert_true(v.open);
	assert_null(find(&v, "check:slow"));
}

static const struct approval_case {
	const char *name;
	struct merge_review v[3];
	size_t n;
	bool approval, rejection;
} approval_cases[] = {
	{ "nobody", { { .user = 0 } }, 0, false, true },
	{ "a maintainer",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL } }, 1,
	    true, true },
	{ "a reader",
	    { { 1, "a", false, false, false, MERGE_APPROVED, SHA_A, NULL } }, 1,
	    false, true },
	{ "who wrote the head",
	    { { 1, "a", true, true, false, MERGE_APPROVED, SHA_A, NULL } }, 1,
	    false, true },
	{ "another base",
	    { { 1, "a", true, false, true, MERGE_APPROVED, SHA_A, NULL } }, 1,
	    false, true },
	{ "an older head",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_B, NULL } }, 1,
	    false, true },
	{ "a rejection later",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 1, "a", true, false, false, MERGE_REJECTED, SHA_A, NULL } },
	    2, false, false },
	{ "an approval later",
	    { { 1, "a", true, false, false, MERGE_REJECTED, SHA_B, NULL },
		{ 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL } },
	    2, true, true },
	{ "a comment changes nothing",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 1, "a", true, false, false, MERGE_COMMENT, SHA_A, NULL } },
	    2, true, true },
	{ "another's rejection",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 2, "b", true, false, false, MERGE_REJECTED, SHA_B, NULL } },
	    2, true, false },
	{ "a reader's rejection",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 2, "b", false, false, false, MERGE_REJECTED, SHA_A, NULL } },
	    2, true, true },
	{ "one person twice",
	    { { 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL } },
	    2, true, true },
};

static void
approvals_are_of_maintainers_for_this_head(void **state)
{
	(void)state;
	for (size_t i = 0;
	     i < sizeof(approval_cases) / sizeof(approval_cases[0]); i++) {
		const struct approval_case *c = &approval_cases[i];
		struct merge_input in = input();

		in.approvals = 1;
		in.reviews = c->v;
		in.n_reviews = c->n;
		if (met(&in, "approval") != c->approval)
			fail_msg("%s: approval", c->name);
		if (met(&in, "rejection") != c->rejection)
			fail_msg("%s: rejection", c->name);
	}
}

static void
one_person_is_one_approval(void **state)
{
	const struct merge_review v[] = {
		{ 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
	};
	const struct merge_review two[] = {
		{ 1, "a", true, false, false, MERGE_APPROVED, SHA_A, NULL },
		{ 2, "b", true, false, false, MERGE_APPROVED, SHA_A, NULL },
	};
	struct merge_input in = input();

	(void)state;
	in.approvals = 2;
	in.reviews = v;
	in.n_reviews = 2;
	assert_false(met(&in, "approval"));
	in.reviews = two;
	assert_true(met(&in, "approval"));
}

static void
the_list_is_bounded(void **state)
{
	struct merge_check c[MERGE_MAX_CHECKS + 9];
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		c[i] = (struct merge_check){ "x", true, "success" };
	in.checks_state = MERGE_CHECKS_OK;
	in.checks = c;
	in.n_checks = sizeof(c) / sizeof(c[0]);
	merge_policy_decide(&in, &v);
	assert_int_equal(v.n, MERGE_MAX_CHECKS + 5);
}

static void
what_a_project_wants_is_asked_for(void **state)
{
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	in.behind = true;
	in.n_open = 2;
	merge_policy_decide(&in, &v);
	assert_true(v.open);
	assert_null(find(&v, "current"));
	assert_null(find(&v, "conversations"));
	in.current = in.conversations = true;
	assert_false(met(&in, "current"));
	assert_false(met(&in, "conversations"));
	in.behind = false;
	in.n_open = 0;
	assert_true(met(&in, "current"));
	assert_true(met(&in, "conversations"));
	in.budget = 4;
	assert_false(met(&in, "budget"));
}

static void
findings_that_are_open_keep_it_shut(void **state)
{
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	merge_policy_decide(&in, &v);
	assert_null(find(&v, "findings"));
	in.findings = MERGE_FINDINGS_UNKNOWN;
	assert_false(met(&in, "findings"));
	in.found_error = "the worker was killed";
	merge_policy_decide(&in, &v);
	assert_non_null(strstr(find(&v, "findings")->why, "was killed"));
	in.findings = MERGE_FINDINGS_KNOWN;
	in.n_found = 2;
	in.found_rule = "bidi";
	in.found_file = "a.c";
	merge_policy_decide(&in, &v);
	assert_false(v.open);
	assert_int_equal(
	    merge_policy_obstacle(&v)->cause, MERGE_CAUSE_FINDINGS);
	assert_non_null(strstr(find(&v, "findings")->why, "bidi in a.c"));
	/* An admin may pass over them. */
	assert_null(merge_policy_fixed_obstacle(&v));
	in.n_found = 0;
	assert_true(met(&in, "findings"));
}

static void
a_skipped_check_is_met_and_says_so(void **state)
{
	const struct merge_check c = {
		.name = "docs", .required = true, .state = "skipped"
	};
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	in.checks_state = MERGE_CHECKS_OK;
	in.checks = &c;
	in.n_checks = 1;
	merge_policy_decide(&in, &v);
	assert_true(v.open);
	assert_non_null(strstr(find(&v, "check:docs")->why, "skipped"));
}

static void
a_check_says_whether_it_ran_on_the_head_or_on_the_merge(void **state)
{
	const struct merge_check c = { .name = "unit", .required = true };
	struct merge_input in = input();
	struct merge_verdict v;

	(void)state;
	in.checks_state = MERGE_CHECKS_OK;
	in.checks = &c;
	in.n_checks = 1;
	merge_policy_decide(&in, &v);
	assert_string_equal(
	    find(&v, "check:unit")->why, "ci/unit on the head: no verdict yet");
	in.merged_into = "0123456789012345678901234567890123456789";
	merge_policy_decide(&in, &v);
	assert_string_equal(find(&v, "check:unit")->why,
	    "ci/unit on the merge with 012345678901: no verdict yet");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_met_opens_the_gate),
		cmocka_unit_test(
		    a_check_says_whether_it_ran_on_the_head_or_on_the_merge),
		cmocka_unit_test(only_an_open_pull_may_merge),
		cmocka_unit_test(unknown_mergeability_is_not_clean),
		cmocka_unit_test(a_wrong_checks_file_shuts_the_gate),
		cmocka_unit_test(only_success_of_a_required_check_counts),
		cmocka_unit_test(
		    a_check_that_is_not_required_is_no_requirement),
		cmocka_unit_test(approvals_are_of_maintainers_for_this_head),
		cmocka_unit_test(one_person_is_one_approval),
		cmocka_unit_test(the_list_is_bounded),
		cmocka_unit_test(what_a_project_wants_is_asked_for),
		cmocka_unit_test(findings_that_are_open_keep_it_shut),
		cmocka_unit_test(a_skipped_check_is_met_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
