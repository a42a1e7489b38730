/*
 * api_readers: readers of the event stream that wait, woken by one comment.
 *   api_readers --port N --pid PID --header H --path P --post P --body FILE
 *       [--readers N] [--rounds N]
 * prints "KIB_PER_READER FIRST_US LAST_US POST_US": what the server's memory
 * (VmRSS of PID) grew by when they had come, and medians over the rounds of the
 * time from sending the comment until the first and the last had its event and
 * until the POST was answered.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/opt.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	READERS_MAX = 4000,
	READERS_ROUNDS_MAX = 101,
	READERS_WAIT_MS = 10000,
	READERS_STEP = 8 << 10
};

struct readers {
	uint64_t port, pid, n, rounds;
	const char *header, *path, *post, *body;
	int epoll;
	int fd[READERS_MAX];
	unsigned round[READERS_MAX]; /* the last one it has heard of */
	int64_t first[READERS_ROUNDS_MAX], last[READERS_ROUNDS_MAX];
	int64_t answered[READERS_ROUNDS_MAX];
};

static int64_t
readers_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
readers_dial(const struct readers *r, struct err *e)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)r->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd != -1)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == -1) {
		(void)err_sys(e, ERR_IO, "connect");
		return -1;
	}
	return fd;
}

static int
readers_send(int fd, const struct str *text, struct err *e)
{
	if (send(fd, text->p, text->len, MSG_NOSIGNAL) == (ssize_t)text->len)
		return 0;
	return err_sys(e, ERR_IO, "send");
}

/* The head of an answer that is 2xx; what follows it is left in the socket or
 * dropped. */
static int
readers_head(int fd, struct err *e)
{
	char buf[READERS_STEP];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, READERS_WAIT_MS) == 1
	    ? recv(fd, buf, sizeof(buf), 0)
	    : -1;

	if (n < 12 || strncmp(buf, "HTTP/1.1 2", 10) != 0)
		return err_set(e, ERR_PROTO, "the answer is: %.*s",
		    n > 0 ? (int)(n < 60 ? n : 60) : 7,
		    n > 0 ? buf : "nothing");
	return 0;
}

static long
readers_rss(const struct readers *r)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%llu/status",
	    (unsigned long long)r->pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

static int
readers_open(struct readers *r, struct err *e)
{
	struct str q = STR_INIT;
	int rc = 0;

	str_addf(&q,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Accept: text/event-stream\r\n%s\r\n\r\n",
	    r->path, r->header);
	for (uint64_t i = 0; rc == 0 && i < r->n; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.u64 = i };

		r->fd[i] = readers_dial(r, e);
		if (r->fd[i] == -1 || readers_send(r->fd[i], &q, e) == -1 ||
		    readers_head(r->fd[i], e) == -1 ||
		    epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->fd[i], &ev) == -1)
			rc = -1;
	}
	str_release(&q);
	return rc;
}

/* One comment: until every reader has heard of it. */
static int
readers_round(struct readers *r, const struct str *q, unsigned round, int fd,
    struct err *e)
{
	struct epoll_event ev[64],
	    own = { .events = EPOLLIN, .data.u64 = UINT64_MAX };
	char buf[READERS_STEP];
	uint64_t left = r->n;
	int64_t began = readers_us();

	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &own) == -1)
		return err_sys(e, ERR_IO, "epoll");
	if (readers_send(fd, q, e) == -1)
		return -1;
	r->answered[round - 1] = 0;
	while (left > 0 || r->answered[round - 1] == 0) {
		int n = epoll_wait(r->epoll, ev, 64, READERS_WAIT_MS);

		if (n <= 0)
			return err_set(e, ERR_TIMEOUT,
			    "%llu readers heard nothing",
			    (unsigned long long)left);
		for (int i = 0; i < n; i++) {
			uint64_t at = ev[i].data.u64;
			ssize_t got = recv(at == UINT64_MAX ? fd : r->fd[at],
			    buf, sizeof(buf) - 1, 0);
			int64_t took = readers_us() - began;

			if (got <= 0)
				return err_set(e, ERR_IO, "a connection ended");
			buf[got] = '\0';
			if (at == UINT64_MAX) {
				r->answered[round - 1] = took;
				continue;
			}
			if (r->round[at] == round ||
			    strstr(buf, "comment.created") == NULL)
				continue;
			r->round[at] = round;
			if (left == r->n)
				r->first[round - 1] = took;
			r->last[round - 1] = took;
			left--;
		}
	}
	(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
	return 0;
}

static int
readers_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static long long
readers_median(int64_t *v, uint64_t n)
{
	qsort(v, n, sizeof(*v), readers_compare);
	return (long long)v[n / 2];
}

static int
readers_run(struct readers *r, struct err *e)
{
	struct str body = STR_INIT, q = STR_INIT;
	long before = readers_rss(r), after;
	int fd = -1, rc = -1;

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (path_read(r->body, 1 << 20, &body, e) == -1 ||
	    readers_open(r, e) == -1)
		goto out;
	after = readers_rss(r);
	str_addf(&q,
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    r->post, r->header, body.len);
	str_addv(&q, str_view(&body));
	fd = readers_dial(r, e);
	rc = fd == -1 ? -1 : 0;
	for (unsigned i = 1; rc == 0 && i <= r->rounds; i++) {
		rc = readers_round(r, &q, i, fd, e);
		(void)usleep(20000);
	}
	if (rc == 0)
		(void)printf("%.1f %lld %lld %lld\n",
		    (double)(after - before) / (double)r->n,
		    readers_median(r->first, r->rounds),
		    readers_median(r->last, r->rounds),
		    readers_median(r->answered, r->rounds));
out:
	str_release(&body);
	str_release(&q);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct readers r = { .n = 1000, .rounds = 21 };
	const struct opt opts[] = {
		{ 0, "port", OPT_U64, &r.port, "N", "of 127.0.0.1" },
		{ 0, "pid", OPT_U64, &r.pid, "PID", "whose memory counts" },
		{ 0, "header", OPT_STR, &r.header, "TEXT", "Authorization" },
		{ 0, "path", OPT_STR, &r.path, "PATH", "of the stream" },
		{ 0, "post", OPT_STR, &r.post, "PATH", "of the comments" },
		{ 0, "body", OPT_STR, &r.body, "FILE", "of a comment" },
		{ 0, "readers", OPT_U64, &r.n, "N", "default 1000" },
		{ 0, "rounds", OPT_U64, &r.rounds, "N", "default 21" },
		{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
	};
	const struct rlimit files = { .rlim_cur = READERS_MAX + 64,
		.rlim_max = READERS_MAX + 64 };
	struct err e = ERR_INIT;

	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0 ||
	    r.port == 0 || r.port > UINT16_MAX || r.n == 0 ||
	    r.n > READERS_MAX || r.rounds == 0 ||
	    r.rounds > READERS_ROUNDS_MAX || r.header == NULL ||
	    r.path == NULL || r.post == NULL || r.body == NULL) {
		opt_usage(stderr, "api_readers --port N [OPTION...]", opts);
		return 2;
	}
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (readers_run(&r, &e) == 0)
		return 0;
	(void)fprintf(stderr, "api_readers: %s\n", e.msg);
	return 1;
}
