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
	RUNS_MAX = 100,         /* of the branch, the newest */
	RUNS_PAGES = 10,        /* that are looked through for them */
	RUNS_PAGE = 50,         /* rows */
	RUNS_DENIED = 64 << 10, /* bytes, of all of them together */
	RUNS_TOOLS = 192 << 10,
	RUNS_STOPS = 32 << 10,
	RUNS_NET = 32 << 10,       /* each: of what was refused, or not */
	RUNS_HEADS = 128 << 10,    /* what each of them was, and how much */
	RUNS_NET_ROWS = 500,       /* cofferd keeps no more of a kind */
	RUNS_TEXT = 4096,          /* of one; a record keeps no more */
	RUNS_TEXT_WHOLE = 4096 - 3 /* shorter: the record has all of it */
};

enum runs_kind {
	RUNS_IS_DENIED,
	RUNS_IS_TOOL,
	RUNS_IS_STOP,
	RUNS_IS_REFUSED,
	RUNS_IS_ALLOWED,
	RUNS_IS_HEAD,
	RUNS_KINDS,
	RUNS_IS_OTHER = RUNS_KINDS
};

/* Of all runs together: many of them have no more room than one, so that what
 * one did drowns in the others only where it is said. */
static const struct excerpt_kind runs_kinds[EXCERPT_KINDS] = {
	[RUNS_IS_DENIED] = { "denied uses of tools", RUNS_DENIED },
	[RUNS_IS_TOOL] = { "uses of tools", RUNS_TOOLS },
	[RUNS_IS_STOP] = { "errors and ends", RUNS_STOPS },
	[RUNS_IS_REFUSED] = { "REFUSED connections", RUNS_NET },
	[RUNS_IS_ALLOWED] = { "allowed connections", RUNS_NET },
	[RUNS_IS_HEAD] = { "runs and their counts", RUNS_HEADS }
};

/* cofferd's log of one kind, since the first of the runs began. */
struct runs_log {
	struct json *rows;
	const char *oldest; /* what was seen before this is forgotten, or "" */
};

/* The runs of one branch. */
struct runs {
	struct fetch_job *j;
	struct json *pages[RUNS_PAGES];
	size_t pages_n;
	const struct json *ours[RUNS_MAX]; /* the newest first */
	size_t n;
	size_t earlier; /* than these */
	size_t unseen;  /* what they did that is not shown */
	struct runs_log refused, allowed;
	struct excerpt x;
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

/* cofferd keeps so many of a kind, of all runs of the project. */
static void
runs_log_load(struct runs *r, bool allowed, const char *since)
{
	struct runs_log *l = allowed ? &r->allowed : &r->refused;
	AUTO_STR struct str path = STR_INIT;
	struct err why = ERR_INIT;
	const struct json *w;
	size_t n = 0;

	str_addf(&path,
	    "/api/coffer/v1/projects/%s/network/log?of=%s&limit=%d&since=",
	    r->j->full, allowed ? "allowed" : "blocked", (int)RUNS_NET_ROWS);
	esc_url(&path, view_of(since));
	l->oldest = "";
	if (remote_get(r->j->c, str_cstr(&path), &l->rows, &why) == -1) {
		str_addf(&r->x.text, "The network log cannot be read: %s\n",
		    why.msg);
		excerpt_row(&r->x, RUNS_IS_HEAD);
		r->unseen++;
		return;
	}
	for (w = json_first(l->rows); w != NULL; w = json_next(w))
		n++;
	if (n >= RUNS_NET_ROWS)
		l->oldest = json_str_or(json_first(l->rows), "last", "");
}

/* What is forgotten of a run of long ago nobody can look up: that is said.  Of
 * one of which some is there the rest is missing. */
static size_t
runs_net_of(struct runs *r, const struct json *run, bool allowed)
{
	const struct runs_log *l = allowed ? &r->allowed : &r->refused;
	const char *from = json_str_or(run, "started_at", "");
	const char *until = json_str_or(run, "ended_at", "");
	size_t n = 0;

	for (const struct json *w = json_first(l->rows); w != NULL;
	     w = json_next(w))
		if (json_bool_or(w, "allowed", false) == allowed &&
		    runs_is_during(w, from, until)) {
			runs_net_row(w, &r->x.text);
			excerpt_row(
			    &r->x, allowed ? RUNS_IS_ALLOWED : RUNS_IS_REFUSED);
			n++;
		}
	if (strcmp(l->oldest, from) > 0) {
		str_addf(&r->x.text,
		    "  (%s connections that came before are not known any "
		    "more)\n",
		    allowed ? "allowed" : "REFUSED");
		excerpt_row(&r->x, RUNS_IS_HEAD);
		r->unseen += n > 0 ? 1 : 0;
	}
	return n;
}

static void
runs_net(struct runs *r, const struct json *run)
{
	size_t refused, allowed;

	if (json_str_or(run, "started_at", "")[0] == '\0')
		return;
	refused = runs_net_of(r, run, false);
	allowed = runs_net_of(r, run, true);
	if (refused + allowed == 0)
		str_add(&r->x.text,
		    "  it asked for nothing on the network that is known\n");
	else
		str_addf(&r->x.text,
		    "  in all %zu REFUSED connections, %zu allowed ones\n",
		    refused, allowed);
	excerpt_row(&r->x, RUNS_IS_HEAD);
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

/* A flood of one kind, by who steered the run, hides none of another; and how
 * many of each there were is always said. */
static void
runs_events(struct runs *r, struct view rest)
{
	struct excerpt *x = &r->x;
	/* One that fills it all would hide how many those after it did. */
	const size_t end = x->text.len + EXCERPT_TEXT_MAX / 2 / r->n;
	size_t n[RUNS_KINDS] = { 0 };
	struct view line;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct err ignored = ERR_INIT;
		struct json *event = json_parse(line, 0, &ignored);
		enum runs_kind kind = runs_kind_of(event);

		if (event == NULL) {
			if (x->text.len < end)
				str_add(
				    &x->text, "  a line that cannot be read\n");
			kind = RUNS_IS_STOP;
			r->unseen++;
		} else if (kind != RUNS_IS_OTHER && x->text.len < end) {
			r->unseen += runs_event(event, &x->text) ? 0 : 1;
		}
		if (kind != RUNS_IS_OTHER) {
			n[kind]++;
			if (x->text.len > x->begun)
				excerpt_row(x, kind);
			else
				x->left[kind]++;
		}
		json_free(event);
	}
	if (n[RUNS_IS_DENIED] + n[RUNS_IS_TOOL] == 0)
		str_add(&x->text, "  it used no tool that is known\n");
	else
		str_addf(&x->text,
		    "  in all %zu uses of tools, %zu that were denied, %zu "
		    "errors and ends\n",
		    n[RUNS_IS_TOOL], n[RUNS_IS_DENIED], n[RUNS_IS_STOP]);
	excerpt_row(x, RUNS_IS_HEAD);
}

static void
runs_record(struct runs *r, int64_t run)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, run);
	struct record record = { .run = 0 };
	struct err e = ERR_INIT;
	const struct ustar_file *f;

	if (record_load(r->j->c, id, &record, &e) == -1) {
		str_addf(&r->x.text, "  its record cannot be had: %s\n", e.msg);
		excerpt_row(&r->x, RUNS_IS_HEAD);
		/* There may be none yet, or none any more. */
		r->unseen += e.code == ERR_NOTFOUND ? 0 : 1;
	} else {
		f = record_file(&record, "events.jsonl");
		runs_events(r, f == NULL ? VIEW_LIT("") : f->bytes);
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
runs_one(struct runs *r, const struct json *run)
{
	int64_t id = json_i64_or(run, "id", 0);

	str_addf(&r->x.text,
	    "Run %" PRId64 ", %s by %s, network %s, ended as %s; what it says "
	    "of itself may be untrue:\n",
	    id, json_str_or(run, "command", "-"),
	    json_str_or(run, "agent", "-"), json_str_or(run, "network", "-"),
	    json_str_or(run, "state", "-"));
	excerpt_row(&r->x, RUNS_IS_HEAD);
	runs_net(r, run);
	runs_record(r, id);
}

/* When the first of them began; NULL: none did. */
static const char *
runs_since(const struct runs *r)
{
	const char *since = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const char *at = json_str_or(r->ours[i], "started_at", "");

		if (at[0] != '\0' && (since == NULL || strcmp(at, since) < 0))
			since = at;
	}
	return since;
}

/* All of them, the oldest first. */
static void
runs_all(struct runs *r, struct str *out)
{
	const char *since = runs_since(r);

	excerpt_init(&r->x, runs_kinds);
	if (since != NULL) {
		runs_log_load(r, false, since);
		runs_log_load(r, true, since);
	}
	for (size_t i = r->n; i > 0; i--)
		runs_one(r, r->ours[i - 1]);
	excerpt_end(&r->x, out);
	for (size_t i = 0; i < EXCERPT_KINDS; i++)
		r->unseen += r->x.left[i];
	excerpt_release(&r->x);
	json_free(r->refused.rows);
	json_free(r->allowed.rows);
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
	runs_all(&r, out);
	if (r.unseen > 0) {
		finding_add(&j->findings, "not-reviewed", "", 0,
		    "no reviewer saw all that the runs of the branch did: %zu "
		    "things are left out; look at their records, then --yes, "
		    "or --skip-review --reason TEXT",
		    r.unseen);
		j->info.timeline_cut = true;
	}
	for (size_t i = 0; i < r.pages_n; i++)
		json_free(r.pages[i]);
}
