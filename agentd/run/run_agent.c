#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/agent/stream.h"
#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

enum {
	RUN_EVENTS_MAX = 8 << 20, /* of events.jsonl, and of live.log */
	RUN_EVENTS_END = 256      /* of it, for the line that says so */
};

static const char run_live_cut[] = "\n[more than 8 MiB are not shown]\n";

/*
 * A file that only grows.  The output is read from its first byte each time, so
 * what an earlier process wrote down comes again: `had` of it is passed over.
 */
struct run_tape {
	int fd;
	uint64_t had, size;
	bool cut; /* its last line says that there was more */
	struct str text;
};

/* What it prints is read by its adapter: events.jsonl is what that said,
 * live.log is the same for people. */
struct run_agent {
	const struct agent *agent;
	struct agent_stream *stream;
	int64_t run;
	uint64_t n;     /* events */
	bool line_open; /* the last line of live.log */
	struct run_tape events, live;
};

static void
run_agent_on_event(const struct agent_event *ev, void *arg)
{
	struct run_agent *a = arg;

	/* Its lines have a time: they are counted. */
	if (++a->n > a->events.had)
		agent_event_write(ev, clock_now_ms(), a->n, &a->events.text);
	agent_event_show(ev, &a->line_open, &a->live.text);
}

static void
run_tape_open(struct run_tape *t, const struct run *r, const char *leaf)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);

	t->fd = open(
	    path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->fd == -1)
		log_warn("run tape run=%lld file=%s why=%s", (long long)r->id,
		    leaf, strerror(errno));
}

/* The whole lines that are there; a half one goes. */
static void
run_tape_count(struct run_tape *t)
{
	AUTO_FREE char *buf = xmalloc(RUN_EVENTS_MAX);
	ssize_t n = t->fd == -1 ? 0 : pread(t->fd, buf, RUN_EVENTS_MAX, 0);
	struct view line = { .len = 0 };

	t->size = 0;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n') {
			line.p = buf + t->size;
			line.len = (size_t)i - (size_t)t->size;
			t->had++;
			t->size = (uint64_t)i + 1;
		}
	}
	t->cut = agent_event_is_cut(line);
	if (t->fd != -1 && ftruncate(t->fd, (off_t)t->size) == -1)
		log_warn("run tape why=%s", strerror(errno));
}

static void
run_tape_write(struct run_tape *t, int64_t run, struct view v)
{
	if (t->fd == -1 || t->cut || v.len == 0)
		return;
	if (write(t->fd, v.p, v.len) != (ssize_t)v.len) {
		log_warn("run tape run=%lld why=%s", (long long)run,
		    "a write failed");
		(void)close(STEAL_FD(t->fd));
	}
	t->size += v.len;
}

/* Whole lines, while there is room for the one that says that it ends. */
static void
run_events_flush(struct run_agent *a)
{
	struct run_tape *t = &a->events;
	const uint64_t room = RUN_EVENTS_MAX - RUN_EVENTS_END;
	struct view v = str_view(&t->text), rest = v, line;
	AUTO_STR struct str end = STR_INIT;
	size_t fits = 0;

	while (!t->cut && rest.len > 0 && view_split(&rest, '\n', &line) &&
	    t->size + fits + line.len + 1 <= room)
		fits += line.len + 1;
	run_tape_write(t, a->run, (struct view){ v.p, fits });
	if (!t->cut && (fits < v.len || !str_ok(&t->text))) {
		agent_event_cut(clock_now_ms(), &end);
		run_tape_write(t, a->run, str_view(&end));
		t->cut = true;
	}
	str_reset(&t->text);
}

/* Bytes up to a size that says that it was cut. */
static void
run_live_flush(struct run_agent *a)
{
	struct run_tape *t = &a->live;
	const uint64_t room = RUN_EVENTS_MAX - (sizeof(run_live_cut) - 1);
	struct view v = str_view(&t->text);

	if (t->size >= RUN_EVENTS_MAX)
		t->cut = true;
	if (t->size + v.len <= room) {
		run_tape_write(t, a->run, v);
	} else if (!t->cut) {
		v.len = t->size < room ? (size_t)(room - t->size) : 0;
		run_tape_write(t, a->run, v);
		run_tape_write(t, a->run, view_of(run_live_cut));
		t->cut = true;
	}
	str_reset(&t->text);
}

/* As bytes: the same events give the same text. */
static void
run_tape_skip(struct run_tape *t)
{
	const size_t n = t->had < t->text.len ? (size_t)t->had : t->text.len;

	str_drop(&t->text, n);
	t->had -= n;
}

static void
run_agent_flush(struct run_agent *a)
{
	run_events_flush(a);
	run_tape_skip(&a->live);
	run_live_flush(a);
}

static void
run_agent_tapes(struct run_agent *a, const struct run *r)
{
	struct stat st;

	run_tape_open(&a->events, r, "events.jsonl");
	run_tape_count(&a->events);
	run_tape_open(&a->live, r, "live.log");
	if (a->live.fd != -1 && fstat(a->live.fd, &st) == 0) {
		a->live.had = (uint64_t)st.st_size;
		a->live.size = (uint64_t)st.st_size;
	}
}

/* The agent of the run, if it tells events. */
static const struct agent *
run_agent_of(const struct run *r)
{
	const struct agent *agent = run_given_agent(r);

	return agent == NULL || agent->rows == NULL ? NULL : agent;
}

const char *
run_log_leaf(const struct run *r)
{
	return run_agent_of(r) != NULL ? "live.log" : "agent/out.log";
}

void
run_agent_open(struct run *r)
{
	const struct agent *agent = run_agent_of(r);
	struct agent_bounds bounds;
	struct run_agent *a;

	run_bounds(r, &bounds);
	run_agent_close(r);
	if (agent == NULL)
		return;
	a = xcalloc(1, sizeof(*a));
	a->agent = agent;
	a->run = r->id;
	a->stream = agent_stream_new(
	    agent, run_may_write(r), run_agent_on_event, a);
	agent_stream_bound(a->stream, &bounds);
	run_agent_tapes(a, r);
	r->agent = a;
}

bool
run_agent_feed(struct run *r, struct view bytes)
{
	if (r->agent == NULL)
		return true;
	agent_stream_feed(r->agent->stream, bytes);
	run_agent_flush(r->agent);
	return !agent_stream_is_beyond(r->agent->stream);
}

bool
run_agent_is_foreign(const struct run *r)
{
	const struct agent_report *report = run_agent_report(r);

	return r->foreign && report != NULL &&
	    report->fault == AGENT_FAULT_TOOLS;
}

/* Its container ended: the rest, and agent.json. */
void
run_agent_end(struct run *r)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	if (r->agent == NULL)
		return;
	agent_stream_end(r->agent->stream);
	if (r->agent->line_open)
		str_addc(&r->agent->live.text, '\n');
	r->agent->line_open = false;
	run_agent_flush(r->agent);
	agent_report_write(run_agent_report(r), r->agent->agent->name, &text);
	if (run_file_put(r, "agent.json", 0600, &text, &e) == -1)
		log_warn("run record run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}

const struct agent_report *
run_agent_report(const struct run *r)
{
	return r->agent == NULL ? NULL : agent_stream_report(r->agent->stream);
}

static void
run_tape_close(struct run_tape *t)
{
	str_release(&t->text);
	if (t->fd != -1)
		(void)close(t->fd);
}

void
run_agent_close(struct run *r)
{
	struct run_agent *a = r->agent;

	r->agent = NULL;
	if (a == NULL)
		return;
	agent_stream_free(a->stream);
	run_tape_close(&a->events);
	run_tape_close(&a->live);
	free(a);
}
