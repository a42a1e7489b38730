#include "agentd/watch/project_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	PROJECT_MEMORY_MIN = 16 << 20,
	PROJECT_CPUS_MAX = 1024,
	PROJECT_PIDS_MIN = 16,
	PROJECT_PIDS_MAX = 1 << 20,
	PROJECT_WALL_MAX_S = 24 * 3600,
	PROJECT_ARG_MAX = 4096,
	PROJECT_MIB = 1 << 20,
	PROJECT_POLICY_MAX = 512 << 10
};

static const int64_t project_disk_max = (int64_t)1 << 40;

/* A list of texts; out has room for max and a NULL. */
static int
project_read_list(const struct json *s, const char *key, char **out, size_t max,
    struct err *e)
{
	const struct json *list = json_get(s, key);
	size_t n = json_count(list);

	if (n > max)
		return err_set(e, ERR_LIMIT, "%s: over %zu texts", key, max);
	for (size_t i = 0; i < n; i++) {
		const char *arg = json_string(json_at(list, i));

		if (arg == NULL || strlen(arg) > PROJECT_ARG_MAX)
			return err_set(e, ERR_INVALID,
			    "%s: [%zu] is no short string", key, i);
		out[i] = xstrdup(arg);
	}
	return 0;
}

static int
project_read_text(const struct json *s, const char *key, char *out, size_t size,
    struct err *e)
{
	const char *text = "";

	if (json_str(s, key, size - 1, &text, e) == -1)
		return -1;
	(void)snprintf(out, size, "%s", text);
	return 0;
}

static int
project_read_options(const struct json *s, struct project *out, struct err *e)
{
	if (project_read_text(
		s, "profile", out->profile, sizeof(out->profile), e) == -1 ||
	    project_read_text(
		s, "runtime", out->runtime, sizeof(out->runtime), e) == -1 ||
	    project_read_text(
		s, "branch", out->branch, sizeof(out->branch), e) == -1 ||
	    project_read_text(s, "gpus", out->gpus, sizeof(out->gpus), e) ==
		-1 ||
	    project_read_text(
		s, "driver", out->driver, sizeof(out->driver), e) == -1 ||
	    json_bool(s, "docker", &out->docker, e) == -1 ||
	    project_read_list(
		s, "entrypoint", out->entrypoint, PROJECT_LIST_MAX, e) == -1 ||
	    project_read_list(s, "ro", out->ro, PROJECT_LIST_MAX, e) == -1)
		return -1;
	return project_read_list(
	    s, "agent_command", out->argv, PROJECT_ARGV_MAX, e);
}

static int
project_read_limits(const struct json *s, struct project *out, struct err *e)
{
	int64_t memory = 0, cpus = 0, pids = 0, disk = 0, wall_s = 0;

	if (json_i64(s, "memory", PROJECT_MEMORY_MIN, INT64_MAX, &memory, e) ==
		-1 ||
	    json_i64(s, "cpus", 1, PROJECT_CPUS_MAX, &cpus, e) == -1 ||
	    json_i64(s, "pids", PROJECT_PIDS_MIN, PROJECT_PIDS_MAX, &pids, e) ==
		-1 ||
	    json_i64(s, "disk", PROJECT_MIB, project_disk_max, &disk, e) ==
		-1 ||
	    json_i64(s, "wall_s", 1, PROJECT_WALL_MAX_S, &wall_s, e) == -1)
		return -1;
	out->limits.memory = (uint64_t)memory;
	out->limits.cpu_milli = (uint32_t)cpus * 1000;
	out->limits.pids = (uint32_t)pids;
	out->disk_mib = (uint64_t)disk / PROJECT_MIB;
	out->wall_ms = wall_s * 1000;
	return 0;
}

static int
project_read_want(const struct json *j, struct project *out, struct err *e)
{
	const struct json *sandbox = json_get(j, "sandbox");
	const char *want = "stopped", *state = "active", *has = "absent";

	if (json_str(sandbox, "want", 16, &want, e) == -1 ||
	    json_str(sandbox, "state", PROJECT_STATE_MAX - 1, &has, e) == -1 ||
	    json_i64(sandbox, "generation", 0, INT64_MAX, &out->generation,
		e) == -1 ||
	    json_str(j, "state", 16, &state, e) == -1)
		return -1;
	(void)snprintf(out->state, sizeof(out->state), "%s", has);
	if (strcmp(state, "deleting") == 0 || strcmp(want, "gone") == 0)
		out->want = PROJECT_WANT_GONE;
	else if (strcmp(want, "paused") == 0)
		out->want = PROJECT_WANT_PAUSED;
	else if (strcmp(want, "running") == 0)
		out->want = PROJECT_WANT_RUNNING;
	else
		out->want = PROJECT_WANT_STOPPED;
	return 0;
}

/* The rules, which cofferd judged and the router will.  Null: cofferd could not
 * say them, so what is in force stays. */
static int
project_read_policy(const struct json *j, struct project *out, struct err *e)
{
	const struct json *policy = json_get(j, "policy");
	struct str text = STR_INIT_MAX(PROJECT_POLICY_MAX);

	if (policy != NULL && !json_is_object(policy)) {
		project_release(out);
		return err_set(e, ERR_PROTO, "project: no policy");
	}
	out->lockdown = json_bool_or(policy, "lockdown", false);
	if (policy != NULL)
		json_print(policy, &text);
	if (!str_ok(&text)) {
		str_release(&text);
		project_release(out);
		return err_set(e, ERR_LIMIT, "project: the policy is over %d",
		    PROJECT_POLICY_MAX);
	}
	out->policy = str_steal(&text);
	return 0;
}

int
project_read(const struct json *j, struct project *out, struct err *e)
{
	const struct json *s = json_get(j, "settings");
	const char *name = NULL, *network = "none", *agent = "command";

	*out = (struct project){ .id = 0 };
	if (json_i64(j, "id", 1, PROJECT_ID_MAX, &out->id, e) == -1 ||
	    json_str(j, "full_name", PROJECT_NAME_MAX - 1, &name, e) == -1 ||
	    json_str(s, "network", sizeof(out->network) - 1, &network, e) ==
		-1 ||
	    json_str(s, "agent", sizeof(out->agent) - 1, &agent, e) == -1 ||
	    json_bool(s, "pickup", &out->pickup, e) == -1 ||
	    json_bool(s, "runs_paused", &out->runs_paused, e) == -1 ||
	    project_read_text(
		s, "trigger_label", out->label, sizeof(out->label), e) == -1 ||
	    project_read_text(json_get(j, "prove"), "at", out->proved_at,
		sizeof(out->proved_at), e) == -1 ||
	    project_read_want(j, out, e) == -1 ||
	    project_read_limits(s, out, e) == -1 ||
	    project_read_options(s, out, e) == -1)
		goto fail;
	if (out->id == 0 || name == NULL) {
		(void)err_set(e, ERR_PROTO, "no id or no full_name");
		goto fail;
	}
	(void)snprintf(out->full_name, sizeof(out->full_name), "%s", name);
	(void)snprintf(out->network, sizeof(out->network), "%s", network);
	(void)snprintf(out->agent, sizeof(out->agent), "%s", agent);
	return project_read_policy(j, out, e);

fail:
	project_release(out);
	return err_wrap(e, "project");
}

void
project_release(struct project *p)
{
	for (size_t i = 0; i < PROJECT_ARGV_MAX; i++)
		free(p->argv[i]);
	for (size_t i = 0; i < PROJECT_LIST_MAX; i++) {
		free(p->entrypoint[i]);
		free(p->ro[i]);
	}
	free(p->policy);
	p->policy = NULL;
	memset(p->argv, 0, sizeof(p->argv));
	memset(p->entrypoint, 0, sizeof(p->entrypoint));
	memset(p->ro, 0, sizeof(p->ro));
}
