#include "cli/agentlink.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/frame.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/wire/json.h"

enum {
	AGENTLINK_FRAME_MAX = 1 << 20,
	AGENTLINK_TICKET_MAX = 512,
	AGENTLINK_CHUNK = 16 << 10, /* agentd takes frames up to 32 KiB */
	AGENTLINK_TEXT_MAX = 200
};

struct agentlink {
	struct agentlink_spec spec;
	struct loop *loop;
	struct stream *stream; /* NULL: closed */
	bool held, ended;
};

static int
agentlink_ticket(struct cli *c, const struct agentlink_spec *spec,
    char ticket[AGENTLINK_TICKET_MAX], struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	struct json *j = NULL;
	const char *text = NULL;
	struct jw w;
	int rc;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "project", spec->project);
	jw_str(&w, "verb", spec->verb);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = "/api/coffer/v1/tickets",
		.body = &body },
	    &j, NULL, e);
	if (rc != 0)
		return rc;
	rc = json_str(j, "ticket", AGENTLINK_TICKET_MAX - 1, &text, e);
	if (rc == 0 && text != NULL)
		(void)snprintf(ticket, AGENTLINK_TICKET_MAX, "%s", text);
	else if (rc == 0)
		rc = err_set(e, ERR_PROTO, "cofferd sent no ticket");
	json_free(j);
	return rc;
}

static void
agentlink_hello(struct agentlink *l, const char *ticket)
{
	const struct agentlink_spec *s = &l->spec;
	AUTO_STR struct str line = STR_INIT;
	struct jw w;

	jw_init(&w, &line);
	jw_object(&w, NULL);
	jw_str(&w, "ticket", ticket);
	jw_str(&w, "verb", s->verb);
	if (s->cols != 0) {
		jw_i64(&w, "cols", s->cols);
		jw_i64(&w, "rows", s->rows);
	}
	if (s->argv != NULL) {
		jw_array(&w, "argv");
		for (size_t i = 0; s->argv[i] != NULL; i++)
			jw_str(&w, NULL, s->argv[i]);
		jw_end(&w);
	}
	if (s->run != 0)
		jw_i64(&w, "run", s->run);
	if (s->key != NULL) {
		jw_str(&w, "key", s->key);
		jw_bool(&w, "editor", s->editor);
	}
	jw_end(&w);
	str_addc(&line, '\n');
	stream_write(l->stream, str_cstr(&line), line.len);
}

static void
agentlink_end(struct agentlink *l, int status, const struct err *e)
{
	if (l->ended)
		return;
	l->ended = true;
	if (l->stream != NULL)
		stream_close(l->stream, "ended");
	l->spec.on_end(status, e, l->spec.arg);
}

static void
agentlink_take(struct agentlink *l, const struct frame *f)
{
	const unsigned char *p = (const unsigned char *)f->payload.p;
	struct err e = ERR_INIT;

	switch (f->type) {
	case AGENTLINK_EXIT:
		agentlink_end(l,
		    f->payload.len == 4
			? (int)(((uint32_t)p[2] << 8 | p[3]) & 0xff)
			: CLI_FAILED,
		    NULL);
		return;
	case AGENTLINK_ERROR:
		(void)err_set(&e, ERR_INTERNAL, "%.*s",
		    (int)(f->payload.len > AGENTLINK_TEXT_MAX
			    ? AGENTLINK_TEXT_MAX
			    : f->payload.len),
		    f->payload.p);
		agentlink_end(l, -1, &e);
		return;
	default:
		l->spec.on_frame(f->type, f->payload, l->spec.arg);
		return;
	}
}

static void
agentlink_on_data(struct stream *s, struct view in, void *arg)
{
	struct agentlink *l = arg;
	struct err e = ERR_INIT;
	struct frame f;

	while (!l->ended && !l->held && in.len > 0) {
		long n = frame_get(in, AGENTLINK_FRAME_MAX, &f, &e);

		if (n == 0)
			return;
		if (n < 0) {
			agentlink_end(l, -1, &e);
			return;
		}
		agentlink_take(l, &f);
		if (l->ended)
			return;
		stream_take(s, (size_t)n);
		in = stream_input(s);
	}
}

static void
agentlink_on_drain(struct stream *s, void *arg)
{
	struct agentlink *l = arg;

	(void)s;
	if (!l->ended && l->spec.on_drain != NULL)
		l->spec.on_drain(l->spec.arg);
}

static void
agentlink_on_close(struct stream *s, const char *reason, void *arg)
{
	struct agentlink *l = arg;
	struct err e = ERR_INIT;

	(void)s;
	l->stream = NULL;
	(void)err_set(&e, ERR_INTERNAL,
	    "coffer-agentd closed the connection: %s", reason);
	agentlink_end(l, -1, &e);
}

static int
agentlink_connect(const struct cli *c, int *fd, struct err *e)
{
	AUTO_FREE char *path = path_join(c->home, "run/agentd.sock");
	AUTO_FREE char *text = xasprintf("unix:%s", path);
	struct sock_addr addr;
	struct err why = ERR_INIT;

	if (sock_parse(text, &addr, e) == -1)
		return -1;
	if (sock_connect(&addr, fd, &why) == -1)
		return cli_err_unreachable(
		    e, "coffer-agentd at %s: %s", path, why.msg);
	return 0;
}

int
agentlink_open(struct cli *c, const struct agentlink_spec *spec,
    struct agentlink **out, struct err *e)
{
	char ticket[AGENTLINK_TICKET_MAX] = "";
	struct agentlink *l;
	struct stream_spec stream = {
		.in_max = AGENTLINK_FRAME_MAX + FRAME_HEADER,
		.on_data = agentlink_on_data,
		.on_drain = agentlink_on_drain,
		.on_close = agentlink_on_close,
	};
	int rc = agentlink_ticket(c, spec, ticket, e);

	*out = NULL;
	if (rc != 0)
		return rc;
	if (agentlink_connect(c, &stream.fd, e) == -1)
		return -1;
	l = xcalloc(1, sizeof(*l));
	l->spec = *spec;
	l->loop = remote_loop(c, e);
	stream.arg = l;
	l->stream = stream_new(l->loop, &stream);
	agentlink_hello(l, ticket);
	*out = l;
	return 0;
}

void
agentlink_send(struct agentlink *l, uint8_t type, const void *p, size_t n)
{
	const char *at = p;

	if (l->stream == NULL || l->ended)
		return;
	do {
		AUTO_STR struct str out = STR_INIT;
		size_t k = n < AGENTLINK_CHUNK ? n : AGENTLINK_CHUNK;

		frame_put(&out, type, at, k);
		stream_write(l->stream, str_cstr(&out), out.len);
		at += k;
		n -= k;
	} while (n > 0);
}

void
agentlink_resize(struct agentlink *l, uint16_t cols, uint16_t rows)
{
	const unsigned char p[4] = { (unsigned char)(cols >> 8),
		(unsigned char)cols, (unsigned char)(rows >> 8),
		(unsigned char)rows };

	agentlink_send(l, AGENTLINK_RESIZE, p, sizeof(p));
}

bool
agentlink_is_full(const struct agentlink *l)
{
	return l->stream != NULL && stream_is_full(l->stream);
}

void
agentlink_hold(struct agentlink *l, bool held)
{
	if (l->held == held)
		return;
	l->held = held;
	if (l->stream == NULL)
		return;
	if (held)
		stream_pause(l->stream);
	else
		stream_resume(l->stream);
}

int
agentlink_fd(const struct agentlink *l)
{
	return l->stream == NULL || l->ended ? -1 : stream_fd(l->stream);
}

static void
agentlink_ignore(int status, const struct err *e, void *arg)
{
	(void)status;
	(void)e;
	(void)arg;
}

void
agentlink_free(struct agentlink *l)
{
	if (l == NULL)
		return;
	l->spec.on_end = agentlink_ignore;
	l->ended = true;
	if (l->stream != NULL) {
		stream_close(l->stream, "done");
		loop_drain(l->loop);
	}
	free(l);
}
