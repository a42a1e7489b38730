/*
 * run_given: what a run was given besides its order: another agent than the
 * project's, limits, an environment.  That is two lines for each variable,
 * "name:NAME" and the value, in the file `env` of the run's folder: each line
 * of it is masked in the record, and a name is no secret.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

static const char run_given_leaf[] = "env";

#define RUN_GIVEN_MARK "name:"

int
run_given_read(struct run *r, const struct json *row, struct err *e)
{
	const char *agent = "";
	int64_t wall_s = 0;

	if (json_str(row, "agent", RUN_AGENT_NAME_MAX - 1, &agent, e) == -1 ||
	    json_i64(row, "wall_s", 1, INT32_MAX, &wall_s, e) == -1 ||
	    json_i64(row, "budget", 1, INT64_MAX, &r->budget, e) == -1)
		return -1;
	r->given.max = RUN_GIVEN_MAX;
	/* With an item the project's settings hold when it starts. */
	if (r->item != 0)
		return 0;
	(void)snprintf(r->agent_name, sizeof(r->agent_name), "%s", agent);
	r->wall_ms = wall_s * 1000;
	return 0;
}

const char *
run_given_agent_name(const struct run *r)
{
	const struct project *p;

	if (r->agent_name[0] != '\0')
		return r->agent_name;
	p = projects_find(r->env->projects, r->project);
	return p == NULL ? "" : p->agent;
}

const struct agent *
run_given_agent(const struct run *r)
{
	return agent_find(run_given_agent_name(r));
}

void
run_given_project(
    const struct run *r, const struct project *p, struct project *out)
{
	const char *name = run_given_agent_name(r);

	*out = *p;
	if (strcmp(name, p->agent) == 0)
		return;
	memset(out->argv, 0, sizeof(out->argv));
	(void)snprintf(out->agent, sizeof(out->agent), "%.31s", name);
}

static bool
run_given_is_line(const char *s)
{
	return s != NULL && strpbrk(s, "\r\n") == NULL;
}

int
run_given_env(struct run *r, const struct json *env, struct err *e)
{
	str_reset(&r->given);
	if (json_count(env) > RUN_GIVEN_PAIRS)
		return err_set(e, ERR_LIMIT, "env: more than %d variables",
		    RUN_GIVEN_PAIRS);
	for (const struct json *v = json_first(env); v != NULL;
	     v = json_next(v)) {
		if (!run_given_is_line(json_key(v)) ||
		    !run_given_is_line(json_string(v)))
			return err_set(e, ERR_PROTO, "env: not lines of text");
		str_addf(&r->given, RUN_GIVEN_MARK "%s\n%s\n", json_key(v),
		    json_string(v));
	}
	return str_ok(&r->given)
	    ? 0
	    : err_set(e, ERR_LIMIT, "env: over %d bytes", RUN_GIVEN_MAX);
}

int
run_given_write(const struct run *r, struct err *e)
{
	return r->given.len == 0
	    ? 0
	    : run_file_put(r, run_given_leaf, 0600, &r->given, e);
}

void
run_given_load(struct run *r)
{
	AUTO_FREE char *path = path_join(r->dir, run_given_leaf);
	struct err e = ERR_INIT;

	str_reset(&r->given);
	if (path_read(path, RUN_GIVEN_MAX, &r->given, &e) == -1 &&
	    e.code != ERR_NOTFOUND)
		log_warn("run env run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}

size_t
run_given_pairs(
    const struct run *r, char **text, struct spec_pair out[RUN_GIVEN_PAIRS])
{
	char *at = xstrdup(str_cstr(&r->given)), *name, *value;
	size_t n = 0;

	*text = at;
	while (n < RUN_GIVEN_PAIRS && (name = strsep(&at, "\n")) != NULL &&
	    (value = strsep(&at, "\n")) != NULL &&
	    strncmp(name, RUN_GIVEN_MARK, strlen(RUN_GIVEN_MARK)) == 0)
		out[n++] = (struct spec_pair){
			.name = name + strlen(RUN_GIVEN_MARK), .value = value
		};
	return n;
}

void
run_given_forget(struct run *r)
{
	AUTO_FREE char *path = path_join(r->dir, run_given_leaf);

	(void)unlink(path);
}
