/* prove_dns: rows about names. */
#include <stdio.h>
#include <string.h>

#include "agentd/prove/prove.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/view.h"

enum {
	PROVE_DNS_A = 1,
	PROVE_DNS_NULL = 10,
	PROVE_DNS_TXT = 16,
	PROVE_DNS_ANY = 255,
	PROVE_RESOLV_MAX = 4096,
	PROVE_TUNNEL = 30
};

#define PROVE_PUBLIC "192.175.48.6"

/* As hex: a question for TOKEN<head>.example.com, or for head itself. */
static void
prove_question(
    const struct prove *p, struct str *out, const char *head, unsigned type)
{
	AUTO_STR struct str name = STR_INIT;
	const char *at;

	if (strcmp(head, "coffer") == 0)
		str_add(&name, head);
	else
		str_addf(&name, "%s%s.example.com", p->token, head);
	str_add(out, "474701000001000000000000");
	for (at = str_cstr(&name); *at != '\0';) {
		size_t n = strcspn(at, ".");

		str_addf(out, "%02zx", n);
		for (size_t i = 0; i < n; i++)
			str_addf(out, "%02x", (unsigned char)at[i]);
		at += n + (at[n] == '.');
	}
	str_addf(out, "00%04x0001", type);
}

/* The code of an answer, -1: there is none. */
static int
prove_rcode(const char *answer, unsigned *answers)
{
	const char *hex = strchr(answer, ' ');
	unsigned code;

	*answers = 0;
	if (hex == NULL || strnlen(hex + 1, 24) < 24 ||
	    sscanf(hex + 1 + 7, "%1x", &code) != 1 ||
	    sscanf(hex + 1 + 12, "%4x", answers) != 1)
		return -1;
	return (int)code;
}

/* Asks the router; -2 and a verdict when the probe is gone.  Of two answers
 * the one that has addresses. */
static int
prove_resolve(
    struct prove *p, const char *head, unsigned type, unsigned *answers)
{
	AUTO_STR struct str line = STR_INIT;
	struct err e = ERR_INIT;
	const char *answer, *twin;
	int code;

	str_add(&line, "ask ");
	prove_question(p, &line, head, type);
	str_addf(&line, " %s,53", p->gateway);
	answer = prove_ask(p, &line, &e);
	if (answer == NULL) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return -2;
	}
	code = prove_rcode(answer, answers);
	twin = prove_twins(answer);
	if (twin != NULL && (code != 0 || *answers == 0))
		code = prove_rcode(twin, answers);
	return code;
}

static void
prove_types(struct prove *p)
{
	static const struct {
		unsigned type;
		const char *name;
	} rows[] = { { PROVE_DNS_TXT, "TXT" }, { PROVE_DNS_NULL, "NULL" },
		{ PROVE_DNS_ANY, "ANY" } };
	AUTO_STR struct str seen = STR_INIT;
	unsigned answers;

	eye_clear(p->eye);
	for (size_t i = 0; i < 3; i++) {
		int code = prove_resolve(
		    p, rows[i].name, rows[i].type, &answers);

		if (code == -2)
			return;
		if (code == 0 && answers > 0)
			prove_say(p, PROVE_FAIL, "inside: %s was answered",
			    rows[i].name);
	}
	if (eye_look(p->eye, 200, &seen) > 0)
		prove_say(p, PROVE_FAIL, "outside: %s", str_cstr(&seen));
	else
		prove_say(p, PROVE_PASS,
		    "TXT, NULL and ANY: no answer, and nobody outside was "
		    "asked");
}

/* Names that are not allowed are not asked for either. */
static void
prove_tunnel(struct prove *p)
{
	AUTO_STR struct str seen = STR_INIT;
	unsigned answers;
	unsigned found = 0;

	if (strcmp(p->mode, "web") == 0 || strcmp(p->mode, "open") == 0) {
		prove_say(p, PROVE_UNTESTABLE,
		    "mode %s asks for every public name, within bounds",
		    p->mode);
		return;
	}
	eye_clear(p->eye);
	for (int i = 0; i < PROVE_TUNNEL; i++) {
		char head[16];
		int code;

		(void)snprintf(head, sizeof(head), ".part%d", i);
		code = prove_resolve(p, head, PROVE_DNS_A, &answers);
		if (code == -2)
			return;
		found += code == 0 && answers > 0;
	}
	if (found > 0)
		prove_say(p, PROVE_FAIL, "inside: %u were answered", found);
	if (eye_look(p->eye, 300, &seen) > 0)
		prove_say(p, PROVE_FAIL, "outside: %s", str_cstr(&seen));
	else
		prove_say(p, PROVE_PASS,
		    "%d names that carry data: none was asked for outside",
		    (int)PROVE_TUNNEL);
}

static void
prove_bytes(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;

	/* Long, and with the token, as no question is. */
	str_add(&line, "udp ");
	for (int i = 0; i < 16; i++) {
		for (const char *c = p->token; *c != '\0'; c++)
			str_addf(&line, "%02x", (unsigned char)*c);
	}
	str_addf(&line, " " PROVE_PUBLIC ",53 8.8.8.8,53 %s,53", p->gateway);
	prove_closed(p, &line, PROVE_ASKED);
}

static void
prove_dot(struct prove *p)
{
	static const char *const to[] = { PROVE_PUBLIC, "9.9.9.9", "1.1.1.1" };
	AUTO_STR struct str line = STR_INIT;

	if (strcmp(p->mode, "open") == 0) {
		prove_say(p, PROVE_UNTESTABLE, "mode open lets every port");
		return;
	}
	eye_watch(p->eye, to, 3);
	str_add(&line, "tcp");
	for (size_t i = 0; i < 3; i++)
		str_addf(&line, " %s,853 %s,5353", to[i], to[i]);
	prove_closed(p, &line, PROVE_LOGGED);
	str_reset(&line);
	str_add(&line, "udp 00");
	for (size_t i = 0; i < 3; i++)
		str_addf(&line, " %s,853 %s,443 %s,8853", to[i], to[i], to[i]);
	prove_closed(p, &line, 0);
	eye_watch(p->eye, NULL, 0);
}

static void
prove_embedded(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;
	AUTO_STR struct str q = STR_INIT;

	prove_question(p, &q, "embedded", PROVE_DNS_A);
	str_addf(&line, "udp %s 127.0.0.11,53 127.0.0.1,53 127.0.0.53,53",
	    str_cstr(&q));
	prove_closed(p, &line, 0);
}

static void
prove_resolv_conf(struct prove *p)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_STR struct str want = STR_INIT;
	struct err e = ERR_INIT;
	AUTO_CLOSE int root = prove_root(p, &e);
	unsigned others = 0;
	struct view rest, line;

	str_addf(&want, "nameserver %s", p->gateway);
	if (p->sealed) {
		prove_say(p, PROVE_PASS,
		    "its namespace has loopback alone: no server is reached");
		return;
	}
	if (root == -1 ||
	    path_read_beneath(
		root, "etc/resolv.conf", PROVE_RESOLV_MAX, &text, &e) == -1) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return;
	}
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line)) {
		if (line.len >= 10 && memcmp(line.p, "nameserver", 10) == 0)
			others += !view_is(line, str_cstr(&want));
	}
	if (others > 0)
		prove_say(p, PROVE_FAIL,
		    "/etc/resolv.conf names %u servers that are not the router",
		    others);
	else
		prove_say(
		    p, PROVE_PASS, "/etc/resolv.conf: %s", str_cstr(&want));
}

const struct prove_row prove_dns_rows[] = {
	{ "dns-tunnel", "16", "no names that are not allowed", prove_tunnel },
	{ "dns-bytes", "18", "no bytes through port 53", prove_bytes },
	{ "dns-other", "19", "no names by TLS, QUIC or another port",
	    prove_dot },
	{ "dns-loopback", "20", "no resolver on its loopback", prove_embedded },
	{ "dns-server", "21", "no server but the router", prove_resolv_conf },
	{ "dns-types", "22", "no TXT, NULL or ANY", prove_types },
	{ .id = NULL },
};
