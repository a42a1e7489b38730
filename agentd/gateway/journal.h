/*
 * journal: lines of text in a file that is only added to, each with a CRC-32,
 * so that what the gateway counted survives its being killed at any moment.
 * A line is in the file (the kernel's memory) when journal_add returns; it is
 * on the disk a moment later, by a child of this program that calls
 * fdatasync(2), since the loop must not wait for a disk.
 *
 * A damaged end, as a power failure leaves it, is dropped; a damaged line that
 * good ones follow is an error, for nobody knows what it said.
 */
#ifndef AGENTD_GATEWAY_JOURNAL_H
#define AGENTD_GATEWAY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct journal;
struct str;

enum {
	JOURNAL_LINE_MAX = 1024,
	JOURNAL_FILE_MAX = 64 << 20
};

struct journal_spec {
	const char *path;
	/* One line of the file, in order, during journal_open. */
	int (*replay)(struct view line, void *arg, struct err *e);
	/* Adds what is true now, by journal_put, in place of all lines. */
	void (*snapshot)(struct str *out, void *arg);
	void *arg;
};

/* Replays, then writes the file anew from the snapshot. */
struct journal *journal_open(const struct journal_spec *spec, struct err *e);
void journal_close(struct journal *j); /* NULL is fine */
/* -1: the line is not in the file, and the file as it was. */
int journal_add(struct journal *j, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* For a snapshot. */
void journal_put(struct str *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* It has grown, or a line is missing: it is to be written anew. */
bool journal_is_due(const struct journal *j);
int journal_renew(struct journal *j, struct err *e);
int journal_fd(const struct journal *j);

#endif
