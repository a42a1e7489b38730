#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/frame.h"

static void
frame_comes_back_as_it_went(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct frame f;
	struct view in;

	(void)state;
	frame_put(&s, 7, "hello", 5);
	frame_put(&s, 9, NULL, 0);
	in = str_view(&s);
	assert_int_equal(frame_get(in, 5, &f, &e), 10);
	assert_int_equal(f.type, 7);
	assert_true(view_is(f.payload, "hello"));
	in = view_from(in, 10);
	assert_int_equal(frame_get(in, 5, &f, &e), 5);
	assert_int_equal(f.type, 9);
	assert_int_equal(f.payload.len, 0);
}

static void
frame_waits_for_every_byte(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct frame f;

	(void)state;
	frame_put(&s, 7, "hello", 5);
	for (size_t n = 0; n < s.len; n++) {
		struct view part = { .p = s.p, .len = n };

		assert_int_equal(frame_get(part, 5, &f, &e), 0);
	}
}

static void
frame_refuses_by_the_length_alone(void **state)
{
	static const struct view huge = { .p = "\xff\xff\xff\xff", .len = 4 };
	static const struct view empty = { .p = "\0\0\0\0", .len = 4 };
	static const struct view over = { .p = "\0\0\0\7", .len = 4 };
	struct err e = ERR_INIT;
	struct frame f;

	(void)state;
	assert_int_equal(frame_get(huge, 1 << 20, &f, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	assert_int_equal(frame_get(empty, 1 << 20, &f, &e), -1);
	assert_int_equal(frame_get(over, 5, &f, &e), -1);
	assert_string_equal(e.msg, "frame of 6 bytes is over the limit of 5");
	assert_int_equal(frame_get(over, 6, &f, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_comes_back_as_it_went),
		cmocka_unit_test(frame_waits_for_every_byte),
		cmocka_unit_test(frame_refuses_by_the_length_alone),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
