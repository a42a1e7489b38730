#include "router/firewall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "router/firewall_priv.h"
#include "router/nlmsg.h"
#include "router/tool.h"

struct firewall *
firewall_new(struct loop *l, const struct rules *rules, const char *lockfile)
{
	struct firewall *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->rules = rules;
	f->lockfile = lockfile;
	STAILQ_INIT(&f->waiting);
	return f;
}

void
firewall_free(struct firewall *f)
{
	if (f == NULL)
		return;
	firewall_drop_queue(f);
	nlsock_free(f->netlink);
	free(f);
}

static int
firewall_tool(struct firewall *f, const char *const *argv, const struct str *in,
    struct str *out, struct err *e)
{
	const struct tool_spec spec = {
		.argv = argv,
		.input = in != NULL ? str_cstr(in) : NULL,
		.output = out,
		.lockfile = f->lockfile,
	};

	return tool_run(f->loop, &spec, e);
}

/* A kernel without IPv6 has nothing to close there. */
static bool
firewall_has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

/* The rules in the kernel, without the lines that carry a date. */
static int
firewall_save(struct firewall *f, struct str *out, struct err *e)
{
	static const char *const v4[] = { "iptables-save", NULL };
	static const char *const v6[] = { "ip6tables-save", NULL };
	AUTO_STR struct str text = STR_INIT;
	struct view rest, line;

	if (firewall_tool(f, v4, NULL, &text, e) == -1 ||
	    (firewall_has_ipv6() && firewall_tool(f, v6, NULL, &text, e) == -1))
		return -1;
	rest = str_view(&text);
	if (rest.p == NULL)
		return 0;
	while (view_split(&rest, '\n', &line)) {
		/* Counters of a chain follow its policy. */
		const char *bracket = memchr(line.p, '[', line.len);

		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (line.p[0] == ':' && bracket != NULL)
			line.len = (size_t)(bracket - line.p);
		str_addv(out, line);
		str_addc(out, '\n');
	}
	return 0;
}

int
firewall_cut_now(struct firewall *f, struct err *e)
{
	static const char *const argv[] = { "conntrack", "-F", NULL };

	return firewall_tool(f, argv, NULL, NULL, e);
}

/* The set's members; none when there is no set yet. */
static int
firewall_never(struct firewall *f, struct str *out, struct err *e)
{
	static const char *const argv[] = { "ipset", "save", "-sorted", NULL };
	AUTO_STR struct str all = STR_INIT;
	AUTO_STR struct str start = STR_INIT;
	struct view rest, line;

	str_addf(&start, "add cf%s-never ", f->rules->inst);
	if (firewall_tool(f, argv, NULL, &all, e) == -1)
		return -1;
	rest = str_view(&all);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		if (!view_starts(line, str_cstr(&start)))
			continue;
		str_addv(out, line);
		str_addc(out, '\n');
	}
	return 0;
}

int
firewall_load(struct firewall *f, bool *changed, struct err *e)
{
	static const char *const ipset[] = { "ipset", "restore", "-exist",
		NULL };
	static const char *const v4[] = { "iptables-restore", NULL };
	static const char *const v6[] = { "ip6tables-restore", NULL };
	AUTO_STR struct str before = STR_INIT;
	AUTO_STR struct str after = STR_INIT;
	AUTO_STR struct str sets = STR_INIT;
	AUTO_STR struct str rules4 = STR_INIT;
	AUTO_STR struct str rules6 = STR_INIT;

	rules_sets(f->rules, &sets);
	rules_ipv4(f->rules, &rules4);
	rules_ipv6(f->rules, &rules6);
	if (firewall_save(f, &before, e) == -1 ||
	    firewall_never(f, &before, e) == -1 ||
	    firewall_tool(f, ipset, &sets, NULL, e) == -1 ||
	    (firewall_has_ipv6() &&
		firewall_tool(f, v6, &rules6, NULL, e) == -1) ||
	    firewall_tool(f, v4, &rules4, NULL, e) == -1 ||
	    firewall_save(f, &after, e) == -1 ||
	    firewall_never(f, &after, e) == -1)
		return err_wrap(e, "load the firewall");
	if (strstr(str_cstr(&after), ":FORWARD DROP") == NULL)
		return err_set(e, ERR_INTERNAL,
		    "load the firewall: the kernel does not show the rules");
	*changed = strcmp(str_cstr(&before), str_cstr(&after)) != 0;
	return 0;
}

/* One set as ipset-save prints it. */
static int
firewall_save_set(
    struct firewall *f, const char *name, struct str *out, struct err *e)
{
	AUTO_STR struct str set = STR_INIT;
	const char *argv[] = { "ipset", "save", NULL, NULL };

	str_addf(&set, "cf%s-%s", f->rules->inst, name);
	argv[2] = str_cstr(&set);
	if (firewall_tool(f, argv, NULL, out, e) == -1)
		return err_wrap(e, "read back set %s", name);
	return 0;
}

/*
 * The next member's address in *rest: "add SET 10.214.1.7[,iface]"; false at
 * the end.
 */
static bool
firewall_next_member(struct view *rest, uint32_t *addr)
{
	struct err e = ERR_INIT;
	struct view line, word, part;
	char text[POLICY_TEXT_MAX];

	while (rest->p != NULL && view_split(rest, '\n', &line)) {
		if (!view_split(&line, ' ', &word) || !view_is(word, "add") ||
		    !view_split(&line, ' ', &word) ||
		    !view_split(&line, ',', &part) || part.len >= sizeof(text))
			continue;
		memcpy(text, part.p, part.len);
		text[part.len] = '\0';
		if (policy_addr_parse(text, addr, &e) == 0)
			return true;
	}
	return false;
}

int
firewall_read(
    struct firewall *f, firewall_member_fn *fn, void *arg, struct err *e)
{
	/* The last word is the mode. */
	static const struct {
		const char *name;
		enum policy_mode mode;
		bool strict;
	} sets[] = { { "bind", POLICY_OFF, false },
		{ "known", POLICY_NONE, false },
		{ "locked", POLICY_LOCKED, false },
		{ "web", POLICY_WEB, false }, { "open", POLICY_OPEN, false },
		{ "strict", POLICY_OFF, true } };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		AUTO_STR struct str text = STR_INIT;
		struct view rest;
		uint32_t addr, id;

		if (firewall_save_set(f, sets[i].name, &text, e) == -1)
			return -1;
		rest = str_view(&text);
		while (firewall_next_member(&rest, &addr)) {
			if (policy_project(&f->rules->range, addr, &id))
				fn(id, sets[i].mode, sets[i].strict, arg);
		}
	}
	return 0;
}

/* "10.214.1.7,tcp:443,203.0.113.5 timeout 512" */
static bool
firewall_parse_pin(
    const struct policy_range *range, struct view v, struct firewall_pin *out)
{
	AUTO_FREE char *text = view_dup(v);
	char src[POLICY_TEXT_MAX], dst[POLICY_TEXT_MAX];
	struct err e = ERR_INIT;
	unsigned port, timeout;
	uint32_t addr;

	/* NOLINTNEXTLINE(cert-err34-c): what the kernel prints fits */
	if (sscanf(text, "%19[0-9.],tcp:%5u,%19[0-9.] timeout %9u", src, &port,
		dst, &timeout) != 4 ||
	    port > UINT16_MAX || policy_addr_parse(src, &addr, &e) == -1 ||
	    policy_addr_parse(dst, &out->addr, &e) == -1)
		return false;
	out->port = (uint16_t)port;
	out->timeout_s = timeout;
	return policy_project(range, addr, &out->id);
}

int
firewall_read_pins(
    struct firewall *f, firewall_pin_fn *fn, void *arg, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct view rest, line, word;

	if (firewall_save_set(f, "pin", &text, e) == -1)
		return -1;
	rest = str_view(&text);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		struct firewall_pin pin;

		if (view_split(&line, ' ', &word) && view_is(word, "add") &&
		    view_split(&line, ' ', &word) &&
		    firewall_parse_pin(&f->rules->range, line, &pin))
			fn(&pin, arg);
	}
	return 0;
}

int
firewall_read_host(
    struct firewall *f, uint32_t *out, size_t max, size_t *n, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct view rest;

	*n = 0;
	if (firewall_save_set(f, "host", &text, e) == -1)
		return -1;
	rest = str_view(&text);
	while (*n < max && firewall_next_member(&rest, &out[*n]))
		(*n)++;
	return 0;
}
