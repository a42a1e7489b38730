#include "router/rules.h"

#include <string.h>

#include "lib/base/str.h"

/* In the place of a line. */
#define RULES_UPLOAD "upload"

enum {
	RULES_BURST_KB = 256 /* less would be less than a packet of a host */
};

/*
 * @ stands for cfINST, $ for the router's address, ^ for the proxy's port, ~
 * for its gid.  What is not accepted here is refused at once with
 * icmp-admin-prohibited, so that no tool hangs; a forged source is dropped
 * before connection tracking sees it.
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
	":@-closed - [0:0]",
	":@-web - [0:0]",
	":@-free - [0:0]",
	":@-listed - [0:0]",
	":@-tcp - [0:0]",
	":@-ping - [0:0]",
	":@-pass - [0:0]",
	":@-proxy - [0:0]",
	":@-dial - [0:0]",
	":@-never - [0:0]",
	":@-host - [0:0]",
	":@-mode - [0:0]",
	":@-limit - [0:0]",
	":@-pin - [0:0]",
	":@-echo - [0:0]",
	RULES_UPLOAD,
	"-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	"-A INPUT -m conntrack --ctstate INVALID -j DROP",
	/* That the proxy may not go there, at once. */
	"-A INPUT -i lo -p icmp -m conntrack --ctstate RELATED -j ACCEPT",
	"-A INPUT -i @p+ -j @-ask",
	"-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	"-A FORWARD -i @u -p icmp -m conntrack --ctstate RELATED -j ACCEPT",
	"-A FORWARD -m conntrack --ctstate INVALID -j DROP",
	/* The middle of a stream opens nothing. */
	"-A FORWARD -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP",
	"-A FORWARD -i @p+ -j @-out",
	/* The router itself answers; the proxy alone opens connections. */
	"-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
	"-A OUTPUT -o @p+ -p icmp -m icmp --icmp-type 3 -j ACCEPT",
	"-A OUTPUT -o @p+ -p icmp -m icmp --icmp-type 11 -j ACCEPT",
	"-A OUTPUT -o lo -p icmp -m icmp --icmp-type 3 -j ACCEPT",
	("-A OUTPUT -o @u -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN"
	 " -m multiport --dports 80,443 -m owner --gid-owner ~ -j @-dial"),

	"-A @-ask -m set ! --match-set @-known src -j @-mode",
	("-A @-ask -d $/32 -p udp -m udp --dport 53 -m hashlimit"
	 " --hashlimit-upto 400/sec --hashlimit-burst 800"
	 " --hashlimit-mode srcip --hashlimit-name @dns -j ACCEPT"),
	"-A @-ask -d $/32 -p udp -m udp --dport 53 -j @-limit",
	("-A @-ask -d $/32 -p tcp -m tcp --syn -m multiport --dports 53,80,81"
	 " -m hashlimit --hashlimit-upto 400/sec --hashlimit-burst 800"
	 " --hashlimit-mode srcip --hashlimit-name @ask -j ACCEPT"),
	"-A @-ask -d $/32 -p tcp -m multiport --dports 53,80,81 -j @-limit",
	/* By way of the pins alone: nobody dials the proxy itself. */
	("-A @-ask -d $/32 -p tcp -m tcp --dport ^ -m conntrack"
	 " --ctstate DNAT -m set --match-set @-locked src -j @-proxy"),
	"-A @-ask -j @-never",

	("-A @-proxy -p tcp -m connlimit --connlimit-above 2048"
	 " --connlimit-mask 32 --connlimit-saddr -j @-limit"),
	("-A @-proxy -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN"
	 " -m hashlimit --hashlimit-upto 200/sec --hashlimit-burst 400"
	 " --hashlimit-mode srcip --hashlimit-name @new -j @-pass"),
	"-A @-proxy -j @-limit",
	("-A @-dial -m set --match-set @-never dst"
	 " -j REJECT --reject-with icmp-admin-prohibited"),
	("-A @-dial -m set --match-set @-host dst"
	 " -j REJECT --reject-with icmp-admin-prohibited"),
	"-A @-dial -j ACCEPT",

	/* The set of its mode first: each costs a new connection its look. */
	"-A @-out -m set --match-set @-web src -j @-web",
	"-A @-out -m set --match-set @-open src -j @-free",
	"-A @-out -m set --match-set @-locked src -j @-listed",
	"-A @-out -m set --match-set @-known src -j @-closed",
	"-A @-out -j @-mode",
	"-A @-closed -m set --match-set @-never dst -j @-never",
	"-A @-closed -m set --match-set @-host dst -j @-host",
	"-A @-closed ! -o @u -j @-never",
	"-A @-web -j @-closed",
	/* What an echo carries would be data; without any it is 28 bytes. */
	("-A @-web -p icmp -m icmp --icmp-type 8 -m length ! --length 28"
	 " -j @-echo"),
	"-A @-web -p icmp -m icmp --icmp-type 8 -j @-ping",
	"-A @-web -p tcp -m multiport --dports 80,443 -j @-tcp",
	"-A @-web -j @-mode",
	"-A @-free -j @-closed",
	"-A @-free -p tcp -j @-tcp",
	("-A @-free -p udp -m hashlimit --hashlimit-upto 200/sec"
	 " --hashlimit-burst 400 --hashlimit-mode srcip"
	 " --hashlimit-name @new -j @-pass"),
	"-A @-free -p udp -j @-limit",
	"-A @-free -p icmp -m icmp --icmp-type 8 -j @-ping",
	"-A @-free -j @-mode",
	"-A @-listed -j @-closed",
	/* 80 and 443 of a pinned address have gone to the proxy. */
	"-A @-listed ! -p tcp -j @-mode",
	("-A @-listed -p tcp -m multiport ! --dports 80,443"
	 " -m set --match-set @-pin src,dst,dst -j @-tcp"),
	"-A @-listed -j @-pin",
	("-A @-tcp -p tcp -m connlimit --connlimit-above 2048"
	 " --connlimit-mask 32 --connlimit-saddr -j @-limit"),
	("-A @-tcp -p tcp -m hashlimit"
	 " --hashlimit-upto 200/sec --hashlimit-burst 400"
	 " --hashlimit-mode srcip --hashlimit-name @new -j @-pass"),
	"-A @-tcp -j @-limit",
	("-A @-ping -m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 20"
	 " --hashlimit-mode srcip --hashlimit-name @echo -j @-pass"),
	"-A @-ping -j @-limit",
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
	RULES_LOG_PIN,
	RULES_LOG_ECHO,
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
	/* Options of an IP header could carry data. */
	"-A PREROUTING -i @p+ -m u32 --u32 0>>24&0xf=6:15 -j DROP",
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
	/* The web of mode locked, by way of the proxy. */
	("-A PREROUTING -i @p+ -p tcp -m multiport --dports 80,443"
	 " -m set --match-set @-locked src"
	 " -m set --match-set @-pin src,dst,dst"
	 " -m set ! --match-set @-host dst"
	 " -j DNAT --to-destination $:^"),
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
	"create @-locked hash:ip family inet maxelem 131072",
	"create @-web hash:ip family inet maxelem 131072",
	"create @-open hash:ip family inet maxelem 131072",
	"create @-strict hash:ip family inet maxelem 131072",
	("create @-pin hash:ip,port,ip family inet maxelem 524288"
	 " timeout 0"),
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
		else if (*p == '^')
			str_addf(out, "%u", r->proxy_port);
		else if (*p == '~')
			str_addf(out, "%u", r->proxy_gid);
		else
			str_addc(out, *p);
	}
	str_addc(out, '\n');
}

/* Before all else, as established flows are meant: what is too much is lost. */
static void
rules_upload(const struct rules *r, struct str *out)
{
	static const char *const chains[] = { "INPUT", "FORWARD" };

	for (size_t i = 0; r->upload_rate > 0 && i < 2; i++)
		str_addf(out,
		    "-A %s -i cf%sp+ -m hashlimit --hashlimit-above %ukb/s"
		    " --hashlimit-burst %ukb --hashlimit-mode srcip"
		    " --hashlimit-name cf%sup -j DROP\n",
		    chains[i], r->inst, r->upload_rate,
		    r->upload_rate > RULES_BURST_KB ? r->upload_rate
						    : (uint32_t)RULES_BURST_KB,
		    r->inst);
}

static void
rules_lines(const struct rules *r, const char *const *lines, struct str *out)
{
	for (; *lines != NULL; lines++) {
		if (strcmp(*lines, RULES_UPLOAD) == 0)
			rules_upload(r, out);
		else
			rules_line(r, *lines, out);
	}
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
	for (size_t i = 0; i < r->never.n; i++)
		str_addf(out, "add cf%s-never.t %s\n", r->inst,
		    policy_net_text(&r->never.nets[i], text));
	rules_line(r, "swap @-never.t @-never", out);
	rules_line(r, "destroy @-never.t", out);
}

/* Which sets a project is in, by mode. */
static const struct rules_set {
	const char *name;
	bool in[POLICY_MODE_MAX];
} rules_mode_sets[] = {
	{ "open", { [POLICY_OPEN] = true } },
	{ "web", { [POLICY_WEB] = true } },
	{ "locked", { [POLICY_LOCKED] = true } },
	{ "known",
	    { [POLICY_NONE] = true,
		[POLICY_LOCKED] = true,
		[POLICY_WEB] = true,
		[POLICY_OPEN] = true } },
};

enum {
	RULES_MODE_SETS = sizeof(rules_mode_sets) / sizeof(rules_mode_sets[0])
};

static void
rules_member(struct rules_change *c, const char *set, bool add, bool with_link)
{
	c->members[c->n++] = (struct rules_member){
		.set = set, .add = add, .link = with_link
	};
}

void
rules_project(
    uint32_t id, enum policy_mode mode, bool strict, struct rules_change *out)
{
	*out = (struct rules_change){ .id = id };
	/* What closes comes first. */
	for (size_t i = 0; i < RULES_MODE_SETS; i++) {
		if (!rules_mode_sets[i].in[mode])
			rules_member(
			    out, rules_mode_sets[i].name, false, false);
	}
	rules_member(out, "strict", strict, false);
	rules_member(out, "bind", true, true);
	for (size_t i = RULES_MODE_SETS; i-- > 0;) {
		if (rules_mode_sets[i].in[mode])
			rules_member(out, rules_mode_sets[i].name, true, false);
	}
}

void
rules_project_del(uint32_t id, struct rules_change *out)
{
	*out = (struct rules_change){ .id = id };
	for (size_t i = 0; i < RULES_MODE_SETS; i++)
		rules_member(out, rules_mode_sets[i].name, false, false);
	rules_member(out, "strict", false, false);
	rules_member(out, "bind", false, true);
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
