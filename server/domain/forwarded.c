#include "server/domain/forwarded.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/view.h"
#include "server/domain/dial_rule.h"

enum {
	FORWARDED_TEXT_MAX = INET6_ADDRSTRLEN + 8 /* brackets and a port */
};

/* An address, with a port or without, in its one form. */
static bool
forwarded_parse(struct view v, char out[INET6_ADDRSTRLEN])
{
	unsigned char at[sizeof(struct in6_addr)];
	char text[FORWARDED_TEXT_MAX + 1];
	char *host = text, *end;

	v = view_trim(v);
	if (v.len == 0 || v.len > FORWARDED_TEXT_MAX)
		return false;
	memcpy(text, v.p, v.len);
	text[v.len] = '\0';
	if (text[0] == '[') {
		if ((end = strchr(text, ']')) == NULL)
			return false;
		host++;
		*end = '\0';
	} else if ((end = strchr(text, ':')) != NULL &&
	    strchr(end + 1, ':') == NULL) {
		*end = '\0';
	}
	if (inet_pton(AF_INET, host, at) == 1)
		return inet_ntop(AF_INET, at, out, INET6_ADDRSTRLEN) != NULL;
	return inet_pton(AF_INET6, host, at) == 1 &&
	    inet_ntop(AF_INET6, at, out, INET6_ADDRSTRLEN) != NULL;
}

/* The last of a list, which becomes shorter by it. */
static struct view
forwarded_last(struct view *list)
{
	size_t at = list->len;
	struct view last;

	while (at > 0 && list->p[at - 1] != ',')
		at--;
	last = view_from(*list, at);
	list->len = at > 0 ? at - 1 : 0;
	return last;
}

void
forwarded_client(const struct dial_rule *proxies, const char *peer,
    const char *header, char *out, size_t n)
{
	char at[INET6_ADDRSTRLEN], next[INET6_ADDRSTRLEN];
	struct view rest = view_of(header == NULL ? "" : header);
	bool moved = false;

	if (forwarded_parse(view_of(peer), at)) {
		while (rest.len > 0 && dial_rule_lists(proxies, at) &&
		    forwarded_parse(forwarded_last(&rest), next)) {
			memcpy(at, next, sizeof(at));
			moved = true;
		}
	}
	if (!moved)
		(void)snprintf(out, n, "%s", peer);
	else
		(void)snprintf(
		    out, n, strchr(at, ':') != NULL ? "[%s]:0" : "%s:0", at);
}
