#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/domain/job_rule.h"

static void
only_passed_is_success(void **state)
{
	(void)state;
	for (int s = 0; s <= JOB_SUPERSEDED + 1; s++)
		assert_int_equal(
		    job_rule_status((enum job_state)s) == STATUS_SUCCESS,
		    s == JOB_PASSED);
	assert_int_equal(job_rule_status(JOB_QUEUED), STATUS_PENDING);
	assert_int_equal(job_rule_status(JOB_RUNNING), STATUS_PENDING);
}

static void
a_runner_does_not_report_what_the_server_decides(void **state)
{
	(void)state;
	assert_false(job_rule_is_result(JOB_QUEUED));
	assert_false(job_rule_is_result(JOB_RUNNING));
	assert_false(job_rule_is_result(JOB_SUPERSEDED));
	assert_true(job_rule_is_result(JOB_PASSED));
	assert_true(job_rule_is_result(JOB_INFRASTRUCTURE_ERROR));
}

static void
the_agent_is_not_woken_for_what_is_not_its_fault(void **state)
{
	(void)state;
	assert_true(job_rule_is_fault(JOB_FAILED));
	assert_true(job_rule_is_fault(JOB_SETUP_FAILED));
	assert_true(job_rule_is_fault(JOB_TIMED_OUT));
	assert_true(job_rule_is_fault(JOB_OUT_OF_MEMORY));
	assert_false(job_rule_is_fault(JOB_PASSED));
	assert_false(job_rule_is_fault(JOB_CANCELLED));
	assert_false(job_rule_is_fault(JOB_INFRASTRUCTURE_ERROR));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_passed_is_success),
		cmocka_unit_test(
		    a_runner_does_not_report_what_the_server_decides),
		cmocka_unit_test(
		    the_agent_is_not_woken_for_what_is_not_its_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
