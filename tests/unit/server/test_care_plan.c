#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/domain/care_plan.h"

#define MB (INT64_C(1) << 20)
#define NOW (20000 * CARE_DAY + 12 * CARE_HOUR)

/* One big pack, tidy, checked: nothing to do. */
static const struct care_facts tidy = { .size = 100 * MB,
	.packs = 1,
	.pack_bytes = 90 * MB,
	.big_bytes = 90 * MB,
	.written_at = NOW - 2 * CARE_DAY,
	.graph_at = NOW - CARE_DAY,
	.bitmap = true };
static const struct care_past calm = { .since = NOW - 100 * CARE_DAY,
	.full_at = NOW - 2 * CARE_DAY,
	.checked_at = NOW - CARE_HOUR,
	.walked_at = NOW - CARE_HOUR,
	.health = CARE_OK };
static const struct care_ask ask = {
	.now = NOW, .check_ms = CARE_DAY, .project = 1
};

static enum care_step
next(const struct care_facts *f, const struct care_past *p)
{
	return care_plan_next(f, p, &ask).step;
}

static void
a_tidy_repository_needs_nothing(void **state)
{
	(void)state;
	assert_int_equal(next(&tidy, &calm), CARE_NONE);
}

static void
what_a_killed_git_left_is_swept_first(void **state)
{
	struct care_facts f = tidy;
	struct care_past p = calm;

	(void)state;
	f.half = 1;
	f.packs = 40;
	p.purge_at = NOW;
	assert_int_equal(next(&f, &p), CARE_SWEEP);
	p.health = CARE_CORRUPT;
	assert_int_equal(next(&f, &p), CARE_NONE);
}

static void
the_first_copy_of_a_mirror_gets_a_bitmap_and_a_graph(void **state)
{
	struct care_facts f = tidy;
	struct care_past p = { .since = NOW - CARE_HOUR / 60 };
	struct care_ask a = ask;

	(void)state;
	f.bitmap = false;
	f.graph_at = 0;
	assert_int_equal(next(&f, &p), CARE_FULL);
	f.bitmap = true;
	p.full_at = NOW;
	a.done = 1u << CARE_FULL;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_GRAPH);
	f.graph_at = NOW;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_NONE);
}

static void
small_packs_beside_a_big_one_are_joined_without_it(void **state)
{
	struct care_facts f = tidy;

	(void)state;
	f.packs = 12;
	f.pack_bytes = 95 * MB;
	assert_int_equal(next(&f, &calm), CARE_GEOMETRIC);
	f.pack_bytes = 150 * MB;
	assert_int_equal(next(&f, &calm), CARE_FULL);
	f.packs = 1;
	f.pack_bytes = 90 * MB;
	f.loose = 600;
	assert_int_equal(next(&f, &calm), CARE_GEOMETRIC);
}

static void
a_full_repack_waits_an_hour_after_the_last(void **state)
{
	struct care_facts f = tidy;
	struct care_past p = calm;

	(void)state;
	f.packs = 40;
	f.bitmap = false;
	f.big_bytes = 3 * MB;
	p.full_at = NOW - CARE_HOUR / 2;
	assert_int_equal(next(&f, &p), CARE_GEOMETRIC);
	p.full_at = NOW - CARE_HOUR;
	assert_int_equal(next(&f, &p), CARE_FULL);
}

static void
a_small_repository_without_bitmap_is_left_alone(void **state)
{
	struct care_facts f = tidy;

	(void)state;
	f.packs = 3;
	f.pack_bytes = f.big_bytes = 100 << 10;
	f.bitmap = false;
	assert_int_equal(next(&f, &calm), CARE_NONE);
	f.packs = 10;
	assert_int_equal(next(&f, &calm), CARE_FULL);
}

static void
loose_refs_are_packed_first(void **state)
{
	struct care_facts f = tidy;

	(void)state;
	f.loose_refs = CARE_REFS_MAX;
	f.packs = 40;
	assert_int_equal(next(&f, &calm), CARE_REFS);
}

static void
unreachable_objects_go_after_their_grace_only(void **state)
{
	struct care_facts f = tidy;
	struct care_past p = calm;

	(void)state;
	p.full_at = NOW - 15 * CARE_DAY;
	f.cruft_at = NOW - 13 * CARE_DAY;
	assert_int_equal(next(&f, &p), CARE_NONE);
	f.cruft_at = NOW - 14 * CARE_DAY;
	assert_int_equal(next(&f, &p), CARE_FULL);
	f.cruft_at = 0;
	f.loose = 3;
	f.loose_at = NOW - 13 * CARE_DAY;
	assert_int_equal(next(&f, &p), CARE_NONE);
	f.loose_at = NOW - 15 * CARE_DAY;
	assert_int_equal(next(&f, &p), CARE_PRUNE);
	p.pruned_at = NOW - CARE_DAY;
	assert_int_equal(next(&f, &p), CARE_NONE);
}

static void
what_is_corrupt_is_checked_and_nothing_else(void **state)
{
	struct care_facts f = tidy;
	struct care_past p = calm;
	struct care_ask a = ask;

	(void)state;
	p.health = CARE_CORRUPT;
	p.purge_at = NOW - 1;
	f.packs = 40;
	f.loose_refs = 1000;
	a.wanted = 1u << CARE_FULL | 1u << CARE_PRUNE;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_NONE);
	p.checked_at = NOW - 2 * CARE_DAY;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_SUMS);
	a.done = 1u << CARE_SUMS;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_WALK);
}

static void
the_check_is_daily_and_the_walk_weekly(void **state)
{
	struct care_facts f = tidy;
	struct care_past p = calm;
	struct care_ask a = ask;

	(void)state;
	p.checked_at = NOW - 2 * CARE_DAY;
	p.walked_at = NOW - 3 * CARE_DAY;
	assert_int_equal(next(&f, &p), CARE_SUMS);
	p.checked_at = NOW;
	a.done = 1u << CARE_SUMS;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_NONE);
	p.walked_at = NOW - 8 * CARE_DAY;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_WALK);
	f.written_at = NOW - 9 * CARE_DAY;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_NONE);
	p.walked_at = NOW - 31 * CARE_DAY;
	assert_int_equal(care_plan_next(&f, &p, &a).step, CARE_WALK);
}

static void
checks_are_spread_and_each_is_within_a_day_and_a_quarter(void **state)
{
	int64_t first = 0;
	unsigned apart = 0;

	(void)state;
	for (int64_t project = 1; project <= 1000; project++) {
		struct care_past p = { .since = NOW };
		int64_t at = care_plan_check_at(&p, project, NOW, CARE_DAY);

		assert_true(at > NOW && at <= NOW + CARE_DAY);
		assert_true(at % CARE_DAY < CARE_DAY / 4);
		if (project == 1)
			first = at;
		else if (at < first - 60000 || at > first + 60000)
			apart++;
		p.checked_at = at;
		assert_int_equal(care_plan_check_at(&p, project, at, CARE_DAY),
		    at + CARE_DAY);
	}
	assert_true(apart > 950);
}

static void
a_wrong_clock_means_a_check_now(void **state)
{
	const struct care_past p = { .checked_at = NOW + CARE_DAY };

	(void)state;
	assert_int_equal(care_plan_check_at(&p, 1, NOW, CARE_DAY), NOW);
}

static void
failures_wait_longer_up_to_a_day(void **state)
{
	(void)state;
	assert_int_equal(care_plan_backoff(1), CARE_HOUR / 6);
	assert_int_equal(care_plan_backoff(2), CARE_HOUR / 3);
	assert_int_equal(care_plan_backoff(1000), CARE_DAY);
}

static void
words_name_sets_of_steps(void **state)
{
	unsigned wanted = 99;

	(void)state;
	assert_true(care_plan_word("", &wanted));
	assert_int_equal(wanted, 0);
	assert_true(care_plan_word("check", &wanted));
	assert_int_equal(wanted, 1u << CARE_SUMS | 1u << CARE_WALK);
	assert_false(care_plan_word("gc", &wanted));
}

static void
what_is_asked_for_is_done_once(void **state)
{
	struct care_ask a = ask;

	(void)state;
	assert_true(care_plan_word("repack", &a.wanted));
	assert_int_equal(care_plan_next(&tidy, &calm, &a).step, CARE_REFS);
	a.done |= 1u << CARE_REFS;
	assert_int_equal(care_plan_next(&tidy, &calm, &a).step, CARE_FULL);
	a.done |= 1u << CARE_FULL;
	assert_int_equal(care_plan_next(&tidy, &calm, &a).step, CARE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tidy_repository_needs_nothing),
		cmocka_unit_test(what_a_killed_git_left_is_swept_first),
		cmocka_unit_test(
		    the_first_copy_of_a_mirror_gets_a_bitmap_and_a_graph),
		cmocka_unit_test(
		    small_packs_beside_a_big_one_are_joined_without_it),
		cmocka_unit_test(a_full_repack_waits_an_hour_after_the_last),
		cmocka_unit_test(
		    a_small_repository_without_bitmap_is_left_alone),
		cmocka_unit_test(loose_refs_are_packed_first),
		cmocka_unit_test(unreachable_objects_go_after_their_grace_only),
		cmocka_unit_test(what_is_corrupt_is_checked_and_nothing_else),
		cmocka_unit_test(the_check_is_daily_and_the_walk_weekly),
		cmocka_unit_test(
		    checks_are_spread_and_each_is_within_a_day_and_a_quarter),
		cmocka_unit_test(a_wrong_clock_means_a_check_now),
		cmocka_unit_test(failures_wait_longer_up_to_a_day),
		cmocka_unit_test(words_name_sets_of_steps),
		cmocka_unit_test(what_is_asked_for_is_done_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
