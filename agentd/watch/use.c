#include "agentd/watch/use.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "agentd/call.h"
#include "agentd/sandbox/sandbox.h"
#include "agentd/sandbox/workspace.h"
#include "agentd/watch/figures.h"
#include "agentd/watch/projects.h"
#include "agentd/watch/use_net.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	USE_EVERY_MS = 3000,
	USE_RUNS = 4,
	USE_BATCH = 500,
	USE_DISK_LOW = 4 << 20,      /* bytes left: full */
	USE_NOTE_MS = 10 * 60 * 1000 /* what happened is told so long */
};

/* Of one project, from one look to the next. */
struct use_past {
	int64_t cpu_us, at;
	int64_t ooms, hits;         /* of the session */
	int64_t run_ooms, run_hits; /* of the runs there are */
	int64_t noted_at;           /* of oom and pids */
	bool told;
};

struct uses {
	struct uses_spec s;
	struct timer *timer;
	struct call *call;
	struct map *past;
	struct jw w;
	struct str body;
	struct str net; /* counters of all links, of this look */
	size_t n;
};

/* What one look sees, with its runs added to the session. */
struct use_now {
	struct cgroup_use session, all;
	int64_t run_ooms, run_hits;
	int64_t disk, disk_max, disk_left;
	int64_t sent, received;
};

static int64_t
use_sum(int64_t a, int64_t b)
{
	return a == -1 || b == -1 ? (a == -1 ? b : a) : a + b;
}

static void
use_add(struct use_now *n, const struct cgroup_use *run)
{
	n->all.memory = use_sum(n->all.memory, run->memory);
	n->all.cpu_us = use_sum(n->all.cpu_us, run->cpu_us);
	n->all.pids = use_sum(n->all.pids, run->pids);
	n->run_ooms += run->ooms > 0 ? run->ooms : 0;
	n->run_hits += run->pids_hits > 0 ? run->pids_hits : 0;
}

static void
use_read_disk(const struct uses *u, int64_t id, struct use_now *n)
{
	AUTO_FREE char *ws = workspace_mount(u->s.host, id);
	struct statvfs st;

	n->disk = n->disk_max = n->disk_left = -1;
	if (!workspace_is_mounted(u->s.host, id) || statvfs(ws, &st) == -1)
		return;
	n->disk_max = (int64_t)(st.f_blocks * st.f_frsize);
	n->disk_left = (int64_t)(st.f_bavail * st.f_frsize);
	n->disk = (int64_t)((st.f_blocks - st.f_bfree) * st.f_frsize);
	if (st.f_files > 0 && st.f_favail == 0)
		n->disk_left = 0;
}

static int
use_read(struct uses *u, int64_t id, struct use_now *n, struct err *e)
{
	static const struct cgroup_use unknown = { .memory = -1,
		.memory_max = -1,
		.cpu_us = -1,
		.pids = -1,
		.pids_max = -1,
		.ooms = -1,
		.pids_hits = -1 };
	char names[USE_RUNS][HOST_NAME_MAX];
	char session[HOST_NAME_MAX];
	char link[HOST_IF_MAX];
	size_t runs = 0;

	*n = (struct use_now){ .session = unknown, .all = unknown };
	use_read_disk(u, id, n);
	host_project_link(u->s.host, id, link);
	use_net_find(str_view(&u->net), link, &n->sent, &n->received);
	if (u->s.driver->use == NULL)
		return 0;
	host_session_id(u->s.host, id, session);
	if (u->s.driver->use(u->s.host, session, &n->session, e) == -1)
		return -1;
	n->all = n->session;
	if (u->s.names != NULL)
		runs = u->s.names(id, names, USE_RUNS, u->s.arg);
	for (size_t i = 0; i < runs; i++) {
		struct cgroup_use run;
		struct err gone = ERR_INIT;

		if (u->s.driver->use(u->s.host, names[i], &run, &gone) == 0)
			use_add(n, &run);
	}
	return 0;
}

/* The word and text for what it ran out of; "" for nothing. */
static void
use_judge(struct uses *u, const struct project *p, const struct use_now *n,
    struct use_past *past)
{
	bool oom = n->session.ooms > past->ooms || n->run_ooms > past->run_ooms;
	bool hit = n->session.pids_hits > past->hits ||
	    n->run_hits > past->run_hits;
	char text[200];
	int64_t now = clock_mono_ms();

	if (n->disk_left != -1 && n->disk_left < USE_DISK_LOW) {
		(void)snprintf(text, sizeof(text),
		    "/work is full (%" PRId64 " MiB)", n->disk_max >> 20);
		projects_note(u->s.projects, p->id, "disk-full", text);
		past->told = true;
		past->noted_at = now - USE_NOTE_MS;
	} else if (past->at != 0 && oom) {
		(void)snprintf(text, sizeof(text),
		    "the kernel ended a process for memory (limit %" PRId64
		    " MiB)",
		    n->session.memory_max >> 20);
		projects_note(u->s.projects, p->id, "oom", text);
		past->told = true;
		past->noted_at = now;
	} else if (past->at != 0 && hit) {
		(void)snprintf(text, sizeof(text),
		    "a process could not be made (limit %" PRId64 ")",
		    n->session.pids_max);
		projects_note(u->s.projects, p->id, "pids", text);
		past->told = true;
		past->noted_at = now;
	} else if (past->told && now - past->noted_at >= USE_NOTE_MS) {
		projects_note(u->s.projects, p->id, "", "");
		past->told = false;
	}
	past->ooms = n->session.ooms;
	past->hits = n->session.pids_hits;
	past->run_ooms = n->run_ooms;
	past->run_hits = n->run_hits;
}

static void
use_write(struct uses *u, const struct project *p, const struct use_now *n,
    int64_t cpu_milli)
{
	jw_object(&u->w, NULL);
	jw_i64(&u->w, "id", p->id);
	jw_i64(&u->w, "memory", n->all.memory);
	jw_i64(&u->w, "memory_max", n->session.memory_max);
	jw_i64(&u->w, "cpu_milli", cpu_milli);
	jw_i64(&u->w, "cpu_max_milli", (int64_t)p->limits.cpu_milli);
	jw_i64(&u->w, "pids", n->all.pids);
	jw_i64(&u->w, "pids_max", n->session.pids_max);
	jw_i64(&u->w, "disk", n->disk);
	jw_i64(&u->w, "disk_max", n->disk_max);
	jw_i64(&u->w, "ooms", n->session.ooms);
	jw_i64(&u->w, "net_sent", n->sent);
	jw_i64(&u->w, "net_received", n->received);
	jw_end(&u->w);
	u->n++;
}

static void
use_look(const struct project *p, void *arg)
{
	struct uses *u = arg;
	enum sandbox_state is = sandbox_state(u->s.sandboxes, p->id);
	struct use_past *past = map_get_u64(u->past, (uint64_t)p->id);
	int64_t now = clock_mono_ms(), milli = -1;
	struct use_now n;
	struct err e = ERR_INIT;

	if ((is != SANDBOX_RUNNING && is != SANDBOX_PAUSED) ||
	    u->n >= USE_BATCH) {
		free(map_del_u64(u->past, (uint64_t)p->id));
		return;
	}
	if (use_read(u, p->id, &n, &e) == -1) {
		free(map_del_u64(u->past, (uint64_t)p->id));
		use_write(u, p, &n, -1);
		return;
	}
	if (past == NULL) {
		past = xcalloc(1, sizeof(*past));
		(void)map_put_u64(u->past, (uint64_t)p->id, past);
	}
	if (past->at != 0 && now > past->at && past->cpu_us >= 0 &&
	    n.all.cpu_us >= past->cpu_us)
		milli = (n.all.cpu_us - past->cpu_us) / (now - past->at);
	use_judge(u, p, &n, past);
	past->cpu_us = n.all.cpu_us;
	past->at = now;
	use_write(u, p, &n, milli);
}

static void
use_on_told(const struct err *fail, int status, const struct json *j, void *arg)
{
	(void)status;
	(void)j;
	(void)arg;
	if (fail != NULL)
		log_info("use not-told why=%s", log_val(fail->msg));
}

static void
use_on_timer(void *arg)
{
	struct uses *u = arg;
	char driver[DRIVER_TEXT_MAX];

	timer_set(u->timer, USE_EVERY_MS);
	str_reset(&u->body);
	jw_init(&u->w, &u->body);
	jw_object(&u->w, NULL);
	jw_array(&u->w, "uses");
	u->n = 0;
	use_net_read(u->s.host, &u->net);
	projects_each(u->s.projects, use_look, u);
	jw_end(&u->w);
	driver_describe(u->s.host, u->s.driver, driver);
	jw_str(&u->w, "driver", driver);
	jw_str(&u->w, "version", VERSION);
	if (u->s.figures != NULL)
		figures_write(u->s.figures, &u->w, "figures");
	jw_end(&u->w);
	/* Of no sandbox even: it says that agentd is there. */
	if (!call_busy(u->call))
		call_start(u->call, "PUT", "/api/coffer/v1/sandboxes/use",
		    str_cstr(&u->body));
}

struct uses *
uses_new(const struct uses_spec *spec)
{
	struct uses *u = xcalloc(1, sizeof(*u));

	u->s = *spec;
	u->body = STR_INIT;
	u->net = STR_INIT;
	u->past = map_new();
	u->call = call_new(spec->host->loop, spec->api, use_on_told, u);
	u->timer = timer_new(spec->host->loop, use_on_timer, u);
	timer_set(u->timer, 0);
	return u;
}

void
uses_free(struct uses *u)
{
	size_t cursor = 0;
	void *v;

	if (u == NULL)
		return;
	while (map_next(u->past, &cursor, NULL, &v))
		free(v);
	map_free(u->past);
	call_free(u->call);
	timer_free(u->timer);
	str_release(&u->body);
	str_release(&u->net);
	free(u);
}
