/*
 * fills: what rows of an older version lack, and how far that is made up for.
 * A kind is a row from the migration until it is done; ids are of issues (of
 * pull requests, too) or of comments.
 */
#ifndef SERVER_STORE_FILLS_H
#define SERVER_STORE_FILLS_H

#include "server/domain/types.h"

struct err;
struct txn;

enum {
	FILLS_TEXT_MAX = 1 << 20 /* bytes, after which a list ends */
};

enum fill_kind {
	FILL_NONE,
	FILL_ISSUES, /* who is named in titles and bodies */
	FILL_COMMENTS,
	FILL_PULLS /* the size of the diff */
};

struct fill {
	enum fill_kind kind;
	int64_t done;
	int64_t until;
};

struct fill_words {
	int64_t id;
	int64_t project_id;
	int64_t item;
	char *text;
};

struct fill_words_list {
	struct fill_words *at;
	size_t n;
	bool more;
};

struct fill_pull {
	int64_t id;
	int64_t project_id;
	int64_t number;
	int64_t additions, deletions, changed_files;
	char merge_base[SHA_HEX + 1];
	char head_sha[SHA_HEX + 1];
};

void fill_words_list_release(struct fill_words_list *l);
/* FILL_NONE: all is done. */
int fills_next(struct txn *t, struct fill *out, struct err *e);
/* Of FILL_ISSUES or FILL_COMMENTS, after f->done, at most max. */
int fills_words(struct txn *t, const struct fill *f, int64_t max,
    struct fill_words_list *out, struct err *e);
/* The next one without a size; id 0: none. */
int fills_pull(
    struct txn *t, const struct fill *f, struct fill_pull *out, struct err *e);
/* Nothing when it has a size meanwhile, or another head. */
int fills_set_pull(struct txn *t, const struct fill_pull *p, struct err *e);
/* Up to the end: the kind is done. */
int fills_set_done(
    struct txn *t, const struct fill *f, int64_t done, struct err *e);

#endif
