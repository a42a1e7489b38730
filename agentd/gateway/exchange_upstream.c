/* exchange_upstream: what goes to the provider: its key, headers and body. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agentd/gateway/exchange_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "lib/net/fetch.h"

enum {
	EXCHANGE_HEADER_MAX = 2048,
	EXCHANGE_HEADERS = 12,
	EXCHANGE_CONNECT_MS = 15 * 1000
};

/* What of a request goes on to the provider, beside its body. */
static const char *const exchange_headers_up[] = { "Content-Type", "Accept",
	"User-Agent", "anthropic-version", "anthropic-beta", "OpenAI-Beta" };

/* With prices that the table does not have. */
static bool
exchange_beta_is_dear(struct view name)
{
	static const char *const dear[] = { "context-1m", "fast-mode" };

	for (size_t i = 0; i < sizeof(dear) / sizeof(dear[0]); i++)
		if (name.len >= strlen(dear[i]) &&
		    strncasecmp(name.p, dear[i], strlen(dear[i])) == 0)
			return true;
	return false;
}

/* A header that goes on, or NULL. */
static char *
exchange_header(const struct exchange *x, const char *name)
{
	AUTO_STR struct str text = STR_INIT;
	const char *v = request_header_in(x->q, name);
	struct view rest, part;
	bool first = true;

	if (v == NULL || strlen(v) > EXCHANGE_HEADER_MAX)
		return NULL;
	if (strcmp(name, "anthropic-beta") != 0)
		return xasprintf("%s: %s", name, v);
	rest = view_of(v);
	while (view_split(&rest, ',', &part)) {
		part = view_trim(part);
		if (exchange_beta_is_dear(part))
			continue;
		str_add(&text, first ? "anthropic-beta: " : ",");
		str_addv(&text, part);
		first = false;
	}
	return first ? NULL : str_steal(&text);
}

static char *
exchange_url(const struct exchange *x)
{
	const char *query = request_raw_query(x->q);

	return xasprintf("%s%s%s%s", provider_url(x->provider), x->route->path,
	    *query == '\0' ? "" : "?", query);
}

static void
exchange_send(struct exchange *x)
{
	AUTO_FREE char *url = exchange_url(x);
	char *own[EXCHANGE_HEADERS] = { NULL };
	const char *headers[EXCHANGE_HEADERS + 2] = { NULL };
	struct fetch_spec spec = { .method = request_method(x->q),
		.url = url,
		.headers = headers,
		.max_reply = EXCHANGE_ERROR_MAX,
		.connect_ms = EXCHANGE_CONNECT_MS,
		.limit_ms = -1,
		.stall_ms = x->g->cfg->stall_ms,
		.ca_file = provider_ca_file(x->provider),
		.body_kept = true,
		.on_data = exchange_on_data,
		.on_done = exchange_on_done,
		.on_free = exchange_on_free,
		.arg = x };
	struct err e = ERR_INIT;
	size_t n = 0;

	if (*x->key != '\0')
		own[n++] = provider_auth(x->provider, x->key);
	for (size_t i = 0;
	     i < sizeof(exchange_headers_up) / sizeof(exchange_headers_up[0]);
	     i++)
		if ((own[n] = exchange_header(x, exchange_headers_up[i])) !=
		    NULL)
			n++;
	for (size_t i = 0; i < n; i++)
		headers[i] = own[i];
	/* Compressed, usage could not be read on the way. */
	headers[n] = "Accept-Encoding: identity";
	if (strcmp(x->route->method, "POST") == 0)
		spec.body = str_view(&x->body);
	exchange_keep(x, "request.json", str_view(&x->body));
	x->sent = clock_mono_ms();
	scrub_init(&x->scrub, view_of(x->key));
	if (fetch_start(x->g->net, &spec, &x->fetch, &e) == -1)
		exchange_end(x, REFUSE_UPSTREAM, "%s", e.msg);
	for (size_t i = 0; i < n; i++) {
		explicit_bzero(own[i], strlen(own[i]));
		free(own[i]);
	}
}

void
exchange_with_key(void *arg)
{
	struct exchange *x = arg;
	struct err e = ERR_INIT;
	const char *key;
	int rc;

	x->waits_for_key = false;
	rc = provider_key(x->provider, &key, exchange_with_key, x, &e);
	if (rc == 0) {
		x->waits_for_key = true;
		return;
	}
	if (rc == -1) {
		gateway_alarm(x->g, "no-key", x->who.project, e.msg);
		exchange_end(x, REFUSE_NO_KEY,
		    "the gateway has no key for provider %s",
		    provider_name(x->provider));
		return;
	}
	x->key = xstrdup(key);
	exchange_send(x);
}
