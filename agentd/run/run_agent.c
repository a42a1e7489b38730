#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/agent/stream.h"
#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

enum {
	RUN_EVENTS_MAX = 8 << 20 /* of events.jsonl */
};

/* What it prints is read by its adapter; events.jsonl is what that said. */
struct run_agent {
	const struct agent *agent;
	struct agent_stream *stream;
	int64_t run;
	int fd;
	uint64_t n, size;
	struct str lines;
};

static void
run_agent_on_event(const struct agent_event *ev, void *arg)
{
	struct run_agent *a = arg;

	agent_event_write(ev, ++a->n, &a->lines);
}

static void
run_agent_flush(struct run_agent *a)
{
	struct view v = str_view(&a->lines);

	if (a->fd != -1 && v.len <= RUN_EVENTS_MAX - a->size &&
	    str_ok(&a->lines)) {
		if (write(a->fd, v.p, v.len) != (ssize_t)v.len) {
			log_warn("run events run=%lld why=%s",
			    (long long)a->run, "a write failed");
			(void)close(STEAL_FD(a->fd));
		}
		a->size += v.len;
	}
	str_reset(&a->lines);
}

/*
 * The output is read from its first byte each time, so what an earlier process
 * wrote down is written again.
 */
void
run_agent_open(struct run *r)
{
	const struct project *p = projects_find(r->env->projects, r->project);
	const struct agent *agent = p == NULL ? NULL : agent_find(p->agent);
	AUTO_FREE char *path = path_join(r->dir, "events.jsonl");
	struct agent_bounds bounds;
	struct run_agent *a;

	run_bounds(r, &bounds);
	run_agent_close(r);
	if (agent == NULL || agent->rows == NULL)
		return;
	a = xcalloc(1, sizeof(*a));
	a->agent = agent;
	a->run = r->id;
	a->stream = agent_stream_new(
	    agent, run_may_write(r), run_agent_on_event, a);
	agent_stream_bound(a->stream, &bounds);
	a->fd = open(path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (a->fd == -1)
		log_warn("run events run=%lld why=%s", (long long)r->id,
		    log_val("events.jsonl cannot be made"));
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

void
run_agent_close(struct run *r)
{
	struct run_agent *a = r->agent;

	r->agent = NULL;
	if (a == NULL)
		return;
	agent_stream_free(a->stream);
	str_release(&a->lines);
	if (a->fd != -1)
		(void)close(a->fd);
	free(a);
}
