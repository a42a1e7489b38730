#include "tests/unit/server/store_fixture.h"

#include "server/domain/work.h"
#include "server/store/cursors.h"
#include "server/store/events.h"
#include "server/store/jobs.h"
#include "server/store/jobs_wait.h"
#include "server/store/runs.h"

#define LEASE_1 "11111111111111111111111111111111"
#define LEASE_2 "22222222222222222222222222222222"

static int
add_event(struct txn *t, struct fixture *f, const char *kind,
    int64_t project_id, int64_t *seq, struct err *e)
{
	struct actor who = { .id = f->alice,
		.login = "alice",
		.kind = USER_PERSON,
		.role = ROLE_MAINTAINER };
	struct event_new n = {
		.at = FIXTURE_NOW,
		.kind = kind,
		.project_id = project_id,
		.actor = &who,
		.item = 5,
		.is_pull = true,
		.data = "{\"a\":1}",
	};

	return events_append(t, &n, seq, e);
}

static int
steps_events(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct event_filter filter = { .limit = 2 };
	struct event_list l;
	int64_t seq = 0;

	for (int i = 1; i <= 5; i++) {
		STEP(add_event(t, f, "issue.opened", i == 3 ? 77 : f->project,
			 &seq, e) == 0);
		STEP(seq == i);
	}
	STEP(events_list(t, &filter, &l, e) == 0);
	STEP(l.n == 2 && l.last == 2 && l.more);
	STEP(strcmp(l.at[0].project_name, "root/demo") == 0);
	STEP(strcmp(l.at[0].kind, "issue.opened") == 0);
	STEP(l.at[0].actor.role == ROLE_MAINTAINER && l.at[0].is_pull);
	STEP(strcmp(l.at[1].data, "{\"a\":1}") == 0 && l.at[1].item == 5);
	event_list_release(&l);
	filter = (struct event_filter){ .viewer = f->alice, .limit = 10 };
	STEP(events_list(t, &filter, &l, e) == 0);
	STEP(l.n == 4 && l.last == 5 && !l.more);
	event_list_release(&l);
	filter.viewer = f->bob;
	STEP(events_list(t, &filter, &l, e) == 0);
	STEP(l.n == 0 && l.last == 5 && !l.more);
	filter = (struct event_filter){ .project_id = 77, .after = 0 };
	STEP(events_list(t, &filter, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].seq == 3 && l.last == 5);
	STEP(l.at[0].project_name[0] == '\0');
	event_list_release(&l);
	filter.after = 5;
	STEP(events_list(t, &filter, &l, e) == 0);
	STEP(l.n == 0 && l.last == 5 && !l.more);
	STEP(cursors_get(t, f->alice, "agentd", &seq, e) == 0 && seq == 0);
	STEP(cursors_put(t, f->alice, "agentd", 4, 1, e) == 0);
	STEP(cursors_put(t, f->alice, "agentd", 5, 2, e) == 0);
	STEP(cursors_get(t, f->alice, "agentd", &seq, e) == 0 && seq == 5);
	STEP(cursors_get(t, f->bob, "agentd", &seq, e) == 0 && seq == 0);
	return fixture_verdict(f, e);
}

static void
events_are_read_by_sequence_and_by_who_may_see_them(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_events, f, e));
}

static int
steps_long_stretch(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct event_filter filter = { .viewer = f->bob, .limit = 50 };
	struct event_list l;

	for (int i = 0; i < 5000; i++)
		STEP(add_event(t, f, "x", f->project, NULL, e) == 0);
	STEP(events_list(t, &filter, &l, e) == 0);
	STEP(l.n == 0 && l.last > 0 && l.last < 5000 && l.more);
	while (l.more) {
		filter.after = l.last;
		STEP(events_list(t, &filter, &l, e) == 0);
		STEP(l.n == 0);
	}
	STEP(l.last == 5000);
	return fixture_verdict(f, e);
}

static void
a_reader_who_sees_nothing_still_gets_on(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_long_stretch, f, e));
}

static int
add_run(struct txn *t, struct fixture *f, int64_t event, int64_t *id,
    bool *created, struct err *e)
{
	struct run_new n = {
		.project_id = f->project,
		.event = event,
		.item = 5,
		.command = "fix",
		.access = ACCESS_WRITE,
		.agent = "command",
		.network = NETWORK_WEB,
		.wall_s = 60,
		.branch = "agent/fix-5",
		.base = "main",
		.base_sha = SHA_A,
		.now = FIXTURE_NOW,
	};

	return runs_insert(t, &n, id, created, e);
}

static int
steps_run_life(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct run_finish done = { .state = RUN_DONE,
		.why = "w",
		.message = "m",
		.has_exit = true,
		.exit_code = 3,
		.comment = 8,
		.pull = 12,
		.now = 99 };
	struct run r;
	int64_t id = 0, again = 0, seq = 0;
	bool created, was;

	STEP_FAILS(ERR_NOTFOUND, add_run(t, f, 1, &id, &created, e));
	STEP(add_event(t, f, "check.failed", f->project, &seq, e) == 0);
	STEP(add_run(t, f, seq, &id, &created, e) == 0 && created);
	STEP(add_run(t, f, seq, &again, &created, e) == 0 && !created);
	STEP(again == id);
	STEP(runs_get(t, id, &r, e) == 0);
	STEP(r.state == RUN_QUEUED && strcmp(r.cause, "check.failed") == 0);
	STEP(strcmp(r.project_name, "root/demo") == 0 && r.event == seq);
	STEP(strcmp(r.branch, "agent/fix-5") == 0 && !r.has_exit);
	run_release(&r);
	STEP(runs_move(t, id, RUN_QUEUED, RUN_PREPARING, NULL, 1, e) == 0);
	STEP_FAILS(
	    ERR_BUSY, runs_move(t, id, RUN_QUEUED, RUN_PREPARING, NULL, 1, e));
	STEP(runs_move(t, id, RUN_PREPARING, RUN_RUNNING, "go", 2, e) == 0);
	STEP(runs_set_log_bytes(t, id, 0, 10, e) == 0);
	STEP_FAILS(ERR_BUSY, runs_set_log_bytes(t, id, 0, 10, e));
	STEP(runs_set_cancel(t, id, &was, e) == 0 && !was);
	STEP(runs_set_cancel(t, id, &was, e) == 0 && was);
	STEP(runs_finish(t, id, &done, e) == 0);
	STEP_FAILS(ERR_BUSY, runs_finish(t, id, &done, e));
	STEP_FAILS(ERR_BUSY, runs_set_cancel(t, id, &was, e));
	done.state = RUN_RUNNING;
	STEP_FAILS(ERR_INVALID, runs_finish(t, id, &done, e));
	STEP(runs_get(t, id, &r, e) == 0);
	STEP(r.state == RUN_DONE && r.cancel && r.has_exit);
	STEP(r.exit_code == 3 && r.started_at == 2 && r.ended_at == 99);
	STEP(r.log_bytes == 10 && r.pull == 12 && r.comment == 8);
	STEP(strcmp(r.why, "w") == 0 && strcmp(r.message, "m") == 0);
	run_release(&r);
	return fixture_verdict(f, e);
}

static void
a_run_is_one_per_event_and_moves_by_compare_and_set(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_run_life, f, e));
}

static int
steps_run_lists(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct run_filter filter = { .project_id = f->project, .limit = 2 };
	struct run_list l;
	int64_t id[3], seq = 0;
	bool created;

	for (int i = 0; i < 3; i++) {
		STEP(add_event(t, f, "x", f->project, &seq, e) == 0);
		STEP(add_run(t, f, seq, &id[i], &created, e) == 0);
	}
	STEP(runs_move(t, id[0], RUN_QUEUED, RUN_FAILED, "no", 5, e) == 0);
	STEP(runs_list(t, &filter, &l, e) == 0);
	STEP(l.n == 2 && l.total == 3 && l.at[0].id == id[2]);
	run_list_release(&l);
	filter.state = RUN_FAILED;
	STEP(runs_list(t, &filter, &l, e) == 0);
	STEP(l.total == 1 && l.at[0].ended_at == 5);
	run_list_release(&l);
	filter = (struct run_filter){ .branch = "agent/fix-5" };
	STEP(runs_list(t, &filter, &l, e) == 0 && l.total == 3);
	run_list_release(&l);
	filter.branch = "agent/other";
	STEP(runs_list(t, &filter, &l, e) == 0 && l.total == 0);
	run_list_release(&l);
	filter.pull = 77;
	STEP(runs_list(t, &filter, &l, e) == 0 && l.total == 0);
	run_list_release(&l);
	filter = (struct run_filter){ .item = 5, .viewer = f->alice };
	STEP(runs_list(t, &filter, &l, e) == 0 && l.total == 3);
	run_list_release(&l);
	filter.viewer = f->bob;
	STEP(runs_list(t, &filter, &l, e) == 0 && l.total == 0);
	STEP(runs_unfinished(t, 0, 10, &l, e) == 0);
	STEP(l.n == 2 && l.at[0].id == id[1]);
	run_list_release(&l);
	STEP(runs_unfinished(t, id[1], 10, &l, e) == 0 && l.n == 1);
	run_list_release(&l);
	return fixture_verdict(f, e);
}

static void
runs_are_listed_by_project_item_and_state(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_run_lists, f, e));
}

static int
add_job_of(struct txn *t, struct fixture *f, char *test, const char *sha,
    const char *name, int64_t *id, bool *created, struct err *e)
{
	struct job_check check = {
		.test = test,
		.network_setup = NETWORK_NONE,
		.network_test = NETWORK_OFF,
		.timeout_s = 600,
		.memory = 1 << 30,
		.required = true,
	};
	struct job_new n = {
		.project_id = f->project,
		.pull = 2,
		.sha = sha,
		.base_sha = SHA_C,
		.name = name,
		.check = &check,
		.now = FIXTURE_NOW,
	};

	return jobs_insert(t, &n, id, created, e);
}

static int
add_job(struct txn *t, struct fixture *f, const char *sha, const char *name,
    int64_t *id, bool *created, struct err *e)
{
	char test[] = "make check";

	return add_job_of(t, f, test, sha, name, id, created, e);
}

static int
steps_jobs_anew(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	char other[] = "true";
	struct job_new of = { .project_id = f->project,
		.pull = 2,
		.sha = SHA_A,
		.name = "test" };
	enum job_state state;
	int64_t id = 0, again = 0, n = 0;
	bool created;

	STEP(add_job(t, f, SHA_A, "test", &id, &created, e) == 0 && created);
	STEP(jobs_supersede(t, f->project, 2, "", 1, &n, e) == 0 && n == 1);
	STEP(add_job(t, f, SHA_A, "test", &again, &created, e) == 0);
	STEP(created && again == id);
	STEP(add_job_of(t, f, other, SHA_A, "test", &again, &created, e) == 0);
	STEP(created && again == id);
	STEP(add_job_of(t, f, other, SHA_A, "test", &again, &created, e) == 0);
	STEP(!created && again == id);
	STEP(jobs_state(t, &of, &state, e) == 0 && state == JOB_QUEUED);
	of.spec = "another";
	STEP(jobs_state(t, &of, &state, e) == 0 && state == 0);
	of.spec = NULL;
	of.sha = SHA_B;
	STEP(jobs_state(t, &of, &state, e) == 0 && state == 0);
	return fixture_verdict(f, e);
}

/* The job of a check on that tree; with how often it was to be another. */
static int
add_tree(struct txn *t, struct fixture *f, const char *tree, bool *created,
    int64_t *retests, struct err *e)
{
	char test[] = "make check";
	struct job_check check = { .test = test,
		.network_setup = NETWORK_NONE,
		.network_test = NETWORK_OFF,
		.timeout_s = 600 };
	const struct job_new n = { .project_id = f->project,
		.pull = 2,
		.sha = SHA_A,
		.base_sha = SHA_C,
		.name = "merged",
		.check = &check,
		.tree = tree,
		.spec = "s",
		.now = FIXTURE_NOW };
	struct job j;
	int64_t id;

	if (jobs_insert(t, &n, &id, created, e) == -1 ||
	    jobs_get(t, id, &j, e) == -1)
		return -1;
	*retests = j.retests;
	job_release(&j);
	return 0;
}

static int
steps_jobs_trees(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct job_check check = { .network_setup = NETWORK_OFF,
		.network_test = NETWORK_OFF };
	struct job_new of = { .project_id = f->project,
		.pull = 2,
		.sha = SHA_A,
		.base_sha = SHA_C,
		.name = "merged",
		.check = &check,
		.tree = SHA_A,
		.spec = "s" };
	enum job_state state;
	int64_t id, n, retests;
	bool created;

	STEP(add_tree(t, f, SHA_A, &created, &retests, e) == 0 && created);
	STEP(retests == 0);
	STEP(add_tree(t, f, SHA_A, &created, &retests, e) == 0 && !created);
	STEP(jobs_state(t, &of, &state, e) == 0 && state == JOB_QUEUED);
	of.tree = SHA_B;
	STEP(jobs_state(t, &of, &state, e) == 0 && state == 0);
	of.tree = NULL;
	STEP(jobs_state(t, &of, &state, e) == 0 && state == 0);
	STEP(add_tree(t, f, SHA_B, &created, &retests, e) == 0 && created);
	STEP(add_tree(t, f, SHA_C, &created, &retests, e) == 0 && created);
	STEP(retests == 2);
	STEP(jobs_retest(t, &of, 3, &n, e) == 0 && n == 0);
	STEP(jobs_retest(t, &of, 2, &n, e) == 0 && n == 1);
	STEP(jobs_retest(t, &of, 2, &n, e) == 0 && n == 0);
	STEP(add_tree(t, f, SHA_C, &created, &retests, e) == 0 && !created);
	STEP(retests == 0);
	/* What was skipped is so on any tree. */
	STEP(jobs_settle(t, &of, JOB_SKIPPED, "none", &id, e) == 0);
	of.tree = SHA_B;
	STEP(jobs_state(t, &of, &state, e) == 0 && state == JOB_SKIPPED);
	return fixture_verdict(f, e);
}

static void
a_job_is_of_the_tree_that_it_runs_on(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_jobs_trees, f, e));
}

static void
a_job_is_queued_anew_when_it_was_superseded_or_is_another(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_jobs_anew, f, e));
}

static int
steps_jobs(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct job_claim c = {
		.runner = "r1", .lease = LEASE_1, .lease_until = 60, .now = 1
	};
	struct job_result r = { .lease = LEASE_1,
		.state = JOB_FAILED,
		.phase = "test",
		.has_exit = true,
		.exit_code = 2,
		.why = "",
		.now = 50 };
	enum job_outcome how;
	struct job j;
	struct job_list l;
	int64_t id = 0, again = 0;
	bool created, cancel;

	STEP_FAILS(ERR_NOTFOUND, jobs_claim_next(t, &c, &j, e));
	STEP(add_job(t, f, SHA_A, "test", &id, &created, e) == 0 && created);
	STEP(add_job(t, f, SHA_A, "test", &again, &created, e) == 0);
	STEP(!created && again == id);
	STEP(jobs_claim_next(t, &c, &j, e) == 0);
	STEP(j.id == id && j.state == JOB_RUNNING && j.attempt == 1);
	STEP(strcmp(j.check.test, "make check") == 0 && j.check.required);
	STEP(j.check.setup[0] == '\0' && strcmp(j.lease, LEASE_1) == 0);
	job_release(&j);
	c.lease = LEASE_2;
	STEP_FAILS(ERR_NOTFOUND, jobs_claim_next(t, &c, &j, e));
	STEP(jobs_heartbeat(t, id, LEASE_1, 80, &cancel, e) == 0);
	STEP(!cancel);
	STEP_FAILS(ERR_BUSY, jobs_heartbeat(t, id, LEASE_2, 80, &cancel, e));
	STEP_FAILS(ERR_BUSY, jobs_heartbeat(t, id, "", 80, &cancel, e));
	STEP(jobs_set_log_bytes(t, id, 0, 5, e) == 0);
	STEP_FAILS(ERR_BUSY, jobs_set_log_bytes(t, id, 0, 5, e));
	r.lease = LEASE_2;
	STEP_FAILS(ERR_EXISTS, jobs_finish(t, id, &r, &how, e));
	r.lease = LEASE_1;
	STEP(jobs_finish(t, id, &r, &how, e) == 0);
	STEP(how == JOB_RESULT_TAKEN);
	STEP(jobs_finish(t, id, &r, &how, e) == 0);
	STEP(how == JOB_RESULT_REPEATED);
	r.exit_code = 3;
	STEP_FAILS(ERR_EXISTS, jobs_finish(t, id, &r, &how, e));
	STEP_FAILS(ERR_BUSY, jobs_heartbeat(t, id, LEASE_1, 80, &cancel, e));
	STEP(jobs_list(t, f->project, 2, 0, 0, &l, e) == 0);
	STEP(l.total == 1 && l.at[0].exit_code == 2 && l.at[0].has_exit);
	STEP(l.at[0].log_bytes == 5 && l.at[0].ended_at == 50);
	job_list_release(&l);
	return fixture_verdict(f, e);
}

static void
a_job_is_claimed_once_and_finished_once(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_jobs, f, e));
}

static int
steps_expiry(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct job_claim c = { .runner = "r1", .lease = LEASE_1, .now = 1 };
	struct job j;
	int64_t id = 0;
	bool created;

	STEP(add_job(t, f, SHA_A, "test", &id, &created, e) == 0);
	for (int64_t i = 1; i <= JOB_ATTEMPTS_MAX; i++) {
		c.lease_until = i * 10;
		STEP(jobs_claim_next(t, &c, &j, e) == 0);
		STEP(j.attempt == i);
		job_release(&j);
		STEP_FAILS(ERR_BUSY, jobs_lose(t, id, LEASE_2, 9, &j, e));
		STEP(jobs_lose(t, id, LEASE_1, i * 10, &j, e) == 0);
		STEP(j.id == id && j.lease[0] == '\0');
		STEP(j.state ==
		    (i < JOB_ATTEMPTS_MAX ? JOB_QUEUED
					  : JOB_INFRASTRUCTURE_ERROR));
		job_release(&j);
	}
	STEP_FAILS(ERR_NOTFOUND, jobs_claim_next(t, &c, &j, e));
	return fixture_verdict(f, e);
}

static int
steps_overdue(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct job_claim c = {
		.runner = "r1", .lease = LEASE_1, .now = 1
	};
	const struct job_claim c2 = {
		.runner = "r2", .lease = LEASE_2, .now = 1
	};
	struct job_result r = { .lease = LEASE_1, .state = JOB_PASSED };
	enum job_outcome how;
	bool created, cancel;
	struct job j;
	int64_t id = 0;

	STEP(add_job(t, f, SHA_A, "one", &id, &created, e) == 0);
	STEP(jobs_claim_next(t, &c, &j, e) == 0);
	job_release(&j);
	STEP_FAILS(ERR_BUSY, jobs_overdue(t, id, LEASE_2, 9, &j, e));
	STEP(jobs_overdue(t, id, LEASE_1, 9, &j, e) == 0);
	STEP(j.state == JOB_TIMED_OUT && j.ended_at == 9 && j.attempt == 1);
	job_release(&j);
	/* What it says afterwards is nobody's. */
	STEP_FAILS(ERR_BUSY, jobs_heartbeat(t, id, LEASE_1, 80, &cancel, e));
	STEP_FAILS(ERR_EXISTS, jobs_finish(t, id, &r, &how, e));
	STEP_FAILS(ERR_BUSY, jobs_overdue(t, id, LEASE_1, 9, &j, e));
	STEP(add_job(t, f, SHA_A, "two", &id, &created, e) == 0);
	STEP(jobs_claim_next(t, &c2, &j, e) == 0 && j.id == id);
	job_release(&j);
	STEP(jobs_cancel(t, id, "no", 3, &j, e) == 0);
	job_release(&j);
	STEP(jobs_overdue(t, id, LEASE_2, 9, &j, e) == 0);
	STEP(j.state == JOB_CANCELLED && strncmp(j.why, "no", 2) == 0);
	job_release(&j);
	return fixture_verdict(f, e);
}

static void
a_job_that_is_held_too_long_has_ended(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_overdue, f, e));
}

static int
steps_queue(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	char test[] = "true", labels[] = "[\"gpu\",\"big\"]";
	struct job_check check = { .test = test,
		.network_setup = NETWORK_NONE,
		.network_test = NETWORK_OFF };
	struct job_new n = { .project_id = f->project,
		.pull = 2,
		.sha = SHA_A,
		.base_sha = SHA_C,
		.name = "plain",
		.check = &check,
		.now = FIXTURE_NOW };
	struct job_claim c = { .runner = "r1",
		.runner_id = 7,
		.lease = LEASE_1,
		.lease_until = 60,
		.now = 1 };
	int64_t plain, urgent, labelled, running;
	bool created, cancel;
	struct job j;

	STEP(jobs_insert(t, &n, &plain, &created, e) == 0);
	n.name = "urgent";
	n.priority = 5;
	STEP(jobs_insert(t, &n, &urgent, &created, e) == 0);
	n.name = "labelled";
	n.priority = 9;
	check.labels = labels;
	STEP(jobs_insert(t, &n, &labelled, &created, e) == 0);
	STEP(jobs_claim_next(t, &c, &j, e) == 0);
	STEP(j.id == urgent && j.runner_id == 7);
	job_release(&j);
	STEP(jobs_count_running(t, 7, &running, e) == 0 && running == 1);
	STEP(jobs_give_back(t, urgent, LEASE_1, e) == 0);
	c.labels = "[\"gpu\"]";
	STEP(jobs_claim_next(t, &c, &j, e) == 0 && j.id == urgent);
	STEP(j.attempt == 1);
	job_release(&j);
	c.lease = LEASE_2;
	c.labels = "[\"big\",\"x\",\"gpu\"]";
	STEP(jobs_claim_next(t, &c, &j, e) == 0 && j.id == labelled);
	job_release(&j);
	STEP(jobs_cancel(t, labelled, "no", 3, &j, e) == 0);
	STEP(j.state == JOB_RUNNING && j.cancel);
	job_release(&j);
	STEP(jobs_heartbeat(t, labelled, LEASE_2, 9, &cancel, e) == 0);
	STEP(cancel);
	STEP(jobs_lose(t, labelled, LEASE_2, 4, &j, e) == 0);
	STEP(j.state == JOB_CANCELLED && strcmp(j.why, "no") == 0);
	job_release(&j);
	STEP(jobs_cancel(t, plain, "no", 3, &j, e) == 0);
	STEP(j.state == JOB_CANCELLED && j.ended_at == 3);
	job_release(&j);
	STEP_FAILS(ERR_EXISTS, jobs_cancel(t, plain, "no", 3, &j, e));
	return fixture_verdict(f, e);
}

/* The fixture's project lets a job out; the setup of one that has none does not
 * count. */
static int
steps_network(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	char test[] = "true", setup[] = "get";
	struct job_check check = { .test = test,
		.network_setup = NETWORK_LOCKED,
		.network_test = NETWORK_OFF };
	struct job_new n = { .project_id = f->project,
		.pull = 2,
		.sha = SHA_A,
		.base_sha = SHA_C,
		.name = "needs",
		.check = &check,
		.now = FIXTURE_NOW };
	struct job_claim c = { .runner = "r1", .lease = LEASE_1, .now = 1 };
	struct job_wait_list kinds;
	int64_t needs, plain, ids[JOBS_WAIT_MAX];
	struct job j;
	bool created;
	size_t k;

	check.setup = setup;
	STEP(jobs_insert(t, &n, &needs, &created, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, jobs_claim_next(t, &c, &j, e));
	n.name = "plain";
	check.setup = NULL;
	STEP(jobs_insert(t, &n, &plain, &created, e) == 0);
	STEP(jobs_waits(t, &kinds, e) == 0 && kinds.n == 2);
	for (k = 0; k < 2 && !kinds.at[k].network; k++)
		;
	STEP(k < 2 && jobs_wait_ids(t, &kinds.at[k], ids, &k, e) == 0);
	STEP(k == 1 && ids[0] == needs);
	job_wait_list_release(&kinds);
	STEP(jobs_wait_set(t, needs, "waits", e) == 0);
	STEP(jobs_claim_next(t, &c, &j, e) == 0 && j.id == plain);
	job_release(&j);
	c.network = true;
	c.lease = LEASE_2;
	STEP(jobs_wait_set(t, plain, "waits", e) == 0); /* it runs */
	STEP(jobs_get(t, plain, &j, e) == 0 && j.why[0] == '\0');
	job_release(&j);
	STEP(jobs_claim_next(t, &c, &j, e) == 0 && j.id == needs);
	STEP(j.why[0] == '\0');
	job_release(&j);
	return fixture_verdict(f, e);
}

static void
a_runner_without_a_network_gets_no_job_that_needs_one(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_network, f, e));
}

static void
labels_priority_and_cancel_decide_what_a_runner_gets(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_queue, f, e));
}

static void
a_lost_runner_gives_its_job_back_three_times(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_expiry, f, e));
}

static int
steps_supersede(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct job_claim c = {
		.runner = "r", .lease = LEASE_1, .lease_until = 60, .now = 1
	};
	struct job_result r = { .lease = LEASE_1,
		.state = JOB_CANCELLED,
		.phase = "",
		.why = "",
		.now = 5 };
	enum job_outcome how;
	struct job j;
	int64_t id[3], n = 0;
	bool created, cancel;

	STEP(add_job(t, f, SHA_A, "one", &id[0], &created, e) == 0);
	STEP(add_job(t, f, SHA_A, "two", &id[1], &created, e) == 0);
	STEP(add_job(t, f, SHA_B, "one", &id[2], &created, e) == 0);
	STEP(jobs_claim_next(t, &c, &j, e) == 0 && j.id == id[0]);
	job_release(&j);
	STEP(jobs_supersede(t, f->project, 2, SHA_B, 4, &n, e) == 0);
	STEP(n == 2);
	STEP(jobs_heartbeat(t, id[0], LEASE_1, 90, &cancel, e) == 0);
	STEP(cancel);
	STEP(jobs_finish(t, id[0], &r, &how, e) == 0);
	STEP(how == JOB_RESULT_IGNORED);
	STEP(jobs_get(t, id[0], &j, e) == 0 && j.state == JOB_SUPERSEDED);
	job_release(&j);
	c.lease = LEASE_2;
	STEP(jobs_claim_next(t, &c, &j, e) == 0 && j.id == id[2]);
	job_release(&j);
	return fixture_verdict(f, e);
}

static void
jobs_of_an_older_head_are_superseded(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_supersede, f, e));
}

/* Two runners ask at the same moment. */
struct claim {
	struct fixture *f;
	const char *lease;
	int64_t id;
	int *left;
};

static int
job_claim(struct txn *t, void *arg, struct err *e)
{
	struct claim *c = arg;
	struct job_claim how = {
		.runner = "r", .lease = c->lease, .lease_until = 60, .now = 1
	};
	struct job j;

	if (jobs_claim_next(t, &how, &j, e) == -1)
		return -1;
	c->id = j.id;
	job_release(&j);
	return 0;
}

static int
job_add_one(struct txn *t, void *arg, struct err *e)
{
	int64_t id = 0;
	bool created;

	return add_job(t, arg, SHA_A, "test", &id, &created, e);
}

static void
on_claim(const struct err *fail, void *arg)
{
	struct claim *c = arg;

	if (fail != NULL && fail->code != ERR_NOTFOUND)
		c->id = -1;
	if (--*c->left == 0)
		loop_stop(c->f->loop);
}

static void
two_claims_of_one_job_give_it_to_one(void **state)
{
	struct fixture *f = *state;
	int left = 2;
	struct claim a = { .f = f, .lease = LEASE_1, .left = &left };
	struct claim b = { .f = f, .lease = LEASE_2, .left = &left };

	OK(db_write_now(f->db, job_add_one, f, e));
	db_write(f->db, job_claim, on_claim, &a);
	db_write(f->db, job_claim, on_claim, &b);
	OK(loop_run(f->loop, e));
	assert_true(a.id > 0);
	assert_int_equal(b.id, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(events_are_read_by_sequence_and_by_who_may_see_them),
		T(a_reader_who_sees_nothing_still_gets_on),
		T(a_run_is_one_per_event_and_moves_by_compare_and_set),
		T(runs_are_listed_by_project_item_and_state),
		T(a_job_is_claimed_once_and_finished_once),
		T(a_job_is_queued_anew_when_it_was_superseded_or_is_another),
		T(a_job_is_of_the_tree_that_it_runs_on),
		T(a_lost_runner_gives_its_job_back_three_times),
		T(a_job_that_is_held_too_long_has_ended),
		T(a_runner_without_a_network_gets_no_job_that_needs_one),
		T(labels_priority_and_cancel_decide_what_a_runner_gets),
		T(jobs_of_an_older_head_are_superseded),
		cmocka_unit_test_setup_teardown(
		    two_claims_of_one_job_give_it_to_one, fixture_setup_loop,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
