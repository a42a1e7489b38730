#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/http/range.h"

struct range_case {
	const char *header;
	uint64_t size;
	enum range_answer answer;
	uint64_t from, n;
};

static const struct range_case range_cases[] = {
	{ "bytes=0-0", 10, RANGE_PART, 0, 1 },
	{ "bytes=0-", 10, RANGE_PART, 0, 10 },
	{ "Bytes=2-4", 10, RANGE_PART, 2, 3 },
	{ "bytes=9-99999999999999999999999", 10, RANGE_PART, 9, 1 },
	{ "bytes= 9-9 ", 10, RANGE_PART, 9, 1 },
	{ "bytes=-3", 10, RANGE_PART, 7, 3 },
	{ "bytes=-30", 10, RANGE_PART, 0, 10 },
	{ "bytes=10-", 10, RANGE_NONE, 0, 10 },
	{ "bytes=99999999999999999999-", 10, RANGE_NONE, 0, 10 },
	{ "bytes=-0", 10, RANGE_NONE, 0, 10 },
	{ "bytes=0-", 0, RANGE_NONE, 0, 0 },
	{ "bytes=4-2", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=0-1,4-5", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=-", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=", 10, RANGE_WHOLE, 0, 10 },
	{ "bytes=a-b", 10, RANGE_WHOLE, 0, 10 },
	{ "rows=0-1", 10, RANGE_WHOLE, 0, 10 },
	{ "", 10, RANGE_WHOLE, 0, 10 },
	{ NULL, 10, RANGE_WHOLE, 0, 10 },
};

static void
one_range_of_bytes_is_taken_and_all_else_is_the_whole(void **state)
{
	struct range r;

	(void)state;
	for (size_t i = 0; i < sizeof(range_cases) / sizeof(range_cases[0]);
	     i++) {
		const struct range_case *c = &range_cases[i];

		assert_int_equal(
		    range_of(c->header, NULL, "\"t\"", c->size, &r), c->answer);
		assert_int_equal(r.from, c->from);
		assert_int_equal(r.n, c->n);
	}
}

static void
a_part_of_something_else_is_not_sent(void **state)
{
	struct range r;

	(void)state;
	assert_int_equal(
	    range_of("bytes=0-0", "\"t\"", "\"t\"", 5, &r), RANGE_PART);
	assert_int_equal(
	    range_of("bytes=0-0", "\"u\"", "\"t\"", 5, &r), RANGE_WHOLE);
	assert_int_equal(
	    range_of("bytes=0-0", "W/\"t\"", "\"t\"", 5, &r), RANGE_WHOLE);
	assert_int_equal(r.n, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    one_range_of_bytes_is_taken_and_all_else_is_the_whole),
		cmocka_unit_test(a_part_of_something_else_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
