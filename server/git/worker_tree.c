/* Trees, their entries, and files by path or id. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "server/git/git_ask.h"
#include "server/git/git_pool.h"
#include "server/git/gitmodules.h"
#include "server/git/worker_trail.h"

enum {
	TREE_WALK_MAX = 1000000, /* entries that are counted */
	TREE_LAST_MS = 400,      /* to find what changed an entry last */
	TREE_PATH_PARTS = 32,
	TREE_TARGET_MAX = 4096
};

struct tree_walk {
	struct worker_call *c;
	git_odb *odb;
	int64_t skip, limit, n;
};

static void
tree_put_size(struct jw *w, git_odb *odb, const git_oid *id)
{
	git_object_t type;
	size_t size = 0;

	if (git_odb_read_header(&size, &type, odb, id) == 0)
		jw_u64(w, "size", size);
}

static void
tree_put_mode(struct jw *w, git_filemode_t mode)
{
	char text[8];

	(void)snprintf(text, sizeof(text), "%06o", (unsigned)mode);
	jw_str(w, "mode", text);
}

static void
tree_put(struct tree_walk *x, const char *root, const git_tree_entry *entry)
{
	git_object_t type = git_tree_entry_type(entry);
	AUTO_FREE char *path = xasprintf(
	    "%s%s", root, git_tree_entry_name(entry));
	struct jw *w = x->c->w;

	if (x->n++ < x->skip || x->n > x->skip + x->limit)
		return;
	jw_object(w, NULL);
	worker_text(w, "path", path);
	tree_put_mode(w, git_tree_entry_filemode(entry));
	jw_str(w, "type", git_object_type2string(type));
	if (type == GIT_OBJECT_BLOB)
		tree_put_size(w, x->odb, git_tree_entry_id(entry));
	worker_oid(w, "sha", git_tree_entry_id(entry));
	jw_end(w);
}

static int
tree_on_entry(const char *root, const git_tree_entry *entry, void *arg)
{
	struct tree_walk *x = arg;

	tree_put(x, root, entry);
	return x->n < TREE_WALK_MAX ? 0 : -1;
}

static int
tree_op(struct worker_call *c, struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	struct tree_walk x = { .c = c,
		.skip = json_i64_or(c->in, "skip", 0),
		.limit = json_i64_or(c->in, "limit", 0) };
	const char *rev;
	int rc;

	if (x.limit < 1 || x.limit > GIT_ASK_TREE_MAX || x.skip < 0)
		return err_set(e, ERR_INVALID, "limit is out of range");
	if (worker_arg(c, "rev", &rev, e) == -1 ||
	    worker_tree_named(c->repo, rev, &tree, e) == -1)
		return -1;
	rc = git_repository_odb(&x.odb, c->repo);
	if (rc < 0)
		return worker_fail(e, rc, "object database");
	worker_oid(c->w, "sha", git_tree_id(tree));
	jw_array(c->w, "tree");
	if (json_bool_or(c->in, "recursive", false))
		/* A folder that is broken ends it; what came before counts. */
		(void)git_tree_walk(tree, GIT_TREEWALK_PRE, tree_on_entry, &x);
	else
		for (size_t i = 0; i < git_tree_entrycount(tree); i++)
			tree_put(&x, "", git_tree_entry_byindex(tree, i));
	jw_end(c->w);
	git_odb_free(x.odb);
	jw_i64(c->w, "total", x.n);
	return 0;
}

static git_blob *
tree_blob(git_repository *repo, git_odb *odb, const git_oid *id, size_t max)
{
	git_object_t type;
	git_blob *blob = NULL;
	size_t size;

	if (git_odb_read_header(&size, &type, odb, id) < 0 ||
	    type != GIT_OBJECT_BLOB || size > max ||
	    git_blob_lookup(&blob, repo, id) < 0)
		return NULL;
	return blob;
}

/* Where the submodule at that path is from, by the tree's .gitmodules. */
static void
tree_put_submodule(
    struct jw *w, git_odb *odb, const git_tree *root, const char *path)
{
	const git_tree_entry *entry = git_tree_entry_byname(
	    root, ".gitmodules");
	struct gitmodules m = { .v = NULL };
	git_blob *blob = NULL;

	if (entry != NULL)
		blob = tree_blob(git_tree_owner(root), odb,
		    git_tree_entry_id(entry), GITMODULES_FILE_MAX);
	if (blob != NULL)
		gitmodules_read((struct view){ .p = git_blob_rawcontent(blob),
				    .len = (size_t)git_blob_rawsize(blob) },
		    &m);
	for (size_t i = 0; i < m.n; i++)
		if (m.v[i].path != NULL && strcmp(m.v[i].path, path) == 0 &&
		    m.v[i].url != NULL) {
			worker_text(w, "submodule", m.v[i].url);
			break;
		}
	gitmodules_release(&m);
	git_blob_free(blob);
}

/* What an entry is asked with. */
struct tree_look {
	struct worker_call *c;
	git_odb *odb;
	git_commit *commit;
	git_tree *root;
};

static void
tree_put_target(const struct tree_look *x, const git_oid *id)
{
	git_blob *blob = tree_blob(x->c->repo, x->odb, id, TREE_TARGET_MAX);

	if (blob != NULL) {
		AUTO_FREE char *text = xstrndup(
		    git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));

		worker_text(x->c->w, "target", text);
	}
	git_blob_free(blob);
}

static const char *
tree_entry_type(const git_tree_entry *entry)
{
	switch (git_tree_entry_filemode(entry)) {
	case GIT_FILEMODE_TREE:
		return "dir";
	case GIT_FILEMODE_LINK:
		return "symlink";
	case GIT_FILEMODE_COMMIT:
		return "submodule";
	case GIT_FILEMODE_BLOB:
	case GIT_FILEMODE_BLOB_EXECUTABLE:
	case GIT_FILEMODE_UNREADABLE:
	default:
		return "file";
	}
}

static void
tree_put_last(const struct tree_look *x, const git_oid *id)
{
	AUTO_COMMIT git_commit *commit = NULL;
	const git_signature *author;

	if (git_oid_is_zero(id) ||
	    git_commit_lookup(&commit, x->c->repo, id) < 0)
		return;
	author = git_commit_author(commit);
	jw_object(x->c->w, "last");
	worker_oid(x->c->w, "sha", id);
	jw_i64(x->c->w, "at", git_commit_time(commit) * 1000);
	jw_i64(x->c->w, "author_at",
	    author != NULL ? author->when.time * 1000 : 0);
	worker_put_message(x->c->w, "message", git_commit_message(commit));
	jw_end(x->c->w);
}

/* One member of the array that is open. */
static void
tree_put_entry(const struct tree_look *x, const char *folder,
    const git_tree_entry *entry, const git_oid *last)
{
	const char *name = git_tree_entry_name(entry);
	const char *type = tree_entry_type(entry);
	const git_oid *id = git_tree_entry_id(entry);
	AUTO_FREE char *path = xasprintf(
	    "%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);

	jw_object(x->c->w, NULL);
	worker_text(x->c->w, "name", name);
	worker_text(x->c->w, "path", path);
	worker_oid(x->c->w, "sha", id);
	jw_str(x->c->w, "type", type);
	tree_put_mode(x->c->w, git_tree_entry_filemode(entry));
	if (type[0] == 'f' || strcmp(type, "symlink") == 0)
		tree_put_size(x->c->w, x->odb, id);
	if (strcmp(type, "symlink") == 0)
		tree_put_target(x, id);
	if (strcmp(type, "submodule") == 0)
		tree_put_submodule(x->c->w, x->odb, x->root, path);
	tree_put_last(x, last);
	jw_end(x->c->w);
}

static void
tree_find_last(const struct tree_look *x, const char *folder, const char *part,
    const char *const *names, size_t n, git_oid *out)
{
	const struct trail_last spec = { .from = x->commit,
		.folder = folder,
		.names = names,
		.n = n,
		.part = part,
		.until = clock_mono_ms() + TREE_LAST_MS,
		.memo = x->c->memo };
	struct err why = ERR_INIT;

	memset(out, 0, n * sizeof(*out));
	/* Not found in time, or not to be read: it is not told. */
	if (json_bool_or(x->c->in, "last", false))
		(void)trail_last(&spec, out, &why);
}

static void
tree_put_readme(struct jw *w, const git_tree *tree)
{
	static const char *const names[] = { "README.md", "readme.md",
		"Readme.md", "README.markdown", "README", "README.txt" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const git_tree_entry *k = git_tree_entry_byname(tree, names[i]);

		if (k != NULL && strcmp(tree_entry_type(k), "file") == 0) {
			jw_str(w, "readme", names[i]);
			return;
		}
	}
}

/* The entries of a page, folders first; without pages as they stand. */
static size_t
tree_page(const git_tree *tree, bool paged, size_t skip,
    const git_tree_entry **v, size_t max)
{
	const size_t all = git_tree_entrycount(tree);
	size_t n = 0, at = 0;

	for (int pass = 0; pass < (paged ? 2 : 1); pass++) {
		for (size_t i = 0; i < all && n < max; i++) {
			const git_tree_entry *k = git_tree_entry_byindex(
			    tree, i);
			bool dir = git_tree_entry_type(k) == GIT_OBJECT_TREE;

			if ((!paged || dir == (pass == 0)) && at++ >= skip)
				v[n++] = k;
		}
	}
	return n;
}

static void
tree_put_folder(
    const struct tree_look *x, const char *path, const git_tree *tree)
{
	const int64_t limit = json_i64_or(x->c->in, "limit", 0);
	const int64_t skip = json_i64_or(x->c->in, "skip", 0);
	const bool paged = limit > 0 && limit < GIT_ASK_FOLDER_MAX;
	const size_t max = paged ? (size_t)limit : GIT_ASK_FOLDER_MAX;
	const git_tree_entry **v = xcalloc(max, sizeof(*v));
	const char **names = xcalloc(max, sizeof(*names));
	git_oid *last = xcalloc(max, sizeof(*last));
	size_t all = git_tree_entrycount(tree), n;
	char part[24];

	n = tree_page(tree, paged, skip > 0 ? (size_t)skip : 0, v, max);
	for (size_t i = 0; i < n; i++)
		names[i] = git_tree_entry_name(v[i]);
	(void)snprintf(part, sizeof(part), "%zu+%" PRId64, max, skip);
	tree_find_last(x, path, part, names, n, last);
	jw_bool(x->c->w, "folder", true);
	jw_bool(x->c->w, "truncated", n < all);
	jw_u64(x->c->w, "total", all);
	if (paged)
		tree_put_readme(x->c->w, tree);
	jw_array(x->c->w, "entries");
	for (size_t i = 0; i < n; i++)
		tree_put_entry(x, path, v[i], &last[i]);
	jw_end(x->c->w);
	free(v);
	free(names);
	free(last);
}

/* The bytes of a file or a link, when they are not too many. */
static void
tree_put_bytes(const struct tree_look *x, const git_tree_entry *entry)
{
	int64_t max = json_i64_or(x->c->in, "max", 0);
	git_blob *blob = NULL;

	if (max > 0 && git_tree_entry_type(entry) == GIT_OBJECT_BLOB)
		blob = tree_blob(x->c->repo, x->odb, git_tree_entry_id(entry),
		    max > WORKER_RAW_MAX ? WORKER_RAW_MAX : (size_t)max);
	jw_bool(x->c->w, "whole", blob != NULL);
	if (blob == NULL)
		return;
	jw_bool(x->c->w, "binary", git_blob_is_binary(blob) == 1);
	str_addn(x->c->raw, git_blob_rawcontent(blob),
	    (size_t)git_blob_rawsize(blob));
	git_blob_free(blob);
}

static int
tree_put_file(const struct tree_look *x, const char *path,
    const git_tree_entry *entry, struct err *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = slash != NULL
	    ? xstrndup(path, (size_t)(slash - path))
	    : xstrdup("");
	AUTO_TREE git_tree *tree = NULL;
	const char *name = git_tree_entry_name(entry);
	git_oid last;
	int rc;

	if (git_tree_entry_type(entry) == GIT_OBJECT_TREE) {
		rc = git_tree_lookup(
		    &tree, x->c->repo, git_tree_entry_id(entry));
		if (rc < 0)
			return worker_fail(e, rc, path);
		tree_put_folder(x, path, tree);
		return 0;
	}
	tree_find_last(x, folder, name, &name, 1, &last);
	jw_bool(x->c->w, "folder", false);
	jw_array(x->c->w, "entries");
	tree_put_entry(x, folder, entry, &last);
	jw_end(x->c->w);
	tree_put_bytes(x, entry);
	return 0;
}

static int
tree_look_at(struct tree_look *x, const char *path, struct err *e)
{
	git_tree_entry *entry = NULL;
	int rc = git_commit_tree(&x->root, x->commit);

	if (rc == 0)
		rc = git_repository_odb(&x->odb, x->c->repo);
	if (rc < 0)
		return worker_fail(e, rc, "tree");
	worker_oid(x->c->w, "commit", git_commit_id(x->commit));
	if (path[0] == '\0') {
		tree_put_folder(x, "", x->root);
		return 0;
	}
	rc = git_tree_entry_bypath(&entry, x->root, path);
	if (rc == GIT_ENOTFOUND)
		return err_set(
		    e, ERR_NOTFOUND, "no such file or folder: %.150s", path);
	if (rc < 0)
		return worker_fail(e, rc, path);
	rc = tree_put_file(x, path, entry, e);
	git_tree_entry_free(entry);
	return rc;
}

/* refs/heads/A/B of "A/B/file": the commit, and *path moved past it. */
static bool
tree_leading_ref(git_repository *repo, const char *place, const char **path,
    git_commit **out)
{
	const char *slash = *path;

	for (int i = 0; i < TREE_PATH_PARTS; i++) {
		AUTO_FREE char *name = NULL;
		AUTO_REF git_reference *ref = NULL;
		git_object *o = NULL;

		slash = strchr(slash, '/');
		if (slash == NULL)
			return false;
		name = xasprintf("%s%.*s", place, (int)(slash - *path), *path);
		slash++;
		if (git_reference_lookup(&ref, repo, name) < 0 ||
		    git_reference_peel(&o, ref, GIT_OBJECT_COMMIT) < 0)
			continue;
		*out = (git_commit *)o;
		*path = slash;
		return true;
	}
	return false;
}

/* The old form of a path: its first parts may be a branch, a tag or an id. */
static int
tree_leading(struct worker_call *c, const char **path, const char *rev,
    git_commit **out, struct err *e)
{
	const char *slash = strchr(*path, '/');
	AUTO_FREE char *first = slash != NULL
	    ? xstrndup(*path, (size_t)(slash - *path))
	    : xstrdup("");

	if (tree_leading_ref(c->repo, "refs/heads/", path, out) ||
	    tree_leading_ref(c->repo, "refs/tags/", path, out))
		return 0;
	if (gitpool_sha_ok(first) &&
	    worker_commit_of(c->repo, first, out, e) == 0) {
		*path = slash + 1;
		return 0;
	}
	*e = ERR_INIT;
	return worker_commit_named(c->repo, rev, out, e);
}

static int
tree_entry_op(struct worker_call *c, struct err *e)
{
	struct tree_look x = { .c = c };
	const char *rev, *path;
	int rc;

	if (worker_arg(c, "rev", &rev, e) == -1 ||
	    worker_arg(c, "path_in", &path, e) == -1)
		return -1;
	if (json_bool_or(c->in, "leading", false))
		rc = tree_leading(c, &path, rev, &x.commit, e);
	else
		rc = worker_commit_named(c->repo, rev, &x.commit, e);
	if (rc == 0)
		rc = tree_look_at(&x, path, e);
	git_odb_free(x.odb);
	git_tree_free(x.root);
	git_commit_free(x.commit);
	return rc;
}

/* {sha, size, whole}; raw: the bytes. */
static int
tree_blob_op(struct worker_call *c, struct err *e)
{
	const char *sha;
	git_odb *odb = NULL;
	git_blob *blob = NULL;
	git_object_t type;
	size_t size = 0;
	git_oid id;
	int64_t max = json_i64_or(c->in, "max", 0);
	int rc;

	if (worker_arg(c, "sha", &sha, e) == -1)
		return -1;
	rc = git_oid_fromstr(&id, sha);
	if (rc == 0)
		rc = git_repository_odb(&odb, c->repo);
	if (rc == 0)
		rc = git_odb_read_header(&size, &type, odb, &id);
	if (rc == 0 && type == GIT_OBJECT_BLOB)
		blob = tree_blob(c->repo, odb, &id,
		    max < 0 || max > WORKER_RAW_MAX ? WORKER_RAW_MAX
						    : (size_t)max);
	git_odb_free(odb);
	if (rc == GIT_ENOTFOUND || (rc == 0 && type != GIT_OBJECT_BLOB))
		return err_set(e, ERR_NOTFOUND, "no such blob: %.40s", sha);
	if (rc < 0)
		return worker_fail(e, rc, sha);
	worker_oid(c->w, "sha", &id);
	jw_u64(c->w, "size", size);
	jw_bool(c->w, "whole", blob != NULL);
	if (blob != NULL)
		str_addn(c->raw, git_blob_rawcontent(blob),
		    (size_t)git_blob_rawsize(blob));
	git_blob_free(blob);
	return 0;
}

const struct worker_op worker_ops_tree[] = {
	{ "tree", tree_op },
	{ "entry", tree_entry_op },
	{ "blob_by_id", tree_blob_op },
	{ NULL, NULL },
};
