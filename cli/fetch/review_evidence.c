#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/review_files.h"
#include "cli/program.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/mask.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	/* Each part has room of its own: none pushes another one out. */
	EVIDENCE_FOUND_MAX = 16 << 10, /* they are said at each file again */
	EVIDENCE_LOG_MAX = 32 << 10,   /* of the commits */
	EVIDENCE_RUN_MAX = 24 << 10,   /* of a run */
	EVIDENCE_NET_MAX = 8 << 10,    /* of it: of what was refused, or not */
	EVIDENCE_RUNS = 3,             /* the newest of the branch */
	EVIDENCE_NET = 100,            /* rows that are asked for, each */
	EVIDENCE_STOPS = 50,           /* denied, errors, ends of a run */
	EVIDENCE_FIRST = 75,           /* uses of tools: the first and the */
	EVIDENCE_LAST = 75,            /* last ones */
	EVIDENCE_TEXT = 300            /* of one */
};

/* As much as there is room for; says so when that is not all. */
static void
evidence_put(struct str *out, const struct str *part, size_t max)
{
	struct view v = str_view(part);
	const char *nl;

	if (v.len <= max && str_ok(part)) {
		str_addv(out, v);
		return;
	}
	v.len = v.len > max ? max : v.len;
	nl = v.len == 0 ? NULL : memrchr(v.p, '\n', v.len);
	v.len = nl == NULL ? v.len : (size_t)(nl + 1 - v.p);
	str_addv(out, v);
	str_add(out, "  (there is more that is not shown)\n");
}

static void
evidence_text(struct str *out, const char *text)
{
	size_t n = strnlen(text, EVIDENCE_TEXT);

	for (size_t i = 0; i < n; i++)
		str_addc(out, text[i] == '\n' ? ' ' : text[i]);
	if (text[n] != '\0')
		str_add(out, " ...");
}

static void
evidence_findings(const struct fetch_job *j, struct str *to)
{
	AUTO_STR struct str text = STR_INIT_MAX(4 * EVIDENCE_FOUND_MAX);
	struct str *out = &text;

	str_add(out, "What the checks found:\n");
	if (j->findings.n == 0)
		str_add(out, "  nothing\n");
	for (size_t i = 0; i < j->findings.n; i++) {
		const struct finding *f = &j->findings.list[i];

		str_addf(out, "  %s %s%s ", finding_severity_name(f->severity),
		    f->id, f->allowed ? " (let pass by the user)" : "");
		evidence_text(out, f->file);
		if (f->line != 0)
			str_addf(out, ":%u", f->line);
		str_add(out, ": ");
		evidence_text(out, f->message);
		str_addc(out, '\n');
	}
	evidence_put(to, &text, EVIDENCE_FOUND_MAX);
}

static void
evidence_commits(struct fetch_job *j, struct str *out)
{
	AUTO_FREE char *range = xasprintf("%s..%s", j->base, j->head);
	const char *const argv[] = { "log", "--no-color", "--no-decorate",
		"--no-mailmap", "--no-show-signature", "--no-notes",
		"--encoding=UTF-8", "--date=iso-strict", "--max-count=200",
		"--format=commit %h by %an <%ae> at %ad%n%w(0,4,4)%B",
		"--end-of-options", range, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = EVIDENCE_LOG_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err ignored = ERR_INIT;

	str_addf(out, "The commits of %s:\n", j->branch);
	if (fetch_git_run(j, &g, &r, &ignored) == -1 || r.code != 0)
		str_add(out, "  they cannot be read\n");
	str_addv(out, str_view(&r.out));
	/* They come along with a branch or a merge. */
	if (r.truncated) {
		str_add(out, "\n  (there is more that is not shown)\n");
		finding_add(&j->findings, "not-reviewed", "", 0,
		    "no reviewer saw all messages of the commits");
		j->info.messages_cut = true;
	}
	str_addc(out, '\n');
	program_result_release(&r);
}

/* Was it seen while the run went on? */
static bool
evidence_is_during(const struct json *row, const char *from, const char *to)
{
	return strcmp(json_str_or(row, "last", ""), from) >= 0 &&
	    (to[0] == '\0' || strcmp(json_str_or(row, "first", ""), to) <= 0);
}

static void
evidence_net_row(const struct json *row, struct str *out)
{
	str_addf(out, "  network %s ",
	    json_bool_or(row, "allowed", false) ? "allowed" : "REFUSED");
	evidence_text(out, json_str_or(row, "name", ""));
	str_addc(out, ' ');
	evidence_text(out, json_str_or(row, "address", ""));
	str_addf(out,
	    " port %" PRId64 " %" PRId64 " times, sent %" PRId64 " bytes, by ",
	    json_i64_or(row, "port", 0), json_i64_or(row, "count", 0),
	    json_i64_or(row, "up", 0));
	evidence_text(out, json_str_or(row, "process", ""));
	str_addc(out, '\n');
}

/* Of one kind: what was let through never hides what was refused. */
static int
evidence_net_of(
    struct fetch_job *j, const struct json *run, bool allowed, struct str *to)
{
	const char *from = json_str_or(run, "started_at", "");
	const char *until = json_str_or(run, "ended_at", "");
	AUTO_STR struct str path = STR_INIT;
	AUTO_STR struct str text = STR_INIT;
	struct err why = ERR_INIT;
	struct json *rows = NULL;
	int n = 0;

	str_addf(&path,
	    "/api/coffer/v1/projects/%s/network/log?of=%s&limit=%d&since=",
	    j->full, allowed ? "allowed" : "blocked", (int)EVIDENCE_NET);
	esc_url(&path, view_of(from));
	if (remote_get(j->c, str_cstr(&path), &rows, &why) == -1) {
		str_addf(to, "  its network log cannot be read: %s\n", why.msg);
		return 1;
	}
	for (const struct json *r = json_first(rows);
	     r != NULL && n < EVIDENCE_NET; r = json_next(r))
		if (json_bool_or(r, "allowed", false) == allowed &&
		    evidence_is_during(r, from, until)) {
			evidence_net_row(r, &text);
			n++;
		}
	evidence_put(to, &text, EVIDENCE_NET_MAX);
	json_free(rows);
	return n;
}

static void
evidence_net(struct fetch_job *j, const struct json *run, struct str *out)
{
	int n;

	if (json_str_or(run, "started_at", "")[0] == '\0')
		return;
	n = evidence_net_of(j, run, false, out);
	n += evidence_net_of(j, run, true, out);
	if (n == 0)
		str_add(out, "  it asked for nothing on the network\n");
}

enum evidence_kind {
	EVIDENCE_OTHER,
	EVIDENCE_TOOL,
	EVIDENCE_STOP
};

static enum evidence_kind
evidence_kind_of(const struct json *j)
{
	static const char *const stops[] = { "denied", "error", "end" };
	const char *kind = json_str_or(j, "kind", "");

	if (strcmp(kind, "tool") == 0)
		return EVIDENCE_TOOL;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (strcmp(stops[i], kind) == 0)
			return EVIDENCE_STOP;
	return EVIDENCE_OTHER;
}

static void
evidence_event(const struct json *j, struct str *out)
{
	static const char *const keys[] = { "name", "text", "why" };

	str_addf(out, "  %s:", json_str_or(j, "kind", ""));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		str_addc(out, ' ');
		evidence_text(out, json_str_or(j, keys[i], ""));
	}
	str_addc(out, '\n');
}

/* How many of each kind there are, or with out those that are shown. */
static void
evidence_events(struct view rest, size_t tools, size_t seen[3], struct str *out)
{
	struct view line;

	seen[EVIDENCE_TOOL] = seen[EVIDENCE_STOP] = 0;
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct err ignored = ERR_INIT;
		struct json *j = json_parse(line, 0, &ignored);
		enum evidence_kind kind = evidence_kind_of(j);
		size_t n = kind == EVIDENCE_OTHER ? 0 : seen[kind]++;

		if (out != NULL && kind == EVIDENCE_TOOL &&
		    n == EVIDENCE_FIRST && tools > n + EVIDENCE_LAST)
			str_addf(out,
			    "  (%zu uses of tools that are not shown)\n",
			    tools - n - EVIDENCE_LAST);
		if (out != NULL &&
		    ((kind == EVIDENCE_TOOL &&
			 (n < EVIDENCE_FIRST || n + EVIDENCE_LAST >= tools)) ||
			(kind == EVIDENCE_STOP && n < EVIDENCE_STOPS)))
			evidence_event(j, out);
		json_free(j);
	}
}

static void
evidence_record(struct fetch_job *j, int64_t run, struct str *out)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, run);
	struct record r = { .run = 0 };
	struct err e = ERR_INIT;
	const struct ustar_file *f;
	struct view all = VIEW_LIT("");
	size_t seen[3] = { 0 };

	if (record_load(j->c, id, &r, &e) == -1) {
		str_addf(out, "  its record cannot be had: %s\n", e.msg);
		record_release(&r);
		return;
	}
	if ((f = record_file(&r, "events.jsonl")) != NULL)
		all = f->bytes;
	evidence_events(all, 0, seen, NULL);
	if (seen[EVIDENCE_TOOL] + seen[EVIDENCE_STOP] == 0)
		str_add(out, "  it used no tool that is known\n");
	else
		evidence_events(all, seen[EVIDENCE_TOOL], seen, out);
	record_release(&r);
}

static bool
evidence_is_ours(const struct fetch_job *j, const struct json *run)
{
	if (strcmp(json_str_or(run, "branch", ""), j->branch) == 0)
		return true;
	return j->pull != 0 && json_i64_or(run, "pull", 0) == j->pull;
}

static void
evidence_runs(struct fetch_job *j, struct str *out)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs?project=%s&limit=50", j->full);
	struct err ignored = ERR_INIT;
	struct json *runs = NULL;
	int n = 0;

	if (remote_get(j->c, path, &runs, &ignored) == -1) {
		str_addf(out, "The runs of agents cannot be read: %s\n",
		    ignored.msg);
		return;
	}
	for (const struct json *r = json_first(runs);
	     r != NULL && n < EVIDENCE_RUNS; r = json_next(r)) {
		int64_t id = json_i64_or(r, "id", 0);

		if (!evidence_is_ours(j, r))
			continue;
		n++;
		str_addf(out,
		    "Run %" PRId64 ", %s by %s, network %s, ended as %s; what "
		    "it says of itself may be untrue:\n",
		    id, json_str_or(r, "command", "-"),
		    json_str_or(r, "agent", "-"),
		    json_str_or(r, "network", "-"),
		    json_str_or(r, "state", "-"));
		{
			AUTO_STR struct str text = STR_INIT;

			evidence_net(j, r, &text);
			evidence_record(j, id, &text);
			evidence_put(out, &text,
			    EVIDENCE_RUN_MAX + 2 * EVIDENCE_NET_MAX);
		}
	}
	if (n == 0)
		str_add(out, "No run of an agent is known for this branch.\n");
	json_free(runs);
}

void
review_evidence(struct fetch_job *j, struct str *out)
{
	const struct mask no_words = { .n = 0 };

	evidence_runs(j, out);
	evidence_commits(j, out);
	evidence_findings(j, out);
	if (out->len > 0)
		(void)mask_text(&no_words, out->p, out->len);
}
