#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

enum {
	RUN_PREPARE_MS = 10 * 60 * 1000,
	RUN_FINISH_MS = 5 * 60 * 1000,
	RUN_OUTPUT_MAX = 32 << 20
};

const char *const run_phase_names[RUN_PHASES] = {
	[RUN_PREPARE] = "prepare",
	[RUN_AGENT] = "agent",
	[RUN_FINISH] = "finish",
};

/*
 * The clone.  Everything is in the environment, so the text is constant.  A
 * pull request's head is not among the branches when it came from elsewhere.
 */
static const char run_prepare_script
    [] = "git clone -q --no-tags \"$COFFER_URL\" .\n"
	 "if [ -n \"$COFFER_BRANCH\" ]; then\n"
	 "	if git rev-parse -q --verify \"origin/$COFFER_BRANCH\" "
	 ">/dev/null; then\n"
	 "		git checkout -q -B \"$COFFER_BRANCH\" "
	 "\"origin/$COFFER_BRANCH\"\n"
	 "	else\n"
	 "		git checkout -q --no-track -B \"$COFFER_BRANCH\" "
	 "\"origin/$COFFER_BASE\"\n"
	 "	fi\n"
	 "elif [ -n \"$COFFER_PULL\" ]; then\n"
	 "	git fetch -q origin \"refs/pull/$COFFER_PULL/head\"\n"
	 "	git checkout -q --detach FETCH_HEAD\n"
	 "else\n"
	 "	git checkout -q -B \"$COFFER_BASE\" \"origin/$COFFER_BASE\"\n"
	 "fi\n";

/* What the agent left uncommitted or unpushed is its work, too. */
static const char run_finish_script
    [] = "[ -d .git ] || exit 0\n"
	 "if [ -n \"$(git status --porcelain)\" ]; then\n"
	 "	git add -A\n"
	 "	git commit -q --no-verify -m \"Work left by run $COFFER_RUN\"\n"
	 "fi\n"
	 "git push -q --no-verify origin \"HEAD:refs/heads/$COFFER_BRANCH\"\n";

void
run_phase_dir(const struct run *r, enum run_phase phase, char out[RUN_PATH_MAX])
{
	(void)snprintf(
	    out, RUN_PATH_MAX, "%s/%s", r->dir, run_phase_names[phase]);
}

static int
run_file_put(const struct run *r, const char *leaf, mode_t mode,
    const struct str *text, struct err *e)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);

	if (!str_ok(text))
		return err_set(e, ERR_LIMIT, "%s is too large", leaf);
	return path_write_atomic(path, text->p, text->len, mode, e);
}

static void
run_task_json(const struct run *r, struct str *out)
{
	AUTO_FREE char *url = xasprintf("http://coffer/%s.git", r->full_name);
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "run", r->id);
	jw_str(&w, "project", r->full_name);
	jw_i64(&w, "item", r->item);
	jw_bool(&w, "is_pull", r->is_pull);
	jw_str(&w, "command", r->command);
	jw_str(&w, "arguments", r->args);
	jw_str(&w, "access", r->access);
	jw_str(&w, "branch", r->branch[0] != '\0' ? r->branch : NULL);
	jw_str(&w, "base", r->base);
	jw_str(&w, "url", url);
	jw_str(&w, "why", r->why_asked);
	jw_end(&w);
	str_addc(out, '\n');
}

/* The token and the first tip have to outlive this process. */
int
run_files_write(struct run *r, struct err *e)
{
	AUTO_STR struct str task = STR_INIT, token = STR_INIT, tip = STR_INIT;
	AUTO_FREE char *dir = path_join(r->dir, "task");

	if (path_mkdirs(dir, 0755, e) == -1)
		return -1;
	run_task_json(r, &task);
	str_add(&token, r->token);
	str_add(&tip, r->tip);
	if (run_file_put(r, "token", 0600, &token, e) == -1 ||
	    run_file_put(r, "tip", 0600, &tip, e) == -1 ||
	    run_file_put(r, "task/task.json", 0644, &task, e) == -1)
		return -1;
	return 0;
}

static int
run_file_get(
    const struct run *r, const char *leaf, char *out, size_t max, struct err *e)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, max - 1, &text, e) == -1)
		return -1;
	(void)snprintf(out, max, "%s", str_cstr(&text));
	return 0;
}

int
run_files_read(struct run *r, struct err *e)
{
	if (run_file_get(r, "token", r->token, sizeof(r->token), e) == -1 ||
	    run_file_get(r, "tip", r->tip, sizeof(r->tip), e) == -1)
		return -1;
	return 0;
}

int
run_workspace_make(struct run *r, struct err *e)
{
	return workdir_make(r->env->host, r->project, r->id, e);
}

void
run_workspace_path(
    const struct run *r, const char *leaf, char out[RUN_PATH_MAX])
{
	workdir_path(r->env->host, r->project, r->id, leaf, out, RUN_PATH_MAX);
}

/* /etc/gitconfig of a container: who commits, and this run's token. */
static void
run_gitconfig(const struct run *r, struct str *out)
{
	str_add(out,
	    "[user]\n\tname = agent\n\temail = agent@cofferd.invalid\n"
	    "[init]\n\tdefaultBranch = main\n"
	    "[advice]\n\tdetachedHead = false\n"
	    "[gc]\n\tauto = 0\n"
	    "[credential]\n\thelper =\n");
	str_addf(out,
	    "[http \"http://coffer/\"]\n\textraHeader = Authorization: Bearer "
	    "%s\n",
	    r->token);
}

/* What one phase's container is made of; the spec borrows from it. */
struct run_container {
	char id[HOST_NAME_MAX];
	char netns[HOST_NAME_MAX];
	char tree[RUN_PATH_MAX], out[RUN_PATH_MAX], task[RUN_PATH_MAX];
	char agents[RUN_PATH_MAX];
	char run[24], pull[24];
	struct str gitconfig;
	char *url;
	struct spec_mount mounts[4];
	struct spec_file files[1];
	struct spec_pair env[14];
	const char *argv[6];
	struct sandbox_spec spec;
};

static void
run_container_env(const struct run *r, struct run_container *c)
{
	const struct spec_pair env[] = {
		{ "COFFER_RUN", c->run },
		{ "COFFER_PROJECT", r->full_name },
		{ "COFFER_COMMAND", r->command },
		{ "COFFER_ACCESS", r->access },
		{ "COFFER_BRANCH", r->branch },
		{ "COFFER_BASE", r->base },
		{ "COFFER_PULL", c->pull },
		{ "COFFER_URL", c->url },
		{ "COFFER_TASK", "/run/coffer/task/task.json" },
		{ "COFFER_PROMPT", "/run/coffer/task/prompt.md" },
		{ "COFFER_OUT", "/run/coffer/out/message.md" },
		{ "GIT_TERMINAL_PROMPT", "0" },
	};

	(void)snprintf(c->run, sizeof(c->run), "%lld", (long long)r->id);
	if (r->is_pull)
		(void)snprintf(
		    c->pull, sizeof(c->pull), "%lld", (long long)r->item);
	memcpy(c->env, env, sizeof(env));
	c->spec.env = c->env;
	c->spec.n_env = sizeof(env) / sizeof(env[0]);
}

static void
run_container_mount(
    struct run_container *c, const char *source, const char *target, bool ro)
{
	c->mounts[c->spec.n_mounts++] = (struct spec_mount){
		.source = source, .target = target, .ro = ro
	};
}

static void
run_container_mounts(
    const struct run *r, enum run_phase phase, struct run_container *c)
{
	bool ro = phase == RUN_AGENT && strcmp(r->access, "read") == 0;
	struct stat st;

	run_workspace_path(r, "tree", c->tree);
	run_container_mount(c, c->tree, "/work/tree", ro);
	c->spec.mounts = c->mounts;
	if (phase != RUN_AGENT)
		return;
	run_workspace_path(r, "out", c->out);
	(void)snprintf(c->task, sizeof(c->task), "%s/task", r->dir);
	run_container_mount(c, c->out, "/run/coffer/out", false);
	run_container_mount(c, c->task, "/run/coffer/task", true);
	(void)snprintf(
	    c->agents, sizeof(c->agents), "%s/agents", r->env->host->home);
	if (lstat(c->agents, &st) == 0 && S_ISDIR(st.st_mode))
		run_container_mount(c, c->agents, "/opt/coffer/agents", true);
}

static int
run_container_argv(const struct run *r, enum run_phase phase,
    const struct project *p, struct run_container *c, struct err *e)
{
	const struct agent *a;

	if (phase == RUN_AGENT) {
		a = agent_find(p->agent);
		if (a == NULL)
			return err_set(e, ERR_INVALID,
			    "no agent is called %s; there is: %s", p->agent,
			    agent_names());
		return a->argv(p, &c->spec.argv, e);
	}
	c->argv[0] = "/bin/sh";
	c->argv[1] = "-euc";
	c->argv[2] = phase == RUN_PREPARE ? run_prepare_script
					  : run_finish_script;
	c->spec.argv = c->argv;
	(void)r;
	return 0;
}

static void
run_container_limits(const struct run *r, enum run_phase phase,
    const struct project *p, struct run_container *c)
{
	const struct command *cmd = commands_find(r->env->commands, r->command);
	int64_t wall = p->wall_ms;

	if (cmd != NULL && cmd->wall_ms > 0 &&
	    (wall == 0 || cmd->wall_ms < wall))
		wall = cmd->wall_ms;
	c->spec.limits = p->limits;
	c->spec.limits.output = RUN_OUTPUT_MAX;
	c->spec.limits.wall_ms = phase == RUN_AGENT ? wall
	    : phase == RUN_PREPARE                  ? RUN_PREPARE_MS
						    : RUN_FINISH_MS;
}

/* An agent without network still gets its clone, and its work is pushed. */
static int
run_container_net(const struct run *r, enum run_phase phase,
    struct run_container *c, struct err *e)
{
	if (phase == RUN_AGENT && strcmp(r->network, "off") == 0) {
		c->spec.net = SPEC_NET_OFF;
		return 0;
	}
	c->spec.net = SPEC_NET_JOIN;
	c->spec.netns = c->netns;
	return sandbox_netns(r->env->sandboxes, r->project, c->netns, e);
}

static int
run_container_init(const struct run *r, enum run_phase phase,
    struct run_container *c, struct err *e)
{
	const struct project *p = projects_find(r->env->projects, r->project);

	*c = (struct run_container){ .gitconfig = STR_INIT };
	if (p == NULL)
		return err_set(e, ERR_NOTFOUND, "the project is gone");
	host_run_id(r->env->host, r->id, run_phase_names[phase], c->id);
	c->url = xasprintf("http://coffer/%s.git", r->full_name);
	run_gitconfig(r, &c->gitconfig);
	c->files[0] = (struct spec_file){ .path = "/etc/gitconfig",
		.text = str_cstr(&c->gitconfig) };
	c->spec.id = c->id;
	c->spec.files = c->files;
	c->spec.n_files = 1;
	c->spec.cwd = "/work/tree";
	c->spec.hostname = "sandbox";
	c->spec.uid_base = host_project_uid_base(r->project);
	run_container_env(r, c);
	run_container_mounts(r, phase, c);
	run_container_limits(r, phase, p, c);
	if (run_container_argv(r, phase, p, c, e) == -1 ||
	    run_container_net(r, phase, c, e) == -1)
		return -1;
	return 0;
}

static void
run_container_release(struct run_container *c)
{
	if (c->gitconfig.p != NULL)
		explicit_bzero(c->gitconfig.p, c->gitconfig.len);
	str_release(&c->gitconfig);
	free(c->url);
}

static void
run_on_output(struct view bytes, uint64_t offset, void *arg)
{
	struct run *r = arg;

	(void)bytes;
	(void)offset;
	if (r->ship != NULL)
		logship_kick(r->ship);
}

static void
run_on_exit(const struct shim_exit *x, void *arg)
{
	struct run *r = arg;

	r->watch = NULL;
	run_on_phase_exit(r, x);
}

/* It could not even be started, or followed. */
static void
run_phase_broken(struct run *r, const struct err *e)
{
	run_end(r, "failed", "%s: %s", run_phase_names[r->phase], e->msg);
	if (r->agent_ended)
		logship_finish(r->ship);
}

static void
run_phase_follow(struct run *r)
{
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;
	const struct shim_watch_spec spec = {
		.dir = dir,
		.on_output = r->phase == RUN_AGENT ? run_on_output : NULL,
		.on_exit = run_on_exit,
		.arg = r,
	};

	run_phase_dir(r, r->phase, dir);
	r->watch = shim_watch_open(r->env->host->loop, &spec, &e);
	if (r->watch == NULL)
		run_end(
		    r, "failed", "%s: %s", run_phase_names[r->phase], e.msg);
}

static void
run_on_started(const struct err *e, void *arg)
{
	struct run *r = arg;

	if (e != NULL) {
		run_end(
		    r, "failed", "%s: %s", run_phase_names[r->phase], e->msg);
		return;
	}
	if (r->phase == RUN_AGENT)
		run_set_state(r, RUN_RUNNING);
	run_phase_follow(r);
	/* The order to stop may have come while it was being started. */
	if (r->cancelled && r->watch != NULL) {
		char dir[RUN_PATH_MAX];
		struct err ignored = ERR_INIT;

		run_phase_dir(r, r->phase, dir);
		(void)r->env->driver->kill(dir, false, &ignored);
	}
}

static bool
run_phase_was_started(const struct run *r, enum run_phase phase)
{
	char dir[RUN_PATH_MAX];
	struct stat st;

	run_phase_dir(r, phase, dir);
	return lstat(dir, &st) == 0;
}

void
run_phase_start(struct run *r, enum run_phase phase)
{
	struct run_container c;
	char dir[RUN_PATH_MAX];
	struct err e = ERR_INIT;

	r->phase = phase;
	if (run_phase_was_started(r, phase)) {
		if (phase == RUN_AGENT)
			run_set_state(r, RUN_RUNNING);
		run_phase_follow(r);
		return;
	}
	run_phase_dir(r, phase, dir);
	if (run_container_init(r, phase, &c, &e) == -1) {
		run_phase_broken(r, &e);
		run_container_release(&c);
		return;
	}
	log_info("run phase run=%lld phase=%s", (long long)r->id,
	    run_phase_names[phase]);
	r->env->driver->start(r->env->host, &c.spec, dir, run_on_started, r);
	run_container_release(&c);
}

static void
run_on_swept(const struct err *e, void *arg)
{
	struct run *r = arg;
	char dir[RUN_PATH_MAX];
	struct err bad = ERR_INIT;

	run_phase_dir(r, RUN_PREPARE, dir);
	if (e != NULL) {
		run_phase_broken(r, e);
		return;
	}
	if (path_rmtree(dir, &bad) == -1) {
		run_phase_broken(r, &bad);
		return;
	}
	run_phase_start(r, RUN_PREPARE);
}

void
run_prepare_again(struct run *r)
{
	char id[HOST_NAME_MAX], dir[RUN_PATH_MAX];

	host_run_id(r->env->host, r->id, run_phase_names[RUN_PREPARE], id);
	run_phase_dir(r, RUN_PREPARE, dir);
	r->env->driver->destroy(r->env->host, id, dir, run_on_swept, r);
}
