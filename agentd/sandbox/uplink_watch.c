#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/sandbox/uplink.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	UPLINK_WATCH_MAX = 1024,   /* addresses of one host */
	UPLINK_WATCH_DELAY_MS = 20 /* a change comes as several messages */
};

struct uplink_watch {
	int fd;
	struct watch *watch;
	struct timer *timer;
	uplink_addrs_fn *fn;
	void *arg;
};

static void
uplink_watch_tell(void *arg)
{
	struct uplink_watch *w = arg;
	struct ifaddrs *list = NULL;
	char **texts;
	size_t n = 0;

	if (getifaddrs(&list) == -1) {
		log_warn("uplink addresses-unknown errno=%d", errno);
		timer_set(w->timer, 1000);
		return;
	}
	texts = xcalloc(UPLINK_WATCH_MAX, sizeof(*texts));
	for (const struct ifaddrs *a = list; a != NULL; a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		char text[INET_ADDRSTRLEN];

		if (in == NULL || in->sin_family != AF_INET ||
		    n == UPLINK_WATCH_MAX)
			continue;
		(void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		texts[n++] = xstrdup(text);
	}
	freeifaddrs(list);
	w->fn((const char *const *)texts, n, w->arg);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

/* What changed does not matter: the whole list is read again.  An overrun
 * (ENOBUFS) means a change as well. */
static void
uplink_watch_on_change(int fd, int what, void *arg)
{
	struct uplink_watch *w = arg;
	char sink[4096];

	(void)what;
	if (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (!timer_pending(w->timer))
		timer_set(w->timer, UPLINK_WATCH_DELAY_MS);
}

struct uplink_watch *
uplink_watch_new(struct loop *l, uplink_addrs_fn *fn, void *arg, struct err *e)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR };
	AUTO_CLOSE int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	struct uplink_watch *w;

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1) {
		(void)err_sys(e, ERR_IO, "rtnetlink");
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->fd = STEAL_FD(fd);
	w->fn = fn;
	w->arg = arg;
	w->timer = timer_new(l, uplink_watch_tell, w);
	w->watch = watch_new(l, w->fd, uplink_watch_on_change, w);
	watch_set(w->watch, WATCH_READ);
	timer_set(w->timer, 0);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return w;
}

void
uplink_watch_free(struct uplink_watch *w)
{
	if (w == NULL)
		return;
	watch_free(w->watch);
	timer_free(w->timer);
	(void)close(w->fd);
	free(w);
}
