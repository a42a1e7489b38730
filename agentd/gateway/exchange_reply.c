#include <string.h>

#include "agentd/gateway/exchange_priv.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd.h"
#include "lib/net/fetch.h"

enum {
	EXCHANGE_DOWN_MAX = 512 << 20 /* of one reply */
};

/* What of a reply's head goes to the client, beside its type. */
static const char *const exchange_headers_down[] = { "request-id",
	"x-request-id", "retry-after", "retry-after-ms", "x-should-retry" };

static void
exchange_pass_headers(struct exchange *x)
{
	for (size_t i = 0; i <
	     sizeof(exchange_headers_down) / sizeof(exchange_headers_down[0]);
	     i++) {
		const char *v = fetch_header(
		    x->fetch, exchange_headers_down[i]);

		if (v != NULL && strlen(v) < EXCHANGE_OUT_LOW &&
		    (*x->key == '\0' || strstr(v, x->key) == NULL))
			request_header(x->q, exchange_headers_down[i], v);
	}
	/* Whatever stands between must hand on each event at once. */
	request_header(x->q, "cache-control", "no-cache");
}

static long
exchange_on_read(struct request *q, void *p, size_t max, void *arg)
{
	struct exchange *x = arg;
	size_t n = x->out.len - x->out_at;

	(void)q;
	if (n > max)
		n = max;
	if (n > 0) {
		memcpy(p, x->out.p + x->out_at, n);
		x->out_at += n;
	} else if (x->broken) {
		return BODY_ABORT;
	} else if (x->eof) {
		return BODY_END;
	}
	/* In pieces: the whole of it may never be empty. */
	if (x->out_at == x->out.len || x->out_at >= EXCHANGE_OUT_LOW) {
		str_drop(&x->out, x->out_at);
		x->out_at = 0;
	}
	if (x->paused && x->out.len - x->out_at <= EXCHANGE_OUT_LOW) {
		x->paused = false;
		if (x->fetch != NULL)
			fetch_pause(x->fetch, false);
	}
	return (long)n;
}

static const struct body_source exchange_source = { exchange_on_read };

static void
exchange_begin_reply(struct exchange *x)
{
	const char *type = fetch_header(x->fetch, "content-type");

	if (type == NULL || strlen(type) > 200)
		type = "application/json";
	x->first = clock_mono_ms();
	x->streaming = true;
	x->status = 200;
	if (fetch_body_sent(x->fetch))
		exchange_drop_body(x);
	usage_init(&x->usage, strncmp(type, "text/event-stream", 17) == 0);
	exchange_pass_headers(x);
	request_reply_stream(x->q, 200, type, &exchange_source, x);
}

bool
exchange_on_data(struct view chunk, void *arg)
{
	struct exchange *x = arg;

	if (x->q == NULL)
		return false;
	if (!x->streaming)
		exchange_begin_reply(x);
	usage_feed(&x->usage, chunk);
	if (x->usage.bytes > EXCHANGE_DOWN_MAX) {
		x->result = "reply_too_large";
		return false;
	}
	if (!scrub_feed(&x->scrub, chunk, &x->out)) {
		x->result = "key_in_reply";
		return false;
	}
	exchange_capture(x, chunk);
	if (x->out.len - x->out_at > EXCHANGE_OUT_HIGH && !x->paused) {
		x->paused = true;
		fetch_pause(x->fetch, true);
	}
	request_wake(x->q);
	return true;
}

/* When the provider did not tell: what went through, or what a model may have
 * thought in that time without a word; never over what was reserved. */
int64_t
exchange_guess(const struct exchange *x)
{
	const struct usage *u = &x->usage.usage;
	struct tokens t = u->any ? u->tokens : x->most;
	int64_t seen = (int64_t)(x->usage.bytes / EXCHANGE_BYTES_PER_TOKEN);
	int64_t took = (clock_mono_ms() - x->sent) * EXCHANGE_TOKENS_PER_MS *
	    x->ask.answers;
	int64_t cost;

	if (!x->streaming)
		return x->reserved;
	t.output = u->tokens.output > seen ? u->tokens.output : seen;
	if (t.output < took)
		t.output = took;
	if (t.output > x->most.output)
		t.output = x->most.output;
	cost = price_of(&x->price, &t);
	return cost < x->reserved ? cost : x->reserved;
}

static int64_t
exchange_cost(
    const struct exchange *x, const struct fetch_reply *r, bool *estimated)
{
	const struct usage *u = &x->usage.usage;

	*estimated = false;
	if (x->reserved == 0)
		return 0;
	/* Refused, or never heard: not billed. */
	if ((r->status != 0 && r->status / 100 != 2) || !r->sent)
		return 0;
	if (u->complete)
		return u->cost >= 0 ? u->cost : price_of(&x->price, &u->tokens);
	*estimated = true;
	/* It ended well, and does not say what it cost. */
	if (r->error == ERR_NONE && !u->failed)
		return x->reserved;
	return exchange_guess(x);
}

static void
exchange_fail(struct exchange *x, const struct fetch_reply *r)
{
	bool late = r->error == ERR_TIMEOUT;

	if (x->result == NULL)
		x->result = late ? "upstream_timeout" : "upstream_failed";
	if (strcmp(x->result, "key_in_reply") == 0)
		log_error("gateway key-in-reply provider=%s exchange=%llu",
		    provider_name(x->provider), (unsigned long long)x->id);
	else if (x->q != NULL)
		log_warn("gateway upstream provider=%s exchange=%llu err=%s",
		    provider_name(x->provider), (unsigned long long)x->id,
		    log_val(r->error_text));
	if (x->q == NULL)
		return;
	x->broken = true;
	if (x->streaming)
		request_wake(x->q);
	else
		exchange_refuse(x, late ? REFUSE_TIMEOUT : REFUSE_UPSTREAM,
		    "provider %s %s", provider_name(x->provider),
		    late ? "did not answer in time" : "cannot be reached");
}

/* A provider's refusal as it is, but one of our key: that is not the
 * client's, and may quote it. */
static void
exchange_pass_error(struct exchange *x, const struct fetch_reply *r)
{
	AUTO_STR struct str clean = STR_INIT;

	if (r->status == 401) {
		log_error("gateway key-refused provider=%s",
		    provider_name(x->provider));
		provider_key_refused(x->provider);
		exchange_refuse(x, REFUSE_KEY,
		    "provider %s does not take the gateway's key",
		    provider_name(x->provider));
		return;
	}
	if (!scrub_feed(&x->scrub, r->body, &clean)) {
		x->result = "key_in_reply";
		exchange_refuse(x, REFUSE_UPSTREAM, "provider %s answered %d",
		    provider_name(x->provider), r->status);
		return;
	}
	scrub_end(&x->scrub, &clean);
	exchange_capture(x, r->body);
	x->result = "upstream_error";
	x->status = r->status;
	if (x->q == NULL)
		return;
	exchange_pass_headers(x);
	request_reply(x->q, r->status,
	    *r->content_type == '\0' ? "application/json" : r->content_type,
	    clean.p, clean.len);
}

static void
exchange_finish(struct exchange *x)
{
	scrub_end(&x->scrub, &x->out);
	x->eof = true;
	if (x->usage.usage.failed)
		x->result = "upstream_error";
	if (x->q == NULL)
		return;
	if (x->streaming) {
		request_wake(x->q);
		return;
	}
	x->status = 200;
	request_reply(x->q, 200, "application/json", "", 0);
}

void
exchange_on_done(const struct fetch_reply *r, void *arg)
{
	struct exchange *x = arg;
	bool estimated;
	int64_t cost;

	usage_end(&x->usage);
	x->upstream = r->status;
	cost = exchange_cost(x, r, &estimated);
	if (r->error != ERR_NONE)
		exchange_fail(x, r);
	else if (r->status / 100 != 2)
		exchange_pass_error(x, r);
	else
		exchange_finish(x);
	x->fetch = NULL;
	exchange_settle(x, cost, estimated);
}

/* The last of the fetch; also without its end, when the program stops. */
void
exchange_on_free(void *arg)
{
	struct exchange *x = arg;

	if (x->fetch != NULL) {
		x->fetch = NULL;
		x->result = "stopped";
		exchange_settle(x, exchange_guess(x), true);
	}
	exchange_release(x);
}
