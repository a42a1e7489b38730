#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/domain/mirror_plan.h"

enum {
	TAG = 1,
	DEFAULT = 2,
	PULL = 4,
	HOLD = 8,
	COLLIDES = 16,
	ACCEPT = 32
};
enum {
	KEEP = 1,
	FORCED = 2,
	NOTICE = 4,
	HELD = 8
};
#define U MIRROR_UNKNOWN
#define Y MIRROR_YES
#define N MIRROR_NO

/* Facts in order: old in new, local in new, new in local, same, clean, new in
 * old. */
static const struct row {
	const char *old_up, *new_up, *local;
	unsigned flags;
	enum mirror_fact f[6];
	enum mirror_action action;
	unsigned ask;
	unsigned marks;
} rows[] = {
	/* Nothing to do. */
	{ "a", "a", "a", 0, { U }, MIRROR_NOTHING, 0, 0 },
	{ "a", "b", "b", 0, { U }, MIRROR_NOTHING, 0, 0 },
	{ NULL, NULL, "a", 0, { U }, MIRROR_NOTHING, 0, 0 },
	{ "a", NULL, NULL, 0, { U }, MIRROR_NOTHING, 0, 0 },
	/* New. */
	{ NULL, "a", NULL, 0, { U }, MIRROR_SET, 0, 0 },
	{ "a", "a", NULL, 0, { U }, MIRROR_SET, 0, 0 },
	{ NULL, "a", NULL, TAG, { U }, MIRROR_SET, 0, 0 },
	{ NULL, "a", NULL, COLLIDES, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ NULL, "a", "a", 0, { U }, MIRROR_NOTHING, 0, 0 },
	/* Local is what upstream was. */
	{ "a", "b", "a", 0, { U }, MIRROR_ASK, MIRROR_ASK_OLD_IN_NEW, 0 },
	{ "a", "b", "a", 0, { Y }, MIRROR_SET, 0, 0 },
	{ "a", "b", "a", 0, { N }, MIRROR_SET, 0, KEEP | FORCED },
	{ "a", "b", "a", HOLD, { Y }, MIRROR_SET, 0, 0 },
	{ "a", "b", "a", HOLD, { N }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", "b", "a", TAG, { U }, MIRROR_SET, 0, KEEP | FORCED },
	/* Local differs, upstream did not move. */
	{ "a", "a", "l", 0, { U }, MIRROR_ASK,
	    MIRROR_ASK_LOCAL_IN_NEW | MIRROR_ASK_NEW_IN_LOCAL, 0 },
	{ "a", "a", "l", 0, { U, N, Y }, MIRROR_NOTHING, 0, 0 },
	{ "a", "a", "l", 0, { U, Y, N }, MIRROR_SET, 0, 0 },
	{ "a", "a", "l", 0, { U, N, N }, MIRROR_ASK, MIRROR_ASK_SAME, 0 },
	{ "a", "a", "l", TAG, { U }, MIRROR_SET, 0, KEEP | FORCED },
	/* Both moved. */
	{ "a", "b", "l", 0, { U }, MIRROR_ASK,
	    MIRROR_ASK_LOCAL_IN_NEW | MIRROR_ASK_NEW_IN_LOCAL |
		MIRROR_ASK_OLD_IN_NEW,
	    0 },
	{ "a", "b", "l", 0, { Y, Y, N }, MIRROR_SET, 0, 0 },
	{ "a", "b", "l", 0, { Y, N, Y }, MIRROR_NOTHING, 0, 0 },
	{ "a", "b", "l", 0, { Y, N, N }, MIRROR_ASK, MIRROR_ASK_SAME, 0 },
	{ "a", "b", "l", 0, { Y, N, N, Y }, MIRROR_SET, 0, KEEP | FORCED },
	{ "a", "b", "l", 0, { Y, N, N, N }, MIRROR_ASK, MIRROR_ASK_CLEAN, 0 },
	{ "a", "b", "l", 0, { Y, N, N, N, Y }, MIRROR_MERGE, 0, 0 },
	{ "a", "b", "l", 0, { Y, N, N, N, N }, MIRROR_SET, 0,
	    KEEP | FORCED | NOTICE },
	{ "a", "b", "l", HOLD, { Y, N, N }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", "b", "l", HOLD, { Y, Y, N }, MIRROR_SET, 0, 0 },
	/* A person said so. */
	{ "a", "b", "a", HOLD | ACCEPT, { U }, MIRROR_SET, 0, KEEP | FORCED },
	{ "a", "b", "l", HOLD | ACCEPT, { U }, MIRROR_SET, 0, KEEP | FORCED },
	{ "a", "b", "b", HOLD | ACCEPT, { U }, MIRROR_NOTHING, 0, 0 },
	/* Tags that move wait too. */
	{ "a", "b", "a", HOLD | TAG, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", "b", "l", HOLD | TAG, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ NULL, "b", NULL, HOLD | TAG, { U }, MIRROR_SET, 0, 0 },
	/* Held, then upstream's commits were merged here; or upstream went back
	 * to what everybody has. */
	{ "a", "b", "l", HOLD, { N, N, Y }, MIRROR_ASK, MIRROR_ASK_NEW_IN_OLD,
	    0 },
	{ "a", "b", "l", HOLD, { N, N, Y, U, U, N }, MIRROR_NOTHING, 0, 0 },
	{ "a", "b", "l", HOLD, { N, N, Y, U, U, Y }, MIRROR_NOTHING, 0,
	    NOTICE | HELD },
	/* Upstream was forced under local commits: no merge brings back. */
	{ "a", "b", "l", 0, { N, N, N }, MIRROR_ASK, MIRROR_ASK_SAME, 0 },
	{ "a", "b", "l", 0, { N, N, N, Y }, MIRROR_SET, 0, KEEP | FORCED },
	{ "a", "b", "l", 0, { N, N, N, N }, MIRROR_SET, 0,
	    KEEP | FORCED | NOTICE },
	{ "a", "b", "l", 0, { N, N, Y, N }, MIRROR_SET, 0,
	    KEEP | FORCED | NOTICE },
	{ "a", "b", "l", 0, { N, Y, N }, MIRROR_SET, 0, 0 },
	/* A local branch whose name upstream takes. */
	{ NULL, "b", "l", 0, { U, N, N, N, Y }, MIRROR_MERGE, 0, 0 },
	{ NULL, "b", "l", 0, { U, N, Y }, MIRROR_NOTHING, 0, 0 },
	/* Deleted. */
	{ "a", NULL, "a", 0, { U }, MIRROR_DELETE, 0, KEEP },
	{ "a", NULL, "l", 0, { U }, MIRROR_DELETE, 0, KEEP | NOTICE },
	{ "a", NULL, "a", DEFAULT, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", NULL, "a", PULL, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", NULL, "l", HOLD, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", NULL, "a", HOLD, { U }, MIRROR_NOTHING, 0, NOTICE | HELD },
	{ "a", NULL, "a", HOLD | ACCEPT, { U }, MIRROR_DELETE, 0, KEEP },
	{ "a", NULL, "a", PULL | ACCEPT, { U }, MIRROR_DELETE, 0, KEEP },
	{ "a", NULL, "a", DEFAULT | ACCEPT, { U }, MIRROR_NOTHING, 0,
	    NOTICE | HELD },
	{ "a", NULL, "a", TAG, { U }, MIRROR_DELETE, 0, KEEP },
};

static void
every_row_follows_the_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		const struct mirror_branch b = {
			.is_tag = (r->flags & TAG) != 0,
			.is_default = (r->flags & DEFAULT) != 0,
			.open_pull = (r->flags & PULL) != 0,
			.hold = (r->flags & HOLD) != 0,
			.collides = (r->flags & COLLIDES) != 0,
			.accept = (r->flags & ACCEPT) != 0,
			.old_up = r->old_up,
			.new_up = r->new_up,
			.local = r->local,
			.old_in_new = r->f[0],
			.local_in_new = r->f[1],
			.new_in_local = r->f[2],
			.same = r->f[3],
			.clean = r->f[4],
			.new_in_old = r->f[5],
		};
		struct mirror_step s;
		unsigned marks;

		mirror_plan_branch(&b, &s);
		marks = (s.keep ? KEEP : 0U) | (s.forced ? FORCED : 0U) |
		    (s.notice ? NOTICE : 0U) | (s.held ? HELD : 0U);
		if (s.action != r->action || s.ask != r->ask ||
		    marks != r->marks || s.why == NULL)
			fail_msg("row %zu: action %d ask %u marks %u (%s)", i,
			    (int)s.action, s.ask, marks,
			    s.why != NULL ? s.why : "no reason");
	}
}

static void
a_tip_that_leaves_is_always_kept(void **state)
{
	(void)state;
	/* Whatever the facts, a ref that does not move forward keeps. */
	for (unsigned bits = 0; bits < 243; bits++) {
		unsigned x = bits;
		enum mirror_fact f[5];
		struct mirror_step s;
		struct mirror_branch b = {
			.old_up = "a", .new_up = "b", .local = "l"
		};

		for (int i = 0; i < 5; i++, x /= 3)
			f[i] = (enum mirror_fact)(x % 3);
		b.old_in_new = f[0];
		b.local_in_new = f[1];
		b.new_in_local = f[2];
		b.same = f[3];
		b.clean = f[4];
		mirror_plan_branch(&b, &s);
		if (s.action == MIRROR_SET && b.local_in_new != MIRROR_YES)
			assert_true(s.keep);
		if (s.action == MIRROR_ASK)
			assert_int_not_equal(s.ask, 0);
	}
}

static void
waits_double_up_to_an_hour(void **state)
{
	(void)state;
	assert_int_equal(mirror_plan_next(0, 60, 0, 1000), 60000);
	assert_int_equal(mirror_plan_next(0, 60, 1, 1000), 120000);
	assert_int_equal(mirror_plan_next(0, 1, 1, 1000), 20000);
	assert_int_equal(mirror_plan_next(0, 60, 50, 1000), 3600000);
	assert_int_equal(mirror_plan_next(0, 7200, 3, 1000), 3600000);
	assert_int_equal(mirror_plan_next(0, 60, 0, 0), 54000);
	assert_int_equal(mirror_plan_next(0, 60, 0, 2000), 66000);
}

static void
stale_is_three_intervals_and_five_minutes(void **state)
{
	const int64_t now = INT64_C(1000000000);

	(void)state;
	assert_false(mirror_plan_stale(now, 0, 60));
	assert_false(mirror_plan_stale(now, now - 300000, 60));
	assert_true(mirror_plan_stale(now, now - 300001, 60));
	assert_false(mirror_plan_stale(now, now - 1800000, 600));
	assert_true(mirror_plan_stale(now, now - 1800001, 600));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_follows_the_plan),
		cmocka_unit_test(a_tip_that_leaves_is_always_kept),
		cmocka_unit_test(stale_is_three_intervals_and_five_minutes),
		cmocka_unit_test(waits_double_up_to_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
