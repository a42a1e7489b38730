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

static void
check_first(char **kept, const char *path)
{
	if (*kept == NULL)
		*kept = xstrdup(path);
}

void
check_change_packs(struct check_body *b, const struct scan_change *c)
{
	const char *base = check_path_base(c->path);

	for (size_t i = 0; i < CHECK_PACKS; i++) {
		struct check_pack *p = &b->packs[i];

		if (strcasecmp(base, check_pairs[i].lock) == 0) {
			p->locked = true;
			if (c->status == 'M')
				check_first(&p->lock, c->path);
			else if (c->status == 'D')
				check_first(&p->gone, c->path);
		}
		if (strcasecmp(base, check_pairs[i].manifest) == 0) {
			p->listed = true;
			p->unlisted |= c->status == 'D';
			if (c->status == 'M')
				check_first(&p->manifest, c->path);
		}
	}
}

void
check_body_tree(struct check_body *b, const char *path)
{
	const char *base = check_path_base(path);
	size_t folder = (size_t)(base - path);

	for (size_t i = 0; i < CHECK_PACKS; i++) {
		struct check_pack *p = &b->packs[i];

		if (p->manifest != NULL && !p->locked && !p->beside)
			p->beside = strcasecmp(base, check_pairs[i].lock) ==
				0 &&
			    strncmp(path, p->manifest, folder) == 0 &&
			    strchr(p->manifest + folder, '/') == NULL;
	}
}

/* What is said to go or stay alone may do so for a reason. */
void
check_end_packs(struct check_body *b)
{
	for (size_t i = 0; i < CHECK_PACKS; i++) {
		const struct check_pack *p = &b->packs[i];
		bool alone = p->lock != NULL && !p->listed;

		if (alone)
			finding_add(b->out, "lock-alone", p->lock, 0,
			    "it changes, and no %s does",
			    check_pairs[i].manifest);
		if (alone && b->sums_gone &&
		    strcmp(check_pairs[i].lock, "go.sum") == 0)
			finding_add(b->out, "lock-removed", p->lock, 0,
			    "it has fewer checksums, and no %s changes",
			    check_pairs[i].manifest);
		if (p->gone != NULL && !p->unlisted)
			finding_add(b->out, "lock-removed", p->gone, 0,
			    "it is deleted, and no %s is",
			    check_pairs[i].manifest);
		if (p->beside)
			finding_add(b->out, "manifest-alone", p->manifest, 0,
			    "it changes, and the %s beside it does not",
			    check_pairs[i].lock);
	}
	if (b->foreign != NULL)
		finding_add(b->out, "vendored", b->foreign, 0,
		    "%zu files of copied code change", b->foreign_n);
}

void
check_free_packs(struct check_body *b)
{
	for (size_t i = 0; i < CHECK_PACKS; i++) {
		free(b->packs[i].lock);
		free(b->packs[i].gone);
		free(b->packs[i].manifest);
	}
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
			check_first(&b->foreign, c->path);
			b->foreign_n++;
			return;
		}
}
