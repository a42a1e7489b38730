#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/domain/job_lease.h"

#define LEASE_1 "11111111111111111111111111111111"
#define LEASE_2 "22222222222222222222222222222222"

enum {
	START = 1000,
	BEAT = 5000,
	TIMEOUT_S = 10,
	OVER = START + TIMEOUT_S * 1000 + JOB_GRACE_MS
};

static size_t
ended(const struct job_leases *l, int64_t now, struct job_lease_end out[4])
{
	return job_leases_ended(l, now, out, 4);
}

static void
a_runner_that_is_not_heard_of_has_lost_its_job(void **state)
{
	struct job_leases l = TAILQ_HEAD_INITIALIZER(l);
	struct job_lease_end x[4];

	(void)state;
	job_leases_beat(&l, 4, LEASE_1, TIMEOUT_S, START);
	assert_int_equal(ended(&l, START + JOB_LEASE_MS - 1, x), 0);
	assert_int_equal(ended(&l, START + JOB_LEASE_MS, x), 1);
	assert_int_equal(x[0].id, 4);
	assert_string_equal(x[0].lease, LEASE_1);
	assert_false(x[0].over);
	job_leases_beat(&l, 4, LEASE_1, TIMEOUT_S, START + BEAT);
	assert_int_equal(ended(&l, START + JOB_LEASE_MS, x), 0);
	assert_int_equal(ended(&l, START + BEAT + JOB_LEASE_MS, x), 1);
	job_leases_release(&l);
}

static void
beats_do_not_carry_a_job_past_its_own_time(void **state)
{
	struct job_leases l = TAILQ_HEAD_INITIALIZER(l);
	struct job_lease_end x[4];
	int64_t now = START;

	(void)state;
	for (; now < OVER; now += BEAT) {
		job_leases_beat(&l, 4, LEASE_1, TIMEOUT_S, now);
		assert_int_equal(ended(&l, now, x), 0);
		assert_true(job_leases_left(&l, 4, now) <= OVER - now);
	}
	job_leases_beat(&l, 4, LEASE_1, TIMEOUT_S, now);
	assert_int_equal(job_leases_left(&l, 4, now), 0);
	assert_int_equal(ended(&l, OVER - 1, x), 0);
	assert_int_equal(ended(&l, now, x), 1);
	assert_true(x[0].over);
	job_leases_release(&l);
}

static void
a_runner_that_does_not_stop_is_not_waited_for(void **state)
{
	struct job_leases l = TAILQ_HEAD_INITIALIZER(l);
	struct job_lease_end x[4];

	(void)state;
	job_leases_beat(&l, 4, LEASE_1, 3600, START);
	job_leases_stop(&l, 4, START + 1);
	job_leases_stop(&l, 4, START + BEAT); /* again changes nothing */
	for (int64_t t = START; t < START + JOB_STOP_MS; t += BEAT)
		job_leases_beat(&l, 4, LEASE_1, 3600, t);
	assert_int_equal(ended(&l, START + JOB_STOP_MS, x), 0);
	assert_int_equal(ended(&l, START + JOB_STOP_MS + 1, x), 1);
	assert_true(x[0].over);
	job_leases_release(&l);
}

static void
one_that_is_gone_when_it_is_told_to_stop_is_lost(void **state)
{
	struct job_leases l = TAILQ_HEAD_INITIALIZER(l);
	struct job_lease_end x[4];

	(void)state;
	job_leases_beat(&l, 4, LEASE_1, 3600, START);
	job_leases_stop(&l, 4, START + BEAT);
	assert_int_equal(ended(&l, START + JOB_LEASE_MS, x), 1);
	assert_false(x[0].over);
	job_leases_release(&l);
}

static void
another_lease_of_a_job_has_a_time_of_its_own(void **state)
{
	struct job_leases l = TAILQ_HEAD_INITIALIZER(l);
	struct job_lease_end x[4];

	(void)state;
	job_leases_beat(&l, 4, LEASE_1, TIMEOUT_S, START);
	job_leases_stop(&l, 4, START);
	job_leases_beat(&l, 4, LEASE_2, TIMEOUT_S, OVER);
	job_leases_drop(&l, 4, LEASE_1); /* it is not that one's any more */
	assert_int_equal(ended(&l, OVER, x), 0);
	assert_int_equal(job_leases_left(&l, 4, OVER), JOB_LEASE_MS);
	assert_int_equal(ended(&l, OVER + JOB_LEASE_MS, x), 1);
	assert_string_equal(x[0].lease, LEASE_2);
	job_leases_drop(&l, 4, LEASE_2);
	assert_int_equal(ended(&l, OVER + JOB_LEASE_MS, x), 0);
}

static void
more_than_there_is_room_for_wait_for_the_next_look(void **state)
{
	struct job_leases l = TAILQ_HEAD_INITIALIZER(l);
	struct job_lease_end x[4];

	(void)state;
	for (int64_t id = 1; id <= 6; id++)
		job_leases_beat(&l, id, LEASE_1, TIMEOUT_S, START);
	assert_int_equal(ended(&l, OVER, x), 4);
	for (size_t i = 0; i < 4; i++)
		job_leases_drop(&l, x[i].id, x[i].lease);
	assert_int_equal(ended(&l, OVER, x), 2);
	assert_int_equal(x[1].id, 6);
	job_leases_release(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_runner_that_is_not_heard_of_has_lost_its_job),
		cmocka_unit_test(beats_do_not_carry_a_job_past_its_own_time),
		cmocka_unit_test(a_runner_that_does_not_stop_is_not_waited_for),
		cmocka_unit_test(
		    one_that_is_gone_when_it_is_told_to_stop_is_lost),
		cmocka_unit_test(another_lease_of_a_job_has_a_time_of_its_own),
		cmocka_unit_test(
		    more_than_there_is_room_for_wait_for_the_next_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
