#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/agent/plan.h"
#include "agentd/policy/policy_place.h"
#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "agentd/sandbox/objects.h"
#include "agentd/sandbox/sandbox.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	RUN_PREPARE_MS = 10 * 60 * 1000,
	RUN_FINISH_MS = 5 * 60 * 1000,
	RUN_OUTPUT_MAX = 32 << 20,
	RUN_ENV_MAX = 16
};

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
#define RUN_KEEP_TARGET "/run/coffer/keep"

struct run_container {
	char id[HOST_NAME_MAX];
	char netns[HOST_NAME_MAX];
	char tree[RUN_PATH_MAX], out[RUN_PATH_MAX], task[RUN_PATH_MAX];
	char agents[RUN_PATH_MAX];
	char run[24], pull[24];
	char from[RUN_REF_MAX]; /* the commit that the tree was made of */
	struct str gitconfig;
	char *url;
	char *objects;
	struct spec_mount mounts[8 + SANDBOX_LIST_MAX];
	char *targets[SANDBOX_LIST_MAX]; /* of what the project shares */
	char *seed;
	struct spec_file files[2];
	struct spec_pair env[RUN_ENV_MAX + AGENT_ENV_MAX + RUN_GIVEN_PAIRS];
	char *given;
	struct agent_plan plan;
	char *stdin_path;
	char *keep;
	char models[MODEL_KINDS][MODEL_URL_MAX];
	const char *argv[4 + AGENT_ARGV_MAX + 1];
	struct sandbox_spec spec;
};

static void
run_container_env(
    const struct run *r, enum run_phase phase, struct run_container *c)
{
	const struct agent *agent = run_given_agent(r);
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
		/* For the clone alone: */
		{ "COFFER_BASE_SHA", r->base_tip },
		{ "COFFER_BRANCH_SHA", r->tip },
		{ "COFFER_SEEN", r->seen },
		{ "COFFER_ASIDE",
		    agent != NULL && agent->aside != NULL ? agent->aside : "" },
	};
	const size_t n = sizeof(env) / sizeof(env[0]);

	(void)snprintf(c->run, sizeof(c->run), "%lld", (long long)r->id);
	run_facts_start(r, c->from);
	if (r->is_pull)
		(void)snprintf(
		    c->pull, sizeof(c->pull), "%lld", (long long)r->item);
	memcpy(c->env, env, sizeof(env));
	c->spec.env = c->env;
	c->spec.n_env = phase == RUN_PREPARE ? n : n - 4;
	if (phase == RUN_FINISH)
		c->env[c->spec.n_env++] = (struct spec_pair){ "COFFER_FROM",
			c->from };
}

static void
run_container_mount(
    struct run_container *c, const char *source, const char *target, bool ro)
{
	c->mounts[c->spec.n_mounts++] = (struct spec_mount){
		.source = source, .target = target, .ro = ro
	};
}

/* What the user shares with the project. */
static void
run_container_shares(const struct run *r, struct run_container *c)
{
	const char *const *ro = sandbox_shares(r->env->sandboxes, r->project);

	for (size_t i = 0; ro[i] != NULL && i < SANDBOX_LIST_MAX; i++) {
		char target[SPEC_MAX_PATH + 8];

		spec_share_target(ro[i], target, sizeof(target));
		c->targets[i] = xstrdup(target);
		run_container_mount(c, ro[i], c->targets[i], true);
		c->mounts[c->spec.n_mounts - 1].share = true;
	}
}

static void
run_container_mounts(
    const struct run *r, enum run_phase phase, struct run_container *c)
{
	bool ro = phase == RUN_AGENT && !run_may_write(r);
	struct stat st;

	workdir_path(
	    r->env->host, r->project, r->id, "tree", c->tree, sizeof(c->tree));
	run_container_mount(c, c->tree, "/work/tree", ro);
	/* Objects of the tree; no run writes there (objcache). */
	c->objects = objects_dir(r->env->host, r->project);
	run_container_mount(c, c->objects, "/work/template", true);
	c->spec.mounts = c->mounts;
	if (phase != RUN_AGENT)
		return;
	workdir_path(
	    r->env->host, r->project, r->id, "out", c->out, sizeof(c->out));
	(void)snprintf(c->task, sizeof(c->task), "%s/task", r->dir);
	run_container_mount(c, c->out, "/run/coffer/out", false);
	run_container_mount(c, c->task, "/run/coffer/task", true);
	if (r->env->policy != NULL)
		run_container_mount(c, r->env->policy, POLICY_TARGET, true);
	(void)snprintf(
	    c->agents, sizeof(c->agents), "%s/agents", r->env->host->home);
	c->seed = path_join(r->env->host->home, "seed");
	if (lstat(c->seed, &st) == 0 && S_ISDIR(st.st_mode))
		run_container_mount(c, c->seed, "/run/coffer/seed", true);
	if (lstat(c->agents, &st) == 0 && S_ISDIR(st.st_mode))
		run_container_mount(c, c->agents, "/opt/coffer/agents", true);
	if (r->keep[0] != '\0') {
		AUTO_FREE char *ws = workspace_mount(r->env->host, r->project);

		c->keep = xasprintf("%s/runs/%s", ws, r->keep);
		run_container_mount(c, c->keep, RUN_KEEP_TARGET, false);
	}
	run_container_shares(r, c);
}

/* Its home is empty: the user's settings first, what it kept of an earlier run,
 * then the agent.  $0 is where it looks for that, or "-". */
static void
run_container_home(const struct agent *a, struct run_container *c)
{
	static const char
	    script[] = "cp -R /run/coffer/seed/. \"$HOME\" 2>/dev/null\n"
		       "[ \"$0\" = - ] || {\n"
		       "	rm -rf \"$HOME/$0\"\n"
		       "	mkdir -p \"$HOME/${0%/*}\"\n"
		       "	ln -s /run/coffer/keep \"$HOME/$0\"\n"
		       "}\n"
		       "exec \"$@\"";
	size_t n = 4;

	if (c->keep == NULL && access(c->seed, F_OK) == -1)
		return;
	c->argv[0] = "/bin/sh";
	c->argv[1] = "-c";
	c->argv[2] = script;
	c->argv[3] = c->keep != NULL ? a->keeps : "-";
	for (size_t i = 0; c->spec.argv[i] != NULL && i < AGENT_ARGV_MAX; i++)
		c->argv[n++] = c->spec.argv[i];
	c->spec.argv = c->argv;
}

/* What it may ask, if it was given anything. */
static void
run_container_model(const struct run *r, const struct agent *a,
    struct run_container *c, struct agent_model *m)
{
	if (r->models.token[0] == '\0')
		return;
	m->token = r->models.token;
	for (int k = 0; k < MODEL_KINDS; k++) {
		if (r->models.provider[k][0] == '\0')
			continue;
		model_url(r->models.provider[k], c->models[k]);
		m->urls[k] = c->models[k];
	}
	if (a->speaks != MODEL_ANY)
		m->url = m->urls[a->speaks];
}

/* What a person gave does not take the place of what the run says itself: where
 * its models are, what its agent obeys. */
static int
run_container_given(const struct run *r, struct run_container *c, struct err *e)
{
	struct spec_pair *given = c->env + c->spec.n_env;
	const size_t n = run_given_pairs(r, &c->given, given);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < c->spec.n_env; k++)
			if (strcmp(given[i].name, c->env[k].name) == 0)
				return err_set(e, ERR_DENIED,
				    "env: the run has a %s of its own",
				    given[i].name);
	c->spec.n_env += n;
	return 0;
}

static int
run_container_agent(const struct run *r, const struct project *p,
    struct run_container *c, struct err *e)
{
	const struct agent *a = run_given_agent(r);
	AUTO_STR struct str names = STR_INIT;
	struct project with;
	struct agent_start start = { .project = &with,
		.write = run_may_write(r),
		.session = r->session[0] != '\0' ? r->session : NULL,
		.keep = c->keep != NULL ? RUN_KEEP_TARGET : NULL,
		.hook = r->env->policy != NULL ? POLICY_TARGET "/hook" : NULL,
		.model = { .name = r->env->model } };

	if (a == NULL) {
		agent_names(&names);
		return err_set(e, ERR_INVALID,
		    "no agent is called %s; there are: %s",
		    run_given_agent_name(r), str_cstr(&names));
	}
	run_given_project(r, p, &with);
	run_container_model(r, a, c, &start.model);
	run_bounds(r, &start.bounds);
	if (a->plan(&start, &c->plan, e) == -1)
		return -1;
	if (c->plan.file.path != NULL)
		c->files[c->spec.n_files++] = c->plan.file;
	c->spec.argv = c->plan.argv;
	c->spec.split_stderr = c->plan.split;
	memcpy(c->env + c->spec.n_env, c->plan.env,
	    c->plan.n_env * sizeof(c->env[0]));
	c->spec.n_env += c->plan.n_env;
	if (run_container_given(r, c, e) == -1)
		return -1;
	if (c->plan.prompt) {
		c->stdin_path = path_join(r->dir, "task/prompt.md");
		c->spec.stdin_path = c->stdin_path;
	}
	run_container_home(a, c);
	return 0;
}

static int
run_container_argv(const struct run *r, enum run_phase phase,
    const struct project *p, struct run_container *c, struct err *e)
{
	if (phase == RUN_AGENT)
		return run_container_agent(r, p, c, e);
	c->argv[0] = "/bin/sh";
	c->argv[1] = "-euc";
	c->argv[2] = phase == RUN_PREPARE ? run_prepare_script
					  : run_finish_script;
	c->spec.argv = c->argv;
	/* The patch is all that the last one prints. */
	c->spec.split_stderr = phase == RUN_FINISH;
	return 0;
}

static void
run_container_limits(const struct run *r, enum run_phase phase,
    const struct project *p, struct run_container *c)
{
	const struct command *cmd = run_command(r);
	int64_t wall = p->wall_ms;

	if (r->wall_ms > 0 && (wall == 0 || r->wall_ms < wall))
		wall = r->wall_ms;
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
	const struct command *cmd = run_command(r);
	const bool off = strcmp(r->network, "off") == 0 ||
	    (cmd != NULL && cmd->offline);

	if ((phase == RUN_AGENT && off) ||
	    (phase == RUN_FINISH && r->branch[0] == '\0')) {
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
	c->spec.root = sandbox_root(r->env->sandboxes, r->project);
	c->spec.runtime = sandbox_runtime(r->env->sandboxes, r->project);
	if (phase == RUN_AGENT)
		c->spec.gpus = sandbox_gpus(r->env->sandboxes, r->project);
	c->spec.uid_base = host_project_uid_base(r->project);
	run_container_env(r, phase, c);
	run_container_mounts(r, phase, c);
	run_container_limits(r, phase, p, c);
	if (run_container_argv(r, phase, p, c, e) == -1 ||
	    run_container_net(r, phase, c, e) == -1)
		return -1;
	return 0;
}

struct run_container *
run_container_new(const struct run *r, enum run_phase phase, struct err *e)
{
	struct run_container *c = xcalloc(1, sizeof(*c));

	if (run_container_init(r, phase, c, e) == 0)
		return c;
	run_container_free(c);
	return NULL;
}

const struct sandbox_spec *
run_container_spec(const struct run_container *c)
{
	return &c->spec;
}

void
run_container_hold(struct run_container *c)
{
	c->spec.hold = true;
}

void
run_container_free(struct run_container *c)
{
	if (c == NULL)
		return;
	if (c->gitconfig.p != NULL)
		explicit_bzero(c->gitconfig.p, c->gitconfig.len);
	str_release(&c->gitconfig);
	free(c->url);
	free(c->objects);
	free(c->seed);
	for (size_t i = 0; i < SANDBOX_LIST_MAX; i++)
		free(c->targets[i]);
	free(c->stdin_path);
	free(c->keep);
	if (c->given != NULL)
		explicit_bzero(c->given, strlen(c->given));
	free(c->given);
	agent_plan_release(&c->plan);
	free(c);
}
