/*
 * gitstream: a git child in the box whose output is read as it comes, so that
 * what it says need not fit into memory; and `cat-file --batch`, which is
 * asked for one object after the other.  Reads wait, at most FETCH_GIT_MS in
 * all.  What git says on its stderr goes to a file in the box, for errors.
 */
#ifndef CLI_FETCH_GITSTREAM_H
#define CLI_FETCH_GITSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "findings/scan.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

struct err;
struct fetch_job;
struct gitstream;

enum {
	GITSTREAM_PIECE = 256 << 10
};

/* in_file: its stdin, by name; NULL with asks: gitstream_ask writes it. */
struct gitstream *gitstream_open(struct fetch_job *j, const char *const *argv,
    const char *in_file, bool asks, struct err *e);
/* Some bytes, 0 at the end; -1. */
ssize_t gitstream_read(struct gitstream *s, void *buf, size_t n, struct err *e);
int gitstream_ask(struct gitstream *s, struct view line, struct err *e);
/* Waits for its end; a status other than 0 is an error. */
int gitstream_close(struct gitstream *s, struct err *e);
/* Ends it, whatever it still has to say; NULL is fine. */
void gitstream_drop(struct gitstream *s);

typedef int gitstream_fn(struct view piece, void *arg, struct err *e);
/* All of it, piece by piece, to its end. */
int gitstream_all(struct fetch_job *j, const char *const *argv,
    const char *in_file, gitstream_fn *fn, void *arg, struct err *e);

/* cat-file --batch */
struct blobs;
struct blobs *blobs_open(struct fetch_job *j, struct err *e);
/* Of the objects that a file lists, which have to be asked for in its order:
 * git does not wait for the question. */
struct blobs *blobs_open_list(
    struct fetch_job *j, const char *in_file, struct err *e);
void blobs_close(struct blobs *b);
/* The contents in pieces; an object that is not there is ERR_PROTO.  size may
 * be NULL, and is set before the first piece. */
int blobs_get(struct blobs *b, const char *id, uint64_t *size, gitstream_fn *fn,
    void *arg, struct err *e);
/* As a whole; over max it is ERR_LIMIT, and read past. */
int blobs_text(struct blobs *b, const char *id, size_t max, struct str *out,
    struct err *e);

#endif
