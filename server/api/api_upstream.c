/* api_upstream: what an upstream tells us, and what we are told to take. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_upstream.h"
#include "server/service/svc_upstream_read.h"
#include "server/store/projects.h"

enum {
	API_REF_MAX = 1024
};

static const char *
api_hook_header(const struct call *c, const char *const *names)
{
	const struct request *q = call_request(c);
	const char *v = NULL;

	for (; q != NULL && *names != NULL && v == NULL; names++)
		v = request_header_in(q, *names);
	return v;
}

/* A mirror that is paused waits for a person, not for a push. */
static bool
api_hook_wakes(struct call *c, int64_t project)
{
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	bool wakes;

	if (projects_by_id(api_reader(c), project, &p, &e) == -1)
		return false;
	wakes = p.state == PROJECT_ACTIVE && p.mirror.state != MIRROR_PAUSED;
	project_release(&p);
	return wakes;
}

static void
api_hook_reply(struct call *c, int status, bool syncs)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "ok", true);
	jw_bool(&s.w, "sync", syncs);
	jw_end(&s.w);
	shape_reply(&s, c, status);
}

static void
api_hook_on_body(struct call *c)
{
	static const char *const signatures[] = { "X-Hub-Signature-256",
		"X-Forgejo-Signature", "X-Gitea-Signature", "X-Gogs-Signature",
		NULL };
	static const char *const events[] = { "X-GitHub-Event",
		"X-Forgejo-Event", "X-Gitea-Event", "X-Gogs-Event", NULL };
	struct svc *svc = api_svc(c);
	int64_t project = call_arg_id(c, 0);
	const char *signature = api_hook_header(c, signatures);
	enum upstream_hook what;
	bool syncs;

	if (!svc_upstream_hook_ok(svc, project, signature, call_body(c))) {
		call_reply_error(c, 401, "the signature is not good");
		return;
	}
	what = upstream_hook_of(api_hook_header(c, events));
	syncs = what == UPSTREAM_HOOK_SYNC && api_hook_wakes(c, project);
	/* One runs and one waits at most, however many come. */
	if (syncs)
		svc->upper->mirror_sync(svc->mirror, project, NULL, NULL);
	api_hook_reply(c, syncs ? 202 : 200, syncs);
}

static void
api_hook(struct call *c)
{
	call_take_raw(c, CALL_BODY_MAX, api_hook_on_body);
}

static void
api_upstream_hook_made(struct call *c, int64_t project, const char *secret)
{
	AUTO_FREE char *url = xasprintf(
	    "%s/api/coffer/v1/hooks/upstream/%" PRId64, call_url(c), project);
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "url", url);
	jw_str(&s.w, "secret", secret);
	jw_str(&s.w, "content_type", "application/json");
	jw_end(&s.w);
	call_header(c, "Cache-Control", "no-store");
	shape_reply(&s, c, 200);
}

static void
api_upstream_hook_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_ADMIN);
	AUTO_FREE char *secret = NULL;
	char made[SVC_HOOK_MADE + 1];
	const char *s = made;
	struct err e = ERR_INIT;

	if (project == 0 ||
	    api_text(c, j, "secret", SVC_HOOK_SECRET_MAX, &secret) == -1)
		return;
	rnd_hex(made, SVC_HOOK_MADE / 2);
	if (secret != NULL)
		s = secret;
	if (svc_upstream_set_hook(api_svc(c), call_who(c), project, s, &e) ==
	    -1)
		call_fail(c, &e);
	else if (s[0] == '\0')
		call_reply_empty(c, 204);
	else
		api_upstream_hook_made(c, project, s);
	explicit_bzero(made, sizeof(made));
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
}

static void
api_upstream_hook(struct call *c)
{
	call_take_json(c, api_upstream_hook_on_body);
}

static void
api_upstream_accepted(const struct err *fail, void *arg, void *call)
{
	const struct svc_upstream_accept *op = arg;
	struct call *c = call;
	struct svc *svc = api_svc(c);

	if (!api_failed(c, fail)) {
		svc->upper->mirror_sync(
		    svc->mirror, op->project_id, NULL, NULL);
		call_reply_empty(c, 202);
	}
	call_release(c);
}

static void
api_upstream_accept_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	AUTO_FREE char *ref = NULL;
	AUTO_FREE char *upstream = NULL;
	struct svc_upstream_accept *op;

	if (project == 0 || api_need(c, j, "ref", API_REF_MAX, &ref) == -1 ||
	    api_text(c, j, "upstream", SHA_HEX, &upstream) == -1)
		return;
	op = svc_upstream_accept_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->ref = STEAL(ref);
	op->upstream = STEAL(upstream);
	call_hold(c);
	svc_upstream_accept(op, api_upstream_accepted, c);
}

static void
api_upstream_accept(struct call *c)
{
	call_take_json(c, api_upstream_accept_on_body);
}

#define API_PROJECT "/api/coffer/v1/projects/{o}/{r}"

const struct route api_upstream_routes[] = {
	{ "POST", "/api/coffer/v1/hooks/upstream/{id}", ROUTE_ANON, api_hook },
	{ "PUT", API_PROJECT "/upstream-hook", ROUTE_USER, api_upstream_hook },
	{ "POST", API_PROJECT "/mirror/accept", ROUTE_USER,
	    api_upstream_accept },
	{ .method = NULL },
};
