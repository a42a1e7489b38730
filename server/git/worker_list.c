/*
 * The list of refs for ref_snapshot: every ref that is not hidden, with what
 * tags peel to, read so that no half of a change is seen: the folders' times
 * are the same before and after, no lock is held, and the clock that stamps
 * them went on before the reading began.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/ref_snapshot.h"
#include "server/git/worker_priv.h"

enum {
	WLIST_TRIES = 5,
	WLIST_WAIT_NS = 4000000,
	WLIST_TICK_NS = 500000,
	WLIST_TICKS = 40, /* a clock's tick is 10 ms at most */
	WLIST_DEPTH_MAX = 64,
	WLIST_PEEL_MAX = 64,
	WLIST_MEMORY_MAX = 1 << 18 /* ids remembered of one repository */
};

static const char wlist_upstream[] = "refs/namespaces/upstream/";

/* What the files looked like. */
struct wlist_stamp {
	uint64_t sum;
	int64_t newest; /* ns */
	bool locked;
};

struct wlist_ref {
	char *name;
	git_oid id;
	git_oid peeled;
	bool is_tag;
};

struct wlist_side {
	struct wlist_ref *v;
	size_t n, cap;
	char *target;
	git_oid head, peeled;
	bool has_head, head_is_tag;
	bool odd;
};

struct wlist {
	struct worker_call *c;
	git_odb *odb;
	struct wlist_side side[REF_SIDES];
	size_t bytes;
};

/* An id that was looked at before: open addressing, by its first bytes. */
struct worker_peel {
	git_oid id;
	git_oid peeled;
	bool used;
	bool is_tag;
};
struct worker_peels {
	struct worker_peel *v;
	size_t cap, n;
};

static uint64_t
wlist_mix(uint64_t h, uint64_t x)
{
	h ^= x;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static void
wlist_stamp_add(struct wlist_stamp *s, uint64_t salt, const struct stat *st)
{
	int64_t at = (int64_t)st->st_mtim.tv_sec * 1000000000 +
	    st->st_mtim.tv_nsec;
	uint64_t h = wlist_mix(salt, (uint64_t)st->st_ino);

	h = wlist_mix(h, (uint64_t)at);
	if (!S_ISDIR(st->st_mode))
		h = wlist_mix(h, (uint64_t)st->st_size);
	/* Folders come in any order. */
	s->sum += h;
	if (at > s->newest)
		s->newest = at;
}

static void wlist_stamp_dir(struct wlist_stamp *s, int fd, int depth);

static void
wlist_stamp_entry(
    struct wlist_stamp *s, int fd, const struct dirent *x, int depth)
{
	size_t n = strlen(x->d_name);
	int sub;

	if (n > 5 && strcmp(x->d_name + n - 5, ".lock") == 0)
		s->locked = true;
	if (x->d_name[0] == '.' ||
	    (x->d_type != DT_DIR && x->d_type != DT_UNKNOWN))
		return;
	sub = openat(
	    fd, x->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub != -1)
		wlist_stamp_dir(s, sub, depth + 1);
}

/* Takes fd. */
static void
wlist_stamp_dir(struct wlist_stamp *s, int fd, int depth)
{
	struct dirent *x;
	struct stat st;
	DIR *d;

	if (fstat(fd, &st) == 0)
		wlist_stamp_add(s, (uint64_t)depth, &st);
	d = depth < WLIST_DEPTH_MAX ? fdopendir(fd) : NULL;
	if (d == NULL) {
		(void)close(fd);
		return;
	}
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL)
		wlist_stamp_entry(s, fd, x, depth);
	(void)closedir(d);
}

static void
wlist_stamp(const char *path, struct wlist_stamp *s)
{
	static const char *const files[] = { "HEAD", "packed-refs", "shallow",
		"objects/info/alternates" };
	AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int refs;

	*s = (struct wlist_stamp){ .sum = 1 };
	if (dir == -1)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (fstatat(dir, files[i], &st, 0) == 0)
			wlist_stamp_add(s, 1000 + i, &st);
	s->locked = faccessat(dir, "packed-refs.lock", F_OK, 0) == 0;
	refs = openat(dir, "refs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (refs != -1)
		wlist_stamp_dir(s, refs, 0);
}

static bool
wlist_stamp_same(const struct wlist_stamp *a, const struct wlist_stamp *b)
{
	return a->sum == b->sum && a->newest == b->newest;
}

static void
wlist_sleep(long ns)
{
	const struct timespec t = { .tv_nsec = ns };

	(void)nanosleep(&t, NULL);
}

/* A change from now on gives a time that is newer than all in s. */
static void
wlist_wait_tick(const struct wlist_stamp *s)
{
	for (int i = 0; i < WLIST_TICKS; i++) {
		struct timespec now;

		if (clock_gettime(CLOCK_REALTIME_COARSE, &now) == -1 ||
		    (int64_t)now.tv_sec * 1000000000 + now.tv_nsec > s->newest)
			return;
		wlist_sleep(WLIST_TICK_NS);
	}
}

void
worker_peels_free(struct worker_peels *m)
{
	if (m == NULL)
		return;
	free(m->v);
	free(m);
}

static struct worker_peel *
wlist_slot(const struct worker_peels *m, const git_oid *id)
{
	size_t i;

	memcpy(&i, id->id, sizeof(i));
	for (i &= m->cap - 1;; i = (i + 1) & (m->cap - 1))
		if (!m->v[i].used || git_oid_equal(&m->v[i].id, id))
			return &m->v[i];
}

/* The next load's memory is this load's list. */
static void
wlist_remember(struct wlist *x)
{
	size_t n = x->side[0].n + x->side[1].n, cap = 64;
	struct worker_peels *m;

	while (cap < n * 2)
		cap *= 2;
	worker_peels_free(*x->c->peels);
	*x->c->peels = NULL;
	if (cap > (size_t)WLIST_MEMORY_MAX * 4)
		return;
	m = xcalloc(1, sizeof(*m));
	m->cap = cap;
	m->v = xcalloc(cap, sizeof(*m->v));
	*x->c->peels = m;
	for (size_t k = 0; k < REF_SIDES; k++)
		for (size_t i = 0; i < x->side[k].n; i++) {
			const struct wlist_ref *r = &x->side[k].v[i];
			struct worker_peel *p = wlist_slot(m, &r->id);

			*p = (struct worker_peel){ .id = r->id,
				.peeled = r->peeled,
				.used = true,
				.is_tag = r->is_tag };
		}
}

/* Follow tags; -1: an object is missing or broken. */
static int
wlist_peel(struct wlist *x, const git_oid *id, git_oid *out, bool *is_tag)
{
	struct worker_peels *m = *x->c->peels;
	git_otype type;
	size_t len;

	*is_tag = false;
	if (m != NULL) {
		const struct worker_peel *p = wlist_slot(m, id);

		if (p->used) {
			*out = p->peeled;
			*is_tag = p->is_tag;
			return 0;
		}
	}
	if (git_odb_read_header(&len, &type, x->odb, id) < 0)
		return -1;
	*out = *id;
	for (int i = 0; type == GIT_OBJECT_TAG; i++) {
		git_tag *tag = NULL;

		if (i == WLIST_PEEL_MAX ||
		    git_tag_lookup(&tag, x->c->repo, out) < 0)
			return -1;
		*is_tag = true;
		*out = *git_tag_target_id(tag);
		type = git_tag_target_type(tag);
		git_tag_free(tag);
	}
	return 0;
}

static bool
wlist_name_ok(const char *name)
{
	if (strlen(name) > REF_NAME_LEN_MAX)
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

/* Which side tells of it, by which name; NULL: none. */
static struct wlist_side *
wlist_side_of(struct wlist *x, const char **name)
{
	struct wlist_side *s = &x->side[REF_SIDE_WORK];
	size_t skip = sizeof(wlist_upstream) - 1;

	if (strncmp(*name, wlist_upstream, skip) == 0) {
		s = &x->side[REF_SIDE_UPSTREAM];
		*name += skip;
		/* Read by itself. */
		if (strcmp(*name, "HEAD") == 0)
			return NULL;
		if (strncmp(*name, "refs/", 5) != 0)
			s->odd = true;
	}
	return gitenv_hides(GIT_UPLOAD_PACK, view_of(*name)) ? NULL : s;
}

static int
wlist_add(struct wlist *x, const git_reference *ref, struct err *e)
{
	const char *name = git_reference_name(ref);
	struct wlist_side *s = wlist_side_of(x, &name);
	struct wlist_ref r = { .name = NULL };

	if (s == NULL)
		return 0;
	if (git_reference_type(ref) != GIT_REFERENCE_DIRECT ||
	    !wlist_name_ok(name)) {
		s->odd = true;
		return 0;
	}
	r.id = *git_reference_target(ref);
	/* One that is missing makes the rest git's business. */
	if (!s->odd && wlist_peel(x, &r.id, &r.peeled, &r.is_tag) == -1)
		s->odd = true;
	x->bytes += strlen(name) + 2 * REF_SHA_LEN + 3;
	if (x->bytes > REF_SNAPSHOT_MAX)
		return err_set(
		    e, ERR_LIMIT, "the repository has too many refs");
	r.name = xstrdup(name);
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 256 : s->cap * 2;
		s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = r;
	return 0;
}

static int
wlist_cmp(const void *a, const void *b)
{
	const struct wlist_ref *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Where the order breaks for the first time at or after i. */
static size_t
wlist_run(const struct wlist_side *s, size_t i)
{
	while (++i < s->n && wlist_cmp(&s->v[i - 1], &s->v[i]) < 0)
		;
	return i < s->n ? i : s->n;
}

/* libgit2 gives the loose refs, then the packed ones, each in order. */
static void
wlist_sort(struct wlist_side *s)
{
	size_t mid = wlist_run(s, 0), i = 0, j = mid, n = 0;
	struct wlist_ref *v;

	if (mid == s->n)
		return;
	if (wlist_run(s, mid) < s->n) {
		qsort(s->v, s->n, sizeof(*s->v), wlist_cmp);
		return;
	}
	v = xcalloc(s->cap, sizeof(*v));
	while (i < mid || j < s->n) {
		bool left = j == s->n ||
		    (i < mid && wlist_cmp(&s->v[i], &s->v[j]) < 0);

		v[n++] = left ? s->v[i++] : s->v[j++];
	}
	free(s->v);
	s->v = v;
}

static void
wlist_head(struct wlist *x, enum ref_side k)
{
	static const char *const prefixes[] = { "", wlist_upstream };
	const char *prefix = prefixes[k];
	struct wlist_side *s = &x->side[k];
	AUTO_FREE char *name = xasprintf("%sHEAD", prefix);
	AUTO_REF git_reference *head = NULL;
	AUTO_REF git_reference *ref = NULL;
	const char *target;
	int rc = git_reference_lookup(&head, x->c->repo, name);

	if (rc == GIT_ENOTFOUND && k == REF_SIDE_UPSTREAM)
		return;
	if (rc < 0) {
		s->odd = true;
		return;
	}
	target = git_reference_symbolic_target(head);
	if (target == NULL) {
		s->head = *git_reference_target(head);
		s->has_head = true;
	} else {
		if (strncmp(target, prefix, strlen(prefix)) != 0 ||
		    !wlist_name_ok(target)) {
			s->odd = true;
			return;
		}
		s->target = xstrdup(target + strlen(prefix));
		rc = git_reference_lookup(&ref, x->c->repo, target);
		if (rc == 0 &&
		    git_reference_type(ref) == GIT_REFERENCE_DIRECT) {
			s->head = *git_reference_target(ref);
			s->has_head = true;
		} else if (rc != GIT_ENOTFOUND) {
			s->odd = true;
		}
	}
	if (s->has_head &&
	    wlist_peel(x, &s->head, &s->peeled, &s->head_is_tag) == -1)
		s->odd = true;
}

static void
wlist_release(struct wlist *x)
{
	for (size_t k = 0; k < REF_SIDES; k++) {
		for (size_t i = 0; i < x->side[k].n; i++)
			free(x->side[k].v[i].name);
		free(x->side[k].v);
		free(x->side[k].target);
		x->side[k] = (struct wlist_side){ .v = NULL };
	}
	x->bytes = 0;
}

static int
wlist_read(struct wlist *x, struct err *e)
{
	git_reference_iterator *it = NULL;
	int rc = git_reference_iterator_new(&it, x->c->repo);

	if (rc < 0)
		return worker_fail(e, rc, "list refs");
	for (;;) {
		AUTO_REF git_reference *ref = NULL;

		rc = git_reference_next(&ref, it);
		if (rc == GIT_ITEROVER)
			break;
		if (rc < 0)
			rc = worker_fail(e, rc, "list refs");
		else
			rc = wlist_add(x, ref, e);
		if (rc == -1) {
			git_reference_iterator_free(it);
			return -1;
		}
	}
	git_reference_iterator_free(it);
	for (size_t k = 0; k < REF_SIDES; k++) {
		wlist_sort(&x->side[k]);
		wlist_head(x, (enum ref_side)k);
	}
	return 0;
}

static void
wlist_text(struct str *out, const struct wlist_side *s)
{
	char sha[GIT_SHA_TEXT] = " ";

	for (size_t i = 0; i < s->n; i++) {
		const struct wlist_ref *r = &s->v[i];

		(void)git_oid_fmt(sha, &r->id);
		str_addn(out, sha, REF_SHA_LEN);
		str_addc(out, ' ');
		str_add(out, r->name);
		if (r->is_tag) {
			(void)git_oid_fmt(sha, &r->peeled);
			str_addc(out, ' ');
			str_addn(out, sha, REF_SHA_LEN);
		}
		str_addc(out, '\n');
	}
}

static void
wlist_fields(struct jw *w, const char *key, const struct wlist_side *s)
{
	jw_object(w, key);
	jw_bool(w, "odd", s->odd);
	if (s->target != NULL)
		worker_text(w, "target", s->target);
	worker_oid(w, "sha", s->has_head ? &s->head : NULL);
	worker_oid(w, "peeled", s->head_is_tag ? &s->peeled : NULL);
	jw_end(w);
}

static bool
wlist_has(struct worker_call *c, const char *file)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/%s", git_repository_path(c->repo), file);

	return access(path, F_OK) == 0;
}

static void
wlist_answer(struct wlist *x, const struct wlist_stamp *stamp, bool settled)
{
	struct worker_call *c = x->c;
	AUTO_FREE char *text = xasprintf("%016llx%016llx",
	    (unsigned long long)stamp->sum, (unsigned long long)stamp->newest);

	jw_str(c->w, "stamp", settled ? text : "");
	jw_bool(c->w, "settled", settled);
	jw_bool(c->w, "shallow", wlist_has(c, "shallow"));
	jw_bool(c->w, "borrows", wlist_has(c, "objects/info/alternates"));
	wlist_fields(c->w, "work", &x->side[REF_SIDE_WORK]);
	wlist_fields(c->w, "upstream", &x->side[REF_SIDE_UPSTREAM]);
	c->raw->max = REF_SNAPSHOT_MAX;
	wlist_text(c->raw, &x->side[REF_SIDE_WORK]);
	jw_u64(c->w, "work_bytes", c->raw->len);
	wlist_text(c->raw, &x->side[REF_SIDE_UPSTREAM]);
	wlist_remember(x);
}

/* known: the stamp of an earlier answer; the same again is {same: true}. */
static int
worker_op_ref_list(struct worker_call *c, struct err *e)
{
	const char *path = git_repository_path(c->repo);
	const char *known = json_str_or(c->in, "known", "");
	struct wlist x = { .c = c };
	struct wlist_stamp before, after;
	int rc = 0;
	bool settled = false;

	wlist_stamp(path, &before);
	if (*known != '\0') {
		AUTO_FREE char *text = xasprintf("%016llx%016llx",
		    (unsigned long long)before.sum,
		    (unsigned long long)before.newest);

		if (strcmp(known, text) == 0) {
			jw_bool(c->w, "same", true);
			return 0;
		}
	}
	if (git_repository_odb(&x.odb, c->repo) < 0)
		return err_set(e, ERR_INTERNAL, "object database");
	for (int i = 0; rc == 0 && !settled && i < WLIST_TRIES; i++) {
		if (i > 0) {
			wlist_release(&x);
			wlist_sleep(WLIST_WAIT_NS);
			wlist_stamp(path, &before);
		}
		wlist_wait_tick(&before);
		rc = wlist_read(&x, e);
		wlist_stamp(path, &after);
		settled = !before.locked && !after.locked &&
		    wlist_stamp_same(&before, &after);
	}
	if (rc == 0)
		wlist_answer(&x, &after, settled);
	wlist_release(&x);
	git_odb_free(x.odb);
	return rc;
}

const struct worker_op worker_ops_list[] = {
	{ "ref_list", worker_op_ref_list },
	{ NULL, NULL },
};
