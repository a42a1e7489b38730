/*
 * reader: cofferd's events, one at a time and in order, from a durable cursor.
 *
 * The handler answers each event once, at once or later, by reader_next: only
 * then the next one comes.  The cursor is stored on the server after the
 * events of one reply were handled.  After a crash the last events come again;
 * handlers are idempotent by seq.  The connection is retried for ever, with
 * backoff.
 */
#ifndef AGENTD_WATCH_READER_H
#define AGENTD_WATCH_READER_H

#include "agentd/watch/trigger.h"
#include "lib/io/loop.h"

struct apiclient;
struct reader;

typedef void reader_fn(const struct watch_event *ev, void *arg);

/* cursor: its name on the server, a constant. */
struct reader *reader_new(struct loop *l, struct apiclient *api,
    const char *cursor, reader_fn *fn, void *arg);
void reader_start(struct reader *r);
/* The event was handled: go on.  With retry it comes again, after a pause. */
void reader_next(struct reader *r, bool retry);
void reader_free(struct reader *r);

#endif
