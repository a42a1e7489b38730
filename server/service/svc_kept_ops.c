#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/git_pool.h"
#include "server/git/packs.h"
#include "server/service/svc_audit.h"
#include "server/service/svc_kept.h"
#include "server/service/svc_push.h"
#include "server/store/care.h"
#include "server/store/projects.h"

static void
svc_kept_restore_release(void *arg)
{
	struct svc_kept_restore *op = arg;

	free(op->kept);
	free(op->as);
	free(op->ref);
	kept_ref_release(&op->row);
}

struct svc_kept_restore *
svc_kept_restore_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_kept_restore), who, svc_kept_restore_release);
}

static int
kept_pusher(const struct svc_op *op, const struct project *p,
    struct svc_pusher *out, struct err *e)
{
	enum role role = ROLE_NONE;

	if (svc_may(db_reader(op->svc->db), &op->who, p->id, PERM_WRITE, &role,
		e) == -1)
		return -1;
	*out = (struct svc_pusher){ .project = p->id,
		.actor = op->who.user_id,
		.no_upstream = svc_text(p->upstream)[0] == '\0',
		.who = op->who.kind == IDENTITY_ADMIN ? PUSH_ADMIN
						      : PUSH_MAINTAINER };
	if (strlen(svc_text(p->default_branch)) < sizeof(out->default_branch))
		memcpy(out->default_branch, svc_text(p->default_branch),
		    strlen(svc_text(p->default_branch)) + 1);
	return 0;
}

static void
kept_restore_on_settled(const struct err *fail, void *arg)
{
	/* Rows that could not follow are brought after the refs at the next
	 * start, so the caller hears of it. */
	svc_op_end(arg, fail);
}

static struct push_command
kept_command(const struct svc_kept_restore *op)
{
	struct push_command c = { .ref = op->ref };

	memcpy(c.old, SHA_ZERO, sizeof(c.old));
	memcpy(c.new_sha, op->row.sha, sizeof(c.new_sha));
	return c;
}

static int
kept_restore_pusher(
    const struct svc_kept_restore *op, struct svc_pusher *out, struct err *e)
{
	struct project p = { .id = 0 };
	int rc = svc_project_by_id(db_reader(op->op.svc->db), &op->op.who,
	    op->project_id, PERM_WRITE, &p, e);

	if (rc == 0)
		rc = kept_pusher(&op->op, &p, out, e);
	project_release(&p);
	return rc;
}

/* A branch that moves is no row; that somebody brought back what a forced push
 * took is one. */
static void
kept_restore_note(const struct svc_kept_restore *op)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "kept", op->kept);
	jw_str(&w, "sha", op->row.sha);
	jw_end(&w);
	svc_audit_note(op->op.svc, &op->op.who,
	    &(struct svc_audit_note){ .what = "kept.restored",
		.subject = op->ref,
		.details = str_cstr(&text),
		.project = op->project_id });
}

static void
kept_restore_on_moved(const struct git_result *r, void *arg)
{
	struct svc_kept_restore *op = arg;
	struct push_command c = kept_command(op);
	const char *branch = refname_branch(op->ref);
	struct svc_pusher who;
	struct err e = ERR_INIT;

	if (r->fail != NULL && r->fail->code == ERR_EXISTS) {
		(void)err_set(&e, ERR_EXISTS,
		    "%.80s is there already: restore it under another name, "
		    "as agent/restored-%.60s",
		    op->ref, branch != NULL ? branch : "tag");
		svc_op_end(op, &e);
		return;
	}
	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	FAIL_POINT(kept_restored);
	kept_restore_note(op);
	if (kept_restore_pusher(op, &who, &e) == -1)
		svc_op_end(op, &e);
	else
		svc_push_settle(
		    op->op.svc->push, &who, &c, 1, kept_restore_on_settled, op);
}

static void
kept_restore_on_judged(const struct svc_push_judged *r, void *arg)
{
	struct svc_kept_restore *op = arg;
	struct git_ref_change change = {
		.ref = op->ref, .old = GIT_ZERO_SHA, .new_sha = op->row.sha
	};
	const struct git_refs_spec spec = {
		.v = &change, .n = 1, .atomic = true
	};
	const char *branch = refname_branch(op->ref);
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
	} else if (!r->v[0].ok) {
		(void)err_set(&e, ERR_DENIED,
		    "%.80s: %.100s: restore it under another name, "
		    "as agent/restored-%.40s",
		    op->ref, r->v[0].reason, branch != NULL ? branch : "tag");
		svc_op_end(op, &e);
	} else {
		gitpool_refs_update(op->op.svc->git, op->project_id, &spec,
		    kept_restore_on_moved, op);
	}
}

void
svc_kept_restore(struct svc_kept_restore *op, svc_done_fn *done, void *arg)
{
	struct txn *t = db_reader(op->op.svc->db);
	struct push_command c;
	struct svc_pusher who;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (kept_restore_pusher(op, &who, &e) == -1 ||
	    kept_get(t, op->project_id, op->kept, &op->row, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	op->ref = op->as != NULL ? xasprintf("refs/heads/%s", op->as)
				 : xstrdup(op->row.ref);
	c = kept_command(op);
	svc_push_judge(
	    op->op.svc->push, &who, &c, 1, true, kept_restore_on_judged, op);
}

static void
svc_kept_drop_release(void *arg)
{
	struct svc_kept_drop *op = arg;

	for (size_t i = 0; op->names != NULL && i < op->n; i++)
		free(op->names[i]);
	free(op->names);
	kept_ref_list_release(&op->rows);
}

struct svc_kept_drop *
svc_kept_drop_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_kept_drop), who, svc_kept_drop_release);
}

static int
kept_drop_event(struct txn *t, const struct svc_kept_drop *op, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "kept.dropped",
		.project_id = op->project_id,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_array(&w, "refs");
	for (size_t i = 0; i < op->rows.n && i < 100; i++) {
		jw_object(&w, NULL);
		jw_str(&w, "ref", op->rows.at[i].ref);
		jw_str(&w, "sha", op->rows.at[i].sha);
		jw_end(&w);
	}
	jw_end(&w);
	jw_u64(&w, "count", op->rows.n);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static int
kept_drop_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_kept_drop *op = arg;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	for (size_t i = 0; i < op->rows.n; i++)
		if (kept_delete(t, op->project_id, op->rows.at[i].kept, e) ==
		    -1)
			return -1;
	if (care_set_purge(t, op->project_id, op->op.now, e) == -1)
		return -1;
	return kept_drop_event(t, op, e);
}

static bool
kept_drop_written(void *arg)
{
	struct svc_kept_drop *op = arg;
	struct svc *s = op->op.svc;

	log_info("kept dropped project=%" PRId64 " refs=%zu", op->project_id,
	    op->rows.n);
	packs_drop(s->env, op->project_id);
	s->upper->care_now(s->care, op->project_id, 0, NULL, NULL);
	return false;
}

static void
kept_drop_on_deleted(const struct git_result *r, void *arg)
{
	struct svc_kept_drop *op = arg;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	FAIL_POINT(kept_dropped);
	op->op.now = op->op.svc->now();
	op->op.then = kept_drop_written;
	svc_op_again(op, kept_drop_job);
}

static int
kept_drop_read(struct svc_kept_drop *op, struct err *e)
{
	struct txn *t = db_reader(op->op.svc->db);

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (op->names == NULL) {
		if (kept_list(t, op->project_id, 0, SVC_KEPT_DROP_MAX, 0,
			&op->rows, e) == -1)
			return -1;
		op->more = op->rows.total > (int64_t)op->rows.n;
		return 0;
	}
	op->rows.at = xcalloc(op->n + 1, sizeof(*op->rows.at));
	for (size_t i = 0; i < op->n; i++) {
		if (kept_get(t, op->project_id, op->names[i], &op->rows.at[i],
			e) == -1)
			return err_wrap(e, "%.120s", op->names[i]);
		op->rows.n++;
	}
	return 0;
}

void
svc_kept_drop(struct svc_kept_drop *op, svc_done_fn *done, void *arg)
{
	struct git_refs_spec spec = { .atomic = true };
	struct git_ref_change *v;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (kept_drop_read(op, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	if (op->rows.n == 0) {
		svc_op_end_later(op, NULL);
		return;
	}
	v = xcalloc(op->rows.n, sizeof(*v));
	for (size_t i = 0; i < op->rows.n; i++)
		v[spec.n++] = (struct git_ref_change){
			.ref = op->rows.at[i].kept,
			.old = "",
			.new_sha = GIT_ZERO_SHA
		};
	spec.v = v;
	gitpool_refs_update(
	    op->op.svc->git, op->project_id, &spec, kept_drop_on_deleted, op);
	free(v);
}
