#include "cli/net.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static void
net_show_ports(const struct json *rule, struct str *out)
{
	const struct json *ports = json_get(rule, "ports");

	for (const struct json *p = json_first(ports); p != NULL;
	     p = json_next(p))
		str_addf(out, "%s%" PRId64, out->len == 0 ? "" : ",",
		    json_integer(p, 0));
}

static void
net_show_list(struct out_table *t, const struct json *net, const char *list)
{
	const struct json *rules = json_get(net, list);

	for (const struct json *r = json_first(rules); r != NULL;
	     r = json_next(r)) {
		AUTO_STR struct str ports = STR_INIT;

		net_show_ports(r, &ports);
		out_cell_state(t, list);
		out_cell(t, json_str_or(r, "domain", ""));
		if (ports.len > 0)
			out_cell(t, str_cstr(&ports));
		else
			out_cell(t, list[0] == 'a' ? "80,443" : "all");
		out_cell(t, json_str_or(r, "until", NULL));
		out_cell(t, json_str_or(r, "preset", NULL));
		out_cell(t, json_str_or(r, "by", NULL));
	}
}

void
net_show_head(const struct cli *c, const struct json *net)
{
	const struct json *presets = json_get(net, "presets");
	int64_t upload = json_i64_or(net, "upload_max", 0);

	out_fmt(stdout, "mode %s", json_str_or(net, "mode", ""));
	if (json_bool_or(net, "lockdown", false)) {
		(void)printf(", ");
		out_paint(c, stdout, OUT_BAD, "locked down");
		(void)printf(" (as none, until `coffer net ... unlock`)");
	}
	if (upload > 0)
		(void)printf(", upload-max %" PRId64 " bytes to one name and "
			     "day",
		    upload);
	for (const struct json *p = json_first(presets); p != NULL;
	     p = json_next(p)) {
		(void)printf(
		    "%s", p == json_first(presets) ? ", presets " : " ");
		out_text(stdout, json_string(p));
	}
	(void)printf("\n");
}

void
net_show_rules(const struct cli *c, const struct json *net)
{
	struct out_table *t = out_table_new(6);

	net_show_head(c, net);
	out_cell(t, "RULE");
	out_cell(t, "DOMAIN");
	out_cell(t, "PORTS");
	out_cell(t, "UNTIL");
	out_cell(t, "PRESET");
	out_cell(t, "BY");
	net_show_list(t, net, "deny");
	net_show_list(t, net, "allow");
	out_table_print(t, c);
}

void
net_show_presets(const struct cli *c, const struct json *list)
{
	struct out_table *t = out_table_new(2);

	out_cell(t, "PRESET");
	out_cell(t, "DOMAINS");
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p)) {
		const struct json *rules = json_get(p, "allow");
		const char *error = json_str_or(p, "error", NULL);
		AUTO_STR struct str text = STR_INIT;

		for (const struct json *r = json_first(rules); r != NULL;
		     r = json_next(r))
			str_addf(&text, "%s%s", text.len == 0 ? "" : " ",
			    json_str_or(r, "domain", ""));
		out_cell(t, json_str_or(p, "name", ""));
		out_cell(t, error != NULL ? error : str_cstr(&text));
	}
	out_table_print(t, c);
}
