/*
 * logship: brings a growing file to an append-only log of cofferd, by offset,
 * one request at a time; survives a lost reply and a restart of either side.
 * Of a text, given words (the run's token) and what looks like a key leave as
 * asterisks (lib/base/mask.h).
 */
#ifndef AGENTD_RUN_LOGSHIP_H
#define AGENTD_RUN_LOGSHIP_H

#include "lib/io/loop.h"

struct apiclient;
struct logship;

struct logship_spec {
	struct loop *loop;
	struct apiclient *api;
	const char *file;   /* copied, as the others */
	const char *path;   /* of the PATCH call */
	const char *header; /* one more header, may be NULL */
	/* Lines, each a word to mask; NULL: bytes that leave as they are. */
	const char *secrets;
	/* All that was there at logship_finish has arrived (or cofferd takes
	 * no more of it). */
	loop_fn *on_done;
	void *arg;
};

struct logship *logship_new(const struct logship_spec *spec)
    __attribute__((returns_nonnull));
void logship_kick(struct logship *s);   /* the file grew */
void logship_finish(struct logship *s); /* it will not grow any more */
void logship_free(struct logship *s);   /* NULL is fine; no callback */

#endif
