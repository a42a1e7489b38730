#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/dial_rule.h"
#include "server/domain/hook_rule.h"
#include "server/domain/types.h"
#include "server/jobs/hook_priv.h"

#define SHA_X "1111111111111111111111111111111111111111"
#define SHA_Y "2222222222222222222222222222222222222222"

static void
a_kind_of_event_has_its_types_and_action(void **state)
{
	static const struct {
		struct hook_fact f;
		const char *said; /* type:action, a space after each */
	} rows[] = {
		{ { .kind = "issue.opened" }, "issues:opened " },
		{ { .kind = "issue.edited", .is_pull = true },
		    "pull_request:edited " },
		{ { .kind = "issue.labeled" }, "issue_label:label_updated " },
		{ { .kind = "issue.labeled", .is_pull = true, .cleared = true },
		    "pull_request_label:label_cleared " },
		{ { .kind = "issue.unassigned", .is_pull = true },
		    "pull_request_assign:unassigned " },
		{ { .kind = "issue.milestoned" },
		    "issue_milestone:milestoned " },
		{ { .kind = "pull.merged" }, "pull_request:closed " },
		{ { .kind = "pull.synchronized" },
		    "pull_request_sync:synchronized " },
		{ { .kind = "pull.review_requested" },
		    "pull_request_review_request:review_requested " },
		{ { .kind = "comment.deleted" }, "issue_comment:deleted " },
		{ { .kind = "comment.created", .is_pull = true },
		    "pull_request_comment:created " },
		{ { .kind = "review.created", .verdict = "APPROVED" },
		    "pull_request_review_approved:reviewed " },
		{ { .kind = "review.created", .verdict = "PENDING" }, "" },
		{ { .kind = "status.created" }, "status: " },
		{ { .kind = "project.created" }, "repository:created " },
		{ { .kind = "branch.updated",
		      .ref = "refs/heads/x",
		      .old = SHA_ZERO,
		      .now = SHA_X },
		    "create: push: " },
		{ { .kind = "branch.updated",
		      .ref = "refs/tags/x",
		      .old = SHA_X,
		      .now = SHA_ZERO },
		    "push: delete: " },
		{ { .kind = "branch.updated",
		      .ref = "refs/heads/x",
		      .old = SHA_X,
		      .now = SHA_Y },
		    "push: " },
		{ { .kind = "branch.updated",
		      .ref = "refs/pull/1/head",
		      .old = SHA_X,
		      .now = SHA_Y },
		    "" },
		{ { .kind = "branch.updated" }, "" },
		{ { .kind = "run.created" }, "" },
		{ { .kind = "issue.locked" }, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hook_say says[HOOK_TYPES_MAX];
		size_t n = hook_rule_says(&rows[i].f, says);
		AUTO_STR struct str got = STR_INIT;

		for (size_t k = 0; k < n; k++)
			str_addf(&got, "%s:%s ", hook_type_name(says[k].type),
			    says[k].action);
		assert_string_equal(str_cstr(&got), rows[i].said);
	}
}

static void
a_group_switches_on_its_types_and_only_the_bare_one(void **state)
{
	const char *const issues[] = { "push", "issues" };
	const char *const only[] = { "issues_only", "pull_request_only" };
	const char *const review[] = { "pull_request_review" };

	(void)state;
	assert_true(hook_rule_wants(HOOK_ISSUES, issues, 2));
	assert_true(hook_rule_wants(HOOK_ISSUE_LABEL, issues, 2));
	assert_true(hook_rule_wants(HOOK_PUSH, issues, 2));
	assert_false(hook_rule_wants(HOOK_PULL, issues, 2));
	assert_true(hook_rule_wants(HOOK_ISSUES, only, 2));
	assert_true(hook_rule_wants(HOOK_PULL, only, 2));
	assert_false(hook_rule_wants(HOOK_ISSUE_LABEL, only, 2));
	assert_false(hook_rule_wants(HOOK_PULL_SYNC, only, 2));
	assert_true(hook_rule_wants(HOOK_PULL_REJECTED, review, 1));
	assert_false(hook_rule_wants(HOOK_PULL_COMMENT, review, 1));
	assert_string_equal(
	    hook_type_group(HOOK_PULL_APPROVED), "pull_request_approved");
	assert_string_equal(
	    hook_type_group(HOOK_PULL_COMMENT), "issue_comment");
}

static void
a_filter_is_for_branches_and_passes_slashes(void **state)
{
	(void)state;
	assert_true(hook_rule_branch("", "refs/heads/a"));
	assert_true(hook_rule_branch("*", "refs/heads/a/b"));
	assert_true(hook_rule_branch("{main,rel/*}", "refs/heads/rel/1/2"));
	assert_true(hook_rule_branch("{main,rel/*}", "refs/heads/main"));
	assert_false(hook_rule_branch("{main,rel/*}", "refs/heads/mainly"));
	assert_true(hook_rule_branch("main", "refs/tags/v1"));
	assert_int_equal(hook_rule_filter_ok("a/*"), 0);
	assert_int_equal(hook_rule_filter_ok(""), 0);
	assert_int_equal(hook_rule_filter_ok("[a"), -1);
	assert_int_equal(hook_rule_filter_ok("{a"), -1);
}

static void
a_url_has_a_host(void **state)
{
	static const struct {
		const char *url, *host; /* NULL: refused */
	} rows[] = {
		{ "http://a.example/x", "a.example" },
		{ "https://A.Example:8443", "a.example" },
		{ "https://u:p@h/x", "h" },
		{ "https://good@evil?x=@good", "evil" },
		{ "http://h#@x", "h" },
		{ "http://[::1]:80/x", "::1" },
		{ "http://[::1", NULL },
		{ "http://[::1]x/", NULL },
		{ "http:///x", NULL },
		{ "http://@/x", NULL },
		{ "http://h\\x", NULL },
		{ "http://h x", NULL },
		{ "ftp://h/", NULL },
		{ "file:///etc/passwd", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char host[64] = "";
		bool ok = hook_rule_url_ok(rows[i].url) &&
		    hook_rule_host(rows[i].url, host, sizeof(host));

		assert_int_equal(ok, rows[i].host != NULL);
		if (ok)
			assert_string_equal(host, rows[i].host);
	}
}

static void
a_failure_is_tried_again_with_longer_waits(void **state)
{
	struct hook_try t = { .status = 500, .wait_ms = 10 };
	struct hook_next n;
	int64_t waits[] = { 10, 40, 160, 640, 2560 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		t.attempts = (int64_t)i + 1;
		t.failures = (int64_t)i;
		hook_rule_next(&t, &n);
		assert_false(n.over);
		assert_false(n.open);
		assert_int_equal(n.wait_ms, waits[i]);
	}
	t.attempts = HOOK_ATTEMPTS_MAX;
	t.failures = 5;
	hook_rule_next(&t, &n);
	assert_true(n.over);
	assert_true(n.open);
	assert_int_equal(n.wait_ms, 10 * HOOK_BREAK_FACTOR);
	t.status = 204;
	hook_rule_next(&t, &n);
	assert_true(n.ok && n.over && !n.open);
	assert_int_equal(n.failures, 0);
}

static void
an_answer_that_will_not_change_is_final(void **state)
{
	static const struct {
		int status;
		bool refused, over;
	} rows[] = {
		{ 0, false, false },
		{ 0, true, true },
		{ 301, false, true },
		{ 404, false, true },
		{ 408, false, false },
		{ 410, false, true },
		{ 425, false, false },
		{ 429, false, false },
		{ 503, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct hook_try t = { .status = rows[i].status,
			.refused = rows[i].refused,
			.attempts = 1,
			.wait_ms = 10 };
		struct hook_next n;

		hook_rule_next(&t, &n);
		assert_false(n.ok);
		assert_int_equal(n.over, rows[i].over);
		assert_int_equal(n.wait_ms, rows[i].over ? 0 : 10);
	}
}

/* Is it dialled for that host under the rule? */
static bool
dials(const struct dial_rule *r, const char *host, const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return dial_rule_ok(
		    r, host, (const struct sockaddr *)&v4, sizeof(v4));
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return dial_rule_ok(r, host, (const struct sockaddr *)&v6, sizeof(v6));
}

static void
only_public_addresses_are_dialled(void **state)
{
	static const char *const no[] = { "0.0.0.0", "10.1.2.3", "100.64.0.1",
		"127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1",
		"224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fc00::1",
		"fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1",
		"64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"2002:7f00:1::", "2001::1", "2001:db8::1", "100::1" };
	static const char *const yes[] = { "1.1.1.1", "172.15.0.1",
		"172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111",
		"2001:4860::8888", "::ffff:1.1.1.1", "64:ff9b::101:101" };
	struct err e = ERR_INIT;
	struct dial_rule *r = dial_rule_new(NULL, &e);

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (dials(r, "h", no[i]))
			fail_msg("%s is dialled", no[i]);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!dials(r, "h", yes[i]))
			fail_msg("%s is not dialled", yes[i]);
	dial_rule_free(r);
}

static void
what_is_listed_is_dialled_too(void **state)
{
	struct err e = ERR_INIT;
	struct dial_rule *r = dial_rule_new(
	    "10.1.0.0/16, fd00::/8 192.168.0.7,ci.example,*.corp.example", &e);

	(void)state;
	assert_non_null(r);
	assert_true(dials(r, "h", "10.1.255.1"));
	assert_true(dials(r, "h", "::ffff:10.1.255.1"));
	assert_false(dials(r, "h", "10.2.0.1"));
	assert_true(dials(r, "h", "fd12::1"));
	assert_true(dials(r, "h", "192.168.0.7"));
	assert_false(dials(r, "h", "192.168.0.8"));
	assert_true(dials(r, "ci.example", "127.0.0.1"));
	assert_false(dials(r, "x.ci.example", "127.0.0.1"));
	assert_true(dials(r, "a.b.corp.example", "10.9.9.9"));
	assert_false(dials(r, "corp.example", "10.9.9.9"));
	assert_false(dials(r, "xcorp.example", "10.9.9.9"));
	dial_rule_free(r);
	r = dial_rule_new("loopback private", &e);
	assert_non_null(r);
	assert_true(dials(r, "h", "127.0.0.9"));
	assert_true(dials(r, "h", "::1"));
	assert_true(dials(r, "h", "172.20.0.1"));
	assert_false(dials(r, "h", "169.254.169.254"));
	dial_rule_free(r);
	assert_null(dial_rule_new("10.0.0.0/33", &e));
	assert_null(dial_rule_new("10.0.0.0/8x", &e));
	assert_null(dial_rule_new("UPPER", &e));
	assert_null(dial_rule_new("a/b", &e));
}

static void
signatures_are_those_of_rfc_2202_and_4231(void **state)
{
	char one[HOOK_SIGN_1_HEX + 1], two[HOOK_SIGN_256_HEX + 1];
	const struct view v = VIEW_LIT("what do ya want for nothing?");
	char key[81];

	(void)state;
	hook_sign_1("Jefe", v, one);
	hook_sign_256("Jefe", v, two);
	assert_string_equal(one, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	assert_string_equal(two,
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 80);
	key[80] = '\0';
	hook_sign_1(key,
	    VIEW_LIT("Test Using Larger Than Block-Size Key - Hash Key First"),
	    one);
	assert_string_equal(one, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	hook_sign_1("", v, one);
	hook_sign_256("", v, two);
	assert_string_equal(one, "");
	assert_string_equal(two, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_of_event_has_its_types_and_action),
		cmocka_unit_test(
		    a_group_switches_on_its_types_and_only_the_bare_one),
		cmocka_unit_test(a_filter_is_for_branches_and_passes_slashes),
		cmocka_unit_test(a_url_has_a_host),
		cmocka_unit_test(a_failure_is_tried_again_with_longer_waits),
		cmocka_unit_test(an_answer_that_will_not_change_is_final),
		cmocka_unit_test(only_public_addresses_are_dialled),
		cmocka_unit_test(what_is_listed_is_dialled_too),
		cmocka_unit_test(signatures_are_those_of_rfc_2202_and_4231),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
