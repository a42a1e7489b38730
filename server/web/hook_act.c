/* hook_act: what is done with webhooks by a form. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/service/svc_hook.h"
#include "server/web/hook.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

/* A done callback's end; id 0: at the list. */
static void
hook_back(const struct err *fail, const struct svc_hook *op, struct call *c,
    int64_t id)
{
	bool own = op->scope.account_id != 0;
	char path[80];

	(void)snprintf(path, sizeof(path), "%s", own ? HOOK_OWN : HOOK_AT);
	if (id != 0)
		(void)snprintf(path, sizeof(path), "%s/%" PRId64,
		    own ? HOOK_OWN : HOOK_AT, id);
	if (!own) {
		settings_done(
		    fail, c, id != 0 ? hook_get : hook_list_get, path);
		return;
	}
	if (fail != NULL)
		post_fail(c, id != 0 ? hook_own_get : hook_own_list_get, fail);
	else
		web_redirect(c, path);
	call_release(c);
}

static void
hook_done_list(const struct err *fail, void *op, void *call)
{
	hook_back(fail, op, call, 0);
}

static void
hook_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_hook *op = arg;

	hook_back(fail, op, call, op->id);
}

/* A new one: it has a page of its own when it is there. */
static void
hook_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_hook *op = arg;

	hook_back(fail, op, call, fail != NULL ? 0 : op->id);
}

/* The words, a line each; false: one is no word. */
static bool
hook_read_events(const struct form *f, struct hook *h)
{
	AUTO_FREE char *text = form_text(f, "events");
	AUTO_STR struct str out = STR_INIT;
	char *save = NULL;
	unsigned n = 0;

	for (char *s = strtok_r(text, " ,\n\t", &save); s != NULL;
	     s = strtok_r(NULL, " ,\n\t", &save)) {
		for (const char *p = s; *p != '\0'; p++)
			if ((unsigned char)*p <= ' ' || *p == 0x7f)
				return false;
		if (strlen(s) > HOOK_WORD_MAX || n++ == HOOK_EVENTS_MAX)
			return false;
		str_addf(&out, "%s\n", s);
	}
	h->events = n > 0 ? str_steal(&out) : xstrdup("push\n");
	return true;
}

/* What a form says; NULL, or what is wrong with it. */
static const char *
hook_read(const struct form *f, struct svc_hook *op)
{
	const char *secret = form_get(f, "secret");
	const char *authorization = form_get(f, "authorization");
	struct hook *h = &op->hook;

	h->url = xstrdup(form_get(f, "url"));
	h->branch_filter = xstrdup(form_get(f, "branch_filter"));
	h->form = strcmp(form_get(f, "content_type"), "form") == 0;
	h->active = form_get(f, "active")[0] != '\0';
	op->sets_active = op->sets_form = true;
	if (secret[0] != '\0')
		h->secret = xstrdup(secret);
	if (authorization[0] != '\0')
		h->authorization = xstrdup(authorization);
	if (!hook_rule_url_ok(h->url))
		return "The URL must be http:// or https:// and a host.";
	if (strlen(secret) > HOOK_SECRET_MAX ||
	    strlen(authorization) > HOOK_AUTHORIZATION_MAX)
		return "A secret is too long.";
	for (const char *p = authorization; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "The header has a control character.";
	if (strlen(h->branch_filter) > HOOK_FILTER_MAX ||
	    hook_rule_filter_ok(h->branch_filter) == -1)
		return "The pattern of branches is none.";
	if (!hook_read_events(f, h))
		return "What it is told of must be words of 64 bytes.";
	return NULL;
}

/* project 0: one's own. */
static struct svc_hook *
hook_op(struct call *c, int64_t project)
{
	struct svc_hook *op = svc_hook_new(call_app(c), call_who(c));

	op->scope.project_id = project;
	if (project == 0)
		op->scope.account_id = call_who(c)->user_id;
	return op;
}

/* id 0: a new one. */
static void
hook_put(struct call *c, int64_t project, int64_t id, const struct form *f)
{
	struct svc_hook *op = hook_op(c, project);
	const char *wrong = hook_read(f, op);

	if (wrong != NULL) {
		struct err e = ERR_INIT;

		op->id = id;
		(void)err_set(&e, ERR_INVALID, "%s", wrong);
		call_hold(c);
		hook_back(&e, op, c, id);
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	op->id = id;
	if (id != 0) {
		svc_hook_edit(op, hook_done, c);
		return;
	}
	op->hook.type = xstrdup("gitea");
	svc_hook_create(op, hook_made, c);
}

static void
hook_change(struct call *c, int64_t project, const struct form *f)
{
	int64_t id = hook_arg(c, project == 0, 0);
	const char *act = form_get(f, "act");
	struct svc_hook *op;

	if (strcmp(act, "test") != 0 && strcmp(act, "remove") != 0) {
		hook_put(c, project, id, f);
		return;
	}
	op = hook_op(c, project);
	op->id = id;
	call_hold(c);
	if (strcmp(act, "test") == 0)
		svc_hook_test(op, hook_done, c);
	else
		svc_hook_delete(op, hook_done_list, c);
}

static void
hook_redeliver(struct call *c, int64_t project)
{
	struct svc_hook *op = hook_op(c, project);

	op->id = hook_arg(c, project == 0, 0);
	op->delivery = hook_arg(c, project == 0, 1);
	call_hold(c);
	svc_hook_redeliver(op, hook_done, c);
}

/* ---- of a project ---- */

static void
hook_new(struct call *c, const struct project *p, const struct form *f)
{
	hook_put(c, p->id, 0, f);
}

static void
hook_act(struct call *c, const struct project *p, const struct form *f)
{
	hook_change(c, p->id, f);
}

static void
hook_send_again(struct call *c, const struct project *p, const struct form *f)
{
	(void)f;
	hook_redeliver(c, p->id);
}

static void
hook_on_create(struct call *c)
{
	post_project(c, PERM_ADMIN, hook_new);
}

static void
hook_on_form(struct call *c)
{
	post_project(c, PERM_ADMIN, hook_act);
}

static void
hook_on_again(struct call *c)
{
	post_project(c, PERM_ADMIN, hook_send_again);
}

static void
hook_create(struct call *c)
{
	web_take_form(c, hook_on_create);
}

static void
hook_post(struct call *c)
{
	web_take_form(c, hook_on_form);
}

static void
hook_again(struct call *c)
{
	web_take_form(c, hook_on_again);
}

/* ---- one's own ---- */

static void
hook_own_on_create(struct call *c)
{
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	hook_put(c, 0, 0, &f);
	form_release(&f);
}

static void
hook_own_on_form(struct call *c)
{
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	hook_change(c, 0, &f);
	form_release(&f);
}

static void
hook_own_on_again(struct call *c)
{
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	form_release(&f);
	hook_redeliver(c, 0);
}

static void
hook_own_create(struct call *c)
{
	web_take_form(c, hook_own_on_create);
}

static void
hook_own_post(struct call *c)
{
	web_take_form(c, hook_own_on_form);
}

static void
hook_own_again(struct call *c)
{
	web_take_form(c, hook_own_on_again);
}

#define HOOKS "/{owner}/{r}/settings/" HOOK_AT

const struct route web_hook_act_routes[] = {
	{ "POST", HOOKS, ROUTE_PAGE, hook_create },
	{ "POST", HOOKS "/{id}", ROUTE_PAGE, hook_post },
	{ "POST", HOOKS "/{id}/deliveries/{id}", ROUTE_PAGE, hook_again },
	{ "POST", HOOK_OWN, ROUTE_PAGE, hook_own_create },
	{ "POST", HOOK_OWN "/{id}", ROUTE_PAGE, hook_own_post },
	{ "POST", HOOK_OWN "/{id}/deliveries/{id}", ROUTE_PAGE,
	    hook_own_again },
	{ .method = NULL },
};
