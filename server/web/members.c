/* members: who may do what in a project, as its admins set it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_repo.h"
#include "server/store/repo_facts.h"
#include "server/store/users.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/settings.h"
#include "server/web/web.h"

#define MEMBERS_AT "collaboration"

static const struct members_role {
	const char *word;
	enum role role;
	const char *text;
} members_roles[] = {
	{ "read", ROLE_READER, "read" },
	{ "write", ROLE_MAINTAINER, "maintain" },
	{ "admin", ROLE_ADMIN, "administrate" },
};

enum {
	MEMBERS_ROLES = sizeof(members_roles) / sizeof(members_roles[0])
};

static void
members_options(struct web *w, enum role now)
{
	for (size_t i = 0; i < MEMBERS_ROLES; i++)
		field_option(w, members_roles[i].word, members_roles[i].text,
		    members_roles[i].role == now);
}

/* A row's select has an id of its own. */
static void
members_forms(struct web *w, const struct project *p, const struct user *u,
    enum role role)
{
	char id[40], label[NAME_LEN_MAX + 20];
	const struct field f = {
		.name = "role", .label = label, .id = id, .unseen = true
	};

	(void)snprintf(id, sizeof(id), "role-%" PRId64, u->id);
	(void)snprintf(label, sizeof(label), "What %s may", u->login);
	settings_form(w, p, "", MEMBERS_AT, id);
	field_hidden(w, "login", u->login);
	field_select(w, &f);
	members_options(w, role);
	html_end(&w->h);
	field_button(w, "", "act", "set", "Set");
	field_button(w, "danger", "act", "remove", "Remove");
	post_form_end(w);
}

static void
members_row(struct web *w, const struct project *p, int64_t id, bool may)
{
	struct err e = ERR_INIT;
	enum role role = ROLE_NONE;
	struct html *h = &w->h;
	struct user u;

	/* One who goes meanwhile is left out. */
	if (users_by_id(w->t, id, &u, &e) == -1 ||
	    roles_get(w->t, p->id, id, &role, &e) == -1)
		return;
	HTML_TAG(h, "tr");
	web_cell(w, "Name", "name");
	html_text(h, u.login);
	html_end(h);
	web_cell(w, "May", "");
	if (may && u.kind == USER_PERSON) {
		members_forms(w, p, &u, role);
	} else {
		for (size_t i = 0; i < MEMBERS_ROLES; i++)
			if (members_roles[i].role == role)
				html_text(h, members_roles[i].text);
	}
	html_end(h);
	html_end(h);
}

static void
members_add(struct web *w, const struct project *p)
{
	const struct field login = { .name = "login",
		.label = "Name of a user",
		.max = NAME_LEN_MAX,
		.required = true };
	const struct field role = { .name = "role", .label = "May" };

	settings_form(w, p, "card say", MEMBERS_AT, "new");
	HTML_LEAF(&w->h, "h2", "", "One more");
	field_text(w, &login, "");
	field_select(w, &role);
	members_options(w, ROLE_MAINTAINER);
	html_end(&w->h);
	field_button(w, "primary", "act", "set", "Add");
	post_form_end(w);
}

static void
members_get(struct call *c)
{
	static const char *const columns[] = { "Name", "May" };
	struct member_list l = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct web w;
	bool may;

	if (query_page(c, &page, &limit) == -1 ||
	    settings_begin(&w, c, MEMBERS_AT, &p) == -1)
		return;
	may = web_may(&w, p.id, PERM_ADMIN);
	if (members_list(w.t, p.id, MEMBER_COLLABORATORS, limit,
		(int64_t)(page - 1) * limit, &l, &e) == -1)
		log_error("web members reason=%s", log_val(e.msg));
	HTML_CLASS(&w.h, "section", "card flush");
	HTML_LEAF(&w.h, "h2", "", "Collaborators");
	HTML_CLASS(&w.h, "p", "hint inset");
	html_textf(&w.h, "%s owns the project.", p.owner);
	html_end(&w.h);
	if (l.n == 0)
		HTML_LEAF(&w.h, "p", "empty inset",
		    "Nobody else has a part in it yet.");
	else
		web_table(&w, "rows", columns, 2);
	for (size_t i = 0; i < l.n; i++)
		members_row(&w, &p, l.at[i], may);
	if (l.n > 0)
		web_table_end(&w);
	html_end(&w.h);
	web_pager(&w, page, limit, l.total, "");
	member_list_release(&l);
	if (may)
		members_add(&w, &p);
	project_release(&p);
	web_reply(&w, 200);
}

static void
members_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	settings_done(fail, call, members_get, MEMBERS_AT);
}

static int
members_role(const struct form *f, enum role *out)
{
	const char *word = form_get(f, "role");

	*out = ROLE_NONE;
	if (strcmp(form_get(f, "act"), "remove") == 0)
		return 0;
	for (size_t i = 0; i < MEMBERS_ROLES; i++)
		if (strcmp(word, members_roles[i].word) == 0)
			*out = members_roles[i].role;
	return *out == ROLE_NONE ? -1 : 0;
}

static void
members_set(struct call *c, const struct project *p, const struct form *f)
{
	struct svc_collaborator *op;
	enum role role;

	if (members_role(f, &role) == -1) {
		post_refused(c, members_get, 422, "There is no such role.");
		return;
	}
	op = svc_collaborator_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->login = xstrdup(form_get(f, "login"));
	op->role = role;
	call_hold(c);
	svc_collaborator(op, members_done, c);
}

static void
members_on_form(struct call *c)
{
	post_project(c, PERM_ADMIN, members_set);
}

static void
members_post(struct call *c)
{
	web_take_form(c, members_on_form);
}

const struct route web_members_routes[] = {
	{ "GET", "/{owner}/{r}/settings/" MEMBERS_AT, ROUTE_PAGE, members_get },
	{ "POST", "/{owner}/{r}/settings/" MEMBERS_AT, ROUTE_PAGE,
	    members_post },
	{ .method = NULL },
};
