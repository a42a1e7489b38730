#include "server/domain/net_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"

enum {
	NET_DNS_PORT = 53,
	NET_PORT_TEXT_MAX = 6
};

static const char *const net_list_words[] = {
	[NET_ALLOW] = "allow", [NET_DENY] = "deny"
};

void
net_rule_list_release(struct net_rule_list *l)
{
	free(l->at);
	*l = (struct net_rule_list){ .n = 0 };
}

const char *
net_list_name(enum net_list v)
{
	return net_list_words[v];
}

int
net_list_parse(const char *s)
{
	for (int i = NET_ALLOW; i <= NET_DENY; i++)
		if (strcmp(net_list_words[i], s) == 0)
			return i;
	return -1;
}

int
net_rule_set_domain(struct net_rule *r, struct view pattern, struct err *e)
{
	char name[DOMAIN_NAME_MAX];
	bool below;

	if (domain_pattern_parse(pattern, name, &below, e) == -1)
		return -1;
	domain_pattern_text(name, below, r->domain);
	return 0;
}

int
net_rule_add_port(struct net_rule *r, int64_t port, struct err *e)
{
	if (port < 1 || port > UINT16_MAX)
		return err_set(e, ERR_INVALID, "a port is 1 to 65535");
	if (port == NET_DNS_PORT)
		return err_set(e, ERR_INVALID,
		    "port 53 is always the router's own resolver");
	for (size_t i = 0; i < r->n_ports; i++)
		if (r->ports[i] == port)
			return 0;
	if (r->n_ports == NET_PORTS_MAX)
		return err_set(e, ERR_INVALID, "more than %d ports in a rule",
		    NET_PORTS_MAX);
	r->ports[r->n_ports++] = (uint16_t)port;
	return 0;
}

const char *
net_rule_warning(const struct net_rule *r)
{
	char name[DOMAIN_NAME_MAX];
	struct err e = ERR_INIT;
	bool below;

	if (r->list != NET_ALLOW ||
	    domain_pattern_parse(view_of(r->domain), name, &below, &e) == -1)
		return NULL;
	return domain_pattern_warning(name, below);
}

void
net_rule_ports_text(const struct net_rule *r, struct str *out)
{
	for (size_t i = 0; i < r->n_ports; i++)
		str_addf(out, "%s%u", i == 0 ? "" : ",", r->ports[i]);
}

static int
net_rule_read_port(struct net_rule *r, struct view text, struct err *e)
{
	char digits[NET_PORT_TEXT_MAX];
	int64_t port;

	if (text.len >= sizeof(digits))
		return err_set(e, ERR_INVALID, "a port is 1 to 65535");
	memcpy(digits, text.p, text.len);
	digits[text.len] = '\0';
	if (num_i64(digits, 1, UINT16_MAX, &port, e) == -1)
		return err_set(e, ERR_INVALID, "a port is 1 to 65535");
	return net_rule_add_port(r, port, e);
}

int
net_rule_read_ports(struct net_rule *r, struct view text, struct err *e)
{
	struct view part;

	while (view_split(&text, ',', &part))
		if (part.len > 0 && net_rule_read_port(r, part, e) == -1)
			return -1;
	return 0;
}

bool
net_preset_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NET_PRESET_LEN_MAX && name[0] != '-' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* The next word of a line, or an empty one. */
static struct view
net_preset_word(struct view *line)
{
	struct view word;
	size_t n = 0;

	*line = view_trim(*line);
	while (n < line->len && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	word = (struct view){ .p = line->p, .len = n };
	*line = view_from(*line, n);
	return word;
}

static int
net_preset_line(struct view line, struct net_rule *r, struct err *e)
{
	struct view word = net_preset_word(&line);

	r->list = NET_ALLOW;
	if (net_rule_set_domain(r, word, e) == -1)
		return -1;
	while ((word = net_preset_word(&line)).len > 0)
		if (net_rule_read_port(r, word, e) == -1)
			return -1;
	return 0;
}

int
net_preset_parse(struct view text, struct net_rule_list *out, struct err *e)
{
	struct view line;
	size_t number = 0;

	*out = (struct net_rule_list){ .n = 0 };
	if (text.len > NET_PRESET_BYTES_MAX)
		return err_set(
		    e, ERR_LIMIT, "over %d bytes", NET_PRESET_BYTES_MAX);
	while (view_split(&text, '\n', &line)) {
		const char *hash = line.len == 0
		    ? NULL
		    : memchr(line.p, '#', line.len);
		struct net_rule r = { .until = 0 };

		number++;
		if (hash != NULL)
			line.len = (size_t)(hash - line.p);
		line = view_trim(line);
		if (line.len == 0)
			continue;
		if (net_preset_line(line, &r, e) == -1)
			return err_wrap(e, "line %zu", number);
		if (out->n == NET_RULES_MAX)
			return err_set(e, ERR_LIMIT, "line %zu: over %d rules",
			    number, NET_RULES_MAX);
		if (out->n % 16 == 0)
			out->at = xrealloc(
			    out->at, (out->n + 16) * sizeof(*out->at));
		out->at[out->n++] = r;
	}
	return 0;
}
