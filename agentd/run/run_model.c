/* run_model: the token of the models, from coffer-gateway: asked for while the
 * run is prepared, ended before its report. */
#include <string.h>
#include <unistd.h>

#include "agentd/run/run_priv.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	RUN_MODEL_WAIT_MS = 60 * 1000,
	RUN_MODEL_WALL_S = 24 * 3600, /* of a project without a limit */
	RUN_MODEL_SLACK_S = 30 * 60,  /* what its other phases may take */
	RUN_MODEL_FILE_MAX = 512
};

/* Each of its lines is masked in records, and a provider's name is a word. */
#define RUN_MODEL_MARK "provider:"

/* The file `model`: a line for the token and one for each provider.  It is
 * there, empty, before the question: whatever happens, the token is ended. */
static int
run_model_put(const struct run *r, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	int rc;

	if (r->models.token[0] != '\0')
		str_addf(&text,
		    "%s\n" RUN_MODEL_MARK "%s\n" RUN_MODEL_MARK "%s\n",
		    r->models.token, r->models.provider[MODEL_ANTHROPIC],
		    r->models.provider[MODEL_OPENAI]);
	rc = run_file_put(r, "model", 0600, &text, e);
	if (text.p != NULL)
		explicit_bzero(text.p, text.len);
	return rc;
}

static void
run_model_line(struct view *rest, const char *mark, char *out, size_t max)
{
	struct view line;

	if (!view_split(rest, '\n', &line) || !view_starts(line, mark))
		return;
	line = view_from(line, strlen(mark));
	if (line.len < max) {
		memcpy(out, line.p, line.len);
		out[line.len] = '\0';
	}
}

int
run_model_read(struct run *r, struct err *e)
{
	char text[RUN_MODEL_FILE_MAX];
	struct view rest;

	if (!run_has(r, "model"))
		return 0;
	if (run_file_get(r, "model", text, sizeof(text), e) == -1)
		return -1;
	rest = view_of(text);
	run_model_line(&rest, "", r->models.token, MODEL_TOKEN_MAX);
	run_model_line(&rest, RUN_MODEL_MARK,
	    r->models.provider[MODEL_ANTHROPIC], MODEL_NAME_MAX);
	run_model_line(&rest, RUN_MODEL_MARK, r->models.provider[MODEL_OPENAI],
	    MODEL_NAME_MAX);
	explicit_bzero(text, sizeof(text));
	return 0;
}

static void
run_model_forget(struct run *r)
{
	AUTO_FREE char *path = path_join(r->dir, "model");

	(void)unlink(path);
}

/* The token stays known, for what is still to be masked. */
static void
run_model_on_end(
    struct run *r, const struct model_spent *spent, const struct err *e)
{
	run_next_fn *next = r->after_models;

	r->after_models = NULL;
	if (e != NULL)
		log_warn("run model-revoke run=%lld why=%s", (long long)r->id,
		    log_val(e->msg));
	else
		run_model_forget(r);
	if (spent != NULL)
		r->spent = *spent;
	next(r);
}

static void
run_model_on_answer(const struct model_grant *grant,
    const struct model_spent *spent, const struct err *fail, void *arg)
{
	struct run *r = arg;
	struct err e = ERR_INIT;

	if (r->after_models != NULL) {
		run_model_on_end(r, spent, fail);
		return;
	}
	if (grant != NULL) {
		r->models = *grant;
		if (run_model_put(r, &e) == -1)
			fail = &e;
	}
	log_info("run model run=%lld anthropic=%s openai=%s", (long long)r->id,
	    r->models.provider[MODEL_ANTHROPIC],
	    r->models.provider[MODEL_OPENAI]);
	run_arrived(r, fail);
}

static struct modelask *
run_model_asker(struct run *r)
{
	if (r->asker == NULL)
		r->asker = modelask_new(
		    r->env->host->loop, r->env->models, run_model_on_answer, r);
	return r->asker;
}

bool
run_model_ask(struct run *r)
{
	const struct project *p = projects_find(r->env->projects, r->project);
	const struct agent *agent = p == NULL ? NULL : run_given_agent(r);
	struct model_want want = { .run = r->id,
		.project = r->project,
		.item = r->item,
		.ttl_s = RUN_MODEL_SLACK_S };
	struct agent_bounds bounds;
	int64_t wall_ms;
	struct err e = ERR_INIT;

	/* What has no network reaches no model; an unknown agent is told of
	 * later. */
	if (r->env->models == NULL || agent == NULL ||
	    strcmp(r->network, "off") == 0)
		return false;
	run_bounds(r, &bounds);
	want.kind = agent->speaks;
	want.budget = bounds.budget;
	want.web = model_has_web(r->network) &&
	    (bounds.tools == 0 || (bounds.tools & AGENT_WEB) != 0);
	want.shut = !project_has_web(p);
	wall_ms = r->wall_ms > 0 ? r->wall_ms : p->wall_ms;
	want.ttl_s += wall_ms > 0 ? wall_ms / 1000 : RUN_MODEL_WALL_S;
	if (run_model_put(r, &e) == -1) {
		log_warn("run model run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
		return false;
	}
	modelask_grant(run_model_asker(r), &want, RUN_MODEL_WAIT_MS);
	return true;
}

void
run_model_end(struct run *r, int64_t wait_ms, run_next_fn *next)
{
	if (r->env->models == NULL || !run_has(r, "model")) {
		next(r);
		return;
	}
	r->after_models = next;
	modelask_revoke(run_model_asker(r), r->id, r->project, wait_ms);
}

void
run_model_release(struct run *r)
{
	modelask_free(r->asker);
	explicit_bzero(r->models.token, sizeof(r->models.token));
}
