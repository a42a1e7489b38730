/* api_migrate: a project made in Gitea's way, from an upstream or empty, and
 * its sync. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_lease.h"
#include "server/service/svc_migrate.h"
#include "server/service/svc_own.h"
#include "server/store/users.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	API_ADDRESS_MAX = 2000,
	API_SECRET_MAX = 4096,
	API_DURATION_MAX = 64,
	API_SYNC_MAX_S = 600
};

static void
api_migrate_failed(
    struct call *c, const struct svc_migrate *op, const struct err *fail)
{
	if (op->make.project.id == 0 && fail->code == ERR_EXISTS)
		call_reply_error(c, 409,
		    "The repository with the same name already exists.");
	else if (op->make.project.id == 0)
		call_fail(c, fail);
	else if (op->kind == MIRROR_FAIL_AUTH)
		call_reply_error(
		    c, 422, "Authentication failed: %s", fail->msg);
	else if (op->kind == MIRROR_FAIL_RATE)
		call_reply_error(c, 422,
		    "Remote visit addressed rate limitation: %s", fail->msg);
	else
		call_reply_error(c, 422, "Migration failed: %s", fail->msg);
}

static void
api_migrate_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_migrate *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL) {
		api_migrate_failed(c, op, fail);
	} else {
		shape_init(&s, c, &op->make.project);
		shape_repository(&s, NULL, &op->make.project);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static int
api_migrate_interval(
    struct call *c, const struct json *j, struct project_settings *s)
{
	AUTO_FREE char *text = NULL;
	struct err e = ERR_INIT;

	if (api_text(c, j, "mirror_interval", API_DURATION_MAX, &text) == -1)
		return -1;
	if (text == NULL || text[0] == '\0' || strcmp(text, "0") == 0)
		return 0;
	if (repo_duration_parse(text, &s->interval_s, &e) == -1) {
		call_reply_error(c, 422, "mirror_interval: %s", e.msg);
		return -1;
	}
	return 0;
}

/* auth_token, or the password of a basic credential. */
static int
api_migrate_secret(struct call *c, const struct json *j, char **out)
{
	AUTO_FREE char *password = NULL;

	if (api_text(c, j, "auth_token", API_SECRET_MAX, out) == -1 ||
	    api_text(c, j, "auth_password", API_SECRET_MAX, &password) == -1)
		return -1;
	if (*out != NULL && **out != '\0') {
		if (password != NULL)
			explicit_bzero(password, strlen(password));
		return 0;
	}
	free(*out);
	*out = password != NULL && *password != '\0' ? STEAL(password) : NULL;
	return 0;
}

static int
api_migrate_body(struct call *c, const struct json *j, struct svc_migrate *op)
{
	struct svc_project_create *x = &op->make;

	if (api_need(c, j, "clone_addr", API_ADDRESS_MAX, &x->upstream) == -1 ||
	    api_need(c, j, "repo_name", NAME_LEN_MAX, &x->name) == -1 ||
	    api_text(c, j, "repo_owner", NAME_LEN_MAX, &x->owner) == -1 ||
	    api_text(c, j, "description", REPO_DESCRIPTION_MAX,
		&x->description) == -1)
		return -1;
	if (x->owner != NULL && x->owner[0] == '\0') {
		free(x->owner);
		x->owner = NULL;
	}
	if (api_migrate_interval(c, j, &x->settings) == -1)
		return -1;
	return api_migrate_secret(c, j, &op->token);
}

static void
api_migrate_on_body(struct call *c, const struct json *j)
{
	struct svc_migrate *op;

	if (!call_who(c)->site_admin) {
		call_reply_error(c, 403,
		    "migrations are disabled: only an admin makes projects");
		return;
	}
	op = svc_migrate_new(api_svc(c), call_who(c));
	if (api_migrate_body(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_migrate(op, api_migrate_done, c);
}

static void
api_migrate(struct call *c)
{
	call_take_json(c, api_migrate_on_body);
}

static void
api_own_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_own *op = arg;
	struct call *c = call;
	struct shape s;

	if (fail != NULL && fail->code == ERR_EXISTS &&
	    op->make.project.id == 0) {
		call_reply_error(c, 409,
		    "The repository with the same name already exists.");
	} else if (!api_failed(c, fail)) {
		shape_init(&s, c, &op->make.project);
		shape_repository(&s, NULL, &op->make.project);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_own_noreply(struct call *c, struct svc_own *op)
{
	AUTO_STR struct str to = STR_INIT;
	struct shape s = { .url = call_url(c) };

	shape_noreply(&s, call_who(c)->login, &to);
	op->noreply = xstrdup(str_cstr(&to));
}

static void
api_own_make(struct call *c, const struct json *j, const char *owner)
{
	struct svc_own *op = svc_own_new(api_svc(c), call_who(c));
	struct svc_project_create *x = &op->make;
	AUTO_FREE char *format = NULL;

	if (api_need(c, j, "name", NAME_LEN_MAX, &x->name) == -1 ||
	    api_text(c, j, "description", REPO_DESCRIPTION_MAX,
		&x->description) == -1 ||
	    api_text(c, j, "default_branch", ROUTE_ARG_MAX,
		&x->default_branch) == -1 ||
	    api_text(c, j, "object_format_name", 16, &format) == -1 ||
	    api_i64(c, j, "lease_s", 0, SVC_LEASE_MAX_S, &op->lease_s) == -1 ||
	    api_bool(c, j, "auto_init", &op->auto_init) == -1) {
		svc_op_drop(op);
		return;
	}
	if (format != NULL && *format != '\0' && strcmp(format, "sha1") != 0) {
		svc_op_drop(op);
		call_reply_error(c, 422, "object_format_name: want sha1");
		return;
	}
	x->owner = xstrdup(owner);
	api_own_noreply(c, op);
	call_hold(c);
	svc_own(op, api_own_done, c);
}

static void
api_own_on_body(struct call *c, const struct json *j)
{
	if (call_who(c)->site_admin)
		api_own_make(c, j, call_who(c)->login);
	else
		call_reply_error(c, 403, "only an admin makes projects");
}

static void
api_own(struct call *c)
{
	call_take_json(c, api_own_on_body);
}

static void
api_own_of_user_on_body(struct call *c, const struct json *j)
{
	struct err e = ERR_INIT;
	struct user u;

	if (users_by_name(api_reader(c), call_arg(c, 0), &u, &e) == -1)
		call_fail(c, &e);
	else
		api_own_make(c, j, u.login);
}

static void
api_own_of_user(struct call *c)
{
	call_take_json(c, api_own_of_user_on_body);
}

/* Somebody waits for a sync. */
struct api_mirror_sync {
	struct call *c;
	uint64_t handle;
	struct timer *timer;
};

static void
api_mirror_sync_end(struct api_mirror_sync *x)
{
	timer_free(x->timer);
	call_release(x->c);
	free(x);
}

static void
api_mirror_sync_done(const struct err *fail, void *arg)
{
	struct api_mirror_sync *x = arg;

	if (fail != NULL)
		call_reply_error(
		    x->c, 502, "the upstream was not synced: %s", fail->msg);
	else
		call_reply_empty(x->c, 200);
	api_mirror_sync_end(x);
}

static void
api_mirror_sync_on_timer(void *arg)
{
	struct api_mirror_sync *x = arg;
	struct svc *svc = api_svc(x->c);

	svc->upper->mirror_cancel(svc->mirror, x->handle);
	call_reply_error(
	    x->c, 503, "the sync still runs after %d s", (int)API_SYNC_MAX_S);
	api_mirror_sync_end(x);
}

static void
api_mirror_sync(struct call *c)
{
	struct svc *svc = api_svc(c);
	struct api_mirror_sync *x;
	struct project p;
	int64_t id;

	if (api_project(c, PERM_WRITE, &p) == -1)
		return;
	id = p.upstream[0] != '\0' ? p.id : 0;
	project_release(&p);
	if (id == 0) {
		call_reply_error(c, 400, "Repository is not a mirror");
		return;
	}
	if (!call_query_bool(c, "wait")) {
		svc->upper->mirror_sync(svc->mirror, id, NULL, NULL);
		call_reply_empty(c, 200);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	call_hold(c);
	x->timer = timer_new(svc->loop, api_mirror_sync_on_timer, x);
	timer_set(x->timer, (int64_t)API_SYNC_MAX_S * 1000);
	x->handle = svc->upper->mirror_sync(
	    svc->mirror, id, api_mirror_sync_done, x);
}

const struct route api_migrate_routes[] = {
	{ "POST", "/api/v1/user/repos", ROUTE_USER, api_own },
	{ "POST", "/api/v1/admin/users/{name}/repos", ROUTE_ADMIN,
	    api_own_of_user },
	{ "POST", "/api/v1/repos/migrate", ROUTE_USER, api_migrate },
	{ "POST", "/api/v1/repos/{o}/{r}/mirror-sync", ROUTE_USER,
	    api_mirror_sync },
	{ .method = NULL },
};
