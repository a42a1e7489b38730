/* run_facts: what stands before a run begins, for its record. */
#include <stdio.h>
#include <string.h>

#include "agentd/record/record.h"
#include "agentd/run/run_priv.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

enum {
	RUN_RULES_MAX = 12 << 10,  /* bytes: quoted, twice of it is kept */
	RUN_PREPARED_MAX = 1 << 20 /* of what the clone printed */
};

static void
run_facts_json(const struct run *r, const char *agent, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "run", r->id);
	jw_str(&w, "instance", r->env->host->inst);
	jw_i64(&w, "project_id", r->project);
	jw_str(&w, "project", r->full_name);
	jw_i64(&w, "item", r->item);
	jw_i64(&w, "event", r->event);
	jw_bool(&w, "is_pull", r->is_pull);
	jw_str(&w, "command", r->command);
	jw_str(&w, "asked", r->why_asked);
	jw_str(&w, "actor", r->actor);
	jw_str(&w, "agent", agent);
	jw_str(&w, "access", r->access);
	jw_str(&w, "network", r->network);
	jw_str(&w, "branch", r->branch);
	jw_str(&w, "branch_sha", r->tip);
	jw_str(&w, "base", r->base);
	jw_str(&w, "base_sha", r->base_tip);
	jw_i64(&w, "began_ms", clock_now_ms());
	jw_end(&w);
	str_addc(out, '\n');
}

/* The rules that it asks before it uses a tool, as they were read; null when
 * there are none or they are too many to keep. */
static void
run_facts_rules(const struct run *r, struct jw *w)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *path = NULL;
	struct err ignored = ERR_INIT;
	const char *own = r->own_policy;

	if (r->env->policy != NULL)
		path = path_join(r->env->policy, "rules");
	jw_str(w, "rules",
	    path != NULL && path_read(path, RUN_RULES_MAX, &text, &ignored) == 0
		? str_cstr(&text)
		: NULL);
	jw_str(w, "repository_rules",
	    own != NULL && strlen(own) <= RUN_RULES_MAX ? own : NULL);
}

/* What it may do, and how it is kept to that. */
static void
run_facts_policy(const struct run *r, const struct project *p, struct str *out)
{
	const struct agent *a = run_given_agent(r);
	struct agent_bounds b;
	struct jw w;

	run_bounds(r, &b);
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "access", r->access);
	jw_str(&w, "tree", run_may_write(r) ? "writable" : "read-only");
	jw_str(&w, "push", r->branch[0] != '\0' ? r->branch : NULL);
	jw_str(&w, "network", r->network);
	jw_i64(&w, "wall_ms",
	    r->wall_ms > 0 && (p->wall_ms == 0 || r->wall_ms < p->wall_ms)
		? r->wall_ms
		: p->wall_ms);
	jw_u64(&w, "memory", p->limits.memory);
	jw_u64(&w, "pids", p->limits.pids);
	jw_i64(&w, "turns", b.turns);
	jw_i64(&w, "budget_micros", b.budget);
	jw_str(&w, "model", r->env->model);
	jw_array(&w, "tools");
	if (a != NULL && a->tools != NULL) {
		const unsigned kinds = agent_tools(run_may_write(r), &b);

		for (const struct agent_tool *t = a->tools; t->name != NULL;
		     t++)
			if ((t->kinds & kinds) != 0)
				jw_str(&w, NULL, t->name);
	}
	jw_end(&w);
	run_facts_rules(r, &w);
	jw_end(&w);
	str_addc(out, '\n');
}

int
run_facts_write(const struct run *r, struct err *e)
{
	const struct project *p = projects_find(r->env->projects, r->project);
	AUTO_STR struct str facts = STR_INIT_MAX(RECORD_FACTS_MAX);
	AUTO_STR struct str policy = STR_INIT_MAX(RECORD_FACTS_MAX);

	if (r->env->recorder == NULL || p == NULL)
		return 0;
	run_facts_json(r, run_given_agent_name(r), &facts);
	run_facts_policy(r, p, &policy);
	if (run_file_put(r, "facts.json", 0600, &facts, e) == -1)
		return -1;
	return run_file_put(r, "policy.json", 0600, &policy, e);
}

/* The last line of the clone's output is its own. */
void
run_facts_start(const struct run *r, char out[RUN_REF_MAX])
{
	static const char word[] = "coffer-base ";
	AUTO_FREE char *path = path_join(r->dir, "prepare/out.log");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, line;

	out[0] = '\0';
	if (path_read(path, RUN_PREPARED_MAX, &text, &e) == -1)
		return;
	rest = view_trim(str_view(&text));
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct view id = view_from(line, sizeof(word) - 1);

		out[0] = '\0';
		if (view_starts(line, word) && id.len == RECORD_SHA &&
		    strspn(id.p, "0123456789abcdef") >= RECORD_SHA)
			(void)snprintf(
			    out, RUN_REF_MAX, "%.*s", (int)id.len, id.p);
	}
}
