#include "tests/unit/server/store_fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include <sqlite3.h>

#include "server/domain/work.h"
#include "server/store/comments.h"
#include "server/store/events.h"
#include "server/store/issues.h"

enum {
	MANY = 1000
};

struct step {
	struct fixture *f;
	struct test_log *log;
	int id;
	bool fail;
	int64_t number;
};

struct test_log {
	int order[MANY];
	int n;
	int failed;
	int until; /* stop the loop after so many answers */
	enum err_code code;
	int commits;
	int64_t seq;
	struct loop *loop;
};

static void
on_done(const struct err *fail, void *arg)
{
	struct step *s = arg;
	struct test_log *log = s->log;

	log->order[log->n++] = s->id;
	if (fail != NULL) {
		log->failed++;
		log->code = fail->code;
	}
	if (log->n == log->until)
		loop_stop(log->loop);
}

static void
on_commit(int64_t seq, void *arg)
{
	struct test_log *log = arg;

	log->commits++;
	log->seq = seq;
}

static int
job_issue(struct txn *t, void *arg, struct err *e)
{
	struct step *s = arg;
	struct issue_new n = {
		.project_id = s->f->project,
		.author_id = s->f->alice,
		.title = "t",
		.body = "b",
		.now = FIXTURE_NOW,
	};
	const struct actor who = { .id = s->f->alice, .kind = USER_PERSON };
	struct event_new ev = {
		.kind = "issue.opened",
		.project_id = s->f->project,
		.actor = &who,
	};

	if (issues_insert(t, &n, &s->number, e) == -1 ||
	    events_append(t, &ev, NULL, e) == -1)
		return -1;
	if (s->fail)
		return err_set(e, ERR_INVALID, "on purpose");
	return 0;
}

static int64_t
count_issues(struct fixture *f)
{
	struct issue_filter filter = {
		.project_id = f->project, .is_pull = -1, .limit = 1
	};
	struct issue_list l;
	int64_t n;

	OK(issues_list(db_reader(f->db), &filter, &l, e));
	n = l.total;
	issue_list_release(&l);
	return n;
}

static void
writes_answer_in_order_and_number_without_gaps(void **state)
{
	struct fixture *f = *state;
	struct test_log log = { .until = MANY, .loop = f->loop };
	struct step *s = xcalloc(MANY, sizeof(*s));
	bool seen[MANY + 1] = { false };

	db_on_commit(f->db, on_commit, &log);
	for (int i = 0; i < MANY; i++) {
		s[i] = (struct step){ .f = f, .log = &log, .id = i };
		db_write(f->db, job_issue, on_done, &s[i]);
	}
	assert_int_equal(log.n, 0);
	OK(loop_run(f->loop, e));
	assert_int_equal(log.failed, 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(log.order[i], i);
		assert_in_range(s[i].number, 1, MANY);
		assert_false(seen[s[i].number]);
		seen[s[i].number] = true;
	}
	assert_true(log.commits >= 1 && log.commits < MANY);
	assert_int_equal(db_queued(f->db), 0);
	free(s);
}

static void
a_failing_job_undoes_itself_only(void **state)
{
	struct fixture *f = *state;
	struct test_log log = { .until = 30, .loop = f->loop };
	struct step s[30];
	int64_t last = 0;

	db_on_commit(f->db, on_commit, &log);
	for (int i = 0; i < 30; i++) {
		s[i] = (struct step){
			.f = f, .log = &log, .id = i, .fail = i % 3 == 1
		};
		db_write(f->db, job_issue, on_done, &s[i]);
	}
	OK(loop_run(f->loop, e));
	assert_int_equal(log.failed, 10);
	assert_int_equal(log.code, ERR_INVALID);
	assert_int_equal(count_issues(f), 20);
	OK(events_last(db_reader(f->db), &last, e));
	assert_int_equal(last, 20);
	assert_int_equal(s[29].number, 20);
}

static void
a_failed_commit_fails_every_job_of_its_group(void **state)
{
	struct fixture *f = *state;
	struct test_log log = { .until = 20, .loop = f->loop };
	struct rlimit was, tiny;
	struct step s[21];

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tiny = was;
	tiny.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	for (int i = 0; i < 20; i++) {
		s[i] = (struct step){ .f = f, .log = &log, .id = i };
		db_write(f->db, job_issue, on_done, &s[i]);
	}
	OK(loop_run(f->loop, e));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(log.failed, 20);
	assert_int_equal(log.code, ERR_IO);
	assert_int_equal(count_issues(f), 0);
	s[20] = (struct step){ .f = f, .log = &log, .id = 20 };
	OK(db_write_now(f->db, job_issue, &s[20], e));
	assert_int_equal(s[20].number, 1);
	assert_int_equal(count_issues(f), 1);
}

static int
job_nothing(struct txn *t, void *arg, struct err *e)
{
	(void)t;
	(void)arg;
	(void)e;
	return 0;
}

static void
on_count(const struct err *fail, void *arg)
{
	int *n = arg;

	if (fail == NULL)
		n[0]++;
	else if (fail->code == ERR_BUSY)
		n[1]++;
}

static void
a_full_queue_answers_busy_and_close_answers_all(void **state)
{
	struct fixture *f = *state;
	int n[2] = { 0, 0 };
	int sent = 3 * DB_QUEUE_MAX;

	/* The writer takes some meanwhile, hence three times. */
	for (int i = 0; i < sent; i++)
		db_write(f->db, job_nothing, on_count, n);
	assert_int_equal(n[0] + n[1], 0);
	db_close(f->db);
	f->db = NULL;
	assert_int_equal(n[0] + n[1], sent);
	assert_true(n[0] >= DB_QUEUE_MAX);
}

static void
a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	sqlite3 *sq = NULL;

	db_close(f->db);
	f->db = NULL;
	assert_int_equal(sqlite3_open(f->path, &sq), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(sq, "PRAGMA user_version=99", NULL, NULL, NULL),
	    SQLITE_OK);
	(void)sqlite3_close(sq);
	assert_int_equal(db_open(&f->db, f->path, NULL, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_non_null(strstr(err.msg, "schema version 99"));
	f->db = NULL;
}

static void
a_file_that_is_no_database_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[128];
	struct db *d = NULL;

	(void)snprintf(path, sizeof(path), "%s/other", f->dir);
	OK(path_write_atomic(
	    path, "not a database, at all, at all", 30, 0600, e));
	FAILS(ERR_IO, db_open(&d, path, NULL, e));
	FAILS(ERR_IO, db_open(&d, "/nonexistent/x", NULL, e));
}

static void
rows_are_there_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct step s = { .f = f };

	OK(db_write_now(f->db, job_issue, &s, e));
	db_close(f->db);
	f->db = NULL;
	OK(db_open(&f->db, f->path, f->loop, e));
	assert_int_equal(count_issues(f), 1);
}

static int
job_many_issues(struct txn *t, void *arg, struct err *e)
{
	struct step *s = arg;

	for (int i = 0; i < 4 * MANY; i++) {
		if (job_issue(t, s, e) == -1)
			return -1;
	}
	return 0;
}

static void
a_long_query_on_the_loop_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct step s = { .f = f };
	struct issue_filter filter = {
		.project_id = f->project, .is_pull = -1, .q = "t"
	};
	struct issue_list l;

	OK(db_write_now(f->db, job_many_issues, &s, e));
	db_set_read_limit(f->db, 1);
	for (int i = 0; i < 3; i++)
		OK(db_write_now(f->db, job_many_issues, &s, e));
	FAILS(ERR_TIMEOUT, issues_list(db_reader(f->db), &filter, &l, e));
	/* A short one still works, also after the limit hit. */
	filter.q = NULL;
	filter.limit = 1;
	db_set_read_limit(f->db, 0);
	OK(issues_list(db_reader(f->db), &filter, &l, e));
	assert_int_equal(l.total, 16 * MANY);
	issue_list_release(&l);
}

/* Writes until it is killed; one byte to the pipe per acknowledged row. */
static _Noreturn void
crash_child(const char *path, struct fixture *f, int fd)
{
	struct err err = ERR_INIT;
	struct step s = { .f = f };
	struct db *d = NULL;

	if (db_open(&d, path, NULL, &err) == -1)
		_exit(1);
	for (;;) {
		if (db_write_now(d, job_issue, &s, &err) == -1 ||
		    write(fd, "x", 1) != 1)
			_exit(2);
	}
}

static void
killed_in_the_middle_it_keeps_what_it_acknowledged(void **state)
{
	struct fixture *f = *state;
	int fds[2], status, acknowledged = 0;
	int64_t found;
	pid_t pid;
	char c;

	db_close(f->db);
	f->db = NULL;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		crash_child(f->path, f, fds[1]);
	(void)close(fds[1]);
	while (acknowledged < 40 && read(fds[0], &c, 1) == 1)
		acknowledged++;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &c, 1) == 1)
		acknowledged++;
	(void)close(fds[0]);
	OK(db_open(&f->db, f->path, NULL, e));
	found = count_issues(f);
	assert_true(found >= acknowledged && found <= acknowledged + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name, setup) \
	cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
		T(writes_answer_in_order_and_number_without_gaps,
		    fixture_setup_loop),
		T(a_failing_job_undoes_itself_only, fixture_setup_loop),
		T(a_failed_commit_fails_every_job_of_its_group,
		    fixture_setup_loop),
		T(a_full_queue_answers_busy_and_close_answers_all,
		    fixture_setup_loop),
		T(a_newer_schema_is_refused, fixture_setup),
		T(a_file_that_is_no_database_is_refused, fixture_setup),
		T(rows_are_there_after_reopening, fixture_setup_loop),
		T(a_long_query_on_the_loop_is_cut_off, fixture_setup),
		T(killed_in_the_middle_it_keeps_what_it_acknowledged,
		    fixture_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
