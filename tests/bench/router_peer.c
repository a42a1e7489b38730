/*
 * router_peer: who is around the router in tests/bench/router.sh.
 *   serve ADDR PORT            HTTP: GET /N answers with N bytes
 *   upstream PORT ADDR         a resolver on 127.0.0.1: every name is ADDR
 *   latency ADDR PORT HOST N PAUSE_US
 *                              N connections with one GET each: median
 *                              microseconds to connect, and to the answer
 *   rate ADDR PORT HOST MIB    MiB/s of one answer
 *   dns ADDR NAME N RCODE      median and 99th percentile in microseconds;
 *                              "%" in NAME is a number that was not asked yet
 *   ctl SOCKET                 lines of stdin to the control socket, one after
 *                              the other: median, 99th and sum in microseconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

enum {
	PEERS_MAX = 128,
	TIMES_MAX = 20000,
	CHUNK = 256 << 10,
	TYPE_A = 1
};

static double peer_times[2][TIMES_MAX];
static char peer_chunk[CHUNK];

static double
peer_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int
peer_compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
peer_percentile(double *v, int n, int percent)
{
	qsort(v, (size_t)n, sizeof(*v), peer_compare);
	return v[(n - 1) * percent / 100];
}

static void __attribute__((noreturn, format(printf, 1, 2)))
peer_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static int
peer_number(const char *text)
{
	struct err e = ERR_INIT;
	int64_t v = 0;

	if (num_i64(text, 0, 1 << 24, &v, &e) == -1)
		peer_fail("%s", e.msg);
	return (int)v;
}

static struct sockaddr_in
peer_address(const char *text, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)peer_number(port)) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		peer_fail("%s", text);
	return a;
}

static void
peer_write(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

/* One request, whole in one read; false: the connection has ended. */
static bool
peer_answer(int fd)
{
	char buf[2048];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);
	char head[128];
	size_t left;
	int len;

	if (n <= 0)
		return false;
	buf[n] = '\0';
	if (strncmp(buf, "GET /", 5) != 0)
		return false;
	left = (size_t)strtoul(buf + 5, NULL, 10);
	len = snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", left);
	if (left + (size_t)len <= CHUNK) {
		static char whole[CHUNK];

		memcpy(whole, head, (size_t)len);
		peer_write(fd, whole, (size_t)len + left);
		return true;
	}
	peer_write(fd, head, (size_t)len);
	while (left > 0) {
		size_t part = left < CHUNK ? left : CHUNK;

		peer_write(fd, peer_chunk, part);
		left -= part;
	}
	return true;
}

static int
peer_serve(char **argv)
{
	struct sockaddr_in a = peer_address(argv[0], argv[1]);
	struct pollfd p[PEERS_MAX] = { { .events = POLLIN } };
	nfds_t n = 1;
	int on = 1;

	p[0].fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)setsockopt(p[0].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(p[0].fd, (const struct sockaddr *)(void *)&a, sizeof(a)) ==
		-1 ||
	    listen(p[0].fd, PEERS_MAX) == -1)
		peer_fail("listen");
	while (poll(p, n, -1) > 0) {
		for (nfds_t i = n; i-- > 1;) {
			if (p[i].revents == 0 || peer_answer(p[i].fd))
				continue;
			(void)close(p[i].fd);
			p[i] = p[--n];
		}
		if (p[0].revents != 0 && n < PEERS_MAX) {
			p[n] = (struct pollfd){ .fd = accept(
						    p[0].fd, NULL, NULL),
				.events = POLLIN };
			(void)setsockopt(
			    p[n].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			n++;
		}
	}
	return 1;
}

static int
peer_upstream(char **argv)
{
	struct sockaddr_in a = peer_address("127.0.0.1", argv[0]);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char m[512];
	struct in_addr to;

	if (inet_pton(AF_INET, argv[1], &to) != 1 ||
	    bind(fd, (const struct sockaddr *)(void *)&a, sizeof(a)) == -1)
		peer_fail("upstream");
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, m, sizeof(m) - 16, 0,
		    (struct sockaddr *)(void *)&from, &len);
		static const unsigned char rr[] = { 0xc0, 12, 0, TYPE_A, 0, 1,
			0, 0, 1, 44, 0, 4 };
		size_t end = 12;

		if (n < 17)
			continue;
		while (end < (size_t)n && m[end] != 0)
			end += m[end] + 1u;
		end += 5;
		if (end > (size_t)n)
			continue;
		m[2] = 0x81;
		m[3] = 0x80;
		m[7] = 1;
		memset(m + 8, 0, 4);
		memcpy(m + end, rr, sizeof(rr));
		memcpy(m + end + sizeof(rr), &to, 4);
		(void)sendto(fd, m, end + sizeof(rr) + 4, 0,
		    (const struct sockaddr *)(void *)&from, len);
	}
}

static int
peer_connect(const struct sockaddr_in *a)
{
	const struct linger now = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)(const void *)a, sizeof(*a)) ==
	    -1)
		peer_fail("connect");
	return fd;
}

/* A GET; the answer's bytes behind its head, at least one. */
static size_t
peer_get(int fd, const char *host, size_t size)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
	    "GET /%zu HTTP/1.1\r\nHost: %s\r\n\r\n", size, host);
	ssize_t n;
	const char *end;
	size_t got;

	peer_write(fd, text, (size_t)len);
	n = recv(fd, peer_chunk, CHUNK - 1, 0);
	if (n <= 0)
		peer_fail("no answer");
	peer_chunk[n] = '\0';
	end = strstr(peer_chunk, "\r\n\r\n");
	if (strncmp(peer_chunk, "HTTP/1.1 200", 12) != 0 || end == NULL)
		peer_fail("not an answer: %.40s", peer_chunk);
	got = (size_t)(n - (end + 4 - peer_chunk));
	while (got < size) {
		n = recv(fd, peer_chunk, CHUNK, 0);
		if (n <= 0)
			peer_fail("cut off after %zu bytes", got);
		got += (size_t)n;
	}
	return got;
}

static int
peer_latency(char **argv)
{
	struct sockaddr_in a = peer_address(argv[0], argv[1]);
	int n = peer_number(argv[3]), pause = peer_number(argv[4]);

	if (n < 1 || n > TIMES_MAX)
		peer_fail("%d", n);
	for (int i = 0; i < n; i++) {
		double began = peer_us();
		int fd = peer_connect(&a);

		peer_times[0][i] = peer_us() - began;
		if (peer_get(fd, argv[2], 1) != 1)
			peer_fail("not one byte");
		peer_times[1][i] = peer_us() - began;
		(void)close(fd);
		if (pause > 0)
			(void)usleep((useconds_t)pause);
	}
	(void)printf("%.1f %.1f\n", peer_percentile(peer_times[0], n, 50),
	    peer_percentile(peer_times[1], n, 50));
	return 0;
}

static int
peer_rate(char **argv)
{
	struct sockaddr_in a = peer_address(argv[0], argv[1]);
	size_t size = (size_t)peer_number(argv[3]) << 20;
	int fd = peer_connect(&a);
	double began = peer_us();

	if (peer_get(fd, argv[2], size) != size)
		peer_fail("not as many bytes");
	(void)printf(
	    "%.1f\n", (double)(size >> 20) * 1e6 / (peer_us() - began));
	(void)close(fd);
	return 0;
}

/* A question; its length. */
static size_t
peer_ask(unsigned char *m, uint16_t id, const char *name)
{
	static const unsigned char fixed[] = { 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const unsigned char tail[] = { 0, 0, TYPE_A, 0, 1 };
	size_t n = 12;

	m[0] = (unsigned char)(id >> 8);
	m[1] = (unsigned char)id;
	memcpy(m + 2, fixed, sizeof(fixed));
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		m[n++] = (unsigned char)len;
		memcpy(m + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	memcpy(m + n, tail, sizeof(tail));
	return n + sizeof(tail);
}

static int
peer_dns(char **argv)
{
	struct sockaddr_in a = peer_address(argv[0], "53");
	const char *mark = strchr(argv[1], '%');
	int fd = socket(AF_INET, SOCK_DGRAM, 0), n = peer_number(argv[2]);
	const struct timeval limit = { .tv_sec = 3 };
	unsigned char m[512];
	char name[128];

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (n < 1 || n > TIMES_MAX ||
	    connect(fd, (const struct sockaddr *)(void *)&a, sizeof(a)) == -1)
		peer_fail("dns");
	for (int i = 0; i < n; i++) {
		double began;
		size_t len;

		(void)snprintf(name, sizeof(name), "%.60s", argv[1]);
		if (mark != NULL)
			(void)snprintf(name, sizeof(name), "%.*sw%d%.60s",
			    (int)(mark - argv[1]), argv[1],
			    (int)(getpid() % 1000) * 100 + i, mark + 1);
		len = peer_ask(m, (uint16_t)i, name);
		began = peer_us();
		if (send(fd, m, len, 0) == -1 || recv(fd, m, sizeof(m), 0) < 12)
			peer_fail("%s: no answer", name);
		peer_times[0][i] = peer_us() - began;
		if ((m[3] & 15) != peer_number(argv[3]))
			peer_fail("%s: answer %d", name, m[3] & 15);
	}
	(void)printf("%.1f %.1f\n", peer_percentile(peer_times[0], n, 50),
	    peer_percentile(peer_times[0], n, 99));
	return 0;
}

static int
peer_ctl(char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), n = 0;
	static char line[8192], reply[8192];
	double sum = 0;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", argv[0]);
	if (connect(fd, (const struct sockaddr *)(void *)&a, sizeof(a)) == -1)
		peer_fail("%s", argv[0]);
	while (n < TIMES_MAX && fgets(line, sizeof(line), stdin) != NULL) {
		double began = peer_us();
		ssize_t got = 0, r;

		peer_write(fd, line, strlen(line));
		do {
			r = recv(fd, reply + got,
			    sizeof(reply) - 1 - (size_t)got, 0);
			if (r <= 0)
				peer_fail("no reply");
			got += r;
		} while (reply[got - 1] != '\n');
		peer_times[0][n] = peer_us() - began;
		sum += peer_times[0][n++];
		reply[got] = '\0';
		if (strstr(reply, "\"ok\":true") == NULL)
			peer_fail("%s", reply);
	}
	if (n == 0)
		peer_fail("nothing to say");
	(void)printf("%.1f %.1f %.1f\n", peer_percentile(peer_times[0], n, 50),
	    peer_percentile(peer_times[0], n, 99), sum);
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*fn)(char **argv);
} peer_commands[] = {
	{ "serve", 2, peer_serve },
	{ "upstream", 2, peer_upstream },
	{ "latency", 5, peer_latency },
	{ "rate", 4, peer_rate },
	{ "dns", 4, peer_dns },
	{ "ctl", 1, peer_ctl },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(peer_commands) / sizeof(peer_commands[0]);
	     i++) {
		if (argc > 1 && strcmp(argv[1], peer_commands[i].name) == 0 &&
		    argc == 2 + peer_commands[i].args)
			return peer_commands[i].fn(argv + 2);
	}
	(void)fprintf(stderr, "router_peer: see tests/bench/router_peer.c\n");
	return 2;
}
