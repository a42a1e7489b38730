#include "server/git/mirror_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/net/fetch.h"
#include "server/git/git_env.h"
#include "server/git/pktline.h"

enum {
	MIRROR_LIMIT_MS = 30 * 60 * 1000,
	MIRROR_LIST_MS = 60 * 1000,
	MIRROR_STDERR_MAX = 64 << 10,
	MIRROR_ARGS = 20
};

struct mirror_op {
	struct mirror_remote r; /* url and token are owned */
	char *url;
	char *token;
	mirror_result_fn *done;
	void *arg;
	struct child *child;
	struct fetch *fetch;
	bool listing;
	bool cancelled;
};

/* What old histories have and git's strict check refuses. */
static const char *const mirror_fsck_known[] = { "zeroPaddedFilemode",
	"missingSpaceBeforeDate", "badTimezone", "badDate", "missingEmail",
	"badEmail", "missingNameBeforeEmail", "missingSpaceBeforeEmail",
	"badTagName", "missingTaggerEntry", "nullSha1", "duplicateEntries",
	"badDateOverflow", NULL };

static void
mirror_op_free(struct mirror_op *o)
{
	explicit_bzero(o->token, strlen(o->token));
	free(o->token);
	free(o->url);
	free(o);
}

static struct mirror_op *
mirror_op_new(const struct mirror_remote *r, mirror_result_fn *done, void *arg)
{
	struct mirror_op *o = xcalloc(1, sizeof(*o));

	o->r = *r;
	o->url = xstrdup(r->url);
	o->token = xstrdup(r->token != NULL ? r->token : "");
	o->r.url = o->url;
	o->r.token = o->token;
	o->done = done;
	o->arg = arg;
	return o;
}

void
mirror_op_cancel(struct mirror_op *o)
{
	if (o == NULL)
		return;
	o->cancelled = true;
	/* The fetch ends by its own callback, which frees. */
	if (o->fetch != NULL) {
		fetch_cancel(o->fetch);
		return;
	}
	if (o->child != NULL)
		child_forget(o->child);
	mirror_op_free(o);
}

static bool
mirror_is_http(const char *url)
{
	return strncmp(url, "http://", 7) == 0 ||
	    strncmp(url, "https://", 8) == 0;
}

/* "Basic BASE64" of a token; a bare one goes as the password. */
static void
mirror_basic(const char *token, struct str *out)
{
	AUTO_STR struct str plain = STR_INIT;

	if (strchr(token, ':') == NULL)
		str_add(&plain, "x-access-token:");
	str_add(&plain, token);
	str_add(out, "Authorization: Basic ");
	esc_base64(out, str_view(&plain));
	if (plain.p != NULL)
		explicit_bzero(plain.p, plain.len);
}

/* http.SCHEME://HOST/.extraHeader: to no other host. */
static void
mirror_auth_vars(const struct mirror_op *o, struct git_vars *vars)
{
	AUTO_STR struct str value = STR_INIT;
	AUTO_FREE char *key = NULL;
	const char *host, *slash;

	if (o->token[0] == '\0' || !mirror_is_http(o->url))
		return;
	host = strstr(o->url, "://") + 3;
	slash = strchr(host, '/');
	key = xasprintf("http.%.*s/.extraHeader",
	    slash != NULL ? (int)(slash - o->url) : (int)strlen(o->url),
	    o->url);
	mirror_basic(o->token, &value);
	gitvars_config(vars, key, str_cstr(&value));
	if (value.p != NULL)
		explicit_bzero(value.p, value.len);
}

static void
mirror_vars(const struct mirror_op *o, struct git_vars *vars)
{
	gitvars_init(vars, o->r.env);
	gitvars_config(vars, "protocol.allow", "never");
	gitvars_config(vars, "protocol.https.allow", "always");
	gitvars_config(vars, "protocol.http.allow", "always");
	gitvars_config(vars, "protocol.git.allow", "always");
	gitvars_config(vars, "protocol.ssh.allow", "always");
	gitvars_config(vars, "protocol.file.allow",
	    gitenv_allows_file(o->r.env) ? "always" : "never");
	gitvars_config(vars, "http.followRedirects", "false");
	gitvars_config(vars, "http.lowSpeedLimit", "1");
	gitvars_config(vars, "http.lowSpeedTime", "120");
	gitvars_config(vars, "protocol.version", "2");
	gitvars_config(vars, "credential.helper", "");
	mirror_auth_vars(o, vars);
}

static void
mirror_finish(struct mirror_op *o, const struct mirror_result *r)
{
	o->done(r, o->arg);
	mirror_op_free(o);
}

static void
mirror_fail(struct mirror_op *o, struct err *e, bool auth)
{
	struct mirror_result r = { .fail = e, .auth = auth, .head = "" };

	mirror_finish(o, &r);
}

/* The reason of a failed child, without what upstream may have put in. */
static void
mirror_child_error(const struct child_exit *x, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct err raw = ERR_INIT;

	(void)child_check(x, "git", &raw);
	mirror_scrub(&text, view_of(raw.msg));
	(void)err_set(
	    e, x->timed_out ? ERR_TIMEOUT : ERR_PROTO, "%s", str_cstr(&text));
}

static void
mirror_on_list(struct mirror_op *o, const struct child_exit *x)
{
	AUTO_STR struct str refs = STR_INIT_MAX(MIRROR_REFS_MAX + 1);
	struct mirror_result r = { .head = "" };
	struct err e = ERR_INIT;
	char head[256];

	if (x->truncated) {
		(void)err_set(&e, ERR_LIMIT, "upstream has too many refs");
		mirror_fail(o, &e, false);
		return;
	}
	if (mirror_parse_ls_remote(
		(struct view){ .p = x->out, .len = x->outlen }, &refs, head,
		&e) == -1) {
		mirror_fail(o, &e, false);
		return;
	}
	r.refs = str_view(&refs);
	if (r.refs.p == NULL)
		r.refs.p = "";
	r.head = head;
	mirror_finish(o, &r);
}

static void
mirror_on_exit(const struct child_exit *x, void *arg)
{
	struct mirror_op *o = arg;
	struct mirror_result r = { .head = "" };
	struct err e = ERR_INIT;

	o->child = NULL;
	if (x->status != 0 || x->timed_out) {
		mirror_child_error(x, &e);
		mirror_fail(o, &e, mirror_is_auth_text(x->err));
		return;
	}
	if (o->listing) {
		mirror_on_list(o, x);
		return;
	}
	/* git leaves such refs out with a warning and ends well. */
	if (strstr(x->err, "shallow roots are not allowed") != NULL ||
	    strstr(x->err, "shallow update not allowed") != NULL) {
		(void)err_set(&e, ERR_INVALID,
		    "upstream is a shallow clone: mirror a complete one");
		r.fail = &e;
		r.shallow = true;
	}
	mirror_finish(o, &r);
}

static int
mirror_spawn(struct mirror_op *o, const char *const *argv,
    struct git_vars *vars, struct err *e)
{
	const struct child_spec spec = {
		.argv = argv,
		.envp = gitvars_done(vars),
		.in = CHILD_NULL,
		.out = o->listing ? CHILD_COLLECT : CHILD_NULL,
		.err = CHILD_COLLECT,
		.max_output = o->listing ? MIRROR_REFS_MAX + 1
					 : MIRROR_STDERR_MAX,
		.limit_ms = o->listing  ? MIRROR_LIST_MS
		    : o->r.limit_ms > 0 ? o->r.limit_ms
					: MIRROR_LIMIT_MS,
		.on_exit = mirror_on_exit,
		.arg = o,
	};
	int rc = child_start(o->r.loop, &spec, &o->child, e);

	gitvars_release(vars);
	return rc;
}

static int
mirror_list_by_git(struct mirror_op *o, struct err *e)
{
	const char *argv[] = { GIT_PROGRAM, "ls-remote", "--symref", "--",
		o->url, "HEAD", "refs/heads/*", "refs/tags/*", NULL };
	struct git_vars vars;

	o->listing = true;
	mirror_vars(o, &vars);
	return mirror_spawn(o, argv, &vars, e);
}

/* Not protocol 2, or not as we thought: git itself knows every way. */
static void
mirror_fall_back(struct mirror_op *o)
{
	struct err e = ERR_INIT;

	if (mirror_list_by_git(o, &e) == -1)
		mirror_fail(o, &e, false);
}

static void
mirror_on_reply(const struct fetch_reply *reply, void *arg)
{
	struct mirror_op *o = arg;
	AUTO_STR struct str refs = STR_INIT_MAX(MIRROR_REFS_MAX + 1);
	struct mirror_result r = { .head = "" };
	struct err e = ERR_INIT;
	char head[256];

	o->fetch = NULL;
	if (o->cancelled) {
		mirror_op_free(o);
		return;
	}
	if (reply->error != ERR_NONE) {
		AUTO_STR struct str text = STR_INIT;

		mirror_scrub(&text, view_of(reply->error_text));
		(void)err_set(
		    &e, (enum err_code)reply->error, "%s", str_cstr(&text));
		mirror_fail(o, &e, false);
		return;
	}
	if (reply->status == 401 || reply->status == 403) {
		(void)err_set(&e, ERR_DENIED,
		    "upstream refused the credential: HTTP %d: set a token "
		    "that may read it",
		    reply->status);
		mirror_fail(o, &e, true);
		return;
	}
	if (reply->status != 200 ||
	    strcmp(reply->content_type,
		"application/x-git-upload-pack-result") != 0 ||
	    mirror_parse_ls_refs(reply->body, &refs, head, &e) == -1) {
		mirror_fall_back(o);
		return;
	}
	r.refs = str_view(&refs);
	if (r.refs.p == NULL)
		r.refs.p = "";
	r.head = head;
	mirror_finish(o, &r);
}

static void
mirror_ls_request(struct str *out)
{
	pktline_putf(out, "command=ls-refs\n");
	pktline_putf(out, "agent=git/cofferd\n");
	pktline_putf(out, "object-format=sha1");
	str_add(out, "0001");
	pktline_putf(out, "symrefs\n");
	pktline_putf(out, "ref-prefix HEAD\n");
	pktline_putf(out, "ref-prefix refs/heads/\n");
	pktline_putf(out, "ref-prefix refs/tags/\n");
	pktline_flush(out);
}

static int
mirror_list_by_http(struct mirror_op *o, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_STR struct str auth = STR_INIT;
	AUTO_FREE char *url = NULL;
	size_t n = strlen(o->url);
	const char *headers[] = {
		"Content-Type: application/x-git-upload-pack-request",
		"Accept: application/x-git-upload-pack-result",
		"Git-Protocol: version=2", NULL, NULL
	};
	struct fetch_spec spec = { .method = "POST",
		.headers = headers,
		.max_reply = MIRROR_REFS_MAX,
		.limit_ms = MIRROR_LIST_MS,
		.on_done = mirror_on_reply,
		.arg = o };

	while (n > 0 && o->url[n - 1] == '/')
		n--;
	url = xasprintf("%.*s/git-upload-pack", (int)n, o->url);
	spec.url = url;
	if (o->token[0] != '\0') {
		mirror_basic(o->token, &auth);
		headers[3] = str_cstr(&auth);
	}
	mirror_ls_request(&body);
	spec.body = str_view(&body);
	return fetch_start(o->r.net, &spec, &o->fetch, e);
}

struct mirror_op *
mirror_list(const struct mirror_remote *r, mirror_result_fn *done, void *arg,
    struct err *e)
{
	struct mirror_op *o = mirror_op_new(r, done, arg);
	int rc;

	if (r->net != NULL && mirror_is_http(o->url))
		rc = mirror_list_by_http(o, e);
	else
		rc = mirror_list_by_git(o, e);
	if (rc == 0)
		return o;
	mirror_op_free(o);
	return NULL;
}

struct mirror_op *
mirror_fetch(const struct mirror_remote *r, int64_t project,
    mirror_result_fn *done, void *arg, struct err *e)
{
	struct mirror_op *o = mirror_op_new(r, done, arg);
	AUTO_FREE char *repo = gitenv_repo(r->env, project);
	const char *argv[MIRROR_ARGS] = { GIT_PROGRAM, "fetch", "--prune",
		"--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
		"--no-recurse-submodules", "--no-show-forced-updates",
		"--quiet", "--", o->url,
		"+refs/heads/*:refs/namespaces/upstream/refs/heads/*",
		"+refs/tags/*:refs/namespaces/upstream/refs/tags/*", NULL };
	struct git_vars vars;

	mirror_vars(o, &vars);
	gitvars_add(&vars, "GIT_DIR", repo);
	gitvars_config(&vars, "fetch.fsckObjects", "true");
	gitvars_config(&vars, "fetch.unpackLimit", "1");
	for (size_t i = 0; mirror_fsck_known[i] != NULL; i++) {
		AUTO_FREE char *key = xasprintf(
		    "fetch.fsck.%s", mirror_fsck_known[i]);

		gitvars_config(&vars, key, "ignore");
	}
	if (mirror_spawn(o, argv, &vars, e) == 0)
		return o;
	mirror_op_free(o);
	return NULL;
}
