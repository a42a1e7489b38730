#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/failpoint.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"
#include "server/domain/dial_rule.h"
#include "server/jobs/hook_priv.h"
#include "server/store/deliveries.h"

enum {
	HOOKSEND_HOST_MAX = 256,
	HOOKSEND_ERROR_MAX = 400,
	HOOKSEND_HEADERS = 20,
	HOOKSEND_SLEEP_MAX = 3600 * 1000,
	HOOKSEND_BYTES = 32 << 20, /* of payloads on their way; then no more */
	HOOKSEND_AGAIN_MS = 1000   /* after the database failed */
};

/* One attempt, from its row to the row of its end. */
struct hook_sending {
	LIST_ENTRY(hook_sending) link;
	struct hook_send *s;
	struct hook hook;
	struct delivery d;
	struct fetch *fetch;
	size_t bytes;
	char host[HOOKSEND_HOST_MAX];
	struct str request; /* its head, as it is logged */
	struct str response_headers;
	struct str response_body;
	char error[HOOKSEND_ERROR_MAX];
	int64_t began; /* monotonic */
	int64_t took_ms;
	int64_t now;
	struct hook_try result;
	struct hook_next next;
	bool empty; /* nothing waits for this hook */
	bool room;  /* it was behind, and has room again */
};

LIST_HEAD(hook_sending_list, hook_sending);

struct hook_send {
	struct hook_loop_spec spec;
	struct timer *timer;
	struct hook_sending_list list;
	size_t n;
	size_t bytes; /* of their payloads */
	bool stopped;
	void (*on_room)(void *arg);
	void *arg;
};

static void
hooksend_on_timer(void *arg)
{
	hook_send_pump(arg);
}

struct hook_send *
hook_send_new(
    const struct hook_loop_spec *spec, void (*on_room)(void *arg), void *arg)
{
	struct hook_send *s = xcalloc(1, sizeof(*s));

	s->spec = *spec;
	s->on_room = on_room;
	s->arg = arg;
	s->timer = timer_new(spec->svc->loop, hooksend_on_timer, s);
	LIST_INIT(&s->list);
	return s;
}

static void
hooksend_drop(struct hook_sending *x)
{
	LIST_REMOVE(x, link);
	x->s->n--;
	x->s->bytes -= x->bytes;
	hook_release(&x->hook);
	delivery_release(&x->d);
	str_release(&x->request);
	str_release(&x->response_headers);
	str_release(&x->response_body);
	free(x);
}

void
hook_send_stop(struct hook_send *s)
{
	s->stopped = true;
	timer_cancel(s->timer);
}

void
hook_send_free(struct hook_send *s)
{
	struct hook_sending *x, *next;

	LIST_FOREACH_SAFE(x, &s->list, link, next)
		hooksend_drop(x);
	timer_free(s->timer);
	free(s);
}

/* When the last of them failed, and until when nothing is sent. */
static void
hooksend_explain(struct hook_sending *x)
{
	char at[CLOCK_TEXT_MAX];
	size_t n = strlen(x->error);

	if (!x->next.open)
		return;
	(void)snprintf(x->error + n, sizeof(x->error) - n,
	    "%s%" PRId64 " failures in a row: the hook rests until %s",
	    n > 0 ? "; " : "", x->next.failures,
	    clock_rfc3339(x->now + x->next.wait_ms, at));
}

/* When the hook is tried again, 0: nothing waits. */
static int
hooksend_due(
    struct txn *t, const struct hook_sending *x, int64_t *due, struct err *e)
{
	int64_t waiting, bytes;

	*due = 0;
	if (deliveries_waiting(t, x->hook.id, &waiting, &bytes, e) == -1)
		return -1;
	if (waiting > 0)
		*due = x->now + x->next.wait_ms;
	return 0;
}

static int
hooksend_job(struct txn *t, void *arg, struct err *e)
{
	struct hook_sending *x = arg;
	struct hook now = { .id = 0 };
	int64_t due;
	int rc;

	if (hooks_by_id(t, x->hook.id, &now, e) == -1)
		return -1;
	x->result.failures = now.failures;
	hook_release(&now);
	if (x->empty) {
		if (x->result.attempts == 0)
			x->next = (struct hook_next){ .ok = true };
		else
			hook_rule_next(&x->result, &x->next);
	} else {
		const struct delivery_result r = { .id = x->d.id,
			.hook_id = x->hook.id,
			.attempts = x->result.attempts,
			.status = x->result.status,
			.took_ms = x->took_ms,
			.error = x->error,
			.request = str_cstr(&x->request),
			.response_headers = str_cstr(&x->response_headers),
			.response_body = str_cstr(&x->response_body),
			.now = x->now };
		struct delivery_result w = r;

		hook_rule_next(&x->result, &x->next);
		hooksend_explain(x);
		w.state = x->next.ok ? DELIVERY_OK
		    : x->next.over   ? DELIVERY_FAILED
				     : DELIVERY_WAITS;
		rc = deliveries_result(t, &w, e);
		if (rc == -1)
			return -1;
	}
	if (hooksend_due(t, x, &due, e) == -1 ||
	    hooks_behind_room(t, x->hook.id, x->now, &x->room, e) == -1)
		return -1;
	return hooks_tried(t, x->hook.id, x->next.failures,
	    x->next.open ? x->now + x->next.wait_ms : 0, due, e);
}

/* Given up meanwhile: the hook goes on with what is left. */
static int
hooksend_skip_job(struct txn *t, void *arg, struct err *e)
{
	struct hook_sending *x = arg;

	x->empty = true;
	return hooksend_job(t, x, e);
}

static void
hooksend_log(const struct hook_sending *x)
{
	if (x->empty)
		return;
	if (x->next.ok)
		log_debug("hook delivered hook=%" PRId64 " delivery=%" PRId64
			  " status=%d ms=%" PRId64,
		    x->hook.id, x->d.id, x->result.status, x->took_ms);
	else
		log_warn("hook failed hook=%" PRId64 " delivery=%" PRId64
			 " attempt=%" PRId64 " status=%d reason=%s",
		    x->hook.id, x->d.id, x->result.attempts, x->result.status,
		    log_val(x->error));
}

static void
hooksend_written(const struct err *fail, void *arg)
{
	struct hook_sending *x = arg;
	struct hook_send *s = x->s;

	if (fail != NULL && fail->code == ERR_EXISTS && !x->empty) {
		db_write(
		    s->spec.svc->db, hooksend_skip_job, hooksend_written, x);
		return;
	}
	if (fail != NULL && fail->code != ERR_NOTFOUND) {
		log_error("hook result hook=%" PRId64 " err=%s", x->hook.id,
		    log_val(fail->msg));
		hooksend_drop(x);
		if (!s->stopped)
			timer_set(s->timer, HOOKSEND_AGAIN_MS);
		return;
	}
	if (fail == NULL)
		hooksend_log(x);
	if (fail == NULL && x->room && !s->stopped)
		s->on_room(s->arg);
	hooksend_drop(x);
	hook_send_pump(s);
}

static void
hooksend_end(struct hook_sending *x)
{
	x->now = x->s->spec.svc->now();
	x->took_ms = clock_mono_ms() - x->began;
	x->result.wait_ms = x->s->spec.retry_ms;
	db_write(x->s->spec.svc->db, hooksend_job, hooksend_written, x);
}

/* Bytes of a peer as text for the log: what is no UTF-8, and NUL, is '?'. */
static void
hooksend_text(struct str *out, struct view v)
{
	while (v.len > 0) {
		uint32_t cp = 0;
		size_t n = utf8_decode(v, &cp);

		if (n == 0 || cp == 0) {
			str_addc(out, '?');
			n = 1;
		} else {
			str_addn(out, v.p, n);
		}
		v = view_from(v, n);
	}
}

static void
hooksend_on_reply(const struct fetch_reply *r, void *arg)
{
	struct hook_sending *x = arg;
	AUTO_STR struct str headers = STR_INIT_MAX(HOOK_HEADERS_MAX);

	if (x->s->stopped)
		return; /* it is sent again, with the same id */
	x->result.status = r->error == 0 ? r->status : 0;
	/* What libcurl takes for no URL will be none the next time. */
	x->result.refused = r->refused || r->error == ERR_INVALID;
	fetch_headers(x->fetch, &headers);
	hooksend_text(&x->response_headers, str_view(&headers));
	hooksend_text(&x->response_body, r->body);
	if (r->refused)
		(void)snprintf(x->error, sizeof(x->error),
		    "%s is not a public address: [server] webhook_allow does "
		    "not list it",
		    x->host);
	else if (r->error != 0)
		(void)snprintf(
		    x->error, sizeof(x->error), "%.200s", r->error_text);
	else if (r->status < 200 || r->status > 299)
		(void)snprintf(x->error, sizeof(x->error),
		    "the receiver answered %d", r->status);
	if (r->error == 0)
		FAIL_POINT(hook_sent);
	x->fetch = NULL;
	hooksend_end(x);
}

static bool
hooksend_may_dial(const struct sockaddr *sa, socklen_t len, void *arg)
{
	const struct hook_sending *x = arg;

	return dial_rule_ok(x->s->spec.dial, x->host, sa, len);
}

static const char *
hooksend_target(const struct hook *h)
{
	if (h->project_id != 0)
		return "repository";
	return h->account_id != 0 ? "user" : "system";
}

/* The head of the request, one string a line; the logged one hides what is
 * secret. */
static void
hooksend_headers(struct hook_sending *x, struct view body, struct str *out)
{
	static const char *const makers[] = { "Gitea", "Gogs", "GitHub" };
	const char *type = hook_type_name(x->d.type);
	const char *group = hook_type_group(x->d.type);
	char sha256[HOOK_SIGN_256_HEX + 1], sha1[HOOK_SIGN_1_HEX + 1];

	hook_sign_256(x->hook.secret, body, sha256);
	hook_sign_1(x->hook.secret, body, sha1);
	str_addf(out, "Content-Type: %s\n",
	    x->hook.form ? "application/x-www-form-urlencoded"
			 : "application/json");
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		str_addf(out, "X-%s-Delivery: %s\n", makers[i], x->d.uuid);
		str_addf(out, "X-%s-Event: %s\n", makers[i], group);
		str_addf(out, "X-%s-Event-Type: %s\n", makers[i], type);
	}
	/* libcurl sends "Name;" as a header without a value. */
	for (size_t i = 0; i < 2; i++)
		str_addf(out, "X-%s-Signature%s%s\n", makers[i],
		    sha256[0] != '\0' ? ": " : ";", sha256);
	str_addf(out, "X-Hub-Signature: sha1=%s\n", sha1);
	str_addf(out, "X-Hub-Signature-256: sha256=%s\n", sha256);
	str_addf(out, "X-Gitea-Hook-Installation-Target-Type: %s\n",
	    hooksend_target(&x->hook));
	str_addf(out, "X-GitHub-Hook-Installation-Target-Type: %s\n",
	    hooksend_target(&x->hook));
}

static void
hooksend_body(const struct hook_sending *x, struct str *out)
{
	if (!x->hook.form) {
		str_add(out, x->d.payload);
		return;
	}
	str_add(out, "payload=");
	esc_url(out, view_of(x->d.payload));
}

static int
hooksend_begin(struct hook_sending *x, struct err *e)
{
	AUTO_STR struct str body = STR_INIT, head = STR_INIT;
	AUTO_FREE char *authorization = NULL;
	const char *lines[HOOKSEND_HEADERS + 2] = { NULL };
	struct fetch_spec spec = { .method = "POST",
		.url = x->hook.url,
		.headers = lines,
		.max_reply = HOOK_BODY_MAX,
		.cut_reply = true,
		.connect_ms = HOOK_LIMIT_MS,
		.limit_ms = HOOK_LIMIT_MS,
		.may_dial = hooksend_may_dial,
		.on_done = hooksend_on_reply,
		.arg = x };
	char *p, *save = NULL;
	size_t n = 0;
	int rc;

	if (!hook_rule_host(x->hook.url, x->host, sizeof(x->host)))
		return err_set(e, ERR_INVALID, "the URL has no host");
	hooksend_body(x, &body);
	if (!str_ok(&body))
		return err_set(e, ERR_LIMIT, "the payload is too large");
	spec.body = str_view(&body);
	hooksend_headers(x, spec.body, &head);
	str_addf(&x->request, "POST %s\n%s", x->hook.url, str_cstr(&head));
	for (p = strtok_r(head.p, "\n", &save);
	     p != NULL && n < HOOKSEND_HEADERS; p = strtok_r(NULL, "\n", &save))
		lines[n++] = p;
	if (x->hook.authorization[0] != '\0') {
		authorization = xasprintf(
		    "Authorization: %s", x->hook.authorization);
		lines[n] = authorization;
		str_add(&x->request, "Authorization: ******\n");
	}
	rc = fetch_start(x->s->spec.net, &spec, &x->fetch, e);
	if (authorization != NULL)
		explicit_bzero(authorization, strlen(authorization));
	return rc;
}

static void
hooksend_start(struct hook_send *s, int64_t hook_id)
{
	struct hook_sending *x = xcalloc(1, sizeof(*x));
	struct txn *t = db_reader(s->spec.svc->db);
	struct err e = ERR_INIT;

	x->s = s;
	x->began = clock_mono_ms();
	LIST_INSERT_HEAD(&s->list, x, link);
	s->n++;
	if (hooks_by_id(t, hook_id, &x->hook, &e) == -1) {
		hooksend_drop(x);
		return;
	}
	if (deliveries_head(t, hook_id, &x->d, &e) == -1) {
		if (e.code != ERR_NOTFOUND) {
			log_error("hook read hook=%" PRId64 " err=%s", hook_id,
			    log_val(e.msg));
			hooksend_drop(x);
			timer_set(s->timer, HOOKSEND_AGAIN_MS);
			return;
		}
		x->empty = true;
		hooksend_end(x);
		return;
	}
	x->result.attempts = x->d.attempts + 1;
	x->bytes = strlen(x->d.payload);
	s->bytes += x->bytes;
	if (hooksend_begin(x, &e) == 0) {
		/* The request has a copy. */
		free(x->d.payload);
		x->d.payload = NULL;
		return;
	}
	(void)snprintf(x->error, sizeof(x->error), "%.200s", e.msg);
	x->result.refused = true;
	hooksend_end(x);
}

static bool
hooksend_runs(const struct hook_send *s, int64_t hook_id)
{
	const struct hook_sending *x;

	LIST_FOREACH(x, &s->list, link)
		if (x->hook.id == hook_id)
			return true;
	return false;
}

/* For one more; each that ends asks again. */
static bool
hooksend_room(const struct hook_send *s)
{
	return s->n < HOOK_AT_ONCE && s->bytes < HOOKSEND_BYTES;
}

static void
hooksend_sleep(struct hook_send *s, int64_t now)
{
	struct err e = ERR_INIT;
	int64_t at = 0, ms = HOOKSEND_SLEEP_MAX;

	if (hooks_next_due(db_reader(s->spec.svc->db), now, &at, &e) == -1)
		at = now + HOOKSEND_AGAIN_MS;
	if (at != 0 && at - now < ms)
		ms = at - now;
	timer_set(s->timer, ms > 0 ? ms : 1);
}

void
hook_send_pump(struct hook_send *s)
{
	int64_t ids[2 * HOOK_AT_ONCE], now = s->spec.svc->now();
	struct err e = ERR_INIT;
	size_t n = 0;

	if (s->stopped || !hooksend_room(s))
		return;
	if (hooks_due(db_reader(s->spec.svc->db), now, s->n + HOOK_AT_ONCE, ids,
		&n, &e) == -1) {
		log_error("hook due err=%s", log_val(e.msg));
		timer_set(s->timer, HOOKSEND_AGAIN_MS);
		return;
	}
	for (size_t i = 0; i < n && hooksend_room(s); i++)
		if (!hooksend_runs(s, ids[i]))
			hooksend_start(s, ids[i]);
	hooksend_sleep(s, now);
}
