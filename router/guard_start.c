#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/barrier.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/io/child.h"
#include "lib/io/notify.h"
#include "lib/io/sock.h"
#include "router/chan.h"
#include "router/control.h"
#include "router/guard_priv.h"
#include "router/netns.h"
#include "router/nflog.h"
#include "router/nlmsg.h"
#include "router/priv.h"
#include "router/proxy.h"
#include "router/stub.h"
#include "router/tool.h"

static void
guard_on_keeper_exit(const struct child_exit *x, void *arg)
{
	struct guard *g = arg;
	struct err e = ERR_INIT;

	(void)child_check(x, "keeper", &e);
	log_error("guard keeper-ended err=%s", log_val(e.msg));
	g->keeper_lost = true;
	/* We cannot go back to the host's namespace, nor be root again: the
	 * supervisor starts us again, and the rules stay meanwhile. */
	loop_stop(g->loop);
}

/* It lasts until our end of its standard input goes. */
static int
guard_keep(struct guard *g, const char *const *argv, const int *fds, int n,
    struct err *e)
{
	const char *envp[BARRIER_ENV_MAX + 2] = { "LC_ALL=C" };
	struct child *keeper;

	barrier_env(envp + 1);
	return child_start(g->loop,
	    &(const struct child_spec){ .argv = argv,
		.envp = envp,
		.in = CHILD_PIPE,
		.out = CHILD_NULL,
		.err = CHILD_FD,
		.err_fd = STDERR_FILENO,
		.pass_fds = fds,
		.n_pass_fds = n,
		.on_exit = guard_on_keeper_exit,
		.arg = g },
	    &keeper, e);
}

/* Before the namespace is left: the stub asks from the host's. */
static int
guard_start_keeper(struct guard *g, struct err *e)
{
	char uid[16], gid[16];
	const char *argv[] = { "/proc/self/exe", "@keeper", uid, gid, "1",
		g->cfg->log_level, "@stub", g->cfg->upstream_dns,
		g->cfg->log_level, NULL };
	int pair[2], rc;

	if (chan_pair(pair, e) == -1)
		return -1;
	snprintf(uid, sizeof(uid), "%u", (unsigned)g->cfg->uid);
	snprintf(gid, sizeof(gid), "%u", (unsigned)g->cfg->gid);
	rc = guard_keep(g, argv, &pair[1], 1, e);
	(void)close(pair[1]);
	g->stub = pair[0];
	return rc;
}

/* While we are root: the proxy has a group of its own, which may call out. */
static int
guard_start_proxy(struct guard *g, struct err *e)
{
	AUTO_FREE char *text = xasprintf(
	    "%s:%u", g->cfg->address, (unsigned)g->cfg->proxy_port);
	char uid[16], gid[16];
	const char *argv[] = { "/proc/self/exe", "@keeper", uid, gid, "3",
		g->cfg->log_level, "@proxy", g->cfg->range_text,
		g->cfg->address, g->cfg->never_text, g->cfg->log_level, NULL };
	AUTO_CLOSE int book = -1;
	AUTO_CLOSE int listen = -1;
	int pair[2], fds[PROXY_FD_END - PROXY_FD_CHAN], rc;
	struct sock_addr a;

	if (sock_parse(text, &a, e) == -1 ||
	    sock_listen(&a, 0, &listen, e) == -1)
		return -1;
	book = open(g->cfg->book,
	    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (book == -1)
		return err_sys(e, ERR_IO, "open %s", g->cfg->book);
	snprintf(uid, sizeof(uid), "%u", (unsigned)g->cfg->uid);
	snprintf(gid, sizeof(gid), "%u", (unsigned)g->cfg->proxy_gid);
	rc = chan_pair(pair, e);
	if (rc == 0) {
		fds[0] = pair[1];
		fds[PROXY_FD_LISTEN - PROXY_FD_CHAN] = listen;
		fds[PROXY_FD_BOOK - PROXY_FD_CHAN] = book;
		g->proxy_chan = pair[0];
		rc = guard_keep(g, argv, fds, PROXY_FD_END - PROXY_FD_CHAN, e);
		(void)close(pair[1]);
	}
	return rc;
}

/* The router's address, on lo: it is there before any project's link. */
static int
guard_set_address(struct guard *g, struct err *e)
{
	AUTO_FREE char *addr = xasprintf("%s/32", g->cfg->address);
	const char *const up[] = { "ip", "link", "set", "lo", "up", NULL };
	const char *add[] = { "ip", "addr", "replace", addr, "dev", "lo",
		NULL };

	if (tool_run(g->loop, &(const struct tool_spec){ .argv = up }, e) ==
		-1 ||
	    tool_run(g->loop, &(const struct tool_spec){ .argv = add }, e) ==
		-1)
		return err_wrap(e, "set the router's address");
	return 0;
}

static int
guard_bind_udp(const struct sock_addr *a, int *out, struct err *e)
{
	AUTO_CLOSE int fd = socket(
	    AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)(const void *)&a->ss, a->len) ==
		-1)
		return err_sys(e, ERR_IO, "listen on udp port 53");
	*out = STEAL_FD(fd);
	return 0;
}

static int
guard_listen(struct guard *g, struct err *e)
{
	AUTO_FREE char *dns = xasprintf("%s:53", g->cfg->address);
	AUTO_FREE char *http = xasprintf("%s:80", g->cfg->address);
	AUTO_FREE char *model = xasprintf("%s:81", g->cfg->address);
	struct sock_addr a;

	if (sock_parse(dns, &a, e) == -1 ||
	    guard_bind_udp(&a, &g->udp53, e) == -1 ||
	    sock_listen(&a, 0, &g->tcp53, e) == -1)
		return -1;
	if (sock_parse(http, &a, e) == -1 ||
	    sock_listen(&a, 0, &g->tcp80, e) == -1)
		return -1;
	if (sock_parse(model, &a, e) == -1 ||
	    sock_listen(&a, 0, &g->tcp81, e) == -1)
		return -1;
	return 0;
}

/* Its rules are not known: until it is set, no name is let out by them. */
static void
guard_on_member(uint32_t id, enum policy_mode mode, bool strict, void *arg)
{
	static const struct egress_rule all = { .below = true };
	struct guard *g = arg;
	struct project *q = projects_put(g->projects, id);
	struct err e = ERR_INIT;

	if (strict)
		(void)egress_policy_add(q->policy, EGRESS_DENY, &all, &e);
	else
		project_set_policy(q,
		    egress_policy_new(
			&(const struct egress_spec){ .mode = mode }));
	q->adopted = true;
}

/*
 * A new namespace gets its name, by which interfaces are moved in, only after
 * the rules hold.
 */
static int
guard_enter(struct guard *g, struct err *e)
{
	char name[NETNS_NAME_MAX];
	bool adopted, changed;

	netns_name(g->cfg->inst, name);
	if (netns_enter(name, &adopted, e) == -1)
		return -1;
	if (firewall_load(g->firewall, &changed, e) == -1 ||
	    netns_set_sysctls(e) == -1 || guard_set_address(g, e) == -1)
		return -1;
	FAIL_POINT(router_before_publish);
	if (!adopted && netns_publish(name, e) == -1)
		return -1;
	if (adopted &&
	    (firewall_read(g->firewall, guard_on_member, g, e) == -1 ||
		guard_read_pins(g, e) == -1))
		return -1;
	if (adopted && changed) {
		log_warn("guard rules-differed netns=%s reloaded=yes", name);
		/* What the other rules have let out ends with them. */
		if (firewall_cut_now(g->firewall, e) == -1)
			return -1;
	}
	log_info(
	    "guard netns name=%s adopted=%s", name, adopted ? "yes" : "no");
	return 0;
}

static void
guard_on_term(void *arg)
{
	struct guard *g = arg;

	log_info("guard stop why=signal");
	guard_drop_clock(g);
	loop_stop(g->loop);
}

static int
guard_start(struct guard *g, struct err *e)
{
	struct sock_addr a;

	if (geteuid() != 0)
		return err_set(e, ERR_DENIED,
		    "the router needs root to make its network namespace");
	(void)priv_raise_files();
	g->loop = loop_new(e);
	if (g->loop == NULL || path_mkdirs(g->cfg->run, 0755, e) == -1 ||
	    sock_parse(g->cfg->control, &a, e) == -1 ||
	    sock_listen(&a, 0600, &g->listen, e) == -1)
		return -1;
	guard_open_clock(g);
	g->firewall = firewall_new(g->loop, &g->rules, g->cfg->xtlock);
	if (guard_start_keeper(g, e) == -1 || guard_enter(g, e) == -1 ||
	    guard_listen(g, e) == -1 || guard_start_late(g, e) == -1 ||
	    guard_start_proxy(g, e) == -1)
		return -1;
	if (loop_on_signal(g->loop, SIGTERM, guard_on_term, g, e) == -1 ||
	    loop_on_signal(g->loop, SIGINT, guard_on_term, g, e) == -1 ||
	    priv_keep_net_admin(g->cfg->uid, g->cfg->gid, e) == -1)
		return -1;
	guard_start_children(g);
	guard_open_peer(g, GUARD_PROXY, STEAL_FD(g->proxy_chan));
	g->control = control_new(g->loop, STEAL_FD(g->listen), g);
	log_info("guard ready address=%s range=%s", g->cfg->address,
	    g->cfg->range_text);
	notify_ready();
	return 0;
}

static void
guard_stop(struct guard *g)
{
	control_stop(g->control);
	respawn_stop(g->worker);
	for (int i = 0; i < GUARD_PEERS; i++)
		guard_close_peer(g, (enum guard_peer_id)i);
	nflog_free(g->nflog);
	nlsock_free(g->netlink);
	timer_free(g->ends);
	if (g->clock != -1)
		(void)close(g->clock);
	/* Kills and reaps the children, makes the last calls of the rest. */
	loop_free(g->loop);
	respawn_free(g->worker);
	control_free(g->control);
	firewall_free(g->firewall);
	projects_free(g->projects);
	pins_free(g->pins);
	egress_log_free(g->log);
}

int
guard_main(const struct config *cfg)
{
	struct guard g = { .cfg = cfg,
		.rules = { .inst = cfg->inst,
		    .range = cfg->range,
		    .exempt = cfg->exempt,
		    .never = cfg->never,
		    .proxy_port = (uint16_t)cfg->proxy_port,
		    .proxy_gid = (uint32_t)cfg->proxy_gid,
		    .upload_rate = (uint32_t)(cfg->upload_rate >> 10) },
		.clock = -1,
		.stub = -1,
		.proxy_chan = -1,
		.udp53 = -1,
		.tcp53 = -1,
		.tcp80 = -1,
		.tcp81 = -1,
		.listen = -1 };
	struct err e = ERR_INIT;
	int rc = 0;

	guard_peers_init(&g);
	g.projects = projects_new(GUARD_PEERS);
	g.pins = pins_new();
	g.log = egress_log_new();
	if (guard_start(&g, &e) == -1 || loop_run(g.loop, &e) == -1) {
		log_error("guard failed err=%s", log_val(e.msg));
		rc = 1;
	}
	guard_stop(&g);
	return g.keeper_lost ? 1 : rc;
}

/* Every link of this instance: with them the last way out is gone. */
static int
guard_drop_links(struct loop *l, const char *inst, struct err *e)
{
	struct if_nameindex *all = if_nameindex();
	char prefix[IF_NAMESIZE];
	int rc = 0;

	if (all == NULL)
		return err_sys(e, ERR_IO, "list interfaces");
	snprintf(prefix, sizeof(prefix), "cf%s", inst);
	for (struct if_nameindex *i = all; rc == 0 && i->if_index != 0; i++) {
		const char *const argv[] = { "ip", "link", "del", i->if_name,
			NULL };

		if (strncmp(i->if_name, prefix, strlen(prefix)) != 0)
			continue;
		rc = tool_run(l, &(const struct tool_spec){ .argv = argv }, e);
	}
	if_freenameindex(all);
	return rc;
}

int
guard_teardown(const struct config *cfg, struct err *e)
{
	char name[NETNS_NAME_MAX];
	struct sock_addr a;
	struct loop *l;
	bool adopted;
	int fd = -1, rc;

	netns_name(cfg->inst, name);
	if (sock_parse(cfg->control, &a, e) == -1)
		return -1;
	if (sock_connect(&a, &fd, e) == 0) {
		(void)close(fd);
		return err_set(e, ERR_BUSY,
		    "the router still runs; stop it first (coffer down)");
	}
	l = loop_new(e);
	if (l == NULL)
		return -1;
	rc = netns_enter(name, &adopted, e);
	if (rc == 0 && adopted)
		rc = guard_drop_links(l, cfg->inst, e);
	/* Rules and sets live and die with the namespace. */
	if (rc == 0)
		rc = netns_remove(name, e);
	loop_free(l);
	if (rc == 0)
		(void)unlink(cfg->control + strlen("unix:"));
	if (rc == 0)
		(void)unlink(cfg->xtlock);
	return rc;
}
