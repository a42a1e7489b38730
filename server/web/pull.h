/*
 * pull: the pages of a pull request: what is said of it, the gate's list, what
 * checks and reviews say, what was found in it; its commits; its files with
 * words on lines; and what may be done with it.
 */
#ifndef SERVER_WEB_PULL_H
#define SERVER_WEB_PULL_H

#include "server/domain/items.h"
#include "server/web/web.h"

struct said;
struct txn;

/* "/O/P/pulls/N" and a query or "", escaped; free(3). */
char *pull_path(const struct call *c, const char *more);
/* Title and tabs; tab is one of their words. */
void pull_begin(struct web *w, const struct project *p, const struct pull *x,
    const char *tab);
/* To who may open one: the way to it. */
void pull_new_link(struct web *w, const struct project *p);
/* Who may: forms to merge, update, close. */
void pull_forms(struct web *w, const struct project *p, const struct pull *x,
    bool open, bool may_override);
/* Who is asked for a review and what was answered, with what may be done. */
void pull_reviews(struct web *w, const struct said *said, const struct pull *x);
/* ?reviews=all: those that were sent, in pages. */
void pull_reviews_get(struct call *c);
/* ?review=ID of the page: that one alone. */
void pull_review_get(struct call *c);
/* To who may: the form of a review, or to end the one that he began. */
void pull_review_form(
    struct web *w, const struct project *p, const struct pull *x);
/* The id of the review that he began and did not send, 0: none. */
int64_t pull_begun(struct web *w, const struct pull *x);
int64_t pull_begun_by(
    struct txn *t, int64_t project, int64_t item, int64_t user);

/* post_form of POST .../pulls/N/VERB; name: its page is pull_page. */
void pull_form(struct web *w, const struct project *p, const struct pull *x,
    const char *verb, const char *cls, const char *name);
/* The page of the pull request that the call names. */
void pull_page(struct call *c);
/* The form that was sent, to release, and the project; -1 after the reply. */
int pull_take(
    struct call *c, enum perm_verb verb, struct form *f, int64_t *project);
/* svc_done_fn: back to the page, or what is wrong; releases the call. */
void pull_done(const struct err *fail, void *op, void *call);
/* The same to a page of it: "/files". */
void pull_done_to(const struct err *fail, struct call *c, const char *more);

/* And to a line of its diff, which is on the page of its file alone. */
void pull_done_line(struct call *c, const char *path, bool old, int64_t line);

enum {
	PULL_AGAIN_FIELDS = 6
};

/* Words that were refused, to send again. */
struct pull_again {
	const char *verb;  /* behind ".../pulls/N/" */
	const char *title; /* a line, sent as "title"; NULL: none */
	const char *text;  /* sent as "body"; NULL: none */
	const char *say;   /* on the button; NULL: that it is sent again */
	const char *name[PULL_AGAIN_FIELDS]; /* NULL ends them */
	const char *value[PULL_AGAIN_FIELDS];
	/* In the place of `say`, NULLs: it alone; name NULL: it sends
	 * nothing of its own. */
	struct pull_button {
		const char *name, *value, *text;
	} button[2];
};
/* Replies; what is no use to send again is said alone.  A "head" that moved is
 * the one of now in the form, and that is said. */
void pull_again(
    struct call *c, const struct err *fail, const struct pull_again *again);
/* head: what is sent as "head", NULL: what it has; more: a button, or NULL. */
void pull_again_form(struct web *w, const struct pull_again *again,
    const char *head, const struct pull_button *more);
/* Replies, later: what the text looks like, with its form, which has a button
 * to see it once more.  Names are literals; the rest is copied. */
void pull_preview(struct call *c, const struct pull_again *draft,
    const struct pull_button *again);

#endif
