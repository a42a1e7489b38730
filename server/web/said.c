#include "server/web/said.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "server/store/attachments.h"
#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/store/reactions.h"
#include "server/store/reviews.h"
#include "server/web/query.h"

bool
said_has_own(const struct said *x)
{
	return x->issue.id != 0 &&
	    (x->which == 0 || (x->which == -1 && x->page == 1));
}

size_t
said_first(const struct said *x)
{
	return (size_t)(x->draft != NULL) + (size_t)said_has_own(x);
}

static size_t
said_count(const struct said *x)
{
	return said_first(x) + x->list.n;
}

static const char *
said_text(const struct said *x, size_t i)
{
	if (i >= said_first(x))
		return x->list.at[i - said_first(x)].body;
	return i == 0 && x->draft != NULL ? x->draft : x->issue.body;
}

int64_t
said_last_page(int64_t total)
{
	return total > 0 ? (total - 1) / SAID_PAGE + 1 : 1;
}

void
said_free(struct said *x)
{
	struct call *c = x->c;

	project_release(&x->p);
	issue_release(&x->issue);
	comment_list_release(&x->list);
	timeline_list_release(&x->done);
	reaction_count_list_release(&x->reactions);
	attachment_list_release(&x->own_files);
	attachment_list_release(&x->files);
	review_list_release(&x->reviews);
	marks_release(&x->marks);
	free(x->draft);
	free(x->title);
	free(x->base);
	free(x->was_title);
	free(x->was_base);
	free(x->why);
	free(x);
	call_release(c);
}

static void
said_on_marks(void *arg)
{
	struct said *x = arg;

	x->go(x);
}

/* What is too long for the page is a link to it alone. */
static struct view
said_review_text(const struct said *x, size_t i)
{
	bool more = i >= SAID_REVIEWS;

	return view_of(x->which != -1 || more ? "" : x->reviews.at[i].body);
}

static void
said_ask(struct said *x, said_go_fn *go)
{
	size_t said = said_count(x), n = said + x->reviews.n;
	AUTO_FREE struct view *texts = xcalloc(n + 1, sizeof(*texts));

	for (size_t i = 0; i < said; i++)
		texts[i] = view_of(said_text(x, i));
	for (size_t i = said; i < n; i++)
		texts[i] = said_review_text(x, i - said);
	x->go = go;
	marks_ask(
	    call_app(x->c), x->p.id, texts, n, &x->marks, said_on_marks, x);
}

struct view
said_review_tokens(const struct said *x, size_t i)
{
	return x->marks.tokens[said_count(x) + i];
}

/* ?said=ID: that one alone. */
static int
said_alone(struct said *x, struct err *e)
{
	struct svc *s = call_app(x->c);
	struct comment *one;

	if (x->which == 0)
		return 0;
	one = xcalloc(1, sizeof(*one));
	x->list.at = one;
	if (comments_get(db_reader(s->db), x->p.id, x->which, one, e) == -1)
		return -1;
	x->list.n = 1;
	x->list.total = 1;
	if (one->item != x->issue.number)
		return err_set(e, ERR_NOTFOUND, "that was not said here");
	return 0;
}

/* The page's comments and events. */
static int
said_page(struct txn *t, struct said *x, struct err *e)
{
	struct timeline_filter f = { .project_id = x->p.id,
		.item = x->issue.number,
		.limit = SAID_PAGE };
	int64_t words[SAID_PAGE], acts[SAID_PAGE];
	size_t n_words = 0, n_acts = 0;

	/* Page 0 is the last one. */
	f.offset = x->page == 0 ? 0 : (int64_t)(x->page - 1) * SAID_PAGE;
	if (timeline_find(t, &f, &x->refs, e) == -1)
		return -1;
	if (x->page == 0) {
		x->page = (uint32_t)said_last_page(x->refs.total);
		f.offset = (int64_t)(x->page - 1) * SAID_PAGE;
		if (x->page > 1 && timeline_find(t, &f, &x->refs, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < x->refs.n; i++) {
		if (x->refs.at[i].is_comment)
			words[n_words++] = x->refs.at[i].id;
		else
			acts[n_acts++] = x->refs.at[i].id;
	}
	if (comments_many(t, x->p.id, words, n_words, &x->list, e) == -1)
		return -1;
	return timeline_many(t, x->p.id, acts, n_acts, &x->done, e);
}

/* What hangs on the words of the page. */
static int
said_more(struct txn *t, struct said *x, struct err *e)
{
	const struct words_target on = { .project_id = x->p.id,
		.item = x->issue.number };
	const struct review_filter f = { .project_id = x->p.id,
		.item = x->issue.number,
		.viewer_id = call_who(x->c)->user_id,
		.limit = SAID_REVIEWS + 1 };
	int64_t ids[SAID_PAGE + 1] = { 0 };
	size_t n = 1;

	for (size_t i = 0; i < x->list.n && n <= SAID_PAGE; i++)
		ids[n++] = x->list.at[i].id;
	if (reactions_counted(t, x->p.id, x->issue.number, ids, n,
		call_who(x->c)->user_id, &x->reactions, e) == -1 ||
	    attachments_of_comments(t, &x->list, &x->files, e) == -1)
		return -1;
	if (said_has_own(x) && attachments_list(t, &on, &x->own_files, e) == -1)
		return -1;
	return x->issue.is_pull ? reviews_shown(t, &f, &x->reviews, e) : 0;
}

static int
said_rows(struct said *x, int64_t number, struct err *e)
{
	struct svc *s = call_app(x->c);
	struct txn *t = db_reader(s->db);

	if (issues_get(t, x->p.id, number, &x->issue, e) == -1)
		return -1;
	if (x->which != -1 ? said_alone(x, e) == -1 : said_page(t, x, e) == -1)
		return -1;
	return said_more(t, x, e);
}

static char *
said_dup(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

/* NULL after the reply. */
static struct said *
said_new(
    struct call *c, enum perm_verb verb, const char *draft, const char *why)
{
	struct project p;
	struct said *x;

	if (web_project(c, verb, &p) == -1)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->p = p;
	x->which = -1;
	x->seen = SAID_UNSEEN;
	x->draft = said_dup(draft);
	x->why = said_dup(why);
	call_hold(c);
	return x;
}

static void
said_begin(struct said *x, said_go_fn *go)
{
	struct err e = ERR_INIT;

	if (said_rows(x, call_arg_id(x->c, 2), &e) == -1) {
		web_fail(x->c, &e);
		said_free(x);
		return;
	}
	said_ask(x, go);
}

void
said_load(struct call *c, said_go_fn *go)
{
	const char *which = call_query(c, "said");
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct said *x;

	if (query_page(c, &page, &limit) == -1)
		return;
	x = said_new(c, PERM_READ, NULL, NULL);
	if (x == NULL)
		return;
	x->page = page;
	if (which != NULL &&
	    num_i64(which, 0, INT64_MAX, &x->which, &e) == -1) {
		web_fail(c, &e);
		said_free(x);
		return;
	}
	said_begin(x, go);
}

void
said_load_draft(
    struct call *c, const char *draft, const char *why, said_go_fn *go)
{
	struct said *x = said_new(c, PERM_COMMENT, draft, why);

	if (x != NULL)
		said_begin(x, go);
}

void
said_load_one(struct call *c, int64_t which, const struct said_typed *typed,
    said_go_fn *go)
{
	static const struct said_typed none = { .seen = SAID_UNSEEN };
	const struct said_typed *y = typed != NULL ? typed : &none;
	struct said *x = said_new(c, PERM_READ, y->draft, y->why);

	if (x == NULL)
		return;
	x->which = which;
	x->page = 1;
	x->title = said_dup(y->title);
	x->base = said_dup(y->base);
	x->was_title = said_dup(y->was_title);
	x->was_base = said_dup(y->was_base);
	x->seen = y->seen;
	said_begin(x, go);
}

int64_t
said_seen(const struct said *x)
{
	return x->which == 0 ? x->issue.version : x->list.at[0].updated_at;
}

bool
said_stale(const struct said *x)
{
	return x->seen != SAID_UNSEEN && x->seen != said_seen(x);
}

void
said_load_new(struct call *c, const char *title, const char *draft,
    const char *why, said_go_fn *go)
{
	struct said *x = said_new(c, PERM_DISCUSS, draft, why);

	if (x == NULL)
		return;
	x->page = 1;
	x->title = xstrdup(title);
	said_ask(x, go);
}
