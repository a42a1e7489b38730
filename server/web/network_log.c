/* network_log: what a project's sandbox reached and was kept from, as a file.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "server/domain/net_seen.h"
#include "server/store/net_log.h"
#include "server/web/web.h"

/* RFC 4180.  What a table's program would take for a formula begins with a
 * quote: names and processes are a sandbox's words. */
static void
network_csv(struct str *out, const char *text)
{
	str_add(out, "\"");
	if (strchr("=+-@\t", text[0]) != NULL && text[0] != '\0')
		str_add(out, "'");
	for (; *text != '\0'; text++) {
		if (*text == '"')
			str_add(out, "\"");
		str_addc(out, (unsigned char)*text < ' ' ? ' ' : *text);
	}
	str_add(out, "\",");
}

static void
network_csv_row(struct str *out, const struct net_seen *s)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	network_csv(out, s->verdict);
	network_csv(out, s->name);
	network_csv(out, s->address);
	str_addf(out, "%" PRId64 ",", s->port);
	network_csv(out, s->proto);
	str_addf(out, "%" PRId64 ",%s,%s,%" PRId64 ",%" PRId64 ",", s->count,
	    clock_rfc3339(s->first, first), clock_rfc3339(s->last, last), s->up,
	    s->down);
	network_csv(out, s->reason);
	network_csv(out, s->process);
	out->len--;
	str_add(out, "\r\n");
}

static void
network_export(struct call *c)
{
	struct net_log_ask ask = {
		.allowed = true, .blocked = true, .limit = 2 * NET_SEEN_KEEP
	};
	AUTO_STR struct str out = STR_INIT;
	struct net_seen_list l = { .n = 0 };
	struct svc *svc = call_app(c);
	struct err e = ERR_INIT;
	struct project p;

	if (web_project(c, PERM_READ, &p) == -1)
		return;
	ask.project_id = p.id;
	project_release(&p);
	if (net_log_list(db_reader(svc->db), &ask, &l, &e) == -1) {
		web_fail(c, &e);
		return;
	}
	str_add(&out,
	    "verdict,name,address,port,proto,count,first,last,up,"
	    "down,reason,process\r\n");
	for (size_t i = 0; i < l.n; i++)
		network_csv_row(&out, &l.at[i]);
	net_seen_list_release(&l);
	web_headers(call_request(c));
	call_header(c, "Cache-Control", "no-store");
	call_header(
	    c, "Content-Disposition", "attachment; filename=\"network.csv\"");
	call_reply_text(c, 200, "text/csv;charset=utf-8", str_view(&out));
}

const struct route web_network_log_routes[] = {
	{ "GET", "/{owner}/{r}/network/log.csv", ROUTE_PAGE, network_export },
	{ .method = NULL },
};
