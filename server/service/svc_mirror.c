#include "server/service/svc_mirror.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/failpoint.h"
#include "lib/base/map.h"
#include "lib/base/rnd.h"
#include "lib/wire/json.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/repo.h"
#include "server/git/repo_use.h"
#include "server/service/svc.h"
#include "server/service/svc_mirror_priv.h"
#include "server/service/svc_secret.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/refs.h"

enum {
	MIRROR_FETCHES = 4,
	MIRROR_STALL_MS = 60 * 1000,
	MIRROR_LIST_MS = 60 * 1000,
	MIRROR_FETCH_MS = 30 * 60 * 1000,
	MIRROR_PATIENCE_MS = 60 * 1000 /* with maintenance, when nobody waits */
};

#define MIRROR_MAX_BYTES (UINT64_C(20) << 30)
#define MIRROR_MIN_FREE (UINT64_C(256) << 20)

static const char mirror_prefix[] = "refs/namespaces/upstream/";

static void
mirror_limits_fill(struct svc_mirror *m)
{
	struct mirror_limits *l = &m->spec.limits;

	m->ca_file = l->ca_file != NULL ? xstrdup(l->ca_file) : NULL;
	m->ssh_agent = l->ssh_agent != NULL ? xstrdup(l->ssh_agent) : NULL;
	l->ca_file = m->ca_file;
	l->ssh_agent = m->ssh_agent;
	if (l->max_bytes == 0)
		l->max_bytes = MIRROR_MAX_BYTES;
	if (l->min_free == 0)
		l->min_free = MIRROR_MIN_FREE;
	if (l->stall_ms == 0)
		l->stall_ms = MIRROR_STALL_MS;
	if (l->list_ms == 0)
		l->list_ms = MIRROR_LIST_MS;
	if (l->fetch_ms == 0)
		l->fetch_ms = MIRROR_FETCH_MS;
	if (m->spec.fetches == 0)
		m->spec.fetches = MIRROR_FETCHES;
}

struct svc_mirror *
svc_mirror_new(const struct svc_mirror_spec *spec)
{
	struct svc_mirror *m = xcalloc(1, sizeof(*m));

	m->spec = *spec;
	mirror_limits_fill(m);
	m->known = map_new();
	TAILQ_INIT(&m->jobs);
	TAILQ_INIT(&m->queue);
	return m;
}

static void
mirror_map_release(struct map *m)
{
	size_t cursor = 0;
	void *value;

	while (m != NULL && map_next(m, &cursor, NULL, &value))
		free(value);
	map_free(m);
}

static void mirror_fetch_turn(struct svc_mirror *m);

/* Its turn to fetch goes to the next. */
static void
mirror_fetch_leave(struct mirror_job *j)
{
	struct svc_mirror *m = j->m;

	if (j->queued)
		TAILQ_REMOVE(&m->queue, j, turn);
	j->queued = false;
	if (!j->fetching)
		return;
	j->fetching = false;
	m->fetching--;
	mirror_fetch_turn(m);
}

void
mirror_job_free(struct mirror_job *j)
{
	if (!j->closed)
		TAILQ_REMOVE(&j->m->jobs, j, link);
	mirror_op_cancel(j->op);
	repo_use_leave(j->hold);
	mirror_items_release(j);
	mirror_map_release(j->shadow);
	mirror_map_release(j->local);
	mirror_map_release(j->kept);
	mirror_report_release(j);
	svc_refs_release(&j->rows);
	project_release(&j->project);
	str_release(&j->remote);
	str_release(&j->odd);
	free(j->moves);
	if (j->token != NULL)
		explicit_bzero(j->token, strlen(j->token));
	free(j->token);
	free(j->key);
	free(j->known_hosts);
	free(j);
}

/* The pool and the uses are freed after this, so what waits for them is never
 * called. */
void
svc_mirror_free(struct svc_mirror *m)
{
	struct mirror_job *j;

	if (m == NULL)
		return;
	TAILQ_INIT(&m->queue);
	while ((j = TAILQ_FIRST(&m->jobs)) != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		if (!j->writing) {
			mirror_job_free(j);
			continue;
		}
		/* The database answers yet; then it is freed. */
		TAILQ_REMOVE(&m->jobs, j, link);
		repo_use_leave(j->hold);
		j->hold = NULL;
		j->closed = true;
	}
	mirror_map_release(m->known);
	free(m->ca_file);
	free(m->ssh_agent);
	free(m);
}

void
svc_mirror_unknow(struct svc_mirror *m, int64_t project)
{
	free(map_del_u64(m->known, (uint64_t)project));
}

static void
mirror_job_end(struct mirror_job *j)
{
	const struct svc_mirror_end end = {
		.fail = j->kind != MIRROR_FAIL_NONE ? &j->fail : NULL,
		.kind = j->kind,
		.until = j->until,
		.quiet = j->quiet,
		.next_at = j->next_at,
		.refs = j->refs,
		.changed = j->changed,
	};

	mirror_fetch_leave(j);
	j->done(&end, j->arg);
	mirror_job_free(j);
}

static void
mirror_on_failed(void *arg)
{
	mirror_job_end(arg);
}

/* A failed state is mirror_loop's to write: it knows when next. */
void
mirror_job_fail(
    struct mirror_job *j, enum mirror_fail kind, const struct err *why)
{
	j->fail = *why;
	j->kind = kind;
	svc_mirror_unknow(j->m, j->project.id);
	loop_defer(j->m->spec.loop, mirror_on_failed, j);
}

void
svc_mirror_cancel(struct svc_mirror *m, int64_t project)
{
	struct err e = ERR_INIT;
	struct mirror_job *j;

	(void)err_set(&e, ERR_NOTFOUND, "the project is being deleted");
	TAILQ_FOREACH(j, &m->jobs, link)
	{
		/* cppcheck-suppress uninitvar */
		if (j->project.id != project || j->op == NULL)
			continue;
		mirror_op_cancel(j->op);
		j->op = NULL;
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, &e);
	}
}

/* Everything here follows from what upstream answered: then the same answer
 * needs no second look. */
void
mirror_job_done(struct mirror_job *j)
{
	struct mirror_known *k;
	bool settled = j->listed;

	for (size_t i = 0; i < j->n; i++)
		settled = settled && !j->items[i].failed &&
		    !j->items[i].step.held;
	svc_mirror_unknow(j->m, j->project.id);
	if (settled) {
		k = xcalloc(1, sizeof(*k));
		memcpy(k->digest, j->digest, sizeof(k->digest));
		k->at = j->now;
		k->refs = j->refs;
		(void)map_put_u64(j->m->known, (uint64_t)j->project.id, k);
	}
	mirror_job_end(j);
}

/* What the rows say of upstream's refs: the last state that was settled. */
static int
mirror_read_shadow(struct mirror_job *j, struct err *e)
{
	AUTO_FREE char *after = xstrdup(mirror_prefix);
	bool more = true;

	mirror_map_release(j->shadow);
	j->shadow = map_new();
	while (more) {
		struct ref_row_list l = { .n = 0 };

		if (refs_list(db_reader(j->m->spec.db), j->project.id, after,
			&l, e) == -1)
			return -1;
		more = l.more && l.n > 0;
		for (size_t i = 0; i < l.n; i++) {
			if (strncmp(l.at[i].ref, mirror_prefix,
				sizeof(mirror_prefix) - 1) != 0) {
				more = false;
				break;
			}
			free(map_put(
			    j->shadow, l.at[i].ref, xstrdup(l.at[i].sha)));
		}
		if (more) {
			free(after);
			after = xstrdup(l.at[l.n - 1].ref);
		}
		ref_row_list_release(&l);
	}
	j->first = j->project.mirror.last_ok_at == 0;
	return 0;
}

/* The refs of the repository, after a fetch or without one. */
static void
mirror_plan(struct mirror_job *j, struct view raw)
{
	struct err e = ERR_INIT;
	struct view rest = raw;
	struct git_ref ref;

	mirror_map_release(j->local);
	j->local = map_new();
	mirror_map_release(j->kept);
	j->kept = map_new();
	while (gitpool_ref_next(&rest, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		if (view_starts(ref.name, "refs/heads/") ||
		    view_starts(ref.name, "refs/tags/"))
			free(map_put(j->local, name, xstrdup(ref.sha)));
		else
			mirror_kept_known(j, name, ref.sha);
	}
	if (mirror_read_shadow(j, &e) == -1 ||
	    mirror_report_load(j, &e) == -1 ||
	    mirror_items_make(j, raw, &e) == -1) {
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, &e);
		return;
	}
	j->at = 0;
	mirror_items_plan(j);
}

static struct mirror_remote
mirror_remote_of(const struct mirror_job *j)
{
	const struct svc_mirror_spec *s = &j->m->spec;

	return (struct mirror_remote){ .loop = s->loop,
		.env = s->env,
		.net = s->net,
		.limits = &s->limits,
		.url = j->project.upstream,
		.token = j->token,
		.key = j->key,
		.known_hosts = j->known_hosts,
		.odd = str_view(&j->odd) };
}

/* Is refs/namespaces/upstream exactly what upstream has? */
static bool
mirror_is_same(const struct mirror_job *j, struct view raw)
{
	struct view remote = str_view(&j->remote);
	struct git_ref a, b;

	if (remote.p == NULL)
		remote.p = "";
	for (;;) {
		bool more_a, more_b;

		do
			more_a = gitpool_ref_next(&raw, &a);
		while (more_a && !view_starts(a.name, mirror_prefix));
		more_b = gitpool_ref_next(&remote, &b);
		if (!more_a || !more_b)
			return more_a == more_b;
		if (strcmp(a.sha, b.sha) != 0 ||
		    !view_eq(
			view_from(a.name, sizeof(mirror_prefix) - 1), b.name))
			return false;
	}
}

static void mirror_ask_list(struct mirror_job *j, const uint8_t *known);

/* The list was right, or upstream has moved since: then it is asked again. */
static void
mirror_on_refs_after(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, r->fail);
	} else if (mirror_is_same(j, r->raw)) {
		mirror_plan(j, r->raw);
	} else if (++j->tries < MIRROR_TRIES) {
		mirror_ask_list(j, NULL);
	} else {
		(void)err_set(&e, ERR_PROTO,
		    "upstream lists other refs than it gives: %s",
		    mirror_fail_advice(MIRROR_FAIL_LYING));
		mirror_job_fail(j, MIRROR_FAIL_LYING, &e);
	}
}

static void
mirror_on_fetched(const struct mirror_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->op = NULL;
	mirror_fetch_leave(j);
	gitpool_refs_moved(j->m->spec.pool, j->project.id);
	if (r->fail != NULL) {
		mirror_job_fail(j, r->kind, r->fail);
		return;
	}
	FAIL_POINT(mirror_after_fetch);
	gitpool_refs(
	    j->m->spec.pool, j->project.id, "refs/", mirror_on_refs_after, j);
}

static void
mirror_fetch_start(struct mirror_job *j)
{
	struct mirror_remote remote = mirror_remote_of(j);
	struct err e = ERR_INIT;

	j->op = mirror_fetch(&remote, j->project.id, mirror_on_fetched, j, &e);
	if (j->op != NULL)
		return;
	if (e.code == ERR_LIMIT) {
		struct err full = ERR_INIT;

		(void)err_set(&full, ERR_LIMIT, "%.150s: %s", e.msg,
		    mirror_fail_advice(MIRROR_FAIL_DISK));
		mirror_job_fail(j, MIRROR_FAIL_DISK, &full);
	} else {
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, &e);
	}
}

/* Fetches cost a process and a disk each: only so many at once.  Whoever is
 * waited for goes first. */
static void
mirror_fetch_turn(struct svc_mirror *m)
{
	while (m->fetching < m->spec.fetches) {
		struct mirror_job *j, *first = TAILQ_FIRST(&m->queue);

		TAILQ_FOREACH(j, &m->queue, turn)
		if (j->wanted && !first->wanted)
			first = j;
		if (first == NULL)
			return;
		TAILQ_REMOVE(&m->queue, first, turn);
		first->queued = false;
		first->fetching = true;
		m->fetching++;
		mirror_fetch_start(first);
	}
}

static void
mirror_on_refs_before(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL) {
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, r->fail);
		return;
	}
	if (mirror_is_same(j, r->raw)) {
		mirror_plan(j, r->raw);
		return;
	}
	j->queued = true;
	TAILQ_INSERT_TAIL(&j->m->queue, j, turn);
	mirror_fetch_turn(j->m);
}

static void
mirror_on_held(void *arg)
{
	struct mirror_job *j = arg;

	gitpool_refs(
	    j->m->spec.pool, j->project.id, "refs/", mirror_on_refs_before, j);
}

static void
mirror_on_listed(const struct mirror_result *r, void *arg)
{
	struct mirror_job *j = arg;
	const struct mirror_known *k = map_get_u64(
	    j->m->known, (uint64_t)j->project.id);

	j->op = NULL;
	if (r->fail != NULL) {
		j->until = r->until;
		mirror_job_fail(j, r->kind, r->fail);
		return;
	}
	if (r->same) {
		j->quiet = true;
		j->refs = k != NULL ? k->refs : 0;
		j->next_at = mirror_plan_next(clock_now_ms(),
		    j->project.settings.interval_s, 0, rnd_below(UINT32_MAX));
		mirror_job_end(j);
		return;
	}
	str_reset(&j->remote);
	j->remote.max = MIRROR_REFS_MAX + 1;
	str_addv(&j->remote, r->refs);
	str_reset(&j->odd);
	str_addv(&j->odd, r->odd);
	(void)snprintf(j->head, sizeof(j->head), "%s", r->head);
	memcpy(j->digest, r->digest, sizeof(j->digest));
	j->listed = true;
	if (j->hold != NULL)
		mirror_on_held(j);
	else
		j->hold = repo_use_share(j->m->spec.svc->use, j->project.id,
		    j->wanted ? 0 : MIRROR_PATIENCE_MS, mirror_on_held, j);
}

static void
mirror_ask_list(struct mirror_job *j, const uint8_t *known)
{
	struct mirror_remote remote = mirror_remote_of(j);
	struct err e = ERR_INIT;

	remote.known = known;
	j->op = mirror_list(&remote, mirror_on_listed, j, &e);
	if (j->op == NULL)
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, &e);
}

static int
mirror_read_token(struct mirror_job *j, struct err *e)
{
	AUTO_SECRET struct str text = STR_INIT;
	struct view token;

	if (svc_secret_read(j->m->spec.svc->home, j->project.id,
		SVC_SECRET_TOKEN, &text, &token, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
	}
	j->token = view_dup(token);
	return 0;
}

/* A file for ssh, NULL when it is not there. */
static char *
mirror_find_file(const struct mirror_job *j, enum svc_secret what)
{
	AUTO_FREE char *path = svc_secret_path(
	    j->m->spec.svc->home, j->project.id, what);

	return access(path, R_OK) == 0 ? STEAL(path) : NULL;
}

static int
mirror_begin(struct mirror_job *j, struct err *e)
{
	struct svc_mirror_spec *s = &j->m->spec;
	const struct mirror_known *k = map_get_u64(
	    j->m->known, (uint64_t)j->project.id);

	if (projects_by_id(db_reader(s->db), j->project.id, &j->project, e) ==
	    -1)
		return -1;
	if (j->project.state != PROJECT_ACTIVE)
		return err_set(e, ERR_NOTFOUND, "the project is being deleted");
	if (svc_mirror_check_url(
		j->project.upstream, gitenv_allows_file(s->env), e) == -1) {
		j->kind = MIRROR_FAIL_CONFIG;
		return -1;
	}
	if (mirror_read_token(j, e) == -1)
		return -1;
	j->key = mirror_find_file(j, SVC_SECRET_KEY);
	j->known_hosts = mirror_find_file(j, SVC_SECRET_KNOWN_HOSTS);
	if (k != NULL && j->project.mirror.state == MIRROR_OK &&
	    j->now < k->at + MIRROR_KNOWN_MS) {
		mirror_ask_list(j, k->digest);
		return 0;
	}
	if (repo_create(s->env, j->project.id, NULL, e) == -1)
		return -1;
	mirror_ask_list(j, NULL);
	return 0;
}

void
svc_mirror_sync(struct svc_mirror *m, int64_t project, bool wanted,
    svc_mirror_done_fn *done, void *arg)
{
	struct mirror_job *j = xcalloc(1, sizeof(*j));
	struct err e = ERR_INIT;

	j->m = m;
	j->done = done;
	j->arg = arg;
	j->wanted = wanted;
	j->now = clock_now_ms();
	j->project.id = project;
	TAILQ_INSERT_TAIL(&m->jobs, j, link);
	if (mirror_begin(j, &e) == -1) {
		j->project.id = project;
		mirror_job_fail(j,
		    j->kind != MIRROR_FAIL_NONE ? j->kind
						: MIRROR_FAIL_INTERNAL,
		    &e);
	}
}
