#include "lib/httpd/httpd.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/httpd/httpd_priv.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	HTTPD_CONN_MEMORY = 16 << 10,
	HTTPD_MAX_CONNS = 4096,
	HTTPD_IDLE_S = 75,
	/* MHD counts its timeouts in whole seconds. */
	HTTPD_TICK_MS = 1000,
	/* A request that waits so long is watched for the client's leaving;
	 * shorter waits do without two system calls. */
	HTTPD_SWEEP_MS = 1000,
	HTTPD_LEFT_BATCH = 64
};

static void
httpd_run(struct httpd *h)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	if (h->running)
		return;
	h->running = true;
	h->again = false;
	(void)MHD_run(h->mhd);
	h->running = false;
	if (h->again || (MHD_get_timeout(h->mhd, &ms) == MHD_YES && ms == 0))
		timer_set(h->tick, 0);
	else if (h->conns > 0 && !timer_pending(h->tick))
		timer_set(h->tick, HTTPD_TICK_MS);
}

static void
httpd_on_ready(int fd, int what, void *arg)
{
	(void)fd;
	(void)what;
	httpd_run(arg);
}

static void
httpd_on_tick(void *arg)
{
	httpd_run(arg);
}

/* Run soon: something was resumed or added from outside of MHD_run. */
static void
httpd_kick(struct httpd *h)
{
	if (h->running)
		h->again = true;
	else
		timer_set(h->tick, 0);
}

static void
httpd_resume(struct request *q)
{
	q->suspended = false;
	LIST_REMOVE(q, link);
	MHD_resume_connection(q->mhd);
	httpd_kick(q->h);
}

void
httpd_suspend(struct request *q)
{
	struct httpd *h = q->h;

	q->suspended = true;
	LIST_INSERT_HEAD(&h->waiting, q, link);
	MHD_suspend_connection(q->mhd);
	if (!q->watched && !timer_pending(h->left_sweep))
		timer_set(h->left_sweep, HTTPD_SWEEP_MS);
}

void
httpd_wake(struct request *q)
{
	q->woken = true;
	if (q->suspended)
		httpd_resume(q);
}

static void
httpd_watch_left(struct request *q)
{
	struct epoll_event ev = { .events = EPOLLRDHUP | EPOLLET };
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(
	    q->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return;
	ev.data.ptr = q;
	q->watched = epoll_ctl(q->h->left_fd, EPOLL_CTL_ADD, info->connect_fd,
			 &ev) == 0;
}

void
httpd_await_body(struct request *q)
{
	struct httpd *h = q->h;

	q->body_awaited = true;
	LIST_INSERT_HEAD(&h->bodies, q, body_link);
	if (!timer_pending(h->left_sweep))
		timer_set(h->left_sweep, HTTPD_SWEEP_MS);
}

void
httpd_body_ended(struct request *q)
{
	if (q->body_awaited)
		LIST_REMOVE(q, body_link);
	q->body_awaited = false;
}

/* Has everything that the client sent been read, its end included? */
static bool
httpd_is_gone(struct request *q)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    q->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	char one;

	return info != NULL &&
	    recv(info->connect_fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/*
 * MHD reads until it gets less than it has room for, and is told of the next
 * byte only: an end that came together with the last bytes goes unseen until
 * its timeout.
 */
static void
httpd_on_sweep(void *arg)
{
	struct httpd *h = arg;
	struct request *q, *next;

	for (q = LIST_FIRST(&h->waiting); q != NULL; q = LIST_NEXT(q, link))
		if (!q->watched)
			httpd_watch_left(q);
	LIST_FOREACH_SAFE(q, &h->bodies, body_link, next)
		if (!q->suspended && httpd_is_gone(q))
			request_cut(q);
	if (!LIST_EMPTY(&h->bodies))
		timer_set(h->left_sweep, HTTPD_SWEEP_MS);
}

static void
httpd_on_left(int fd, int what, void *arg)
{
	struct epoll_event evs[HTTPD_LEFT_BATCH];
	int n = epoll_wait(fd, evs, HTTPD_LEFT_BATCH, 0);

	(void)what;
	(void)arg;
	for (int i = 0; i < n; i++) {
		struct request *q = evs[i].data.ptr;

		if ((evs[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0)
			continue;
		q->left = true;
		httpd_wake(q);
	}
}

static void
httpd_conn_free(struct httpd_conn *c)
{
	if (c == NULL)
		return;
	free(c->label);
	free(c);
}

static void
httpd_on_conn(void *cls, struct MHD_Connection *c, void **ctx,
    enum MHD_ConnectionNotificationCode what)
{
	struct httpd *h = cls;

	(void)c;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*ctx = h->adding;
		h->adding = NULL;
		h->conns++;
		return;
	}
	httpd_conn_free(*ctx);
	*ctx = NULL;
	h->conns--;
	if (h->paused && !h->closing) {
		h->paused = false;
		listener_resume(h->listener);
	}
}

int
httpd_add_connection(struct httpd *h, int fd, const struct sock_addr *peer,
    const char *label, struct err *e)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_UNSPEC };
	socklen_t len = sizeof(sa.sin6_family);

	h->adding = xcalloc(1, sizeof(*h->adding));
	h->adding->label = xstrdup(label);
	h->adding->peer = *peer;
	/* MHD copies as many bytes as it is told; it needs the family only. */
	if (peer->ss.ss_family == AF_INET || peer->ss.ss_family == AF_INET6) {
		/* A piece of a streamed reply must not wait for an ACK. */
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		len = peer->len < sizeof(sa) ? peer->len : sizeof(sa);
		memcpy(&sa, &peer->ss, len);
	} else {
		sa.sin6_family = AF_UNIX;
	}
	if (MHD_add_connection(h->mhd, fd, (const struct sockaddr *)&sa, len) !=
	    MHD_YES) {
		httpd_conn_free(h->adding);
		h->adding = NULL;
		return err_set(
		    e, ERR_BUSY, "HTTP: connection not taken, too many open");
	}
	httpd_kick(h);
	return 0;
}

static void
httpd_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct httpd *h = arg;
	struct err e = ERR_INIT;

	if (httpd_add_connection(h, fd, peer, "", &e) == -1)
		log_warn("httpd refuse why=%s", log_val(e.msg));
	if (h->conns >= h->spec.max_conns) {
		h->paused = true;
		listener_pause(h->listener);
	}
}

/* Targets are decoded by target.c, once. */
static size_t
httpd_no_unescape(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

static struct MHD_Daemon *
httpd_start_daemon(struct httpd *h)
{
	const struct httpd_spec *s = &h->spec;

	return MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET,
	    0, NULL, NULL, request_on_call, h, MHD_OPTION_NOTIFY_CONNECTION,
	    httpd_on_conn, h, MHD_OPTION_URI_LOG_CALLBACK, request_on_target, h,
	    MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, h,
	    MHD_OPTION_UNESCAPE_CALLBACK, httpd_no_unescape, NULL,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->conn_memory,
	    MHD_OPTION_CONNECTION_LIMIT, s->max_conns,
	    MHD_OPTION_CONNECTION_TIMEOUT, s->idle_s,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

struct httpd *
httpd_new(const struct httpd_spec *spec, struct err *e)
{
	struct httpd *h = xcalloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info;

	h->spec = *spec;
	h->loop = spec->loop;
	rnd_hex(h->id_prefix, 4);
	if (h->spec.conn_memory == 0)
		h->spec.conn_memory = HTTPD_CONN_MEMORY;
	if (h->spec.max_conns == 0)
		h->spec.max_conns = HTTPD_MAX_CONNS;
	if (h->spec.idle_s == 0)
		h->spec.idle_s = HTTPD_IDLE_S;
	if (spec->server_name != NULL)
		h->server_name = xstrdup(spec->server_name);
	LIST_INIT(&h->waiting);
	LIST_INIT(&h->bodies);
	h->left_fd = epoll_create1(EPOLL_CLOEXEC);
	h->mhd = httpd_start_daemon(h);
	if (h->mhd == NULL || h->left_fd == -1) {
		err_sys(e, ERR_IO, "start the HTTP server");
		goto fail;
	}
	info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	h->tick = timer_new(h->loop, httpd_on_tick, h);
	h->left_sweep = timer_new(h->loop, httpd_on_sweep, h);
	h->ready = watch_new(h->loop, info->epoll_fd, httpd_on_ready, h);
	watch_set(h->ready, WATCH_READ);
	h->left_watch = watch_new(h->loop, h->left_fd, httpd_on_left, h);
	watch_set(h->left_watch, WATCH_READ);
	if (spec->listen_fd != -1)
		h->listener = listener_new(
		    h->loop, spec->listen_fd, httpd_on_accept, h);
	return h;
fail:
	if (h->mhd != NULL)
		MHD_stop_daemon(h->mhd);
	if (h->left_fd != -1)
		(void)close(h->left_fd);
	if (spec->listen_fd != -1)
		(void)close(spec->listen_fd);
	free(h->server_name);
	free(h);
	return NULL;
}

void
httpd_quiesce(struct httpd *h)
{
	listener_free(h->listener);
	h->listener = NULL;
	h->paused = false;
}

void
httpd_free(struct httpd *h)
{
	struct request *q, *next;

	if (h == NULL)
		return;
	httpd_quiesce(h);
	h->closing = true;
	/* MHD must not be stopped with suspended connections. */
	LIST_FOREACH_SAFE(q, &h->waiting, link, next)
		httpd_resume(q);
	(void)MHD_run(h->mhd);
	watch_free(h->ready);
	MHD_stop_daemon(h->mhd);
	watch_free(h->left_watch);
	(void)close(h->left_fd);
	timer_free(h->tick);
	timer_free(h->left_sweep);
	free(h->server_name);
	free(h);
}
