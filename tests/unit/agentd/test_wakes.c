#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/watch/wakes.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

static struct watch_event
event_of(int64_t seq, const char *kind)
{
	return (struct watch_event){
		.seq = seq, .kind = kind, .project = 7, .item = 3
	};
}

static bool
allows(const char *home, int64_t seq, const char *kind)
{
	const struct watch_event ev = event_of(seq, kind);

	return wakes_allow(home, &ev, 2);
}

static void
wakes_end_until_a_person_gives_an_order(void **state)
{
	char home[] = "/tmp/coffer-wakes-XXXXXX";
	const struct watch_event other = {
		.seq = 9, .kind = "check.failed", .project = 7, .item = 4
	};
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(home));
	assert_true(allows(home, 1, "check.failed"));
	/* The same event again, after a lost reply or a crash. */
	assert_true(allows(home, 1, "check.failed"));
	assert_true(allows(home, 2, "pull.conflict"));
	assert_false(allows(home, 3, "check.failed"));
	assert_true(allows(home, 2, "pull.conflict"));
	assert_false(allows(home, 1, "check.failed"));
	assert_true(wakes_allow(home, &other, 2));
	assert_true(allows(home, 10, "comment.created"));
	assert_true(allows(home, 11, "check.failed"));
	assert_int_equal(path_rmtree(home, &e), 0);
}

static void
none_are_allowed_when_the_project_wants_none(void **state)
{
	char home[] = "/tmp/coffer-wakes-XXXXXX";
	const struct watch_event ev = event_of(1, "check.failed");
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(home));
	assert_false(wakes_allow(home, &ev, 0));
	assert_int_equal(path_rmtree(home, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wakes_end_until_a_person_gives_an_order),
		cmocka_unit_test(none_are_allowed_when_the_project_wants_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
