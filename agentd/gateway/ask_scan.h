/*
 * ask_scan: the words of a JSON text, one after the other, and a walk over a
 * value of a request's body that looks at what a provider would take from
 * elsewhere.  Pure, bounded, without recursion.
 */
#ifndef AGENTD_GATEWAY_ASK_SCAN_H
#define AGENTD_GATEWAY_ASK_SCAN_H

#include <stddef.h>

#include "agentd/gateway/ask.h"

enum {
	ASK_WORD_MAX = 48
};

struct ask_scan {
	struct view in;
	size_t pos;
};

/* What of a body is walked. */
enum ask_part {
	ASK_PART_NONE,    /* passed over */
	ASK_PART_CONTENT, /* messages, or the pieces of one */
	ASK_PART_ITEMS,   /* the items of a response's input */
	ASK_PART_TOOLS
};

int ask_scan_bad(const struct ask_scan *s, struct err *e);
int ask_scan_peek(const struct ask_scan *s); /* -1: the end */
void ask_scan_space(struct ask_scan *s);
/* A string with its escapes as they are, without the quotes. */
int ask_scan_string(struct ask_scan *s, struct view *out, struct err *e);
/* A number or a word: up to what cannot be part of one. */
int ask_scan_bare(struct ask_scan *s, struct err *e);
/* The beginning of a string as it is without escapes; a byte 1 stands for what
 * is not plain ASCII, and ends it. */
void ask_scan_word(struct view raw, char out[ASK_WORD_MAX]);
/* Past one value of any kind.  Sets what it finds in a. */
int ask_walk(
    struct ask_scan *s, enum ask_part part, struct ask *a, struct err *e);

#endif
