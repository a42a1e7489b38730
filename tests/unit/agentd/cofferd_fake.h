/*
 * cofferd_fake: a canned cofferd in the same process and loop: "METHOD path"
 * (with its query) -> status and body, the newest rule first.  Every request
 * is recorded as one line "METHOD path body".  A log endpoint appends by
 * Content-Range as the real one does.
 */
#ifndef TESTS_UNIT_AGENTD_COFFERD_FAKE_H
#define TESTS_UNIT_AGENTD_COFFERD_FAKE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/net/fetch.h"

enum {
	FAKE_RULES_MAX = 64,
	FAKE_GUARD_MS = 20 * 1000,
	FAKE_LOST = -1 /* handled, but the reply is cut */
};

struct fake_rule {
	char *what;
	int status;
	char *body;
	int times; /* 0: for ever; else so many, then the older rule */
};

struct cofferd {
	struct loop *loop;
	struct httpd *h;
	struct net *net;
	struct apiclient *api;
	struct timer *guard, *tick;
	char base[64];
	char addr[SOCK_TEXT_MAX];
	struct fake_rule rules[FAKE_RULES_MAX];
	size_t n_rules;
	struct str seen; /* the requests */
	struct str log;  /* what came to a log endpoint */
	bool down;       /* 503 to everything */
	bool late;       /* the guard ended the loop */
	bool (*until)(void *arg);
	void *until_arg;
};

static inline void
fake_rule(struct cofferd *c, int status, const char *what, const char *body)
{
	struct fake_rule *r = &c->rules[c->n_rules++];

	if (c->n_rules > FAKE_RULES_MAX)
		abort();
	*r = (struct fake_rule){
		.what = xstrdup(what), .status = status, .body = xstrdup(body)
	};
}

static inline void
fake_times(struct cofferd *c, int times, int status, const char *what,
    const char *body)
{
	fake_rule(c, status, what, body);
	c->rules[c->n_rules - 1].times = times;
}

static inline long
fake_cut(struct request *q, void *p, size_t max, void *arg)
{
	(void)q;
	(void)p;
	(void)max;
	(void)arg;
	return BODY_ABORT;
}

static inline void
fake_append(struct cofferd *c, struct request *q)
{
	const char *range = request_header_in(q, "Content-Range");
	unsigned long long from = 0;
	char body[64];
	int status = 416;

	if (range != NULL && strncmp(range, "bytes ", 6) == 0)
		from = strtoull(range + 6, NULL, 10);
	if (from == c->log.len) {
		str_addv(&c->log, request_body(q));
		status = 202;
	}
	(void)snprintf(body, sizeof(body), "{\"next\":%zu}", c->log.len);
	request_reply(q, status, "application/json", body, strlen(body));
}

static inline void
fake_answer(struct request *q, void *arg)
{
	static const struct body_source cut = { fake_cut };
	struct cofferd *c = arg;
	AUTO_FREE char *what = xasprintf("%s %s%s%s", request_method(q),
	    request_raw_path(q), request_raw_query(q)[0] != '\0' ? "?" : "",
	    request_raw_query(q));
	size_t n = strlen(what);

	if (c->down) {
		request_reply(
		    q, 503, "application/json", "{\"message\":\"away\"}", 18);
		return;
	}
	str_addf(&c->seen, "%s ", what);
	if (strcmp(request_method(q), "PATCH") != 0 || n < 4 ||
	    strcmp(what + n - 4, "/log") != 0)
		str_addv(&c->seen, request_body(q));
	str_addc(&c->seen, '\n');
	for (size_t i = c->n_rules; i-- > 0;) {
		struct fake_rule *r = &c->rules[i];

		if (strcmp(r->what, what) != 0 || r->times == -1)
			continue;
		if (r->times > 0 && --r->times == 0)
			r->times = -1;
		if (r->status == FAKE_LOST)
			request_reply_stream(q, 200, NULL, &cut, c);
		else
			request_reply(q, r->status, "application/json", r->body,
			    strlen(r->body));
		return;
	}
	if (strcmp(request_method(q), "PATCH") == 0 && n > 4 &&
	    strcmp(what + n - 4, "/log") == 0)
		fake_append(c, q);
	else
		request_reply(q, 200, "application/json", "{}", 2);
}

static inline void
fake_on_request(struct request *q, void *arg)
{
	request_collect(q, 4 << 20, fake_answer, arg);
}

static inline void
fake_up(struct cofferd *c)
{
	struct httpd_spec spec = {
		.loop = c->loop, .on_request = fake_on_request, .arg = c
	};
	struct sock_addr a;
	struct err e = ERR_INIT;

	if (sock_parse(c->addr[0] != '\0' ? c->addr : "127.0.0.1:0", &a, &e) ==
		-1 ||
	    sock_listen(&a, 0, &spec.listen_fd, &e) == -1)
		abort();
	a.len = sizeof(a.ss);
	if (getsockname(
		spec.listen_fd, (struct sockaddr *)(void *)&a.ss, &a.len) == -1)
		abort();
	(void)sock_text(&a, c->addr);
	(void)snprintf(c->base, sizeof(c->base), "http://%.50s", c->addr);
	c->h = httpd_new(&spec, &e);
	if (c->h == NULL)
		abort();
}

static inline void
fake_down(struct cofferd *c)
{
	httpd_free(c->h);
	c->h = NULL;
}

static inline bool
fake_saw(const struct cofferd *c, const char *text)
{
	return strstr(str_cstr(&c->seen), text) != NULL;
}

static inline unsigned
fake_count(const struct cofferd *c, const char *text)
{
	unsigned n = 0;

	for (const char *p = str_cstr(&c->seen); (p = strstr(p, text)) != NULL;
	     p++)
		n++;
	return n;
}

#endif
