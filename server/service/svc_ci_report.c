#include "server/service/svc_ci_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "server/domain/job_name.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci_attach.h"
#include "server/service/svc_ci_rows.h"
#include "server/service/svc_comment.h"
#include "server/store/check_orders.h"
#include "server/store/comments.h"
#include "server/store/jobs.h"
#include "server/store/pulls.h"

enum {
	SVC_CI_TAIL_MAX = 2048,    /* of one log */
	SVC_CI_TAILS_MAX = 8,      /* logs shown */
	SVC_CI_REPORT_MAX = 60000, /* bytes of the comment */
	SVC_CI_WHY_MAX = 200
};

/* Without the escape sequences of terminals. */
static void
svc_ci_plain(struct str *out, struct view text)
{
	while (text.len > 0) {
		uint32_t cp;
		size_t len = utf8_decode(text, &cp);

		if (len > 0 &&
		    (cp == '\n' || cp == '\t' ||
			(cp >= ' ' && !esc_unseen(cp))))
			str_addn(out, text.p, len);
		text = view_from(text, len > 0 ? len : 1);
	}
}

void
svc_ci_fence(struct str *out, struct view text)
{
	AUTO_STR struct str plain = STR_INIT;
	size_t run = 0, longest = 2;

	svc_ci_plain(&plain, text);
	for (size_t i = 0; i < plain.len; i++) {
		run = plain.p[i] == '`' ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	for (size_t i = 0; i <= longest; i++)
		str_addc(out, '`');
	str_add(out, "text\n");
	str_addv(out, str_view(&plain));
	if (plain.len == 0 || plain.p[plain.len - 1] != '\n')
		str_addc(out, '\n');
	for (size_t i = 0; i <= longest; i++)
		str_addc(out, '`');
	str_addc(out, '\n');
}

/* One line as code, in a table. */
static void
svc_ci_cell(struct str *out, const char *s)
{
	size_t n = 0;

	str_addc(out, '`');
	for (; *s != '\0' && n < SVC_CI_WHY_MAX; s++)
		if (*s != '`' && *s != '|' && (unsigned char)*s >= ' ') {
			str_addc(out, *s);
			n++;
		}
	str_add(out, n == 0 ? " `" : "`");
}

static const char *
svc_ci_result_text(const struct job *j)
{
	return j->state == JOB_SKIPPED ? "skipped: counts as met"
				       : job_rule_text(j->state);
}

static void
svc_ci_row(struct str *out, const struct job *j)
{
	int64_t took = j->ended_at > j->started_at && j->started_at > 0
	    ? (j->ended_at - j->started_at + 500) / 1000
	    : -1;

	str_add(out, "| ");
	svc_ci_cell(out, j->name);
	str_addf(out, " | %s | %s", j->check.required ? "yes" : "no",
	    svc_ci_result_text(j));
	if (job_rule_is_merge(j))
		str_addf(out, ", merged into `%.12s`", j->base_sha);
	str_add(out, " | ");
	if (j->why[0] != '\0' && job_state_is_end(j->state))
		svc_ci_cell(out, j->why);
	str_add(out, " | ");
	if (took >= 0)
		str_addf(out, "%" PRId64 " s", took);
	str_add(out, " |\n");
}

/* A test that fails on the base is what it is there for. */
static bool
svc_ci_shows_log(const struct job *j)
{
	return job_rule_is_fault(j->state) && j->log_bytes > 0 &&
	    job_name_read(j->name).side != JOB_SIDE_BASE;
}

static void
svc_ci_log_part(struct svc *s, struct str *out, const struct job *j)
{
	AUTO_STR struct str tail = STR_INIT;

	svc_ci_tail(s, j, SVC_CI_TAIL_MAX, &tail);
	str_add(out, "\nThe end of the log of ");
	svc_ci_cell(out, j->name);
	str_addf(out, ", [the whole log](%s/-/jobs/%" PRId64 "):\n\n",
	    s->public_url, j->id);
	svc_ci_fence(out, str_view(&tail));
}

struct svc_ci_sums {
	size_t ended, waits, bad, n;
};

static struct svc_ci_sums
svc_ci_sum(const struct job_list *l)
{
	struct svc_ci_sums s = { .n = 0 };

	for (size_t i = 0; i < l->n; i++) {
		const struct job *j = &l->at[i];

		if (j->state == JOB_SUPERSEDED)
			continue;
		s.n++;
		s.ended += job_state_is_end(j->state);
		s.waits += !job_state_is_end(j->state);
		s.bad += job_name_read(j->name).side == JOB_SIDE_WHOLE &&
		    job_state_is_end(j->state) && j->state != JOB_PASSED &&
		    j->state != JOB_SKIPPED;
	}
	return s;
}

static void
svc_ci_text(struct svc *s, const struct pull *p, const struct job_list *l,
    const struct check_report *r, struct str *out)
{
	struct svc_ci_sums sum = svc_ci_sum(l);
	size_t shown = 0;

	if (sum.n == 0) {
		str_addf(out,
		    "**CI: stale.** What was here was of an older head or "
		    "base; on "
		    "`%.12s` nothing has run.\n",
		    p->head_sha);
		return;
	}
	str_addf(out, "**CI: %s** of `%.12s`\n\n",
	    sum.waits > 0     ? "still running"
		: sum.bad > 0 ? "not all passed"
			      : "passed",
	    p->head_sha);
	str_add(out,
	    "| check | required | result | why | took |\n"
	    "|---|---|---|---|---|\n");
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].state != JOB_SUPERSEDED)
			svc_ci_row(out, &l->at[i]);
	if (strcmp(r->sha, p->head_sha) == 0 && r->notes != NULL &&
	    r->notes[0] != '\0')
		str_addf(out, "\nLook at this:\n\n%s", r->notes);
	for (size_t i = 0; i < l->n && shown < SVC_CI_TAILS_MAX; i++)
		if (svc_ci_shows_log(&l->at[i])) {
			svc_ci_log_part(s, out, &l->at[i]);
			shown++;
		}
}

static int
svc_ci_say(struct txn *t, struct svc *s, int64_t now, const struct pull *p,
    const struct job_list *l, struct err *e)
{
	int64_t project = p->issue.project_id, number = p->issue.number;
	AUTO_STR struct str text = STR_INIT_MAX(SVC_CI_REPORT_MAX);
	struct check_report r;
	struct identity ci;
	struct svc_comment_row row = { .project_id = project, .item = number };
	int64_t id;
	int rc = 0;

	if (check_reports_get(t, project, number, &r, e) == -1)
		return -1;
	id = r.comment_id;
	if (id == 0 && svc_ci_sum(l).ended == 0) {
		check_report_release(&r);
		return 0;
	}
	svc_ci_text(s, p, l, &r, &text);
	check_report_release(&r);
	svc_identity_of(s->ci_id, "ci", USER_CI, &ci);
	row.body = str_cstr(&text);
	rc = svc_comment_put(t, &ci, now, &row, &id, e);
	if (rc == 0)
		rc = check_reports_comment(t, project, number, id, e);
	if (rc == 0)
		rc = svc_ci_attach(t, s, now, p, id, l, e);
	return rc;
}

int
svc_ci_report(struct txn *t, struct svc *s, int64_t now, int64_t project,
    int64_t pull, struct err *e)
{
	struct pull p = { .run_id = 0 };
	struct job_list l = { .n = 0 };
	int rc = -1;

	if (pulls_get(t, project, pull, &p, e) == 0 &&
	    jobs_of_head(t, project, pull, p.head_sha, &l, e) == 0)
		rc = svc_ci_say(t, s, now, &p, &l, e);
	job_list_release(&l);
	pull_release(&p);
	return rc;
}

int
svc_ci_report_order(struct txn *t, struct svc *s, int64_t now,
    const struct job *j, struct err *e)
{
	struct job_name name = job_name_read(j->name);
	struct check_order o = { .comment_id = 0 };
	AUTO_STR struct str text = STR_INIT_MAX(SVC_CI_REPORT_MAX);
	struct svc_comment_row row = { .project_id = j->project_id,
		.item = j->pull };
	struct identity ci;
	int64_t id = 0;

	if (check_orders_get(t, name.comment, &o, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT; /* taken back */
		return 0;
	}
	str_addf(&text, "`/%s`: **%s** on `%.12s`%s\n\n",
	    name.kind == JOB_KIND_BUG ? "test-pr-bug" : "test-pr",
	    job_rule_text(j->state), j->sha,
	    o.required ? ", required" : ", advisory");
	if (j->why[0] != '\0') {
		svc_ci_cell(&text, j->why);
		str_add(&text, "\n\n");
	}
	svc_ci_fence(&text, view_of(o.test));
	if (svc_ci_shows_log(j))
		svc_ci_log_part(s, &text, j);
	check_order_release(&o);
	svc_identity_of(s->ci_id, "ci", USER_CI, &ci);
	row.body = str_cstr(&text);
	return svc_comment_put(t, &ci, now, &row, &id, e);
}
