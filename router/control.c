#include "router/control.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "router/clients.h"
#include "router/egress_log.h"
#include "router/egress_read.h"
#include "router/guard.h"

enum {
	CONTROL_LINE_MAX = 512 << 10, /* a policy of all rules */
	CONTROL_REPLY_MAX = 16 << 20, /* 65,000 projects */
	CONTROL_CLIENTS_MAX = 64,
	CONTROL_LOG_MAX = 200,
	CONTROL_LOG_DEFAULT = 50,
	CONTROL_WAIT_MAX = 30000, /* ms */
	CONTROL_GATHER_MS = 20    /* news of the log, before they are told */
};

struct control {
	struct loop *loop;
	struct guard *guard;
	struct listener *listener;
	struct map *peers;
	uint64_t last;
	TAILQ_HEAD(, control_peer) waiting; /* for the log */
	struct timer *news, *late;
};

struct control_peer {
	uint64_t id;
	struct control *control;
	struct stream *stream;
	bool busy; /* a reply is owed; later lines wait */
	TAILQ_ENTRY(control_peer) entry;
	bool waiting;
	int64_t deadline_ms;
	struct egress_ask ask;
};

/* What a change needs to find who asked. */
struct control_ticket {
	struct control *control;
	uint64_t peer;
	char *reply; /* when it succeeds; NULL for {"ok":true} */
};

/* Fills out now, or returns CONTROL_LATER. */
enum control_result {
	CONTROL_DONE,
	CONTROL_LATER,
	CONTROL_FAILED
};

typedef enum control_result control_op_fn(struct control_peer *p,
    const struct json *req, struct str *out, struct err *e);

static void
control_reply_ok(struct str *out)
{
	str_add(out, "{\"ok\":true}");
}

static void
control_reply_error(struct str *out, const struct err *e)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", false);
	jw_str(&w, "error", e->msg);
	jw_end(&w);
}

static void
control_send(struct control_peer *p, struct str *out)
{
	str_addc(out, '\n');
	p->busy = false;
	stream_write(p->stream, out->p, out->len);
	/* The next line may be there already. */
	stream_resume(p->stream);
}

static void
control_on_changed(const struct err *e, void *arg)
{
	struct control_ticket *t = arg;
	struct control_peer *p = map_get_u64(t->control->peers, t->peer);
	AUTO_FREE char *reply = t->reply;
	AUTO_STR struct str out = STR_INIT;

	free(t);
	if (p == NULL)
		return; /* gone meanwhile */
	if (e != NULL)
		control_reply_error(&out, e);
	else if (reply != NULL)
		str_add(&out, reply);
	else
		control_reply_ok(&out);
	control_send(p, &out);
}

static struct control_ticket *
control_ticket_new(const struct control_peer *p)
{
	struct control_ticket *t = xcalloc(1, sizeof(*t));

	t->control = p->control;
	t->peer = p->id;
	return t;
}

/* A member that must be there. */
static int
control_id(const struct json *req, uint32_t *id, struct err *e)
{
	int64_t n = 0;
	int rc = json_i64(req, "id", 1, UINT32_MAX, &n, e);

	if (rc == 1)
		return err_set(e, ERR_INVALID, "id is missing");
	*id = (uint32_t)n;
	return rc;
}

static enum control_result
control_hello(struct control_peer *p, const struct json *req, struct str *out,
    struct err *e)
{
	(void)req;
	(void)e;
	guard_hello(p->control->guard, out);
	return CONTROL_DONE;
}

static enum control_result
control_project_set(struct control_peer *p, const struct json *req,
    struct str *out, struct err *e)
{
	AUTO_STR struct str reply = STR_INIT;
	struct egress_policy *policy;
	struct control_ticket *t;
	uint32_t id = 0;

	(void)out;
	if (control_id(req, &id, e) == -1)
		return CONTROL_FAILED;
	policy = egress_read(req, e);
	if (policy == NULL) {
		/* What was set before stays. */
		guard_project_refused(p->control->guard, id, e->msg);
		return CONTROL_FAILED;
	}
	egress_write_taken(policy, &reply);
	t = control_ticket_new(p);
	t->reply = str_steal(&reply);
	if (guard_project_set(
		p->control->guard, id, policy, control_on_changed, t, e) == 0)
		return CONTROL_LATER;
	egress_policy_free(policy);
	free(t->reply);
	free(t);
	return CONTROL_FAILED;
}

static enum control_result
control_project_del(struct control_peer *p, const struct json *req,
    struct str *out, struct err *e)
{
	struct control_ticket *t;
	uint32_t id = 0;

	(void)out;
	if (control_id(req, &id, e) == -1)
		return CONTROL_FAILED;
	t = control_ticket_new(p);
	if (guard_project_del(
		p->control->guard, id, control_on_changed, t, e) == 0)
		return CONTROL_LATER;
	free(t);
	return CONTROL_FAILED;
}

static enum control_result
control_projects(struct control_peer *p, const struct json *req,
    struct str *out, struct err *e)
{
	(void)req;
	(void)e;
	guard_projects(p->control->guard, out);
	return CONTROL_DONE;
}

static enum control_result
control_host_set(struct control_peer *p, const struct json *req,
    struct str *out, struct err *e)
{
	const struct json *list = json_get(req, "addresses");
	struct control_ticket *t;
	const char **texts;
	size_t n = 0;
	int rc;

	(void)out;
	if (!json_is_array(list) || json_count(list) > CLIENTS_HOST_MAX) {
		err_set(e, ERR_INVALID,
		    "addresses must be a list of at most %d", CLIENTS_HOST_MAX);
		return CONTROL_FAILED;
	}
	texts = xcalloc(json_count(list) + 1, sizeof(*texts));
	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		texts[n++] = json_string(j);
	t = control_ticket_new(p);
	rc = guard_host_set(
	    p->control->guard, texts, n, control_on_changed, t, e);
	free(texts);
	if (rc == 0)
		return CONTROL_LATER;
	free(t);
	return CONTROL_FAILED;
}

static void
control_stop_waiting(struct control_peer *p)
{
	if (p->waiting)
		TAILQ_REMOVE(&p->control->waiting, p, entry);
	p->waiting = false;
}

/* When the first of those who wait has waited long enough. */
static void
control_arm_late(struct control *c)
{
	const struct control_peer *p;
	int64_t first = INT64_MAX, left;

	TAILQ_FOREACH(p, &c->waiting, entry)
	{
		if (p->deadline_ms < first)
			first = p->deadline_ms;
	}
	if (first == INT64_MAX) {
		timer_cancel(c->late);
		return;
	}
	left = first - clock_mono_ms();
	timer_set(c->late, left > 0 ? left : 0);
}

static void
control_tell_waiting(struct control *c)
{
	struct control_peer *p, *next;
	int64_t now = clock_mono_ms();

	TAILQ_FOREACH_SAFE(p, &c->waiting, entry, next)
	{
		AUTO_STR struct str out = STR_INIT_MAX(CONTROL_REPLY_MAX);

		if (guard_log(c->guard, &p->ask, &out) == 0 &&
		    now < p->deadline_ms)
			continue;
		control_stop_waiting(p);
		control_send(p, &out);
	}
	control_arm_late(c);
}

static void
control_on_timer(void *arg)
{
	control_tell_waiting(arg);
}

void
control_on_log(struct control *c)
{
	if (c != NULL && c->news != NULL && !TAILQ_EMPTY(&c->waiting) &&
	    !timer_pending(c->news))
		timer_set(c->news, CONTROL_GATHER_MS);
}

static enum control_result
control_log(struct control_peer *p, const struct json *req, struct str *out,
    struct err *e)
{
	int64_t limit = CONTROL_LOG_DEFAULT, id = 0, since = 0, wait = 0;
	int follow = json_i64(req, "since", 0, INT64_MAX, &since, e);

	if (follow == -1 || json_i64(req, "id", 1, UINT32_MAX, &id, e) == -1 ||
	    json_i64(req, "limit", 1, CONTROL_LOG_MAX, &limit, e) == -1 ||
	    json_i64(req, "wait", 0, CONTROL_WAIT_MAX, &wait, e) == -1)
		return CONTROL_FAILED;
	p->ask = (struct egress_ask){ .id = (uint32_t)id,
		.limit = (size_t)limit,
		.follow = follow == 0,
		.since = (uint64_t)since };
	if (guard_log(p->control->guard, &p->ask, out) > 0 || wait == 0 ||
	    !p->ask.follow)
		return CONTROL_DONE;
	p->deadline_ms = clock_mono_ms() + wait;
	p->waiting = true;
	TAILQ_INSERT_TAIL(&p->control->waiting, p, entry);
	control_arm_late(p->control);
	return CONTROL_LATER;
}

static const struct control_op {
	const char *name;
	control_op_fn *fn;
} control_ops[] = {
	{ "hello", control_hello },
	{ "project.set", control_project_set },
	{ "project.del", control_project_del },
	{ "projects", control_projects },
	{ "host.set", control_host_set },
	{ "log", control_log },
};

static enum control_result
control_dispatch(
    struct control_peer *p, struct view line, struct str *out, struct err *e)
{
	struct json *req = json_parse(line, CONTROL_LINE_MAX, e);
	enum control_result r = CONTROL_FAILED;
	const char *op;

	if (req == NULL)
		return r;
	op = json_str_or(req, "op", "");
	err_set(e, ERR_INVALID, "no such op: %s", log_val(op));
	for (size_t i = 0; i < sizeof(control_ops) / sizeof(control_ops[0]);
	     i++) {
		if (strcmp(control_ops[i].name, op) == 0) {
			r = control_ops[i].fn(p, req, out, e);
			break;
		}
	}
	json_free(req);
	return r;
}

static void
control_on_line(struct control_peer *p, struct view line)
{
	AUTO_STR struct str out = STR_INIT_MAX(CONTROL_REPLY_MAX);
	struct err e = ERR_INIT;

	p->busy = true;
	switch (control_dispatch(p, line, &out, &e)) {
	case CONTROL_LATER:
		stream_pause(p->stream);
		return;
	case CONTROL_FAILED:
		log_warn("control refused err=%s", log_val(e.msg));
		str_reset(&out);
		control_reply_error(&out, &e);
		break;
	case CONTROL_DONE:
		break;
	}
	control_send(p, &out);
}

static void
control_on_data(struct stream *s, struct view in, void *arg)
{
	struct control_peer *p = arg;

	while (!p->busy && in.len > 0) {
		const char *nl = memchr(in.p, '\n', in.len);
		AUTO_STR struct str line = STR_INIT;

		if (nl == NULL) {
			if (in.len >= CONTROL_LINE_MAX)
				stream_close(s, "line too long");
			return;
		}
		str_addn(&line, in.p, (size_t)(nl - in.p));
		stream_take(s, (size_t)(nl - in.p) + 1);
		control_on_line(p, str_view(&line));
		in = stream_input(s);
	}
}

static void
control_on_close(struct stream *s, const char *reason, void *arg)
{
	struct control_peer *p = arg;

	(void)s;
	log_debug("control close peer=%llu why=%s", (unsigned long long)p->id,
	    log_val(reason));
	control_stop_waiting(p);
	map_del_u64(p->control->peers, p->id);
	free(p);
}

static void
control_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct control *c = arg;
	struct control_peer *p;
	struct err e = ERR_INIT;
	uid_t uid = (uid_t)-1;

	(void)peer;
	if (sock_peer_uid(fd, &uid, &e) == -1 || uid != 0 ||
	    map_count(c->peers) >= CONTROL_CLIENTS_MAX) {
		log_warn("control refused uid=%u peers=%zu", (unsigned)uid,
		    map_count(c->peers));
		(void)close(fd);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->id = ++c->last;
	p->control = c;
	map_put_u64(c->peers, p->id, p);
	p->stream = stream_new(c->loop,
	    &(const struct stream_spec){ .fd = fd,
		.in_max = CONTROL_LINE_MAX,
		.out_max = CONTROL_REPLY_MAX,
		.on_data = control_on_data,
		.on_close = control_on_close,
		.arg = p });
}

struct control *
control_new(struct loop *l, int fd, struct guard *guard)
{
	struct control *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->guard = guard;
	c->peers = map_new();
	TAILQ_INIT(&c->waiting);
	c->news = timer_new(l, control_on_timer, c);
	c->late = timer_new(l, control_on_timer, c);
	c->listener = listener_new(l, fd, control_on_accept, c);
	return c;
}

void
control_stop(struct control *c)
{
	size_t cursor = 0;
	void *p;

	if (c == NULL)
		return;
	listener_free(c->listener);
	timer_free(c->news);
	timer_free(c->late);
	c->news = NULL;
	c->late = NULL;
	while (map_next(c->peers, &cursor, NULL, &p))
		stream_close(((struct control_peer *)p)->stream, "shutdown");
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	map_free(c->peers);
	free(c);
}
