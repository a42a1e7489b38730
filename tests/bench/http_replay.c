/*
 * http_replay: one HTTP request again and again over kept connections.
 *   http_replay --port N --path P [--header H]... [--body FILE] [--type T]
 *       [--connections N] [--ms MS] [--save FILE] [--loose]
 * prints "REQUESTS_PER_S BYTES_OF_A_BODY P50_US P99_US P95_US"; status 1 when
 * an answer was not 200 or had another length than the first; with --loose,
 * when it was not 2xx.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/opt.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	REPLAY_CONNS_MAX = 64,
	REPLAY_REPLY_MAX = 64 << 20,
	REPLAY_STEP = 64 << 10,
	REPLAY_TIMES_MAX = 1 << 20 /* of the answers, the first so many */
};

struct replay_conn {
	int fd;
	struct str in;
	size_t head; /* bytes of the header, 0: not yet whole */
	size_t left; /* of the body, or of the chunk with its line end */
	size_t body; /* bytes of the body so far */
	size_t at;   /* chunked: where the next size stands */
	bool chunked;
	int64_t sent_us;
};

struct replay {
	uint64_t port, conns, ms;
	const char *path, *body, *type, *save;
	struct opt_list headers;
	struct str request;
	struct replay_conn conn[REPLAY_CONNS_MAX];
	uint64_t done;
	size_t want; /* bytes of the first body */
	bool first, bad, loose;
	int64_t times[REPLAY_TIMES_MAX]; /* us */
	size_t n_times;
};

static int64_t
replay_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t
replay_now(void)
{
	return replay_now_us() / 1000;
}

static int
replay_dial(const struct replay *r)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)r->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == -1) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
replay_send(struct replay *r, struct replay_conn *c)
{
	size_t at = 0;

	str_reset(&c->in);
	c->head = c->left = c->body = c->at = 0;
	c->chunked = false;
	c->sent_us = replay_now_us();
	if (c->fd == -1 && (c->fd = replay_dial(r)) == -1)
		return false;
	while (at < r->request.len) {
		ssize_t n = send(c->fd, r->request.p + at, r->request.len - at,
		    MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool
replay_head(struct replay *r, struct replay_conn *c)
{
	const char *p = str_cstr(&c->in), *end = strstr(p, "\r\n\r\n"), *v;

	if (end == NULL)
		return false;
	c->head = c->at = (size_t)(end - p) + 4;
	if (strncmp(p, "HTTP/1.1 200", r->loose ? 10 : 12) != 0) {
		r->bad = true;
		(void)fprintf(stderr, "%s: %.40s\n", r->path, p);
	}
	v = strcasestr(p, "\r\nContent-Length:");
	if (v != NULL && v < end)
		c->left = strtoul(v + strlen("\r\nContent-Length:"), NULL, 10);
	v = strcasestr(p, "\r\nTransfer-Encoding: chunked");
	c->chunked = v != NULL && v < end;
	return true;
}

/* Is the answer whole? */
static bool
replay_whole(struct replay *r, struct replay_conn *c)
{
	if (c->head == 0 && !replay_head(r, c))
		return false;
	if (!c->chunked) {
		c->body = c->in.len - c->head;
		return c->body >= c->left;
	}
	for (;;) {
		const char *p = str_cstr(&c->in) + c->at, *line;
		size_t n;

		if (c->at >= c->in.len || (line = strstr(p, "\r\n")) == NULL)
			return false;
		n = strtoul(p, NULL, 16);
		if (c->in.len - c->at < (size_t)(line - p) + 4 + n)
			return false;
		c->at += (size_t)(line - p) + 4 + n;
		c->body += n;
		if (n == 0)
			return true;
	}
}

static void
replay_count(struct replay *r, const struct replay_conn *c)
{
	struct err e = ERR_INIT;

	r->done++;
	if (r->n_times < REPLAY_TIMES_MAX)
		r->times[r->n_times++] = replay_now_us() - c->sent_us;
	if (r->first) {
		r->first = false;
		r->want = c->body;
		if (r->save != NULL &&
		    path_write_atomic(r->save, c->in.p + c->head,
			c->in.len - c->head, 0644, &e) == -1)
			r->bad = true;
	}
	if (!r->loose && c->body != r->want)
		r->bad = true;
}

static void
replay_step(struct replay *r, struct replay_conn *c)
{
	static char buf[REPLAY_STEP];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

	if (n <= 0) {
		/* A server may close a kept connection between requests. */
		r->bad = r->bad || c->in.len > 0;
		(void)close(c->fd);
		c->fd = -1;
		r->bad = !replay_send(r, c) || r->bad;
		return;
	}
	str_addn(&c->in, buf, (size_t)n);
	if (!replay_whole(r, c))
		return;
	replay_count(r, c);
	if (!replay_send(r, c)) {
		(void)close(c->fd);
		c->fd = -1;
		r->bad = !replay_send(r, c) || r->bad;
	}
}

static int
replay_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of the sorted times, in us. */
static long long
replay_percentile(const struct replay *r, unsigned percent)
{
	if (r->n_times == 0)
		return 0;
	return (long long)r->times[(r->n_times - 1) * percent / 100];
}

static void
replay_run(struct replay *r)
{
	struct pollfd p[REPLAY_CONNS_MAX];
	int64_t began = replay_now(), now;

	for (size_t i = 0; i < r->conns; i++) {
		r->conn[i].fd = -1;
		r->conn[i].in.max = REPLAY_REPLY_MAX;
		r->bad = !replay_send(r, &r->conn[i]) || r->bad;
	}
	/* An answer for each at least, however long it takes. */
	while (!r->bad &&
	    ((now = replay_now()) - began < (int64_t)r->ms ||
		r->done < r->conns)) {
		for (size_t i = 0; i < r->conns; i++)
			p[i] = (struct pollfd){ .fd = r->conn[i].fd,
				.events = POLLIN };
		if (poll(p, r->conns, 1000) <= 0)
			continue;
		for (size_t i = 0; i < r->conns; i++)
			if (p[i].revents != 0)
				replay_step(r, &r->conn[i]);
	}
	now = replay_now() - began;
	qsort(r->times, r->n_times, sizeof(r->times[0]), replay_compare);
	(void)printf("%.1f %zu %lld %lld %lld\n",
	    now == 0 ? 0 : (double)r->done * 1e3 / (double)now, r->want,
	    replay_percentile(r, 50), replay_percentile(r, 99),
	    replay_percentile(r, 95));
}

static int
replay_request(struct replay *r, struct err *e)
{
	struct str body = STR_INIT;

	if (r->body != NULL && path_read(r->body, 1 << 20, &body, e) == -1)
		return -1;
	str_addf(&r->request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n",
	    r->body == NULL ? "GET" : "POST", r->path);
	for (int i = 0; i < r->headers.n; i++)
		str_addf(&r->request, "%s\r\n", r->headers.v[i]);
	if (r->body != NULL)
		str_addf(&r->request,
		    "Content-Type: %s\r\nContent-Length: %zu\r\n", r->type,
		    body.len);
	str_add(&r->request, "\r\n");
	str_addv(&r->request, str_view(&body));
	str_release(&body);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct replay r = { .conns = 8,
		.ms = 1000,
		.first = true,
		.path = "/",
		.type = "application/x-git-upload-pack-request" };
	const struct opt opts[] = {
		{ 0, "port", OPT_U64, &r.port, "N", "of 127.0.0.1" },
		{ 0, "path", OPT_STR, &r.path, "PATH", "with its query" },
		{ 0, "header", OPT_LIST, &r.headers, "TEXT", "a header" },
		{ 0, "body", OPT_STR, &r.body, "FILE", "makes it a POST" },
		{ 0, "type", OPT_STR, &r.type, "TYPE", "of the body" },
		{ 0, "connections", OPT_U64, &r.conns, "N", "default 8" },
		{ 0, "ms", OPT_U64, &r.ms, "MS", "default 1000" },
		{ 0, "save", OPT_STR, &r.save, "FILE", "the first answer" },
		{ 0, "loose", OPT_FLAG, &r.loose, NULL, "any 2xx answer" },
		{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
	};
	struct err e = ERR_INIT;

	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0 ||
	    r.port == 0 || r.port > UINT16_MAX || r.conns == 0 ||
	    r.conns > REPLAY_CONNS_MAX || replay_request(&r, &e) == -1) {
		opt_usage(stderr, "http_replay --port N [OPTION...]", opts);
		return 2;
	}
	replay_run(&r);
	return r.bad ? 1 : 0;
}
