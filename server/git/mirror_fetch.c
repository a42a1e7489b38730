#include "server/git/mirror_fetch.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/net/fetch.h"
#include "server/git/mirror_priv.h"
#include "server/git/pktline.h"

enum {
	MIRROR_STDERR_MAX = 64 << 10,
	MIRROR_ARGS = 32 + MIRROR_ODD_MAX,
	MIRROR_DETAIL_MAX = 130, /* of what went wrong, in the error's text */
	MIRROR_ODD_BYTES = MIRROR_ODD_MAX * 4096
};

#define MIRROR_PRLIMIT "/usr/bin/prlimit"
#define MIRROR_MEMORY "--data=4294967296"     /* of a bomb of a pack */
#define MIRROR_LIST_MEMORY "--data=536870912" /* of a list without an end */

static void
mirror_op_free(struct mirror_op *o)
{
	mirror_watch_free(o->watch);
	explicit_bzero(o->token, strlen(o->token));
	free(o->token);
	free(o->url);
	free(o->key);
	free(o->known_hosts);
	free(o->odd);
	free(o);
}

static struct mirror_op *
mirror_op_new(const struct mirror_remote *r, mirror_result_fn *done, void *arg)
{
	struct mirror_op *o = xcalloc(1, sizeof(*o));

	o->r = *r;
	o->url = xstrdup(r->url);
	o->token = xstrdup(r->token != NULL ? r->token : "");
	o->key = r->key != NULL ? xstrdup(r->key) : NULL;
	o->known_hosts = r->known_hosts != NULL ? xstrdup(r->known_hosts)
						: NULL;
	o->odd = view_dup(r->odd);
	if (r->known != NULL)
		memcpy(o->known, r->known, sizeof(o->known));
	o->done = done;
	o->arg = arg;
	return o;
}

void
mirror_op_cancel(struct mirror_op *o)
{
	if (o == NULL)
		return;
	if (o->fetch != NULL) {
		*o->asked = NULL;
		fetch_cancel(o->fetch);
	}
	if (o->child != NULL)
		child_forget(o->child);
	mirror_op_free(o);
}

static void
mirror_finish(struct mirror_op *o, const struct mirror_result *r)
{
	o->done(r, o->arg);
	mirror_op_free(o);
}

/* What went wrong, in upstream's words without a secret, and what to do. */
static void
mirror_fail(struct mirror_op *o, enum mirror_fail kind, int64_t until,
    struct view detail)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct mirror_result r = {
		.fail = &e, .kind = kind, .until = until, .head = ""
	};

	if (view_ends(detail, "."))
		detail.len--;
	mirror_scrub(&text, detail, o->token);
	(void)err_set(&e,
	    kind == MIRROR_FAIL_SLOW       ? ERR_TIMEOUT
		: kind == MIRROR_FAIL_AUTH ? ERR_DENIED
					   : ERR_PROTO,
	    "%.*s: %s", MIRROR_DETAIL_MAX, str_cstr(&text),
	    mirror_fail_advice(kind));
	mirror_finish(o, &r);
}

static void
mirror_fail_err(struct mirror_op *o, enum mirror_fail kind, const struct err *e)
{
	mirror_fail(o, kind, 0, view_of(e->msg));
}

static enum mirror_fail
mirror_kind_of_err(const struct err *e)
{
	return e->code == ERR_LIMIT ? MIRROR_FAIL_LIMIT : MIRROR_FAIL_PROTOCOL;
}

typedef int mirror_parse_fn(
    struct view text, struct mirror_refs *out, struct err *e);

/* A list as it came.  -1 when it cannot be read; else the op is over. */
static int
mirror_listed(
    struct mirror_op *o, struct view raw, mirror_parse_fn *parse, struct err *e)
{
	AUTO_STR struct str refs = STR_INIT_MAX(MIRROR_REFS_MAX + 1);
	AUTO_STR struct str odd = STR_INIT_MAX(MIRROR_ODD_BYTES);
	struct mirror_refs out = { .refs = &refs, .odd = &odd };
	uint8_t digest[MIRROR_DIGEST];
	struct mirror_result r = { .head = out.head, .digest = digest };

	/* BLAKE2b: a third of the time of SHA-256 here. */
	(void)crypto_generichash(digest, sizeof(digest),
	    (const unsigned char *)raw.p, raw.len, NULL, 0);
	if (o->r.known != NULL &&
	    memcmp(digest, o->known, sizeof(digest)) == 0) {
		r.same = true;
		mirror_finish(o, &r);
		return 0;
	}
	if (parse(raw, &out, e) == -1)
		return -1;
	r.refs = view_of(str_cstr(&refs));
	r.odd = view_of(str_cstr(&odd));
	mirror_finish(o, &r);
	return 0;
}

static bool
mirror_is_local(const char *url)
{
	return url[0] == '/' || strncmp(url, "file://", 7) == 0;
}

static void
mirror_on_failed(struct mirror_op *o, const struct child_exit *x)
{
	enum mirror_fail kind = mirror_watch_why(o->watch);
	struct view line;

	if (kind == MIRROR_FAIL_DISK) {
		mirror_fail(o, kind, 0,
		    view_of("the fetch was ended: the disk is almost full"));
		return;
	}
	if (kind == MIRROR_FAIL_SLOW || x->timed_out) {
		mirror_fail(o, MIRROR_FAIL_SLOW, 0,
		    view_of(kind == MIRROR_FAIL_SLOW
			    ? "upstream stopped sending"
			    : "upstream took too long"));
		return;
	}
	kind = mirror_fail_of_text(x->err, &line);
	/* A disk comes back; a person is not needed for it. */
	if (kind == MIRROR_FAIL_NOT_FOUND && mirror_is_local(o->url))
		kind = MIRROR_FAIL_GONE;
	if (line.len == 0)
		line = view_of("git ended without saying why");
	mirror_fail(o, kind, 0, line);
}

static int mirror_fetch_spawn(struct mirror_op *o, struct err *e);

/* A name that became a directory, or the reverse, is more than git's one
 * transaction can do: then in steps, removals first. */
static bool
mirror_fetch_again(struct mirror_op *o, const struct child_exit *x)
{
	struct err e = ERR_INIT;

	if (!o->atomic || strstr(x->err, "cannot lock ref") == NULL)
		return false;
	o->atomic = false;
	mirror_watch_free(o->watch);
	o->watch = NULL;
	if (mirror_fetch_spawn(o, &e) == -1)
		mirror_fail_err(o, MIRROR_FAIL_INTERNAL, &e);
	return true;
}

static void
mirror_on_exit(const struct child_exit *x, void *arg)
{
	struct mirror_op *o = arg;
	struct mirror_result r = { .head = "" };
	struct err e = ERR_INIT;

	o->child = NULL;
	if (x->status != 0 || x->timed_out) {
		bool over = !o->listing && mirror_watch_is_over(o);

		if (!o->listing)
			mirror_watch_sweep(o);
		if (over)
			mirror_fail(o, MIRROR_FAIL_LIMIT, 0,
			    view_of("upstream sends more than mirror_max"));
		else if (!mirror_fetch_again(o, x))
			mirror_on_failed(o, x);
		return;
	}
	if (!o->listing) {
		struct view line;

		/* git leaves such refs out with a warning and ends well. */
		if (strstr(x->err, "shallow") != NULL &&
		    mirror_fail_of_text(x->err, &line) == MIRROR_FAIL_SHALLOW)
			mirror_fail(o, MIRROR_FAIL_SHALLOW, 0,
			    view_of("upstream is a shallow clone"));
		else
			mirror_finish(o, &r);
		return;
	}
	if (x->truncated)
		mirror_fail(o, MIRROR_FAIL_LIMIT, 0,
		    view_of("upstream has too many refs"));
	else if (mirror_listed(o,
		     (struct view){ .p = x->out, .len = x->outlen },
		     mirror_parse_ls_remote, &e) == -1)
		mirror_fail_err(o, mirror_kind_of_err(&e), &e);
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
		.limit_ms = o->listing ? o->r.limits->list_ms
				       : o->r.limits->fetch_ms,
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
	const char *argv[] = { MIRROR_PRLIMIT, MIRROR_LIST_MEMORY, "--core=0",
		GIT_PROGRAM, "ls-remote", "--symref", "--", o->url, "HEAD",
		"refs/heads/*", "refs/tags/*", NULL };
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
		mirror_fail_err(o, MIRROR_FAIL_INTERNAL, &e);
}

/* libcurl's failure. */
static void
mirror_on_no_reply(struct mirror_op *o, const struct fetch_reply *reply)
{
	enum mirror_fail kind;
	struct view line = view_of(reply->error_text);

	if (reply->error == ERR_DENIED) {
		kind = MIRROR_FAIL_TLS;
	} else if (reply->error == ERR_LIMIT) {
		kind = MIRROR_FAIL_LIMIT;
		line = view_of("upstream's list of refs is over 8 MiB");
	} else if (reply->error == ERR_TIMEOUT) {
		kind = strstr(reply->error_text, "onnect") != NULL
		    ? MIRROR_FAIL_GONE
		    : MIRROR_FAIL_SLOW;
	} else {
		kind = mirror_fail_of_text(reply->error_text, &line);
	}
	if (kind == MIRROR_FAIL_PROTOCOL && reply->error == ERR_IO)
		kind = MIRROR_FAIL_GONE;
	mirror_fail(o, kind, 0, line);
}

/* Where to, without a query or a name and password: recorded, not followed. */
static void
mirror_where(struct str *out, const char *location)
{
	const char *at = strstr(location, "://");
	size_t n;

	if (at == NULL)
		at = location;
	n = strcspn(at, "?#");
	str_addn(out, location, (size_t)(at - location) + n);
}

/* True when the reply is a failure that asking by git would not change. */
static bool
mirror_reply_failed(struct mirror_op *o, const struct fetch_reply *reply)
{
	const struct mirror_reply facts = { .status = reply->status,
		.retry_after = fetch_header(o->fetch, "Retry-After"),
		.remaining = fetch_header(o->fetch, "X-RateLimit-Remaining"),
		.reset = fetch_header(o->fetch, "X-RateLimit-Reset") };
	const char *location = fetch_header(o->fetch, "Location");
	AUTO_STR struct str text = STR_INIT;
	int64_t until = 0;
	enum mirror_fail kind = mirror_fail_of_reply(
	    &facts, clock_now_ms(), &until);
	char when[CLOCK_TEXT_MAX];

	/* A server without protocol 2 may not know this path. */
	if (kind == MIRROR_FAIL_NONE || kind == MIRROR_FAIL_PROTOCOL ||
	    kind == MIRROR_FAIL_NOT_FOUND)
		return false;
	str_addf(&text, "upstream answers HTTP %d", reply->status);
	if (kind == MIRROR_FAIL_REDIRECT && location != NULL) {
		str_add(&text, " to ");
		mirror_where(&text, location);
	}
	if (kind == MIRROR_FAIL_RATE)
		str_addf(&text, ", not before %s", clock_rfc3339(until, when));
	o->fetch = NULL;
	mirror_fail(o, kind, until, str_view(&text));
	return true;
}

static void
mirror_on_reply(const struct fetch_reply *reply, void *arg)
{
	struct mirror_op *const *asked = arg;
	struct mirror_op *o = *asked;
	struct err e = ERR_INIT;

	if (o == NULL)
		return;
	if (reply->error != ERR_NONE) {
		o->fetch = NULL;
		mirror_on_no_reply(o, reply);
		return;
	}
	if (mirror_reply_failed(o, reply))
		return;
	o->fetch = NULL;
	if (reply->status != 200 ||
	    strcmp(reply->content_type,
		"application/x-git-upload-pack-result") != 0 ||
	    mirror_listed(o, reply->body, mirror_parse_ls_refs, &e) == -1)
		mirror_fall_back(o);
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
		.limit_ms = o->r.limits->list_ms,
		.stall_ms = o->r.limits->stall_ms,
		.ca_file = o->r.limits->ca_file,
		.on_done = mirror_on_reply,
		.on_free = free };
	int rc;

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
	o->asked = xcalloc(1, sizeof(struct mirror_op *));
	*o->asked = o;
	spec.arg = o->asked;
	rc = fetch_start(o->r.net, &spec, &o->fetch, e);
	if (rc == -1)
		free(o->asked);
	if (auth.p != NULL)
		explicit_bzero(auth.p, auth.len);
	return rc;
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

/* ^NAME for each name that is to be left out, owned by the caller. */
static size_t
mirror_fetch_odd(const struct mirror_op *o, char **specs)
{
	struct view rest = view_of(o->odd), line;
	size_t n = 0;

	while (n < MIRROR_ODD_MAX && rest.len > 0 &&
	    view_split(&rest, '\n', &line))
		if (line.len > 0)
			specs[n++] = xasprintf("^%.*s", (int)line.len, line.p);
	return n;
}

static int
mirror_fetch_spawn(struct mirror_op *o, struct err *e)
{
	AUTO_FREE char *repo = gitenv_repo(o->r.env, o->project);
	AUTO_FREE char *size = xasprintf(
	    "--fsize=%" PRIu64, o->r.limits->max_bytes);
	const char *argv[MIRROR_ARGS] = { MIRROR_PRLIMIT, size, MIRROR_MEMORY,
		"--core=0", GIT_PROGRAM, "fetch", "--prune", "--no-tags",
		"--no-write-fetch-head", "--no-auto-maintenance",
		"--no-recurse-submodules", "--no-show-forced-updates",
		"--quiet", o->atomic ? "--atomic" : "--no-atomic", "--", o->url,
		"+refs/heads/*:refs/namespaces/upstream/refs/heads/*",
		"+refs/tags/*:refs/namespaces/upstream/refs/tags/*", NULL };
	char *odd[MIRROR_ODD_MAX];
	size_t n = 0, n_odd = mirror_fetch_odd(o, odd);
	struct git_vars vars;
	int rc;

	while (argv[n] != NULL)
		n++;
	for (size_t i = 0; i < n_odd; i++)
		argv[n + i] = odd[i];
	mirror_vars(o, &vars);
	gitvars_add(&vars, "GIT_DIR", repo);
	rc = mirror_spawn(o, argv, &vars, e);
	for (size_t i = 0; i < n_odd; i++)
		free(odd[i]);
	if (rc == 0)
		o->watch = mirror_watch_new(o, child_pid(o->child));
	return rc;
}

struct mirror_op *
mirror_fetch(const struct mirror_remote *r, int64_t project,
    mirror_result_fn *done, void *arg, struct err *e)
{
	struct mirror_op *o = mirror_op_new(r, done, arg);

	o->project = project;
	o->atomic = true;
	if (mirror_watch_room(o, e) == 0 && mirror_fetch_spawn(o, e) == 0)
		return o;
	mirror_op_free(o);
	return NULL;
}
