#include "agentd/sandbox/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "agentd/sandbox/engine_holder.h"
#include "agentd/sandbox/netns_priv.h"
#include "agentd/sandbox/seq.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

struct netns {
	const struct sandbox_host *h;
	int64_t id;
	char name[HOST_NAME_MAX];
	char router[HOST_NAME_MAX];
	char link[HOST_IF_MAX];
	char address[HOST_ADDR_MAX];
	bool already; /* up and as it should be */
	bool held;    /* a container of the engine has it */
};

bool
netns_exists(const char *name)
{
	AUTO_FREE char *path = xasprintf("/run/netns/%s", name);

	return access(path, F_OK) == 0;
}

int
netns_call(const char *name, int (*fn)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	AUTO_FREE char *path = xasprintf("/run/netns/%s", name);
	AUTO_CLOSE int home = open(
	    "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int ns = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (ns == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "namespace %s", name);
	if (home == -1 || setns(ns, CLONE_NEWNET) == -1)
		return err_sys(e, ERR_IO, "enter namespace %s", name);
	r = fn(arg, e);
	if (setns(home, CLONE_NEWNET) == -1)
		die("sandbox cannot come back from namespace %s", name);
	return r;
}

/* A setting that this kernel does not have needs no setting. */
int
netns_set(const char *key, const char *value, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/proc/sys/net/%s", key);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || write(fd, value, strlen(value)) == -1)
		return err_sys(e, ERR_IO, "set %s", key);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static int
netns_init(
    struct netns *n, const struct sandbox_host *h, int64_t id, struct err *e)
{
	n->h = h;
	n->id = id;
	host_project_netns(h, id, n->name);
	host_router_netns(h, n->router);
	host_project_link(h, id, n->link);
	return host_project_address(h, id, n->address, e);
}

static int
netns_find_link(void *arg, struct err *e)
{
	if (if_nametoindex(arg) == 0)
		return err_set(e, ERR_NOTFOUND, "no such link");
	return 0;
}

bool
netns_has_link(const char *ns, char *link)
{
	struct err e = ERR_INIT;

	return netns_call(ns, netns_find_link, link, &e) == 0;
}

static int
netns_step_judge(struct seq *s, void *ctx, struct err *e)
{
	struct netns *n = ctx;
	struct err why = ERR_INIT;

	(void)s;
	(void)e;
	n->already = netns_exists(n->name) &&
	    netns_has_link(n->router, n->link) &&
	    netns_project_check(n->h, n->id, &why) == 0;
	return SEQ_DONE;
}

static int
netns_step_hold(struct seq *s, void *ctx, struct err *e)
{
	struct netns *n = ctx;

	if (!n->held)
		return SEQ_DONE;
	(void)netns_step_judge(s, n, e);
	engine_net_up(n->h, n->id, n->already, seq_resume, s);
	return SEQ_WAIT;
}

static int
netns_step_release(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;

	(void)e;
	if (!n->held)
		return SEQ_DONE;
	engine_net_down(n->h, n->id, seq_resume, s);
	return SEQ_WAIT;
}

static int
netns_step_look(struct seq *s, void *ctx, struct err *e)
{
	struct netns *n = ctx;

	(void)s;
	if (netns_init(n, n->h, n->id, e) == -1)
		return -1;
	if (!netns_exists(n->router))
		return err_set(e, ERR_NOTFOUND,
		    "namespace %s is not there: is coffer-router running?",
		    n->router);
	return SEQ_DONE;
}

static int
netns_step_unlink(struct seq *s, void *ctx, struct err *e)
{
	struct netns *n = ctx;
	const char *const argv[] = { "/usr/sbin/ip", "-n", n->router, "link",
		"delete", n->link, NULL };

	if (n->already || !netns_exists(n->router) ||
	    !netns_has_link(n->router, n->link))
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static int
netns_step_clear(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;
	const char *const argv[] = { "/usr/sbin/ip", "netns", "delete", n->name,
		NULL };

	if (n->already || !netns_exists(n->name))
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

/* What the holder has is new, or as it should be: no other is made. */
static int
netns_step_renew(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;

	return n->held ? SEQ_DONE : netns_step_clear(s, ctx, e);
}

/* Hardware addresses that are known before, so that nobody has to ask. */
static void
netns_mac(const struct netns *n, unsigned end, char out[18])
{
	(void)snprintf(out, 18, "02:cf:%02x:%02x:%02x:%02x",
	    (unsigned)(n->id >> 16) & 0xff, (unsigned)(n->id >> 8) & 0xff,
	    (unsigned)n->id & 0xff, end);
}

static int
netns_batch(struct seq *s, const char *ns, const struct str *in, struct err *e)
{
	const char *const host[] = { "/usr/sbin/ip", "-batch", "-", NULL };
	const char *const inside[] = { "/usr/sbin/ip", "-n", ns, "-batch", "-",
		NULL };

	return seq_cmd(s, ns == NULL ? host : inside, str_view(in), false, e);
}

static int
netns_step_make(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;
	AUTO_STR struct str in = STR_INIT;
	char router[18];
	char project[18];

	if (n->already)
		return SEQ_DONE;
	netns_mac(n, 1, router);
	netns_mac(n, 2, project);
	if (!n->held)
		str_addf(&in, "netns add %s\n", n->name);
	str_addf(&in,
	    "link add %s netns %s address %s type veth peer name eth0 "
	    "netns %s address %s\n",
	    n->link, n->router, router, n->name, project);
	return netns_batch(s, NULL, &in, e);
}

static int
netns_harden_project(void *arg, struct err *e)
{
	static const char *const rows[] = { "ipv6/conf/all/disable_ipv6", "1",
		"ipv6/conf/default/disable_ipv6", "1", "ipv4/ip_forward", "0",
		"ipv4/conf/all/accept_redirects", "0",
		"ipv4/conf/eth0/accept_redirects", "0",
		"ipv4/conf/all/send_redirects", "0", "ipv4/ping_group_range",
		"0 4294967294", NULL };

	(void)arg;
	for (size_t i = 0; rows[i] != NULL; i += 2) {
		if (netns_set(rows[i], rows[i + 1], e) == -1)
			return -1;
	}
	return 0;
}

static int
netns_harden_router(void *arg, struct err *e)
{
	const char *link = arg;
	static const char *const rows[] = { "ipv6/conf/%s/disable_ipv6", "1",
		"ipv4/conf/%s/rp_filter", "1", "ipv4/conf/%s/accept_redirects",
		"0", "ipv4/conf/%s/send_redirects", "0", NULL };

	for (size_t i = 0; rows[i] != NULL; i += 2) {
		AUTO_STR struct str key = STR_INIT;
		const char *mark = strstr(rows[i], "%s");

		str_addn(&key, rows[i], (size_t)(mark - rows[i]));
		str_add(&key, link);
		str_add(&key, mark + 2);
		if (netns_set(str_cstr(&key), rows[i + 1], e) == -1)
			return -1;
	}
	return 0;
}

static int
netns_step_harden(struct seq *s, void *ctx, struct err *e)
{
	struct netns *n = ctx;

	(void)s;
	if (n->already)
		return SEQ_DONE;
	if (netns_call(n->name, netns_harden_project, NULL, e) == -1)
		return -1;
	return netns_call(n->router, netns_harden_router, n->link, e);
}

static int
netns_step_router(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;
	AUTO_STR struct str in = STR_INIT;
	char mac[18];

	if (n->already)
		return SEQ_DONE;
	netns_mac(n, 2, mac);
	str_addf(&in, "address add %s/32 dev %s\n", n->h->gateway, n->link);
	str_addf(
	    &in, "link set %s arp off\nlink set %s up\n", n->link, n->link);
	str_addf(&in, "route replace %s/32 dev %s src %s\n", n->address,
	    n->link, n->h->gateway);
	str_addf(&in, "neighbour replace %s lladdr %s dev %s nud permanent\n",
	    n->address, mac, n->link);
	return netns_batch(s, n->router, &in, e);
}

static int
netns_step_project(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;
	AUTO_STR struct str in = STR_INIT;
	char mac[18];

	if (n->already)
		return SEQ_DONE;
	netns_mac(n, 1, mac);
	str_add(&in, "link set lo up\n");
	str_addf(&in, "address add %s/32 dev eth0\n", n->address);
	str_add(&in, "link set eth0 arp off\nlink set eth0 up\n");
	str_addf(&in, "route add %s dev eth0 scope link\n", n->h->gateway);
	str_addf(&in, "route add default via %s dev eth0\n", n->h->gateway);
	str_addf(&in, "neighbour replace %s lladdr %s dev eth0 nud permanent\n",
	    n->h->gateway, mac);
	return netns_batch(s, n->name, &in, e);
}

static int
netns_step_verify(struct seq *s, void *ctx, struct err *e)
{
	const struct netns *n = ctx;

	(void)s;
	return netns_project_check(n->h, n->id, e);
}

static const struct seq_step netns_up_steps[] = {
	{ "project network", netns_step_look, NULL },
	{ "hold the namespace", netns_step_hold, netns_step_release },
	{ "project network", netns_step_judge, NULL },
	{ "remove an old link", netns_step_unlink, NULL },
	/* Its undo is also for a namespace that was half made. */
	{ "remove an old namespace", netns_step_renew, netns_step_clear },
	{ "make the namespace", netns_step_make, NULL },
	{ "harden the namespace", netns_step_harden, netns_step_unlink },
	{ "wire the router's end", netns_step_router, NULL },
	{ "wire the project's end", netns_step_project, NULL },
	{ "check the namespace", netns_step_verify, NULL },
};
static const struct seq_step netns_down_steps[] = {
	{ "remove the link", netns_step_unlink, NULL },
	{ "remove the namespace", netns_step_clear, NULL },
	{ "release the namespace", netns_step_release, NULL },
};

void
netns_project_up(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct netns *n = xcalloc(1, sizeof(*n));

	n->h = h;
	n->id = id;
	n->held = engine_holds_networks(h);
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = netns_up_steps,
	    .n = sizeof(netns_up_steps) / sizeof(netns_up_steps[0]),
	    .ctx = n,
	    .release = free,
	    .done = done,
	    .arg = arg });
}

void
netns_project_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct netns *n = xcalloc(1, sizeof(*n));
	struct err e = ERR_INIT;

	(void)netns_init(n, h, id, &e);
	n->held = engine_holds_networks(h);
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = netns_down_steps,
	    .n = sizeof(netns_down_steps) / sizeof(netns_down_steps[0]),
	    .ctx = n,
	    .release = free,
	    .done = done,
	    .arg = arg });
}

/* Field i (from 0) of a line of blank-separated fields. */
static struct view
netns_field(struct view line, int i)
{
	struct view part = { .p = NULL };

	for (;;) {
		while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
			line = view_from(line, 1);
		part = line;
		while (line.len > 0 && line.p[0] != ' ' && line.p[0] != '\t')
			line = view_from(line, 1);
		part.len -= line.len;
		if (i-- == 0)
			return part;
		if (line.len == 0)
			return (struct view){ .p = "", .len = 0 };
	}
}

/* /proc/net/route: interface, destination and gateway in hex. */
static int
netns_check_routes(const struct netns *n, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct in_addr gw;
	struct view rest;
	struct view line;
	char want[16];
	int defaults = 0;
	int total = 0;

	if (inet_pton(AF_INET, n->h->gateway, &gw) != 1)
		return err_set(e, ERR_INVALID, "gateway is not an address");
	(void)snprintf(want, sizeof(want), "%08X", gw.s_addr);
	if (path_read("/proc/thread-self/net/route", 64 << 10, &text, e) == -1)
		return -1;
	rest = str_view(&text);
	(void)view_split(&rest, '\n', &line);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		total++;
		if (view_is(netns_field(line, 1), "00000000") &&
		    view_is(netns_field(line, 2), want))
			defaults++;
	}
	if (defaults != 1 || total != 2)
		return err_set(e, ERR_INTERNAL,
		    "%d routes and %d defaults to the router, not 2 and 1",
		    total, defaults);
	return 0;
}

static int
netns_check_links(const struct netns *n, struct err *e)
{
	struct if_nameindex *list = if_nameindex();
	struct ifaddrs *addrs = NULL;
	int links = 0;
	int known = 0;
	int wrong = 0;

	for (size_t i = 0; list != NULL && list[i].if_index != 0; i++) {
		links++;
		known += strcmp(list[i].if_name, "lo") == 0 ||
		    strcmp(list[i].if_name, "eth0") == 0;
	}
	if_freenameindex(list);
	if (links != 2 || known != 2)
		return err_set(
		    e, ERR_INTERNAL, "its links are not just lo and eth0");
	if (getifaddrs(&addrs) == -1)
		return err_sys(e, ERR_IO, "addresses");
	for (const struct ifaddrs *a = addrs; a != NULL; a = a->ifa_next) {
		char text[INET_ADDRSTRLEN];
		const struct sockaddr_in *in = (const void *)a->ifa_addr;

		if (in == NULL || strcmp(a->ifa_name, "eth0") != 0 ||
		    (in->sin_family != AF_INET && in->sin_family != AF_INET6))
			continue;
		if (in->sin_family == AF_INET6 ||
		    inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)) ==
			NULL ||
		    strcmp(text, n->address) != 0)
			wrong++;
	}
	freeifaddrs(addrs);
	if (wrong != 0)
		return err_set(
		    e, ERR_INTERNAL, "eth0 has an address that is not its own");
	return 0;
}

static int
netns_check_inside(void *arg, struct err *e)
{
	const struct netns *n = arg;
	AUTO_STR struct str v6 = STR_INIT;
	AUTO_STR struct str fwd = STR_INIT;
	struct err absent = ERR_INIT;

	if (netns_check_links(n, e) == -1 || netns_check_routes(n, e) == -1)
		return -1;
	if (path_read("/proc/thread-self/net/if_inet6", 4096, &v6, &absent) ==
		0 &&
	    v6.len != 0)
		return err_set(e, ERR_INTERNAL, "it has an IPv6 address");
	if (path_read("/proc/sys/net/ipv4/ip_forward", 16, &fwd, e) == -1)
		return -1;
	if (!view_is(view_trim(str_view(&fwd)), "0"))
		return err_set(e, ERR_INTERNAL, "it forwards packets");
	return 0;
}

int
netns_project_check(const struct sandbox_host *h, int64_t id, struct err *e)
{
	struct netns n;

	memset(&n, 0, sizeof(n));
	if (netns_init(&n, h, id, e) == -1)
		return -1;
	if (netns_call(n.name, netns_check_inside, &n, e) == -1)
		return err_wrap(e, "namespace %s", n.name);
	return 0;
}
