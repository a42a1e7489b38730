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

_Static_assert(sizeof(check_pairs) / sizeof(check_pairs[0]) == CHECK_PACKS,
    "a pack for each pair");

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

void
check_change_packs(struct check_body *b, const struct scan_change *c)
{
	const char *base = check_path_base(c->path);

	for (size_t i = 0; i < CHECK_PACKS; i++) {
		if (c->status == 'M' && b->packs[i].lock == NULL &&
		    strcasecmp(base, check_pairs[i].lock) == 0)
			b->packs[i].lock = xstrdup(c->path);
		if (strcasecmp(base, check_pairs[i].manifest) == 0)
			b->packs[i].manifest = true;
	}
}

void
check_end_packs(struct check_body *b)
{
	for (size_t i = 0; i < CHECK_PACKS; i++)
		if (b->packs[i].lock != NULL && !b->packs[i].manifest)
			finding_add(b->out, "lock-alone", b->packs[i].lock, 0,
			    "it changes, and no %s does",
			    check_pairs[i].manifest);
}
