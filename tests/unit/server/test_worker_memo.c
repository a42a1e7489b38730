#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/git/worker_memo.h"

static bool
memo_is(struct worker_memo *m, const char *key, const char *want)
{
	struct view v;

	return worker_memo_get(m, key, &v) && view_is(v, want);
}

static void
a_memo_keeps_what_was_put_last(void **state)
{
	struct worker_memo *m = NULL;
	struct view v;

	(void)state;
	assert_false(worker_memo_get(m, "a", &v));
	worker_memo_put(&m, "a", view_of("one"));
	worker_memo_put(&m, "b", view_of(""));
	worker_memo_put(&m, "a", view_of("another"));
	assert_true(memo_is(m, "a", "another"));
	assert_true(memo_is(m, "b", ""));
	assert_false(worker_memo_get(m, "c", &v));
	worker_memo_free(m);
	worker_memo_free(NULL);
}

static void
a_full_memo_drops_what_was_not_used_for_longest(void **state)
{
	struct worker_memo *m = NULL;
	char key[16];

	(void)state;
	for (int i = 0; i < WORKER_MEMO_ROWS; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		worker_memo_put(&m, key, view_of(key));
	}
	assert_true(memo_is(m, "0", "0"));
	worker_memo_put(&m, "more", view_of("more"));
	assert_true(memo_is(m, "0", "0"));
	assert_false(memo_is(m, "1", "1"));
	assert_true(memo_is(m, "2", "2"));
	assert_true(memo_is(m, "more", "more"));
	worker_memo_free(m);
}

static void
a_memo_has_a_size_that_it_keeps(void **state)
{
	const size_t third = WORKER_MEMO_BYTES / 3;
	char *big = xcalloc(1, WORKER_MEMO_BYTES);
	struct worker_memo *m = NULL;
	struct view v;

	(void)state;
	worker_memo_put(&m, "small", view_of("small"));
	worker_memo_put(
	    &m, "huge", (struct view){ big, WORKER_MEMO_BYTES / 2 + 1 });
	assert_false(worker_memo_get(m, "huge", &v));
	for (int i = 0; i < 4; i++) {
		char key[2] = { (char)('a' + i), '\0' };

		worker_memo_put(&m, key, (struct view){ big, third });
	}
	assert_false(worker_memo_get(m, "small", &v));
	assert_false(worker_memo_get(m, "a", &v));
	assert_true(worker_memo_get(m, "d", &v));
	assert_int_equal(v.len, third);
	worker_memo_free(m);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_memo_keeps_what_was_put_last),
		cmocka_unit_test(
		    a_full_memo_drops_what_was_not_used_for_longest),
		cmocka_unit_test(a_memo_has_a_size_that_it_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
