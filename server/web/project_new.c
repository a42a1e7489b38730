/* project_new: a project made in the browser: a mirror of an upstream, or one
 * without. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "server/domain/settings_rule.h"
#include "server/service/svc_own.h"
#include "server/service/svc_project.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/project.h"
#include "server/web/settings.h"
#include "server/web/web.h"

enum {
	PROJECT_NEW_URL_MAX = 2000
};

static void
project_new_words(struct web *w, const struct field *f,
    const struct settings_word *words, const char *usual)
{
	field_select(w, f);
	for (; words->word != NULL; words++)
		field_option(w, words->word, words->text,
		    strcmp(words->word, usual) == 0);
	html_end(&w->h);
}

static void
project_new_form(struct web *w)
{
	const struct field upstream = { .name = "upstream",
		.label = "Upstream",
		.help = "Where it is mirrored from, as "
			"https://example.org/you/project.git or "
			"ssh://git@example.org/you/project.git. Empty: it has "
			"none, and begins with a README.",
		.max = PROJECT_NEW_URL_MAX };
	const struct field token = { .name = "token",
		.label = "Token for upstream",
		.help = "Only for one that is private. It is kept on this "
			"server and never shown.",
		.max = 4096 };
	const struct field name = { .name = "name",
		.label = "Name",
		.help = "Empty: the last part of the upstream.",
		.max = NAME_LEN_MAX };
	const struct field agent = { .name = "agent", .label = "Agent" };
	const struct field network = { .name = "network",
		.label = "Network of its sandbox" };
	const struct field start = { .name = "start",
		.label = "Start the sandbox" };

	post_form(w, "card say", "/-/new", "new");
	field_text(w, &upstream, "");
	field_text(w, &name, "");
	field_secret(w, &token, "off");
	project_new_words(w, &agent, settings_agents, "command");
	project_new_words(
	    w, &network, settings_networks, network_name(NETWORK_WEB));
	field_tick(w, &start, true);
	field_button(w, "primary", NULL, NULL, "Make the project");
	post_form_end(w);
	HTML_LEAF(&w->h, "p", "hint",
	    "Limits, profile, checks and the rest are in the project's "
	    "settings, and options of coffer create.");
}

static bool
project_new_may(struct call *c)
{
	if (call_who(c)->site_admin)
		return true;
	web_error(c, 403, "Administrators make projects.");
	return false;
}

void
project_new_get(struct call *c)
{
	const struct web_head head = { .title = "New project",
		.tab = "Projects" };
	struct web w;

	if (!project_new_may(c))
		return;
	web_begin(&w, c, &head);
	HTML_LEAF(&w.h, "h1", "", "New project");
	project_new_form(&w);
	web_reply(&w, 200);
}

static void
project_new_made(struct call *c, const struct project *p)
{
	AUTO_STR struct str to = STR_INIT;

	str_add(&to, "/");
	esc_url(&to, view_of(p->owner));
	str_add(&to, "/");
	esc_url(&to, view_of(p->name));
	web_redirect(c, str_cstr(&to));
}

/* The token is of the form, which the call still has. */
static void
project_new_keep_token(struct call *c, const struct project *p)
{
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;
	struct form f;

	if (form_parse(call_body(c), &f, &e) == -1)
		return;
	if (form_get(&f, "token")[0] != '\0' &&
	    svc_project_set_token(
		s, call_who(c), p->id, form_get(&f, "token"), &e) == 0)
		s->upper->mirror_wake(s->mirror, p->id);
	form_release(&f);
	if (e.code != 0)
		log_error("web token project=%" PRId64 " reason=%s", p->id,
		    log_val(e.msg));
}

static void
project_new_mirrored(const struct err *fail, void *arg, void *call)
{
	const struct svc_project_create *op = arg;
	struct call *c = call;

	if (fail != NULL) {
		post_fail(c, project_new_get, fail);
	} else {
		project_new_keep_token(c, &op->project);
		project_new_made(c, &op->project);
	}
	call_release(c);
}

static void
project_new_owned(const struct err *fail, void *arg, void *call)
{
	const struct svc_own *op = arg;
	struct call *c = call;

	if (fail != NULL)
		post_fail(c, project_new_get, fail);
	else
		project_new_made(c, &op->make.project);
	call_release(c);
}

/* What both have; -1 after the reply. */
static int
project_new_read(
    struct call *c, const struct form *f, struct svc_project_create *op)
{
	int network = network_parse(form_get(f, "network"));

	if (network <= 0) {
		post_refused(
		    c, project_new_get, 422, "There is no such network mode.");
		return -1;
	}
	op->settings.network = (enum network_mode)network;
	project_settings_set_agent(&op->settings, form_get(f, "agent"));
	if (form_get(f, "name")[0] != '\0')
		op->name = xstrdup(form_get(f, "name"));
	if (form_find(f, "start") == NULL)
		op->want = WANT_STOPPED;
	return 0;
}

static void
project_new_mirror(struct call *c, const struct form *f)
{
	struct svc_project_create *op = svc_project_create_new(
	    call_app(c), call_who(c));

	op->upstream = xstrdup(form_get(f, "upstream"));
	if (project_new_read(c, f, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_project_create(op, project_new_mirrored, c);
}

static void
project_new_own(struct call *c, const struct form *f)
{
	const struct identity *who = call_who(c);
	struct svc_own *op;

	if (form_get(f, "name")[0] == '\0') {
		post_refused(c, project_new_get, 422,
		    "Give an upstream, or a name for one without.");
		return;
	}
	op = svc_own_new(call_app(c), who);
	if (project_new_read(c, f, &op->make) == -1) {
		svc_op_drop(op);
		return;
	}
	op->make.owner = xstrdup(who->login);
	op->noreply = svc_noreply(call_app(c), who->login);
	op->auto_init = true;
	call_hold(c);
	svc_own(op, project_new_owned, c);
}

static void
project_new_on_form(struct call *c)
{
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	if (!project_new_may(c))
		;
	else if (strlen(form_get(&f, "upstream")) > PROJECT_NEW_URL_MAX ||
	    strlen(form_get(&f, "name")) > NAME_LEN_MAX ||
	    strlen(form_get(&f, "agent")) > SETTINGS_AGENT_MAX)
		post_refused(c, project_new_get, 422, "A field is too long.");
	else if (form_get(&f, "upstream")[0] != '\0')
		project_new_mirror(c, &f);
	else
		project_new_own(c, &f);
	form_release(&f);
}

void
project_new_post(struct call *c)
{
	web_take_form(c, project_new_on_form);
}
