#include "server/service/svc_look.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"
#include "server/git/git_pull.h"
#include "server/store/projects.h"
#include "server/store/pull_looks.h"
#include "server/store/pull_writers.h"
#include "server/store/pulls.h"

enum {
	SVC_LOOK_KEY = 48,
	SVC_LOOK_FOUND_MAX = 1000,
	SVC_LOOK_AGAIN_MS = 10 * 60 * 1000 /* after one that failed */
};

struct svc_look_wait {
	STAILQ_ENTRY(svc_look_wait) entry;
	svc_look_done_fn *fn;
	void *arg;
};
STAILQ_HEAD(svc_look_waits, svc_look_wait);

struct svc_look {
	TAILQ_ENTRY(svc_look) entry;
	struct svc *s;
	char key[SVC_LOOK_KEY];
	int64_t project;
	int64_t number;
	struct svc_look_waits waits;
	bool waited; /* it is among those that are asked for */
	/* The writer thread's while the rows are written. */
	struct look row;
	struct look_list found;
};
TAILQ_HEAD(svc_look_queue, svc_look);

struct svc_looks {
	struct svc *s;
	struct map *all;             /* key -> struct svc_look */
	struct svc_look_queue asked; /* somebody waits; first come first */
	struct svc_look_queue ready; /* nobody does */
	bool busy, scheduled;
};

static void svc_look_schedule(struct svc_looks *l);

struct svc_looks *
svc_looks_new(struct svc *s)
{
	struct svc_looks *l = xcalloc(1, sizeof(*l));

	l->s = s;
	l->all = map_new();
	TAILQ_INIT(&l->asked);
	TAILQ_INIT(&l->ready);
	return l;
}

static void
svc_look_free(struct svc_look *x)
{
	struct svc_look_wait *w;

	while ((w = STAILQ_FIRST(&x->waits)) != NULL) {
		STAILQ_REMOVE_HEAD(&x->waits, entry);
		free(w);
	}
	look_list_release(&x->found);
	free(x);
}

void
svc_looks_free(struct svc_looks *l)
{
	size_t at = 0;
	void *v;

	if (l == NULL)
		return;
	while (map_next(l->all, &at, NULL, &v))
		svc_look_free(v);
	map_free(l->all);
	free(l);
}

size_t
svc_looks_waiting(const struct svc_looks *l)
{
	return l != NULL ? map_count(l->all) : 0;
}

bool
svc_look_is_known(struct txn *t, const struct pull *p, int64_t now)
{
	struct look row;
	struct err e = ERR_INIT;

	return pull_looks_get(
		   t, p->issue.project_id, p->issue.number, &row, &e) == 0 &&
	    (row.why[0] == '\0' || now - row.at < SVC_LOOK_AGAIN_MS) &&
	    strcmp(row.head, p->head_sha) == 0 &&
	    strcmp(row.base, p->base_sha) == 0;
}

int
svc_look_list(
    struct txn *t, const struct pull *p, struct look_list *out, struct err *e)
{
	int64_t project = p->issue.project_id, number = p->issue.number;

	if (pull_looks_list(t, project, number, out, e) == -1)
		return -1;
	for (size_t i = 0; i < out->n; i++) {
		struct look_finding *f = &out->at[i];
		bool wrote = false;

		if (!f->counts)
			continue;
		if (pull_writers_has(
			t, project, number, f->dismissed.id, &wrote, e) == -1) {
			look_list_release(out);
			return -1;
		}
		f->counts = !wrote && f->dismissed.id != p->issue.author.id;
	}
	return 0;
}

static void
svc_look_end(struct svc_look *x)
{
	struct svc_looks *l = x->s->looks;
	struct svc_look_waits waits = STAILQ_HEAD_INITIALIZER(waits);
	struct svc_look_wait *w;

	STAILQ_CONCAT(&waits, &x->waits);
	(void)map_del(l->all, x->key);
	svc_look_free(x);
	l->busy = false;
	svc_look_schedule(l);
	while ((w = STAILQ_FIRST(&waits)) != NULL) {
		STAILQ_REMOVE_HEAD(&waits, entry);
		w->fn(w->arg);
		free(w);
	}
}

static int
svc_look_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_look *x = arg;

	return pull_looks_put(t, x->project, x->number, &x->row, &x->found, e);
}

static void
svc_look_written(const struct err *fail, void *arg)
{
	struct svc_look *x = arg;

	/* A project that is gone in the meantime is no news. */
	if (fail != NULL)
		log_warn("pull look project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    x->project, x->number, log_val(fail->msg));
	svc_look_end(x);
}

static bool
svc_look_take(struct look_list *found, const struct json *j)
{
	int severity = look_severity_parse(json_str_or(j, "severity", ""));
	struct look_finding f = { .line = json_i64_or(j, "line", 0),
		.severity = (enum look_severity)severity };

	if (severity == -1)
		return false;
	(void)snprintf(f.of, sizeof(f.of), "%s", json_str_or(j, "of", ""));
	f.rule = xstrdup(json_str_or(j, "rule", ""));
	f.file = xstrdup(json_str_or(j, "file", ""));
	f.message = xstrdup(json_str_or(j, "message", ""));
	f.reason = xstrdup("");
	found->at[found->n++] = f;
	return true;
}

static void
svc_look_on_found(const struct git_result *res, void *arg)
{
	struct svc_look *x = arg;
	const struct json *all = json_get(res->j, "findings"), *j;
	size_t n = res->fail == NULL ? json_count(all) : 0;

	x->row.at = x->s->now();
	if (res->fail != NULL)
		(void)snprintf(
		    x->row.why, sizeof(x->row.why), "%s", res->fail->msg);
	else if (n > SVC_LOOK_FOUND_MAX)
		(void)snprintf(
		    x->row.why, sizeof(x->row.why), "too many findings");
	if (x->row.why[0] == '\0') {
		x->found.at = xcalloc(n + 1, sizeof(*x->found.at));
		for (j = json_first(all); j != NULL; j = json_next(j))
			if (!svc_look_take(&x->found, j))
				(void)snprintf(x->row.why, sizeof(x->row.why),
				    "the worker's answer is not one");
	}
	db_write(x->s->db, svc_look_job, svc_look_written, x);
}

static void
svc_look_run(struct svc_look *x)
{
	struct txn *t = db_reader(x->s->db);
	struct pull p = { .run_id = 0 };
	struct err e = ERR_INIT;
	bool wanted = pulls_get(t, x->project, x->number, &p, &e) == 0 &&
	    p.issue.state == ISSUE_OPEN && p.head_sha[0] != '\0' &&
	    p.base_sha[0] != '\0' && !svc_look_is_known(t, &p, x->s->now());

	if (wanted) {
		memcpy(x->row.head, p.head_sha, sizeof(x->row.head));
		memcpy(x->row.base, p.base_sha, sizeof(x->row.base));
	}
	pull_release(&p);
	if (wanted)
		gitpull_look(x->s->git, x->project, x->row.base, x->row.head,
		    svc_look_on_found, x);
	else
		svc_look_end(x);
}

static void
svc_look_turn(void *arg)
{
	struct svc_looks *l = arg;
	struct svc_look *x = TAILQ_FIRST(&l->asked);

	l->scheduled = false;
	if (x == NULL)
		x = TAILQ_FIRST(&l->ready);
	if (x == NULL || l->busy)
		return;
	TAILQ_REMOVE(x->waited ? &l->asked : &l->ready, x, entry);
	/* Who asks from now on may know of a newer head. */
	(void)map_del(l->all, x->key);
	(void)snprintf(x->key, sizeof(x->key), "running");
	(void)map_put(l->all, x->key, x);
	l->busy = true;
	svc_look_run(x);
}

static void
svc_look_schedule(struct svc_looks *l)
{
	if (l->scheduled || l->busy ||
	    (TAILQ_EMPTY(&l->ready) && TAILQ_EMPTY(&l->asked)))
		return;
	l->scheduled = true;
	loop_defer(l->s->loop, svc_look_turn, l);
}

void
svc_look(struct svc *s, int64_t project, int64_t number, svc_look_done_fn *done,
    void *arg)
{
	struct svc_looks *l = s->looks;
	char key[SVC_LOOK_KEY];
	struct svc_look *x;

	(void)snprintf(
	    key, sizeof(key), "%" PRId64 "/%" PRId64, project, number);
	x = map_get(l->all, key);
	if (x == NULL) {
		x = xcalloc(1, sizeof(*x));
		x->s = s;
		x->project = project;
		x->number = number;
		memcpy(x->key, key, sizeof(key));
		STAILQ_INIT(&x->waits);
		(void)map_put(l->all, key, x);
		TAILQ_INSERT_TAIL(&l->ready, x, entry);
	}
	if (done != NULL) {
		struct svc_look_wait *w = xcalloc(1, sizeof(*w));

		w->fn = done;
		w->arg = arg;
		STAILQ_INSERT_TAIL(&x->waits, w, entry);
		if (!x->waited) {
			TAILQ_REMOVE(&l->ready, x, entry);
			TAILQ_INSERT_TAIL(&l->asked, x, entry);
			x->waited = true;
		}
	}
	svc_look_schedule(l);
}
