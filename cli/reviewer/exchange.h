/*
 * exchange: one chunk shown to one reviewer, its answer read; when that is not
 * of the form that was asked for, asked once more and no more.
 */
#ifndef CLI_REVIEWER_EXCHANGE_H
#define CLI_REVIEWER_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/reviewer/chunk.h"
#include "findings/finding.h"

struct err;
struct reviewer_session;

enum {
	EXCHANGE_CHUNK_MAX = 96 << 10,
	EXCHANGE_CHUNK_MIN = 1500
};

/* Bytes of a chunk that the reviewer's context has room for. */
size_t exchange_budget(const struct reviewer_session *s, const char *system);

struct exchange {
	const char *system;
	const struct chunk *chunk;
	int64_t number;
	const char *by; /* before messages, may be NULL */
};
/* 0: its findings were added.  1: the chunk was too long for it, nothing was
 * added.  -1: no verdict. */
int exchange_run(struct reviewer_session *s, const struct exchange *x,
    struct findings *out, struct err *e);

#endif
