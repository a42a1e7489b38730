/*
 * router_fake: a router for tests of sandboxes: its namespace, and a control
 * socket that says yes to all, or what `refuse` says.
 */
#ifndef TESTS_UNIT_AGENTD_ROUTER_FAKE_H
#define TESTS_UNIT_AGENTD_ROUTER_FAKE_H

#include "agentd/sandbox/routerctl.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "tests/unit/agentd/sandbox_fixture.h"

struct router {
	struct fixture *f;
	struct listener *listener;
	struct stream *stream; /* the newest */
	struct routerctl *ctl;
	struct str heard; /* the lines it got */
	const char *refuse;
};

static struct router router;

static inline void
router_on_data(struct stream *s, struct view in, void *arg)
{
	const char *nl = memchr(in.p, '\n', in.len);
	char reply[128];

	(void)arg;
	if (nl == NULL)
		return;
	str_addn(&router.heard, in.p, (size_t)(nl - in.p) + 1);
	stream_take(s, (size_t)(nl - in.p) + 1);
	if (router.refuse != NULL)
		(void)snprintf(reply, sizeof(reply),
		    "{\"ok\":false,\"error\":\"%s\"}\n", router.refuse);
	else
		(void)snprintf(reply, sizeof(reply), "{\"ok\":true}\n");
	stream_write(s, reply, strlen(reply));
}

static inline void
router_on_close(struct stream *s, const char *reason, void *arg)
{
	(void)reason;
	(void)arg;
	if (router.stream == s)
		router.stream = NULL;
}

static inline void
router_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	const struct fixture *f = arg;

	(void)peer;
	router.stream = stream_new(f->host.loop,
	    &(struct stream_spec){ .fd = fd,
		.on_data = router_on_data,
		.on_close = router_on_close });
}

static inline void
router_listen(struct fixture *f)
{
	AUTO_FREE char *text = xasprintf("unix:%s/run/router.sock", f->home);
	struct sock_addr a;
	struct err e = ERR_INIT;
	int fd;

	assert_int_equal(sock_parse(text, &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), 0);
	router.listener = listener_new(f->host.loop, fd, router_on_accept, f);
}

static inline void
router_up(struct fixture *f)
{
	char name[HOST_NAME_MAX];
	const char *const add[] = { "/usr/sbin/ip", "netns", "add", name,
		NULL };
	AUTO_FREE char *path = path_join(f->home, "run/router.sock");
	AUTO_FREE char *dir = path_join(f->home, "run");
	struct err e = ERR_INIT;

	host_router_netns(&f->host, name);
	fixture_program(f, add);
	assert_int_equal(path_mkdirs(dir, 0755, &e), 0);
	router.f = f;
	router.heard = STR_INIT;
	router_listen(f);
	router.ctl = routerctl_new(f->host.loop, path);
}

/* Its program ends; router_listen: it is back. */
static inline void
router_leave(struct fixture *f)
{
	AUTO_FREE char *path = path_join(f->home, "run/router.sock");

	listener_free(router.listener);
	router.listener = NULL;
	(void)unlink(path);
	if (router.stream != NULL)
		stream_close(router.stream, "it ends");
	loop_drain(f->host.loop);
}

static inline void
router_down(struct fixture *f)
{
	char name[HOST_NAME_MAX];
	const char *const del[] = { "/usr/sbin/ip", "netns", "delete", name,
		NULL };

	host_router_netns(&f->host, name);
	routerctl_free(router.ctl);
	listener_free(router.listener);
	fixture_program(f, del);
	str_release(&router.heard);
}

#endif
