#include "server/service/svc_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"
#include "server/service/svc_network.h"
#include "server/service/svc_pull.h"
#include "server/store/check_texts.h"

enum {
	SVC_CHECKS_TOLD = 16384 /* bytes of a text in an event */
};

void
svc_checks_ask(struct svc *s, int64_t project, const char *rev,
    git_done_fn *done, void *arg)
{
	AUTO_FREE char *text = NULL;
	struct err e = ERR_INIT;

	/* To read the file instead would be to take other checks for them. */
	if (check_texts_get(db_reader(s->db), project, &text, &e) == -1) {
		log_error("checks read reason=%s", log_val(e.msg));
		text = xasprintf("the project's checks cannot be read");
	}
	gitpool_checks(s->git, project, rev, text, done, arg);
}

static bool
svc_checks_preset_known(struct view name, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (view_is(name, names[i]))
			return true;
	return false;
}

static void
svc_checks_presets(
    const struct svc *s, const struct checks *c, struct svc_checks_state *state)
{
	char *names[SVC_NET_PRESETS_MAX];
	size_t n = svc_net_preset_names(s, names);

	for (size_t i = 0; i < c->n; i++) {
		struct view rest = view_of(c->v[i].presets), name;

		while (rest.len > 0 && view_split(&rest, ' ', &name)) {
			if (svc_checks_preset_known(name, names, n))
				continue;
			state->state = MERGE_CHECKS_WRONG;
			snprintf(state->error, sizeof(state->error),
			    "check %s: no preset is named %.*s", c->v[i].name,
			    (int)name.len, name.p);
		}
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
}

void
svc_checks_take(const struct svc *s, const struct git_result *res,
    struct checks *out, struct svc_checks_state *state)
{
	const char *wrong = json_str_or(res->j, "error", NULL);
	struct err e = ERR_INIT;

	*out = CHECKS_INIT;
	*state = (struct svc_checks_state){ .state = MERGE_CHECKS_ABSENT };
	if (!json_bool_or(res->j, "found", false))
		return;
	state->state = MERGE_CHECKS_OK;
	if (wrong == NULL && gitpool_result_checks(res, out, &e) == -1)
		wrong = e.msg;
	if (wrong == NULL) {
		svc_checks_presets(s, out, state);
	} else {
		state->state = MERGE_CHECKS_WRONG;
		snprintf(state->error, sizeof(state->error), "%s", wrong);
	}
	if (state->state == MERGE_CHECKS_WRONG)
		checks_release(out);
}

void
svc_checks_rules(
    const struct svc *s, const char *presets, struct net_rule_list *out)
{
	struct err e = ERR_INIT;
	struct json *list = json_parse(view_of(presets), 0, &e);

	for (const struct json *m = json_first(list); m != NULL;
	     m = json_next(m)) {
		struct net_rule_list one;
		const char *name = json_string(m);

		e = ERR_INIT;
		if (name == NULL ||
		    svc_net_preset_read(s, name, &one, &e) == -1)
			continue;
		out->at = xrealloc(
		    out->at, (out->n + one.n + 1) * sizeof(*out->at));
		for (size_t i = 0; i < one.n && out->n < NET_RULES_MAX; i++)
			out->at[out->n++] = one.at[i];
		net_rule_list_release(&one);
	}
	json_free(list);
}

static void
svc_checks_put_release(void *arg)
{
	struct svc_checks_put *op = arg;

	free(op->text);
	free(op->rev);
}

struct svc_checks_put *
svc_checks_put_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_checks_put), who, svc_checks_put_release);
}

/* They decide what is merged. */
static int
svc_checks_may(struct txn *t, const struct svc_checks_put *op, struct err *e)
{
	if (svc_may(t, &op->op.who, op->project_id, PERM_ADMIN, NULL, e) == 0)
		return 0;
	if (e->code != ERR_DENIED)
		return -1;
	return err_set(e, ERR_DENIED,
	    "the project's checks decide what may be merged: an admin of the "
	    "project changes them");
}

/* Of a long text the beginning. */
static void
svc_checks_told(struct jw *w, const char *key, const char *text)
{
	AUTO_FREE char *cut = NULL;
	struct view v;

	if (text == NULL) {
		jw_null(w, key);
		return;
	}
	v = utf8_cut(view_of(text), SVC_CHECKS_TOLD);
	cut = view_dup(v);
	jw_str(w, key, cut);
}

static int
svc_checks_put_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_checks_put *op = arg;
	const struct check_text_new n = { .project_id = op->project_id,
		.text = op->text,
		.by_id = op->op.who.user_id,
		.now = op->op.now };
	AUTO_STR struct str data = STR_INIT;
	AUTO_FREE char *was = NULL;
	const struct svc_event v = { .kind = "project.updated",
		.project_id = op->project_id,
		.data = &data };
	struct jw w;

	if (svc_checks_may(t, op, e) == -1 ||
	    check_texts_get(t, op->project_id, &was, e) == -1 ||
	    check_texts_put(t, &n, e) == -1)
		return -1;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_bool(&w, "checks", op->text != NULL);
	jw_object(&w, "gate");
	jw_object(&w, "checks");
	svc_checks_told(&w, "old", was);
	svc_checks_told(&w, "new", op->text);
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static void
svc_checks_on_parsed(const struct git_result *res, void *arg)
{
	struct svc_checks_put *op = arg;
	AUTO_CHECKS struct checks checks = CHECKS_INIT;
	struct svc_checks_state state;
	struct err e = ERR_INIT;

	if (res->fail != NULL) {
		svc_op_end(op, res->fail);
		return;
	}
	svc_checks_take(op->op.svc, res, &checks, &state);
	if (state.state == MERGE_CHECKS_OK) {
		svc_op_again(op, svc_checks_put_job);
		return;
	}
	err_set(&e, ERR_INVALID, "text: %s", state.error);
	svc_op_end(op, &e);
}

/* Open pull requests have other checks now. */
static bool
svc_checks_changed(void *arg)
{
	struct svc_checks_put *op = arg;

	svc_pull_on_checks(op->op.svc, op->project_id, op->op.who.user_id);
	return false;
}

void
svc_checks_put(struct svc_checks_put *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_checks_changed;
	if (op->text == NULL) {
		svc_op_run(op, svc_checks_put_job, done, arg);
		return;
	}
	op->op.done = done;
	op->op.arg = arg;
	gitpool_checks(op->op.svc->git, op->project_id, op->rev, op->text,
	    svc_checks_on_parsed, op);
}
