#include "cli/net_hint.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/str.h"

typedef void net_hint_fn(
    const struct net_refusal *r, const char *mode, struct str *out);

static bool
net_hint_is_web(int64_t port)
{
	return port == 0 || port == 80 || port == 443;
}

static void
net_hint_allow(const struct net_refusal *r, struct str *out)
{
	str_addf(out, "allow '%s'", r->name);
	if (!net_hint_is_web(r->port) && strcmp(r->proto, "tcp") == 0)
		str_addf(out, " --port %" PRId64, r->port);
}

/* No rule has it. */
static void
net_hint_listed(const struct net_refusal *r, const char *mode, struct str *out)
{
	if (strcmp(mode, "locked") != 0 || r->name[0] == '\0')
		return;
	if (strcmp(r->proto, "udp") == 0)
		str_add(out, "mode open");
	else
		net_hint_allow(r, out);
}

/* What a mode does not let; a name's own rule is not enough for it. */
static void
net_hint_mode(const struct net_refusal *r, const char *mode, struct str *out)
{
	bool tcp = strcmp(r->proto, "tcp") == 0 || strcmp(r->proto, "dns") == 0;

	if (strcmp(mode, "open") == 0)
		return;
	if (tcp && net_hint_is_web(r->port) && strcmp(mode, "web") != 0)
		str_add(out, "mode web");
	else if (strcmp(r->proto, "icmp") != 0)
		str_add(out, "mode open");
}

static void
net_hint_denied(const struct net_refusal *r, const char *mode, struct str *out)
{
	(void)mode;
	if (r->rule[0] != '\0')
		str_addf(out, "forget '%s'", r->rule);
}

static void
net_hint_upload(const struct net_refusal *r, const char *mode, struct str *out)
{
	(void)r;
	(void)mode;
	str_add(out, "upload-max 0");
}

static const struct {
	const char *verdict;
	net_hint_fn *fn;
} net_hints[] = {
	{ "name-unlisted", net_hint_listed },
	{ "denied-unlisted", net_hint_listed },
	{ "denied-pin", net_hint_listed },
	{ "name-refused", net_hint_mode },
	{ "denied-mode", net_hint_mode },
	{ "name-denied", net_hint_denied },
	{ "denied-rule", net_hint_denied },
	{ "denied-upload", net_hint_upload },
};

void
net_hint(const struct net_refusal *r, const char *mode, bool lockdown,
    struct str *out)
{
	for (size_t i = 0; i < sizeof(net_hints) / sizeof(net_hints[0]); i++) {
		if (strcmp(net_hints[i].verdict, r->verdict) != 0)
			continue;
		if (lockdown && net_hints[i].fn == net_hint_mode)
			str_add(out, "unlock");
		else
			net_hints[i].fn(r, mode, out);
	}
}
