/* Which manifests and lock files are read as a whole, and whether the two of
 * them change together. */
#include <stdlib.h>
#include <string.h>

#include "findings/check_lock.h"
#include "lib/base/alloc.h"

static const struct {
	const char *lock, *manifest;
} check_pairs[] = {
	{ "package-lock.json", "package.json" },
	{ "npm-shrinkwrap.json", "package.json" },
	{ "yarn.lock", "package.json" },
	{ "pnpm-lock.yaml", "package.json" },
	{ "bun.lock", "package.json" },
	{ "bun.lockb", "package.json" },
	{ "Cargo.lock", "Cargo.toml" },
	{ "poetry.lock", "pyproject.toml" },
	{ "uv.lock", "pyproject.toml" },
	{ "pdm.lock", "pyproject.toml" },
	{ "Pipfile.lock", "Pipfile" },
	{ "Gemfile.lock", "Gemfile" },
	{ "composer.lock", "composer.json" },
	{ "go.sum", "go.mod" },
};

enum {
	CHECK_PAIRS = sizeof(check_pairs) / sizeof(check_pairs[0])
};

bool
check_body_wants(const struct scan_change *c)
{
	return c->status != 'D' &&
	    (check_lock_kind(c->path) != CHECK_LOCK_NONE ||
		check_manifest_wants(c->path));
}

void
check_body_both(struct check_body *b, const struct scan_change *c,
    struct view was, struct view is)
{
	enum check_lock_kind kind = check_lock_kind(c->path);
	struct check_lock old, new;

	if (kind == CHECK_LOCK_NONE) {
		check_manifest_both(b, c->path, was, is);
		return;
	}
	check_lock_read(&old, kind, was);
	check_lock_read(&new, kind, is);
	check_lock_compare(b, c->path, &old, &new);
	check_lock_release(&old);
	check_lock_release(&new);
}

static size_t
check_folder(const char *path)
{
	return (size_t)(check_path_base(path) - path);
}

static bool
check_is_beside(const char *a, const char *b)
{
	size_t n = check_folder(a);

	return check_folder(b) == n && strncmp(a, b, n) == 0;
}

/* The pairs that a name is of, as a lock file or as a manifest. */
static unsigned
check_pairs_of(const char *path, bool lock)
{
	const char *base = check_path_base(path);
	unsigned of = 0;

	for (size_t i = 0; i < CHECK_PAIRS; i++)
		if (strcasecmp(base,
			lock ? check_pairs[i].lock : check_pairs[i].manifest) ==
		    0)
			of |= 1u << i;
	return of;
}

static void
check_say_gone(struct check_body *b, const char *path, unsigned of)
{
	for (size_t i = 0; i < CHECK_PAIRS; i++)
		if (of & (1u << i))
			finding_add(b->out, "lock-removed", path, 0,
			    "it is deleted, and no %s beside it is",
			    check_pairs[i].manifest);
}

void
check_change_packs(struct check_body *b, const struct scan_change *c)
{
	unsigned lock = check_pairs_of(c->path, true);
	struct check_pack p = { .of = lock | check_pairs_of(c->path, false),
		.lock = lock != 0,
		.status = c->status };

	if (p.of == 0 || (c->status != 'M' && c->status != 'D' && !p.lock))
		return;
	if (b->packs_n < CHECK_PACKS_MAX) {
		p.path = xstrdup(c->path);
		b->packs[b->packs_n++] = p;
	} else if (p.lock && c->status == 'D') {
		/* What is not kept is not compared. */
		check_say_gone(b, c->path, lock);
	}
}

void
check_body_tree(struct check_body *b, const char *path)
{
	unsigned of = check_pairs_of(path, true);

	for (size_t i = 0; i < b->packs_n && of != 0; i++)
		if (!b->packs[i].lock && (b->packs[i].of & of) != 0 &&
		    check_is_beside(b->packs[i].path, path))
			b->packs[i].locks |= of;
}

void
check_packs_fewer(struct check_body *b, const char *path)
{
	for (size_t i = 0; i < b->packs_n; i++)
		if (strcmp(b->packs[i].path, path) == 0) {
			b->packs[i].fewer = true;
			return;
		}
	finding_add(b->out, "lock-removed", path, 0, "it has fewer checksums");
}

/* Is the other half of a pair in the change: a lock file's manifest in its
 * folder, or below it where gone is not asked for? */
static bool
check_has_other(const struct check_body *b, const struct check_pack *of,
    unsigned pair, bool gone)
{
	size_t n = check_folder(of->path);

	for (size_t i = 0; i < b->packs_n; i++) {
		const struct check_pack *p = &b->packs[i];

		if (p->lock != of->lock && (p->of & pair) != 0 &&
		    (gone || !of->lock ? check_is_beside(of->path, p->path)
				       : strncmp(of->path, p->path, n) == 0) &&
		    (!gone || p->status == 'D'))
			return true;
	}
	return false;
}

/* What is said to go or stay alone may do so for a reason. */
static void
check_end_pack(struct check_body *b, const struct check_pack *p, size_t i)
{
	unsigned pair = 1u << i;

	if (p->lock && p->status == 'D') {
		if (!check_has_other(b, p, pair, true))
			check_say_gone(b, p->path, pair);
	} else if (p->lock && p->status == 'M') {
		if (check_has_other(b, p, pair, false))
			return;
		if (p->fewer)
			finding_add(b->out, "lock-removed", p->path, 0,
			    "it has fewer checksums, and no %s changes",
			    check_pairs[i].manifest);
		if (!(b->packs_told & pair))
			finding_add(b->out, "lock-alone", p->path, 0,
			    "it changes, and no %s does",
			    check_pairs[i].manifest);
		b->packs_told |= pair;
	} else if (!p->lock && p->status == 'M' && (p->locks & pair) != 0 &&
	    !(b->packs_told & pair << CHECK_PAIRS) &&
	    !check_has_other(b, p, pair, false)) {
		finding_add(b->out, "manifest-alone", p->path, 0,
		    "it changes, and the %s beside it does not",
		    check_pairs[i].lock);
		b->packs_told |= pair << CHECK_PAIRS;
	}
}

void
check_end_packs(struct check_body *b)
{
	for (size_t n = 0; n < b->packs_n; n++)
		for (size_t i = 0; i < CHECK_PAIRS; i++)
			if (b->packs[n].of & (1u << i))
				check_end_pack(b, &b->packs[n], i);
	if (b->foreign != NULL)
		finding_add(b->out, "vendored", b->foreign, 0,
		    "%zu files of copied code change", b->foreign_n);
}

void
check_free_packs(struct check_body *b)
{
	for (size_t i = 0; i < b->packs_n; i++)
		free(b->packs[i].path);
	free(b->foreign);
}

void
check_change_foreign(struct check_body *b, const struct scan_change *c)
{
	static const char *const folders[] = { "vendor", "third_party",
		"third-party", "thirdparty", "node_modules", "bower_components",
		"Pods" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (c->status != 'D' && check_has_folder(c->path, folders[i])) {
			if (b->foreign == NULL)
				b->foreign = xstrdup(c->path);
			b->foreign_n++;
			return;
		}
}
