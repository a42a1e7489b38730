/*
 * event_stream: readers of events that wait: long polls and server-sent event
 * streams (WHATWG HTML, section 9.2).  They are woken by commits, never by a
 * poll, in slices, and there are at most EVENT_STREAM_MAX.
 */
#ifndef SERVER_HTTP_EVENT_STREAM_H
#define SERVER_HTTP_EVENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct db;
struct event;
struct event_stream;
struct jw;
struct loop;

enum {
	EVENT_STREAM_MAX = 2000,
	EVENT_STREAM_WAIT_MAX_S = 60,
	EVENT_STREAM_KEEP_MS = 25000,
	EVENT_STREAM_AGE_MS = 15 * 60 * 1000 /* then the client comes again */
};

struct event_stream *event_stream_new(struct loop *l, struct db *db);
/* Ends what waits: long polls with an empty list, streams at their end. */
void event_stream_stop(struct event_stream *s);
void event_stream_free(struct event_stream *s);
/* A group was committed; last_seq as from db_on_commit. */
void event_stream_on_commit(struct event_stream *s, int64_t last_seq);

/* Answers GET /events.  viewer and project as in struct event_filter.  Who asks
 * for what retention took is told so (410), unless gaps are nothing to him. */
void event_stream_serve(struct event_stream *s, struct call *c, int64_t viewer,
    int64_t project, bool gaps);

void event_stream_put(struct jw *w, const struct event *v);

#endif
