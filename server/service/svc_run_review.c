/*
 * What a run says of lines of a pull request: a review with those that the diff
 * shows, if the head is still what it looked at; the others in its comment.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"
#include "server/git/git_pull.h"
#include "server/service/svc_run.h"
#include "server/service/svc_run_rows.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"

enum {
	SVC_RUN_NOTE_MAX = 2048, /* of one that stands in the comment */
	SVC_RUN_NOTES_MAX = 24 << 10
};

void
svc_run_review_release(struct svc_run_finish *op)
{
	for (size_t i = 0; i < op->n_lines; i++) {
		free(op->lines[i].path);
		free(op->lines[i].body);
		free(op->lines[i].hunk);
	}
	free(op->lines);
	op->lines = NULL;
	op->n_lines = 0;
}

static void
svc_run_on_hunks(const struct git_result *res, void *arg)
{
	struct svc_run_finish *op = arg;
	const struct json *h = json_first(json_get(res->j, "hunks"));

	if (res->fail != NULL)
		log_warn("run review run=%" PRId64 " reason=%s", op->id,
		    log_val(res->fail->msg));
	else
		gitpool_sha(res, "merge_base", op->review_base);
	for (size_t i = 0; res->fail == NULL && i < op->n_lines;
	     i++, h = json_next(h)) {
		const char *text = json_string(h);

		if (text != NULL && text[0] != '\0')
			op->lines[i].hunk = xstrndup(text, REVIEW_HUNK_MAX);
	}
	svc_run_finish_write(op);
}

void
svc_run_review_place(struct svc_run_finish *op)
{
	AUTO_FREE struct git_pull_line *lines = xcalloc(
	    op->n_lines + 1, sizeof(*lines));
	struct git_pull_facts spec = { .lines = lines, .n = op->n_lines };
	struct pull p = { .run_id = 0 };
	struct err e = ERR_INIT;

	if (pulls_get(db_reader(op->op.svc->db), op->run.project_id,
		op->run.item, &p, &e) == -1 ||
	    strcmp(p.head_sha, op->commit) != 0) {
		pull_release(&p);
		svc_run_finish_write(op);
		return;
	}
	for (size_t i = 0; i < op->n_lines; i++)
		lines[i] = (struct git_pull_line){ .path = op->lines[i].path,
			.line = op->lines[i].line,
			.old = op->lines[i].side == REVIEW_SIDE_OLD };
	spec.base = p.merge_base[0] != '\0' ? p.merge_base : p.base_sha;
	spec.head = op->commit;
	gitpull_hunks(
	    op->op.svc->git, op->run.project_id, &spec, svc_run_on_hunks, op);
	pull_release(&p);
}

/* Those that have their place; borrowed. */
static size_t
svc_run_placed(const struct svc_run_finish *op, struct svc_review_line *out)
{
	size_t n = 0;

	for (size_t i = 0; i < op->n_lines; i++)
		if (op->lines[i].hunk != NULL)
			out[n++] = op->lines[i];
	return n;
}

/* Is it still the commit, and is there room for so many? */
static bool
svc_run_takes_review(struct txn *t, const struct svc_run_finish *op,
    const struct pull *p, size_t n)
{
	const struct review_comment_filter f = {
		.project_id = op->run.project_id,
		.item = op->run.item,
		.viewer_id = op->agent.user_id,
		.limit = 1
	};
	struct review_comment_list list = { .n = 0 };
	struct err e = ERR_INIT;
	bool room;

	if (strcmp(p->head_sha, op->commit) != 0 || p->issue.locked ||
	    review_comments_list(t, &f, &list, &e) == -1)
		return false;
	room = list.total + (int64_t)n <= REVIEW_COMMENTS_ITEM_MAX;
	review_comment_list_release(&list);
	return room;
}

int
svc_run_review_write(struct txn *t, struct svc_run_finish *op, struct err *e)
{
	AUTO_FREE struct svc_review_line *lines = xcalloc(
	    op->n_lines + 1, sizeof(*lines));
	struct svc_review_create r = { .op = op->op,
		.project_id = op->run.project_id,
		.item = op->run.item,
		.state = REVIEW_COMMENT,
		.lines = lines,
		.sha = op->commit };
	struct pull p = { .run_id = 0 };
	int rc = 0;

	op->reviewed = false;
	r.n_lines = svc_run_placed(op, lines);
	if (r.n_lines == 0)
		return 0;
	if (pulls_get(t, op->run.project_id, op->run.item, &p, e) == -1)
		return -1;
	r.op.who = op->agent;
	memcpy(r.head_sha, op->commit, sizeof(r.head_sha));
	memcpy(r.merge_base, op->review_base, sizeof(r.merge_base));
	if (svc_run_takes_review(t, op, &p, r.n_lines)) {
		rc = svc_review_put(t, &r, &p, false, e);
		op->reviewed = rc == 0;
	}
	review_release(&r.review);
	pull_release(&p);
	return rc;
}

void
svc_run_review_rest(const struct svc_run_finish *op, struct str *out)
{
	const size_t begin = out->len;
	size_t left = 0;

	for (size_t i = 0; i < op->n_lines; i++) {
		const struct svc_review_line *l = &op->lines[i];
		struct view path = utf8_cut(view_of(l->path), 200);

		if (op->reviewed && l->hunk != NULL)
			continue;
		if (out->len - begin > SVC_RUN_NOTES_MAX) {
			left++;
			continue;
		}
		str_addf(out, "%s`%.*s` line %" PRId64 "%s:\n\n",
		    out->len > 0 ? "\n\n" : "", (int)path.len, path.p, l->line,
		    l->side == REVIEW_SIDE_OLD ? " before the change" : "");
		str_addv(out, utf8_cut(view_of(l->body), SVC_RUN_NOTE_MAX));
	}
	if (left > 0)
		str_addf(out, "\n\n(%zu more are left out.)", left);
}
