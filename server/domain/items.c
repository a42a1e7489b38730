#include "server/domain/items.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/domain/word.h"

static const char *const issue_state_words[] = {
	[ISSUE_OPEN] = "open",
	[ISSUE_CLOSED] = "closed",
};

static const char *const review_state_words[] = {
	[REVIEW_APPROVED] = "APPROVED",
	[REVIEW_REQUEST_CHANGES] = "REQUEST_CHANGES",
	[REVIEW_COMMENT] = "COMMENT",
	[REVIEW_PENDING] = "PENDING",
	[REVIEW_REQUEST] = "REQUEST_REVIEW",
};

static const char *const status_state_words[] = {
	[STATUS_PENDING] = "pending",
	[STATUS_SUCCESS] = "success",
	[STATUS_ERROR] = "error",
	[STATUS_FAILURE] = "failure",
	[STATUS_WARNING] = "warning",
	[STATUS_SKIPPED] = "skipped",
};

const char *
issue_state_name(enum issue_state v)
{
	return word_name(
	    issue_state_words, WORD_COUNT(issue_state_words), (unsigned)v);
}

int
issue_state_parse(const char *s)
{
	return word_find(issue_state_words, WORD_COUNT(issue_state_words), s);
}

const char *
review_state_name(enum review_state v)
{
	return word_name(
	    review_state_words, WORD_COUNT(review_state_words), (unsigned)v);
}

int
review_state_parse(const char *s)
{
	return word_find(review_state_words, WORD_COUNT(review_state_words), s);
}

const char *
status_state_name(enum status_state v)
{
	return word_name(
	    status_state_words, WORD_COUNT(status_state_words), (unsigned)v);
}

int
status_state_parse(const char *s)
{
	return word_find(status_state_words, WORD_COUNT(status_state_words), s);
}

void
author_list_release(struct author_list *l)
{
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
issue_release(struct issue *x)
{
	free(x->title);
	free(x->body);
	free(x->lock_reason);
	free(x->ref);
	label_list_release(&x->labels);
	author_list_release(&x->assignees);
	milestone_release(&x->milestone);
	memset(x, 0, sizeof(*x));
}

void
issue_list_release(struct issue_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		issue_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
comment_release(struct comment *x)
{
	free(x->body);
	memset(x, 0, sizeof(*x));
}

void
comment_list_release(struct comment_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		comment_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
pull_release(struct pull *x)
{
	free(x->head);
	free(x->base);
	free(x->conflicts);
	free(x->reviewers);
	issue_release(&x->issue);
	memset(x, 0, sizeof(*x));
}

void
pull_list_release(struct pull_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		pull_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
review_release(struct review *x)
{
	free(x->body);
	memset(x, 0, sizeof(*x));
}

void
review_list_release(struct review_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		review_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
status_release(struct status *x)
{
	free(x->context);
	free(x->description);
	free(x->target_url);
	memset(x, 0, sizeof(*x));
}

void
status_list_release(struct status_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		status_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

enum status_state
status_combined(const struct status_list *l)
{
	size_t passed = 0;

	for (size_t i = 0; i < l->n; i++) {
		enum status_state st = l->at[i].state;

		if (st == STATUS_FAILURE || st == STATUS_ERROR ||
		    st == STATUS_WARNING)
			return STATUS_FAILURE;
		if (st == STATUS_SUCCESS || st == STATUS_SKIPPED)
			passed++;
	}
	return passed > 0 && passed == l->n ? STATUS_SUCCESS : STATUS_PENDING;
}
