#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/runner/config.h"
#include "agentd/runner/job.h"
#include "lib/wire/json.h"
#include "tests/unit/agentd/cofferd_loop.h"
#include "tests/unit/agentd/job_fake.h"

#define JOB_ROW(id, setup, net)                                   \
	"{\"id\":" id                                             \
	",\"attempt\":1,\"lease\":\"abc\",\"project\":{\"id\":7," \
	"\"full_name\":\"own/"                                    \
	"app\"},\"name\":\"test\",\"check\":{\"setup\":" setup    \
	",\"test\":\"make check\",\"network\":{\"setup\":\"" net  \
	"\",\"test\":\"off\"},\"timeout_s\":60,\"memory\":1048576}}"
#define JOB_RESULT "POST /api/coffer/v1/ci/jobs/4/result "

struct fake_driver fake_driver_state;

struct fix {
	struct cofferd c;
	struct sandbox_host host;
	struct runner_config cfg;
	struct job_env env;
	struct job *jobs[2];
	char home[64];
	int over;
};

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fake_init(&f->c);
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-job-XXXXXX");
	assert_non_null(mkdtemp(f->home));
	f->host = (struct sandbox_host){
		.loop = f->c.loop, .home = f->home, .inst = "0000"
	};
	f->cfg = (struct runner_config){
		.disk = 64 << 20, .cpus = 1, .pids = 64
	};
	f->env = (struct job_env){ .host = &f->host,
		.driver = &fake_driver,
		.cfg = &f->cfg,
		.api = f->c.api,
		.net = f->c.net,
		.base = f->c.base,
		.token = "runner-token" };
	fake_rule(&f->c, 200, "GET /api/coffer/v1/ci/jobs/4/tree.tar", "a tar");
	fake_rule(&f->c, 200, "GET /api/coffer/v1/ci/jobs/5/tree.tar", "a tar");
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	loop_drain(f->c.loop);
	for (int i = 0; i < 2; i++)
		job_free(f->jobs[i]);
	fake_driver_reset();
	fake_release(&f->c);
	(void)path_rmtree(f->home, &e);
	fix_links = fix_modes = fix_disks = 0;
	free(f);
	return 0;
}

static void
fix_on_told(struct job *j, void *arg)
{
	(void)j;
	(void)arg;
}

static void
fix_on_job(struct job *j, void *arg)
{
	struct fix *f = arg;

	(void)j;
	f->over++;
}

static bool
fix_is_over(void *arg)
{
	const struct fix *f = arg;

	return f->over > 0;
}

static bool
fix_both_are_over(void *arg)
{
	const struct fix *f = arg;

	return f->over == 2;
}

static bool
fix_test_is_alive(void *arg)
{
	(void)arg;
	return fake_live("test") != NULL;
}

static void
fix_begin(struct fix *f, int slot, const char *text)
{
	struct err e = ERR_INIT;
	struct json *row = json_parse(view_of(text), 0, &e);

	f->jobs[slot] = job_new(&f->env, slot, row,
	    &(struct job_ends){ fix_on_told, fix_on_job, f }, &e);
	json_free(row);
	if (f->jobs[slot] == NULL)
		fail_msg("%s", e.msg);
	job_begin(f->jobs[slot]);
}

static void
fix_run(struct fix *f, const char *row, const struct fake_plan *p)
{
	if (p != NULL)
		fake_driver_state.plan[0] = *p;
	fix_begin(f, 0, row);
	assert_true(fake_until(&f->c, fix_is_over, f));
}

static void
fix_assert_saw(const struct fix *f, const char *text)
{
	if (!fake_saw(&f->c, text))
		fail_msg("no %s in:\n%s", text, str_cstr(&f->c.seen));
}

static void
a_good_job_passes_without_a_network(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "test",
		.output = "all is well\n",
		.exit = { .started_at = 1 } };

	fix_run(f, JOB_ROW("4", "null", "none"), &p);
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "unpack net=0 /work/tree:rw\ntest net=0 /work/tree:rw\n");
	fix_assert_saw(f,
	    JOB_RESULT "{\"lease\":\"abc\",\"state\":\"passed\",\"phase\":"
		       "\"test\",\"exit_code\":0,\"signal\":0,");
	assert_string_equal(str_cstr(&f->c.log),
	    "== test: make check\nall is well\n== passed: exit status 0\n");
	assert_int_equal(fix_links, 0);
	assert_string_equal(str_cstr(&fake_driver_state.gitconfig), "");
}

static void
only_a_setup_that_asks_for_it_has_the_network(void **state)
{
	struct fix *f = *state;

	fix_run(f, JOB_ROW("4", "\"apt\"", "web"), NULL);
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "unpack net=0 /work/tree:rw\nsetup net=1 /work/tree:rw\n"
	    "test net=0 /work/tree:rw\n");
	assert_int_equal(fix_links, 0);
	assert_int_equal(fix_modes, 0);
}

static void
verdicts_come_from_the_runtime(void **state)
{
	static const struct {
		const char *setup;
		struct fake_plan plan;
		const char *told;
	} cases[] = {
		{ "null", { .phase = "test", .exit = { .exit_code = 2 } },
		    "\"state\":\"failed\",\"phase\":\"test\",\"exit_code\":2" },
		{ "null",
		    { .phase = "test",
			.exit = { .exit_code = -1, .signal = 11 } },
		    "\"state\":\"failed\",\"phase\":\"test\",\"exit_code\":"
		    "null,"
		    "\"signal\":11" },
		{ "\"x\"", { .phase = "setup", .exit = { .exit_code = 1 } },
		    "\"state\":\"setup_failed\",\"phase\":\"setup\"" },
		{ "null",
		    { .phase = "test",
			.exit = { .exit_code = -1,
			    .signal = 15,
			    .timed_out = true } },
		    "\"state\":\"timed_out\"" },
		{ "null", { .phase = "test", .exit = { .oom = true } },
		    "\"state\":\"out_of_memory\"" },
		{ "null",
		    { .phase = "test",
			.exit = { .exit_code = -1, .error = "no runc" } },
		    "\"state\":\"infrastructure_error\"" },
		{ "null", { .phase = "test", .exit = { .stopped = true } },
		    "\"state\":\"infrastructure_error\"" },
		{ "\"x\"", { .phase = "setup", .exit = { .stopped = true } },
		    "\"state\":\"infrastructure_error\"" },
		{ "null", { .phase = "unpack", .exit = { .exit_code = 2 } },
		    "\"state\":\"infrastructure_error\"" },
		{ "null", { .phase = "test", .fail = "no space" },
		    "\"state\":\"infrastructure_error\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FREE char *row = NULL;
		struct fix *f;

		assert_int_equal(fix_setup(state), 0);
		f = *state;
		row = xasprintf(JOB_ROW("4", "%s", "none"), cases[i].setup);
		fix_run(f, row, &cases[i].plan);
		fix_assert_saw(f, cases[i].told);
		assert_int_equal(fake_count(&f->c, "/result"), 1);
		(void)fix_teardown(state);
	}
}

static void
a_tree_that_does_not_arrive_is_infrastructure(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 500, "GET /api/coffer/v1/ci/jobs/4/tree.tar", "{}");
	fix_run(f, JOB_ROW("4", "null", "none"), NULL);
	fix_assert_saw(f, "\"state\":\"infrastructure_error\"");
	assert_int_equal(fake_driver_state.started.len, 0);
}

static void
a_disowned_job_goes_without_a_word(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "test", .stays = true };

	fake_driver_state.plan[0] = p;
	fix_begin(f, 0, JOB_ROW("4", "null", "none"));
	assert_true(fake_until(&f->c, fix_test_is_alive, f));
	job_disown(f->jobs[0], "409");
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_false(fake_saw(&f->c, "/result"));
	assert_non_null(strstr(str_cstr(&fake_driver_state.killed), "test"));
}

static void
disowned_before_it_ran_it_never_runs(void **state)
{
	struct fix *f = *state;

	fix_begin(f, 0, JOB_ROW("4", "null", "none"));
	job_disown(f->jobs[0], "409");
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_false(fake_saw(&f->c, "/result"));
	assert_int_equal(fake_driver_state.started.len, 0);
}

static void
a_result_is_told_until_it_was_heard(void **state)
{
	struct fix *f = *state;

	fake_times(
	    &f->c, 1, FAKE_LOST, "POST /api/coffer/v1/ci/jobs/4/result", "");
	fix_run(f, JOB_ROW("4", "null", "none"), NULL);
	assert_int_equal(fake_count(&f->c, "/result"), 2);
}

static void
two_slots_run_side_by_side(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "test", .stays = true };
	const struct shim_exit good = { .started_at = 1 };

	fake_driver_state.plan[0] = p;
	fix_begin(f, 0, JOB_ROW("4", "null", "none"));
	assert_true(fake_until(&f->c, fix_test_is_alive, f));
	fake_driver_state.plan[0] = (struct fake_plan){ .phase = "none" };
	fix_begin(f, 1, JOB_ROW("5", "null", "none"));
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/ci/jobs/5/result"));
	assert_false(fake_saw(&f->c, "/ci/jobs/4/result"));
	fake_end("test", &good);
	assert_true(fake_until(&f->c, fix_both_are_over, f));
	assert_true(fake_saw(&f->c, "/ci/jobs/4/result"));
	assert_int_equal(fix_disks, 2);
}

static void
strange_rows_are_no_jobs(void **state)
{
	static const char *const rows[] = { "{}", "[]", "7",
		"{\"id\":4,\"lease\":\"\",\"check\":{\"test\":\"x\"}}",
		"{\"id\":-4,\"lease\":\"a\",\"check\":{\"test\":\"x\"}}",
		"{\"id\":4,\"lease\":\"a\",\"check\":{\"test\":\"\"}}",
		"{\"id\":4,\"lease\":\"a\",\"check\":{\"test\":7}}" };
	struct fix *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;
		struct json *row = json_parse(view_of(rows[i]), 0, &e);

		assert_null(job_new(&f->env, 0, row,
		    &(struct job_ends){ fix_on_told, fix_on_job, f }, &e));
		assert_int_not_equal(e.code, ERR_NONE);
		json_free(row);
	}
}

#define JOB_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JOB_TEST(a_good_job_passes_without_a_network),
		JOB_TEST(only_a_setup_that_asks_for_it_has_the_network),
		cmocka_unit_test(verdicts_come_from_the_runtime),
		JOB_TEST(a_tree_that_does_not_arrive_is_infrastructure),
		JOB_TEST(a_disowned_job_goes_without_a_word),
		JOB_TEST(disowned_before_it_ran_it_never_runs),
		JOB_TEST(a_result_is_told_until_it_was_heard),
		JOB_TEST(two_slots_run_side_by_side),
		JOB_TEST(strange_rows_are_no_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
