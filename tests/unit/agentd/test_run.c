#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/run/runs.h"
#include "agentd/run/workdir.h"
#include "agentd/watch/reader.h"
#include "lib/wire/json.h"
#include "tests/unit/agentd/cofferd_loop.h"
#include "tests/unit/agentd/driver_fake.h"
#include "tests/unit/agentd/sandbox_fake.h"

#define RUN_ROW(access, branch, state)                                         \
	"{\"id\":9,\"project\":{\"id\":7,\"full_name\":\"own/app\"},"          \
	"\"event\":5,\"item\":3,\"is_pull\":false,\"command\":\"fix\","        \
	"\"access\":\"" access "\",\"agent\":\"command\",\"network\":\"web\"," \
	"\"branch\":" branch ",\"base\":\"main\",\"base_sha\":\"aaaa\","       \
	"\"state\":\"" state "\"}"
#define RUN_WRITE RUN_ROW("write", "\"agent/fix-3\"", "queued")
#define RUN_READ RUN_ROW("read", "null", "queued")
#define RUN_TOKEN "0123456789abcdef0123456789abcdef01234567"
#define RUN_EVENT                                                        \
	"{\"seq\":5,\"kind\":\"comment.created\",\"project\":{\"id\":7," \
	"\"full_name\":\"own/app\"},\"actor\":{\"login\":\"ann\","       \
	"\"kind\":\"user\",\"role\":\"maintainer\"},\"item\":3,"         \
	"\"is_pull\":false,\"data\":{\"comment\":1,"                     \
	"\"body\":\"/fix the parser\"}}"

struct fake_driver fake_driver_state;

struct fix {
	struct cofferd c;
	struct sandbox_host host;
	struct sandboxes sandboxes;
	struct commands commands;
	struct run_env env;
	struct projects *projects;
	struct runs *runs;
	struct reader *reader;
	char home[64];
	int64_t cancel; /* of the last event */
	bool loaded;
	bool ordered;
	struct err fail;
};

/* What the agent left behind; of the fakes below. */
static const char *fix_message;
static int fix_removed;

int
workdir_make(
    const struct sandbox_host *h, int64_t project, int64_t run, struct err *e)
{
	(void)h;
	(void)project;
	(void)run;
	(void)e;
	return 0;
}

void
workdir_path(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, char *out, size_t max)
{
	(void)snprintf(out, max, "%s/sandboxes/%lld/ws/runs/%lld/%s", h->home,
	    (long long)project, (long long)run, leaf);
}

int
workdir_message(const struct sandbox_host *h, int64_t project, int64_t run,
    size_t max, struct str *out, struct err *e)
{
	(void)h;
	(void)project;
	(void)run;
	(void)max;
	if (fix_message == NULL)
		return err_set(e, ERR_DENIED, "message.md: not a regular file");
	str_add(out, fix_message);
	return 0;
}

void
workdir_remove(const struct sandbox_host *h, int64_t project, int64_t run,
    sandbox_done_fn *done, void *arg)
{
	(void)project;
	(void)run;
	fix_removed++;
	fake_later(h->loop, NULL, done, arg);
}

static void
fix_on_loaded(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->loaded = true;
	f->fail = e == NULL ? ERR_INIT : *e;
}

static void
fix_on_ordered(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->ordered = true;
	f->fail = e == NULL ? ERR_INIT : *e;
	if (f->reader != NULL)
		reader_next(f->reader, e != NULL);
}

static void
fix_on_event(const struct watch_event *ev, void *arg)
{
	struct fix *f = arg;
	struct trigger t;

	if (strcmp(ev->kind, "run.cancel") == 0)
		runs_cancel(f->runs, json_i64_or(ev->data, "run", 0));
	trigger_decide(ev, &f->commands, false, &t);
	if (t.verdict == TRIGGER_RUN)
		runs_order(f->runs, ev, &t, fix_on_ordered, f);
	else
		reader_next(f->reader, false);
}

static void
fix_on_unwanted(int64_t id, void *arg)
{
	struct fix *f = arg;

	runs_cancel_project(f->runs, id, "the sandbox was stopped");
}

static bool
fix_is_loaded(void *arg)
{
	const struct fix *f = arg;

	return f->loaded;
}

static bool
fix_is_ordered(void *arg)
{
	const struct fix *f = arg;

	return f->ordered;
}

static bool
fix_is_over(void *arg)
{
	const struct fix *f = arg;

	return runs_idle(f->runs) && fake_saw(&f->c, "/finish");
}

/* The objects of one process of agentd. */
static void
fix_begin(struct fix *f)
{
	f->env = (struct run_env){ .host = &f->host,
		.driver = &fake_driver,
		.sandboxes = &f->sandboxes,
		.api = f->c.api,
		.commands = &f->commands };
	f->projects = projects_new(&f->host, f->c.api);
	f->env.projects = f->projects;
	f->runs = runs_new(&f->env, 4);
	projects_on_unwanted(f->projects, fix_on_unwanted, f);
	projects_set_sandboxes(f->projects, &f->sandboxes);
	f->loaded = false;
	projects_load(f->projects, fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	f->loaded = false;
	runs_adopt(f->runs, fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	projects_open(f->projects);
}

static void
fix_end(struct fix *f)
{
	loop_drain(f->c.loop);
	reader_free(f->reader);
	f->reader = NULL;
	runs_free(f->runs);
	projects_free(f->projects);
	loop_drain(f->c.loop);
}

static void
fix_command(struct fix *f, const char *name, const char *access)
{
	AUTO_FREE char *text = xasprintf(
	    "---\ndescription: d\naccess: %s\n---\nDo it.\n", access);
	struct err e = ERR_INIT;

	assert_int_equal(command_parse("f", name, view_of(text),
			     &f->commands.v[f->commands.n++], &e),
	    0);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));

	fake_init(&f->c);
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-run-XXXXXX");
	assert_non_null(mkdtemp(f->home));
	f->host = (struct sandbox_host){ .loop = f->c.loop,
		.home = f->home,
		.inst = "0000",
		.self = "/bin/false",
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	f->sandboxes = (struct sandboxes){ .loop = f->c.loop, .attach_fd = -1 };
	fix_command(f, "fix", "write");
	fix_message = "All is well.";
	fix_removed = 0;
	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=50",
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
	fake_rule(&f->c, 200, "GET /api/coffer/v1/events?after=4&limit=1",
	    "{\"events\":[" RUN_EVENT "],\"last\":5}");
	*state = f;
	return 0;
}

static int
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

static void
fix_order(struct fix *f)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(VIEW_LIT(RUN_EVENT), 0, &e);
	struct watch_event ev;
	struct trigger t;

	assert_int_equal(watch_event_read(j, &ev, &e), 0);
	trigger_decide(&ev, &f->commands, false, &t);
	assert_int_equal(t.verdict, TRIGGER_RUN);
	f->ordered = false;
	runs_order(f->runs, &ev, &t, fix_on_ordered, f);
	json_free(j);
	assert_true(fake_until(&f->c, fix_is_ordered, f));
	assert_int_equal(f->fail.code, ERR_NONE);
}

static void
fix_run(struct fix *f)
{
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
}

static void
fix_plan(const struct fake_plan *p)
{
	for (int i = 0; i < FAKE_PHASES; i++) {
		if (fake_driver_state.plan[i].phase == NULL) {
			fake_driver_state.plan[i] = *p;
			return;
		}
	}
}

static bool
fix_agent_is_alive(void *arg)
{
	(void)arg;
	return fake_live("agent") != NULL;
}

static bool
fix_prepare_is_alive(void *arg)
{
	(void)arg;
	return fake_live("prepare") != NULL;
}

static void
fix_file(const struct fix *f, const char *leaf, struct str *out)
{
	AUTO_FREE char *path = xasprintf("%s/runs/9/%s", f->home, leaf);
	struct err e = ERR_INIT;

	assert_int_equal(path_read(path, 1 << 20, out, &e), 0);
}

/* The kinds of states in the order in which cofferd was told. */
static void
fix_assert_states(const struct fix *f, const char *const *bodies)
{
	const char *at = str_cstr(&f->c.seen);

	for (; *bodies != NULL; bodies++) {
		at = strstr(at, *bodies);
		if (at == NULL)
			fail_msg(
			    "no %s in:\n%s", *bodies, str_cstr(&f->c.seen));
	}
}

/* ---- the phases ---- */

static void
a_read_run_sees_a_read_only_tree_and_has_no_finish(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str prompt = STR_INIT;
	static const char *const states[] = {
		"\"from\":\"queued\",\"state\":\"preparing\"",
		"\"from\":\"preparing\",\"state\":\"running\"",
		"\"from\":\"running\",\"state\":\"finishing\"",
		"/finish {\"state\":\"done\"",
		NULL,
	};

	fix_run(f);
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw\n"
	    "agent net=1 /work/tree:ro /run/coffer/out:rw "
	    "/run/coffer/task:ro\n");
	fix_assert_states(f, states);
	assert_true(fake_saw(&f->c, "\"message\":\"All is well.\""));
	assert_non_null(
	    strstr(str_cstr(&fake_driver_state.gitconfig), RUN_TOKEN));
	assert_int_equal(fake_driver_state.wall_ms, 60000);
	fix_file(f, "task/prompt.md", &prompt);
	assert_non_null(strstr(str_cstr(&prompt), "- Arguments: the parser"));
	assert_non_null(strstr(str_cstr(&prompt), "It breaks"));
	assert_int_equal(fix_removed, 1);
}

static void
a_write_run_has_a_finish_phase(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	assert_non_null(strstr(
	    str_cstr(&fake_driver_state.started), "agent net=1 /work/tree:rw"));
	assert_non_null(
	    strstr(str_cstr(&fake_driver_state.started), "finish net=1"));
}

static void
neither_answer_nor_change_is_a_failure(void **state)
{
	struct fix *f = *state;

	fix_message = "";
	/* A branch that was made at its base is no change. */
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/branches/agent/fix-3",
	    "{\"commit\":{\"id\":\"aaaa\"}}");
	fake_times(&f->c, 1, 404,
	    "GET /api/v1/repos/own/app/branches/agent/fix-3", "{}");
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	assert_true(fake_saw(&f->c,
	    "{\"state\":\"failed\",\"why\":\"the agent "
	    "left neither an answer nor a change\""));
}

static void
a_change_without_a_word_is_done(void **state)
{
	struct fix *f = *state;

	fix_message = "";
	fake_rule(&f->c, 200, "GET /api/v1/repos/own/app/branches/agent/fix-3",
	    "{\"commit\":{\"id\":\"bbbb\"}}");
	fake_times(&f->c, 1, 404,
	    "GET /api/v1/repos/own/app/branches/agent/fix-3", "{}");
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_run(f);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

static void
an_unreadable_answer_is_none(void **state)
{
	struct fix *f = *state;

	fix_message = NULL;
	fix_run(f);
	assert_true(fake_saw(&f->c,
	    "{\"state\":\"failed\",\"why\":\"the agent "
	    "left no answer\""));
	assert_true(fake_saw(&f->c, "not a regular file"));
}

static void
ends_have_their_reasons(void **state)
{
	static const struct {
		struct fake_plan plan;
		const char *told;
	} cases[] = {
		{ { .phase = "agent",
		      .exit = { .exit_code = 3, .started_at = 1 } },
		    "\"failed\",\"why\":\"the agent ended with status 3\"" },
		{ { .phase = "agent",
		      .exit = { .exit_code = -1,
			  .signal = 15,
			  .timed_out = true,
			  .started_at = 1 } },
		    "\"timed_out\",\"why\":\"agent: out of time\"" },
		{ { .phase = "agent",
		      .exit = { .exit_code = -1,
			  .signal = 9,
			  .oom = true,
			  .started_at = 1 } },
		    "\"failed\",\"why\":\"agent: out of memory\"" },
		{ { .phase = "agent",
		      .exit = { .exit_code = -1, .error = "no such file" } },
		    "\"failed\",\"why\":\"agent: no such file\"" },
		{ { .phase = "agent", .fail = "no space" },
		    "\"failed\",\"why\":\"agent: no space\"" },
		{ { .phase = "prepare",
		      .output = "fatal: the branch\n```\nis gone\n",
		      .exit = { .exit_code = 128, .started_at = 1 } },
		    "\"failed\",\"why\":\"prepare failed with status 128\","
		    "\"message\":\"The end of its output:\\n\\n"
		    "    fatal: the branch\\n    ```\\n    is gone\\n\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fix *f;

		assert_int_equal(fix_setup(state), 0);
		f = *state;
		fix_plan(&cases[i].plan);
		fix_run(f);
		if (!fake_saw(&f->c, cases[i].told))
			fail_msg("no %s in:\n%s", cases[i].told,
			    str_cstr(&f->c.seen));
		assert_int_equal(fake_count(&f->c, "/finish"), 1);
		(void)fix_teardown(state);
	}
}

static void
a_finish_that_cannot_start_still_ends_the_run(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "finish", .fail = "no space" };

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_plan(&p);
	fix_run(f);
	assert_true(fake_saw(&f->c, "\"why\":\"finish: no space\""));
}

/* ---- cancel ---- */

static void
cancelled_while_loading_ends_without_a_container(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 503, "POST /api/coffer/v1/runs/9/token", "{}");
	fix_begin(f);
	fix_order(f);
	runs_cancel(f->runs, 9);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_int_equal(fake_driver_state.started.len, 0);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
cancelled_while_preparing_never_starts_the_agent(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "prepare", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_prepare_is_alive, f));
	runs_cancel(f->runs, 9);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_null(strstr(str_cstr(&fake_driver_state.started), "agent"));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
	assert_string_equal(str_cstr(&fake_driver_state.killed), "prepare\n");
}

static void
cancelled_while_running_saves_the_work(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	runs_cancel(f->runs, 9);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_non_null(strstr(str_cstr(&fake_driver_state.started), "finish"));
	assert_string_equal(str_cstr(&fake_driver_state.killed), "agent\n");
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
a_cancel_outlives_the_process(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_driver_state.deaf = true;
	runs_cancel(f->runs, 9);
	fix_end(f);
	fake_driver_state.deaf = false;
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
a_stopped_sandbox_ends_its_runs_first(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_rule(&f->c, 200, "GET /api/coffer/v1/projects/own/app",
	    "{\"id\":7,\"full_name\":\"own/app\",\"state\":\"deleting\","
	    "\"sandbox\":{\"want\":\"running\",\"state\":\"running\"},"
	    "\"settings\":{\"network\":\"web\"}}");
	projects_refresh(f->projects, "own/app", NULL, NULL);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "the sandbox was stopped"));
	loop_drain(f->c.loop);
	assert_int_equal(f->sandboxes.destroys, 1);
	assert_null(projects_find(f->projects, 8));
}

/* ---- restart ---- */

static void
fix_restart_in(struct fix *f, const char *state_now)
{
	fix_end(f);
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    state_now);
	fix_begin(f);
}

static void
a_running_agent_is_followed_over_a_restart(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = {
		.phase = "agent",
		.stays = true,
		.output = "the token is " RUN_TOKEN " ok\n",
	};
	const struct shim_exit good = { .started_at = 1 };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fix_restart_in(f, "[" RUN_ROW("read", "null", "running") "]");
	fake_end("agent", &good);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_int_equal(fake_count(&f->c, "/runs/9/token"), 1);
	/* Each phase was started once. */
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw\n"
	    "agent net=1 /work/tree:ro /run/coffer/out:rw "
	    "/run/coffer/task:ro\n");
	assert_string_equal(str_cstr(&f->c.log),
	    "the token is ****************************************"
	    " ok\n");
}

static void
an_agent_that_a_reboot_took_is_told_as_lost(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_driver_state.plan[0].stays = false;
	fix_end(f);
	fake_end("agent", NULL);
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(
	    &f->c, "\"failed\",\"why\":\"agent: the sandbox was lost"));
	assert_int_equal(fake_count(&f->c, "/finish"), 1);
}

static void
a_lost_prepare_is_done_anew(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "prepare", .stays = true };

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_prepare_is_alive, f));
	fake_driver_state.plan[0].stays = false;
	fake_end("prepare", NULL);
	fix_restart_in(f, "[" RUN_ROW("read", "null", "preparing") "]");
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

static void
a_half_made_phase_is_made_again(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *alive = NULL;

	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fix_end(f);
	fake_end("agent", NULL);
	/* As after a crash between the folder and its shim. */
	dir = xasprintf("%s/runs/9/agent", f->home);
	alive = path_join(dir, "alive");
	assert_int_equal(unlink(alive), 0);
	fake_driver_state.plan[0].stays = false;
	fake_driver_state.plan[0].exit.started_at = 1;
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

static bool
fix_has_result(void *arg)
{
	struct fix *f = arg;
	AUTO_FREE char *path = xasprintf("%s/runs/9/result.json", f->home);

	return access(path, F_OK) == 0;
}

static void
a_verdict_is_told_again_not_made_again(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 503, "POST /api/coffer/v1/runs/9/finish", "{}");
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_has_result, f));
	fix_end(f);
	fix_message = "Something else.";
	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs/9/finish", "{}");
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "finishing") "]");
	str_reset(&f->c.seen);
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "All is well."));
	assert_false(fake_saw(&f->c, "Something else."));
}

/* ---- cofferd ---- */

static void
a_lost_reply_does_not_run_it_twice(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/events?after=0&limit=20&wait=50",
	    "{\"events\":[" RUN_EVENT "],\"last\":5}");
	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs", RUN_READ);
	fake_times(&f->c, 1, FAKE_LOST, "POST /api/coffer/v1/runs", "");
	fake_times(
	    &f->c, 1, FAKE_LOST, "POST /api/coffer/v1/runs/9/finish", "");
	fix_begin(f);
	f->reader = reader_new(f->c.loop, f->c.api, "agentd", fix_on_event, f);
	reader_start(f->reader);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_int_equal(fake_count(&f->c, "POST /api/coffer/v1/runs {"), 2);
	assert_int_equal(fake_count(&f->c, "/finish"), 2);
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "prepare net=1 /work/tree:rw\n"
	    "agent net=1 /work/tree:ro /run/coffer/out:rw "
	    "/run/coffer/task:ro\n");
	assert_true(
	    fake_saw(&f->c, "PUT /api/coffer/v1/cursors/agentd {\"seq\":5}"));
}

static void
the_order_is_read_again_after_a_restart(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str prompt = STR_INIT;

	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_READ "]");
	fix_begin(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	fix_file(f, "task/prompt.md", &prompt);
	assert_non_null(strstr(str_cstr(&prompt), "- Arguments: the parser"));
	assert_non_null(strstr(str_cstr(&prompt), "by ann"));
}

static void
fix_bring_back(void *arg)
{
	struct fix *f = arg;

	f->c.down = false;
	if (f->c.h == NULL)
		fake_up(&f->c);
}

static void
a_cofferd_that_is_away_is_waited_for(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };
	const struct shim_exit good = { .started_at = 1 };
	struct timer *back;

	for (int refused = 0; refused < 2; refused++) {
		if (refused > 0)
			assert_int_equal(fix_setup(state), 0);
		f = *state;
		fix_plan(&p);
		fix_begin(f);
		fix_order(f);
		assert_true(fake_until(&f->c, fix_agent_is_alive, f));
		if (refused > 0)
			fake_down(&f->c);
		f->c.down = true;
		fake_end("agent", &good);
		back = timer_new(f->c.loop, fix_bring_back, f);
		timer_set(back, 150);
		assert_true(fake_until(&f->c, fix_is_over, f));
		timer_free(back);
		assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
		if (refused == 0)
			(void)fix_teardown(state);
	}
}

static void
a_run_that_is_over_for_cofferd_is_stopped(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent", .stays = true };

	fix_plan(&p);
	fake_rule(&f->c, 409, "PATCH /api/coffer/v1/runs/9", "{}");
	fake_rule(&f->c, 200, "GET /api/coffer/v1/runs/9",
	    RUN_ROW("read", "null", "failed"));
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"cancelled\""));
}

static void
strange_answers_fail_the_run_with_a_reason(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 200, "POST /api/coffer/v1/runs/9/token",
	    "{\"token\":\"a\\nb\"}");
	fix_run(f);
	assert_true(fake_saw(&f->c, "cofferd gave no usable token"));
	assert_int_equal(fake_driver_state.started.len, 0);
}

#define RUN_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(a_read_run_sees_a_read_only_tree_and_has_no_finish),
		RUN_TEST(a_write_run_has_a_finish_phase),
		RUN_TEST(neither_answer_nor_change_is_a_failure),
		RUN_TEST(a_change_without_a_word_is_done),
		RUN_TEST(an_unreadable_answer_is_none),
		cmocka_unit_test(ends_have_their_reasons),
		RUN_TEST(a_finish_that_cannot_start_still_ends_the_run),
		RUN_TEST(cancelled_while_loading_ends_without_a_container),
		RUN_TEST(cancelled_while_preparing_never_starts_the_agent),
		RUN_TEST(cancelled_while_running_saves_the_work),
		RUN_TEST(a_cancel_outlives_the_process),
		RUN_TEST(a_stopped_sandbox_ends_its_runs_first),
		RUN_TEST(a_running_agent_is_followed_over_a_restart),
		RUN_TEST(an_agent_that_a_reboot_took_is_told_as_lost),
		RUN_TEST(a_lost_prepare_is_done_anew),
		RUN_TEST(a_half_made_phase_is_made_again),
		RUN_TEST(a_verdict_is_told_again_not_made_again),
		RUN_TEST(a_lost_reply_does_not_run_it_twice),
		RUN_TEST(the_order_is_read_again_after_a_restart),
		RUN_TEST(a_cofferd_that_is_away_is_waited_for),
		RUN_TEST(a_run_that_is_over_for_cofferd_is_stopped),
		RUN_TEST(strange_answers_fail_the_run_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
