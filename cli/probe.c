#include "cli/probe.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	PROBE_LIMIT_MS = 2000,
	PROBE_ADDR_MAX = 256,
	PROBE_REPLY_MAX = 4096
};

struct probe {
	struct probe_spec spec;
	bool ready;
};

static void
probe_answer(void *arg)
{
	struct probe *p = arg;
	probe_fn *fn = p->spec.fn;
	void *fn_arg = p->spec.arg;
	bool ready = p->ready;

	free(p);
	fn(ready, fn_arg);
}

static void
probe_end(struct probe *p, bool ready)
{
	p->ready = ready;
	loop_defer(p->spec.loop, probe_answer, p);
}

char *
probe_url(const char *home)
{
	AUTO_FREE char *path = path_join(home, "run/cofferd.addr");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view v;

	if (path_read(path, PROBE_ADDR_MAX, &text, &e) == -1)
		return NULL;
	v = view_trim(str_view(&text));
	if (v.len == 0 || memchr(v.p, '\n', v.len) != NULL)
		return NULL;
	return view_starts(v, "http")
	    ? view_dup(v)
	    : xasprintf("http://%.*s", (int)v.len, v.p);
}

static void
probe_on_http(const struct fetch_reply *r, void *arg)
{
	probe_end(arg, r->error == 0 && r->status == 200);
}

static void
probe_http(struct probe *p)
{
	AUTO_FREE char *base = probe_url(p->spec.home);
	AUTO_FREE char *url = NULL;
	struct fetch_spec spec = {
		.method = "GET",
		.limit_ms = PROBE_LIMIT_MS,
		.on_done = probe_on_http,
		.arg = p,
	};
	struct err e = ERR_INIT;
	struct fetch *f;

	if (base == NULL) {
		probe_end(p, false);
		return;
	}
	url = xasprintf("%s/api/v1/version", base);
	spec.url = url;
	if (fetch_start(p->spec.net, &spec, &f, &e) == -1)
		probe_end(p, false);
}

static void
probe_on_data(struct stream *s, struct view in, void *arg)
{
	struct probe *p = arg;
	const char *nl = memchr(in.p, '\n', in.len);
	struct err e = ERR_INIT;
	struct json *j;

	if (nl == NULL)
		return;
	j = json_parse(
	    (struct view){ in.p, (size_t)(nl - in.p) }, PROBE_REPLY_MAX, &e);
	p->ready = json_bool_or(j, "ok", false);
	json_free(j);
	stream_close(s, "answered");
}

static void
probe_on_close(struct stream *s, const char *reason, void *arg)
{
	struct probe *p = arg;

	(void)s;
	(void)reason;
	probe_end(p, p->ready);
}

static void
probe_socket(struct probe *p, const char *name, const char *say)
{
	AUTO_FREE char *path = path_join(p->spec.home, name);
	AUTO_FREE char *text = xasprintf("unix:%s", path);
	struct stream_spec spec = {
		.in_max = PROBE_REPLY_MAX,
		.idle_ms = PROBE_LIMIT_MS,
		.on_data = probe_on_data,
		.on_close = probe_on_close,
		.arg = p,
	};
	struct err e = ERR_INIT;
	struct sock_addr a;
	struct stream *s;
	int fd;

	if (access(path, F_OK) == -1 || sock_parse(text, &a, &e) == -1 ||
	    sock_connect(&a, &fd, &e) == -1) {
		probe_end(p, false);
		return;
	}
	if (say == NULL) {
		probe_end(p, sock_error(fd, &e) == 0);
		(void)close(fd);
		return;
	}
	spec.fd = fd;
	s = stream_new(p->spec.loop, &spec);
	stream_write(s, say, strlen(say));
}

/* It listens nowhere: what it has while it lives is its lock. */
static bool
probe_locked(const char *home, const char *name)
{
	AUTO_FREE char *path = path_join(home, name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd != -1 && flock(fd, LOCK_SH | LOCK_NB) == -1 &&
	    errno == EWOULDBLOCK;
}

void
probe_start(const struct probe_spec *spec)
{
	struct probe *p = xcalloc(1, sizeof(*p));

	p->spec = *spec;
	switch (spec->kind) {
	case PROBE_HTTP:
		probe_http(p);
		return;
	case PROBE_ROUTER:
		probe_socket(p, "run/router.sock", "{\"op\":\"hello\"}\n");
		return;
	case PROBE_AGENTD:
		probe_socket(p, "run/agentd.sock", NULL);
		return;
	case PROBE_GATEWAY:
		probe_socket(
		    p, "run/gateway/control.sock", "{\"op\":\"hello\"}\n");
		return;
	case PROBE_RUNNER:
		probe_end(p, probe_locked(p->spec.home, "runner/lock"));
		return;
	}
}

struct probe_wait {
	struct loop *loop;
	bool ready;
};

static void
probe_on_ready(bool ready, void *arg)
{
	struct probe_wait *w = arg;

	w->ready = ready;
	loop_stop(w->loop);
}

bool
probe_now(struct cli *c, enum probe_kind kind)
{
	struct err e = ERR_INIT;
	struct probe_wait w = { .loop = remote_loop(c, &e) };

	if (w.loop == NULL)
		return false;
	probe_start(&(struct probe_spec){ .kind = kind,
	    .loop = w.loop,
	    .net = remote_net(c, &e),
	    .home = c->home,
	    .fn = probe_on_ready,
	    .arg = &w });
	return loop_run(w.loop, &e) == 0 && w.ready;
}
