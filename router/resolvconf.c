#include "router/resolvconf.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

enum {
	RESOLVCONF_ADDR_MAX = 64
};

/* ADDR, or ADDR:PORT and [ADDR]:PORT when `ports`. */
static bool
resolvconf_addr(struct view v, bool ports, struct sock_addr *out)
{
	char host[RESOLVCONF_ADDR_MAX], text[RESOLVCONF_ADDR_MAX + 8];
	struct in_addr a4;
	struct in6_addr a6;
	struct err e = ERR_INIT;

	if (v.len == 0 || v.len >= sizeof(host))
		return false;
	memcpy(host, v.p, v.len);
	host[v.len] = '\0';
	if (inet_pton(AF_INET, host, &a4) == 1)
		snprintf(text, sizeof(text), "%s:53", host);
	else if (inet_pton(AF_INET6, host, &a6) == 1)
		snprintf(text, sizeof(text), "[%s]:53", host);
	else if (ports && strncmp(host, "unix:", 5) != 0)
		snprintf(text, sizeof(text), "%s", host);
	else
		return false;
	return sock_parse(text, out, &e) == 0;
}

void
resolvconf_read(struct view text, struct resolvconf *out)
{
	struct view line;

	memset(out, 0, sizeof(*out));
	if (text.p == NULL)
		text = VIEW_LIT("");
	while (
	    out->n < RESOLVCONF_SERVERS_MAX && view_split(&text, '\n', &line)) {
		struct view v = view_trim(line);

		if (!view_starts(v, "nameserver"))
			continue;
		v = view_from(v, strlen("nameserver"));
		if (v.len == 0 || (v.p[0] != ' ' && v.p[0] != '\t'))
			continue;
		if (resolvconf_addr(view_trim(v), false, &out->servers[out->n]))
			out->n++;
	}
	if (out->n == 0 &&
	    resolvconf_addr(VIEW_LIT("127.0.0.1"), false, &out->servers[0]))
		out->n = 1;
}

int
resolvconf_list(const char *text, struct resolvconf *out, struct err *e)
{
	struct view rest = view_of(text), part;

	memset(out, 0, sizeof(*out));
	while (rest.len > 0 && view_split(&rest, ',', &part)) {
		struct view v = view_trim(part);

		if (out->n == RESOLVCONF_SERVERS_MAX)
			return err_set(e, ERR_INVALID,
			    "upstream_dns: at most %d servers",
			    RESOLVCONF_SERVERS_MAX);
		if (!resolvconf_addr(v, true, &out->servers[out->n]))
			return err_set(e, ERR_INVALID,
			    "upstream_dns %s: write 192.0.2.1 or 127.0.0.1:53",
			    log_val(text));
		out->n++;
	}
	return 0;
}
