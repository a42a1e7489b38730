#include "router/stub.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "router/dns.h"
#include "router/priv.h"
#include "router/resolvconf.h"

#define STUB_RESOLV_CONF "/etc/resolv.conf"

enum {
	STUB_ASKS_MAX = 512,
	STUB_TRY_MS = 2000,
	STUB_TRIES = 3, /* over all servers */
	STUB_RECHECK_MS = 1000
};

/* One question on its way: one try at a time, by UDP or by TCP. */
struct stub_ask {
	LIST_ENTRY(stub_ask) entry;
	struct stub *stub;
	uint16_t asked_id; /* of the resolver */
	uint16_t wire_id;
	uint8_t query[DNS_QUERY_MAX];
	size_t len;
	int tries;
	int udp; /* -1 while TCP is used */
	struct watch *watch;
	struct stream *tcp;
	struct timer *timer;
	bool done;
};

struct stub {
	struct loop *loop;
	const char *upstream;
	struct resolvconf conf;
	struct stat seen; /* of resolv.conf as it was read */
	int64_t checked_ms;
	struct watch *watch;
	LIST_HEAD(, stub_ask) asks;
	size_t n;
};

static void stub_try(struct stub_ask *a);

static void
stub_reload(struct stub *s)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct stat st = { 0 };
	int64_t now = clock_mono_ms();

	if (s->upstream[0] != '\0' ||
	    (s->checked_ms != 0 && now - s->checked_ms < STUB_RECHECK_MS))
		return;
	s->checked_ms = now;
	(void)stat(STUB_RESOLV_CONF, &st);
	if (s->conf.n > 0 && st.st_ino == s->seen.st_ino &&
	    st.st_mtim.tv_sec == s->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec)
		return;
	s->seen = st;
	if (path_read(STUB_RESOLV_CONF, RESOLVCONF_BYTES_MAX, &text, &e) == -1)
		log_warn("stub resolv-conf err=%s", log_val(e.msg));
	resolvconf_read(str_view(&text), &s->conf);
	log_info("stub resolv-conf servers=%zu", s->conf.n);
}

static void
stub_close_try(struct stub_ask *a)
{
	watch_free(a->watch);
	a->watch = NULL;
	if (a->udp != -1)
		(void)close(a->udp);
	a->udp = -1;
	if (a->tcp != NULL)
		stream_close(a->tcp, "done");
	a->tcp = NULL;
	timer_cancel(a->timer);
}

static void
stub_ask_free(void *arg)
{
	struct stub_ask *a = arg;

	timer_free(a->timer);
	free(a);
}

/* n 0: nobody answered; the resolver learns by an id alone. */
static void
stub_finish(struct stub_ask *a, uint8_t *msg, size_t n)
{
	uint8_t id[2] = { (uint8_t)(a->asked_id >> 8), (uint8_t)a->asked_id };
	struct stub *s = a->stub;

	if (a->done)
		return;
	a->done = true;
	stub_close_try(a);
	if (n == 0) {
		msg = id;
		n = sizeof(id);
	} else {
		memcpy(msg, id, sizeof(id));
	}
	/* No room: the resolver has a time limit of its own. */
	(void)send(STUB_FD, msg, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	LIST_REMOVE(a, entry);
	s->n--;
	watch_set(s->watch, WATCH_READ);
	loop_defer(s->loop, stub_ask_free, a);
}

static void
stub_next_try(struct stub_ask *a)
{
	stub_close_try(a);
	if (++a->tries >= STUB_TRIES)
		stub_finish(a, NULL, 0);
	else
		stub_try(a);
}

static void
stub_on_timeout(void *arg)
{
	struct stub_ask *a = arg;

	if (!a->done)
		stub_next_try(a);
}

static struct view
stub_query(const struct stub_ask *a)
{
	return (struct view){ (const char *)a->query, a->len };
}

static const struct sock_addr *
stub_server(const struct stub_ask *a)
{
	const struct resolvconf *c = &a->stub->conf;

	return &c->servers[(size_t)a->tries % c->n];
}

static void
stub_tcp_on_data(struct stream *s, struct view in, void *arg)
{
	struct stub_ask *a = arg;
	uint8_t msg[DNS_MESSAGE_MAX];
	size_t n;

	if (a->tcp != s || in.len < 2)
		return;
	n = (size_t)((uint8_t)in.p[0] << 8 | (uint8_t)in.p[1]);
	if (n < DNS_HEADER || n > sizeof(msg)) {
		stub_next_try(a);
		return;
	}
	if (in.len - 2 < n)
		return;
	memcpy(msg, in.p + 2, n);
	if (dns_replies_to((struct view){ (const char *)msg, n }, a->wire_id,
		stub_query(a)))
		stub_finish(a, msg, n);
	else
		stub_next_try(a);
}

/* The ask may be gone: a stream that we closed has lost it. */
static void
stub_tcp_on_close(struct stream *s, const char *reason, void *arg)
{
	(void)s;
	(void)reason;
	(void)arg;
}

/* The answer was cut: the same server again, by TCP, within the same try. */
static void
stub_try_tcp(struct stub_ask *a)
{
	uint8_t head[2] = { (uint8_t)(a->len >> 8), (uint8_t)a->len };
	struct err e = ERR_INIT;
	int fd;

	stub_close_try(a);
	if (sock_connect(stub_server(a), &fd, &e) == -1) {
		stub_next_try(a);
		return;
	}
	a->tcp = stream_new(a->stub->loop,
	    &(const struct stream_spec){ .fd = fd,
		.in_max = DNS_MESSAGE_MAX + 2,
		.idle_ms = STUB_TRY_MS,
		.on_data = stub_tcp_on_data,
		.on_close = stub_tcp_on_close,
		.arg = a });
	stream_write(a->tcp, head, sizeof(head));
	stream_write(a->tcp, a->query, a->len);
	timer_set(a->timer, STUB_TRY_MS);
}

static void
stub_on_udp(int fd, int what, void *arg)
{
	struct stub_ask *a = arg;
	uint8_t msg[DNS_MESSAGE_MAX];
	ssize_t n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);
	struct view v = { (const char *)msg, n > 0 ? (size_t)n : 0 };

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) { /* a port that nobody listens on, mostly */
		stub_next_try(a);
		return;
	}
	if (!dns_replies_to(v, a->wire_id, stub_query(a)))
		return; /* forged or late: the time limit decides */
	if ((msg[2] & 0x02) != 0)
		stub_try_tcp(a);
	else
		stub_finish(a, msg, v.len);
}

static void
stub_try(struct stub_ask *a)
{
	const struct sock_addr *to = stub_server(a);

	/* A fresh port and id each: what a forger must guess. */
	rnd_bytes(&a->wire_id, sizeof(a->wire_id));
	a->query[0] = (uint8_t)(a->wire_id >> 8);
	a->query[1] = (uint8_t)a->wire_id;
	timer_set(a->timer, STUB_TRY_MS);
	a->udp = socket(
	    to->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->udp == -1 ||
	    connect(a->udp, (const struct sockaddr *)(const void *)&to->ss,
		to->len) == -1 ||
	    send(a->udp, a->query, a->len, MSG_NOSIGNAL) == -1) {
		/* The timer makes the next try. */
		log_debug("stub send errno=%d", errno);
		return;
	}
	a->watch = watch_new(a->stub->loop, a->udp, stub_on_udp, a);
	watch_set(a->watch, WATCH_READ);
}

static void
stub_on_ask(struct stub *s, const uint8_t *msg, size_t n)
{
	struct stub_ask *a;

	if (!dns_is_query((struct view){ (const char *)msg, n })) {
		log_error("stub bad-question bytes=%zu", n);
		return;
	}
	stub_reload(s);
	a = xcalloc(1, sizeof(*a));
	a->stub = s;
	a->udp = -1;
	a->asked_id = (uint16_t)(msg[0] << 8 | msg[1]);
	a->len = n;
	memcpy(a->query, msg, n);
	a->timer = timer_new(s->loop, stub_on_timeout, a);
	LIST_INSERT_HEAD(&s->asks, a, entry);
	if (++s->n >= STUB_ASKS_MAX)
		watch_set(s->watch, 0);
	stub_try(a);
}

static void
stub_on_socket(int fd, int what, void *arg)
{
	struct stub *s = arg;
	uint8_t msg[DNS_QUERY_MAX + 1];

	(void)what;
	while (s->n < STUB_ASKS_MAX) {
		ssize_t n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);

		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			loop_stop(s->loop);
			return;
		}
		stub_on_ask(s, msg, (size_t)n);
	}
}

int
stub_main(const char *upstream)
{
	struct stub s = { .upstream = upstream };
	struct err e = ERR_INIT;

	(void)priv_raise_files();
	LIST_INIT(&s.asks);
	if (priv_confine(&e) == -1 ||
	    (upstream[0] != '\0' &&
		resolvconf_list(upstream, &s.conf, &e) == -1))
		goto fail;
	s.loop = loop_new(&e);
	if (s.loop == NULL)
		goto fail;
	stub_reload(&s);
	s.watch = watch_new(s.loop, STUB_FD, stub_on_socket, &s);
	watch_set(s.watch, WATCH_READ);
	if (loop_run(s.loop, &e) == -1)
		goto fail;
	/* Everything lives as long as the process. */
	_exit(0);

fail:
	log_error("stub failed err=%s", log_val(e.msg));
	_exit(1);
}
