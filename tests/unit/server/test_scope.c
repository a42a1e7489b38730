#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "server/auth/bucket.h"
#include "server/domain/scope.h"

static void
assert_text(const char *in, const char *want)
{
	AUTO_STR struct str out = STR_INIT;

	scope_text(scope_parse(in), &out);
	assert_string_equal(str_cstr(&out), want);
}

static void
sets_are_written_as_gitea_does(void **state)
{
	(void)state;
	assert_text("", "all");
	assert_text("all,read:user", "all");
	assert_text("write:repository,read:repository,read:issue",
	    "read:issue,write:repository");
	assert_text("status,public-only", "public-only,status");
	assert_int_equal(scope_word(VIEW_LIT("read:everything")), 0);
	assert_int_equal(scope_word(VIEW_LIT("read:")), 0);
	assert_int_equal(scope_word(VIEW_LIT("delete:user")), 0);
	assert_int_equal(scope_word(VIEW_LIT("ALL")), 0);
}

struct row {
	const char *scopes;
	const char *method;
	const char *pattern;
	bool allowed;
};

#define R "/api/v1/repos/{o}/{r}"

static const struct row rows[] = {
	{ "all", "DELETE", "/api/v1/admin/users/{name}", true },
	{ "write:repository", "DELETE", "/api/v1/admin/users/{name}", false },
	{ "read:admin", "GET", "/api/v1/admin/users", true },
	{ "read:admin", "POST", "/api/v1/admin/users", false },
	{ "read:user", "GET", "/api/v1/version", true },
	{ "read:misc", "GET", "/api/v1/settings/api", true },
	{ "read:issue", "DELETE", "/api/v1/token", true },
	{ "read:issue", "GET", R "/issues/{n}", true },
	{ "read:issue", "POST", R "/issues", false },
	{ "read:issue", "GET", "/attachments/{uuid}", true },
	{ "read:repository", "GET", "/attachments/{uuid}", false },
	{ "write:issue", "POST", R "/issues/{n}/comments", true },
	{ "write:issue", "GET", R "/labels", true },
	{ "write:issue", "GET", R, false },
	{ "write:issue", "GET", R "/pulls", false },
	{ "read:repository", "GET", R "/pulls/{n}", true },
	{ "read:repository", "POST", R "/statuses/{sha}", false },
	{ "read:repository", "GET", R "/issues", false },
	{ "write:repository", "PUT", R "/branch_protections/{name}", true },
	{ "read:repository", "GET", "/api/v1/user/repos", false },
	{ "read:repository,read:user", "GET", "/api/v1/user/repos", true },
	{ "read:user", "GET", "/api/v1/user/orgs", false },
	{ "read:user", "GET", "/api/v1/users/{name}", true },
	{ "read:notification", "GET", "/api/v1/notifications/new", true },
	{ "read:notification", "PUT", "/api/v1/notifications", false },
	{ "read:issue", "GET", "/api/v1/repos/issues/search", true },
	{ "read:repository", "GET", "/api/coffer/v1/events", false },
	{ "read:repository,read:issue", "GET", "/api/coffer/v1/events", true },
	{ "status", "GET", "/api/coffer/v1/events", false },
	{ "status", "GET", "/api/coffer/v1/projects/{o}/{r}", false },
	{ "status", "GET", "/api/coffer/v1/repos/{o}/{r}/pulls/{n}/gate",
	    true },
	{ "status", "GET", "/api/coffer/v1/repos/{o}/{r}/hooks/{id}/deliveries",
	    false },
	{ "status", "GET", R "/hooks", false },
	{ "status", "GET", R "/notifications", false },
	{ "write:repository", "GET", "/api/coffer/v1/admin/hooks/{id}", false },
	{ "status", "GET", "/api/coffer/v1/admin/hooks/{id}", false },
	{ "read:admin", "GET", "/api/coffer/v1/admin/hooks/{id}", true },
	{ "read:repository", "GET",
	    "/api/coffer/v1/repos/{o}/{r}/issues/{n}/history", false },
	{ "read:issue", "GET",
	    "/api/coffer/v1/repos/{o}/{r}/issues/comments/{id}/history", true },
	{ "read:repository", "POST", "/api/coffer/v1/runs", false },
	{ "status", "POST", R "/statuses/{sha}", true },
	{ "status", "GET", R "/commits/{ref}/status", true },
	{ "status", "GET", R "/issues", true },
	{ "status", "POST", R "/issues", false },
	{ "status", "GET", "/api/v1/user", true },
	{ "status", "GET", "/api/v1/notifications", false },
	{ "status", "GET", "/api/v1/admin/users", false },
};

static void
a_route_asks_for_its_area_and_level(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scope_need need;

		scope_of(rows[i].method, rows[i].pattern, &need);
		if (scope_allows(scope_parse(rows[i].scopes), &need) !=
		    rows[i].allowed)
			fail_msg("%s %s %s", rows[i].scopes, rows[i].method,
			    rows[i].pattern);
		assert_true(scope_allows(0, &need));
	}
}

static void
a_bound_token_stays_in_its_repository(void **state)
{
	struct scope_need need;

	(void)state;
	scope_of("GET", R "/issues", &need);
	assert_true(need.bound && need.repository);
	scope_of("POST", "/api/coffer/v1/projects/{o}/{p}/sync", &need);
	assert_true(need.bound && need.repository);
	scope_of("GET", "/api/coffer/v1/repos/{o}/{r}/pulls/{n}/gate", &need);
	assert_true(need.bound && need.repository);
	scope_of("GET", "/api/v1/user", &need);
	assert_true(need.bound && !need.repository);
	scope_of("GET", "/api/v1/repos/search", &need);
	assert_false(need.bound);
	scope_of("GET", "/api/coffer/v1/events", &need);
	assert_false(need.bound);
	scope_of("GET", "/api/v1/users/{name}", &need);
	assert_false(need.bound);
}

static void
git_asks_for_the_repository(void **state)
{
	struct scope_need need;

	(void)state;
	scope_of_git(false, &need);
	assert_true(scope_allows(scope_parse("read:repository"), &need));
	assert_true(scope_allows(scope_parse("status"), &need));
	assert_false(scope_allows(scope_parse("write:issue"), &need));
	scope_of_git(true, &need);
	assert_true(scope_allows(scope_parse("write:repository"), &need));
	assert_false(scope_allows(scope_parse("status"), &need));
	assert_false(scope_allows(scope_parse("read:repository"), &need));
}

static void
a_refusal_names_both_sides(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct scope_need need;

	(void)state;
	scope_of("POST", R "/issues", &need);
	scope_refusal(scope_parse("read:issue,read:user"), &need, &out);
	assert_string_equal(str_cstr(&out),
	    "token does not have at least one of required scope(s), "
	    "required=[write:issue], token scope=read:issue,read:user");
}

static void
a_token_makes_none_that_may_more(void **state)
{
	(void)state;
	assert_true(scope_holds(scope_parse("all"), scope_parse("all")));
	assert_true(scope_holds(
	    scope_parse("write:user,read:issue"), scope_parse("read:user")));
	assert_false(
	    scope_holds(scope_parse("write:user"), scope_parse("all")));
	assert_false(scope_holds(scope_parse("write:user"), 0));
	assert_false(
	    scope_holds(scope_parse("read:user"), scope_parse("write:user")));
	assert_false(
	    scope_holds(scope_parse("read:user"), scope_parse("status")));
}

static void
a_bucket_gives_a_burst_and_then_its_rate(void **state)
{
	struct buckets *b = buckets_new(1000, 3); /* one each second */
	struct view key = VIEW_LIT("a");
	int64_t retry = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(buckets_take(b, key, 5000, &retry));
	assert_false(buckets_take(b, key, 5000, &retry));
	assert_int_equal(retry, 1000);
	assert_false(buckets_take(b, key, 5400, &retry));
	assert_int_equal(retry, 600);
	assert_true(buckets_take(b, VIEW_LIT("b"), 5400, &retry));
	assert_true(buckets_take(b, key, 6000, &retry));
	assert_false(buckets_take(b, key, 6000, &retry));
	buckets_give(b, key, 6000);
	assert_true(buckets_take(b, key, 6000, &retry));
	buckets_free(b);
}

static void
no_rate_is_no_limit_and_a_full_table_forgets_the_idle(void **state)
{
	struct buckets *none = buckets_new(0, 0);
	struct buckets *b = buckets_new(1000, 1);
	int64_t retry = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(buckets_take(none, VIEW_LIT("a"), 1, &retry));
	for (int i = 0; i < 100000; i++) {
		struct view key = { (const char *)&i, sizeof(i) };

		(void)buckets_take(b, key, 1 + i, &retry);
	}
	buckets_free(none);
	buckets_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_written_as_gitea_does),
		cmocka_unit_test(a_route_asks_for_its_area_and_level),
		cmocka_unit_test(a_bound_token_stays_in_its_repository),
		cmocka_unit_test(git_asks_for_the_repository),
		cmocka_unit_test(a_refusal_names_both_sides),
		cmocka_unit_test(a_token_makes_none_that_may_more),
		cmocka_unit_test(a_bucket_gives_a_burst_and_then_its_rate),
		cmocka_unit_test(
		    no_rate_is_no_limit_and_a_full_table_forgets_the_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
