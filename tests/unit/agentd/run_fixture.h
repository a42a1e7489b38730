/*
 * run_fixture: agentd's runs, projects and reader over a canned cofferd, a
 * driver and sandboxes that are fakes; fix_begin and fix_end are the life of
 * one process, and the HOME outlives it.
 */
#ifndef TESTS_UNIT_AGENTD_RUN_FIXTURE_H
#define TESTS_UNIT_AGENTD_RUN_FIXTURE_H

#include "agentd/run/runs.h"
#include "agentd/watch/reader.h"
#include "lib/wire/json.h"
#include "tests/unit/agentd/cofferd_loop.h"
#include "tests/unit/agentd/driver_fake.h"
#include "tests/unit/agentd/sandbox_fake.h"
#include "tests/unit/agentd/workdir_fake.h"

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
	int64_t cancel;    /* of the last event */
	unsigned max_runs; /* 0: 4 */
	bool loaded;
	bool ordered;
	struct err fail;
};

static inline void
fix_on_loaded(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->loaded = true;
	f->fail = e == NULL ? ERR_INIT : *e;
}

static inline void
fix_on_ordered(const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->ordered = true;
	f->fail = e == NULL ? ERR_INIT : *e;
	if (f->reader != NULL)
		reader_next(f->reader, e != NULL);
}

static inline void
fix_on_event(const struct watch_event *ev, void *arg)
{
	struct fix *f = arg;
	struct trigger t;

	if (strcmp(ev->kind, "run.cancel") == 0)
		runs_cancel(f->runs, json_i64_or(ev->data, "run", 0));
	trigger_decide(
	    ev, &f->commands, &(struct trigger_rules){ .pickup = false }, &t);
	if (t.verdict == TRIGGER_RUN)
		runs_order(f->runs, ev, &t, fix_on_ordered, f);
	else
		reader_next(f->reader, false);
}

static inline void
fix_on_unwanted(int64_t id, void *arg)
{
	struct fix *f = arg;

	runs_cancel_project(f->runs, id, "the sandbox was stopped");
}

static inline bool
fix_is_loaded(void *arg)
{
	const struct fix *f = arg;

	return f->loaded;
}

static inline bool
fix_is_ordered(void *arg)
{
	const struct fix *f = arg;

	return f->ordered;
}

static inline bool
fix_is_over(void *arg)
{
	const struct fix *f = arg;

	return runs_idle(f->runs) && fake_saw(&f->c, "/finish");
}

/* Only root gives a run's folders to its agent. */
static inline bool
fix_may_run(void)
{
	if (geteuid() == 0)
		return true;
	(void)printf("1..0 # SKIP needs root\n");
	return false;
}

/* The objects of one process of agentd. */
static inline void
fix_begin(struct fix *f)
{
	f->env = (struct run_env){ .host = &f->host,
		.driver = &fake_driver,
		.sandboxes = &f->sandboxes,
		.api = f->c.api,
		.commands = &f->commands };
	f->projects = projects_new(&f->host, f->c.api);
	f->env.projects = f->projects;
	f->runs = runs_new(&f->env, f->max_runs == 0 ? 4 : f->max_runs);
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

static inline void
fix_end(struct fix *f)
{
	loop_drain(f->c.loop);
	reader_free(f->reader);
	f->reader = NULL;
	runs_free(f->runs);
	projects_free(f->projects);
	loop_drain(f->c.loop);
}

static inline void
fix_command(struct fix *f, const char *name, const char *access)
{
	AUTO_FREE char *text = xasprintf(
	    "---\ndescription: d\naccess: %s\n---\nDo it.\n", access);
	struct err e = ERR_INIT;

	assert_int_equal(command_parse("f", name, view_of(text),
			     &f->commands.v[f->commands.n++], &e),
	    0);
}

#endif
