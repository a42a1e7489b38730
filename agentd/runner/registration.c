#include "agentd/runner/registration.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/io/loop.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

#define REGISTRATION_FILE "runner/registration"
#define REGISTRATION_USAGE                                                  \
	"coffer-runner --register URL TOKEN [options]\n"                    \
	"Makes this host a runner of the server at URL. TOKEN is that of\n" \
	"`coffer runner add`, good once; - reads it from standard input.\n"

enum {
	REGISTRATION_MAX = 8192, /* bytes of the file */
	REGISTRATION_TEXT_MAX = 1024,
	REGISTRATION_TOKEN_MAX = 128,
	REGISTRATION_SLOTS_MAX = 64
};

struct registration_args {
	const char *url, *token, *home, *name, *labels, *ca;
	uint64_t slots;
	bool reg, help;
};

/* ---- the file ---- */

void
registration_release(struct registration *r)
{
	if (r->secret != NULL)
		explicit_bzero(r->secret, strlen(r->secret));
	free(r->url);
	free(r->name);
	free(r->secret);
	free(r->ca);
	*r = (struct registration){ .url = NULL };
}

static int
registration_read(const struct json *j, struct registration *out, struct err *e)
{
	const char *url = "", *name = "", *secret = "", *ca = "";
	int64_t slots = 1;

	if (json_str(j, "url", REGISTRATION_TEXT_MAX, &url, e) == -1 ||
	    json_str(j, "name", REGISTRATION_TEXT_MAX, &name, e) == -1 ||
	    json_str(j, "secret", REGISTRATION_TOKEN_MAX, &secret, e) == -1 ||
	    json_str(j, "ca", REGISTRATION_TEXT_MAX, &ca, e) == -1 ||
	    json_i64(j, "slots", 1, REGISTRATION_SLOTS_MAX, &slots, e) == -1)
		return -1;
	if (*url == '\0' || *secret == '\0')
		return err_set(e, ERR_INVALID, "no url or no secret");
	out->url = xstrdup(url);
	out->name = xstrdup(name);
	out->secret = xstrdup(secret);
	out->ca = *ca != '\0' ? xstrdup(ca) : NULL;
	out->slots = (uint64_t)slots;
	return 0;
}

int
registration_load(const char *home, struct registration *out, struct err *e)
{
	AUTO_FREE char *path = path_join(home, REGISTRATION_FILE);
	AUTO_STR struct str text = STR_INIT;
	struct json *j;
	int rc = -1;

	*out = (struct registration){ .url = NULL };
	if (path_read(path, REGISTRATION_MAX, &text, e) == -1)
		return -1;
	j = json_parse(str_view(&text), REGISTRATION_MAX, e);
	if (j != NULL)
		rc = registration_read(j, out, e);
	json_free(j);
	explicit_bzero(text.p, text.len);
	return rc == 0 ? 0 : err_wrap(e, "%s", path);
}

/* ---- the call ---- */

struct registration_call {
	struct loop *loop;
	const struct registration_args *a;
	const char *file;
	char ca[PATH_MAX];
	struct err fail;
	bool done;
};

static void
registration_labels(struct jw *w, const char *labels)
{
	struct view rest = view_of(labels), word;

	jw_array(w, "labels");
	while (view_split(&rest, ',', &word))
		jw_view(w, NULL, view_trim(word));
	jw_end(w);
}

static void
registration_body(
    const struct registration_args *a, const char *token, struct str *out)
{
	AUTO_FREE char *sock = path_join(a->home, "run/router.sock");
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "token", token);
	jw_str(&w, "version", "coffer-runner " VERSION);
	if (a->name != NULL)
		jw_str(&w, "name", a->name);
	if (a->labels != NULL)
		registration_labels(&w, a->labels);
	if (a->slots > 0)
		jw_u64(&w, "slots", a->slots);
	jw_bool(&w, "network", access(sock, F_OK) == 0);
	jw_end(&w);
}

static int
registration_write(
    const struct registration_call *x, const struct json *j, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;
	int rc;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "url", x->a->url);
	jw_str(&w, "name", json_str_or(j, "name", ""));
	jw_i64(&w, "slots", json_i64_or(j, "slots", 1));
	jw_str(&w, "ca", x->ca);
	jw_str(&w, "secret", json_str_or(j, "secret", ""));
	jw_end(&w);
	rc = path_write_atomic(x->file, text.p, text.len, 0600, e);
	explicit_bzero(text.p, text.len);
	return rc;
}

static void
registration_on_reply(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct registration_call *x = arg;

	(void)status;
	x->done = true;
	if (fail != NULL)
		x->fail = *fail;
	else if (registration_write(x, j, &x->fail) == 0)
		printf("registered as %s: start coffer-runner with "
		       "--home (or COFFER_HOME) as now\n",
		    json_str_or(j, "name", ""));
	loop_stop(x->loop);
}

static int
registration_send(struct registration_call *x, const char *token, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	struct net *net = net_new(x->loop, "coffer-runner", e);
	struct apiclient *api;
	const struct api_call call = { .method = "POST",
		.path = "/api/coffer/v1/ci/register",
		.body = &body,
		.done = registration_on_reply,
		.arg = x };
	int rc;

	if (net == NULL)
		return -1;
	api = apiclient_new(net, x->a->url, NULL);
	if (x->ca[0] != '\0')
		apiclient_trust(api, x->ca);
	registration_body(x->a, token, &body);
	(void)api_start(api, &call);
	rc = loop_run(x->loop, e);
	explicit_bzero(body.p, body.len);
	apiclient_free(api);
	net_free(net);
	if (rc == 0 && x->fail.code != ERR_NONE) {
		*e = x->fail;
		rc = -1;
	}
	return rc == 0 && !x->done ? err_set(e, ERR_IO, "no answer") : rc;
}

/* ---- the folder ---- */

/* A host without cofferd has nothing but what a runner needs. */
static int
registration_home(const char *home, struct err *e)
{
	AUTO_FREE char *instance = path_join(home, "instance");
	AUTO_FREE char *runner = path_join(home, "runner");
	AUTO_FREE char *run = path_join(home, "run");
	char digits[5], line[8];

	if (path_mkdirs(home, 0711, e) == -1 ||
	    path_mkdirs(runner, 0700, e) == -1 ||
	    path_mkdirs(run, 0755, e) == -1)
		return -1;
	if (access(instance, F_OK) == 0)
		return 0;
	rnd_hex(digits, 2);
	(void)snprintf(line, sizeof(line), "%s\n", digits);
	return path_write_atomic(instance, line, strlen(line), 0644, e);
}

static int
registration_token(const struct registration_args *a,
    char out[REGISTRATION_TOKEN_MAX], struct err *e)
{
	if (strcmp(a->token, "-") != 0) {
		if (strlen(a->token) >= REGISTRATION_TOKEN_MAX)
			return err_set(e, ERR_INVALID, "TOKEN: too long");
		(void)snprintf(out, REGISTRATION_TOKEN_MAX, "%s", a->token);
		return 0;
	}
	if (fgets(out, REGISTRATION_TOKEN_MAX, stdin) == NULL)
		return err_set(
		    e, ERR_INVALID, "TOKEN: standard input is empty");
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static int
registration_run(const struct registration_args *a, struct err *e)
{
	AUTO_FREE char *file = path_join(a->home, REGISTRATION_FILE);
	char token[REGISTRATION_TOKEN_MAX];
	struct registration_call x = { .a = a, .file = file };
	int rc;

	if (strncmp(a->url, "http://", 7) != 0 &&
	    strncmp(a->url, "https://", 8) != 0)
		return err_set(e, ERR_INVALID,
		    "URL: expected https://HOST or http://HOST:PORT");
	if (access(file, F_OK) == 0)
		return err_set(e, ERR_EXISTS,
		    "%s is there: this host is a runner already; remove the "
		    "file (and `coffer runner remove` it) to register anew",
		    file);
	if (a->ca != NULL && realpath(a->ca, x.ca) == NULL)
		return err_sys(e, ERR_NOTFOUND, "%s", a->ca);
	/* Before the token is used up. */
	if (registration_home(a->home, e) == -1 ||
	    registration_token(a, token, e) == -1)
		return -1;
	x.loop = loop_new(e);
	if (x.loop == NULL)
		return -1;
	rc = registration_send(&x, token, e);
	explicit_bzero(token, sizeof(token));
	loop_free(x.loop);
	return rc;
}

int
registration_main(int argc, char **argv)
{
	struct registration_args a = { .home = getenv("COFFER_HOME") };
	const struct opt opts[] = {
		{ 0, "register", OPT_FLAG, &a.reg, NULL, "this" },
		{ 0, "home", OPT_STR, &a.home, "DIR",
		    "where the runner works ($COFFER_HOME, "
		    "/var/lib/coffer)" },
		{ 0, "name", OPT_STR, &a.name, "NAME",
		    "another than the invitation's" },
		{ 0, "labels", OPT_STR, &a.labels, "A,B",
		    "what it has; the invitation's when absent" },
		{ 0, "slots", OPT_U64, &a.slots, "N", "jobs at a time" },
		{ 0, "ca", OPT_STR, &a.ca, "FILE",
		    "authorities that the server's certificate is from" },
		{ 'h', "help", OPT_FLAG, &a.help, NULL, "show this" },
		{ .name = NULL },
	};
	struct err e = ERR_INIT;

	log_init("coffer-runner", LOG_LEVEL_INFO);
	(void)umask(022);
	if (opt_parse(&argc, &argv, opts, &e) == -1 ||
	    (!a.help && (argc != 2 || a.slots > REGISTRATION_SLOTS_MAX))) {
		fprintf(stderr, "coffer-runner: %s\nusage: %s",
		    e.code != ERR_NONE ? e.msg : "expected URL and TOKEN",
		    REGISTRATION_USAGE);
		return 2;
	}
	if (a.help) {
		opt_usage(stdout, REGISTRATION_USAGE, opts);
		return EXIT_SUCCESS;
	}
	a.url = argv[0];
	a.token = argv[1];
	if (a.home == NULL)
		a.home = "/var/lib/coffer";
	if (registration_run(&a, &e) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "coffer-runner: %s\n", e.msg);
	return EXIT_FAILURE;
}
