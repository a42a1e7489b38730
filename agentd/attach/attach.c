#include "agentd/attach/attach.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/attach/dial.h"
#include "agentd/attach/proving.h"
#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/frame.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	ATTACH_MAX = 64,          /* sessions at a time */
	ATTACH_USER_MAX = 16,     /* of these, of one user of the host */
	ATTACH_HUP_MS = 5 * 1000, /* after it the program is killed */
	ATTACH_HELLO_MAX = 16 << 10,
	ATTACH_HELLO_MS = 10 * 1000,
	ATTACH_FRAME_MAX = 32 << 10,
	ATTACH_CHUNK = 16 << 10,
	ATTACH_ARGV_MAX = 32,
	ATTACH_SIDE_MAX = 1000
};

enum attach_frame {
	ATTACH_DATA = 1,
	ATTACH_RESIZE = 2,
	ATTACH_EOF = 3,
	ATTACH_EXIT = 4,
	ATTACH_ERROR = 5,
	ATTACH_HOSTKEY = 6
};

enum attach_step {
	ATTACH_HELLO,
	ATTACH_REDEEM,
	ATTACH_OPEN,
	ATTACH_CLOSING
};

struct session {
	TAILQ_ENTRY(session) link;
	struct attach *all;
	enum attach_step step;
	struct stream *user;
	struct stream *term; /* NULL before and after */
	struct driver_exec *exec;
	struct timer *late; /* for the ticket, and for the program's end */
	uid_t uid;
	char *verb;
	char *argv[ATTACH_ARGV_MAX + 1];
	struct child *judge; /* of prove: the program outside */
	bool prove;
	int64_t project; /* that is proven */
	bool dial;       /* an SSH server is the program */
	char key[SSHKEY_PUBLIC_MAX];
	bool editor;
	int64_t run;   /* of exec: what this run changed; 0: none */
	bool spoke;    /* the program: so it was not its start that failed */
	bool terminal; /* else a program between two pipes */
	uint16_t cols, rows;
	int status; /* -1: not known yet */
};

struct attach {
	struct loop *loop;
	const char *home;
	struct apiclient *api;
	struct sandboxes *sandboxes;
	const struct driver *driver;
	attach_run_fn *on_run;
	void *on_run_arg;
	attach_proved_fn *on_proved;
	void *on_proved_arg;
	struct listener *listener;
	unsigned n;
	TAILQ_HEAD(, session) list;
};

static void
session_free(struct session *s)
{
	TAILQ_REMOVE(&s->all->list, s, link);
	s->all->n--;
	apiclient_forget(s->all->api, s);
	timer_free(s->late);
	free(s->verb);
	for (size_t i = 0; i < ATTACH_ARGV_MAX; i++)
		free(s->argv[i]);
	free(s);
}

/* The last of user, terminal and process to go takes the session along. */
static void
session_unref(struct session *s)
{
	if (s->user == NULL && s->term == NULL && s->exec == NULL &&
	    s->judge == NULL)
		session_free(s);
}

static void
session_send(struct session *s, uint8_t type, const void *p, size_t n)
{
	AUTO_STR struct str frame = STR_INIT;

	if (s->user == NULL)
		return;
	frame_put(&frame, type, p, n);
	stream_write(s->user, frame.p, frame.len);
}

static void
session_refuse(struct session *s, const char *why)
{
	log_info("attach refused why=%s", log_val(why));
	s->step = ATTACH_CLOSING;
	session_send(s, ATTACH_ERROR, why, strlen(why));
	if (s->user != NULL)
		stream_finish(s->user);
}

/* Both are needed: the status, and the terminal's last bytes. */
static void
session_try_end(struct session *s)
{
	uint8_t status[4];

	if (s->exec != NULL || s->judge != NULL || s->term != NULL ||
	    s->step == ATTACH_CLOSING)
		return;
	s->step = ATTACH_CLOSING;
	for (int i = 0; i < 4; i++)
		status[i] = (uint8_t)((unsigned)s->status >> (24 - 8 * i));
	session_send(s, ATTACH_EXIT, status, sizeof(status));
	if (s->user != NULL)
		stream_finish(s->user);
}

static void
session_on_exit(int status, const struct err *e, void *arg)
{
	struct session *s = arg;

	s->exec = NULL;
	if (!s->prove)
		s->status = status;
	if (s->step != ATTACH_CLOSING) {
		/* sshd's 255 is also the end of a client that just left. */
		if (e != NULL && !(s->dial && s->spoke))
			session_refuse(s, e->msg);
		else if (s->dial && dial_reason(status) != NULL)
			session_refuse(s, dial_reason(status));
	}
	session_try_end(s);
	session_unref(s);
}

static void
session_term_data(struct stream *t, struct view in, void *arg)
{
	struct session *s = arg;

	s->spoke = true;
	while (in.len > 0 && s->user != NULL) {
		size_t n = in.len < ATTACH_CHUNK ? in.len : ATTACH_CHUNK;

		if (stream_is_full(s->user)) {
			stream_pause(t);
			return;
		}
		session_send(s, ATTACH_DATA, in.p, n);
		stream_take(t, n);
		in = stream_input(t);
	}
	stream_take(t, in.len);
}

static void
session_term_drain(struct stream *t, void *arg)
{
	struct session *s = arg;

	(void)t;
	if (s->user != NULL)
		stream_resume(s->user);
}

static void
session_term_close(struct stream *t, const char *reason, void *arg)
{
	struct session *s = arg;

	(void)t;
	(void)reason;
	s->term = NULL;
	session_try_end(s);
	session_unref(s);
}

static void
session_on_judged(const struct child_exit *x, void *arg)
{
	struct session *s = arg;

	s->judge = NULL;
	s->status = WIFEXITED(x->status) ? WEXITSTATUS(x->status) : 1;
	if (x->errlen > 0)
		log_warn("prove says=%s", log_val(x->err));
	if (s->all->on_proved != NULL)
		s->all->on_proved(s->project, s->all->on_proved_arg);
	/* Whatever runs in the sandbox as the probe may not want to end. */
	if (s->exec != NULL)
		s->all->driver->exec_kill(s->exec, SIGKILL);
	session_try_end(s);
	session_unref(s);
}

/* *fd: the program's end of the probe; then that of what it says. */
static int
session_judge(struct session *s, int64_t project, int *fd, struct err *e)
{
	const struct proving p = { .loop = s->all->loop,
		.home = s->all->home,
		.driver = s->all->driver->name,
		.project = project,
		.probe = *fd,
		.on_exit = session_on_judged,
		.arg = s };
	int rc = proving_start(&p, &s->judge, fd, e);

	(void)close(p.probe);
	s->project = project;
	return rc;
}

static struct driver_exec *
session_run(struct session *s, int64_t project,
    const struct driver_exec_spec *x, int *fd, struct err *e)
{
	const struct attach *a = s->all;

	if (a->on_run != NULL)
		return a->on_run(project, s->run, x, fd, a->on_run_arg, e);
	(void)err_set(e, ERR_NOTFOUND, "no run goes on");
	return NULL;
}

static void
session_start(struct session *s, int64_t project,
    const struct sandbox_spec *like, const struct str *head)
{
	struct err e = ERR_INIT;
	const struct driver_exec_spec x = {
		.like = like,
		.terminal = s->terminal,
		.cols = s->cols,
		.rows = s->rows,
		.on_exit = session_on_exit,
		.arg = s,
	};
	struct stream_spec term = {
		.fd = -1,
		.on_data = session_term_data,
		.on_drain = session_term_drain,
		.on_close = session_term_close,
		.arg = s,
	};

	s->exec = s->run == 0
	    ? sandbox_attach(s->all->sandboxes, project, &x, &term.fd, &e)
	    : session_run(s, project, &x, &term.fd, &e);
	if (s->exec == NULL) {
		session_refuse(s, e.msg);
		return;
	}
	if (s->prove && session_judge(s, project, &term.fd, &e) == -1) {
		session_refuse(s, e.msg);
		s->all->driver->exec_kill(s->exec, SIGKILL);
		return;
	}
	s->step = ATTACH_OPEN;
	s->term = stream_new(s->all->loop, &term);
	stream_write(s->term, str_cstr(head), head->len);
	stream_resume(s->user);
}

static void
session_open_dial(struct session *s, int64_t project)
{
	const struct sandbox_spec like = { .argv = dial_argv,
		.cwd = "/home/agent" };
	const struct dial_ask ask = { .key = s->key, .editor = s->editor };
	AUTO_STR struct str head = STR_INIT;
	char host[SSHKEY_PUBLIC_MAX];
	struct err e = ERR_INIT;

	if (dial_prepare(s->all->home, project, &ask, &head, host, &e) == -1) {
		session_refuse(s, e.msg);
		return;
	}
	session_send(s, ATTACH_HOSTKEY, host, strlen(host));
	session_start(s, project, &like, &head);
	explicit_bzero(head.p, head.len);
}

static void
session_open(struct session *s, int64_t project)
{
	const struct sandbox_spec like = {
		.argv = s->prove ? proving_argv : (const char *const *)s->argv
	};
	const struct str none = STR_INIT;
	char name[HOST_NAME_MAX];
	struct err e = ERR_INIT;

	if (sandbox_netns(s->all->sandboxes, project, name, &e) == -1)
		session_refuse(s, e.msg);
	else if (s->dial)
		session_open_dial(s, project);
	else
		session_start(
		    s, project, like.argv[0] == NULL ? NULL : &like, &none);
}

static void
session_on_ticket(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct session *s = arg;
	int64_t project = json_i64_or(json_get(j, "project"), "id", 0);
	const char *verb = json_str_or(j, "verb", "");

	(void)status;
	if (fail != NULL || strcmp(verb, s->verb) != 0) {
		session_refuse(s,
		    fail != NULL && fail->code != ERR_NOTFOUND
			? fail->msg
			: "the ticket is not valid (any more); try again");
		return;
	}
	log_info("attach open user=%s project=%lld verb=%s",
	    log_val(json_str_or(j, "user", "")), (long long)project, verb);
	session_open(s, project);
}

static int
session_read_argv(struct session *s, const struct json *j, struct err *e)
{
	const struct json *argv = json_get(j, "argv");
	size_t n = json_count(argv);

	if (n > ATTACH_ARGV_MAX)
		return err_set(
		    e, ERR_LIMIT, "over %d arguments", ATTACH_ARGV_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *one = json_string(json_at(argv, i));

		if (one == NULL)
			return err_set(e, ERR_INVALID, "argv: not a string");
		s->argv[i] = xstrdup(one);
	}
	if ((strcmp(s->verb, "exec") == 0) != (n > 0 || s->run != 0))
		return err_set(e, ERR_INVALID,
		    "the verb exec, and it alone, takes argv or run");
	if (n > 0 && s->run != 0)
		return err_set(e, ERR_INVALID, "run takes no argv");
	return 0;
}

static int
session_read_hello(
    struct session *s, const struct json *j, const char **ticket, struct err *e)
{
	const char *verb = "";
	const char *key = "";
	int64_t cols = 80, rows = 24;

	if (json_str(j, "ticket", 128, ticket, e) == -1 ||
	    json_str(j, "verb", 16, &verb, e) == -1 ||
	    json_str(j, "key", SSHKEY_PUBLIC_MAX - 1, &key, e) == -1 ||
	    json_bool(j, "editor", &s->editor, e) == -1 ||
	    json_i64(j, "cols", 1, ATTACH_SIDE_MAX, &cols, e) == -1 ||
	    json_i64(j, "rows", 1, ATTACH_SIDE_MAX, &rows, e) == -1 ||
	    json_i64(j, "run", 1, INT64_MAX, &s->run, e) == -1)
		return -1;
	s->verb = xstrdup(verb);
	s->dial = strcmp(verb, "dial") == 0;
	s->prove = strcmp(verb, "prove") == 0;
	if (session_read_argv(s, j, e) == -1)
		return -1;
	(void)snprintf(s->key, sizeof(s->key), "%s", key);
	if (s->dial && !sshkey_read_line(key, NULL))
		return err_set(e, ERR_INVALID,
		    "the verb dial needs key: a public ed25519 key");
	s->terminal = !s->dial && !s->prove &&
	    ((s->argv[0] == NULL && s->run == 0) ||
		json_get(j, "cols") != NULL);
	s->cols = (uint16_t)cols;
	s->rows = (uint16_t)rows;
	return 0;
}

static void
session_hello(struct session *s, struct view line)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(line, ATTACH_HELLO_MAX, &e);
	const char *ticket = "";
	AUTO_STR struct str body = STR_INIT;
	struct jw w;
	const struct api_call call = {
		.method = "POST",
		.path = "/api/coffer/v1/tickets/redeem",
		.body = &body,
		.done = session_on_ticket,
		.arg = s,
	};

	timer_cancel(s->late);
	if (j == NULL || session_read_hello(s, j, &ticket, &e) == -1) {
		session_refuse(s, e.msg);
		json_free(j);
		return;
	}
	s->step = ATTACH_REDEEM;
	stream_pause(s->user);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "ticket", ticket);
	jw_end(&w);
	json_free(j);
	(void)api_start(s->all->api, &call);
}

static void
session_frame(struct session *s, const struct frame *f)
{
	const uint8_t *p = (const uint8_t *)f->payload.p;

	/* Writing to a terminal without a program would cut its last words. */
	if (s->term == NULL || s->exec == NULL || s->prove)
		return;
	if (f->type == ATTACH_DATA) {
		stream_write(s->term, f->payload.p, f->payload.len);
	} else if (f->type == ATTACH_RESIZE && f->payload.len == 4) {
		s->all->driver->exec_resize(s->exec,
		    (uint16_t)(p[0] << 8 | p[1]), (uint16_t)(p[2] << 8 | p[3]));
	} else if (f->type == ATTACH_EOF) {
		if (s->terminal)
			stream_write(s->term, "\x04", 1);
		else
			stream_shutdown(s->term);
	}
}

static void
session_user_data(struct stream *u, struct view in, void *arg)
{
	struct session *s = arg;
	struct frame f;
	struct err e = ERR_INIT;
	const char *nl;
	long n;

	if (s->step == ATTACH_HELLO) {
		nl = memchr(in.p, '\n', in.len);
		if (nl == NULL) {
			if (in.len > ATTACH_HELLO_MAX)
				session_refuse(s, "the first line is too long");
			return;
		}
		session_hello(
		    s, (struct view){ .p = in.p, .len = (size_t)(nl - in.p) });
		stream_take(u, (size_t)(nl - in.p) + 1);
		return;
	}
	while (s->step == ATTACH_OPEN) {
		if (s->term != NULL && stream_is_full(s->term)) {
			stream_pause(u);
			return;
		}
		n = frame_get(stream_input(u), ATTACH_FRAME_MAX, &f, &e);
		if (n == -1)
			session_refuse(s, e.msg);
		if (n <= 0)
			return;
		session_frame(s, &f);
		stream_take(u, (size_t)n);
	}
}

static void
session_user_drain(struct stream *u, void *arg)
{
	struct session *s = arg;

	(void)u;
	if (s->term != NULL)
		stream_resume(s->term);
}

static void
session_user_close(struct stream *u, const char *reason, void *arg)
{
	struct session *s = arg;

	(void)u;
	(void)reason;
	s->user = NULL;
	timer_cancel(s->late);
	if (s->term != NULL)
		stream_close(s->term, "the user left");
	if (s->judge != NULL)
		child_kill(s->judge, SIGTERM);
	if (s->exec != NULL) {
		s->all->driver->exec_kill(s->exec, SIGHUP);
		timer_set(s->late, ATTACH_HUP_MS);
	}
	session_unref(s);
}

static void
session_on_late(void *arg)
{
	struct session *s = arg;

	if (s->exec != NULL)
		s->all->driver->exec_kill(s->exec, SIGKILL);
	else
		session_refuse(s, "no ticket came");
}

static bool
attach_has_too_many(const struct attach *a, uid_t uid)
{
	const struct session *s;
	unsigned n = 0;

	TAILQ_FOREACH(s, &a->list, link)
	{
		if (s->uid == uid)
			n++;
	}
	return uid != 0 && n >= ATTACH_USER_MAX;
}

/*
 * Before a ticket was seen anybody may be at the other end: when all places are
 * taken, whoever has been silent for longest gives his up.
 */
static bool
attach_make_room(struct attach *a)
{
	struct session *s;

	if (a->n < ATTACH_MAX)
		return true;
	TAILQ_FOREACH(s, &a->list, link)
	{
		if (s->step != ATTACH_HELLO || s->user == NULL)
			continue;
		s->step = ATTACH_CLOSING;
		stream_close(s->user, "silent, and others wait");
		return true;
	}
	return false;
}

static void
attach_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct attach *a = arg;
	struct session *s;
	struct err e = ERR_INIT;
	uid_t uid;
	struct stream_spec user = {
		.fd = fd,
		.in_max = ATTACH_FRAME_MAX + FRAME_HEADER,
		.on_data = session_user_data,
		.on_drain = session_user_drain,
		.on_close = session_user_close,
	};

	(void)peer;
	if (sock_peer_uid(fd, &uid, &e) == -1 || attach_has_too_many(a, uid) ||
	    !attach_make_room(a)) {
		log_warn("attach full sessions=%u", a->n);
		(void)close(fd);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->all = a;
	s->status = -1;
	s->uid = uid;
	s->late = timer_new(a->loop, session_on_late, s);
	timer_set(s->late, ATTACH_HELLO_MS);
	TAILQ_INSERT_TAIL(&a->list, s, link);
	a->n++;
	user.arg = s;
	s->user = stream_new(a->loop, &user);
}

struct attach *
attach_new(struct loop *l, const char *home, struct apiclient *api,
    struct sandboxes *sandboxes, const struct driver *driver, struct err *e)
{
	AUTO_FREE char *name = xasprintf("unix:%s/run/agentd.sock", home);
	struct attach *a = xcalloc(1, sizeof(*a));
	struct sock_addr addr;
	int fd;

	a->loop = l;
	a->home = home;
	a->api = api;
	a->sandboxes = sandboxes;
	a->driver = driver;
	TAILQ_INIT(&a->list);
	if (sock_parse(name, &addr, e) == -1 ||
	    sock_listen(&addr, 0666, &fd, e) == -1) {
		free(a);
		return NULL;
	}
	a->listener = listener_new(l, fd, attach_on_accept, a);
	return a;
}

void
attach_on_run(struct attach *a, attach_run_fn *fn, void *arg)
{
	a->on_run = fn;
	a->on_run_arg = arg;
}

void
attach_on_proved(struct attach *a, attach_proved_fn *fn, void *arg)
{
	a->on_proved = fn;
	a->on_proved_arg = arg;
}

void
attach_free(struct attach *a)
{
	struct session *s, *next;

	if (a == NULL)
		return;
	listener_free(a->listener);
	a->listener = NULL;
	TAILQ_FOREACH(s, &a->list, link)
	{
		if (s->user != NULL)
			stream_close(s->user, "agentd ends");
		if (s->term != NULL)
			stream_close(s->term, "agentd ends");
	}
	loop_drain(a->loop);
	/* Those whose program has not ended yet. */
	TAILQ_FOREACH_SAFE(s, &a->list, link, next)
	{
		if (s->judge != NULL)
			child_forget(s->judge);
		session_free(s);
	}
	free(a);
}
