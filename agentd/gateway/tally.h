/*
 * tally: how many exchanges came to which end since the gateway began, how long
 * they took and what they cost: for metrics.  The words are the gateway's own,
 * so there are few.
 */
#ifndef AGENTD_GATEWAY_TALLY_H
#define AGENTD_GATEWAY_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct jw;
struct record_line;

enum {
	TALLY_WORDS = 32 /* more of them count as "other" */
};

struct tally {
	struct {
		char word[32];
		uint64_t n;
	} at[TALLY_WORDS];
	size_t n;
	int64_t all_ms; /* from the head of a request to its end */
	int64_t own_ms; /* of it the gateway's, until it asked the provider */
	int64_t micros;
};

void tally_add(struct tally *t, const struct record_line *line);
/* Members of an object: results, ms, own_ms, micros. */
void tally_write(const struct tally *t, struct jw *w);

#endif
