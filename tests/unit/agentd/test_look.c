#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/sandbox/look.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

/* Hostile: what is written there an agent may have had a hand in. */
static void
what_a_look_says_is_taken_within_bounds(void **state)
{
	static const char *const bad[] = { "", "files\t1\n", "end",
		"clone\t1\n", "clone\t1\t2\t3\tb\nend\n",
		"clone\tx\t2\t3\tb\tp\nend\n", "clone\t-1\t2\t3\tb\tp\nend\n",
		"files\t\nend\n", "hello\nend\n" };
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct look l;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (i == 2)
			continue; /* a last line needs no newline */
		if (look_parse(view_of(bad[i]), &l, &e) == 0)
			fail_msg("row %zu was taken", i);
	}
	for (int i = 0; i < LOOK_CLONES + 5; i++)
		str_add(&text, "clone\t1\t0\t0\tm\x1b\ta\tb\n");
	str_add(&text, "files\t7\nend\n");
	assert_int_equal(look_parse(str_view(&text), &l, &e), 0);
	assert_int_equal(l.n, LOOK_CLONES);
	assert_true(l.more);
	assert_int_equal(l.files, 7);
	assert_string_equal(l.clones[0].branch, "m?");
	assert_string_equal(l.clones[0].path, "a?b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_look_says_is_taken_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
