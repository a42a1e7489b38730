#include "server/git/ref_cache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/wire/json.h"
#include "server/git/ref_snapshot.h"

static const char *const refcache_near[] = { "HEAD", "packed-refs",
	"refs/heads", "refs/tags" };

enum {
	REFCACHE_NEAR = sizeof(refcache_near) / sizeof(refcache_near[0])
};

struct refcache_look {
	uint64_t ino[REFCACHE_NEAR];
	int64_t at[REFCACHE_NEAR]; /* ns */
	int64_t size[REFCACHE_NEAR];
};

struct ref_wait {
	LIST_ENTRY(ref_wait) link;
	struct refcache_entry *entry;
	uint64_t gen; /* what the question wants at least */
	ref_ready_fn *done;
	void *arg;
};
LIST_HEAD(refcache_waits, ref_wait);

struct refcache_entry {
	TAILQ_ENTRY(refcache_entry) link;
	struct ref_cache *cache;
	int64_t project;
	uint64_t gen; /* grows with each move */
	struct ref_snapshot *s;
	uint64_t s_gen;
	struct refcache_look look; /* before s was read */
	int64_t looked_at, checked_at;
	bool loading;
	uint64_t load_gen;
	struct refcache_look load_look;
	int64_t load_at;
	struct refcache_waits waits;
	unsigned busy; /* callbacks run */
};
TAILQ_HEAD(refcache_list, refcache_entry);

struct ref_cache {
	struct ref_cache_spec spec;
	char *repos;
	struct map *entries;       /* project -> entry */
	struct refcache_list used; /* the least recently used first */
	size_t n;
	size_t waiting;
	size_t kept; /* bytes of the entries' snapshots */
	uint64_t gen;
	struct ref_budget *budget;
};

struct ref_cache *
ref_cache_new(const struct ref_cache_spec *spec)
{
	struct ref_cache *c = xcalloc(1, sizeof(*c));

	c->spec = *spec;
	if (c->spec.max_bytes == 0)
		c->spec.max_bytes = REF_CACHE_BYTES;
	c->repos = xstrdup(spec->repos);
	c->entries = map_new();
	TAILQ_INIT(&c->used);
	c->budget = refbudget_new();
	return c;
}

static void
refcache_drop_snapshot(struct refcache_entry *x)
{
	if (x->s == NULL)
		return;
	x->cache->kept -= refsnap_bytes(x->s);
	refsnap_unref(x->s);
	x->s = NULL;
}

static void
refcache_forget(struct refcache_entry *x)
{
	struct ref_cache *c = x->cache;

	refcache_drop_snapshot(x);
	(void)map_del_u64(c->entries, (uint64_t)x->project);
	TAILQ_REMOVE(&c->used, x, link);
	c->n--;
	free(x);
}

void
ref_cache_free(struct ref_cache *c)
{
	struct refcache_entry *x;

	if (c == NULL)
		return;
	while ((x = TAILQ_FIRST(&c->used)) != NULL) {
		struct ref_wait *w;

		while ((w = LIST_FIRST(&x->waits)) != NULL) {
			LIST_REMOVE(w, link);
			/* Its owner may still cancel it. */
			w->entry = NULL;
		}
		refcache_forget(x);
	}
	map_free(c->entries);
	refbudget_unref(c->budget);
	free(c->repos);
	free(c);
}

static struct refcache_entry *
refcache_find(const struct ref_cache *c, int64_t project)
{
	return map_get_u64(c->entries, (uint64_t)project);
}

/* An entry that waits or calls back stays. */
static void
refcache_trim(struct ref_cache *c)
{
	struct refcache_entry *x, *next;

	TAILQ_FOREACH_SAFE(x, &c->used, link, next)
	{
		if (c->kept <= c->spec.max_bytes && c->n <= REF_CACHE_ENTRIES)
			return;
		if (!x->loading && x->busy == 0 && LIST_EMPTY(&x->waits))
			refcache_forget(x);
	}
}

static struct refcache_entry *
refcache_get(struct ref_cache *c, int64_t project)
{
	struct refcache_entry *x = refcache_find(c, project);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof(*x));
	x->cache = c;
	x->project = project;
	x->gen = ++c->gen;
	LIST_INIT(&x->waits);
	(void)map_put_u64(c->entries, (uint64_t)project, x);
	TAILQ_INSERT_TAIL(&c->used, x, link);
	c->n++;
	x->busy++;
	refcache_trim(c);
	x->busy--;
	return x;
}

static void
refcache_look(const struct refcache_entry *x, struct refcache_look *out)
{
	AUTO_FREE char *dir = xasprintf(
	    "%s/%" PRId64 ".git", x->cache->repos, x->project);

	*out = (struct refcache_look){ .ino = { 0 } };
	for (size_t i = 0; i < REFCACHE_NEAR; i++) {
		AUTO_FREE char *path = xasprintf(
		    "%s/%s", dir, refcache_near[i]);
		struct stat st;

		if (stat(path, &st) == -1)
			continue;
		out->ino[i] = (uint64_t)st.st_ino;
		out->at[i] = (int64_t)st.st_mtim.tv_sec * 1000000000 +
		    st.st_mtim.tv_nsec;
		out->size[i] = (int64_t)st.st_size;
	}
}

/* Of the entry's snapshot: may it answer without a question to a worker? */
static bool
refcache_is_true(struct refcache_entry *x)
{
	int64_t now = x->cache->spec.now_ms();
	struct refcache_look look;
	int64_t age;

	if (x->s == NULL || x->s_gen != x->gen)
		return false;
	age = now - x->checked_at;
	if (age >= REF_CACHE_FULL_MS ||
	    (!refsnap_settled(x->s) && age >= REF_CACHE_UNSETTLED_MS))
		return false;
	if (now - x->looked_at < REF_CACHE_NEAR_MS)
		return true;
	refcache_look(x, &look);
	x->looked_at = now;
	if (memcmp(&look, &x->look, sizeof(look)) == 0)
		return true;
	x->gen = ++x->cache->gen;
	return false;
}

static void
refcache_touch(struct refcache_entry *x)
{
	struct ref_cache *c = x->cache;

	TAILQ_REMOVE(&c->used, x, link);
	TAILQ_INSERT_TAIL(&c->used, x, link);
}

struct ref_snapshot *
ref_cache_now(struct ref_cache *c, int64_t project)
{
	struct refcache_entry *x = refcache_find(c, project);

	if (x == NULL || !refcache_is_true(x))
		return NULL;
	refcache_touch(x);
	return refsnap_ref(x->s);
}

static void refcache_on_list(const struct git_result *r, void *arg);

/* The owner's `done` names the project: the cache may be gone by then, but
 * then the owner's pool is, too, and tells nobody. */
static void
refcache_load(struct refcache_entry *x)
{
	struct ref_cache *c = x->cache;
	AUTO_FREE char *known = xstrdup(
	    x->s != NULL && x->s_gen == x->gen && refsnap_settled(x->s)
		? refsnap_stamp(x->s)
		: "");

	x->loading = true;
	x->load_gen = x->gen;
	x->load_at = c->spec.now_ms();
	refcache_look(x, &x->load_look);
	c->spec.load(c->spec.owner, x->project, known, refcache_on_list, x);
}

struct ref_wait *
ref_cache_ask(
    struct ref_cache *c, int64_t project, ref_ready_fn *done, void *arg)
{
	struct refcache_entry *x;
	struct ref_wait *w;

	if (c->waiting >= REF_CACHE_WAITERS)
		return NULL;
	x = refcache_get(c, project);
	w = xcalloc(1, sizeof(*w));
	w->entry = x;
	w->gen = x->gen;
	w->done = done;
	w->arg = arg;
	c->waiting++;
	LIST_INSERT_HEAD(&x->waits, w, link);
	refcache_touch(x);
	if (!x->loading && x->busy == 0)
		refcache_load(x);
	return w;
}

void
ref_cache_cancel(struct ref_wait *w)
{
	if (w->entry != NULL) {
		w->entry->cache->waiting--;
		LIST_REMOVE(w, link);
	}
	free(w);
}

/* Tell those whose question is not younger than gen. */
static void
refcache_tell(struct refcache_entry *x, uint64_t gen, struct ref_snapshot *s,
    const struct err *fail)
{
	struct refcache_waits due;
	struct ref_wait *w, *next;

	LIST_INIT(&due);
	LIST_FOREACH_SAFE(w, &x->waits, link, next) {
		if (w->gen > gen)
			continue;
		LIST_REMOVE(w, link);
		LIST_INSERT_HEAD(&due, w, link);
	}
	x->busy++;
	while ((w = LIST_FIRST(&due)) != NULL) {
		ref_ready_fn *done = w->done;
		void *arg = w->arg;

		LIST_REMOVE(w, link);
		x->cache->waiting--;
		free(w);
		done(s, fail, arg);
	}
	x->busy--;
}

static void
refcache_keep(struct refcache_entry *x, struct ref_snapshot *s)
{
	refcache_drop_snapshot(x);
	x->s = refsnap_ref(s);
	x->s_gen = x->load_gen;
	x->look = x->load_look;
	x->looked_at = x->checked_at = x->load_at;
	x->cache->kept += refsnap_bytes(s);
}

/* A list arrived: for what was asked before the last move in any case. */
static void
refcache_take(struct refcache_entry *x, const struct git_result *r)
{
	struct ref_snapshot *s = NULL;
	struct err e = ERR_INIT;

	if (json_bool_or(r->j, "same", false) && x->s != NULL) {
		s = refsnap_ref(x->s);
		if (x->s_gen == x->load_gen) {
			x->look = x->load_look;
			x->looked_at = x->checked_at = x->load_at;
		}
	} else {
		s = refsnap_new(r, x->cache->budget, &e);
	}
	if (s == NULL) {
		log_error("git ref-list project=%" PRId64 " err=%s", x->project,
		    log_val(e.msg));
		refcache_tell(x, UINT64_MAX, NULL, &e);
		return;
	}
	if (x->gen == x->load_gen && s != x->s)
		refcache_keep(x, s);
	refcache_tell(x, x->load_gen, s, NULL);
	refsnap_unref(s);
}

static void
refcache_on_list(const struct git_result *r, void *arg)
{
	struct refcache_entry *x = arg;

	x->loading = false;
	if (r->fail != NULL) {
		refcache_drop_snapshot(x);
		refcache_tell(x, UINT64_MAX, NULL, r->fail);
	} else {
		refcache_take(x, r);
	}
	if (!LIST_EMPTY(&x->waits) && !x->loading)
		refcache_load(x);
	refcache_trim(x->cache);
}

void
ref_cache_moved(struct ref_cache *c, int64_t project)
{
	struct refcache_entry *x = refcache_find(c, project);

	if (x != NULL)
		x->gen = ++c->gen;
}

bool
ref_cache_is_full(const struct ref_cache *c)
{
	return c->budget->bytes > REF_CACHE_ALIVE;
}
