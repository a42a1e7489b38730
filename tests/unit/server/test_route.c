#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/http/route.h"

static void
handler(struct call *c)
{
	(void)c;
}

static const struct route issues[] = {
	{ "GET", "/v1/repos/{o}/{r}/issues", ROUTE_USER, handler },
	{ "POST", "/v1/repos/{o}/{r}/issues", ROUTE_USER, handler },
	{ "GET", "/v1/repos/{o}/{r}/issues/{n}", ROUTE_USER, handler },
	{ "PATCH", "/v1/repos/{o}/{r}/issues/comments/{id}", ROUTE_USER,
	    handler },
	{ .method = NULL },
};
static const struct route others[] = {
	{ "GET", "/v1/repos/{o}/{r}/pulls/{n}", ROUTE_USER, handler },
	{ "GET", "/v1/repos/{o}/{r}/pulls/{n}.diff", ROUTE_USER, handler },
	{ "GET", "/v1/repos/{o}/{r}/branches/{path...}", ROUTE_USER, handler },
	{ "GET", "/v1/repos/{o}/{r}/statuses/{sha}", ROUTE_USER, handler },
	{ "GET", "/v1/repos/{o}/{r}/commits/{ref...}/status", ROUTE_USER,
	    handler },
	{ "GET", "/v1/users/{name}", ROUTE_USER, handler },
	{ .method = NULL },
};
static const struct route *const tables[] = { issues, others, NULL };

static const struct found_case {
	const char *method, *path, *pattern;
	const char *args[3];
} found_cases[] = {
	{ "GET", "/v1/repos/a/b/issues", "/v1/repos/{o}/{r}/issues",
	    { "a", "b" } },
	{ "GET", "/v1/repos/a/b/issues/", "/v1/repos/{o}/{r}/issues",
	    { "a", "b" } },
	{ "GET", "/v1/repos/a/b.c/issues/17", "/v1/repos/{o}/{r}/issues/{n}",
	    { "a", "b.c", "17" } },
	{ "PATCH", "/v1/repos/a/b/issues/comments/3",
	    "/v1/repos/{o}/{r}/issues/comments/{id}", { "a", "b", "3" } },
	{ "GET", "/v1/repos/a/b/pulls/7.diff",
	    "/v1/repos/{o}/{r}/pulls/{n}.diff", { "a", "b", "7" } },
	{ "GET", "/v1/repos/a/b/branches/agent/fix-7",
	    "/v1/repos/{o}/{r}/branches/{path...}",
	    { "a", "b", "agent/fix-7" } },
	{ "GET", "/v1/repos/a/b/branches/agent%2Ffix-7",
	    "/v1/repos/{o}/{r}/branches/{path...}",
	    { "a", "b", "agent/fix-7" } },
	{ "GET", "/v1/repos/%61/b/issues", "/v1/repos/{o}/{r}/issues",
	    { "a", "b" } },
	{ "GET", "/v1/repos/a/b/commits/feat/status/status",
	    "/v1/repos/{o}/{r}/commits/{ref...}/status",
	    { "a", "b", "feat/status" } },
	{ "GET", "/v1/repos/a/b/commits/x/status/",
	    "/v1/repos/{o}/{r}/commits/{ref...}/status", { "a", "b", "x" } },
	{ "GET", "/v1/users/a%2Fb", "/v1/users/{name}", { "a/b" } },
	{ "GET", "/v1/repos/a/b/statuses/abcd",
	    "/v1/repos/{o}/{r}/statuses/{sha}", { "a", "b", "abcd" } },
};

static void
a_path_finds_its_row_and_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(found_cases) / sizeof(found_cases[0]);
	     i++) {
		const struct found_case *c = &found_cases[i];
		struct route_match m;

		route_find(tables, c->method, c->path, &m);
		if (m.route == NULL) {
			fail_msg("%s: not found", c->path);
			return;
		}
		assert_string_equal(m.route->pattern, c->pattern);
		for (unsigned a = 0; a < 3 && c->args[a] != NULL; a++)
			assert_string_equal(m.args[a], c->args[a]);
		route_match_release(&m);
	}
}

static const char *const missing[] = { "", "/", "//", "/v1",
	"/v1/repos/a/b/issues//", "/v1/repos//b/issues", "/v1/repos/./b/issues",
	"/v1/repos/a/../issues", "/v1/repos/a/%2e%2e/issues",
	"/v1/repos/a/%2E/issues", "/v1/repos/a/b%00/issues",
	"/v1/repos/a/b%/issues", "/v1/repos/a/b%zz/issues",
	"/v1/repos/.a/b/issues", "/v1/repos/-a/b/issues",
	"/v1/repos/a/b%0d%0ax/issues", "/v1/repos/a/b c/issues",
	"/v1/repos/a%2fc/b/issues", "/v1/repos/a/b/issues/0",
	"/v1/repos/a/b/issues/-1", "/v1/repos/a/b/issues/1x",
	"/v1/repos/a/b/issues/9223372036854775808", "/v1/repos/a/b/pulls/.diff",
	"/v1/repos/a/b/pulls/x.diff", "/v1/repos/a/b/branches",
	"/v1/repos/a/b/branches/x/../y", "/v1/repos/a/b/statuses/xyz",
	"/v1/repos/a/b/statuses/abc", "/v1/repos/a/b/commits/status",
	"/v1/repos/a/b/commits/feat/x/statuses",
	"/v1/repos/a/b/statuses/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"v1/users/a" };

static void
a_bad_path_finds_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		struct route_match m;

		route_find(tables, "GET", missing[i], &m);
		if (m.route != NULL || m.allow.len > 0)
			fail_msg("%s: found", missing[i]);
		route_match_release(&m);
	}
}

static void
nothing_is_deleted_by_an_empty_name(void **state)
{
	struct route_match m;

	(void)state;
	route_find(tables, "DELETE", "/v1/repos/a/b/issues/", &m);
	assert_null(m.route);
	assert_int_equal(m.allow.len, 0);
	route_match_release(&m);
}

static void
a_known_path_says_what_it_allows(void **state)
{
	struct route_match m;

	(void)state;
	route_find(tables, "DELETE", "/v1/repos/a/b/issues", &m);
	assert_null(m.route);
	assert_string_equal(str_cstr(&m.allow), "GET, POST");
	assert_int_equal(m.n, 0);
	route_match_release(&m);
}

static void
a_long_path_is_refused(void **state)
{
	char path[ROUTE_PATH_MAX + 64];
	struct route_match m;

	(void)state;
	memset(path, 'a', sizeof(path));
	memcpy(path, "/v1/users/", 10);
	path[sizeof(path) - 1] = '\0';
	route_find(tables, "GET", path, &m);
	assert_null(m.route);
	route_match_release(&m);
	path[10 + ROUTE_ARG_MAX] = '\0';
	route_find(tables, "GET", path, &m);
	assert_non_null(m.route);
	route_match_release(&m);
	for (size_t i = 1; i < 2000; i += 2)
		path[i] = '/';
	route_find(tables, "GET", path, &m);
	assert_null(m.route);
	route_match_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_finds_its_row_and_arguments),
		cmocka_unit_test(a_bad_path_finds_nothing),
		cmocka_unit_test(nothing_is_deleted_by_an_empty_name),
		cmocka_unit_test(a_known_path_says_what_it_allows),
		cmocka_unit_test(a_long_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
