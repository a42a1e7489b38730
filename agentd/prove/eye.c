#include "agentd/prove/eye.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentd/sandbox/netns.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	EYE_FDS = 32,
	EYE_PEERS = 8,
	EYE_TAP_BYTES = 16 << 20,
	EYE_PACKET = 65536,
	EYE_TRY_MS = 300
};

enum eye_kind {
	EYE_TCP,
	EYE_UDP,
	EYE_TAP
};

struct eye_fd {
	int fd;
	enum eye_kind kind;
	const char *what;
	bool seen;
};

struct eye {
	const char *token;
	uint16_t port;
	unsigned uplink; /* interface index, 0: there is none */
	struct eye_fd fds[EYE_FDS];
	size_t n;
	int64_t peers[EYE_PEERS];
	size_t n_peers;
	uint32_t watch[EYE_WATCH_MAX];
	size_t n_watch;
	unsigned seen;
	bool lost;
	struct str text;
};

struct eye_addr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u;
	socklen_t len;
};

static struct eye_addr
eye_any(int family, uint16_t port)
{
	struct eye_addr a;

	memset(&a, 0, sizeof(a));
	if (family == AF_INET) {
		a.u.v4.sin_family = AF_INET;
		a.u.v4.sin_port = htons(port);
		a.len = sizeof(a.u.v4);
	} else {
		a.u.v6.sin6_family = AF_INET6;
		a.u.v6.sin6_port = htons(port);
		a.len = sizeof(a.u.v6);
	}
	return a;
}

static int
eye_add(struct eye *y, int fd, enum eye_kind kind, const char *what)
{
	if (y->n == EYE_FDS) {
		(void)close(fd);
		return -1;
	}
	y->fds[y->n++] = (struct eye_fd){
		.fd = fd, .kind = kind, .what = what
	};
	return 0;
}

/* Port 0: any, told in y->port. */
static int
eye_listen(struct eye *y, int family, int type, const char *what, struct err *e)
{
	struct eye_addr a = eye_any(family, y->port);
	const int on = 1;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return err_sys(e, ERR_IO, "a socket to listen on");
	if (family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a.u.any, a.len) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 64) == -1) ||
	    getsockname(fd, &a.u.any, &a.len) == -1) {
		(void)close(fd);
		return err_sys(e, ERR_IO, "listen on port %u", y->port);
	}
	if (y->port == 0)
		y->port = ntohs(a.u.v4.sin_port);
	return eye_add(y, fd, type == SOCK_STREAM ? EYE_TCP : EYE_UDP, what);
}

static int
eye_listen_unix(struct eye *y, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int n = snprintf(
	    a.sun_path + 1, sizeof(a.sun_path) - 1, "coffer-prove-%u", y->port);

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    (size_t)n)) == -1 ||
	    listen(fd, 16) == -1) {
		if (fd >= 0)
			(void)close(fd);
		return err_sys(e, ERR_IO, "an abstract socket");
	}
	return eye_add(y, fd, EYE_TCP, "an abstract socket of the host");
}

/*
 * All of the uplink; of other interfaces what is UDP or ICMP, which is all that
 * carries the token: the host's own TCP would be too much to look at.
 */
static void
eye_filter(int fd, unsigned uplink)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uplink, 10, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 3, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 5, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 1),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, EYE_PACKET),
	};
	const struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]),
		.filter = code };

	/* Without it more is looked at, not less. */
	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

static int
eye_tap(struct eye *y, struct err *e)
{
	const int bytes = EYE_TAP_BYTES;
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    htons(ETH_P_ALL));

	if (fd == -1)
		return err_sys(e, ERR_IO, "a tap of the host's interfaces");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	eye_filter(fd, y->uplink);
	return eye_add(y, fd, EYE_TAP, "the host's interfaces");
}

static int
eye_listen_peer(void *arg, struct err *e)
{
	struct eye *y = arg;

	if (eye_listen(y, AF_INET, SOCK_STREAM, "another project", e) == -1)
		return -1;
	return eye_listen(y, AF_INET, SOCK_DGRAM, "another project", e);
}

/* Other projects of this installation that have a namespace. */
static void
eye_open_peers(struct eye *y, const char *inst, int64_t project)
{
	DIR *d = opendir("/run/netns");
	char head[16];
	size_t n = (size_t)snprintf(head, sizeof(head), "coffer-%s-p", inst);
	struct dirent *f;

	while (
	    d != NULL && y->n_peers < EYE_PEERS && (f = readdir(d)) != NULL) {
		struct err e = ERR_INIT;
		int64_t id;

		if (strncmp(f->d_name, head, n) != 0 ||
		    num_i64(f->d_name + n, 1, INT32_MAX, &id, &e) == -1 ||
		    id == project)
			continue;
		if (netns_call(f->d_name, eye_listen_peer, y, &e) == 0)
			y->peers[y->n_peers++] = id;
	}
	if (d != NULL)
		(void)closedir(d);
}

struct eye *
eye_open(const char *inst, int64_t project, const char *token, struct err *e)
{
	struct eye *y = xcalloc(1, sizeof(*y));
	struct err six = ERR_INIT;
	char uplink[IF_NAMESIZE];

	(void)snprintf(uplink, sizeof(uplink), "cf%.4sh", inst);
	y->uplink = if_nametoindex(uplink);
	y->token = token;
	y->text = STR_INIT_MAX(400);
	if (eye_listen(y, AF_INET, SOCK_STREAM, "the host", e) == -1 ||
	    eye_listen(y, AF_INET, SOCK_DGRAM, "the host", e) == -1 ||
	    eye_listen_unix(y, e) == -1 || eye_tap(y, e) == -1) {
		eye_close(y);
		return NULL;
	}
	/* A host without IPv6 has nothing to reach by it. */
	if (eye_listen(y, AF_INET6, SOCK_STREAM, "the host by IPv6", &six) == 0)
		(void)eye_listen(
		    y, AF_INET6, SOCK_DGRAM, "the host by IPv6", &six);
	eye_open_peers(y, inst, project);
	return y;
}

void
eye_close(struct eye *y)
{
	if (y == NULL)
		return;
	for (size_t i = 0; i < y->n; i++)
		(void)close(y->fds[i].fd);
	str_release(&y->text);
	free(y);
}

uint16_t
eye_port(const struct eye *y)
{
	return y->port;
}

const int64_t *
eye_peers(const struct eye *y, size_t *n)
{
	*n = y->n_peers;
	return y->peers;
}

void
eye_watch(struct eye *y, const char *const *addresses, size_t n)
{
	y->n_watch = 0;
	for (size_t i = 0; i < n && i < EYE_WATCH_MAX; i++) {
		struct in_addr a;

		if (inet_pton(AF_INET, addresses[i], &a) == 1)
			y->watch[y->n_watch++] = a.s_addr;
	}
}

static void
eye_note(struct eye *y, struct eye_fd *f, const char *how)
{
	f->seen = true;
	if (y->seen++ < 4)
		str_addf(
		    &y->text, "%s%s%s", y->text.len ? ", " : "", f->what, how);
}

static bool
eye_packet_counts(
    const struct eye *y, const char *p, size_t n, unsigned interface)
{
	uint32_t to;

	if (memmem(p, n, y->token, strlen(y->token)) != NULL)
		return true;
	if (interface != y->uplink || n < 20 || ((unsigned char)p[0] >> 4) != 4)
		return false;
	memcpy(&to, p + 16, sizeof(to));
	for (size_t i = 0; i < y->n_watch; i++) {
		if (y->watch[i] == to)
			return true;
	}
	return false;
}

static void
eye_read_tap(struct eye *y, struct eye_fd *f)
{
	static char packet[EYE_PACKET];
	struct sockaddr_ll from = { .sll_family = AF_PACKET };
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(f->fd, packet, sizeof(packet), 0,
		    (struct sockaddr *)&from, &len)) >= 0) {
		if (eye_packet_counts(
			y, packet, (size_t)n, (unsigned)from.sll_ifindex))
			eye_note(y, f, ": a packet");
		len = sizeof(from);
	}
}

static void
eye_read(struct eye *y, struct eye_fd *f)
{
	char byte[1];
	int c;

	switch (f->kind) {
	case EYE_TCP:
		while ((c = accept(f->fd, NULL, NULL)) >= 0) {
			(void)close(c);
			eye_note(y, f, ": a connection");
		}
		break;
	case EYE_UDP:
		while (recv(f->fd, byte, sizeof(byte), 0) >= 0)
			eye_note(y, f, ": a datagram");
		break;
	case EYE_TAP:
		eye_read_tap(y, f);
		break;
	}
}

unsigned
eye_look(struct eye *y, int ms, struct str *text)
{
	struct pollfd p[EYE_FDS];

	for (size_t i = 0; i < y->n; i++)
		p[i] = (struct pollfd){ .fd = y->fds[i].fd, .events = POLLIN };
	/* The whole time: an idle host's tap is seldom silent. */
	(void)poll(NULL, 0, ms);
	if (poll(p, (nfds_t)y->n, 0) > 0) {
		for (size_t i = 0; i < y->n; i++) {
			if (p[i].revents != 0)
				eye_read(y, &y->fds[i]);
		}
	}
	if (text != NULL)
		str_addv(text, str_view(&y->text));
	return y->seen;
}

bool
eye_is_whole(struct eye *y)
{
	for (size_t i = 0; i < y->n; i++) {
		struct tpacket_stats st = { .tp_drops = 0 };
		socklen_t len = sizeof(st);

		if (y->fds[i].kind == EYE_TAP &&
		    (getsockopt(y->fds[i].fd, SOL_PACKET, PACKET_STATISTICS,
			 &st, &len) == -1 ||
			st.tp_drops > 0))
			y->lost = true;
	}
	return !y->lost;
}

void
eye_clear(struct eye *y)
{
	(void)eye_look(y, 0, NULL);
	for (size_t i = 0; i < y->n; i++)
		y->fds[i].seen = false;
	str_reset(&y->text);
	y->seen = 0;
	(void)eye_is_whole(y);
	y->lost = false;
}

bool
eye_try(struct eye *y, struct str *text)
{
	struct eye_addr a = eye_any(AF_INET, y->port);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned kinds = 0;

	a.u.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	eye_clear(y);
	(void)connect(tcp, &a.u.any, a.len);
	(void)sendto(udp, y->token, strlen(y->token), 0, &a.u.any, a.len);
	(void)eye_look(y, EYE_TRY_MS, text);
	for (size_t i = 0; i < y->n; i++) {
		if (y->fds[i].seen)
			kinds |= 1U << y->fds[i].kind;
	}
	(void)close(tcp);
	(void)close(udp);
	eye_clear(y);
	return kinds == (1U << EYE_TCP | 1U << EYE_UDP | 1U << EYE_TAP);
}
