/* svc_mirror_move: tips are kept first, then refs move, a batch at a time. */
#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/base/view.h"
#include "server/git/git_pool.h"
#include "server/service/svc_mirror_priv.h"

enum {
	MIRROR_ATOMIC_MAX = 400,
	MIRROR_MOVES_MAX = 500, /* in one call of a worker */
	MIRROR_KEPT_AGAIN_MS = 24 * 3600 * 1000
};

static struct map *
mirror_items_by_ref(const struct mirror_job *j)
{
	struct map *m = map_new();

	for (size_t i = 0; i < j->n; i++)
		(void)map_put(m, j->items[i].ref, &j->items[i]);
	return m;
}

/* "REF ERROR" lines: those did not move. */
static void
mirror_mark_failed(struct mirror_job *j, struct view raw)
{
	struct map *items;
	struct view line, ref;

	if (raw.len == 0)
		return;
	items = mirror_items_by_ref(j);
	while (raw.len > 0 && view_split(&raw, '\n', &line)) {
		AUTO_FREE char *name = NULL;
		AUTO_FREE char *why = NULL;
		struct mirror_item *x;

		if (line.len == 0 || !view_split(&line, ' ', &ref))
			continue;
		name = view_dup(ref);
		why = view_dup(line);
		x = map_get(items, name);
		if (x == NULL || x->failed != NULL)
			continue;
		x->failed = xasprintf(
		    "git could not move it (%.160s); the next sync tries", why);
		log_warn("mirror ref-left project=%" PRId64 " ref=%s err=%s",
		    j->project.id, log_val(name), log_val(why));
	}
	map_free(items);
}

static void mirror_move(struct mirror_job *j);

static void
mirror_on_moved(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL) {
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, r->fail);
		return;
	}
	mirror_mark_failed(j, r->raw);
	FAIL_POINT(mirror_moving);
	mirror_move(j);
}

/* What goes makes room for what comes. */
static void
mirror_moves_make(struct mirror_job *j)
{
	struct git_ref_change *v = xcalloc(j->n + 1, sizeof(*v));
	bool adding = false;

	for (int pass = 0; pass < 2; pass++, adding = true)
		for (size_t i = 0; i < j->n; i++) {
			const struct mirror_item *x = &j->items[i];

			if (x->target[0] == '\0' ||
			    gitpool_sha_is_zero(x->target) == adding)
				continue;
			v[j->n_moves++] = (struct git_ref_change){
				.ref = x->ref,
				.old = x->local[0] != '\0' ? x->local
							   : GIT_ZERO_SHA,
				.new_sha = x->target
			};
		}
	j->moves = v;
	j->at_move = 0;
}

/* HEAD goes with the last batch: its branch is there by then. */
static void
mirror_move(struct mirror_job *j)
{
	struct git_refs_spec spec = { .v = &j->moves[j->at_move],
		.n = j->n_moves - j->at_move,
		.atomic = false };
	AUTO_FREE char *up_head = NULL;

	if (j->at_move > j->n_moves) {
		j->at = 0;
		mirror_job_write(j);
		return;
	}
	if (spec.n > MIRROR_MOVES_MAX) {
		spec.n = MIRROR_MOVES_MAX;
		j->at_move += spec.n;
	} else {
		j->at_move = j->n_moves + 1;
		if (j->head[0] != '\0') {
			up_head = xasprintf(
			    "refs/namespaces/upstream/%s", j->head);
			spec.head = j->head;
			spec.upstream_head = up_head;
		}
	}
	gitpool_refs_update(
	    j->m->spec.pool, j->project.id, &spec, mirror_on_moved, j);
}

/* An upstream that goes back and forth, or a ref that git never moves: a tip is
 * kept once in MIRROR_KEPT_AGAIN_MS, not at every poll. */
void
mirror_kept_known(struct mirror_job *j, const char *name, const char *sha)
{
	static const char prefix[] = "refs/coffer/kept/";
	struct view rest = view_of(name), at;
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *digits = NULL;
	struct err ignored = ERR_INIT;
	uint64_t ms;

	if (!view_starts(rest, prefix))
		return;
	rest = view_from(rest, sizeof(prefix) - 1);
	if (!view_split(&rest, '/', &at) || rest.len == 0)
		return;
	digits = view_dup(at);
	if (num_u64(digits, 0, INT64_MAX, &ms, &ignored) == -1 ||
	    (int64_t)ms > j->now || (int64_t)ms < j->now - MIRROR_KEPT_AGAIN_MS)
		return;
	key = xasprintf("%.*s %s", (int)rest.len, rest.p, sha);
	free(map_put(j->kept, key, xstrdup(name)));
}

/* The one of before, NULL when there is none. */
static char *
mirror_kept_before(const struct mirror_job *j, const struct mirror_item *x)
{
	AUTO_FREE char *key = xasprintf("%s %s", x->ref + 5, x->local);
	const char *name = map_get(j->kept, key);

	return name != NULL ? xstrdup(name) : NULL;
}

static void mirror_keep(struct mirror_job *j);

static void
mirror_on_kept(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL) {
		struct err e = *r->fail;

		(void)err_wrap(&e, "keep tips");
		mirror_job_fail(j, MIRROR_FAIL_INTERNAL, &e);
		return;
	}
	FAIL_POINT(mirror_after_kept);
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
		x->kept = mirror_kept_before(j, x);
		if (x->kept != NULL)
			continue;
		x->kept = svc_refs_kept_name(j->m->last_kept, x->ref);
		v[spec.n++] = (struct git_ref_change){
			.ref = x->kept, .old = GIT_ZERO_SHA, .new_sha = x->local
		};
	}
	if (spec.n > 0) {
		gitpool_refs_update(
		    j->m->spec.pool, j->project.id, &spec, mirror_on_kept, j);
		return;
	}
	mirror_moves_make(j);
	mirror_move(j);
}

void
mirror_job_planned(struct mirror_job *j)
{
	struct svc_mirror *m = j->m;

	m->last_kept = j->now > m->last_kept ? j->now : m->last_kept + 1;
	j->at = 0;
	mirror_keep(j);
}
