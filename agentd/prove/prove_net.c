/* prove_net: rows about what a sandbox reaches. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agentd/prove/prove.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	PROVE_LOOK_MS = 150,
	PROVE_FIRST_PROJECT = 256
};

/* AS112: public addresses that are made to swallow what is not wanted. */
#define PROVE_PUBLIC "192.175.48.6"

static void
prove_hex(struct str *out, const char *s)
{
	for (; *s != '\0'; s++)
		str_addf(out, "%02x", (unsigned char)*s);
}

static void
prove_judge(struct prove *p, const char *answer, unsigned flags)
{
	AUTO_STR struct str seen = STR_INIT;
	struct prove_count c;
	int logged;

	prove_count(answer, &c);
	if ((flags & PROVE_ASKED) == 0 && c.good > 0)
		prove_say(p, PROVE_FAIL, "got: %s", c.first);
	if (eye_look(p->eye, PROVE_LOOK_MS, &seen) > 0)
		prove_say(p, PROVE_FAIL, "outside: %s", str_cstr(&seen));
	logged = prove_log_new(p);
	if (!eye_is_whole(p->eye))
		prove_say(p, PROVE_UNTESTABLE,
		    "the host is too busy to see every packet");
	else if (logged == -1)
		prove_say(p, PROVE_UNTESTABLE, "the router does not answer");
	else if (p->sealed)
		prove_say(p, PROVE_PASS,
		    "%u tried, none went through; outside nothing was seen; "
		    "its namespace has loopback alone",
		    c.all);
	else if ((flags & PROVE_LOGGED) != 0 && logged == 0)
		prove_say(p, PROVE_UNTESTABLE,
		    "the router's log does not show that it was tried");
	else
		prove_say(p, PROVE_PASS,
		    "%u tried, none went through; outside nothing was seen; "
		    "the router refused %d",
		    c.all, logged);
}

void
prove_closed(struct prove *p, const struct str *line, unsigned flags)
{
	struct err e = ERR_INIT;
	const char *answer;

	prove_log_mark(p);
	eye_clear(p->eye);
	answer = prove_ask(p, line, &e);
	if (answer == NULL)
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
	else
		prove_judge(p, answer, flags);
}

/* Each address with each port, which end with 0. */
static void
prove_targets(
    struct str *line, const char *const *to, size_t n, const uint16_t *ports)
{
	for (size_t i = 0; i < n; i++) {
		for (const uint16_t *k = ports; *k != 0; k++)
			str_addf(line, " %s,%u", to[i], *k);
	}
}

static void
prove_refused(
    struct prove *p, const char *const *to, size_t n, const uint16_t *ports)
{
	AUTO_STR struct str line = STR_INIT;

	eye_watch(p->eye, to, n);
	str_add(&line, "tcp");
	prove_targets(&line, to, n, ports);
	prove_closed(p, &line, PROVE_LOGGED);
	str_reset(&line);
	str_add(&line, "udp ");
	prove_hex(&line, p->token);
	prove_targets(&line, to, n, ports);
	prove_closed(p, &line, 0);
	eye_watch(p->eye, NULL, 0);
}

static void
prove_control(struct prove *p)
{
	AUTO_STR struct str seen = STR_INIT;

	if (eye_try(p->eye, &seen))
		prove_say(
		    p, PROVE_PASS, "from the host itself: %s", str_cstr(&seen));
	else
		prove_say(p, PROVE_FAIL,
		    "the observers did not see what the host itself sent: no "
		    "row of this run counts (%s)",
		    str_cstr(&seen));
}

static void
prove_host_family(struct prove *p, int family)
{
	AUTO_STR struct str tcp = STR_INIT, udp = STR_INIT;
	struct ifaddrs *list = NULL;
	unsigned n = 0;

	str_add(&tcp, "tcp");
	str_add(&udp, "udp ");
	prove_hex(&udp, p->token);
	(void)getifaddrs(&list);
	for (struct ifaddrs *i = list; i != NULL && n < 60; i = i->ifa_next) {
		char host[NI_MAXHOST];

		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0 ||
		    getnameinfo(i->ifa_addr,
			family == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6),
			host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		host[strcspn(host, "%")] = '\0';
		str_addf(&tcp, " %s%s,%u", host,
		    strncmp(host, "fe80", 4) == 0 ? "%eth0" : "",
		    eye_port(p->eye));
		str_addf(&udp, " %s%s,%u", host,
		    strncmp(host, "fe80", 4) == 0 ? "%eth0" : "",
		    eye_port(p->eye));
		n++;
	}
	freeifaddrs(list);
	if (n == 0) {
		prove_say(p, PROVE_UNTESTABLE, "the host has no such address");
		return;
	}
	prove_closed(p, &tcp, family == AF_INET ? PROVE_LOGGED : 0);
	prove_closed(p, &udp, 0);
}

static void
prove_host(struct prove *p)
{
	prove_host_family(p, AF_INET);
}

static void
prove_host6(struct prove *p)
{
	prove_host_family(p, AF_INET6);
}

static void
prove_host_unix(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;

	str_addf(&line, "unix @coffer-prove-%u @/tmp/.X11-unix/X0",
	    eye_port(p->eye));
	prove_closed(p, &line, 0);
}

static const uint16_t prove_web[] = { 80, 443, 22, 8080, 0 };
static const uint16_t prove_other[] = { 22, 25, 853, 8080, 51820, 0 };

static void
prove_lan(struct prove *p)
{
	static const char *const to[] = { "10.99.99.9", "172.16.77.9",
		"172.31.255.9", "192.168.0.1", "192.168.77.9" };

	prove_refused(p, to, 5, prove_web);
}

static void
prove_reserved(struct prove *p)
{
	static const char *const to[] = { "0.0.0.9", "100.64.0.5",
		"127.77.77.77", "192.0.0.9", "192.0.2.9", "192.88.99.9",
		"198.18.0.5", "198.51.100.9", "224.0.0.251", "239.255.255.250",
		"240.0.0.9", "255.255.255.255" };

	prove_refused(p, to, 12, prove_web);
}

static void
prove_metadata(struct prove *p)
{
	static const char *const to[] = { "169.254.169.254", "169.254.170.2",
		"168.63.129.16", "100.100.100.200", "192.0.0.192" };

	prove_refused(p, to, 5, prove_web);
}

static void
prove_unlisted(struct prove *p)
{
	static const char *const to[] = { PROVE_PUBLIC };

	if (strcmp(p->mode, "open") == 0)
		prove_say(
		    p, PROVE_UNTESTABLE, "mode open lets every public address");
	else if (strcmp(p->mode, "web") == 0)
		prove_say(p, PROVE_UNTESTABLE,
		    "mode web lets every public address on 80 and 443");
	else
		prove_refused(p, to, 1, prove_web);
}

static void
prove_ports(struct prove *p)
{
	static const char *const to[] = { PROVE_PUBLIC };

	if (strcmp(p->mode, "open") == 0)
		prove_say(
		    p, PROVE_UNTESTABLE, "mode open lets every public port");
	else
		prove_refused(p, to, 1, prove_other);
}

static void
prove_in6(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;

	str_add(&line,
	    "tcp ::ffff:192.168.77.9,80 ::ffff:169.254.169.254,80 "
	    "64:ff9b::c0a8:4d09,80 2002:c0a8:4d09::1,80 fd00::1,80 fe80::1,80 "
	    "ff02::1%eth0,80 2001:500:88:200::8,443 2620:4f:8000::6,443");
	prove_closed(p, &line, 0);
}

static void
prove_raw(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;

	/* AF_PACKET; SOCK_RAW of IPv4: TCP, ICMP, own headers; of IPv6. */
	str_add(&line, "sock 17:3:768 17:2:768 2:3:6 2:3:1 2:3:255 10:3:58");
	prove_closed(p, &line, 0);
}

static void
prove_project(struct prove *p)
{
	AUTO_STR struct str tcp = STR_INIT, udp = STR_INIT;
	size_t n;
	const int64_t *peers = eye_peers(p->eye, &n);
	uint32_t base;
	struct in_addr a;

	if (n == 0 || inet_pton(AF_INET, p->gateway, &a) != 1) {
		prove_say(p, PROVE_UNTESTABLE,
		    "no other project has a running sandbox");
		return;
	}
	/* The router has the first address of the range. */
	base = ntohl(a.s_addr) - 1 + PROVE_FIRST_PROJECT;
	str_add(&tcp, "tcp");
	str_add(&udp, "udp ");
	prove_hex(&udp, p->token);
	for (size_t i = 0; i < n; i++) {
		char text[INET_ADDRSTRLEN] = "";

		a.s_addr = htonl(base + (uint32_t)peers[i]);
		(void)inet_ntop(AF_INET, &a, text, sizeof(text));
		str_addf(&tcp, " %s,%u %s,80 %s,22", text, eye_port(p->eye),
		    text, text);
		str_addf(&udp, " %s,%u", text, eye_port(p->eye));
	}
	prove_closed(p, &tcp, PROVE_LOGGED);
	prove_closed(p, &udp, 0);
}

static void
prove_icmp(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;

	if (strcmp(p->mode, "open") == 0) {
		prove_say(p, PROVE_UNTESTABLE, "mode open lets echoes");
		return;
	}
	str_add(&line, "icmp ");
	prove_hex(&line, p->token);
	str_add(&line, " " PROVE_PUBLIC " 192.168.77.9");
	prove_closed(p, &line, 0);
}

static void
prove_router_judge(struct prove *p, const char *answer)
{
	struct prove_count c;
	unsigned may = 0;

	prove_count(answer, &c);
	may += strstr(answer, ",53=open") != NULL;
	may += strstr(answer, ",80=open") != NULL;
	may += strstr(answer, ",81=open") != NULL;
	if (c.good > may)
		prove_say(p, PROVE_FAIL, "%u ports answer, first %s", c.good,
		    c.first);
	else
		prove_say(p, PROVE_PASS,
		    "of %u ports only those for names, cofferd and models "
		    "answer",
		    c.all);
}

/* What answers on the router itself: the doors of cofferd and of the model
 * gateway, and names by TCP. */
static void
prove_router_ports(struct prove *p)
{
	static const uint16_t more[] = { 110, 139, 443, 445, 853, 993, 2049,
		2375, 2376, 3000, 3128, 3306, 5432, 6379, 6443, 8000, 8080,
		8443, 9090, 9229, 10250, 27017 };
	AUTO_STR struct str line = STR_INIT, inside = STR_INIT;
	struct err e = ERR_INIT;
	const char *answer, *twin;

	str_add(&line, "tcp");
	for (unsigned port = 1; port <= 100; port++)
		str_addf(&line, " %s,%u", p->gateway, port);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		str_addf(&line, " %s,%u", p->gateway, more[i]);
	answer = prove_ask(p, &line, &e);
	if (answer == NULL) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return;
	}
	twin = prove_twins(answer);
	str_addn(&inside, answer,
	    twin != NULL ? (size_t)(twin - answer) : strlen(answer));
	prove_router_judge(p, str_cstr(&inside));
	if (twin != NULL)
		prove_router_judge(p, twin);
}

const struct prove_row prove_net_rows[] = {
	{ "observers", "", "the observers outside see what is sent to them",
	    prove_control },
	{ "host", "3 4", "no address of the host", prove_host },
	{ "host-ipv6", "3 11", "no IPv6 address of the host", prove_host6 },
	{ "host-unix", "74", "no socket of the host", prove_host_unix },
	{ "lan", "5", "no private address", prove_lan },
	{ "reserved", "6", "no reserved, test or multicast address",
	    prove_reserved },
	{ "metadata", "7", "no cloud metadata", prove_metadata },
	{ "unlisted", "1 2", "no public address that is not listed",
	    prove_unlisted },
	{ "ports", "33", "no other port of a public address", prove_ports },
	{ "ipv6", "10 11", "no IPv6, in no spelling", prove_in6 },
	{ "raw", "11 12 13", "no packet of its own making", prove_raw },
	{ "project", "14 15", "no other project", prove_project },
	{ "icmp", "23", "no bytes by ICMP", prove_icmp },
	{ "router-ports", "74",
	    "the router answers names, cofferd and models alone",
	    prove_router_ports },
	{ .id = NULL },
};
