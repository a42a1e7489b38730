/* api_collaborators: who has which role in a repository, and who may be asked
 * for something there. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_repo.h"
#include "server/store/repo_facts.h"
#include "server/store/users.h"

#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	API_MEMBERS_MAX = 500 /* of a list that has no pages */
};

/* One who goes meanwhile is left out. */
static void
api_members_reply(struct call *c, struct shape *s, const struct member_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct err ignored = ERR_INIT;
		struct user u;

		if (users_by_id(api_reader(c), l->at[i], &u, &ignored) == 0)
			shape_user_full(s, NULL, &u, call_who(c));
	}
	jw_end(&s->w);
	shape_reply(s, c, 200);
}

static void
api_members_page(struct call *c, enum member_kind kind)
{
	struct member_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	int64_t project;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	project = api_project_id(c, PERM_READ);
	if (project == 0)
		return;
	if (members_list(api_reader(c), project, kind, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	api_members_reply(c, &s, &list);
	member_list_release(&list);
}

/* Gitea has no pages here. */
static void
api_members_all(struct call *c, enum member_kind kind)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct member_list list = { .n = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (project == 0)
		return;
	if (members_list(api_reader(c), project, kind, API_MEMBERS_MAX, 0,
		&list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_count(c, (int64_t)list.n);
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	api_members_reply(c, &s, &list);
	member_list_release(&list);
}

static void
api_collaborators_list(struct call *c)
{
	api_members_page(c, MEMBER_COLLABORATORS);
}

static void
api_collaborators_watchers(struct call *c)
{
	api_members_page(c, MEMBER_WATCHERS);
}

static void
api_collaborators_assignees(struct call *c)
{
	api_members_all(c, MEMBER_WRITERS);
}

static void
api_collaborators_reviewers(struct call *c)
{
	api_members_all(c, MEMBER_READERS);
}

/* The user of the path and its role in the project; -1 after the reply. */
static int
api_collaborators_find(
    struct call *c, const struct project *p, struct user *u, enum role *role)
{
	struct err e = ERR_INIT;

	if (users_by_name(api_reader(c), call_arg(c, 2), u, &e) == 0 &&
	    roles_get(api_reader(c), p->id, u->id, role, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static void
api_collaborators_get(struct call *c)
{
	enum role role = ROLE_NONE;
	struct project p;
	struct user u;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (api_collaborators_find(c, &p, &u, &role) == 0) {
		if (role != ROLE_NONE && u.kind == USER_PERSON &&
		    strcasecmp(p.owner, u.login) != 0)
			call_reply_empty(c, 204);
		else
			call_reply_error(c, 404, "no such collaborator");
	}
	project_release(&p);
}

static const char *
api_collaborators_word(
    const struct project *p, const struct user *u, enum role role)
{
	static const char *const words[] = {
		[ROLE_NONE] = "none",
		[ROLE_READER] = "read",
		[ROLE_MAINTAINER] = "write",
		[ROLE_ADMIN] = "admin",
	};

	return strcasecmp(p->owner, u->login) == 0 ? "owner" : words[role];
}

/* Of others, only who may change it sees it. */
static void
api_collaborators_permission(struct call *c)
{
	const struct identity *who = call_who(c);
	enum role role = ROLE_NONE;
	struct err e = ERR_INIT;
	struct project p;
	struct shape s;
	struct user u;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (strcasecmp(who->login, call_arg(c, 2)) != 0 &&
	    svc_may(api_reader(c), who, p.id, PERM_ADMIN, NULL, &e) == -1) {
		call_reply_error(c, 403,
		    "Only admins can query all permissions, repo admins can "
		    "query all repo permissions, collaborators can query only "
		    "their own");
	} else if (api_collaborators_find(c, &p, &u, &role) == 0) {
		shape_init(&s, c, &p);
		jw_object(&s.w, NULL);
		jw_str(
		    &s.w, "permission", api_collaborators_word(&p, &u, role));
		jw_str(&s.w, "role_name", api_collaborators_word(&p, &u, role));
		shape_user_full(&s, "user", &u, who);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	project_release(&p);
}

static void
api_collaborators_set(struct call *c, enum role role)
{
	int64_t project = api_project_id(c, PERM_ADMIN);
	struct svc_collaborator *op;

	if (project == 0)
		return;
	op = svc_collaborator_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->login = xstrdup(call_arg(c, 2));
	op->role = role;
	call_hold(c);
	svc_collaborator(op, api_done_empty, c);
}

static void
api_collaborators_on_body(struct call *c, const struct json *j)
{
	static const struct {
		const char *word;
		enum role role;
	} roles[] = { { "read", ROLE_READER }, { "write", ROLE_MAINTAINER },
		{ "admin", ROLE_ADMIN } };
	AUTO_FREE char *permission = NULL;

	if (api_text(c, j, "permission", 16, &permission) == -1)
		return;
	if (permission == NULL || permission[0] == '\0') {
		api_collaborators_set(c, ROLE_MAINTAINER);
		return;
	}
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(permission, roles[i].word) == 0) {
			api_collaborators_set(c, roles[i].role);
			return;
		}
	}
	call_reply_error(c, 422, "permission: want read, write or admin");
}

static void
api_collaborators_put(struct call *c)
{
	call_take_json(c, api_collaborators_on_body);
}

static void
api_collaborators_delete(struct call *c)
{
	api_collaborators_set(c, ROLE_NONE);
}

#define API_REPO "/api/v1/repos/{o}/{r}"

const struct route api_collaborators_routes[] = {
	{ "GET", API_REPO "/collaborators", ROUTE_MEMBER,
	    api_collaborators_list },
	{ "GET", API_REPO "/collaborators/{name}", ROUTE_MEMBER,
	    api_collaborators_get },
	{ "PUT", API_REPO "/collaborators/{name}", ROUTE_USER,
	    api_collaborators_put },
	{ "DELETE", API_REPO "/collaborators/{name}", ROUTE_USER,
	    api_collaborators_delete },
	{ "GET", API_REPO "/collaborators/{name}/permission", ROUTE_MEMBER,
	    api_collaborators_permission },
	{ "GET", API_REPO "/assignees", ROUTE_MEMBER,
	    api_collaborators_assignees },
	{ "GET", API_REPO "/reviewers", ROUTE_MEMBER,
	    api_collaborators_reviewers },
	{ "GET", API_REPO "/subscribers", ROUTE_MEMBER,
	    api_collaborators_watchers },
	{ .method = NULL },
};
