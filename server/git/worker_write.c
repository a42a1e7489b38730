/*
 * A commit that changes some files of another, made without a work tree.  No
 * ref moves.  Paths were checked before (rev_path_ok); what the tree says of
 * them is checked here.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/git/git_ask.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

enum {
	WRITE_TEXT_MAX = 64 << 10,
	WRITE_ATTR_LINE_MAX = 2048 /* of .gitattributes, as git's fsck has it */
};

struct write_file {
	const char *op, *path, *from, *sha;
	struct view bytes;
	git_oid id; /* of what is written, zero: deleted */
	git_filemode_t mode;
};

struct write {
	struct worker_call *c;
	git_index *index;
	git_commit *base; /* NULL: the first commit */
};

static const git_index_entry *
write_entry(const struct write *x, const char *path)
{
	return git_index_get_bypath(x->index, path, 0);
}

/* There is a folder of that name. */
static bool
write_is_folder(const struct write *x, const char *path)
{
	AUTO_FREE char *below = xasprintf("%s/", path);
	size_t at;

	return git_index_find_prefix(&at, x->index, below) == 0;
}

/* A part of the path is a file. */
static int
write_room(const struct write *x, const char *path, struct err *e)
{
	AUTO_FREE char *up = xstrdup(path);
	char *slash;

	if (write_is_folder(x, path))
		return err_set(
		    e, ERR_INVALID, "path: %.150s is a folder", path);
	while ((slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		if (write_entry(x, up) != NULL)
			return err_set(
			    e, ERR_INVALID, "path: %.150s is a file", up);
	}
	return 0;
}

/* What is there must be what the caller saw. */
static int
write_check_sha(const struct write_file *f, const git_index_entry *entry,
    const char *path, struct err *e)
{
	char sha[GIT_SHA_TEXT];

	if (entry == NULL)
		return err_set(e, ERR_NOTFOUND, "no such file: %.150s", path);
	(void)git_oid_tostr(sha, sizeof(sha), &entry->id);
	if (f->sha[0] == '\0')
		return err_set(e, ERR_INVALID,
		    "[SHA]: Required: %.150s is there already", path);
	if (strcmp(f->sha, sha) != 0)
		return err_set(e, ERR_INVALID,
		    "sha does not match [given: %.40s, expected: %s]", f->sha,
		    sha);
	return 0;
}

/* fsck would refuse it in a push. */
static int
write_check_attributes(const struct write_file *f, struct err *e)
{
	const char *slash = strrchr(f->path, '/');
	struct view rest = f->bytes, line;

	if (strcmp(slash != NULL ? slash + 1 : f->path, ".gitattributes") != 0)
		return 0;
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		if (line.len >= WRITE_ATTR_LINE_MAX)
			return err_set(e, ERR_INVALID,
			    "content: a line of .gitattributes is longer than "
			    "%d bytes",
			    WRITE_ATTR_LINE_MAX);
	return 0;
}

static int
write_put(
    struct write *x, struct write_file *f, git_filemode_t mode, struct err *e)
{
	git_index_entry entry = { .mode = (uint32_t)mode, .path = f->path };
	int rc = 0;

	/* A move without new bytes has them already. */
	if (git_oid_is_zero(&f->id)) {
		if (write_check_attributes(f, e) == -1)
			return -1;
		rc = git_blob_create_from_buffer(
		    &f->id, x->c->repo, f->bytes.p, f->bytes.len);
	}
	f->mode = mode;
	entry.id = f->id;
	if (rc == 0)
		rc = git_index_add(x->index, &entry);
	return rc < 0 ? worker_fail(e, rc, f->path) : 0;
}

static int
write_create(struct write *x, struct write_file *f, struct err *e)
{
	if (write_entry(x, f->path) != NULL)
		return err_set(e, ERR_INVALID,
		    "repository file already exists [path: %.150s]", f->path);
	if (write_room(x, f->path, e) == -1)
		return -1;
	return write_put(x, f, GIT_FILEMODE_BLOB, e);
}

static int
write_regular(const git_index_entry *entry, const char *path, struct err *e)
{
	if (entry->mode == GIT_FILEMODE_BLOB ||
	    entry->mode == GIT_FILEMODE_BLOB_EXECUTABLE)
		return 0;
	return err_set(e, ERR_INVALID, "path: %.150s is no regular file", path);
}

/* Also a move: `from` is what goes. */
static int
write_update(struct write *x, struct write_file *f, struct err *e)
{
	const char *old = f->from[0] != '\0' ? f->from : f->path;
	const git_index_entry *entry = write_entry(x, old);
	bool moves = strcmp(old, f->path) != 0;
	git_filemode_t mode;

	if (write_check_sha(f, entry, old, e) == -1 ||
	    write_regular(entry, old, e) == -1)
		return -1;
	mode = (git_filemode_t)entry->mode;
	if (strcmp(f->op, "rename") == 0 && f->bytes.p == NULL)
		f->id = entry->id;
	if (moves) {
		if (write_entry(x, f->path) != NULL)
			return err_set(e, ERR_INVALID,
			    "repository file already exists [path: %.150s]",
			    f->path);
		if (git_index_remove_bypath(x->index, old) < 0)
			return worker_fail(e, -1, old);
		if (write_room(x, f->path, e) == -1)
			return -1;
	}
	return write_put(x, f, mode, e);
}

static int
write_upload(struct write *x, struct write_file *f, struct err *e)
{
	const git_index_entry *entry = write_entry(x, f->path);

	if (entry == NULL)
		return write_create(x, f, e);
	if (write_regular(entry, f->path, e) == -1)
		return -1;
	return write_put(x, f, (git_filemode_t)entry->mode, e);
}

static int
write_delete(struct write *x, struct write_file *f, struct err *e)
{
	int rc;

	if (write_check_sha(f, write_entry(x, f->path), f->path, e) == -1)
		return -1;
	rc = git_index_remove(x->index, f->path, 0);
	return rc < 0 ? worker_fail(e, rc, f->path) : 0;
}

static const struct {
	const char *op;
	int (*fn)(struct write *x, struct write_file *f, struct err *e);
} write_ops[] = {
	{ "create", write_create },
	{ "update", write_update },
	{ "rename", write_update },
	{ "upload", write_upload },
	{ "delete", write_delete },
};

static int
write_read(
    struct write *x, const struct json *j, struct write_file *f, struct err *e)
{
	int64_t at = json_i64_or(j, "at", -1), n = json_i64_or(j, "n", 0);

	*f = (struct write_file){ .op = json_str_or(j, "op", ""),
		.path = json_str_or(j, "path", ""),
		.from = json_str_or(j, "from", ""),
		.sha = json_str_or(j, "sha", "") };
	if (at < 0)
		return 0;
	if (n < 0 || (uint64_t)at > x->c->raw_in.len ||
	    (uint64_t)n > x->c->raw_in.len - (uint64_t)at)
		return err_set(e, ERR_PROTO, "bytes that are not there");
	f->bytes = (struct view){ .p = x->c->raw_in.p + at, .len = (size_t)n };
	return 0;
}

static int
write_one(struct write *x, const struct json *j, struct err *e)
{
	struct jw *w = x->c->w;
	struct write_file f;

	if (write_read(x, j, &f, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(write_ops) / sizeof(write_ops[0]); i++) {
		if (strcmp(write_ops[i].op, f.op) != 0)
			continue;
		if (write_ops[i].fn(x, &f, e) == -1)
			return -1;
		jw_object(w, NULL);
		worker_text(w, "path", f.path);
		worker_oid(w, "sha", git_oid_is_zero(&f.id) ? NULL : &f.id);
		jw_u64(w, "size", f.bytes.len);
		jw_end(w);
		return 0;
	}
	return err_set(e, ERR_INVALID, "operation: not one of its words");
}

static int
write_files(struct write *x, struct err *e)
{
	const struct json *files = json_get(x->c->in, "files");

	if (json_count(files) > GIT_ASK_FILES_MAX)
		return err_set(e, ERR_INVALID, "files: too many");
	jw_array(x->c->w, "files");
	for (const struct json *j = json_first(files); j != NULL;
	     j = json_next(j))
		if (write_one(x, j, e) == -1)
			return -1;
	jw_end(x->c->w);
	return 0;
}

static int
write_start(struct write *x, struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	const char *base = json_str_or(x->c->in, "base", "");
	int rc = git_index_new(&x->index);

	if (rc < 0)
		return worker_fail(e, rc, "index");
	if (base[0] == '\0')
		return 0;
	if (worker_commit_of(x->c->repo, base, &x->base, e) == -1)
		return -1;
	rc = git_commit_tree(&tree, x->base);
	if (rc == 0)
		rc = git_index_read_tree(x->index, tree);
	return rc < 0 ? worker_fail(e, rc, "tree") : 0;
}

static int
write_commit(struct write *x, struct err *e)
{
	const git_commit *parents[1] = { x->base };
	git_signature *author = NULL, *committer = NULL;
	AUTO_TREE git_tree *tree = NULL;
	const char *message;
	git_oid tree_id, id;
	int rc = -1;

	if (worker_arg(x->c, "message", &message, e) == -1)
		return -1;
	if (message[0] == '\0' || strlen(message) > WRITE_TEXT_MAX)
		return err_set(e, ERR_INVALID, "message: want 1 to %d bytes",
		    WRITE_TEXT_MAX);
	if (worker_signature(x->c, "author", &author, e) == -1 ||
	    worker_signature(x->c, "committer", &committer, e) == -1)
		goto out;
	rc = git_index_write_tree_to(&tree_id, x->index, x->c->repo);
	if (rc == 0)
		rc = git_tree_lookup(&tree, x->c->repo, &tree_id);
	if (rc == 0)
		rc = git_commit_create(&id, x->c->repo, NULL, author, committer,
		    NULL, message, tree, x->base != NULL ? 1 : 0, parents);
	if (rc < 0) {
		(void)worker_fail(e, rc, "write commit");
		goto out;
	}
	worker_oid(x->c->w, "sha", &id);
	worker_oid(x->c->w, "tree", &tree_id);
	rc = 0;
out:
	git_signature_free(author);
	git_signature_free(committer);
	return rc < 0 ? -1 : 0;
}

static int
write_op(struct worker_call *c, struct err *e)
{
	struct write x = { .c = c };
	int rc = write_start(&x, e);

	if (rc == 0)
		rc = write_files(&x, e);
	if (rc == 0)
		rc = write_commit(&x, e);
	git_index_free(x.index);
	git_commit_free(x.base);
	return rc;
}

const struct worker_op worker_ops_write[] = {
	{ "write_files", write_op },
	{ NULL, NULL },
};
