/* Which pull requests are to be refreshed: of svc_pull.h. */
#include "server/service/svc_pull.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_ci_head.h"
#include "server/store/jobs.h"
#include "server/store/projects.h"
#include "server/store/protections.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"

/* Those of other projects that have the branch as their head. */
static void
svc_pull_on_fork(
    struct svc *s, int64_t project, const char *branch, int64_t actor)
{
	AUTO_FREE struct pull_key *v = xcalloc(DB_LIST_MAX, sizeof(*v));
	struct err e = ERR_INIT;
	size_t n;

	if (pulls_of_fork(db_reader(s->db), project, branch, v, DB_LIST_MAX, &n,
		&e) == -1) {
		log_error("pull list fork=%" PRId64 " reason=%s", project,
		    log_val(e.msg));
		return;
	}
	for (size_t i = 0; i < n; i++)
		svc_pull_refresh(
		    s, v[i].project_id, v[i].number, actor, NULL, NULL);
}

void
svc_pull_on_branch(
    struct svc *s, int64_t project, const char *branch, int64_t actor)
{
	AUTO_FREE struct pull_key *v = xcalloc(DB_LIST_MAX, sizeof(*v));
	struct err e = ERR_INIT;
	size_t n;

	if (strncmp(branch, "refs/heads/", 11) == 0)
		branch += 11;
	if (pulls_open(db_reader(s->db), project, branch, 0, v, DB_LIST_MAX, &n,
		&e) == -1) {
		log_error("pull list project=%" PRId64 " reason=%s", project,
		    log_val(e.msg));
		return;
	}
	for (size_t i = 0; i < n; i++)
		svc_pull_refresh(s, project, v[i].number, actor, NULL, NULL);
	svc_pull_on_fork(s, project, branch, actor);
}

void
svc_pull_on_checks(struct svc *s, int64_t project, int64_t actor)
{
	AUTO_FREE struct pull_key *v = xcalloc(DB_LIST_MAX, sizeof(*v));
	struct err e = ERR_INIT;
	int64_t after = 0;
	size_t n;

	do {
		if (pulls_open(db_reader(s->db), project, NULL, after, v,
			DB_LIST_MAX, &n, &e) == -1) {
			log_error("pull list project=%" PRId64 " reason=%s",
			    project, log_val(e.msg));
			return;
		}
		for (size_t i = 0; i < n; i++)
			svc_pull_refresh(
			    s, project, v[i].number, actor, NULL, NULL);
		after = n > 0 ? v[n - 1].number : 0;
	} while (n == DB_LIST_MAX);
}

char *
svc_pull_head_ref(const struct pull *p, int64_t *project)
{
	const char *colon = strchr(p->head, ':');

	*project = p->head_project != 0 ? p->head_project : p->issue.project_id;
	return xasprintf("refs/heads/%s",
	    p->head_project != 0 && colon != NULL ? colon + 1 : p->head);
}

int
svc_pull_head_now(
    struct txn *t, const struct pull *p, char sha[SHA_HEX + 1], struct err *e)
{
	int64_t of;
	AUTO_FREE char *ref = svc_pull_head_ref(p, &of);
	const struct author *a = &p->issue.author;
	struct identity who;

	sha[0] = '\0';
	svc_identity_of(a->id, a->login, a->kind, &who);
	if (p->head_project != 0 &&
	    (svc_may(t, &who, of, PERM_READ, NULL, e) == -1 ||
		svc_may(t, &who, p->issue.project_id, PERM_READ, NULL, e) ==
		    -1)) {
		if (e->code != ERR_NOTFOUND && e->code != ERR_DENIED)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	return refs_get(t, of, ref, sha, e);
}

int
svc_pull_tests_merge(
    struct txn *t, int64_t project, const char *base, bool *yes, struct err *e)
{
	const struct protect_rule *r;
	struct protect_list rules;
	struct project p = { .id = 0 };

	if (projects_by_id(t, project, &p, e) == -1)
		return -1;
	*yes = p.settings.test_merge;
	project_release(&p);
	if (*yes)
		return 0;
	if (protections_list(t, project, &rules, e) == -1)
		return -1;
	r = protect_match(&rules, base);
	*yes = r != NULL && protect_has(r, PROTECT_TEST_MERGE);
	protect_list_release(&rules);
	return 0;
}

/* Do the rows say what the branches are? */
static bool
svc_pull_is_current(struct svc *s, const struct pull *p)
{
	AUTO_FREE char *base = xasprintf("refs/heads/%s", p->base);
	char head_sha[SHA_HEX + 1], base_sha[SHA_HEX + 1];
	struct err e = ERR_INIT;
	bool merge;

	if (p->mergeable == MERGEABLE_UNKNOWN ||
	    svc_pull_head_now(db_reader(s->db), p, head_sha, &e) == -1 ||
	    refs_get(db_reader(s->db), p->issue.project_id, base, base_sha,
		&e) == -1 ||
	    svc_pull_tests_merge(db_reader(s->db), p->issue.project_id, p->base,
		&merge, &e) == -1)
		return false;
	if (p->mergeable == MERGEABLE_YES &&
	    merge != (p->merge_tree[0] != '\0'))
		return false;
	return strcmp(base_sha, p->base_sha) == 0 &&
	    (head_sha[0] == '\0' || strcmp(head_sha, p->head_sha) == 0);
}

bool
svc_pull_needs_refresh(struct svc *s, const struct pull *p)
{
	return p->issue.state == ISSUE_OPEN && !svc_pull_is_current(s, p);
}

struct svc_pull_retest {
	struct svc_op op;
	int64_t project;
	int64_t number;
	char sha[SHA_HEX + 1];
	int64_t n;
};

static int
svc_pull_retest_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_pull_retest *op = arg;
	const struct job_new of = {
		.project_id = op->project, .pull = op->number, .sha = op->sha
	};

	return jobs_retest(t, &of, SVC_CI_RETESTS_MAX, &op->n, e);
}

static void
svc_pull_retested(const struct err *fail, void *arg, void *ignored)
{
	struct svc_pull_retest *op = arg;

	(void)ignored;
	if (fail != NULL)
		log_warn("pull retest reason=%s", log_val(fail->msg));
	else if (op->n > 0)
		svc_pull_refresh(
		    op->op.svc, op->project, op->number, 0, NULL, NULL);
}

void
svc_pull_retest(struct svc *s, const struct identity *who, const struct pull *p)
{
	struct svc_pull_retest *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->project = p->issue.project_id;
	op->number = p->issue.number;
	memcpy(op->sha, p->head_sha, sizeof(op->sha));
	svc_op_run(op, svc_pull_retest_job, svc_pull_retested, NULL);
}

static void
svc_pull_start(struct svc *s, int64_t project, int64_t number)
{
	struct pull p = { .run_id = 0 };
	struct err e = ERR_INIT;

	if (pulls_get(db_reader(s->db), project, number, &p, &e) == -1) {
		log_error("pull start project=%" PRId64 " number=%" PRId64
			  " reason=%s",
		    project, number, log_val(e.msg));
		return;
	}
	if (svc_pull_needs_refresh(s, &p))
		svc_pull_refresh(s, project, number, 0, NULL, NULL);
	pull_release(&p);
}

/* One small question each: a list of all with what they have could be cut off.
 */
static void
svc_pulls_start_project(struct svc *s, int64_t project)
{
	AUTO_FREE struct pull_key *v = xcalloc(DB_LIST_MAX, sizeof(*v));
	struct err e = ERR_INIT;
	int64_t after = 0;
	size_t n;

	do {
		if (pulls_open(db_reader(s->db), project, NULL, after, v,
			DB_LIST_MAX, &n, &e) == -1) {
			log_error("pull list project=%" PRId64 " reason=%s",
			    project, log_val(e.msg));
			return;
		}
		for (size_t i = 0; i < n; i++)
			svc_pull_start(s, project, v[i].number);
		after = n > 0 ? v[n - 1].number : 0;
	} while (n == DB_LIST_MAX);
}

void
svc_pulls_start(struct svc *s)
{
	struct project_filter f = { .limit = 100 };
	struct err e = ERR_INIT;
	size_t n;

	do {
		struct project_list list = { .at = NULL };

		if (projects_list(db_reader(s->db), &f, &list, &e) == -1) {
			log_error("pull start reason=%s", log_val(e.msg));
			return;
		}
		n = list.n;
		for (size_t i = 0; i < n; i++)
			svc_pulls_start_project(s, list.at[i].id);
		project_list_release(&list);
		f.offset += 100;
	} while (n == 100);
}
