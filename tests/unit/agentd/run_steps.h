/* run_steps: what the tests of runs do and look at. */
#ifndef TESTS_UNIT_AGENTD_RUN_STEPS_H
#define TESTS_UNIT_AGENTD_RUN_STEPS_H

#include "tests/unit/agentd/run_fixture.h"

static inline int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fake_init(&f->c);
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-run-XXXXXX");
	assert_non_null(mkdtemp(f->home));
	f->host = (struct sandbox_host){ .loop = f->c.loop,
		.home = f->home,
		.inst = "0000",
		.shim = "/bin/false",
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	f->sandboxes = (struct sandboxes){ .loop = f->c.loop, .attach_fd = -1 };
	fix_command(f, "fix", "write");
	fix_message = "All is well.";
	fix_form = NULL;
	fix_removed = 0;
	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=16",
	    "[{\"id\":7,\"full_name\":\"own/app\",\"state\":\"active\","
	    "\"sandbox\":{\"want\":\"running\",\"state\":\"absent\"},"
	    "\"settings\":{\"network\":\"web\",\"agent\":\"command\","
	    "\"agent_command\":[\"/opt/agent\"],\"memory\":2147483648,"
	    "\"cpus\":2,\"pids\":512,\"disk\":4294967296,\"wall_s\":60}}]");
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50", "[]");
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_READ);
	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs/9/token",
	    "{\"token\":\"" RUN_TOKEN "\"}");
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/issues/3",
	    "{\"title\":\"It breaks\",\"body\":\"badly\",\"comments\":0,"
	    "\"user\":{\"login\":\"bob\"}}");
	fake_rule(
	    &f->c, 200, "GET /api/v1/repos/own/app/issues/3/comments", "[]");
	fake_rule(&f->c, 404, "GET /api/v1/repos/own/app/branches/agent/fix-3",
	    "{\"message\":\"none\"}");
	fake_rule(&f->c, 404, "GET /api/coffer/v1/cursors/agentd", "{}");
	fake_rule(&f->c, 200, "GET /api/coffer/v1/runs/9/orders",
	    "{\"events\":[" RUN_EVENT "],\"comments\":[]}");
	*state = f;
	return 0;
}

static inline int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	fix_end(f);
	commands_release(&f->commands);
	fake_driver_reset();
	fake_release(&f->c);
	(void)path_rmtree(f->home, &e);
	free(f);
	return 0;
}

static inline void
fix_order(struct fix *f)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(VIEW_LIT(RUN_EVENT), 0, &e);
	struct watch_event ev;
	struct trigger t;

	assert_int_equal(watch_event_read(j, &ev, &e), 0);
	trigger_decide(
	    &ev, &f->commands, &(struct trigger_rules){ .pickup = false }, &t);
	assert_int_equal(t.verdict, TRIGGER_RUN);
	f->ordered = false;
	runs_order(f->runs, &ev, &t, fix_on_ordered, f);
	json_free(j);
	assert_true(fake_until(&f->c, fix_is_ordered, f));
	assert_int_equal(f->fail.code, ERR_NONE);
}

static inline void
fix_run(struct fix *f)
{
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
}

static inline void
fix_plan(const struct fake_plan *p)
{
	for (int i = 0; i < FAKE_PHASES; i++) {
		if (fake_driver_state.plan[i].phase == NULL) {
			fake_driver_state.plan[i] = *p;
			return;
		}
	}
}

static inline bool
fix_agent_is_alive(void *arg)
{
	(void)arg;
	return fake_live("agent") != NULL;
}

static inline bool
fix_prepare_is_alive(void *arg)
{
	(void)arg;
	return fake_live("prepare") != NULL;
}

/* The clone goes on, and the agent's container waits beside it. */
static inline bool
fix_agent_is_held(void *arg)
{
	return fix_prepare_is_alive(arg) && fake_held("agent") != NULL;
}

static inline void
fix_file(const struct fix *f, const char *leaf, struct str *out)
{
	AUTO_FREE char *path = xasprintf("%s/runs/9/%s", f->home, leaf);
	struct err e = ERR_INIT;

	assert_int_equal(path_read(path, 16 << 20, out, &e), 0);
}

/* The kinds of states in the order in which cofferd was told. */
static inline void
fix_assert_states(const struct fix *f, const char *const *bodies)
{
	const char *at = str_cstr(&f->c.seen);

	for (; *bodies != NULL && at != NULL; bodies++) {
		at = strstr(at, *bodies);
		if (at == NULL)
			fail_msg(
			    "no %s in:\n%s", *bodies, str_cstr(&f->c.seen));
	}
}

#define RUN_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

#endif
