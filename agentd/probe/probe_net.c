#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agentd/probe/probe.h"

enum {
	PROBE_CONNECT_MS = 1500,
	PROBE_ANSWER_MS = 250,
	PROBE_ASK_MS = 3000,
	PROBE_AT_ONCE = 128
};

union probe_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "ADDR,PORT"; an IPv6 address may have %INTERFACE.  The length, or 0. */
static socklen_t
probe_addr_read(const char *text, union probe_addr *a)
{
	char host[80];
	const char *comma = strrchr(text, ',');
	size_t n = comma != NULL ? (size_t)(comma - text) : strlen(text);
	unsigned long port = comma != NULL ? strtoul(comma + 1, NULL, 10) : 0;
	char *scope;

	memset(a, 0, sizeof(*a));
	if (n >= sizeof(host) || port > 65535)
		return 0;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		return sizeof(a->v4);
	}
	scope = strchr(host, '%');
	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) != 1)
		return 0;
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons((uint16_t)port);
	a->v6.sin6_scope_id = scope != NULL ? if_nametoindex(scope) : 0;
	return sizeof(a->v6);
}

static int
probe_open(const char *text, int type, int *err)
{
	union probe_addr a;
	socklen_t n = probe_addr_read(text, &a);
	int fd;

	*err = EINVAL;
	if (n == 0)
		return -1;
	fd = socket(a.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*err = 0;
	if (fd == -1 || connect(fd, &a.any, n) == -1)
		*err = errno;
	return fd;
}

static long
probe_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until each is settled or the time is over; what failed is in err. */
static void
probe_settle(struct pollfd *p, int *err, int n)
{
	const long end = probe_now_ms() + PROBE_CONNECT_MS;
	int waiting = n;

	while (waiting > 0 && probe_now_ms() < end &&
	    poll(p, (nfds_t)n, (int)(end - probe_now_ms())) > 0) {
		waiting = 0;
		for (int i = 0; i < n; i++) {
			socklen_t len = sizeof(err[i]);

			if (p[i].fd >= 0 && p[i].revents != 0) {
				(void)getsockopt(p[i].fd, SOL_SOCKET, SO_ERROR,
				    &err[i], &len);
				(void)close(p[i].fd);
				p[i].fd = -1;
			}
			waiting += p[i].fd >= 0;
		}
	}
}

static void
probe_tcp_some(int n, char **to)
{
	struct pollfd p[PROBE_AT_ONCE];
	int err[PROBE_AT_ONCE];

	for (int i = 0; i < n; i++) {
		p[i] = (struct pollfd){ .events = POLLOUT };
		p[i].fd = probe_open(to[i], SOCK_STREAM, &err[i]);
		if (p[i].fd >= 0 && err[i] != EINPROGRESS) {
			(void)close(p[i].fd);
			p[i].fd = -1;
		}
	}
	probe_settle(p, err, n);
	for (int i = 0; i < n; i++) {
		if (p[i].fd >= 0) {
			(void)close(p[i].fd);
			probe_tell(to[i], 0, "silent");
		} else {
			probe_tell(to[i], err[i], "open");
		}
	}
}

void
probe_tcp(int argc, char **argv)
{
	for (int i = 0; i < argc; i += PROBE_AT_ONCE)
		probe_tcp_some(
		    argc - i < PROBE_AT_ONCE ? argc - i : PROBE_AT_ONCE,
		    argv + i);
}

static size_t
probe_hex(const char *s, unsigned char *out, size_t max)
{
	size_t n = 0;
	unsigned v;

	while (n < max && sscanf(s + 2 * n, "%2x", &v) == 1)
		out[n++] = (unsigned char)v;
	return n;
}

static void
probe_udp_some(int n, char **to, const unsigned char *bytes, size_t len)
{
	struct pollfd p[PROBE_AT_ONCE];
	int err[PROBE_AT_ONCE];

	for (int i = 0; i < n; i++) {
		p[i] = (struct pollfd){ .events = POLLIN };
		p[i].fd = probe_open(to[i], SOCK_DGRAM, &err[i]);
		if (err[i] == 0 && send(p[i].fd, bytes, len, 0) == -1)
			err[i] = errno;
	}
	(void)poll(NULL, 0, PROBE_ANSWER_MS);
	(void)poll(p, (nfds_t)n, 0);
	for (int i = 0; i < n; i++) {
		char in[1];

		if (err[i] != 0)
			probe_tell(to[i], err[i], "");
		else if (p[i].revents == 0)
			probe_tell(to[i], 0, "silent");
		else
			probe_tell(to[i],
			    recv(p[i].fd, in, sizeof(in), MSG_DONTWAIT) == -1
				? errno
				: 0,
			    "answer");
		if (p[i].fd >= 0)
			(void)close(p[i].fd);
	}
}

void
probe_udp(int argc, char **argv)
{
	unsigned char bytes[PROBE_BYTES];
	size_t n = argc > 0 ? probe_hex(argv[0], bytes, sizeof(bytes)) : 0;

	for (int i = 1; i < argc; i += PROBE_AT_ONCE)
		probe_udp_some(
		    argc - i < PROBE_AT_ONCE ? argc - i : PROBE_AT_ONCE,
		    argv + i, bytes, n);
}

void
probe_ask(int argc, char **argv)
{
	unsigned char bytes[PROBE_BYTES];
	unsigned char in[PROBE_BYTES];
	size_t n = argc > 1 ? probe_hex(argv[0], bytes, sizeof(bytes)) : 0;
	struct pollfd p = { .events = POLLIN };
	ssize_t got = -1;
	int err = EINVAL;

	p.fd = argc > 1 ? probe_open(argv[1], SOCK_DGRAM, &err) : -1;
	if (p.fd == -1)
		return;
	if (send(p.fd, bytes, n, 0) != -1 && poll(&p, 1, PROBE_ASK_MS) > 0)
		got = recv(p.fd, in, sizeof(in), 0);
	(void)printf(" ");
	for (ssize_t i = 0; i < got; i++)
		(void)printf("%02x", in[i]);
	if (got <= 0)
		(void)printf("-");
	(void)close(p.fd);
}

void
probe_icmp(int argc, char **argv)
{
	unsigned char m[sizeof(struct icmphdr) + PROBE_BYTES] = { ICMP_ECHO };
	size_t n = argc > 0
	    ? probe_hex(argv[0], m + sizeof(struct icmphdr), PROBE_BYTES)
	    : 0;

	for (int i = 1; i < argc; i++) {
		union probe_addr a;
		socklen_t len = probe_addr_read(argv[i], &a);
		int fd = socket(
		    AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (fd == -1 || len == 0 || connect(fd, &a.any, len) == -1 ||
		    send(fd, m, sizeof(struct icmphdr) + n, 0) == -1)
			probe_tell(argv[i], errno, "");
		else if (poll(&p, 1, PROBE_ANSWER_MS) <= 0)
			probe_tell(argv[i], 0, "silent");
		else
			probe_tell(argv[i],
			    recv(fd, m, sizeof(m), 0) == -1 ? errno : 0,
			    "answer");
		if (fd >= 0)
			(void)close(fd);
	}
}

void
probe_unix(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		size_t n = strlen(argv[i]);
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int err = 0;

		if (n >= sizeof(a.sun_path)) {
			probe_tell(argv[i], ENAMETOOLONG, "");
		} else {
			memcpy(a.sun_path, argv[i], n);
			if (a.sun_path[0] == '@')
				a.sun_path[0] = '\0';
			if (connect(fd, (const struct sockaddr *)&a,
				(socklen_t)(offsetof(
						struct sockaddr_un, sun_path) +
				    n)) == -1)
				err = errno;
			probe_tell(argv[i], err, "open");
		}
		(void)close(fd);
	}
}

void
probe_sock(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		int family = 0, type = 0, protocol = 0;
		int fd;

		(void)sscanf(argv[i], "%d:%d:%d", &family, &type, &protocol);
		fd = socket(family, type, protocol);
		probe_tell(argv[i], fd == -1 ? errno : 0, "open");
		if (fd >= 0)
			(void)close(fd);
	}
}
