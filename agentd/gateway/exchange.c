#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agentd/gateway/capture.h"
#include "agentd/gateway/exchange_priv.h"
#include "agentd/gateway/grants.h"
#include "agentd/gateway/record.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/httpd/httpd.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"

enum {
	EXCHANGES_MAX = 1024,
	EXCHANGES_OF_GRANT_MAX = 32,
	EXCHANGE_QUERY_MAX = 100,
	EXCHANGE_SHARE = 4, /* a project's of the room for bodies: 1 in 4 */
	EXCHANGE_UPLOAD_RATE = 256, /* bytes in a ms, beyond the first wait */
	EXCHANGE_LATE_MS = 10 * 1000
};

static struct exchange *
exchange_new(struct gateway *g, struct request *q)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->g = g;
	x->q = q;
	x->id = ++g->last;
	x->shape = PROVIDER_OPENAI;
	x->began = x->sent = clock_mono_ms();
	x->began_at = clock_now_ms();
	x->first = x->cut = -1;
	LIST_INSERT_HEAD(&g->exchanges, x, entry);
	g->n_exchanges++;
	return x;
}

static void
exchange_hold_bytes(struct exchange *x, size_t n)
{
	x->g->buffered += n - x->buffered;
	x->buffered = n;
}

void
exchange_capture(struct exchange *x, struct view chunk)
{
	size_t room = CAPTURE_BODY_MAX - x->said.len;

	if (x->g->capture != NULL)
		str_addn(
		    &x->said, chunk.p, chunk.len < room ? chunk.len : room);
}

void
exchange_keep(const struct exchange *x, const char *part, struct view bytes)
{
	const struct capture_what what = { .who = x->who,
		.at = x->began_at,
		.exchange = x->id,
		.part = part,
		.bytes = bytes,
		.key = view_of(x->key) };

	if (x->g->capture != NULL)
		capture_add(x->g->capture, &what);
}

void
exchange_drop_body(struct exchange *x)
{
	str_release(&x->body);
	exchange_hold_bytes(x, 0);
}

static void
exchange_free(struct exchange *x)
{
	struct gateway *g = x->g;

	if (x->waits_for_key)
		provider_key_forget(x->provider, x);
	exchange_keep(x, "reply.txt", str_view(&x->said));
	str_release(&x->said);
	timer_free(x->held);
	timer_free(x->upload);
	if (x->key != NULL)
		explicit_bzero(x->key, strlen(x->key));
	free(x->key);
	usage_release(&x->usage);
	scrub_release(&x->scrub);
	str_release(&x->out);
	provider_drop(x->provider);
	exchange_drop_body(x);
	LIST_REMOVE(x, entry);
	g->n_exchanges--;
	free(x);
	if (g->stopping && g->n_exchanges == 0)
		loop_stop(g->loop);
}

static void
exchange_record(struct exchange *x, int64_t cost, bool estimated)
{
	int64_t now = clock_mono_ms();
	const struct record_line line = { .at = x->began_at,
		.exchange = x->id,
		.who = x->who,
		.provider = provider_name(x->provider),
		.path = x->route->path,
		.model = x->ask.model,
		.served = x->usage.usage.model,
		.result = x->result == NULL ? "done" : x->result,
		.status = x->status,
		.upstream = x->upstream,
		.stream = x->ask.stream,
		.estimated = estimated,
		.tokens = x->usage.usage.tokens,
		.reserved = x->reserved,
		.cost = cost,
		.bytes_up = x->length,
		.bytes_down = x->usage.bytes,
		.own_ms = x->sent - x->began,
		.first_ms = x->first == -1 ? -1 : x->first - x->began,
		.all_ms = now - x->began };

	record_add(x->g->record, &line);
	tally_add(&x->g->tally, &line);
}

void
exchange_settle(struct exchange *x, int64_t cost, bool estimated)
{
	if (x->seq != 0) {
		FAIL_POINT(gateway_settle);
		ledger_settle(x->g->ledger, x->seq, cost);
		x->seq = 0;
		gateway_journal_moved(x->g);
		/* What waits for this one's reservation is the client's. */
	}
	if (x->route != NULL && x->cut >= 0)
		exchange_record(x, x->cut, true);
	else if (x->route != NULL)
		exchange_record(x, cost, estimated);
}

void
exchange_release(struct exchange *x)
{
	if (x->q == NULL && x->fetch == NULL)
		exchange_free(x);
}

void
exchange_refuse(struct exchange *x, enum refusal r, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(400);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	x->status = refuse_status(r);
	if (x->result == NULL)
		x->result = refuse_word(r);
	if (x->q != NULL)
		refuse_send(x->q, x->shape, r, str_cstr(&text));
}

void
exchange_end(struct exchange *x, enum refusal r, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(400);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	exchange_refuse(x, r, "%s", str_cstr(&text));
	exchange_settle(x, 0, false);
}

static void
exchange_on_close(struct request *q, const char *reason, void *arg)
{
	struct exchange *x = arg;

	(void)q;
	x->q = NULL;
	if (x->fetch != NULL) {
		/* What the provider does for nobody is paid as well. */
		if (x->result == NULL)
			x->result = "client_left";
		fetch_cancel(x->fetch);
		if (x->paused)
			fetch_pause(x->fetch, false);
		return;
	}
	if (x->held != NULL || x->waits_for_key) {
		if (x->result == NULL)
			x->result = "client_left";
		exchange_settle(x, 0, false);
	}
	log_debug("gateway close exchange=%llu why=%s",
	    (unsigned long long)x->id, log_val(reason));
	exchange_release(x);
}

/* What the provider fetches comes past the sandbox's network mode. */
static int
exchange_check_web(const struct exchange *x, struct err *e)
{
	const struct grant *t = grants_by_id(x->g->grants, x->grant);

	if (!x->ask.web || (t != NULL && grants_may_web(x->g->grants, t)))
		return 0;
	return err_set(e, ERR_DENIED,
	    "the provider would reach the web, which this sandbox may not: "
	    "switch the agent's web search off");
}

static void
exchange_on_body(struct request *q, void *arg)
{
	struct exchange *x = arg;
	struct err e = ERR_INIT;

	if (x->late)
		return;
	timer_cancel(x->upload);
	request_take_body(q, &x->body);
	x->length = x->body.len;
	exchange_hold_bytes(x, x->body.cap);
	if (ask_read(str_view(&x->body), x->route->api, &x->ask, &e) == -1 ||
	    exchange_check_web(x, &e) == -1 || exchange_estimate(x, &e) == -1)
		exchange_end(x,
		    e.code == ERR_DENIED ? REFUSE_DENIED : REFUSE_BODY, "%s",
		    e.msg);
	else
		exchange_admit(x);
}

/* Twice: it is told, which it hears when it ends its body; then it is cut. */
static void
exchange_on_late(void *arg)
{
	struct exchange *x = arg;

	if (x->q == NULL)
		return;
	if (x->late) {
		request_cut(x->q);
		return;
	}
	x->late = true;
	request_take_body(x->q, &x->body);
	x->length = x->body.len;
	exchange_drop_body(x);
	timer_set(x->upload, EXCHANGE_LATE_MS);
	exchange_end(x, REFUSE_UPLOAD, "the request's body came too slowly");
}

/* Its body has room, for as long as a body needs. */
static void
exchange_collect(struct exchange *x)
{
	struct gateway *g = x->g;

	x->upload = timer_new(g->loop, exchange_on_late, x);
	timer_set(x->upload,
	    g->cfg->upload_ms + (int64_t)(x->buffered / EXCHANGE_UPLOAD_RATE));
	request_collect(x->q, g->cfg->max_body, exchange_on_body, x);
}

/* The token that a client sends as if it were the provider's key. */
static const struct grant *
exchange_token(const struct exchange *x)
{
	const char *h = request_header_in(x->q, "x-api-key");
	const struct grant *t = NULL;

	if (h != NULL)
		t = grants_find(x->g->grants, h, x->began_at);
	h = request_header_in(x->q, "Authorization");
	if (t == NULL && h != NULL && strncasecmp(h, "Bearer ", 7) == 0)
		t = grants_find(x->g->grants, h + 7, x->began_at);
	return t;
}

static bool
exchange_identify(struct exchange *x, const struct grant **out)
{
	const struct grant *t = exchange_token(x);
	struct err e = ERR_INIT;
	uint64_t project = 0;

	(void)num_u64(request_label(x->q), 1, INT64_MAX, &project, &e);
	if (t == NULL) {
		gateway_alarm(x->g, "no-token", project, "");
		exchange_refuse(x, REFUSE_NO_TOKEN,
		    "this is not a token of the gateway, or its run is over");
		return false;
	}
	if (t->who.project != project) {
		gateway_alarm(x->g, "foreign-token", project, "");
		exchange_refuse(x, REFUSE_NOT_HERE,
		    "this token belongs to another sandbox");
		return false;
	}
	x->grant = t->id;
	x->who = t->who;
	*out = t;
	return true;
}

/* "/NAME/v1/…" exactly as it is sent. */
static bool
exchange_find_route(struct exchange *x, const char **path)
{
	const char *raw = request_raw_path(x->q), *rest = NULL;
	AUTO_FREE char *name = NULL;

	if (raw[0] == '/')
		rest = strchr(raw + 1, '/');
	if (rest == NULL)
		return false;
	name = xstrndup(raw + 1, (size_t)(rest - raw - 1));
	x->provider = provider_hold(providers_find(x->g->providers, name));
	*path = rest;
	if (x->provider == NULL)
		return false;
	x->shape = provider_kind(x->provider);
	return true;
}

static bool
exchange_query_ok(const struct exchange *x)
{
	const char *query = request_raw_query(x->q);

	return strlen(query) <= EXCHANGE_QUERY_MAX &&
	    query[strspn(query,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_=&.-")] == '\0';
}

static bool
exchange_may(struct exchange *x, const struct grant *t, const char *path)
{
	const char *name;

	if (x->provider == NULL) {
		exchange_refuse(
		    x, REFUSE_PATH, "the gateway has no provider at this path");
		return false;
	}
	name = provider_name(x->provider);
	if (!grant_has_provider(t, name)) {
		exchange_refuse(x, REFUSE_PROVIDER,
		    "this run may not use provider %s", name);
		return false;
	}
	x->route = provider_route_find(x->provider,
	    request_is_head(x->q) ? "HEAD" : request_method(x->q), path);
	if (x->route == NULL || !exchange_query_ok(x)) {
		gateway_alarm(x->g, "path", x->who.project, path);
		exchange_refuse(x, REFUSE_PATH,
		    "the gateway does not pass this request to provider %s",
		    name);
		x->route = NULL;
		return false;
	}
	return true;
}

static bool
exchange_has_room(struct exchange *x)
{
	struct gateway *g = x->g;
	const struct exchange *o;
	int64_t length = request_length(x->q);
	size_t most = g->cfg->max_bodies, own = 0;
	size_t want = length < 0 ? g->cfg->max_body : (size_t)length;
	unsigned n = 0;

	LIST_FOREACH(o, &g->exchanges, entry) {
		n += o->grant == x->grant;
		if (o->who.project == x->who.project)
			own += o->buffered;
	}
	if (length >= 0 && want > g->cfg->max_body) {
		exchange_end(x, REFUSE_TOO_LARGE,
		    "the request is over %" PRIu64 " bytes", g->cfg->max_body);
		return false;
	}
	if (n > EXCHANGES_OF_GRANT_MAX || g->n_exchanges > EXCHANGES_MAX ||
	    g->stopping || want > most || g->buffered > most - want ||
	    (own > 0 && own + want > most / EXCHANGE_SHARE)) {
		exchange_end(x, REFUSE_BUSY,
		    "the gateway has too many requests under way");
		return false;
	}
	exchange_hold_bytes(x, want);
	return true;
}

void
exchange_on_request(struct request *q, void *arg)
{
	struct gateway *g = arg;
	struct exchange *x = exchange_new(g, q);
	const struct grant *t = NULL;
	const char *path = "";

	request_on_close(q, exchange_on_close, x);
	(void)exchange_find_route(x, &path);
	if (!exchange_identify(x, &t) || !exchange_may(x, t, path) ||
	    !exchange_has_room(x))
		return;
	if (strcmp(x->route->method, "POST") == 0)
		exchange_collect(x);
	else
		exchange_admit(x);
}

static void
exchange_cut(struct exchange *x)
{
	if (x->q != NULL)
		request_cut(x->q);
}

/* At once: who ends a run is told what it cost. */
static void
exchange_settle_cut(struct exchange *x)
{
	if (x->seq == 0)
		return;
	x->cut = x->fetch == NULL ? 0 : exchange_guess(x);
	ledger_settle(x->g->ledger, x->seq, x->cut);
	x->seq = 0;
	if (x->result == NULL)
		x->result = "revoked";
}

void
exchanges_cut(struct gateway *g, uint64_t run, uint64_t project)
{
	struct exchange *x, *next;

	LIST_FOREACH_SAFE(x, &g->exchanges, entry, next)
		if (x->grant != 0 && x->who.run == run &&
		    (run != 0 || x->who.project == project)) {
			exchange_settle_cut(x);
			exchange_cut(x);
		}
}

void
exchanges_cut_web(struct gateway *g, uint64_t project)
{
	struct exchange *x, *next;

	LIST_FOREACH_SAFE(x, &g->exchanges, entry, next)
		if (x->who.project == project && x->ask.web) {
			exchange_settle_cut(x);
			exchange_cut(x);
		}
}

void
exchanges_cut_all(struct gateway *g)
{
	struct exchange *x, *next;

	LIST_FOREACH_SAFE(x, &g->exchanges, entry, next)
		exchange_cut(x);
}
