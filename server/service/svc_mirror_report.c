/* What the mirror remembers between two synchronisations and what it tells:
 * refs that wait, the report of the last one that did something, comments on
 * pull requests that it touched. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/map.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"
#include "server/domain/items.h"
#include "server/domain/refname.h"
#include "server/service/svc.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_mirror_priv.h"
#include "server/store/db.h"
#include "server/store/pulls.h"
#include "server/store/upstream.h"

enum {
	REPORT_MOVES_MAX = 100,
	REPORT_WAITING_MAX = 1000,
	REPORT_COMMENTS_MAX = 100 /* of one synchronisation */
};

/* In the order of the API's words below; what is plain comes first. */
enum report_what {
	REPORT_NOTHING,
	REPORT_CREATED,
	REPORT_FORWARDED,
	REPORT_FORCED,
	REPORT_ALREADY,
	REPORT_CONFLICT,
	REPORT_ACCEPTED,
	REPORT_MERGED,
	REPORT_DELETED,
	REPORT_HELD,
	REPORT_FAILED,
	REPORT_MAX
};

static const char *const report_words[REPORT_MAX] = { NULL, "created",
	"forwarded", "forced", "already_upstream", "conflict", "accepted",
	"merged", "deleted", "held", "failed" };

static void
report_known_contents(struct mirror_job *j, const char *text)
{
	struct err ignored = ERR_INIT;
	struct json *x;

	if (text[0] == '\0')
		return;
	x = json_parse(view_of(text), 0, &ignored);
	(void)snprintf(j->contents_sha, sizeof(j->contents_sha), "%s",
	    json_str_or(x, "sha", ""));
	json_free(x);
}

int
mirror_report_load(struct mirror_job *j, struct err *e)
{
	struct mirror_memo memo = { .waiting = NULL };
	struct err ignored = ERR_INIT;

	if (mirror_memo_get(
		db_reader(j->m->spec.db), j->project.id, &memo, e) == -1)
		return -1;
	j->waiting_before = STEAL(memo.waiting);
	j->unverified_before = STEAL(memo.unverified);
	j->report_before = STEAL(memo.report);
	if (j->waiting_before != NULL && j->waiting_before[0] != '\0')
		j->waiting = json_parse(
		    view_of(j->waiting_before), 0, &ignored);
	report_known_contents(j, svc_text(memo.contents));
	mirror_memo_release(&memo);
	return 0;
}

void
mirror_report_release(struct mirror_job *j)
{
	json_free(j->waiting);
	free(j->waiting_before);
	free(j->report_before);
	str_release(&j->waiting_now);
	str_release(&j->report);
	str_release(&j->contents);
	free(j->unverified_before);
	mirror_verify_release(j);
}

static bool
report_same(const struct json *w, const char *key, const char *sha)
{
	return strcmp(json_str_or(w, key, ""), sha) == 0;
}

/* A ref that waited is planned from where it began to wait. */
static void
report_recall(struct mirror_item *x, const struct json *w)
{
	x->waiting = w;
	(void)snprintf(
	    x->old_up, sizeof(x->old_up), "%s", json_str_or(w, "base", ""));
	x->waited = report_same(w, "upstream", x->new_up) &&
	    report_same(w, "local", x->local);
	x->facts.accept = x->waited && json_bool_or(w, "accepted", false);
}

void
mirror_report_recall(struct mirror_job *j)
{
	size_t n = json_count(j->waiting), cursor = 0;
	AUTO_FREE const struct json **entries = xcalloc(
	    n + 1, sizeof(*entries));
	const struct json **next = entries, **found;
	struct map *waiting = map_new();
	const char *ref;
	void *value;

	for (const struct json *w = json_first(j->waiting); w != NULL;
	     w = json_next(w)) {
		const char *name = json_str_or(w, "ref", NULL);

		*next = w;
		if (name != NULL)
			(void)map_put(waiting, name, next);
		next++;
	}
	for (size_t i = 0; n > 0 && i < j->n; i++) {
		found = map_del(waiting, j->items[i].ref);
		if (found != NULL)
			report_recall(&j->items[i], *found);
	}
	/* Upstream deleted these, and the rows have followed already. */
	while (map_next(waiting, &cursor, &ref, &value)) {
		const char *local = map_get(j->local, ref);
		struct mirror_item *x;

		if (local == NULL)
			continue;
		found = value;
		x = mirror_item_add(j, ref);
		(void)snprintf(x->local, sizeof(x->local), "%s", local);
		report_recall(x, *found);
	}
	map_free(waiting);
}

static enum report_what
report_what_of(const struct mirror_item *x)
{
	const struct mirror_step *s = &x->step;

	if (x->failed)
		return REPORT_FAILED;
	if (s->held)
		return x->waited ? REPORT_NOTHING : REPORT_HELD;
	if (s->action == MIRROR_MERGE)
		return REPORT_MERGED;
	if (s->action == MIRROR_DELETE)
		return REPORT_DELETED;
	if (s->action != MIRROR_SET)
		return REPORT_NOTHING;
	if (x->facts.accept)
		return REPORT_ACCEPTED;
	if (x->local[0] == '\0')
		return REPORT_CREATED;
	if (!s->forced)
		return REPORT_FORWARDED;
	if (x->facts.same == MIRROR_YES)
		return REPORT_ALREADY;
	return x->facts.clean == MIRROR_NO ? REPORT_CONFLICT : REPORT_FORCED;
}

static void
report_sha(struct jw *w, const char *key, const char *sha)
{
	bool none = sha[0] == '\0' || strcmp(sha, SHA_ZERO) == 0;

	jw_str(w, key, none ? NULL : sha);
}

static void
report_waiting(struct mirror_job *j)
{
	size_t n = 0;
	struct jw w;

	jw_init(&w, &j->waiting_now);
	jw_array(&w, NULL);
	for (size_t i = 0; i < j->n; i++) {
		const struct mirror_item *x = &j->items[i];

		if (!x->step.held || n++ >= REPORT_WAITING_MAX)
			continue;
		jw_object(&w, NULL);
		jw_str(&w, "ref", x->ref);
		jw_str(&w, "why", x->step.why);
		report_sha(&w, "upstream", x->new_up);
		report_sha(&w, "local", x->local);
		report_sha(&w, "base", x->old_up);
		if (x->waiting != NULL)
			jw_str(&w, "since",
			    json_str_or(x->waiting, "since", NULL));
		else
			jw_time(&w, "since", j->now);
		jw_end(&w);
	}
	jw_end(&w);
}

static void
report_move(struct jw *w, const struct mirror_item *x, enum report_what what)
{
	jw_object(w, NULL);
	jw_str(w, "ref", x->ref);
	jw_str(w, "what", report_words[what]);
	report_sha(w, "old", x->local);
	report_sha(w, "new", what == REPORT_HELD ? x->new_up : x->target);
	jw_str(w, "kept", x->kept);
	jw_str(w, "why", x->failed != NULL ? x->failed : x->step.why);
	jw_end(w);
}

/* What a person may have to look at comes before the rest. */
static void
report_moves(struct jw *w, const struct mirror_job *j)
{
	size_t n = 0;

	jw_array(w, "moves");
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < j->n && n < REPORT_MOVES_MAX; i++) {
			enum report_what what = report_what_of(&j->items[i]);
			bool plain = what <= REPORT_FORWARDED;

			if (what == REPORT_NOTHING || plain != (pass == 1))
				continue;
			report_move(w, &j->items[i], what);
			n++;
		}
	jw_end(w);
}

void
mirror_report_make(struct mirror_job *j)
{
	uint64_t counts[REPORT_MAX] = { 0 }, all = 0;
	struct jw w;

	report_waiting(j);
	for (size_t i = 0; i < j->n; i++)
		counts[report_what_of(&j->items[i])]++;
	for (int i = 1; i < REPORT_MAX; i++)
		all += counts[i];
	if (all == 0)
		return;
	jw_init(&w, &j->report);
	jw_object(&w, NULL);
	jw_time(&w, "at", j->now);
	jw_bool(&w, "first", j->first);
	jw_u64(&w, "refs", j->refs);
	jw_object(&w, "counts");
	for (int i = 1; i < REPORT_MAX; i++)
		if (counts[i] > 0)
			jw_u64(&w, report_words[i], counts[i]);
	jw_end(&w);
	report_moves(&w, j);
	jw_bool(&w, "truncated", all > REPORT_MOVES_MAX);
	jw_end(&w);
}

static void
report_text(struct str *out, const struct mirror_job *j,
    const struct mirror_item *x, enum report_what what, bool is_base)
{
	const char *branch = refname_branch(x->ref);

	str_addf(out, "Upstream: %s.\n\n`%s`, the %s of this pull request, ",
	    x->step.why, branch, is_base ? "base" : "head");
	if (what == REPORT_HELD)
		str_addf(out,
		    "stays at %.10s; upstream has %.10s. `coffer sync %s/%s "
		    "--accept %s` takes upstream.",
		    x->local, x->new_up[0] != '\0' ? x->new_up : "nothing",
		    j->project.owner, j->project.name, x->ref);
	else if (what == REPORT_DELETED)
		str_addf(out, "is gone; it was at %.10s.", x->local);
	else
		str_addf(out, "went from %.10s to %.10s.", x->local, x->target);
	if (x->kept != NULL)
		str_addf(out, " The former tip is kept as `%s`.", x->kept);
}

/* Open pull requests with the branch as their base, or as their head. */
static int
report_pulls(struct txn *t, const struct mirror_job *j,
    const struct mirror_item *x, bool is_base, unsigned *left, struct err *e)
{
	const char *branch = refname_branch(x->ref);
	enum report_what what = report_what_of(x);
	const struct pull_filter f = { .project_id = j->project.id,
		.state = ISSUE_OPEN,
		.head = is_base ? NULL : branch,
		.base = is_base ? branch : NULL,
		.limit = REPORT_COMMENTS_MAX };
	AUTO_STR struct str text = STR_INIT;
	struct pull_list list = { .n = 0 };
	struct identity who;
	int rc = 0;

	if (pulls_list(t, &f, &list, e) == -1)
		return -1;
	svc_identity_of(j->rows.actor, "agentd", USER_SERVICE, &who);
	report_text(&text, j, x, what, is_base);
	for (size_t i = 0; i<list.n && * left> 0 && rc == 0; i++) {
		const struct svc_comment_row r = { .project_id = j->project.id,
			.item = list.at[i].issue.number,
			.body = str_cstr(&text) };
		int64_t id;

		(*left)--;
		rc = svc_comment_insert(t, &who, j->now, &r, &id, e);
	}
	pull_list_release(&list);
	return rc;
}

static int
report_comments(struct txn *t, const struct mirror_job *j, struct err *e)
{
	unsigned left = REPORT_COMMENTS_MAX;

	for (size_t i = 0; i < j->n; i++) {
		const struct mirror_item *x = &j->items[i];
		enum report_what what = report_what_of(x);

		if (refname_branch(x->ref) == NULL || !x->facts.open_pull ||
		    what <= REPORT_FORWARDED || what == REPORT_FAILED)
			continue;
		/* A base that got upstream's commits beside its own is none
		 * of a pull request's business, unless it conflicts. */
		if (what != REPORT_MERGED &&
		    report_pulls(t, j, x, true, &left, e) == -1)
			return -1;
		if (report_pulls(t, j, x, false, &left, e) == -1)
			return -1;
	}
	return 0;
}

/* What follows the time, the first member. */
static const char *
report_facts(const char *text)
{
	const char *p = strchr(text, ',');

	return p != NULL ? p : "";
}

/* Nothing has moved, and what did not was told: refs that git refuses at every
 * synchronisation, or more that wait than are remembered. */
static bool
report_is_told(const struct mirror_job *j)
{
	return j->changed + j->rows.changed == 0 && j->report_before != NULL &&
	    strcmp(report_facts(j->report_before),
		report_facts(str_cstr(&j->report))) == 0;
}

int
mirror_report_write(
    struct txn *t, const struct mirror_job *j, bool *news, struct err *e)
{
	const char *before = svc_text(j->waiting_before);
	const char *now = str_cstr(&j->waiting_now);
	struct mirror_memo memo = { .waiting = NULL };
	int64_t id = j->project.id;
	bool same;

	if (j->report.len > 0 && !report_is_told(j)) {
		*news = true;
		if (mirror_memo_set(t, id, MIRROR_MEMO_REPORT,
			str_cstr(&j->report), e) == -1 ||
		    report_comments(t, j, e) == -1)
			return -1;
	}
	if (j->waiting_now.len == 0 || strcmp(before, now) == 0 ||
	    (before[0] == '\0' && strcmp(now, "[]") == 0))
		return 0;
	/* Accepted meanwhile: the next synchronisation plans with that. */
	if (mirror_memo_get(t, id, &memo, e) == -1)
		return -1;
	same = strcmp(svc_text(memo.waiting), before) == 0;
	mirror_memo_release(&memo);
	if (!same)
		return 0;
	*news = true;
	return mirror_memo_set(t, id, MIRROR_MEMO_WAITING, now, e);
}
