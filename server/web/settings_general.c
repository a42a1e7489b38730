/* settings_general: what a project says of itself, how it is merged into, and
 * its end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/service/svc_project.h"
#include "server/service/svc_repo.h"
#include "server/service/svc_work.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

static const struct general_style {
	enum merge_style style;
	const char *name, *text;
} general_styles[] = {
	{ MERGE_STYLE_MERGE, "style_merge", "a merge commit" },
	{ MERGE_STYLE_SQUASH, "style_squash", "one commit (squash)" },
	{ MERGE_STYLE_REBASE, "style_rebase", "its commits on top (rebase)" },
	{ MERGE_STYLE_REBASE_MERGE, "style_rebase_merge",
	    "rebase, and a merge commit" },
	{ MERGE_STYLE_FAST_FORWARD, "style_fast_forward", "fast-forward only" },
	{ MERGE_STYLE_MANUAL, "style_manual", "merged by hand" },
};

enum {
	GENERAL_STYLES = sizeof(general_styles) / sizeof(general_styles[0])
};

static void
general_merge(struct web *w, const struct project *p)
{
	const struct field first = { .name = "merge_style",
		.label = "The one that is offered first" };
	const struct field drop = { .name = "delete_branch",
		.label = "Delete the branch after a merge" };

	HTML_LEAF(&w->h, "h3", "", "A pull request may be merged as");
	for (size_t i = 0; i < GENERAL_STYLES; i++) {
		const struct general_style *s = &general_styles[i];
		const struct field f = { .name = s->name, .label = s->text };

		field_tick(w, &f, repo_profile_allows(&p->profile, s->style));
	}
	field_select(w, &first);
	for (size_t i = 0; i < GENERAL_STYLES; i++)
		field_option(w, merge_style_name(general_styles[i].style),
		    general_styles[i].text,
		    general_styles[i].style == p->profile.merge_style);
	html_end(&w->h);
	field_tick(w, &drop, p->profile.delete_branch);
}

static void
general_profile(struct web *w, const struct project *p)
{
	const struct field description = { .name = "description",
		.label = "Description",
		.max = REPO_DESCRIPTION_MAX };
	const struct field website = {
		.name = "website", .label = "Website", .max = REPO_WEBSITE_MAX
	};
	const struct field branch = { .name = "default_branch",
		.label = "Default branch",
		.max = NAME_LEN_MAX };
	const struct field issues = { .name = "has_issues",
		.label = "It has issues" };
	const struct field pulls = { .name = "has_pulls",
		.label = "It has pull requests" };

	settings_form(w, p, "card say", "", "profile");
	HTML_LEAF(&w->h, "h2", "", "The project");
	field_text(w, &description, p->profile.description);
	field_text(w, &website, p->profile.website);
	if (p->upstream[0] == '\0' && web_may(w, p->id, PERM_ADMIN))
		field_text(w, &branch, p->default_branch);
	field_tick(w, &issues, p->profile.has_issues);
	field_tick(w, &pulls, p->profile.has_pulls);
	general_merge(w, p);
	field_button(w, "primary", NULL, NULL, "Save");
	post_form_end(w);
}

/* What cannot be taken back, below. */
static void
general_danger(struct web *w, const struct project *p)
{
	char label[3 * NAME_LEN_MAX];
	const struct field confirm = { .name = "confirm",
		.label = label,
		.max = 2 * NAME_LEN_MAX + 1,
		.required = true };
	const struct field force = {
		.name = "force",
		.label = "Even when the sandbox holds work that was not pushed"
	};
	bool archived = p->profile.archived_at != 0;

	(void)snprintf(label, sizeof(label),
	    "Write %s/%s to say that it is this one", p->owner, p->name);
	settings_form(w, p, "card", "archive", "archive");
	HTML_LEAF(&w->h, "h2", "", archived ? "It is archived" : "Archive");
	HTML_LEAF(&w->h, "p", "",
	    archived ? "It can be read; nothing can be written."
		     : "Everything stays and can be read; nothing can be "
		       "written any more, until it is taken back.");
	field_button(w, "danger", "archived", archived ? "0" : "1",
	    archived ? "Open it again" : "Archive");
	post_form_end(w);
	settings_form(w, p, "card say", "delete", "delete");
	HTML_LEAF(&w->h, "h2", "", "Delete");
	HTML_LEAF(&w->h, "p", "alert",
	    "The repository, its issues, pull requests, runs and the sandbox "
	    "are gone then. Upstream is not touched.");
	field_text(w, &confirm, "");
	field_tick(w, &force, false);
	field_button(w, "danger", NULL, NULL, "Delete this project");
	post_form_end(w);
}

static void
general_get(struct call *c)
{
	struct project p;
	struct web w;

	if (settings_begin(&w, c, "", &p) == -1)
		return;
	general_profile(&w, &p);
	if (web_may(&w, p.id, PERM_ADMIN))
		general_danger(&w, &p);
	project_release(&p);
	web_reply(&w, 200);
}

static void
general_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	settings_done(fail, call, general_get, "");
}

static void
general_save(struct call *c, const struct project *p, const struct form *f)
{
	struct svc_repo_patch *x;
	struct svc_repo_edit *op;
	int style;

	op = svc_repo_edit_new(call_app(c), call_who(c));
	op->project_id = p->id;
	x = &op->patch;
	x->description = xstrdup(form_get(f, "description"));
	x->website = xstrdup(form_get(f, "website"));
	if (form_get(f, "default_branch")[0] != '\0')
		x->default_branch = xstrdup(form_get(f, "default_branch"));
	x->has_issues = form_get(f, "has_issues")[0] != '\0';
	x->has_pulls = form_get(f, "has_pulls")[0] != '\0';
	x->delete_branch = form_get(f, "delete_branch")[0] != '\0';
	for (size_t i = 0; i < GENERAL_STYLES; i++) {
		int64_t bit = MERGE_STYLE_BIT(general_styles[i].style);

		if (form_get(f, general_styles[i].name)[0] != '\0')
			x->styles_on |= bit;
		else
			x->styles_off |= bit;
	}
	style = merge_style_parse(form_get(f, "merge_style"));
	if (style > 0)
		x->merge_style = (enum merge_style)style;
	call_hold(c);
	svc_repo_edit(op, general_done, c);
}

static void
general_on_form(struct call *c)
{
	post_project(c, PERM_WRITE, general_save);
}

static void
general_post(struct call *c)
{
	web_take_form(c, general_on_form);
}

static void
general_shelve(struct call *c, const struct project *p, const struct form *f)
{
	struct svc_repo_edit *op = svc_repo_edit_new(call_app(c), call_who(c));

	op->project_id = p->id;
	op->patch.archived = strcmp(form_get(f, "archived"), "0") != 0;
	call_hold(c);
	svc_repo_edit(op, general_done, c);
}

static void
general_on_archive(struct call *c)
{
	post_project(c, PERM_ADMIN, general_shelve);
}

static void
general_archive(struct call *c)
{
	web_take_form(c, general_on_archive);
}

/* ---- its end ---- */

static void
general_gone(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (fail != NULL)
		post_fail(c, general_get, fail);
	else
		web_redirect(c, "/");
	call_release(c);
}

/* Holds the call. */
static void
general_remove(struct call *c, int64_t project)
{
	struct svc_project_edit *op = svc_project_edit_new(
	    call_app(c), call_who(c));

	op->project_id = project;
	op->remove = true;
	call_hold(c);
	svc_project_edit(op, general_gone, c);
}

static void
general_looked(const struct err *fail, void *arg, void *call)
{
	const struct svc_work_check *op = arg;
	struct call *c = call;

	/* Who left meanwhile does not want it any more. */
	if (fail != NULL)
		post_fail(c, general_get, fail);
	else if (call_request(c) != NULL)
		general_remove(c, op->project_id);
	call_release(c);
}

static void
general_end(struct call *c, const struct project *p, const struct form *f)
{
	char full[2 * NAME_LEN_MAX + 2];
	struct svc_work_check *op;

	(void)snprintf(full, sizeof(full), "%s/%s", p->owner, p->name);
	if (strcmp(form_get(f, "confirm"), full) != 0) {
		post_refused(c, general_get, 422,
		    "The name that was written is not this project's: nothing "
		    "was deleted.");
	} else if (form_get(f, "force")[0] != '\0') {
		general_remove(c, p->id);
	} else {
		op = svc_work_check_new(call_app(c), call_who(c));
		op->project_id = p->id;
		op->verb = PERM_ADMIN;
		call_hold(c);
		svc_work_check(op, general_looked, c);
	}
}

static void
general_on_delete(struct call *c)
{
	post_project(c, PERM_ADMIN, general_end);
}

static void
general_delete(struct call *c)
{
	web_take_form(c, general_on_delete);
}

#define SETTINGS "/{owner}/{r}/settings"

const struct route web_settings_routes[] = {
	{ "GET", SETTINGS, ROUTE_PAGE, general_get },
	{ "POST", SETTINGS, ROUTE_PAGE, general_post },
	{ "POST", SETTINGS "/archive", ROUTE_PAGE, general_archive },
	{ "POST", SETTINGS "/delete", ROUTE_PAGE, general_delete },
	{ .method = NULL },
};
