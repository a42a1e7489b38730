#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/run/workdir.h"
#include "agentd/runner/job_priv.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/routerctl.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

enum {
	JOB_UNPACK_MS = 5 * 60 * 1000,
	JOB_OUTPUT_MAX = 24 << 20, /* of each phase, */
	JOB_OUTPUT_END = 4 << 20   /* and of its end */
};

const char *const job_phase_names[JOB_PHASES] = {
	[JOB_UNPACK] = "unpack",
	[JOB_SETUP] = "setup",
	[JOB_TEST] = "test",
};

void
job_phase_dir(const struct job *j, enum job_phase phase, char out[JOB_PATH_MAX])
{
	(void)snprintf(
	    out, JOB_PATH_MAX, "%s/%s", j->dir, job_phase_names[phase]);
}

/* What is written here is shipped to cofferd; a full disk only costs log. */
void
job_log(struct job *j, const void *p, size_t n)
{
	const char *c = p;

	while (n > 0) {
		ssize_t put = write(j->log, c, n);

		if (put == -1 && errno == EINTR)
			continue;
		if (put <= 0) {
			log_error("job log job=%lld why=%s", (long long)j->id,
			    strerror(errno));
			return;
		}
		c += put;
		n -= (size_t)put;
	}
	logship_kick(j->ship);
}

static void
job_on_output(struct view bytes, uint64_t offset, void *arg)
{
	(void)offset;
	job_log(arg, bytes.p, bytes.len);
}

static void
job_on_exit(const struct shim_exit *x, void *arg)
{
	struct job *j = arg;

	j->watch = NULL;
	job_on_phase_exit(j, x);
}

static void
job_on_started(const struct err *e, void *arg)
{
	struct job *j = arg;
	char dir[JOB_PATH_MAX];
	struct err bad = ERR_INIT;
	const struct shim_watch_spec spec = {
		.dir = dir,
		.on_output = job_on_output,
		.on_exit = job_on_exit,
		.arg = j,
	};

	job_phase_dir(j, j->phase, dir);
	if (e == NULL) {
		j->watch = shim_watch_open(j->env->host->loop, &spec, &bad);
		if (j->watch == NULL)
			e = &bad;
	}
	if (e != NULL) {
		job_end(j, "infrastructure_error", "%s: %s",
		    job_phase_names[j->phase], e->msg);
		return;
	}
	if (j->cancelled)
		(void)j->env->driver->kill(dir, true, &bad);
}

static const char *
job_phase_command(const struct job *j)
{
	if (j->phase == JOB_SETUP)
		return j->setup;
	if (j->phase == JOB_TEST)
		return j->test;
	return "exec tar -x --no-same-owner --no-same-permissions -f -";
}

uint64_t
job_bound(uint64_t asked, uint64_t most)
{
	return asked > 0 && asked < most ? asked : most;
}

/* The container of the current phase. */
static void
job_container(struct job *j)
{
	char id[HOST_NAME_MAX], dir[JOB_PATH_MAX], tree[JOB_PATH_MAX];
	char tar[JOB_PATH_MAX], netns[HOST_NAME_MAX];
	const char *const argv[] = { "/bin/sh", "-c", job_phase_command(j),
		NULL };
	const struct spec_mount mounts[] = {
		{ .source = tree, .target = "/work/tree" },
	};
	const struct spec_pair env[] = {
		{ "CI", "true" },
		{ "COFFER_CHECK", j->name },
	};
	struct sandbox_spec spec = {
		.id = id,
		.mounts = mounts,
		.n_mounts = 1,
		.env = env,
		.n_env = 2,
		.argv = argv,
		.cwd = "/work/tree",
		.hostname = "ci",
		.init = j->phase != JOB_UNPACK,
		.root = j->root,
		.uid_base = host_project_uid_base(j->disk_id),
		.limits = { .memory = j->memory,
		    .cpu_milli = (uint32_t)job_bound(
				     j->cpus, j->env->cfg->cpus) *
			1000,
		    .pids = (uint32_t)job_bound(j->pids, j->env->cfg->pids),
		    .output = JOB_OUTPUT_MAX,
		    .output_end = JOB_OUTPUT_END },
	};

	host_job_id(j->env->host, j->id, job_phase_names[j->phase], id);
	host_project_netns(j->env->host, j->disk_id, netns);
	job_phase_dir(j, j->phase, dir);
	workdir_path(
	    j->env->host, j->disk_id, j->id, "tree", tree, sizeof(tree));
	(void)snprintf(tar, sizeof(tar), "%s/tree.tar", j->dir);
	if (j->phase == JOB_UNPACK) {
		spec.stdin_path = tar;
		spec.limits.wall_ms = JOB_UNPACK_MS;
	} else {
		spec.limits.wall_ms = j->deadline_ms - clock_mono_ms();
		if (spec.limits.wall_ms < 1)
			spec.limits.wall_ms = 1;
	}
	if (j->net[j->phase] != JOB_NET_OFF) {
		spec.net = SPEC_NET_JOIN;
		spec.netns = netns;
	}
	log_info("job phase job=%lld phase=%s", (long long)j->id,
	    job_phase_names[j->phase]);
	j->env->driver->start(j->env->host, &spec, dir, job_on_started, j);
}

static void
job_on_mode(const struct json *reply, const struct err *e, void *arg)
{
	struct job *j = arg;

	(void)reply;
	if (e != NULL) {
		job_end(j, "infrastructure_error", "router: %s", e->msg);
		return;
	}
	job_container(j);
}

/* Each phase has the network that is its own. */
static void
job_route(struct job *j)
{
	j->routed = j->net[j->phase];
	routerctl_project_set(j->env->router, j->disk_id,
	    j->routed == JOB_NET_WEB ? "web" : "locked",
	    j->routed == JOB_NET_WEB ? NULL : j->rules, job_on_mode, j);
}

static void
job_on_netns(const struct err *e, void *arg)
{
	struct job *j = arg;

	if (e != NULL) {
		job_end(j, "infrastructure_error", "network: %s", e->msg);
		return;
	}
	j->netns_up = true;
	job_route(j);
}

void
job_phase_start(struct job *j, enum job_phase phase)
{
	AUTO_STR struct str head = STR_INIT;

	j->phase = phase;
	if (phase != JOB_UNPACK) {
		str_addf(&head, "== %s: %s\n", job_phase_names[phase],
		    job_phase_command(j));
		job_log(j, head.p, head.len);
	}
	if (j->net[phase] == JOB_NET_OFF)
		job_container(j);
	else if (!j->netns_up)
		netns_project_up(j->env->host, j->disk_id, job_on_netns, j);
	else if (j->routed != j->net[phase])
		job_route(j);
	else
		job_container(j);
}
