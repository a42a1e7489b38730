#include "agentd/sandbox/uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/netns_priv.h"
#include "agentd/sandbox/seq.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	UPLINK_NET = 0x0ad50000, /* 10.213.0.0 */
	UPLINK_SLOTS = 1 << 14,  /* /30 networks in it */
	UPLINK_TRIES = 64
};

#define UPLINK_FORWARD "/proc/sys/net/ipv4/ip_forward"

/* Jumps from the host's chains into ours. */
struct uplink_jump {
	const char *table;
	const char *from;
	const char *ours; /* COFFER-INST-... */
	bool optional;    /* the chain belongs to somebody else */
};

enum {
	UPLINK_JUMPS = 4
};

static const struct uplink_jump uplink_jumps[UPLINK_JUMPS] = {
	{ "filter", "FORWARD", "FWD", false },
	{ "filter", "INPUT", "IN", false },
	{ "nat", "POSTROUTING", "NAT", false },
	{ "filter", "DOCKER-USER", "FWD", true },
};

struct uplink {
	const struct sandbox_host *h;
	char router[HOST_NAME_MAX];
	char host_if[HOST_IF_MAX];
	char router_if[HOST_IF_MAX];
	char host_ip[HOST_ADDR_MAX];
	char router_ip[HOST_ADDR_MAX];
	char *saved; /* HOME/agentd/ip_forward: what it was before us */
	bool already;
	bool present[UPLINK_JUMPS]; /* the jump is there */
	bool absent[UPLINK_JUMPS];  /* the chain to jump from is not */
};

static struct uplink *
uplink_new(const struct sandbox_host *h)
{
	struct uplink *u = xcalloc(1, sizeof(*u));

	u->h = h;
	host_router_netns(h, u->router);
	(void)snprintf(u->host_if, sizeof(u->host_if), "cf%sh", h->inst);
	(void)snprintf(u->router_if, sizeof(u->router_if), "cf%su", h->inst);
	u->saved = xasprintf("%s/agentd/ip_forward", h->home);
	return u;
}

static void
uplink_release(void *ctx)
{
	struct uplink *u = ctx;

	free(u->saved);
	free(u);
}

static void
uplink_set_addresses(struct uplink *u, uint32_t slot)
{
	struct in_addr a;

	a.s_addr = htonl(UPLINK_NET + slot * 4 + 1);
	(void)inet_ntop(AF_INET, &a, u->host_ip, sizeof(u->host_ip));
	a.s_addr = htonl(UPLINK_NET + slot * 4 + 2);
	(void)inet_ntop(AF_INET, &a, u->router_ip, sizeof(u->router_ip));
}

/* The /30 that our end has, or the first one from INST on that is free. */
static int
uplink_choose(struct uplink *u, struct err *e)
{
	uint32_t want = (uint32_t)strtoul(u->h->inst, NULL, 16) % UPLINK_SLOTS;
	struct ifaddrs *list = NULL;
	bool used[UPLINK_TRIES] = { false };
	uint32_t slot;
	int pick = -1;

	if (getifaddrs(&list) == -1)
		return err_sys(e, ERR_IO, "host addresses");
	for (const struct ifaddrs *a = list; a != NULL; a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		uint32_t ip;

		if (in == NULL || in->sin_family != AF_INET)
			continue;
		ip = ntohl(in->sin_addr.s_addr);
		if ((ip & 0xffff0000u) != UPLINK_NET)
			continue;
		slot = (((ip & 0xffff) / 4) - want) % UPLINK_SLOTS;
		if (slot >= UPLINK_TRIES)
			continue;
		used[slot] = true;
		if (strcmp(a->ifa_name, u->host_if) == 0)
			pick = (int)slot;
	}
	freeifaddrs(list);
	for (int i = 0; pick == -1 && i < UPLINK_TRIES; i++) {
		if (!used[i])
			pick = i;
	}
	if (pick == -1)
		return err_set(e, ERR_LIMIT,
		    "no free network for the uplink in 10.213.0.0/16");
	uplink_set_addresses(u, (want + (uint32_t)pick) % UPLINK_SLOTS);
	return 0;
}

static int
uplink_step_look(struct seq *s, void *ctx, struct err *e)
{
	struct uplink *u = ctx;

	(void)s;
	if (!netns_exists(u->router))
		return err_set(e, ERR_NOTFOUND,
		    "namespace %s is not there: is coffer-router running?",
		    u->router);
	u->already = if_nametoindex(u->host_if) != 0 &&
	    netns_has_link(u->router, u->router_if);
	return uplink_choose(u, e);
}

static int
uplink_step_unlink(struct seq *s, void *ctx, struct err *e)
{
	const struct uplink *u = ctx;
	const char *const argv[] = { "/usr/sbin/ip", "link", "delete",
		u->host_if, NULL };

	if (u->already || if_nametoindex(u->host_if) == 0)
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static int
uplink_step_link(struct seq *s, void *ctx, struct err *e)
{
	static const char *const argv[] = { "/usr/sbin/ip", "-batch", "-",
		NULL };
	const struct uplink *u = ctx;
	AUTO_STR struct str in = STR_INIT;

	if (u->already)
		return SEQ_DONE;
	str_addf(&in, "link add %s type veth peer name %s netns %s\n",
	    u->host_if, u->router_if, u->router);
	return seq_cmd(s, argv, str_view(&in), false, e);
}

static int
uplink_no_ipv6(void *arg, struct err *e)
{
	AUTO_FREE char *key = xasprintf(
	    "ipv6/conf/%s/disable_ipv6", (const char *)arg);

	return netns_set(key, "1", e);
}

static int
uplink_step_host(struct seq *s, void *ctx, struct err *e)
{
	static const char *const argv[] = { "/usr/sbin/ip", "-batch", "-",
		NULL };
	struct uplink *u = ctx;
	AUTO_STR struct str in = STR_INIT;

	if (uplink_no_ipv6(u->host_if, e) == -1 ||
	    netns_call(u->router, uplink_no_ipv6, u->router_if, e) == -1)
		return -1;
	str_addf(&in, "address replace %s/30 dev %s\nlink set %s up\n",
	    u->host_ip, u->host_if, u->host_if);
	return seq_cmd(s, argv, str_view(&in), false, e);
}

static int
uplink_step_router(struct seq *s, void *ctx, struct err *e)
{
	const struct uplink *u = ctx;
	const char *const argv[] = { "/usr/sbin/ip", "-n", u->router, "-batch",
		"-", NULL };
	AUTO_STR struct str in = STR_INIT;

	str_addf(&in, "address replace %s/30 dev %s\nlink set %s up\n",
	    u->router_ip, u->router_if, u->router_if);
	str_addf(&in, "route replace default via %s dev %s\n", u->host_ip,
	    u->router_if);
	return seq_cmd(s, argv, str_view(&in), false, e);
}

static int
uplink_step_forward(struct seq *s, void *ctx, struct err *e)
{
	const struct uplink *u = ctx;
	AUTO_STR struct str now = STR_INIT;

	(void)s;
	if (path_read(UPLINK_FORWARD, 16, &now, e) == -1)
		return -1;
	if (view_is(view_trim(str_view(&now)), "1"))
		return SEQ_DONE;
	{
		AUTO_FREE char *dir = path_join(u->h->home, "agentd");

		if (path_mkdirs(dir, 0700, e) == -1 ||
		    path_write_atomic(u->saved, now.p, now.len, 0600, e) == -1)
			return -1;
	}
	return netns_set("ipv4/ip_forward", "1", e);
}

/* Does another installation on this host have an uplink? */
static bool
uplink_is_shared(const struct uplink *u)
{
	struct if_nameindex *list = if_nameindex();
	bool found = false;

	for (size_t i = 0; list != NULL && list[i].if_index != 0; i++) {
		const char *n = list[i].if_name;

		found |= strlen(n) == 7 && strncmp(n, "cf", 2) == 0 &&
		    n[6] == 'h' && strcmp(n, u->host_if) != 0;
	}
	if_freenameindex(list);
	return found;
}

static int
uplink_step_restore_forward(struct seq *s, void *ctx, struct err *e)
{
	const struct uplink *u = ctx;
	AUTO_STR struct str was = STR_INIT;
	struct err absent = ERR_INIT;

	(void)s;
	if (path_read(u->saved, 16, &was, &absent) == -1)
		return SEQ_DONE;
	if (!uplink_is_shared(u) &&
	    netns_set("ipv4/ip_forward", str_cstr(&was), e) == -1)
		return -1;
	if (unlink(u->saved) == -1)
		return err_sys(e, ERR_IO, "remove %s", u->saved);
	return SEQ_DONE;
}

/* iptables -w -t TABLE -OP FROM -j COFFER-INST-OURS */
static int
uplink_jump(struct seq *s, const struct uplink *u, size_t i, const char *op,
    struct err *e)
{
	AUTO_FREE char *ours = xasprintf(
	    "COFFER-%s-%s", u->h->inst, uplink_jumps[i].ours);
	const char *const argv[] = { "/usr/sbin/iptables", "-w", "10", "-t",
		uplink_jumps[i].table, op, uplink_jumps[i].from, "-j", ours,
		NULL };

	return seq_cmd(s, argv, (struct view){ .p = NULL }, true, e);
}

static int
uplink_look_jump(struct seq *s, const struct uplink *u, size_t i, struct err *e)
{
	return uplink_jump(s, u, i, "-C", e);
}

static int
uplink_step_look_fwd(struct seq *s, void *ctx, struct err *e)
{
	return uplink_look_jump(s, ctx, 0, e);
}

static int
uplink_step_look_in(struct seq *s, void *ctx, struct err *e)
{
	struct uplink *u = ctx;

	u->present[0] = seq_status(s) == 0;
	return uplink_look_jump(s, u, 1, e);
}

static int
uplink_step_look_nat(struct seq *s, void *ctx, struct err *e)
{
	struct uplink *u = ctx;

	u->present[1] = seq_status(s) == 0;
	return uplink_look_jump(s, u, 2, e);
}

static int
uplink_step_look_docker(struct seq *s, void *ctx, struct err *e)
{
	static const char *const argv[] = { "/usr/sbin/iptables", "-w", "10",
		"-n", "-L", "DOCKER-USER", NULL };
	struct uplink *u = ctx;

	u->present[2] = seq_status(s) == 0;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, true, e);
}

static int
uplink_step_look_user(struct seq *s, void *ctx, struct err *e)
{
	struct uplink *u = ctx;

	u->absent[3] = seq_status(s) != 0;
	return uplink_look_jump(s, u, 3, e);
}

static void
uplink_write_jumps(const struct uplink *u, const char *table, struct str *out)
{
	for (size_t i = 0; i < UPLINK_JUMPS; i++) {
		const struct uplink_jump *j = &uplink_jumps[i];

		if (strcmp(j->table, table) != 0 || u->present[i] ||
		    u->absent[i])
			continue;
		str_addf(out, "-I %s 1 -j COFFER-%s-%s\n", j->from, u->h->inst,
		    j->ours);
	}
}

/* One transaction a table.  Naming a chain of ours empties it. */
static void
uplink_write_rules(const struct uplink *u, struct str *out)
{
	const char *inst = u->h->inst;
	const char *dev = u->host_if;

	str_addf(out,
	    "*filter\n:COFFER-%s-FWD - [0:0]\n:COFFER-%s-IN - [0:0]\n", inst,
	    inst);
	str_addf(out, "-A COFFER-%s-FWD -i %s -o cf+ -j DROP\n", inst, dev);
	str_addf(out, "-A COFFER-%s-FWD -i %s -s %s/32 -j ACCEPT\n", inst, dev,
	    u->router_ip);
	str_addf(out, "-A COFFER-%s-FWD -i %s -j DROP\n", inst, dev);
	str_addf(out,
	    "-A COFFER-%s-FWD -o %s -m conntrack --ctstate "
	    "ESTABLISHED,RELATED -j ACCEPT\n",
	    inst, dev);
	str_addf(out, "-A COFFER-%s-FWD -o %s -j DROP\n", inst, dev);
	str_addf(out, "-A COFFER-%s-IN -i %s -j DROP\n", inst, dev);
	uplink_write_jumps(u, "filter", out);
	str_addf(out, "COMMIT\n*nat\n:COFFER-%s-NAT - [0:0]\n", inst);
	str_addf(out, "-A COFFER-%s-NAT -s %s/32 ! -o %s -j MASQUERADE\n", inst,
	    u->router_ip, dev);
	uplink_write_jumps(u, "nat", out);
	str_add(out, "COMMIT\n");
}

static int
uplink_step_rules(struct seq *s, void *ctx, struct err *e)
{
	static const char *const argv[] = { "/usr/sbin/iptables-restore", "-w",
		"10", "--noflush", NULL };
	struct uplink *u = ctx;
	AUTO_STR struct str in = STR_INIT;

	u->present[3] = seq_status(s) == 0;
	uplink_write_rules(u, &in);
	return seq_cmd(s, argv, str_view(&in), false, e);
}

static int
uplink_unjump(struct seq *s, void *ctx, size_t i, struct err *e)
{
	return uplink_jump(s, ctx, i, "-D", e);
}

static int
uplink_step_unjump_fwd(struct seq *s, void *ctx, struct err *e)
{
	return uplink_unjump(s, ctx, 0, e);
}

static int
uplink_step_unjump_in(struct seq *s, void *ctx, struct err *e)
{
	return uplink_unjump(s, ctx, 1, e);
}

static int
uplink_step_unjump_nat(struct seq *s, void *ctx, struct err *e)
{
	return uplink_unjump(s, ctx, 2, e);
}

static int
uplink_step_unjump_user(struct seq *s, void *ctx, struct err *e)
{
	return uplink_unjump(s, ctx, 3, e);
}

/* Naming them makes what may be absent, so that deleting never fails. */
static int
uplink_step_unrule(struct seq *s, void *ctx, struct err *e)
{
	static const char *const argv[] = { "/usr/sbin/iptables-restore", "-w",
		"10", "--noflush", NULL };
	const struct uplink *u = ctx;
	const char *inst = u->h->inst;
	AUTO_STR struct str in = STR_INIT;

	str_addf(&in,
	    "*filter\n:COFFER-%s-FWD - [0:0]\n:COFFER-%s-IN - [0:0]\n"
	    "-X COFFER-%s-FWD\n-X COFFER-%s-IN\nCOMMIT\n",
	    inst, inst, inst, inst);
	str_addf(&in,
	    "*nat\n:COFFER-%s-NAT - [0:0]\n-X COFFER-%s-NAT\nCOMMIT\n", inst,
	    inst);
	return seq_cmd(s, argv, str_view(&in), false, e);
}

static int
uplink_undo(struct seq *s, void *ctx, struct err *e)
{
	struct uplink *u = ctx;

	u->already = false;
	return uplink_step_unlink(s, ctx, e);
}

/* Rules before the link is up: no packet ever passes without them. */
static const struct seq_step uplink_up_steps[] = {
	{ "uplink", uplink_step_look, NULL },
	{ "host firewall", uplink_step_look_fwd, NULL },
	{ "host firewall", uplink_step_look_in, NULL },
	{ "host firewall", uplink_step_look_nat, NULL },
	{ "host firewall", uplink_step_look_docker, NULL },
	{ "host firewall", uplink_step_look_user, NULL },
	{ "host firewall", uplink_step_rules, NULL },
	{ "remove an old uplink", uplink_step_unlink, NULL },
	{ "make the uplink", uplink_step_link, uplink_undo },
	{ "uplink on the host", uplink_step_host, NULL },
	{ "uplink in the router", uplink_step_router, NULL },
	{ "forwarding", uplink_step_forward, uplink_step_restore_forward },
};
static const struct seq_step uplink_down_steps[] = {
	{ "remove the uplink", uplink_step_unlink, NULL },
	{ "host firewall", uplink_step_unjump_fwd, NULL },
	{ "host firewall", uplink_step_unjump_in, NULL },
	{ "host firewall", uplink_step_unjump_nat, NULL },
	{ "host firewall", uplink_step_unjump_user, NULL },
	{ "host firewall", uplink_step_unrule, NULL },
	{ "forwarding", uplink_step_restore_forward, NULL },
};

static void
uplink_start(const struct sandbox_host *h, const struct seq_step *steps,
    size_t n, sandbox_done_fn *done, void *arg)
{
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = steps,
	    .n = n,
	    .ctx = uplink_new(h),
	    .release = uplink_release,
	    .done = done,
	    .arg = arg });
}

void
uplink_up(const struct sandbox_host *h, sandbox_done_fn *done, void *arg)
{
	uplink_start(h, uplink_up_steps,
	    sizeof(uplink_up_steps) / sizeof(uplink_up_steps[0]), done, arg);
}

void
uplink_down(const struct sandbox_host *h, sandbox_done_fn *done, void *arg)
{
	uplink_start(h, uplink_down_steps,
	    sizeof(uplink_down_steps) / sizeof(uplink_down_steps[0]), done,
	    arg);
}
