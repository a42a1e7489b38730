#include "server/githttp/githttp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "server/auth/auth.h"
#include "server/domain/refname.h"
#include "server/git/git_pool.h"
#include "server/git/pktline.h"
#include "server/git/repo.h"
#include "server/githttp/githttp_priv.h"
#include "server/githttp/gunzip.h"
#include "server/githttp/lsrefs.h"
#include "server/service/svc.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/users.h"

enum {
	GITHTTP_PACKS = 16,
	GITHTTP_WAITING = 64,
	GITHTTP_WAIT_MS = 120 * 1000,
	GITHTTP_WALL_MS = 3600 * 1000,
	GITHTTP_IDLE_MS = 60 * 1000,
	GITHTTP_OBJECTS = 1000000,
	GITHTTP_NAME_MAX = NAME_LEN_MAX + 5 /* with .git and a NUL */
};

#define GITHTTP_PUSH_MAX (UINT64_C(2) << 30)
#define GITHTTP_OBJECT_MAX (UINT64_C(512) << 20)
#define GITHTTP_MEMORY_MAX (UINT64_C(1) << 30)
#define GITHTTP_TAR_MAX (UINT64_C(8) << 30)

static void githttp_info_refs(struct xch *x);
static void githttp_pack(struct xch *x);

/* What a path ends with. */
static const struct githttp_route {
	const char *suffix;
	const char *method;
	enum xch_kind kind;
	bool receive;
	void (*fn)(struct xch *x);
} githttp_routes[] = {
	{ "info/refs", "GET", XCH_INFO_REFS, false, githttp_info_refs },
	{ "git-upload-pack", "POST", XCH_UPLOAD, false, githttp_pack },
	{ "git-receive-pack", "POST", XCH_RECEIVE, true, githttp_pack },
};

struct githttp_path {
	char owner[GITHTTP_NAME_MAX];
	char name[GITHTTP_NAME_MAX];
	const struct githttp_route *route; /* NULL: of git, but not served */
};

static bool
githttp_take_name(struct view part, char out[GITHTTP_NAME_MAX])
{
	if (part.len == 0 || part.len >= GITHTTP_NAME_MAX)
		return false;
	memcpy(out, part.p, part.len);
	out[part.len] = '\0';
	return true;
}

/* /OWNER/PROJECT[.git]/SUFFIX[/] */
static bool
githttp_parse(const char *path, struct githttp_path *out)
{
	struct view rest = view_of(path), part;
	size_t n;
	bool dot_git;

	*out = (struct githttp_path){ .route = NULL };
	if (path[0] != '/')
		return false;
	rest = view_from(rest, 1);
	if (!view_split(&rest, '/', &part) ||
	    !githttp_take_name(part, out->owner) ||
	    !view_split(&rest, '/', &part) ||
	    !githttp_take_name(part, out->name))
		return false;
	n = strlen(out->name);
	dot_git = n > 4 && strcmp(out->name + n - 4, ".git") == 0;
	if (dot_git)
		out->name[n - 4] = '\0';
	if (!path_component_ok(out->owner) || !path_component_ok(out->name))
		return false;
	if (rest.p != NULL && rest.len > 0 && rest.p[rest.len - 1] == '/')
		rest.len--;
	for (size_t i = 0;
	     i < sizeof(githttp_routes) / sizeof(githttp_routes[0]); i++)
		if (rest.p != NULL && view_is(rest, githttp_routes[i].suffix)) {
			out->route = &githttp_routes[i];
			return true;
		}
	return dot_git;
}

bool
githttp_handles(const char *path)
{
	struct githttp_path p;

	return strncmp(path, "/api/", 5) != 0 && githttp_parse(path, &p);
}

#define GITHTTP_OR(field, value)           \
	do {                               \
		if ((field) == 0)          \
			(field) = (value); \
	} while (0)

static void
githttp_defaults(struct githttp_spec *s)
{
	GITHTTP_OR(s->max_packs, GITHTTP_PACKS);
	GITHTTP_OR(s->max_waiting, GITHTTP_WAITING);
	GITHTTP_OR(s->wait_ms, GITHTTP_WAIT_MS);
	GITHTTP_OR(s->wall_ms, GITHTTP_WALL_MS);
	GITHTTP_OR(s->idle_ms, GITHTTP_IDLE_MS);
	GITHTTP_OR(s->max_push, GITHTTP_PUSH_MAX);
	GITHTTP_OR(s->max_objects, GITHTTP_OBJECTS);
	GITHTTP_OR(s->max_object, GITHTTP_OBJECT_MAX);
	GITHTTP_OR(s->max_memory, GITHTTP_MEMORY_MAX);
	GITHTTP_OR(s->max_tar, GITHTTP_TAR_MAX);
	GITHTTP_OR(s->user_packs, (s->max_packs + 1) / 2);
	GITHTTP_OR(s->project_packs, s->max_packs);
	/* One must not take all, if there is more than one. */
	if (s->max_packs > 1 && s->user_packs >= s->max_packs)
		s->user_packs = s->max_packs - 1;
	if (s->max_packs > 1 && s->project_packs >= s->max_packs)
		s->project_packs = s->max_packs - 1;
}

struct githttp *
githttp_new(const struct githttp_spec *spec)
{
	struct githttp *g = xcalloc(1, sizeof(*g));

	g->spec = *spec;
	githttp_defaults(&g->spec);
	g->v2_ad.max = XCH_AD_MAX;
	TAILQ_INIT(&g->all);
	TAILQ_INIT(&g->waiting);
	g->left = map_new();
	return g;
}

/* A request that is still open keeps its exchange until it is closed, and the
 * last exchange keeps g. */
void
githttp_free(struct githttp *g)
{
	struct xch *x, *next;

	if (g == NULL)
		return;
	g->closing = true;
	g->open++;
	TAILQ_FOREACH_SAFE(x, &g->all, link, next)
	if (x->q == NULL)
		xch_free(x);
	else
		xch_stop(x);
	githttp_unref(g);
}

void
githttp_unref(struct githttp *g)
{
	if (--g->open > 0 || !g->closing)
		return;
	pace_stop(g);
	map_free(g->left);
	str_release(&g->v2_ad);
	refs_caps_release(&g->caps[GIT_UPLOAD_PACK]);
	refs_caps_release(&g->caps[GIT_RECEIVE_PACK]);
	free(g);
}

static void
githttp_on_close(struct request *q, const char *reason, void *arg)
{
	struct xch *x = arg;

	(void)q;
	if (x->pipe != NULL && !gitpipe_exited(x->pipe))
		log_debug("githttp left project=%lld reason=%s",
		    (long long)x->project, log_val(reason));
	x->q = NULL;
	if (x->g->closing) {
		xch_free(x);
		return;
	}
	if (x->kind == XCH_RECEIVE)
		push_left(x);
	else if (x->pipe != NULL)
		gitpipe_kill(x->pipe);
	xch_maybe_free(x);
}

/* Who pushes, for the rule. */
static void
githttp_pusher(const struct identity *who, enum role role,
    const struct project *p, struct svc_pusher *out)
{
	const char *branch = refname_branch(who->branch);

	*out = (struct svc_pusher){ .project = p->id,
		.actor = who->user_id,
		.no_upstream = p->upstream[0] == '\0',
		.guards = true };
	if (p->default_branch != NULL &&
	    strlen(p->default_branch) < sizeof(out->default_branch))
		memcpy(out->default_branch, p->default_branch,
		    strlen(p->default_branch) + 1);
	switch (who->kind) {
	case IDENTITY_ADMIN:
	case IDENTITY_USER:
		out->who = role == ROLE_ADMIN ? PUSH_ADMIN
		    : role == ROLE_MAINTAINER ? PUSH_MAINTAINER
		    : role == ROLE_READER     ? PUSH_READER
					      : PUSH_NOBODY;
		break;
	case IDENTITY_RUN:
		if (who->access != ACCESS_WRITE)
			break;
		out->who = PUSH_RUN;
		if (branch != NULL && strlen(branch) < sizeof(out->run_branch))
			memcpy(out->run_branch, branch, strlen(branch) + 1);
		break;
	case IDENTITY_SESSION:
		if (who->access == ACCESS_WRITE)
			out->who = PUSH_SESSION;
		break;
	case IDENTITY_NONE:
	case IDENTITY_AGENT:
	case IDENTITY_CI:
	case IDENTITY_SERVICE:
	case IDENTITY_RUNNER:
	default:
		break;
	}
}

static int
githttp_find(struct githttp *g, const struct githttp_path *path,
    const struct identity *who, struct xch *x, struct err *e)
{
	struct txn *t = db_reader(g->spec.db);
	struct project p = { .id = 0 };
	enum role role = ROLE_NONE;
	int rc;

	x->upstream = strcmp(path->owner, "upstream") == 0;
	rc = x->upstream ? projects_by_upstream_name(t, path->name, &p, e)
			 : projects_by_name(t, path->owner, path->name, &p, e);
	if (rc == -1)
		return -1;
	x->project = p.id;
	rc = svc_may(t, who, p.id, PERM_READ, &role, e);
	if (rc == 0) {
		githttp_pusher(who, role, &p, &x->pusher);
		if (x->receive && p.state != PROJECT_ACTIVE)
			rc = err_set(
			    e, ERR_DENIED, "the project is being deleted");
		else if (x->receive && p.profile.archived_at != 0)
			rc = err_set(
			    e, ERR_DENIED, "the repository is archived");
	}
	project_release(&p);
	return rc;
}

static int
githttp_rights(struct xch *x, struct err *e)
{
	if (!x->receive)
		return 0;
	if (x->upstream)
		return err_set(e, ERR_DENIED,
		    "upstream is a read-only mirror: push to the project");
	if (x->pusher.who == PUSH_NOBODY || x->pusher.who == PUSH_READER)
		return err_set(e, ERR_DENIED,
		    "you may read this project, not write to it");
	return 0;
}

static void
githttp_unauthorized(struct xch *x)
{
	request_header(x->q, "WWW-Authenticate", "Basic realm=\"cofferd\"");
	xch_refuse(x, 401,
	    request_header_in(x->q, "Authorization") == NULL ? AUTH_TEXT_NONE
							     : AUTH_TEXT_BAD);
}

static void
githttp_error(struct xch *x, const struct err *e)
{
	if (e->code == ERR_NOTFOUND) {
		xch_refuse(x, 404, "no such repository");
	} else if (e->code == ERR_DENIED) {
		xch_refuse(x, 403, e->msg);
	} else if (e->code == ERR_TIMEOUT || e->code == ERR_BUSY) {
		xch_refuse(x, 503, "busy: try again shortly");
	} else {
		log_error("githttp failed err=%s", log_val(e->msg));
		xch_refuse(x, 500, "internal error");
	}
}

/* Its owner has another name now: git follows that where it begins. */
static bool
githttp_moved(struct xch *x, const struct githttp_path *path)
{
	const char *query = request_raw_query(x->q);
	AUTO_STR struct str to = STR_INIT;
	char now[NAME_LEN_MAX + 1];
	struct err e = ERR_INIT;

	if (x->kind != XCH_INFO_REFS ||
	    users_now(db_reader(x->g->spec.db), path->owner, now, &e) == -1)
		return false;
	str_addf(&to, "/%s/%s.git/info/refs?%s", now, path->name, query);
	request_header(x->q, "Location", str_cstr(&to));
	xch_refuse(x, 307, "its owner has another name now");
	return true;
}

/* Which service info/refs is about; false: answered. */
static bool
githttp_service(struct xch *x)
{
	const char *service = request_query(x->q, "service");

	if (service == NULL)
		xch_refuse(
		    x, 403, "the dumb protocol is not served: use a newer git");
	else if (strcmp(service, "git-receive-pack") == 0)
		x->receive = true;
	else if (strcmp(service, "git-upload-pack") != 0)
		xch_refuse(x, 403, "no such service");
	return !request_replied(x->q);
}

void
githttp_request(
    struct githttp *g, struct request *q, const struct identity *who)
{
	struct githttp_path path;
	struct err e = ERR_INIT;
	struct xch *x = xch_new(g, q, XCH_INFO_REFS);
	const char *protocol;

	request_on_close(q, githttp_on_close, x);
	if (who == NULL || who->kind == IDENTITY_NONE) {
		githttp_unauthorized(x);
		return;
	}
	if (!githttp_parse(request_path(q), &path) || path.route == NULL) {
		xch_refuse(x, 404, "no such repository or service");
		return;
	}
	if (strcmp(request_method(q), path.route->method) != 0) {
		request_header(q, "Allow", path.route->method);
		xch_refuse(x, 405, "method not allowed");
		return;
	}
	x->credential = auth_credential(who);
	x->kind = path.route->kind;
	x->receive = path.route->receive;
	if (x->kind == XCH_INFO_REFS && !githttp_service(x))
		return;
	if (githttp_find(g, &path, who, x, &e) == -1 ||
	    githttp_rights(x, &e) == -1) {
		if (e.code != ERR_NOTFOUND || !githttp_moved(x, &path))
			githttp_error(x, &e);
		return;
	}
	if (!repo_exists(g->spec.env, x->project)) {
		request_header(q, "Retry-After", "5");
		xch_refuse(x, 503, "the project was not synchronised yet");
		return;
	}
	protocol = request_header_in(q, "Git-Protocol");
	if (!x->receive && protocol != NULL && gitenv_protocol_ok(protocol))
		x->protocol = xstrdup(protocol);
	path.route->fn(x);
}

void
xch_info_child(struct xch *x)
{
	if (lsrefs_protocol(x->protocol) != 2) {
		pktline_putf(&x->prefix, "# service=git-%s-pack\n",
		    x->receive ? "receive" : "upload");
		pktline_flush(&x->prefix);
	}
	if (slots_ask(x))
		xch_reply(x, xch_type(x));
}

static void
githttp_info_refs(struct xch *x)
{
	if (!ask_info(x))
		xch_info_child(x);
}

static bool
githttp_content_ok(struct xch *x)
{
	const char *want = x->receive ? "application/x-git-receive-pack-request"
				      : "application/x-git-upload-pack-request";
	const char *type = request_header_in(x->q, "Content-Type");
	const char *coding = request_header_in(x->q, "Content-Encoding");

	if (type == NULL || strcasecmp(type, want) != 0) {
		AUTO_FREE char *text = xasprintf(
		    "the content type must be %s", want);

		xch_refuse(x, 415, text);
		return false;
	}
	if (coding == NULL || strcasecmp(coding, "identity") == 0)
		return true;
	if (strcasecmp(coding, "gzip") != 0 &&
	    strcasecmp(coding, "x-gzip") != 0) {
		xch_refuse(x, 415, "only gzip is taken as content encoding");
		return false;
	}
	x->gz = gunzip_new(
	    x->receive ? x->g->spec.max_push : XCH_FETCH_BODY_MAX);
	return true;
}

static void
githttp_pack(struct xch *x)
{
	if (!githttp_content_ok(x))
		return;
	x->push.head.max = RECEIVE_HEAD_MAX + (1 << 20);
	/* A push asks for its slot when its commands are here. */
	if (!x->receive && !ask_collects(x) && !slots_ask(x))
		return;
	xch_stream(x);
}

void
githttp_reply_tar(
    struct githttp *g, struct request *q, int64_t project, const char *sha)
{
	struct xch *x = xch_new(g, q, XCH_TAR);

	request_on_close(q, githttp_on_close, x);
	x->project = project;
	if (!gitpool_sha_ok(sha) || !repo_exists(g->spec.env, project)) {
		xch_refuse(x, 404, "no such commit");
		return;
	}
	/* A tree, not a commit: no header in the tar names the commit. */
	x->rev = xasprintf("%s^{tree}", sha);
	if (slots_ask(x))
		xch_reply(x, "application/x-tar");
}

/* A child whose output is the reply; false: refused. */
static struct xch *
githttp_stream(struct githttp *g, struct request *q, int64_t project,
    int64_t credential, const char *sha)
{
	struct xch *x = xch_new(g, q, XCH_TAR);

	request_on_close(q, githttp_on_close, x);
	x->project = project;
	x->credential = credential;
	if (gitpool_sha_ok(sha) && repo_exists(g->spec.env, project)) {
		x->rev = xstrdup(sha);
		return x;
	}
	xch_refuse(x, 404, "no such object");
	return NULL;
}

void
githttp_reply_archive(
    struct githttp *g, struct request *q, const struct svc_archive *a)
{
	struct xch *x = githttp_stream(g, q, a->project, a->credential, a->sha);

	if (x == NULL)
		return;
	x->format = xasprintf("--format=%s", a->form);
	x->folder = xasprintf("--prefix=%s", a->prefix);
	if (slots_ask(x))
		xch_reply(x,
		    strcmp(a->form, "zip") == 0 ? "application/zip"
						: "application/gzip");
}

void
githttp_reply_blob(struct githttp *g, struct request *q, int64_t project,
    int64_t credential, const char *sha)
{
	struct xch *x = githttp_stream(g, q, project, credential, sha);

	if (x == NULL)
		return;
	x->blob = true;
	if (slots_ask(x))
		xch_reply(x, "application/octet-stream");
}
