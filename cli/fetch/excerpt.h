/*
 * excerpt: rows of several kinds in their order, each kind with room of its
 * own, so that none pushes another one out.  Of a kind that has more than
 * that the newest and the oldest stay, by bytes, and where the others were
 * stands how many they are.  Pure.
 */
#ifndef CLI_FETCH_EXCERPT_H
#define CLI_FETCH_EXCERPT_H

#include <stddef.h>

#include "lib/base/str.h"

enum {
	EXCERPT_KINDS = 6,
	EXCERPT_TEXT_MAX = 16 << 20 /* of all rows before they are chosen */
};

struct excerpt_kind {
	const char *what; /* "uses of tools" */
	size_t room;      /* bytes; the newest row is always there */
};

struct excerpt_row;

struct excerpt {
	const struct excerpt_kind *kinds;
	struct str text; /* a row is written here, with its newline */
	size_t begun;
	struct excerpt_row *rows;
	size_t n, cap;
	size_t left[EXCERPT_KINDS]; /* out, of each kind */
};

void excerpt_init(struct excerpt *x, const struct excerpt_kind *kinds);
void excerpt_release(struct excerpt *x);
/* What was added to x->text since the row before is one of this kind. */
void excerpt_row(struct excerpt *x, size_t kind);
/* The rows that there is room for; x->left counts the others. */
void excerpt_end(struct excerpt *x, struct str *out);

#endif
