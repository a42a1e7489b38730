/* review_runs: what the runs behind a branch did, as text for a reviewer. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/excerpt.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/review_files.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	RUNS_MAX = 10,          /* the newest of the branch */
	RUNS_PAGES = 10,        /* that are looked through for them */
	RUNS_PAGE = 50,         /* rows */
	RUNS_DENIED = 64 << 10, /* bytes, of all of them together */
	RUNS_TOOLS = 192 << 10,
	RUNS_STOPS = 32 << 10,
	RUNS_NET = 32 << 10,       /* each: of what was refused, or not */
	RUNS_NET_ROWS = 500,       /* cofferd keeps no more of a kind */
	RUNS_TEXT = 4096,          /* of one; a record keeps no more */
	RUNS_TEXT_WHOLE = 4096 - 3 /* shorter: the record has all of it */
};

enum runs_kind {
	RUNS_IS_DENIED,
	RUNS_IS_TOOL,
	RUNS_IS_STOP,
	RUNS_IS_OTHER
};

/* The runs of one branch. */
struct runs {
	struct fetch_job *j;
	struct json *pages[RUNS_PAGES];
	size_t pages_n;
	const struct json *ours[RUNS_MAX];
	size_t n;
	size_t earlier; /* than these */
	size_t unseen;  /* what they did that is not shown */
};

/* True: that is all of it. */
static bool
runs_text(struct str *out, const char *text)
{
	size_t n = strnlen(text, RUNS_TEXT);

	for (size_t i = 0; i < n; i++)
		str_addc(out, text[i] == '\n' ? ' ' : text[i]);
	if (n >= RUNS_TEXT_WHOLE)
		str_add(out, " ... (the rest is not known)");
	return n < RUNS_TEXT_WHOLE;
}

/* Was it seen while the run went on? */
static bool
runs_is_during(const struct json *row, const char *from, const char *to)
{
	return strcmp(json_str_or(row, "last", ""), from) >= 0 &&
	    (to[0] == '\0' || strcmp(json_str_or(row, "first", ""), to) <= 0);
}

static void
runs_net_row(const struct json *row, struct str *out)
{
	str_addf(out, "  network %s ",
	    json_bool_or(row, "allowed", false) ? "allowed" : "REFUSED");
	(void)runs_text(out, json_str_or(row, "name", ""));
	str_addc(out, ' ');
	(void)runs_text(out, json_str_or(row, "address", ""));
	str_addf(out,
	    " port %" PRId64 " %" PRId64 " times, sent %" PRId64 " bytes, by ",
	    json_i64_or(row, "port", 0), json_i64_or(row, "count", 0),
	    json_i64_or(row, "up", 0));
	(void)runs_text(out, json_str_or(row, "process", ""));
	str_addc(out, '\n');
}

/* Of one kind: what was let through never hides what was refused. */
static size_t
runs_net_of(
    struct runs *r, const struct json *run, bool allowed, struct str *out)
{
	const struct excerpt_kind kinds[EXCERPT_KINDS] = {
		{ allowed ? "allowed connections" : "REFUSED connections",
		    RUNS_NET / r->n }
	};
	const char *from = json_str_or(run, "started_at", "");
	const char *until = json_str_or(run, "ended_at", "");
	AUTO_STR struct str path = STR_INIT;
	struct err why = ERR_INIT;
	struct json *rows = NULL;
	struct excerpt x;
	size_t n = 0, all = 0;

	str_addf(&path,
	    "/api/coffer/v1/projects/%s/network/log?of=%s&limit=%d&since=",
	    r->j->full, allowed ? "allowed" : "blocked", (int)RUNS_NET_ROWS);
	esc_url(&path, view_of(from));
	if (remote_get(r->j->c, str_cstr(&path), &rows, &why) == -1) {
		str_addf(
		    out, "  its network log cannot be read: %s\n", why.msg);
		return 1;
	}
	excerpt_init(&x, kinds);
	for (const struct json *w = json_first(rows); w != NULL;
	     w = json_next(w), all++)
		if (json_bool_or(w, "allowed", false) == allowed &&
		    runs_is_during(w, from, until)) {
			runs_net_row(w, &x.text);
			excerpt_row(&x, 0);
			n++;
		}
	excerpt_end(&x, out);
	if (all >= RUNS_NET_ROWS) {
		str_add(out, "  (what came before is not known any more)\n");
		r->unseen++;
	}
	r->unseen += x.left[0];
	excerpt_release(&x);
	json_free(rows);
	return n;
}

static void
runs_net(struct runs *r, const struct json *run, struct str *out)
{
	size_t n;

	if (json_str_or(run, "started_at", "")[0] == '\0')
		return;
	n = runs_net_of(r, run, false, out);
	n += runs_net_of(r, run, true, out);
	if (n == 0)
		str_add(out, "  it asked for nothing on the network\n");
}

static enum runs_kind
runs_kind_of(const struct json *event)
{
	static const struct {
		const char *name;
		enum runs_kind kind;
	} kinds[] = { { "denied", RUNS_IS_DENIED }, { "tool", RUNS_IS_TOOL },
		{ "error", RUNS_IS_STOP }, { "end", RUNS_IS_STOP },
		{ "cut", RUNS_IS_STOP } };
	const char *kind = json_str_or(event, "kind", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return kinds[i].kind;
	return RUNS_IS_OTHER;
}

/* True: all of it is shown, and the record goes on behind it. */
static bool
runs_event(const struct json *event, struct str *out)
{
	static const char *const keys[] = { "name", "text", "why" };
	const char *kind = json_str_or(event, "kind", "");
	bool whole = strcmp(kind, "cut") != 0;

	str_addf(out, "  %s:", kind);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		str_addc(out, ' ');
		whole &= runs_text(out, json_str_or(event, keys[i], ""));
	}
	str_addc(out, '\n');
	return whole;
}

/* A flood of one kind, by who steered the run, hides none of another. */
static void
runs_events(struct runs *r, struct view rest, struct str *out)
{
	const struct excerpt_kind kinds[EXCERPT_KINDS] = {
		[RUNS_IS_DENIED] = { "denied uses of tools",
		    RUNS_DENIED / r->n },
		[RUNS_IS_TOOL] = { "uses of tools", RUNS_TOOLS / r->n },
		[RUNS_IS_STOP] = { "errors and ends", RUNS_STOPS / r->n }
	};
	struct view line;
	struct excerpt x;
	size_t n = 0;

	excerpt_init(&x, kinds);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct err ignored = ERR_INIT;
		struct json *event = json_parse(line, 0, &ignored);
		enum runs_kind kind = runs_kind_of(event);

		if (event == NULL) {
			str_add(&x.text, "  a line that cannot be read\n");
			kind = RUNS_IS_STOP;
			r->unseen++;
		} else if (kind != RUNS_IS_OTHER) {
			r->unseen += runs_event(event, &x.text) ? 0 : 1;
		}
		if (kind != RUNS_IS_OTHER) {
			excerpt_row(&x, kind);
			n++;
		}
		json_free(event);
	}
	if (n == 0)
		str_add(out, "  it used no tool that is known\n");
	excerpt_end(&x, out);
	for (size_t i = 0; i < EXCERPT_KINDS; i++)
		r->unseen += x.left[i];
	excerpt_release(&x);
}

static void
runs_record(struct runs *r, int64_t run, struct str *out)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, run);
	struct record record = { .run = 0 };
	struct err e = ERR_INIT;
	const struct ustar_file *f;

	if (record_load(r->j->c, id, &record, &e) == -1) {
		str_addf(out, "  its record cannot be had: %s\n", e.msg);
		/* There may be none yet, or none any more. */
		r->unseen += e.code == ERR_NOTFOUND ? 0 : 1;
	} else {
		f = record_file(&record, "events.jsonl");
		runs_events(r, f == NULL ? VIEW_LIT("") : f->bytes, out);
	}
	record_release(&record);
}

static bool
runs_is_ours(const struct fetch_job *j, const struct json *run)
{
	if (strcmp(json_str_or(run, "branch", ""), j->branch) == 0)
		return true;
	return j->pull != 0 && json_i64_or(run, "pull", 0) == j->pull;
}

/* What an older cofferd does not filter by is looked at here. */
static void
runs_load(struct runs *r, struct str *out)
{
	struct err e = ERR_INIT;
	size_t rows = RUNS_PAGE;

	while (r->pages_n < RUNS_PAGES && rows == RUNS_PAGE) {
		AUTO_STR struct str path = STR_INIT;
		struct json **page = &r->pages[r->pages_n];

		str_addf(&path,
		    "/api/coffer/v1/runs?project=%s&limit=%d&page=%zu&branch=",
		    r->j->full, (int)RUNS_PAGE, r->pages_n + 1);
		esc_url(&path, view_of(r->j->branch));
		if (r->j->pull != 0)
			str_addf(&path, "&pull=%" PRId64, r->j->pull);
		if (remote_get(r->j->c, str_cstr(&path), page, &e) == -1) {
			str_addf(out, "The runs of agents cannot be read: %s\n",
			    e.msg);
			r->unseen++;
			return;
		}
		r->pages_n++;
		rows = 0;
		for (const struct json *w = json_first(*page); w != NULL;
		     w = json_next(w), rows++) {
			if (!runs_is_ours(r->j, w))
				continue;
			if (r->n < RUNS_MAX)
				r->ours[r->n++] = w;
			else
				r->earlier++;
		}
	}
	if (rows == RUNS_PAGE) {
		str_addf(out, "Only the newest %d runs were looked through.\n",
		    (int)(RUNS_PAGES * RUNS_PAGE));
		r->unseen++;
	}
}

static void
runs_one(struct runs *r, const struct json *run, struct str *out)
{
	int64_t id = json_i64_or(run, "id", 0);

	str_addf(out,
	    "Run %" PRId64 ", %s by %s, network %s, ended as %s; what it says "
	    "of itself may be untrue:\n",
	    id, json_str_or(run, "command", "-"),
	    json_str_or(run, "agent", "-"), json_str_or(run, "network", "-"),
	    json_str_or(run, "state", "-"));
	runs_net(r, run, out);
	runs_record(r, id, out);
}

void
review_runs(struct fetch_job *j, struct str *out)
{
	struct runs r = { .j = j };

	runs_load(&r, out);
	if (r.n == 0 && r.unseen == 0)
		str_add(out, "No run of an agent is known for this branch.\n");
	if (r.earlier > 0)
		str_addf(out, "%zu earlier runs of the branch are not shown.\n",
		    r.earlier);
	r.unseen += r.earlier;
	for (size_t i = 0; i < r.n; i++)
		runs_one(&r, r.ours[i], out);
	if (r.unseen > 0) {
		finding_add(&j->findings, "not-reviewed", "", 0,
		    "no reviewer saw all that the runs of the branch did: %zu "
		    "things are left out; their records have them",
		    r.unseen);
		j->info.timeline_cut = true;
	}
	for (size_t i = 0; i < r.pages_n; i++)
		json_free(r.pages[i]);
}
