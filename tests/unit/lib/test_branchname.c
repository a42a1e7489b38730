#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/branchname.h"

static void
names_that_git_takes_and_that_can_be_seen_are_ones(void **state)
{
	static const char *const good[] = { "agent/fix-7", "v1.2_x", "user@fix",
		"renovate/@types/node-20.x", "fix/\303\274mlaut", "it's",
		"a(b)", "A&B!", "a$(id)", "x/HEAD", "_head", "deadbeef",
		"head/x", "my/refs/x" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(branchname_ok(good[i], NULL));
}

static void
others_are_not_and_it_says_why(void **state)
{
	static const char *const bad[] = { "", "-x", "a..b", "a//b", "/a", "a/",
		"a.lock", "a.lock/b", "a/.b", "a.", "a b", "a~1", "a:b", "a^",
		"a\\b", "a@{1}", "a*", "a?", "a[b", "a\n", "a\177", "\377",
		"a\342\200\256b", "a\302\240b", "\343\205\244", "@", "HEAD",
		"head", "FETCH_HEAD", "refs/heads/x", "heads/main", "Tags/v1",
		"remotes/x", "0123456789012345678901234567890123456789" };
	char longest[BRANCHNAME_MAX + 2];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		assert_false(branchname_ok(bad[i], &why));
		assert_non_null(why);
	}
	memset(longest, 'x', sizeof(longest));
	longest[BRANCHNAME_MAX + 1] = '\0';
	assert_false(branchname_ok(longest, NULL));
	longest[BRANCHNAME_MAX] = '\0';
	assert_true(branchname_ok(longest, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    names_that_git_takes_and_that_can_be_seen_are_ones),
		cmocka_unit_test(others_are_not_and_it_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
