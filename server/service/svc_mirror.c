#include "server/service/svc_mirror.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/io/child.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/mirror_fetch.h"
#include "server/git/repo.h"
#include "server/service/svc.h"
#include "server/service/svc_mirror_priv.h"
#include "server/service/svc_pull.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/refs.h"

enum {
	MIRROR_ATOMIC_MAX = 400,
	MIRROR_PACK_AFTER = 200, /* refs moved at once: pack them */
	MIRROR_PACK_MS = 600 * 1000,
	MIRROR_NOTICES_MAX = 20
};

static const char mirror_prefix[] = "refs/namespaces/upstream/";

struct svc_mirror *
svc_mirror_new(const struct svc_mirror_spec *spec)
{
	struct svc_mirror *m = xcalloc(1, sizeof(*m));

	m->spec = *spec;
	m->secrets = xstrdup(spec->secrets);
	m->spec.secrets = m->secrets;
	m->clean = map_new();
	TAILQ_INIT(&m->jobs);
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

static void
mirror_job_free(struct mirror_job *j)
{
	if (!j->closed)
		TAILQ_REMOVE(&j->m->jobs, j, link);
	mirror_op_cancel(j->op);
	mirror_items_release(j);
	mirror_map_release(j->shadow);
	mirror_map_release(j->local);
	mirror_report_release(j);
	svc_refs_release(&j->rows);
	project_release(&j->project);
	str_release(&j->remote);
	if (j->token != NULL)
		explicit_bzero(j->token, strlen(j->token));
	free(j->token);
	free(j);
}

/* The pool is freed after this, so what waits for it is never called. */
void
svc_mirror_free(struct svc_mirror *m)
{
	struct mirror_job *j;

	if (m == NULL)
		return;
	while ((j = TAILQ_FIRST(&m->jobs)) != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		if (!j->writing) {
			mirror_job_free(j);
			continue;
		}
		/* The database answers yet; then it is freed. */
		TAILQ_REMOVE(&m->jobs, j, link);
		j->closed = true;
	}
	map_free(m->clean);
	free(m->secrets);
	free(m);
}

static void
mirror_job_end(struct mirror_job *j)
{
	const struct svc_mirror_end end = {
		.fail = j->fail.code != ERR_NONE ? &j->fail : NULL,
		.auth = j->auth,
		.permanent = j->permanent,
		.refs = j->refs,
		.changed = (uint32_t)j->rows.changed,
	};

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
mirror_job_fail(struct mirror_job *j, const struct err *why)
{
	j->fail = *why;
	(void)map_del_u64(j->m->clean, (uint64_t)j->project.id);
	loop_defer(j->m->spec.loop, mirror_on_failed, j);
}

static void
mirror_on_packed(const struct child_exit *x, void *arg)
{
	struct err e = ERR_INIT;

	(void)arg;
	if (child_check(x, "git pack-refs", &e) == -1)
		log_warn("mirror pack-refs err=%s", log_val(e.msg));
}

/* Thousands of loose refs make every listing slow. */
static void
mirror_pack_refs(const struct mirror_job *j)
{
	static const char *const argv[] = { GIT_PROGRAM, "pack-refs", "--all",
		NULL };
	AUTO_FREE char *repo = gitenv_repo(j->m->spec.env, j->project.id);
	struct child_spec spec = { .argv = argv,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_COLLECT,
		.limit_ms = MIRROR_PACK_MS,
		.on_exit = mirror_on_packed };
	struct git_vars vars;
	struct child *c;
	struct err e = ERR_INIT;

	gitvars_init(&vars, j->m->spec.env);
	gitvars_add(&vars, "GIT_DIR", repo);
	spec.envp = gitvars_done(&vars);
	if (child_start(j->m->spec.loop, &spec, &c, &e) == -1)
		log_warn("mirror pack-refs err=%s", log_val(e.msg));
	gitvars_release(&vars);
}

static void
mirror_on_written(const struct err *fail, void *arg)
{
	struct mirror_job *j = arg;
	bool failed = false;

	j->writing = false;
	if (j->closed) {
		mirror_job_free(j);
		return;
	}
	if (fail != NULL) {
		mirror_job_fail(j, fail);
		return;
	}
	FAIL_POINT(mirror_after_rows);
	for (size_t i = 0; i < j->rows.n; i++) {
		const char *branch = refname_branch(j->rows.v[i].ref);

		if (branch != NULL && j->rows.v[i].changed)
			svc_pull_on_branch(j->m->spec.svc, j->project.id,
			    branch, j->rows.actor);
	}
	for (size_t i = 0; i < j->n; i++)
		failed = failed || j->items[i].failed || j->items[i].step.held;
	if (!failed)
		(void)map_put_u64(j->m->clean, (uint64_t)j->project.id, j->m);
	if (j->rows.changed > MIRROR_PACK_AFTER)
		mirror_pack_refs(j);
	mirror_job_end(j);
}

static void
mirror_put_notices(struct jw *w, const struct mirror_job *j)
{
	size_t n = 0;

	jw_array(w, "notices");
	for (size_t i = 0; i < j->n && n < MIRROR_NOTICES_MAX; i++) {
		const struct mirror_item *x = &j->items[i];

		if ((!x->step.notice || x->waited) && !x->failed)
			continue;
		n++;
		jw_object(w, NULL);
		jw_str(w, "ref", x->ref);
		jw_str(w, "why",
		    x->failed ? "git could not move it; the next sync tries"
			      : x->step.why);
		jw_str(w, "kept", x->kept);
		jw_end(w);
	}
	jw_end(w);
}

static int
mirror_synced(struct txn *t, struct mirror_job *j, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_u64(&w, "refs", j->refs);
	jw_u64(&w, "changed", j->rows.changed);
	mirror_put_notices(&w, j);
	jw_end(&w);
	return svc_refs_event(t, &j->rows, "mirror.synced", str_cstr(&data), e);
}

static int
mirror_set_ok(struct txn *t, const struct mirror_job *j, struct err *e)
{
	const struct mirror_state s = { .state = MIRROR_OK,
		.refs = j->refs,
		.last_ok_at = j->now,
		.next_at = j->next_at };

	return projects_set_mirror(t, j->project.id, &s, e);
}

static int
mirror_write_job(struct txn *t, void *arg, struct err *e)
{
	struct mirror_job *j = arg;
	const char *branch = refname_branch(j->head);
	bool news = false;

	if (mirror_set_ok(t, j, e) == -1)
		return -1;

	if (svc_refs_write(t, &j->rows, e) == -1)
		return -1;
	if (branch != NULL && strcmp(branch, j->project.default_branch) != 0 &&
	    projects_set_default_branch(t, j->project.id, branch, e) == -1)
		return -1;
	if (mirror_report_write(t, j, &news, e) == -1)
		return -1;
	news = news || j->rows.changed > 0 || j->first ||
	    j->project.mirror.state == MIRROR_FAILED ||
	    j->project.mirror.state == MIRROR_PAUSED;
	return news ? mirror_synced(t, j, e) : 0;
}

static void
mirror_rows_begin(struct mirror_job *j)
{
	j->now = clock_now_ms();
	j->next_at = mirror_plan_next(
	    j->now, j->project.settings.interval_s, 0, rnd_below(UINT32_MAX));
	j->rows.project = j->project.id;
	j->rows.actor = j->m->spec.svc->agentd_id;
	j->rows.now = j->now;
	j->rows.source = "mirror";
}

static void
mirror_write(struct mirror_job *j)
{
	struct svc_refs *r = &j->rows;

	mirror_rows_begin(j);
	r->quiet = j->first;
	for (size_t i = 0; i < j->n; i++) {
		const struct mirror_item *x = &j->items[i];
		AUTO_FREE char *up = xasprintf("%s%s", mirror_prefix, x->ref);
		struct svc_ref_move *m;

		/* Planned again next time, from the same old state. */
		if (x->failed || x->step.held)
			continue;
		m = svc_refs_add(
		    r, up, x->new_up[0] != '\0' ? x->new_up : SHA_ZERO);
		m->silent = true;
		if (x->target[0] == '\0' && x->local[0] == '\0')
			continue;
		m = svc_refs_add(
		    r, x->ref, x->target[0] != '\0' ? x->target : x->local);
		m->forced = x->step.forced;
		m->silent = x->facts.is_tag;
		if (x->kept == NULL)
			continue;
		m->kept = xstrdup(x->kept);
		memcpy(m->kept_sha, x->local, sizeof(m->kept_sha));
		m->why = x->step.why;
	}
	mirror_report_make(j);
	FAIL_POINT(mirror_before_rows);
	j->writing = true;
	db_write(j->m->spec.db, mirror_write_job, mirror_on_written, j);
}

/* "REF ERROR" lines: those did not move. */
static void
mirror_mark_failed(struct mirror_job *j, struct view raw)
{
	struct view line, ref;

	while (raw.len > 0 && view_split(&raw, '\n', &line)) {
		if (line.len == 0 || !view_split(&line, ' ', &ref))
			continue;
		for (size_t i = 0; i < j->n; i++)
			if (view_is(ref, j->items[i].ref)) {
				j->items[i].failed = true;
				log_warn("mirror ref-left project=%" PRId64
					 " ref=%s err=%.*s",
				    j->project.id, log_val(j->items[i].ref),
				    line.p != NULL ? (int)line.len : 0,
				    line.p != NULL ? line.p : "");
			}
	}
}

static void
mirror_on_moved(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL) {
		mirror_job_fail(j, r->fail);
		return;
	}
	mirror_mark_failed(j, r->raw);
	mirror_write(j);
}

static void
mirror_move(struct mirror_job *j)
{
	struct git_ref_change *v = xcalloc(j->n + 1, sizeof(*v));
	struct git_refs_spec spec = { .v = v, .atomic = false };
	AUTO_FREE char *up_head = NULL;
	bool adding = false;

	/* What goes makes room for what comes. */
	for (int pass = 0; pass < 2; pass++, adding = true)
		for (size_t i = 0; i < j->n; i++) {
			const struct mirror_item *x = &j->items[i];

			if (x->target[0] == '\0' ||
			    gitpool_sha_is_zero(x->target) == adding)
				continue;
			v[spec.n++] = (struct git_ref_change){ .ref = x->ref,
				.old = x->local[0] != '\0' ? x->local
							   : GIT_ZERO_SHA,
				.new_sha = x->target };
		}
	if (j->head[0] != '\0') {
		up_head = xasprintf("%s%s", mirror_prefix, j->head);
		spec.head = j->head;
		spec.upstream_head = up_head;
	}
	gitpool_refs_update(
	    j->m->spec.pool, j->project.id, &spec, mirror_on_moved, j);
	free(v);
}

static void mirror_keep(struct mirror_job *j);

static void
mirror_on_kept(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL) {
		struct err e = *r->fail;

		(void)err_wrap(&e, "keep tips");
		mirror_job_fail(j, &e);
		return;
	}
	mirror_keep(j);
}

/* Keep tips, a batch at a time; then move. */
static void
mirror_keep(struct mirror_job *j)
{
	struct git_ref_change v[MIRROR_ATOMIC_MAX];
	struct git_refs_spec spec = { .v = v, .atomic = true };

	for (; j->at < j->n && spec.n < MIRROR_ATOMIC_MAX; j->at++) {
		struct mirror_item *x = &j->items[j->at];

		if (!x->step.keep || x->local[0] == '\0')
			continue;
		x->kept = svc_refs_kept_name(j->m->last_kept, x->ref);
		v[spec.n++] = (struct git_ref_change){
			.ref = x->kept, .old = "", .new_sha = x->local
		};
	}
	if (spec.n == 0)
		mirror_move(j);
	else
		gitpool_refs_update(
		    j->m->spec.pool, j->project.id, &spec, mirror_on_kept, j);
}

void
mirror_job_planned(struct mirror_job *j)
{
	struct svc_mirror *m = j->m;

	m->last_kept = j->now > m->last_kept ? j->now : m->last_kept + 1;
	j->at = 0;
	mirror_keep(j);
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
	while (gitpool_ref_next(&rest, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		if (view_starts(ref.name, "refs/heads/") ||
		    view_starts(ref.name, "refs/tags/"))
			free(map_put(j->local, name, xstrdup(ref.sha)));
	}
	if (mirror_items_make(j, raw, &e) == -1) {
		mirror_job_fail(j, &e);
		return;
	}
	j->at = 0;
	mirror_items_plan(j);
}

static void
mirror_on_refs_after(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL)
		mirror_job_fail(j, r->fail);
	else
		mirror_plan(j, r->raw);
}

static void
mirror_on_fetched(const struct mirror_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->op = NULL;
	if (r->fail != NULL) {
		j->auth = r->auth;
		j->permanent = r->shallow;
		mirror_job_fail(j, r->fail);
		return;
	}
	FAIL_POINT(mirror_after_fetch);
	j->fetched = true;
	gitpool_refs(
	    j->m->spec.pool, j->project.id, "refs/", mirror_on_refs_after, j);
}

static struct mirror_remote
mirror_remote_of(const struct mirror_job *j)
{
	const struct svc_mirror_spec *s = &j->m->spec;

	return (struct mirror_remote){ .loop = s->loop,
		.env = s->env,
		.net = s->net,
		.url = j->project.upstream,
		.token = j->token,
		.limit_ms = s->fetch_ms };
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

static void
mirror_nothing_new(struct mirror_job *j, struct view raw)
{
	struct git_ref ref;

	while (gitpool_ref_next(&raw, &ref))
		if (view_starts(ref.name, mirror_prefix))
			j->refs++;
	mirror_rows_begin(j);
	j->writing = true;
	db_write(j->m->spec.db, mirror_write_job, mirror_on_written, j);
}

static void
mirror_on_refs_before(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;
	struct mirror_remote remote = mirror_remote_of(j);
	struct err e = ERR_INIT;
	bool same, head_same;

	if (r->fail != NULL) {
		mirror_job_fail(j, r->fail);
		return;
	}
	same = mirror_is_same(j, r->raw);
	head_same = j->head[0] == '\0' ||
	    strcmp(json_str_or(r->j, "head", ""), j->head) == 0;
	if (same && head_same &&
	    map_get_u64(j->m->clean, (uint64_t)j->project.id) != NULL) {
		mirror_nothing_new(j, r->raw);
		return;
	}
	if (same) {
		mirror_plan(j, r->raw);
		return;
	}
	j->op = mirror_fetch(&remote, j->project.id, mirror_on_fetched, j, &e);
	if (j->op == NULL)
		mirror_job_fail(j, &e);
}

static void
mirror_on_listed(const struct mirror_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->op = NULL;
	if (r->fail != NULL) {
		j->auth = r->auth;
		mirror_job_fail(j, r->fail);
		return;
	}
	j->remote.max = MIRROR_REFS_MAX + 1;
	str_addv(&j->remote, r->refs);
	(void)snprintf(j->head, sizeof(j->head), "%s", r->head);
	gitpool_refs(
	    j->m->spec.pool, j->project.id, "refs/", mirror_on_refs_before, j);
}

/* What the rows say of upstream's refs: the last state that was settled. */
static int
mirror_read_shadow(struct mirror_job *j, struct err *e)
{
	AUTO_FREE char *after = xstrdup(mirror_prefix);
	bool more = true;

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
	j->first = map_count(j->shadow) == 0;
	return 0;
}

static int
mirror_read_token(struct mirror_job *j, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/%" PRId64 ".token", j->m->spec.secrets, j->project.id);
	AUTO_STR struct str text = STR_INIT;
	struct err sub = ERR_INIT;

	if (path_read(path, MIRROR_TOKEN_MAX, &text, &sub) == -1) {
		if (sub.code != ERR_NOTFOUND) {
			*e = sub;
			return err_wrap(e, "upstream token");
		}
		j->token = xstrdup("");
		return 0;
	}
	j->token = view_dup(view_trim(str_view(&text)));
	explicit_bzero(text.p, text.len);
	return 0;
}

static int
mirror_begin(struct mirror_job *j, struct err *e)
{
	struct svc_mirror_spec *s = &j->m->spec;
	struct mirror_remote remote;

	if (projects_by_id(db_reader(s->db), j->project.id, &j->project, e) ==
	    -1)
		return -1;
	if (j->project.state != PROJECT_ACTIVE)
		return err_set(e, ERR_NOTFOUND, "the project is being deleted");
	if (svc_mirror_check_url(
		j->project.upstream, gitenv_allows_file(s->env), e) == -1) {
		j->permanent = true;
		return -1;
	}
	if (repo_create(s->env, j->project.id, NULL, e) == -1 ||
	    mirror_read_token(j, e) == -1 || mirror_read_shadow(j, e) == -1 ||
	    mirror_report_load(j, e) == -1)
		return -1;
	remote = mirror_remote_of(j);
	j->op = mirror_list(&remote, mirror_on_listed, j, e);
	return j->op == NULL ? -1 : 0;
}

void
svc_mirror_sync(
    struct svc_mirror *m, int64_t project, svc_mirror_done_fn *done, void *arg)
{
	struct mirror_job *j = xcalloc(1, sizeof(*j));
	struct err e = ERR_INIT;

	j->m = m;
	j->done = done;
	j->arg = arg;
	j->now = clock_now_ms();
	j->project.id = project;
	TAILQ_INSERT_TAIL(&m->jobs, j, link);
	if (mirror_begin(j, &e) == -1) {
		j->project.id = project;
		mirror_job_fail(j, &e);
	}
}
