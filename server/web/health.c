/* health: how the server is, for administrators: what stands still, what is
 * full, what was not heard of; each bad line says what to do. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/version.h"
#include "lib/httpd/tls_door.h"
#include "lib/httpd/tls_keys.h"
#include "server/service/svc_figure.h"
#include "server/service/svc_look.h"
#include "server/service/svc_use.h"
#include "server/store/census.h"
#include "server/store/hooks.h"
#include "server/store/runners.h"
#include "server/store/snapshot.h"
#include "server/web/admin.h"
#include "server/web/web.h"

enum {
	HEALTH_TIGHT = 10, /* percent that is left */
	HEALTH_LAG = 1000, /* events that are not read */
	HEALTH_CERTIFICATE_MS = 14 * 86400000,
	HEALTH_BACKUP_MS = 7 * 86400000,
	HEALTH_LACKS_MAX = 32,
	HEALTH_SEEN_MS = 5 * 60000 /* of runners */
};

static void
health_card(struct web *w, const char *title)
{
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", title);
	HTML_TAG(&w->h, "dl");
}

static void
health_card_end(struct web *w)
{
	html_end(&w->h);
	html_end(&w->h);
}

/* A line with a badge; health_do ends it. */
static void
health_badge(
    struct web *w, const char *term, const char *kind, const char *word)
{
	web_term(w, term);
	web_badge(w, kind, word);
	html_text(&w->h, " ");
}

static void
health_line(struct web *w, const char *term, bool good, const char *word)
{
	health_badge(w, term, good ? "good" : "bad", word);
}

static void
health_do(struct web *w, bool good, const char *advice)
{
	if (!good)
		HTML_LEAF(&w->h, "p", "sub", advice);
	html_end(&w->h);
}

static void
health_number(struct web *w, const char *term, int64_t n)
{
	web_term(w, term);
	html_textf(&w->h, "%" PRId64, n);
	html_end(&w->h);
}

/* ---- the server ---- */

static void
health_disk(struct web *w)
{
	bool read, good;
	struct statvfs v;

	read = statvfs(w->svc->home, &v) == 0 && v.f_blocks > 0;
	good = read && v.f_bavail * 100 / v.f_blocks >= HEALTH_TIGHT &&
	    (uint64_t)v.f_bavail * v.f_frsize >= w->svc->min_free;
	health_line(w, "Disk", good,
	    good       ? "room"
		: read ? "tight"
		       : "cannot be read");
	if (read) {
		web_bytes(w, (int64_t)v.f_bavail * (int64_t)v.f_frsize);
		html_text(&w->h, " of ");
		web_bytes(w, (int64_t)v.f_blocks * (int64_t)v.f_frsize);
		html_text(&w->h, " are left");
	}
	health_do(w, good,
	    "Pushes are refused when it is full. Remove projects and "
	    "sandboxes that are done with, keep records for a shorter time "
	    "(keep_records_days), or give the home more room.");
}

static int64_t
health_size(const struct web *w, const char *leaf)
{
	AUTO_FREE char *path = path_join(w->svc->home, leaf);
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* The lock of TLS and of cookies is the address that people use. */
static void
health_address(struct web *w)
{
	bool tls = strncmp(w->svc->public_url, "https://", 8) == 0;
	bool local = strstr(w->svc->public_url, "//127.") != NULL ||
	    strstr(w->svc->public_url, "//localhost") != NULL ||
	    strstr(w->svc->public_url, "//[::1]") != NULL;

	health_line(w, "Address", tls || local,
	    tls         ? "TLS"
		: local ? "this host"
			: "no TLS");
	HTML_LEAF(&w->h, "code", "", w->svc->public_url);
	health_do(w, tls || local,
	    "Passwords and tokens go over the network as they are: put TLS "
	    "in front and set public_url to its https address.");
}

/* cofferd's own; that of a proxy is the proxy's. */
static void
health_certificate(struct web *w)
{
	int64_t ends;
	bool good;

	if (w->svc->tls == NULL)
		return;
	ends = tls_keys_expires_s(tls_door_keys(w->svc->tls)) * 1000;
	good = ends - w->now > HEALTH_CERTIFICATE_MS;
	health_line(w, "Certificate", good,
	    good                ? "good"
		: ends > w->now ? "ends soon"
				: "ended");
	html_text(&w->h, "its end: ");
	web_time(w, ends);
	health_do(w, good,
	    "Put a new one in its place, then systemctl reload cofferd (or HUP "
	    "to its pid).");
}

/* Of how many things the last backup says that they are not in it; an empty
 * file is one of before that was kept. */
static int64_t
health_lacks(const char *path)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	int64_t n = 0;

	if (path_read(path, HEALTH_LACKS_MAX, &text, &e) == -1 ||
	    (text.len > 0 &&
		num_i64(str_cstr(&text), 0, UINT32_MAX, &n, &e) == -1))
		log_error("web backup reason=%s", log_val(e.msg));
	return n;
}

/* Who copies a home otherwise knows himself. */
static void
health_backup(struct web *w)
{
	AUTO_FREE char *path = path_join(w->svc->home, SNAPSHOT_BACKUP_LAST);
	struct stat st = { .st_size = 0 };
	bool there = stat(path, &st) == 0;
	bool young = there &&
	    w->now - st.st_mtime * INT64_C(1000) < HEALTH_BACKUP_MS;
	int64_t lacks = there ? health_lacks(path) : 0;

	health_badge(w, "Backup",
	    lacks > 0   ? "bad"
		: young ? "good"
			: "off",
	    lacks > 0   ? "not whole"
		: young ? "there"
		: there ? "old"
			: "none was made here");
	if (there) {
		html_text(&w->h, "the last was written ");
		web_time(w, st.st_mtime * INT64_C(1000));
	}
	if (lacks > 0) {
		html_textf(&w->h,
		    "; of %" PRId64 " thing%s it says that it is not in it",
		    lacks, lacks == 1 ? "" : "s");
		health_do(w, false, "coffer admin check says what is damaged.");
	} else {
		health_do(w, young,
		    "coffer admin backup makes one while all goes on.");
	}
}

static void
health_server(struct web *w, const struct census *n)
{
	health_card(w, "Server");
	web_term(w, "Version");
	html_text(&w->h, "cofferd " VERSION);
	html_end(&w->h);
	web_term(w, "Runs since");
	web_time(w, w->svc->started_at);
	html_end(&w->h);
	health_address(w);
	health_certificate(w);
	health_disk(w);
	health_backup(w);
	web_term(w, "Database");
	web_bytes(w, health_size(w, "db/coffer.db"));
	html_text(&w->h, ", ");
	web_bytes(w, health_size(w, "db/coffer.db-wal"));
	html_text(&w->h, " not folded in yet");
	html_end(&w->h);
	health_line(w, "Start", w->svc->reconciled,
	    w->svc->reconciled ? "done" : "goes on");
	health_do(w, w->svc->reconciled,
	    "Refs and rows are compared; pushes wait until that is done.");
	health_number(w, "Projects", n->projects);
	health_number(w, "Users", n->users);
	health_number(w, "Audit rows", n->audit);
	health_card_end(w);
}

/* ---- what waits ---- */

static void
health_hooks(struct web *w, const struct census *n)
{
	struct err e = ERR_INIT;
	int64_t told = 0;
	bool good;

	if (hooks_cursor(w->t, &told, &e) == -1)
		log_error("web health reason=%s", log_val(e.msg));
	good = n->events - told < HEALTH_LAG;
	health_line(
	    w, "Webhooks", good, n->events > told ? "behind" : "told of all");
	if (n->events > told)
		html_textf(&w->h, "%" PRId64 " events are to be told",
		    n->events - told);
	health_do(w, good,
	    "Their targets are slow or away: the deliveries of each webhook "
	    "say which.");
}

static void
health_queues(struct web *w, const struct census *n)
{
	int64_t failed = n->mirrors[MIRROR_FAILED] + n->mirrors[MIRROR_PAUSED];

	health_card(w, "What waits");
	health_number(w, "Events", n->events);
	health_hooks(w, n);
	health_number(w, "Deliveries that wait", n->deliveries_waiting);
	web_term(w, "Looks");
	html_textf(&w->h, "%zu pull requests wait for the checks of a fetch",
	    svc_looks_waiting(w->svc->looks));
	html_end(&w->h);
	web_term(w, "Database");
	html_textf(&w->h, "%zu writes wait", (size_t)db_queued(w->svc->db));
	html_end(&w->h);
	health_line(
	    w, "Mirrors", failed == 0, failed == 0 ? "in step" : "behind");
	html_textf(&w->h,
	    "%" PRId64 " in step, %" PRId64 " look now, %" PRId64
	    " failed, %" PRId64 " paused",
	    n->mirrors[MIRROR_OK], n->mirrors[MIRROR_SYNCING],
	    n->mirrors[MIRROR_FAILED], n->mirrors[MIRROR_PAUSED]);
	health_do(w, failed == 0,
	    "The page of each such project says why. One that is paused wants "
	    "another token or key: its settings, Mirror.");
	web_term(w, "Approvals");
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/-/approvals");
	html_textf(&w->h, "%" PRId64 " open", n->approvals_open);
	html_end(&w->h);
	html_end(&w->h);
	health_card_end(w);
}

/* ---- the other programs ---- */

static void
health_agentd(struct web *w, const struct census *n)
{
	bool heard = svc_use_served(w->svc->uses, w->now);
	bool reads = n->agentd_lag != -1 && n->agentd_lag < HEALTH_LAG;

	health_line(w, "coffer-agentd", heard,
	    heard ? "heard lately" : "not heard lately");
	health_do(w, heard,
	    "Orders wait and sandboxes stand still. Start it (coffer up), or "
	    "look into HOME/log/coffer-agentd.log.");
	health_badge(w, "It has read",
	    !heard      ? "off"
		: reads ? "good"
			: "bad",
	    n->agentd_lag == -1     ? "nothing yet"
		: n->agentd_lag > 0 ? "most events"
				    : "all events");
	if (n->agentd_lag > 0)
		html_textf(&w->h, "%" PRId64 " are left", n->agentd_lag);
	health_do(w, reads || !heard,
	    "It is behind: its log says what it waits for.");
}

static void
health_version(struct web *w)
{
	const char *version = svc_use_version(w->svc->uses);
	bool same = strcmp(version, VERSION) == 0;

	if (version[0] == '\0')
		return;
	health_line(w, "Its version", same, same ? "ours" : "another");
	html_shown(&w->h, version);
	health_do(w, same,
	    "Both are of one release: the one that was not started since the "
	    "upgrade is the old one. Start it again.");
}

/* Of what is there; one that is older does not tell it. */
static void
health_release(struct web *w, bool there, const char *version)
{
	if (!there || version[0] == '\0')
		return;
	html_shown(&w->h, version);
	if (strcmp(version, VERSION) != 0)
		html_text(&w->h, ", another than cofferd: start it again");
}

/* The router and the gateway speak to agentd alone, which says so. */
static void
health_beside(struct web *w)
{
	const struct svc_figures *f = svc_use_figures(w->svc->uses);
	bool heard = svc_use_served(w->svc->uses, w->now);

	if (!heard)
		return;
	health_line(w, "coffer-router", f->router,
	    f->router ? "answers agentd" : "does not answer agentd");
	health_release(w, f->router, f->router_version);
	health_do(w, f->router,
	    "Sandboxes have no network without it: coffer doctor, on the "
	    "host, says what it lacks.");
	health_badge(w, "coffer-gateway", f->gateway ? "good" : "off",
	    f->gateway ? "answers agentd" : "is not there");
	health_release(w, f->gateway, f->gateway_version);
	health_do(w, f->gateway,
	    "Agents have no models of this server's keys without it "
	    "(coffer model, on the host).");
}

static void
health_sandboxes(struct web *w, const struct census *n)
{
	const char *driver = svc_use_driver(w->svc->uses);
	int64_t failed = n->sandboxes[SANDBOX_FAILED];

	health_card(w, "Sandboxes");
	health_agentd(w, n);
	health_version(w);
	if (driver[0] != '\0') {
		web_term(w, "Driver");
		html_shown(&w->h, driver);
		html_end(&w->h);
	}
	health_line(
	    w, "Sandboxes", failed == 0, failed == 0 ? "well" : "some failed");
	html_textf(&w->h,
	    "%" PRId64 " run, %" PRId64 " stand, %" PRId64 " failed",
	    n->sandboxes[SANDBOX_RUNNING], n->sandboxes[SANDBOX_STOPPED],
	    failed);
	health_do(w, failed == 0,
	    "The project's page says why; coffer start tries it again.");
	health_number(w, "Runs that wait", n->runs[RUN_QUEUED]);
	health_number(w, "Runs that go on",
	    n->runs[RUN_PREPARING] + n->runs[RUN_RUNNING] +
		n->runs[RUN_FINISHING]);
	health_beside(w);
	health_card_end(w);
}

static void
health_runners(struct web *w)
{
	struct runner_list l = { .n = 0 };
	struct err e = ERR_INIT;

	if (runners_list(w->t, &l, &e) == -1)
		log_error("web health reason=%s", log_val(e.msg));
	for (size_t i = 0; i < l.n; i++) {
		const struct runner *r = &l.at[i];
		bool heard = w->now - r->seen_at < RUNNER_AWAY_MS;

		if (r->account_id == 0)
			continue;
		health_line(w, r->name, heard, heard ? "there" : "away");
		html_shown(&w->h, r->version);
		html_textf(&w->h, ", %" PRId64 " of %" PRId64 " jobs",
		    r->running, r->slots);
		health_do(w, heard,
		    "Start coffer-runner on its host; its log is "
		    "HOME/log/coffer-runner.log there.");
	}
	runner_list_release(&l);
}

static void
health_ci(struct web *w, const struct census *n)
{
	bool good = n->runners_seen > 0 || n->jobs_queued == 0;

	health_card(w, "CI");
	health_badge(w, "Runners",
	    n->runners_seen > 0 ? "good"
		: good          ? "off"
				: "bad",
	    n->runners_seen > 0 ? "there" : "none is there");
	html_textf(
	    &w->h, "%" PRId64 " of %" PRId64, n->runners_seen, n->runners);
	health_do(w, good, "Jobs wait for one: Administration, Runners.");
	health_number(w, "Jobs that wait", n->jobs_queued);
	health_number(w, "Jobs that go on", n->jobs_running);
	health_runners(w);
	health_card_end(w);
}

static void
health_get(struct call *c)
{
	struct census n = { .projects = 0 };
	struct err e = ERR_INIT;
	struct web w;

	if (admin_begin(&w, c, "health") == -1)
		return;
	if (census_take(
		w.t, w.svc->agentd_id, w.now - HEALTH_SEEN_MS, &n, &e) == -1)
		log_error("web health reason=%s", log_val(e.msg));
	HTML_CLASS(&w.h, "div", "grid health");
	health_server(&w, &n);
	health_queues(&w, &n);
	health_sandboxes(&w, &n);
	health_ci(&w, &n);
	html_end(&w.h);
	HTML_CLASS(&w.h, "p", "hint");
	html_text(&w.h, "The same numbers, for machines, are at ");
	HTML_LEAF(&w.h, "code", "", "/metrics");
	html_text(&w.h, ".");
	web_reply(&w, 200);
}

const struct route web_health_routes[] = {
	{ "GET", "/-/admin/health", ROUTE_PAGE, health_get },
	{ .method = NULL },
};
