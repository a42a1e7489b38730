/*
 * mentions: what a text of Markdown refers to.  Pure; time and space are linear
 * in the text.  Code spans, fenced code and quoted lines refer to nothing.
 *
 *	#12, !12		an item of the same project
 *	owner/name#12		of another one
 *	fixes #12		also close(s|d), fix(es|ed), resolve(s|d), with
 *a colon or not: closes it reopens #12		reopen(s|ed): opens it again
 *	@login			a user
 *	7 to 40 hex digits	a commit, when a digit is among them
 */
#ifndef SERVER_DOMAIN_MENTIONS_H
#define SERVER_DOMAIN_MENTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

enum {
	MENTIONS_MAX = 64, /* of one text; what follows is not looked at */
	MENTION_NUMBER_MAX = 100000000
};

enum mention_kind {
	MENTION_USER = 1,
	MENTION_ITEM,
	MENTION_COMMIT
};

enum mention_action {
	MENTION_REFERS,
	MENTION_CLOSES,
	MENTION_REOPENS
};

/* Views into the text. */
struct mention {
	enum mention_kind kind;
	enum mention_action action; /* of an item */
	struct view owner;          /* of an item, empty: the same project */
	struct view name;
	struct view word; /* login or digits of a commit */
	int64_t number;
};

/* How many; each once, the first action that is more than a reference wins. */
size_t mentions_scan(struct view text, struct mention out[MENTIONS_MAX]);

#endif
