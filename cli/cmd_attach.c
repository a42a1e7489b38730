#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "cli/termfilter.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/frame.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/watch.h"
#include "lib/wire/json.h"

enum {
	ATTACH_DATA = 1,
	ATTACH_RESIZE = 2,
	ATTACH_EOF = 3,
	ATTACH_EXIT = 4,
	ATTACH_ERROR = 5,
	ATTACH_FRAME_MAX = 1 << 20,
	ATTACH_READ = 4096,
	ATTACH_TICKET_MAX = 512,
	ATTACH_ARGV_MAX = 28
};

/* After a terminal program that did not clean up: mouse, paste, cursor. */
static const char attach_reset
    [] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?25h"
	 "\033[m";

struct attach {
	struct loop *loop;
	struct stream *stream; /* NULL: closed */
	struct watch *in;
	struct termfilter filter;
	struct termios saved;
	bool raw, filtered, ended;
	bool polled;  /* stdin can be watched; a file cannot */
	bool feeding; /* a read of a file is deferred */
	bool in_eof;
	int status;
	struct err fail;
};

static int
attach_ticket(struct cli *c, const char *full, const char *verb,
    char ticket[ATTACH_TICKET_MAX], struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	struct json *j = NULL;
	const char *text = NULL;
	struct jw w;
	int rc;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "project", full);
	jw_str(&w, "verb", verb);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = "/api/coffer/v1/tickets",
		.body = &body },
	    &j, NULL, e);
	if (rc != 0)
		return rc;
	rc = json_str(j, "ticket", ATTACH_TICKET_MAX - 1, &text, e);
	if (rc == 0)
		(void)snprintf(ticket, ATTACH_TICKET_MAX, "%s", text);
	else
		rc = err_set(e, ERR_PROTO, "cofferd sent no ticket");
	json_free(j);
	return rc;
}

static void
attach_size(struct winsize *ws)
{
	*ws = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, ws) == -1 || ws->ws_col == 0)
		*ws = (struct winsize){ .ws_col = 80, .ws_row = 24 };
}

static int
attach_raw(struct attach *a, struct err *e)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &a->saved) == -1)
		return err_sys(e, ERR_IO, "terminal");
	t = a->saved;
	cfmakeraw(&t);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) == -1)
		return err_sys(e, ERR_IO, "terminal");
	a->raw = true;
	return 0;
}

static void
attach_write(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(STDOUT_FILENO, p, n);

		if (w == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

static void
attach_restore(struct attach *a)
{
	if (!a->raw)
		return;
	if (a->filter.alternate)
		attach_write("\033[?1049l", 8);
	attach_write(attach_reset, sizeof(attach_reset) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &a->saved);
	a->raw = false;
}

static void
attach_send(struct attach *a, uint8_t type, const void *p, size_t n)
{
	AUTO_STR struct str out = STR_INIT;

	if (a->stream == NULL)
		return;
	frame_put(&out, type, p, n);
	stream_write(a->stream, str_cstr(&out), out.len);
}

static void
attach_end(struct attach *a)
{
	a->ended = true;
	if (a->in != NULL)
		watch_set(a->in, 0);
	if (a->stream != NULL)
		stream_close(a->stream, "ended");
}

static void
attach_frame(struct attach *a, const struct frame *f)
{
	const unsigned char *p = (const unsigned char *)f->payload.p;

	switch (f->type) {
	case ATTACH_DATA:
		if (a->filtered) {
			AUTO_STR struct str out = STR_INIT;

			termfilter_feed(&a->filter, f->payload, &out);
			attach_write(str_cstr(&out), out.len);
		} else {
			attach_write(f->payload.p, f->payload.len);
		}
		return;
	case ATTACH_EXIT:
		a->status = f->payload.len == 4
		    ? (int)(((uint32_t)p[2] << 8 | p[3]) & 0xff)
		    : CLI_FAILED;
		attach_end(a);
		return;
	case ATTACH_ERROR:
		(void)err_set(&a->fail, ERR_INTERNAL, "%.*s",
		    (int)(f->payload.len > 200 ? 200 : f->payload.len),
		    f->payload.p);
		attach_end(a);
		return;
	default:
		return; /* a later version's */
	}
}

static void
attach_on_data(struct stream *s, struct view in, void *arg)
{
	struct attach *a = arg;
	struct frame f;

	while (!a->ended && in.len > 0) {
		long n = frame_get(in, ATTACH_FRAME_MAX, &f, &a->fail);

		if (n == 0)
			break;
		if (n < 0) {
			attach_end(a);
			return;
		}
		attach_frame(a, &f);
		if (a->ended)
			return;
		stream_take(s, (size_t)n);
		in = stream_input(s);
	}
}

static void
attach_on_close(struct stream *s, const char *reason, void *arg)
{
	struct attach *a = arg;

	(void)s;
	a->stream = NULL;
	if (!a->ended)
		(void)err_set(&a->fail, ERR_INTERNAL,
		    "coffer-agentd closed the connection: %s", reason);
	loop_stop(a->loop);
}

static void attach_want_input(struct attach *a, bool want);

static void
attach_read_input(struct attach *a)
{
	char buf[ATTACH_READ];
	ssize_t n;

	if (a->stream == NULL || a->ended)
		return;
	n = read(STDIN_FILENO, buf, sizeof(buf));
	if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
		attach_want_input(a, true);
		return;
	}
	if (n <= 0) {
		attach_want_input(a, false);
		a->in_eof = true;
		attach_send(a, ATTACH_EOF, "", 0);
		return;
	}
	attach_send(a, ATTACH_DATA, buf, (size_t)n);
	attach_want_input(a, !stream_is_full(a->stream));
}

static void
attach_on_input(int fd, int what, void *arg)
{
	(void)fd;
	(void)what;
	attach_read_input(arg);
}

static void
attach_on_feed(void *arg)
{
	struct attach *a = arg;

	a->feeding = false;
	attach_read_input(a);
}

static void
attach_want_input(struct attach *a, bool want)
{
	if (a->polled) {
		watch_set(a->in, want ? WATCH_READ : 0);
	} else if (want && !a->feeding) {
		a->feeding = true;
		loop_defer(a->loop, attach_on_feed, a);
	}
}

static void
attach_on_drain(struct stream *s, void *arg)
{
	struct attach *a = arg;

	(void)s;
	if (!a->ended && !a->in_eof)
		attach_want_input(a, true);
}

static void
attach_on_resize(void *arg)
{
	struct winsize ws;
	unsigned char p[4];

	attach_size(&ws);
	p[0] = (unsigned char)(ws.ws_col >> 8);
	p[1] = (unsigned char)(ws.ws_col & 0xff);
	p[2] = (unsigned char)(ws.ws_row >> 8);
	p[3] = (unsigned char)(ws.ws_row & 0xff);
	attach_send(arg, ATTACH_RESIZE, p, sizeof(p));
}

static void
attach_on_signal(void *arg)
{
	struct attach *a = arg;

	(void)err_set(&a->fail, ERR_INTERNAL, "ended by a signal");
	attach_end(a);
}

static const char *const attach_merge[] = { "/bin/sh", "-c", "exec \"$@\" 2>&1",
	"sh" };

static void
attach_hello(struct attach *a, const char *ticket, const char *verb, int argc,
    char **argv)
{
	AUTO_STR struct str line = STR_INIT;
	struct winsize ws = { 0 };
	struct jw w;

	jw_init(&w, &line);
	jw_object(&w, NULL);
	jw_str(&w, "ticket", ticket);
	jw_str(&w, "verb", verb);
	if (a->raw) {
		attach_size(&ws);
		jw_i64(&w, "cols", ws.ws_col);
		jw_i64(&w, "rows", ws.ws_row);
	}
	if (argc > 0) {
		jw_array(&w, "argv");
		/* Without a terminal there is one stream back: both outputs. */
		for (size_t i = 0; !a->raw && i < 4; i++)
			jw_str(&w, NULL, attach_merge[i]);
		for (int i = 0; i < argc; i++)
			jw_str(&w, NULL, argv[i]);
		jw_end(&w);
	}
	jw_end(&w);
	str_addc(&line, '\n');
	stream_write(a->stream, str_cstr(&line), line.len);
}

static int
attach_dial(struct cli *c, int *fd, struct err *e)
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

/* epoll(7) takes no regular file, nor /dev/null. */
static bool
attach_can_poll(void)
{
	struct stat st;

	return isatty(STDIN_FILENO) == 1 ||
	    (fstat(STDIN_FILENO, &st) == 0 &&
		(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)));
}

static int
attach_talk(struct cli *c, struct attach *a, const char *ticket,
    const char *verb, int argc, char **argv, struct err *e)
{
	struct stream_spec spec = {
		.in_max = ATTACH_FRAME_MAX + FRAME_HEADER,
		.on_data = attach_on_data,
		.on_drain = attach_on_drain,
		.on_close = attach_on_close,
		.arg = a,
	};

	a->loop = remote_loop(c, e);
	if (a->loop == NULL || attach_dial(c, &spec.fd, e) == -1)
		return -1;
	a->stream = stream_new(a->loop, &spec);
	/* The terminal at the other end echoes and edits. */
	if (isatty(STDIN_FILENO) == 1 && a->filtered && attach_raw(a, e) == -1)
		return -1;
	attach_hello(a, ticket, verb, argc, argv);
	a->polled = attach_can_poll();
	if (a->polled)
		a->in = watch_new(a->loop, STDIN_FILENO, attach_on_input, a);
	attach_want_input(a, true);
	if (loop_on_signal(a->loop, SIGWINCH, attach_on_resize, a, e) == -1 ||
	    loop_on_signal(a->loop, SIGTERM, attach_on_signal, a, e) == -1 ||
	    loop_on_signal(a->loop, SIGHUP, attach_on_signal, a, e) == -1 ||
	    loop_run(a->loop, e) == -1)
		return -1;
	if (a->fail.code != ERR_NONE) {
		*e = a->fail;
		return -1;
	}
	return 0;
}

static int
attach_start(struct cli *c, const char *verb, int argc, char **argv)
{
	struct attach a = { .fail = ERR_INIT };
	char full[TARGET_FULL_MAX], ticket[ATTACH_TICKET_MAX] = "";
	struct err e = ERR_INIT;
	int rc;

	a.filtered = isatty(STDOUT_FILENO) == 1;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "%s %s", verb, argv[0]);
	rc = attach_ticket(c, full, verb, ticket, &e);
	if (rc == 0)
		rc = attach_talk(c, &a, ticket, verb, argc - 1, argv + 1, &e);
	else if (rc == REMOTE_DRY)
		return CLI_OK;
	attach_restore(&a);
	watch_free(a.in);
	if (rc == -1)
		return cli_fail(c, &e, "%s %s", verb, full);
	if (strcmp(verb, "attach") == 0)
		cli_note("detached from %s", full);
	return a.status;
}

static int
attach_run(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return cli_usage(
		    "attach: needs a terminal; `coffer exec` does not");
	return attach_start(c, "attach", argc, argv);
}

static int
attach_exec(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	if (argc > ATTACH_ARGV_MAX)
		return cli_usage(
		    "exec: more than %d words", (int)ATTACH_ARGV_MAX);
	return attach_start(c, "exec", argc, argv);
}

const struct command cmd_attach[] = {
	{ .name = "attach",
	    .group = "Projects",
	    .summary = "sit down in a project's sandbox (F6 detaches)",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = attach_run },
	{ .name = "exec",
	    .group = "Projects",
	    .summary = "run a command in a project's sandbox",
	    .usage = "PROJECT -- COMMAND [ARGUMENT...]",
	    .min = 2,
	    .max = COMMAND_MANY,
	    .run = attach_exec,
	    .more = "Without a terminal, standard error arrives on standard "
		    "output too." },
	{ .name = NULL },
};
