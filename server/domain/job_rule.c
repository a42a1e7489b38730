#include "server/domain/job_rule.h"

#include "server/domain/job_name.h"

static const struct job_rule_row {
	enum status_state status;
	bool result; /* a runner may report it */
	bool fault;
	const char *text;
} job_rule_rows[] = {
	[JOB_QUEUED] = { STATUS_PENDING, false, false, "waits for a runner" },
	[JOB_RUNNING] = { STATUS_PENDING, false, false, "is running" },
	[JOB_PASSED] = { STATUS_SUCCESS, true, false, "passed" },
	[JOB_FAILED] = { STATUS_FAILURE, true, true, "failed" },
	[JOB_SETUP_FAILED] = { STATUS_FAILURE, true, true, "setup failed" },
	[JOB_TIMED_OUT] = { STATUS_FAILURE, true, true, "timed out" },
	[JOB_OUT_OF_MEMORY] = { STATUS_FAILURE, true, true, "out of memory" },
	[JOB_CANCELLED] = { STATUS_ERROR, true, false, "cancelled" },
	[JOB_INFRASTRUCTURE_ERROR] = { STATUS_ERROR, true, false,
	    "could not be run" },
	[JOB_SUPERSEDED] = { STATUS_ERROR, false, false,
	    "superseded by a newer head" },
	[JOB_SKIPPED] = { STATUS_SKIPPED, false, false,
	    "no file that it looks at has changed" },
};

static const struct job_rule_row *
job_rule_row(enum job_state s)
{
	static const struct job_rule_row none = { STATUS_ERROR, false, false,
		"unknown" };

	return s >= JOB_QUEUED && s <= JOB_SKIPPED ? &job_rule_rows[s] : &none;
}

bool
job_rule_is_result(enum job_state s)
{
	return job_rule_row(s)->result;
}

enum status_state
job_rule_status(enum job_state s)
{
	return job_rule_row(s)->status;
}

bool
job_rule_is_fault(enum job_state s)
{
	return job_rule_row(s)->fault;
}

const char *
job_rule_text(enum job_state s)
{
	return job_rule_row(s)->text;
}

bool
job_rule_is_merge(const struct job *j)
{
	return j->tree[0] != '\0' &&
	    job_name_read(j->name).kind == JOB_KIND_CHECK;
}

enum network_mode
job_rule_network(
    enum network_mode asked, enum network_mode project, bool lockdown)
{
	static const int reach[] = { [NETWORK_OFF] = 1,
		[NETWORK_NONE] = 2,
		[NETWORK_LOCKED] = 3,
		[NETWORK_WEB] = 4,
		[NETWORK_OPEN] = 5 };

	if (lockdown)
		return NETWORK_OFF;
	return reach[asked] <= reach[project] ? asked : project;
}
