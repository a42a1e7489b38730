/* Objects that are asked for and not kept; and the tree of a merge. */
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <string.h>

#include "lib/base/auto.h"
#include "server/git/worker_merge_priv.h"

enum {
	WORKER_SCRATCH_PRIORITY = 1000 /* before the files */
};

int
worker_scratch_begin(
    git_repository *repo, struct worker_scratch *s, struct err *e)
{
	git_odb_backend *memory = NULL;
	git_odb *odb = NULL;
	git_buf dir = { .ptr = NULL };
	int rc = git_repository_item_path(
	    &dir, repo, GIT_REPOSITORY_ITEM_OBJECTS);

	if (rc == 0)
		rc = git_repository_odb(&s->kept, repo);
	if (rc == 0)
		rc = git_odb_open(&odb, dir.ptr);
	if (rc == 0)
		rc = git_mempack_new(&memory);
	if (rc == 0) {
		rc = git_odb_add_backend(odb, memory, WORKER_SCRATCH_PRIORITY);
		if (rc < 0)
			memory->free(memory);
	}
	if (rc == 0)
		rc = git_repository_set_odb(repo, odb);
	git_odb_free(odb); /* the repository has it */
	git_buf_dispose(&dir);
	if (rc == 0) {
		s->repo = repo;
		return 0;
	}
	git_odb_free(s->kept);
	s->kept = NULL;
	return worker_fail(e, rc, "objects in memory");
}

void
worker_scratch_end(struct worker_scratch *s)
{
	if (s->repo != NULL)
		(void)git_repository_set_odb(s->repo, s->kept);
	git_odb_free(s->kept);
	*s = (struct worker_scratch){ .repo = NULL };
}

int
worker_merge_tree(struct worker_call *c, const struct worker_pair *p,
    git_oid *out, git_index **conflict, struct err *e)
{
	AUTO_INDEX git_index *index = NULL;
	int rc;

	if (p->up_to_date || p->fast_forward) {
		(void)git_oid_cpy(
		    out, git_commit_tree_id(p->up_to_date ? p->base : p->head));
		return 0;
	}
	if (worker_merge_index(c->repo, p, &index, e) == -1)
		return -1;
	if (git_index_has_conflicts(index)) {
		*conflict = STEAL(index);
		return 0;
	}
	rc = git_index_write_tree_to(out, index, c->repo);
	return rc < 0 ? worker_fail(e, rc, "write tree") : 0;
}

static int
worker_op_merge_tree(struct worker_call *c, struct err *e)
{
	AUTO_PAIR struct worker_pair p = { .base = NULL };
	AUTO_INDEX git_index *conflict = NULL;
	git_oid tree;

	if (worker_pair_get(c, &p, e) == -1 ||
	    worker_merge_tree(c, &p, &tree, &conflict, e) == -1)
		return -1;
	if (conflict != NULL)
		return err_set(e, ERR_EXISTS, "it conflicts");
	worker_oid(c->w, "tree", &tree);
	return 0;
}

const struct worker_op worker_ops_scratch[] = {
	{ "merge_tree", worker_op_merge_tree },
	{ NULL, NULL },
};
