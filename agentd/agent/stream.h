/*
 * stream: what an agent CLI prints, one JSON value per line, as events of one
 * form for all of them, and as a report at the end.  Takes bytes as they come;
 * a line over AGENT_LINE_MAX is passed over, as is what is no JSON and what an
 * adapter has no row for.  Pure.
 *
 * All of it is a claim: whatever runs in the sandbox can write there.  What
 * holds is enforced outside; a claim can only make a run fail.
 */
#ifndef AGENTD_AGENT_STREAM_H
#define AGENTD_AGENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/agent/agent.h"
#include "agentd/agent/fault.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	AGENT_LINE_MAX = 1 << 20,
	AGENT_EVENT_TEXT_MAX = 4 << 10,
	AGENT_WORD_MAX = 128,
	AGENT_ASKED_MAX = 64 /* calls whose result is not there yet */
};

enum agent_event_kind {
	AGENT_EVENT_VERSION, /* name */
	AGENT_EVENT_SESSION, /* name: its id, text: the model */
	AGENT_EVENT_TEXT,    /* text: what it says */
	AGENT_EVENT_TOOL,    /* name, text: of the call, ok: it was done */
	AGENT_EVENT_DENIED,  /* name, text: why */
	AGENT_EVENT_RETRY,   /* text: why */
	AGENT_EVENT_USAGE,   /* usage: to add */
	AGENT_EVENT_ERROR,   /* fault, text */
	AGENT_EVENT_END,     /* text: the answer, NULL: the last text */
	AGENT_EVENTS
};

struct agent_usage {
	int64_t input, output, cache_read, cache_write; /* tokens */
	int64_t turns;
	int64_t cost; /* millionths of a dollar */
};

struct agent_event {
	enum agent_event_kind kind;
	const char *name, *text; /* NULL: none; borrowed */
	bool ok;
	bool more; /* of a text: it goes on where the last one ended */
	enum agent_fault fault;
	struct agent_usage usage;
};

struct agent_report {
	char version[AGENT_WORD_MAX];
	char session[AGENT_WORD_MAX];
	char model[AGENT_WORD_MAX];
	struct agent_usage usage;
	bool costed;                 /* it told a cost */
	uint64_t lines, other, over; /* all, not understood, too long */
	uint64_t tools, denied;
	enum agent_fault fault; /* the first that ended it */
	char why[240];
	bool ended;      /* it told its result */
	struct str text; /* its answer, at most AGENT_MESSAGE_MAX */
};

typedef void agent_event_fn(const struct agent_event *ev, void *arg);

/* on_event may be NULL. */
struct agent_stream *agent_stream_new(const struct agent *a, bool write,
    agent_event_fn *on_event, void *arg) __attribute__((returns_nonnull));
/* Before the first byte; what it tells beyond is a fault. */
void agent_stream_bound(struct agent_stream *s, const struct agent_bounds *b);
/* It has what it must not have, or went too far: it is to be ended. */
bool agent_stream_is_beyond(const struct agent_stream *s);
void agent_stream_feed(struct agent_stream *s, struct view bytes);
void agent_stream_end(struct agent_stream *s); /* no more: the last line */
const struct agent_report *agent_stream_report(const struct agent_stream *s);
void agent_stream_free(struct agent_stream *s); /* NULL is fine */

/* ---- for adapters, from a row's read ---- */

void agent_stream_say(struct agent_stream *s, const struct agent_event *ev);
void agent_stream_text(struct agent_stream *s, const char *text);
/* A part of a text, which goes on while the id is the same. */
void agent_stream_piece(
    struct agent_stream *s, const char *id, const char *text);
/* The CLI says that it has this tool: a fault when it must not. */
void agent_stream_has(struct agent_stream *s, const char *tool);
/* It called one; done, and not allowed, is a fault. */
void agent_stream_call(
    struct agent_stream *s, const char *tool, const char *text, bool done);
/* The same where the result is a line of its own: asked, then answered. */
void agent_stream_ask(
    struct agent_stream *s, const char *id, const char *tool, const char *text);
void agent_stream_answered(struct agent_stream *s, const char *id);
void agent_stream_error(
    struct agent_stream *s, enum agent_fault f, const char *text);
/* The first of these members that is a text; NULL: none. */
const char *agent_stream_pick(
    const struct json *j, const char *const *keys /* NULL-terminated */);
/* Dollars as millionths; -1: none, or no sensible number. */
int64_t agent_micros(double dollars);
/* What a call is about, for people: of its arguments. */
const char *agent_stream_about(const struct json *input);

/* ---- the record ---- */

/* One line of JSON, with its time and number. */
void agent_event_write(
    const struct agent_event *ev, int64_t at_ms, uint64_t n, struct str *out);
/* The last line where there are more than are kept; is one that? */
void agent_event_cut(int64_t at_ms, struct str *out);
bool agent_event_is_cut(struct view line);
/* The same for people, as a log that grows; *open: its last line is not at an
 * end. */
void agent_event_show(
    const struct agent_event *ev, bool *open, struct str *out);
void agent_report_write(
    const struct agent_report *r, const char *agent, struct str *out);
/* A line for people: "3 turns, 5000 tokens in, 250 out, $0.025". */
void agent_report_line(const struct agent_report *r, struct str *out);
void agent_report_why(const struct agent_report *r, struct str *out);

#endif
