#include "router/rules.h"

#include <string.h>

#include "lib/base/str.h"

/*
 * @ stands for cfINST, $ for the router's address.  What is not accepted here
 * is refused at once with icmp-admin-prohibited, so that no tool hangs; a
 * forged source is dropped before connection tracking sees it.
 *
 * Established flows come first for speed: who tightens a mode deletes the
 * tracked flows, and a packet in the middle of a stream is INVALID then
 * (nf_conntrack_tcp_loose=0).
 */
static const char *const rules_v4[] = {
	"*filter",
	":INPUT DROP [0:0]",
	":FORWARD DROP [0:0]",
	":OUTPUT DROP [0:0]",
	":@-ask - [0:0]",
	":@-out - [0:0]",
	":@-pass - [0:0]",
	":@-never - [0:0]",
	":@-host - [0:0]",
	":@-mode - [0:0]",
	":@-limit - [0:0]",
	"-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	"-A INPUT -m conntrack --ctstate INVALID -j DROP",
	"-A INPUT -i @p+ -j @-ask",
	"-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	"-A FORWARD -p icmp -m conntrack --ctstate RELATED -j ACCEPT",
	"-A FORWARD -m conntrack --ctstate INVALID -j DROP",
	"-A FORWARD -i @p+ -j @-out",
	/* The router itself answers; it never opens a connection. */
	"-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	"-A OUTPUT -o @p+ -p icmp -m icmp --icmp-type 3 -j ACCEPT",
	"-A OUTPUT -o @p+ -p icmp -m icmp --icmp-type 11 -j ACCEPT",

	"-A @-ask -m set ! --match-set @-known src -j @-mode",
	("-A @-ask -d $/32 -p udp -m udp --dport 53 -m hashlimit"
	 " --hashlimit-upto 400/sec --hashlimit-burst 800"
	 " --hashlimit-mode srcip --hashlimit-name @dns -j ACCEPT"),
	"-A @-ask -d $/32 -p udp -m udp --dport 53 -j @-limit",
	("-A @-ask -d $/32 -p tcp -m tcp --syn -m multiport --dports 53,80"
	 " -m hashlimit --hashlimit-upto 400/sec --hashlimit-burst 800"
	 " --hashlimit-mode srcip --hashlimit-name @ask -j ACCEPT"),
	"-A @-ask -d $/32 -p tcp -m multiport --dports 53,80 -j @-limit",
	"-A @-ask -j @-never",

	"-A @-out -m set ! --match-set @-known src -j @-mode",
	"-A @-out -m set --match-set @-never dst -j @-never",
	"-A @-out -m set --match-set @-host dst -j @-host",
	"-A @-out ! -o @u -j @-never",
	"-A @-out -m set ! --match-set @-web src -j @-mode",
	"-A @-out -p tcp -m multiport ! --dports 80,443 -j @-mode",
	("-A @-out -p tcp -m connlimit --connlimit-above 2048"
	 " --connlimit-mask 32 --connlimit-saddr -j @-limit"),
	("-A @-out -p tcp -m tcp --syn -m hashlimit"
	 " --hashlimit-upto 200/sec --hashlimit-burst 400"
	 " --hashlimit-mode srcip --hashlimit-name @new -j @-pass"),
	("-A @-out -p icmp -m icmp --icmp-type 8 -m hashlimit"
	 " --hashlimit-upto 10/sec --hashlimit-burst 20"
	 " --hashlimit-mode srcip --hashlimit-name @echo -j @-pass"),
	"-A @-out -p tcp -j @-limit",
	"-A @-out -p icmp -m icmp --icmp-type 8 -j @-limit",
	"-A @-out -j @-mode",
	/* RULES_MARK: what has left, and is cut when web becomes none. */
	"-A @-pass -j CONNMARK --set-mark 1",
	"-A @-pass -j ACCEPT",
	NULL,
};

/* One per reason: tell, within bounds, and refuse. */
static const char *const rules_v4_reasons[] = {
	RULES_LOG_NEVER,
	RULES_LOG_HOST,
	RULES_LOG_MODE,
	RULES_LOG_LIMIT,
	NULL,
};

static const char *const rules_v4_tail[] = {
	"COMMIT",
	"*raw",
	":PREROUTING ACCEPT [0:0]",
	":OUTPUT ACCEPT [0:0]",
	":@-spoof - [0:0]",
	"-A PREROUTING -i @p+ -m set ! --match-set @-bind src,src -j @-spoof",
	("-A @-spoof -m limit --limit 20/sec --limit-burst 40 -j NFLOG"
	 " --nflog-prefix " RULES_LOG_SPOOF
	 " --nflog-group 5 --nflog-size 64 --nflog-threshold 1"),
	"-A @-spoof -j DROP",
	"COMMIT",
	"*nat",
	":PREROUTING ACCEPT [0:0]",
	":INPUT ACCEPT [0:0]",
	":OUTPUT ACCEPT [0:0]",
	":POSTROUTING ACCEPT [0:0]",
	/* Whatever resolver was asked, ours answers. */
	("-A PREROUTING -i @p+ -p udp -m udp --dport 53"
	 " -m set --match-set @-known src -j DNAT --to-destination $:53"),
	("-A PREROUTING -i @p+ -p tcp -m tcp --dport 53"
	 " -m set --match-set @-known src -j DNAT --to-destination $:53"),
	"-A POSTROUTING -o @u -j MASQUERADE",
	"COMMIT",
	NULL,
};

static const char *const rules_v6[] = {
	"*filter",
	":INPUT DROP [0:0]",
	":FORWARD DROP [0:0]",
	":OUTPUT DROP [0:0]",
	"COMMIT",
	NULL,
};

static const char *const rules_set_lines[] = {
	"create @-bind hash:net,iface family inet maxelem 131072",
	"create @-known hash:ip family inet maxelem 131072",
	"create @-web hash:ip family inet maxelem 131072",
	"create @-host hash:ip family inet maxelem 65536",
	"create @-never hash:net family inet maxelem 1024",
	"create @-never.t hash:net family inet maxelem 1024",
	"flush @-never.t",
	NULL,
};

static void
rules_line(const struct rules *r, const char *line, struct str *out)
{
	char router[POLICY_TEXT_MAX];

	policy_addr_text(r->range.router, router);
	for (const char *p = line; *p != '\0'; p++) {
		if (*p == '@')
			str_addf(out, "cf%s", r->inst);
		else if (*p == '$')
			str_add(out, router);
		else
			str_addc(out, *p);
	}
	str_addc(out, '\n');
}

static void
rules_lines(const struct rules *r, const char *const *lines, struct str *out)
{
	for (; *lines != NULL; lines++)
		rules_line(r, *lines, out);
}

void
rules_ipv4(const struct rules *r, struct str *out)
{
	rules_lines(r, rules_v4, out);
	for (const char *const *p = rules_v4_reasons; *p != NULL; p++) {
		str_addf(out,
		    "-A cf%s-%s -m hashlimit --hashlimit-upto 50/sec"
		    " --hashlimit-burst 100 --hashlimit-mode srcip"
		    " --hashlimit-name cf%slog -j NFLOG --nflog-prefix %s"
		    " --nflog-group %d --nflog-size 64 --nflog-threshold 1\n",
		    r->inst, *p, r->inst, *p, RULES_NFLOG_GROUP);
		str_addf(out,
		    "-A cf%s-%s -j REJECT --reject-with icmp-admin-prohibited"
		    "\n",
		    r->inst, *p);
	}
	rules_lines(r, rules_v4_tail, out);
}

void
rules_ipv6(const struct rules *r, struct str *out)
{
	rules_lines(r, rules_v6, out);
}

void
rules_sets(const struct rules *r, struct str *out)
{
	const struct policy_net *n;
	char text[POLICY_TEXT_MAX];

	rules_lines(r, rules_set_lines, out);
	for (size_t i = 0; (n = policy_never_at(i)) != NULL; i++) {
		if (r->exempt.prefix != 0 && r->exempt.base == n->base)
			continue;
		str_addf(out, "add cf%s-never.t %s\n", r->inst,
		    policy_net_text(n, text));
	}
	rules_line(r, "swap @-never.t @-never", out);
	rules_line(r, "destroy @-never.t", out);
}

void
rules_project(
    const struct rules *r, uint32_t id, enum policy_mode mode, struct str *out)
{
	char addr[POLICY_TEXT_MAX];

	policy_addr_text(r->range.base + POLICY_FIRST_PROJECT + id, addr);
	/* What closes comes first. */
	if (mode != POLICY_WEB)
		str_addf(out, "del cf%s-web %s\n", r->inst, addr);
	if (mode == POLICY_OFF)
		str_addf(out, "del cf%s-known %s\n", r->inst, addr);
	str_addf(out, "add cf%s-bind %s,cf%sp%u\n", r->inst, addr, r->inst, id);
	if (mode != POLICY_OFF)
		str_addf(out, "add cf%s-known %s\n", r->inst, addr);
	if (mode == POLICY_WEB)
		str_addf(out, "add cf%s-web %s\n", r->inst, addr);
}

void
rules_project_del(const struct rules *r, uint32_t id, struct str *out)
{
	char addr[POLICY_TEXT_MAX];

	policy_addr_text(r->range.base + POLICY_FIRST_PROJECT + id, addr);
	str_addf(out,
	    "del cf%s-web %s\ndel cf%s-known %s\ndel cf%s-bind %s,cf%sp%u\n",
	    r->inst, addr, r->inst, addr, r->inst, addr, r->inst, id);
}

void
rules_host(
    const struct rules *r, const uint32_t *addrs, size_t n, struct str *out)
{
	char addr[POLICY_TEXT_MAX];

	rules_line(r, "create @-host.t hash:ip family inet maxelem 65536", out);
	rules_line(r, "flush @-host.t", out);
	for (size_t i = 0; i < n; i++)
		str_addf(out, "add cf%s-host.t %s\n", r->inst,
		    policy_addr_text(addrs[i], addr));
	rules_line(r, "swap @-host.t @-host", out);
	rules_line(r, "destroy @-host.t", out);
}
