#include "server/service/svc_write.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/domain/rev_text.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"
#include "server/git/repo_use.h"
#include "server/service/svc_refmove.h"
#include "server/store/users.h"

void
svc_person_release(struct svc_person *p)
{
	free(p->name);
	free(p->email);
	*p = (struct svc_person){ .name = NULL };
}

void
svc_person_fill(struct txn *t, const struct identity *who, const char *noreply,
    int64_t now, struct svc_person *p)
{
	struct user u;
	struct err e = ERR_INIT;
	bool known = users_by_id(t, who->user_id, &u, &e) == 0;

	if (p->name == NULL)
		p->name = xstrdup(
		    known && u.full_name[0] != '\0' ? u.full_name : who->login);
	if (p->email == NULL)
		p->email = xstrdup(
		    known && u.email[0] != '\0' ? u.email : noreply);
	if (p->at == 0)
		p->at = now;
}

static void
svc_write_release(void *arg)
{
	struct svc_write *op = arg;

	for (size_t i = 0; i < op->n; i++) {
		free(op->v[i].path);
		free(op->v[i].from);
		free(op->v[i].sha);
		str_release(&op->v[i].bytes);
	}
	free(op->v);
	free(op->branch);
	free(op->new_branch);
	free(op->message);
	free(op->noreply);
	svc_person_release(&op->author);
	svc_person_release(&op->committer);
	if (op->wait != NULL)
		ref_cache_cancel(op->wait);
	repo_use_leave(op->hold);
}

struct svc_write *
svc_write_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_write), who, svc_write_release);
}

static void
svc_write_on_moved(const struct err *fail, void *move, void *arg)
{
	(void)move;
	svc_op_end(arg, fail);
}

/* The paths that the commit changes, for the rules of files. */
static void
svc_write_paths(const struct svc_write *op, struct svc_refmove *m)
{
	m->paths = xcalloc(2 * op->n + 1, sizeof(*m->paths));
	for (size_t i = 0; i < op->n; i++) {
		m->paths[m->n_paths++] = xstrdup(op->v[i].path);
		if (op->v[i].from != NULL)
			m->paths[m->n_paths++] = xstrdup(op->v[i].from);
	}
}

static void
svc_write_move(struct svc_write *op)
{
	struct svc_refmove *m = svc_refmove_new(op->op.svc, &op->op.who);
	bool fresh = op->new_branch != NULL || op->base[0] == '\0';

	m->project_id = op->project_id;
	m->kind = fresh ? REFMOVE_CREATE : REFMOVE_UPDATE;
	m->ref = xasprintf("refs/heads/%s",
	    op->new_branch != NULL ? op->new_branch : op->branch);
	m->forward = true;
	m->made = true;
	m->also = op->also;
	memcpy(m->new_sha, op->commit, sizeof(m->new_sha));
	if (!fresh)
		memcpy(m->old, op->base, sizeof(m->old));
	svc_write_paths(op, m);
	svc_refmove(m, svc_write_on_moved, op);
}

static void
svc_write_on_written(const struct git_result *r, void *arg)
{
	struct svc_write *op = arg;
	const struct json *f;
	size_t i = 0;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	gitpool_sha(r, "sha", op->commit);
	for (f = json_first(json_get(r->j, "files")); f != NULL && i < op->n;
	     f = json_next(f), i++) {
		const char *sha = json_str_or(f, "sha", "");

		if (gitpool_sha_ok(sha))
			memcpy(op->v[i].now, sha, sizeof(op->v[i].now));
		op->v[i].size = json_i64_or(f, "size", 0);
	}
	FAIL_POINT(files_written);
	svc_write_move(op);
}

static void
svc_write_write(struct svc_write *op)
{
	struct git_ask_file *files = xcalloc(op->n + 1, sizeof(*files));
	const struct git_ask_write spec = {
		.base = op->base[0] != '\0' ? op->base : NULL,
		.message = op->message,
		.author = { op->author.name, op->author.email, op->author.at },
		.committer = { op->committer.name, op->committer.email,
		    op->committer.at },
		.files = files,
		.n = op->n
	};

	for (size_t i = 0; i < op->n; i++)
		files[i] = (struct git_ask_file){ .op = op->v[i].what,
			.path = op->v[i].path,
			.from = op->v[i].from,
			.sha = op->v[i].sha,
			.has_bytes = op->v[i].has_bytes,
			.bytes = str_view(&op->v[i].bytes) };
	gitask_write(
	    op->op.svc->git, op->project_id, &spec, svc_write_on_written, op);
	free(files);
}

/* What the commit goes on top of.  A repository without commits gets its
 * first one. */
static int
svc_write_base(
    struct svc_write *op, const struct ref_snapshot *s, struct err *e)
{
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", op->branch);
	AUTO_FREE char *other = op->new_branch != NULL
	    ? xasprintf("refs/heads/%s", op->new_branch)
	    : NULL;
	struct ref_row row;

	if (refsnap_find(s, REF_SIDE_WORK, ref, &row))
		memcpy(op->base, row.sha, SHA_HEX);
	else if (refsnap_count(s, REF_SIDE_WORK) > 0)
		return err_set(e, ERR_NOTFOUND,
		    "branch does not exist [name: %.150s]", op->branch);
	if (other != NULL && refsnap_find(s, REF_SIDE_WORK, other, &row))
		return err_set(e, ERR_INVALID,
		    "branch already exists [name: %.150s]", op->new_branch);
	return 0;
}

static void
svc_write_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct svc_write *op = arg;
	struct err e = ERR_INIT;

	op->wait = NULL;
	if (fail != NULL)
		svc_op_end(op, fail);
	else if (svc_write_base(op, s, &e) == -1)
		svc_op_end(op, &e);
	else
		svc_write_write(op);
}

/* Nobody removes a commit that no ref has yet. */
static void
svc_write_on_ready(void *arg)
{
	struct svc_write *op = arg;
	struct err e = ERR_INIT;

	op->wait = ref_cache_ask(gitpool_ref_cache(op->op.svc->git),
	    op->project_id, svc_write_on_refs, op);
	if (op->wait != NULL)
		return;
	(void)err_set(&e, ERR_BUSY, "too many wait for the refs");
	svc_op_end(op, &e);
}

static int
svc_write_check(struct svc_write *op, struct err *e)
{
	const char *why;

	for (size_t i = 0; i < op->n; i++) {
		const struct svc_file *f = &op->v[i];

		if (!rev_path_ok(f->path, &why) ||
		    (f->from != NULL && !rev_path_ok(f->from, &why)))
			return err_set(e, ERR_INVALID, "path: %s", why);
	}
	if (op->new_branch != NULL && !refname_branch_ok(op->new_branch, &why))
		return err_set(e, ERR_INVALID, "new_branch: %s", why);
	if (op->new_branch != NULL && strcmp(op->new_branch, op->branch) == 0) {
		free(op->new_branch);
		op->new_branch = NULL;
	}
	return 0;
}

static int
svc_write_read(struct svc_write *op, struct err *e)
{
	struct txn *t = db_reader(op->op.svc->db);
	struct project p = { .id = 0 };

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_WRITE, &p, e) == -1)
		return -1;
	if (op->branch == NULL)
		op->branch = xstrdup(svc_text(p.default_branch)[0] != '\0'
			? p.default_branch
			: "main");
	project_release(&p);
	svc_person_fill(
	    t, &op->op.who, svc_text(op->noreply), op->op.now, &op->author);
	svc_person_fill(
	    t, &op->op.who, svc_text(op->noreply), op->op.now, &op->committer);
	return svc_write_check(op, e);
}

static void
svc_write_sign(struct svc_write *op)
{
	char *text;

	if (!op->signoff)
		return;
	text = xasprintf("%s\n\nSigned-off-by: %s <%s>\n", op->message,
	    op->committer.name, op->committer.email);
	free(op->message);
	op->message = text;
}

void
svc_write(struct svc_write *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_write_read(op, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	svc_write_sign(op);
	op->hold = repo_use_share(
	    op->op.svc->use, op->project_id, 0, svc_write_on_ready, op);
}
