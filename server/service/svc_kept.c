#include "server/service/svc_kept.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/store/projects.h"

enum {
	KEPT_STRAY_MAX = 1000, /* of one pass */
	KEPT_DAY_MS = 24 * 60 * 60 * 1000
};

static const char kept_prefix[] = "refs/coffer/kept/";

/* A kept ref without a row. */
struct kept_stray {
	char *kept;
	char *ref;
	char sha[GIT_SHA_TEXT];
	int64_t at;
	bool lost; /* no ref has it */
};

struct svc_kept_tidy {
	struct svc *s;
	int64_t project;
	svc_kept_done_fn *done;
	void *arg;
	int64_t now, keep_ms;
	struct kept_ref_list rows;
	char **gone; /* names whose refs and rows go */
	size_t n_gone;
	size_t with_ref; /* of them, the first ones have a ref */
	struct kept_stray *stray;
	size_t n_stray, at;
	bool writing; /* the database has it */
	bool closed;
	struct map *failed; /* refs that git would not delete */
};

char *
svc_kept_full(const char *name)
{
	const char *rest = name;

	if (strncmp(name, kept_prefix, sizeof(kept_prefix) - 1) == 0)
		rest = name + sizeof(kept_prefix) - 1;
	if (*rest < '0' || *rest > '9' || strchr(rest, '/') == NULL ||
	    strlen(rest) > 4096 || strpbrk(rest, " \n\t") != NULL)
		return NULL;
	return xasprintf("%s%s", kept_prefix, rest);
}

static void
kept_tidy_free(struct svc_kept_tidy *k)
{
	kept_ref_list_release(&k->rows);
	for (size_t i = 0; i < k->n_gone; i++)
		free(k->gone[i]);
	free(k->gone);
	for (size_t i = 0; i < k->n_stray; i++) {
		free(k->stray[i].kept);
		free(k->stray[i].ref);
	}
	free(k->stray);
	map_free(k->failed);
	free(k);
}

void
svc_kept_tidy_cancel(struct svc_kept_tidy *k)
{
	if (k == NULL)
		return;
	k->closed = true;
	if (!k->writing)
		kept_tidy_free(k);
}

static void
kept_tidy_end(struct svc_kept_tidy *k, const struct err *fail)
{
	k->done(fail, k->arg);
	kept_tidy_free(k);
}

static int
kept_tidy_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_kept_tidy *k = arg;

	for (size_t i = 0; i < k->n_gone; i++)
		if (map_get(k->failed, k->gone[i]) == NULL &&
		    kept_delete(t, k->project, k->gone[i], e) == -1)
			return -1;
	for (size_t i = 0; i < k->n_stray; i++) {
		const struct kept_stray *x = &k->stray[i];
		const struct kept_new n = { .project_id = k->project,
			.kept = x->kept,
			.ref = x->ref,
			.sha = x->sha,
			.why = "found without a record of why",
			.now = x->at };

		if (x->lost && kept_put(t, &n, e) == -1)
			return -1;
	}
	return 0;
}

static void
kept_tidy_on_written(const struct err *fail, void *arg)
{
	struct svc_kept_tidy *k = arg;

	k->writing = false;
	if (k->closed)
		kept_tidy_free(k);
	else
		kept_tidy_end(k, fail);
}

static void
kept_tidy_write(struct svc_kept_tidy *k)
{
	FAIL_POINT(kept_before_rows);
	k->writing = true;
	db_write(k->s->db, kept_tidy_job, kept_tidy_on_written, k);
}

static void
kept_tidy_on_deleted(const struct git_result *r, void *arg)
{
	struct svc_kept_tidy *k = arg;
	struct view raw = r->raw, line, ref;

	if (r->fail != NULL) {
		kept_tidy_end(k, r->fail);
		return;
	}
	while (raw.len > 0 && view_split(&raw, '\n', &line))
		if (line.len > 0 && view_split(&line, ' ', &ref)) {
			AUTO_FREE char *name = view_dup(ref);

			(void)map_put(k->failed, name, k);
		}
	kept_tidy_write(k);
}

static void
kept_tidy_delete(struct svc_kept_tidy *k)
{
	struct git_ref_change *v = xcalloc(
	    k->with_ref + k->n_stray + 1, sizeof(*v));
	struct git_refs_spec spec = { .v = v, .atomic = false };

	for (size_t i = 0; i < k->with_ref; i++)
		v[spec.n++] = (struct git_ref_change){
			.ref = k->gone[i], .old = "", .new_sha = GIT_ZERO_SHA
		};
	for (size_t i = 0; i < k->n_stray; i++)
		if (!k->stray[i].lost)
			v[spec.n++] = (struct git_ref_change){
				.ref = k->stray[i].kept,
				.old = "",
				.new_sha = GIT_ZERO_SHA
			};
	if (k->n_gone > 0 || k->n_stray > 0)
		log_info("kept tidy project=%" PRId64 " gone=%zu strays=%zu",
		    k->project, k->n_gone, k->n_stray);
	if (spec.n > 0)
		gitpool_refs_update(
		    k->s->git, k->project, &spec, kept_tidy_on_deleted, k);
	else
		kept_tidy_write(k);
	free(v);
}

static void kept_tidy_ask(struct svc_kept_tidy *k);

static void
kept_tidy_on_ancestor(const struct git_result *r, void *arg)
{
	struct svc_kept_tidy *k = arg;

	/* Not to be told, or the ref is gone: it stays kept. */
	k->stray[k->at++].lost = r->fail != NULL ||
	    !json_bool_or(r->j, "yes", false);
	kept_tidy_ask(k);
}

static void
kept_tidy_ask(struct svc_kept_tidy *k)
{
	if (k->at < k->n_stray)
		gitpool_is_ancestor(k->s->git, k->project, k->stray[k->at].sha,
		    k->stray[k->at].ref, kept_tidy_on_ancestor, k);
	else if (k->n_gone == 0 && k->n_stray == 0)
		kept_tidy_end(k, NULL);
	else
		kept_tidy_delete(k);
}

/* refs/coffer/kept/TIME/heads/x: TIME and refs/heads/x. */
static void
kept_tidy_stray(struct svc_kept_tidy *k, const struct git_ref *ref)
{
	struct view rest = view_from(ref->name, sizeof(kept_prefix) - 1), at;
	AUTO_FREE char *time = NULL;
	struct err ignored = ERR_INIT;
	struct kept_stray *x;
	int64_t ms;

	if (k->n_stray == KEPT_STRAY_MAX || !view_split(&rest, '/', &at))
		return;
	time = view_dup(at);
	if (num_i64(time, 0, INT64_MAX, &ms, &ignored) == -1)
		return;
	/* That of a push which waits has no row yet. */
	if (ms > k->now - KEPT_DAY_MS && ms > k->s->started_at)
		return;
	x = &k->stray[k->n_stray++];
	x->kept = view_dup(ref->name);
	x->ref = xasprintf("refs/%.*s", (int)rest.len, rest.p);
	memcpy(x->sha, ref->sha, sizeof(x->sha));
	x->at = ms;
}

static void
kept_tidy_compare(struct svc_kept_tidy *k, struct view raw)
{
	struct map *refs = map_new();
	struct view rest = raw;
	struct git_ref ref;
	size_t n = 0;

	while (gitpool_ref_next(&rest, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		(void)map_put(refs, name, k);
		n++;
	}
	k->gone = xcalloc(k->rows.n + 1, sizeof(*k->gone));
	/* Those with a ref first; a row alone needs no git. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < k->rows.n; i++) {
			const struct kept_ref *row = &k->rows.at[i];
			bool has = map_get(refs, row->kept) != NULL;

			if (has == (pass == 1) ||
			    row->at >= k->now - (has ? k->keep_ms : 0))
				continue;
			k->gone[k->n_gone++] = xstrdup(row->kept);
			k->with_ref += has ? 1 : 0;
		}
	for (size_t i = 0; i < k->rows.n; i++)
		(void)map_del(refs, k->rows.at[i].kept);
	k->stray = xcalloc(map_count(refs) < KEPT_STRAY_MAX
		? map_count(refs) + 1
		: KEPT_STRAY_MAX,
	    sizeof(*k->stray));
	rest = raw;
	while (gitpool_ref_next(&rest, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		if (map_get(refs, name) != NULL)
			kept_tidy_stray(k, &ref);
	}
	map_free(refs);
}

/* All rows, not a page. */
static int
kept_tidy_rows(struct svc_kept_tidy *k, struct err *e)
{
	for (int64_t offset = 0;; offset += DB_LIST_MAX) {
		struct kept_ref_list l = { .n = 0 };

		if (kept_list(db_reader(k->s->db), k->project, 0, DB_LIST_MAX,
			offset, &l, e) == -1)
			return -1;
		k->rows.at = xrealloc(
		    k->rows.at, (k->rows.n + l.n + 1) * sizeof(*k->rows.at));
		if (l.n > 0)
			memcpy(
			    k->rows.at + k->rows.n, l.at, l.n * sizeof(*l.at));
		k->rows.n += l.n;
		free(l.at);
		if (l.n < DB_LIST_MAX)
			return 0;
	}
}

static void
kept_tidy_on_refs(const struct git_result *r, void *arg)
{
	struct svc_kept_tidy *k = arg;
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		kept_tidy_end(k, r->fail);
		return;
	}
	/* After the refs: a row that comes meanwhile has its ref. */
	if (kept_tidy_rows(k, &e) == -1) {
		kept_tidy_end(k, &e);
		return;
	}
	kept_tidy_compare(k, r->raw);
	kept_tidy_ask(k);
}

struct svc_kept_tidy *
svc_kept_tidy(struct svc *s, int64_t project, bool expires,
    svc_kept_done_fn *done, void *arg)
{
	struct svc_kept_tidy *k = xcalloc(1, sizeof(*k));
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	k->s = s;
	k->project = project;
	k->done = done;
	k->arg = arg;
	k->now = s->now();
	k->failed = map_new();
	k->keep_ms = INT64_MAX / 2;
	/* Without the project nothing expires, and the refs say it is gone. */
	if (expires && projects_by_id(db_reader(s->db), project, &p, &e) == 0)
		k->keep_ms = p.settings.keep_days * KEPT_DAY_MS;
	project_release(&p);
	gitpool_refs(s->git, project, kept_prefix, kept_tidy_on_refs, k);
	return k;
}
