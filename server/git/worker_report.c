/* What a tree has that a mirror does not bring: submodules, LFS objects. */
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/git/gitmodules.h"
#include "server/git/worker_priv.h"

enum {
	REPORT_ENTRIES_MAX = 200000,
	REPORT_DEPTH_MAX = 64,
	REPORT_MS = 3000,
	REPORT_ATTRIBUTES_MAX = 64 << 10,
	REPORT_POINTER_MAX = 200,
	REPORT_CLOCK_EVERY = 256
};

struct report {
	git_odb *odb;
	git_repository *repo;
	bool pointers; /* look at blobs; else at .gitattributes alone */
	bool filters;  /* one of them says filter=lfs */
	bool truncated;
	uint32_t entries, gitlinks, found;
	uint64_t bytes;
	int64_t end; /* clock_mono_ms */
};

static unsigned
report_depth(const char *root)
{
	unsigned n = 0;

	for (; *root != '\0'; root++)
		n += *root == '/';
	return n;
}

/* The blob when it is at most max bytes long; else NULL. */
static git_blob *
report_blob(struct report *r, const git_oid *id, size_t max)
{
	git_blob *blob = NULL;
	git_object_t type;
	size_t size;

	if (git_odb_read_header(&size, &type, r->odb, id) < 0 ||
	    type != GIT_OBJECT_BLOB || size > max || size == 0 ||
	    git_blob_lookup(&blob, r->repo, id) < 0)
		return NULL;
	return blob;
}

static void
report_attributes(struct report *r, const git_oid *id)
{
	git_blob *blob = report_blob(r, id, REPORT_ATTRIBUTES_MAX);
	struct view text, line;

	if (blob == NULL)
		return;
	text = (struct view){ .p = git_blob_rawcontent(blob),
		.len = (size_t)git_blob_rawsize(blob) };
	while (!r->filters && text.len > 0 && view_split(&text, '\n', &line)) {
		line = view_trim(line);
		r->filters = line.len > 0 && line.p[0] != '#' &&
		    memmem(line.p, line.len, "filter=lfs", 10) != NULL;
	}
	git_blob_free(blob);
}

/* version, oid and size, a line each, as git-lfs writes them. */
static void
report_pointer(struct report *r, const git_oid *id)
{
	static const char
	    version[] = "version https://git-lfs.github.com/spec/v1\n";
	git_blob *blob = report_blob(r, id, REPORT_POINTER_MAX);
	struct err ignored = ERR_INIT;
	struct view text, line;
	uint64_t size = 0;

	if (blob == NULL)
		return;
	text = (struct view){ .p = git_blob_rawcontent(blob),
		.len = (size_t)git_blob_rawsize(blob) };
	if (view_starts(text, version)) {
		while (text.len > 0 && view_split(&text, '\n', &line)) {
			AUTO_FREE char *n = NULL;

			if (!view_starts(line, "size "))
				continue;
			n = view_dup(view_from(line, 5));
			(void)num_u64(n, 0, INT64_MAX, &size, &ignored);
		}
		r->found++;
		r->bytes = r->bytes > INT64_MAX - size ? INT64_MAX
						       : r->bytes + size;
	}
	git_blob_free(blob);
}

/* Below zero ends the walk, above it leaves a folder out. */
static int
report_entry(const char *root, const git_tree_entry *entry, void *arg)
{
	struct report *r = arg;
	git_object_t type = git_tree_entry_type(entry);

	r->entries++;
	if (r->entries > REPORT_ENTRIES_MAX ||
	    (r->entries % REPORT_CLOCK_EVERY == 0 &&
		clock_mono_ms() > r->end)) {
		r->truncated = true;
		return -1;
	}
	if (type == GIT_OBJECT_TREE) {
		bool deep = report_depth(root) >= REPORT_DEPTH_MAX;

		r->truncated = r->truncated || deep;
		return deep ? 1 : 0;
	}
	if (type == GIT_OBJECT_COMMIT)
		r->gitlinks += !r->pointers;
	else if (type != GIT_OBJECT_BLOB ||
	    git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK)
		return 0;
	else if (r->pointers)
		report_pointer(r, git_tree_entry_id(entry));
	else if (strcmp(git_tree_entry_name(entry), ".gitattributes") == 0)
		report_attributes(r, git_tree_entry_id(entry));
	return 0;
}

static void
report_submodules(const struct worker_call *c, struct report *r, git_tree *tree)
{
	const git_tree_entry *entry = git_tree_entry_byname(
	    tree, ".gitmodules");
	git_blob *blob = NULL;
	struct gitmodules m = { .v = NULL };

	if (entry != NULL &&
	    git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK)
		blob = report_blob(
		    r, git_tree_entry_id(entry), GITMODULES_FILE_MAX);
	if (blob != NULL)
		gitmodules_read((struct view){ .p = git_blob_rawcontent(blob),
				    .len = (size_t)git_blob_rawsize(blob) },
		    &m);
	jw_array(c->w, "submodules");
	for (size_t i = 0; i < m.n; i++) {
		if (m.v[i].path == NULL && m.v[i].url == NULL)
			continue;
		jw_object(c->w, NULL);
		worker_text(c->w, "name", m.v[i].name);
		worker_text(
		    c->w, "path", m.v[i].path != NULL ? m.v[i].path : "");
		worker_text(c->w, "url", m.v[i].url != NULL ? m.v[i].url : "");
		jw_end(c->w);
	}
	jw_end(c->w);
	jw_bool(c->w, "submodules_truncated", m.truncated);
	gitmodules_release(&m);
	git_blob_free(blob);
}

static void
report_lfs(const struct worker_call *c, struct report *r, git_tree *tree)
{
	/* A walk that was ended early says so; what it saw counts. */
	(void)git_tree_walk(tree, GIT_TREEWALK_PRE, report_entry, r);
	if (r->filters) {
		r->pointers = true;
		r->entries = 0;
		(void)git_tree_walk(tree, GIT_TREEWALK_PRE, report_entry, r);
	}
	jw_u64(c->w, "gitlinks", r->gitlinks);
	jw_object(c->w, "lfs");
	jw_bool(c->w, "filters", r->filters);
	jw_u64(c->w, "pointers", r->found);
	jw_u64(c->w, "bytes", r->bytes);
	jw_bool(c->w, "truncated", r->truncated);
	jw_end(c->w);
}

static int
worker_op_contents(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *commit = NULL;
	AUTO_TREE git_tree *tree = NULL;
	struct report r = { .repo = c->repo,
		.end = clock_mono_ms() + REPORT_MS };
	int rc;

	if (worker_commit(c, "rev", &commit, e) == -1)
		return -1;
	rc = git_commit_tree(&tree, commit);
	if (rc == 0)
		rc = git_repository_odb(&r.odb, c->repo);
	if (rc < 0)
		return worker_fail(e, rc, "contents");
	worker_oid(c->w, "sha", git_commit_id(commit));
	report_submodules(c, &r, tree);
	report_lfs(c, &r, tree);
	git_odb_free(r.odb);
	return 0;
}

const struct worker_op worker_ops_report[] = {
	{ "contents", worker_op_contents },
	{ NULL, NULL },
};
