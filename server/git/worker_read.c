#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/domain/checks.h"
#include "server/git/checks_yaml.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

/* Its size without its bytes: it is not unpacked to be refused. */
static int
worker_blob_size(git_repository *repo, const git_oid *id, size_t *size)
{
	git_object_t type;
	git_odb *odb = NULL;
	int rc = git_repository_odb(&odb, repo);

	if (rc == 0)
		rc = git_odb_read_header(size, &type, odb, id);
	git_odb_free(odb);
	return rc;
}

/* The blob at a path of a commit's tree; the caller frees it. */
static int
worker_blob_at(git_commit *commit, const char *path, size_t max, git_blob **out,
    struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	size_t size = 0;
	int rc = git_commit_tree(&tree, commit);

	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, tree, path);
	if (rc == 0 && git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		rc = GIT_ENOTFOUND;
	if (rc == 0)
		rc = worker_blob_size(
		    git_tree_owner(tree), git_tree_entry_id(entry), &size);
	if (rc == 0 && size <= max)
		rc = git_blob_lookup(
		    out, git_tree_owner(tree), git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	if (rc == GIT_ENOTFOUND)
		return err_set(e, ERR_NOTFOUND, "no such file: %.150s", path);
	if (rc == 0 && size > max)
		return err_set(
		    e, ERR_LIMIT, "%.150s is larger than %zu bytes", path, max);
	return rc < 0 ? worker_fail(e, rc, path) : 0;
}

static int
worker_op_blob(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *commit = NULL;
	git_blob *blob = NULL;
	const char *path;
	int64_t max = json_i64_or(c->in, "max", 0);

	if (max < 0 || max > WORKER_RAW_MAX)
		max = WORKER_RAW_MAX;
	if (worker_arg(c, "path_in", &path, e) == -1 ||
	    worker_commit(c, "rev", &commit, e) == -1 ||
	    worker_blob_at(commit, path, (size_t)max, &blob, e) == -1)
		return -1;
	worker_oid(c->w, "sha", git_blob_id(blob));
	jw_u64(c->w, "size", git_blob_rawsize(blob));
	jw_bool(c->w, "binary", git_blob_is_binary(blob) == 1);
	str_addn(
	    c->raw, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
	git_blob_free(blob);
	return 0;
}

static int
worker_op_compare(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *base = NULL;
	AUTO_COMMIT git_commit *head = NULL;
	size_t ahead = 0, behind = 0;
	git_oid mb;
	int rc;

	if (worker_commit(c, "base", &base, e) == -1 ||
	    worker_commit(c, "head", &head, e) == -1)
		return -1;
	rc = git_graph_ahead_behind(
	    &ahead, &behind, c->repo, git_commit_id(head), git_commit_id(base));
	if (rc < 0)
		return worker_fail(e, rc, "compare");
	rc = git_merge_base(
	    &mb, c->repo, git_commit_id(base), git_commit_id(head));
	if (rc < 0 && rc != GIT_ENOTFOUND)
		return worker_fail(e, rc, "merge base");
	worker_oid(c->w, "base", git_commit_id(base));
	worker_oid(c->w, "head", git_commit_id(head));
	worker_oid(c->w, "merge_base", rc == 0 ? &mb : NULL);
	jw_u64(c->w, "ahead", ahead);
	jw_u64(c->w, "behind", behind);
	return 0;
}

static int
worker_op_is_ancestor(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *old = NULL;
	AUTO_COMMIT git_commit *now = NULL;
	int rc;

	if (worker_commit(c, "old", &old, e) == -1 ||
	    worker_commit(c, "new", &now, e) == -1)
		return -1;
	rc = git_oid_equal(git_commit_id(old), git_commit_id(now))
	    ? 1
	    : git_graph_descendant_of(
		  c->repo, git_commit_id(now), git_commit_id(old));
	if (rc < 0)
		return worker_fail(e, rc, "compare");
	jw_bool(c->w, "yes", rc == 1);
	return 0;
}

static void
worker_put_checks(struct jw *w, const struct checks *checks)
{
	jw_i64(w, "new_tests", checks->new_tests);
	jw_str(w, "tests", checks->tests);
	jw_array(w, "checks");
	for (size_t i = 0; i < checks->n; i++) {
		const struct check *k = &checks->v[i];

		jw_object(w, NULL);
		jw_str(w, "name", k->name);
		jw_str(w, "setup", k->setup);
		jw_str(w, "test", k->test);
		jw_str(w, "image", k->image);
		jw_str(w, "profile", k->profile);
		jw_i64(w, "network_setup", k->network_setup);
		jw_i64(w, "network_test", k->network_test);
		jw_str(w, "presets", k->presets);
		jw_str(w, "labels", k->labels);
		jw_i64(w, "timeout_s", k->timeout_s);
		jw_u64(w, "memory", k->memory);
		jw_u64(w, "disk", k->disk);
		jw_i64(w, "cpus", k->cpus);
		jw_i64(w, "pids", k->pids);
		jw_str(w, "paths", k->paths);
		jw_str(w, "paths_ignore", k->paths_ignore);
		jw_bool(w, "required", k->required);
		jw_end(w);
	}
	jw_end(w);
}

/* The presets of the languages that the files at the top speak of. */
static int
worker_languages(git_commit *commit, struct str *out, struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	int rc = git_commit_tree(&tree, commit);

	if (rc < 0)
		return worker_fail(e, rc, "tree");
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const char *preset = check_language(
		    git_tree_entry_name(git_tree_entry_byindex(tree, i)));

		if (preset == NULL ||
		    (out->len > 0 && strstr(str_cstr(out), preset) != NULL))
			continue;
		if (out->len > 0)
			str_addc(out, ' ');
		str_add(out, preset);
	}
	return 0;
}

static int
worker_checks_presets(git_commit *commit, struct checks *checks, struct err *e)
{
	AUTO_STR struct str all = STR_INIT;

	if (worker_languages(commit, &all, e) == -1)
		return -1;
	for (size_t i = 0; i < checks->n; i++)
		if (checks->v[i].presets == NULL)
			checks->v[i].presets = xstrdup(str_cstr(&all));
	return 0;
}

/* From the commit, or the text that came with the call, which wins. */
static int
worker_checks_text(struct worker_call *c, git_commit *commit, git_blob **blob,
    struct view *text, struct err *e)
{
	if (json_bool_or(c->in, "given", false)) {
		*text = c->raw_in;
		return 0;
	}
	if (worker_blob_at(
		commit, ".coffer/checks.yml", CHECKS_FILE_MAX, blob, e) == -1)
		return -1;
	*text = (struct view){ .p = git_blob_rawcontent(*blob),
		.len = (size_t)git_blob_rawsize(*blob) };
	return 0;
}

static int
worker_op_checks(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *commit = NULL;
	AUTO_CHECKS struct checks checks = CHECKS_INIT;
	git_blob *blob = NULL;
	struct err why = ERR_INIT;
	struct view text;
	int rc;

	if (worker_commit(c, "rev", &commit, e) == -1)
		return -1;
	rc = worker_checks_text(c, commit, &blob, &text, &why);
	if (rc == -1 && why.code != ERR_NOTFOUND && why.code != ERR_LIMIT) {
		*e = why;
		return -1;
	}
	jw_bool(c->w, "found", rc == 0 || why.code == ERR_LIMIT);
	if (rc == 0)
		rc = checks_parse(text, &checks, &why);
	git_blob_free(blob);
	if (rc == 0 && worker_checks_presets(commit, &checks, e) == -1)
		return -1;
	if (rc == -1 && why.code != ERR_NOTFOUND)
		worker_text(c->w, "error", why.msg);
	else
		jw_null(c->w, "error");
	worker_put_checks(c->w, &checks);
	return 0;
}

const struct worker_op worker_ops_read[] = {
	{ "blob", worker_op_blob },
	{ "compare", worker_op_compare },
	{ "is_ancestor", worker_op_is_ancestor },
	{ "checks", worker_op_checks },
	{ NULL, NULL },
};
