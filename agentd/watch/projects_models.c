/* projects_models: a session's token of the models, in its environment. */
#include <stdlib.h>
#include <string.h>

#include "agentd/model/modelgate.h"
#include "agentd/watch/projects_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

enum {
	PROJECTS_MODELS_WAIT_MS = 10 * 1000, /* that a session does */
	PROJECTS_MODELS_LATE_MS = 24 * 3600 * 1000,
	PROJECTS_MODELS_END_MS = 60 * 1000,
	PROJECTS_MODELS_TTL_S = 365 * 24 * 3600 /* it ends with the session */
};

/* Lines NAME=VALUE.  Claude Code asks no question about this variable. */
static void
projects_models_env(const struct model_grant *g, struct str *out)
{
	const char *anthropic = g->provider[MODEL_ANTHROPIC];
	const char *openai = g->provider[MODEL_OPENAI];
	char url[MODEL_URL_MAX];

	if (anthropic[0] != '\0') {
		model_url(anthropic, url);
		str_addf(out,
		    "ANTHROPIC_BASE_URL=%s\nANTHROPIC_AUTH_TOKEN=%s\n", url,
		    g->token);
	}
	if (openai[0] != '\0') {
		model_url(openai, url);
		str_addf(out, "OPENAI_BASE_URL=%s/v1\nOPENAI_API_KEY=%s\n", url,
		    g->token);
	}
}

static void
projects_models_drop_late(struct project_entry *x)
{
	if (x->late_env != NULL)
		explicit_bzero(x->late_env, strlen(x->late_env));
	free(x->late_env);
	x->late_env = NULL;
}

void
projects_models_late(struct project_entry *x)
{
	struct err e = ERR_INIT;

	if (x->late_env == NULL)
		return;
	if (sandbox_give_env(x->all->sandboxes, x->p.id, x->late_env, &e) ==
	    -1) {
		log_info("project models-late id=%lld why=%s",
		    (long long)x->p.id, log_val(e.msg));
		return;
	}
	log_info("project models-late id=%lld why=%s", (long long)x->p.id,
	    "the gateway is there");
	projects_models_drop_late(x);
}

static void
projects_models_forget(struct project_entry *x)
{
	if (x->gitconfig != NULL)
		explicit_bzero(x->gitconfig, strlen(x->gitconfig));
	free(x->gitconfig);
	x->gitconfig = NULL;
}

static struct modelask *projects_models_asker(struct project_entry *x);

static void
projects_models_grant(struct project_entry *x, int64_t wait_ms)
{
	const struct model_want want = { .project = x->p.id,
		.ttl_s = PROJECTS_MODELS_TTL_S,
		.kind = MODEL_ANY,
		.web = true,
		.shut = !project_has_web(&x->p) };

	modelask_grant(projects_models_asker(x), &want, wait_ms);
}

static void
projects_models_on_late(struct project_entry *x, const struct str *env)
{
	if (env->len == 0)
		return;
	projects_models_drop_late(x);
	x->late_env = xstrdup(str_cstr(env));
	if (!x->busy)
		projects_models_late(x);
}

/* A session without models is better than none: they come when they can. */
static void
projects_models_on_answer(const struct model_grant *grant,
    const struct model_spent *spent, const struct err *e, void *arg)
{
	struct project_entry *x = arg;
	struct str env = STR_INIT;

	(void)spent;
	if (e != NULL)
		log_warn("project models id=%lld why=%s", (long long)x->p.id,
		    log_val(e->msg));
	if (x->gitconfig != NULL && projects_start_is_off(x)) {
		projects_models_forget(x);
		projects_models_end(x);
		return;
	}
	if (grant != NULL && grant->token[0] != '\0')
		projects_models_env(grant, &env);
	if (x->gitconfig == NULL) {
		projects_models_on_late(x, &env);
	} else {
		projects_start_with(x, x->gitconfig, str_cstr(&env));
		projects_models_forget(x);
		if (e != NULL)
			projects_models_grant(x, PROJECTS_MODELS_LATE_MS);
	}
	if (env.p != NULL)
		explicit_bzero(env.p, env.len);
	str_release(&env);
}

static struct modelask *
projects_models_asker(struct project_entry *x)
{
	if (x->models == NULL)
		x->models = modelask_new(x->all->host->loop, x->all->models,
		    projects_models_on_answer, x);
	return x->models;
}

void
projects_models_ask(struct project_entry *x, const char *gitconfig)
{
	projects_models_drop_late(x);
	if (x->all->models == NULL || strcmp(x->p.network, "off") == 0) {
		projects_start_with(x, gitconfig, NULL);
		return;
	}
	projects_models_forget(x);
	x->gitconfig = xstrdup(gitconfig);
	projects_models_grant(x, PROJECTS_MODELS_WAIT_MS);
}

bool
project_has_web(const struct project *p)
{
	return model_has_web(p->network) && !p->lockdown;
}

void
projects_models_set_web(struct project_entry *x, bool web)
{
	if (x->all->models != NULL)
		modelgate_set_web(x->all->models, x->p.id, web);
}

void
projects_models_end(struct project_entry *x)
{
	projects_models_drop_late(x);
	if (x->all->models != NULL)
		modelask_revoke(projects_models_asker(x), 0, x->p.id,
		    PROJECTS_MODELS_END_MS);
}

void
projects_models_release(struct project_entry *x)
{
	modelask_free(x->models);
	projects_models_forget(x);
	projects_models_drop_late(x);
}
