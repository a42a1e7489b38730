#include "server/service/svc_ci_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/domain/job_name.h"
#include "server/domain/work.h"
#include "server/git/git_pool.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_ci_rows.h"
#include "server/service/svc_status.h"
#include "server/store/check_orders.h"
#include "server/store/jobs.h"

#define SVC_CI_SEVERAL                                                   \
	"head and base were merged crosswise: there is no one base that" \
	" the tests could be laid over"

enum {
	SVC_CI_PROOF_PRIORITY = -1,
	SVC_CI_RETEST_PRIORITY = -1,
	SVC_CI_ORDER_PRIORITY = 1
};

void
svc_ci_change_release(struct svc_ci_change *c)
{
	str_release(&c->notes);
	*c = (struct svc_ci_change){ .known = false };
}

/* A path as code: what would end the code is left out. */
static void
svc_ci_code(struct str *out, const char *s)
{
	str_addc(out, '`');
	for (; *s != '\0'; s++)
		if (*s != '`' && (unsigned char)*s >= ' ')
			str_addc(out, *s);
	str_addc(out, '`');
}

static void
svc_ci_change_notes(const struct json *j, struct str *out)
{
	static const struct {
		const char *what, *says;
	} rows[] = { { "deleted", "a file of tests is deleted" },
		{ "skipped", "a test is skipped" },
		{ "fewer", "tests are gone" },
		{ "lowered", "a threshold is lower" } };

	for (const struct json *n = json_first(json_get(j, "notes")); n != NULL;
	     n = json_next(n)) {
		const char *what = json_str_or(n, "what", "");
		const char *text = json_str_or(n, "text", "");
		int64_t line = json_i64_or(n, "line", 0);

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (strcmp(what, rows[i].what) == 0)
				str_addf(out, "- %s: ", rows[i].says);
		svc_ci_code(out, json_str_or(n, "path", ""));
		if (line > 0)
			str_addf(out, " line %lld", (long long)line);
		if (text[0] != '\0')
			str_addf(out, ", %s", text);
		str_addc(out, '\n');
	}
}

static void
svc_ci_change_paths(const struct json *list, bool cut,
    const struct checks *checks, struct svc_ci_change *out)
{
	/* Of more files than are listed one may be what it looks at. */
	for (size_t i = 0; i < checks->n; i++)
		if (cut ||
		    (checks->v[i].paths == NULL &&
			checks->v[i].paths_ignore == NULL))
			out->wants[i] = true;
	for (const struct json *f = json_first(list); f != NULL;
	     f = json_next(f)) {
		struct view path = view_of(json_string(f));

		if (view_is(path, ".coffer/checks.yml"))
			out->checks_file = true;
		for (size_t i = 0; i < checks->n; i++)
			if (!out->wants[i])
				out->wants[i] = check_wants(
				    &checks->v[i], path);
	}
}

void
svc_ci_change_touched(const struct git_result *res, const struct checks *checks,
    struct svc_ci_change *out)
{
	svc_ci_change_paths(json_get(res->j, "paths"),
	    res->fail != NULL || json_bool_or(res->j, "truncated", true),
	    checks, out);
	snprintf(out->merged_error, sizeof(out->merged_error), "%s",
	    json_str_or(res->j, "checks_error", ""));
}

void
svc_ci_change_read(const struct git_result *res, const struct checks *checks,
    struct svc_ci_change *out)
{
	out->known = true;
	out->checks_file = out->checks_file ||
	    json_bool_or(res->j, "checks_file", false);
	out->tests = json_i64_or(res->j, "tests", 0);
	out->code = json_i64_or(res->j, "code", 0);
	out->several = json_bool_or(res->j, "several", false);
	gitpool_sha(res, "tree", out->tree);
	gitpool_sha(res, "bug_tree", out->bug_tree);
	svc_ci_change_paths(json_get(res->j, "files"),
	    json_bool_or(res->j, "truncated", true), checks, out);
	svc_ci_change_notes(res->j, &out->notes);
}

static struct job_new
svc_ci_head_row(
    const struct svc_ci_head *h, const char *name, const struct job_check *jc)
{
	return (struct job_new){ .project_id = h->project_id,
		.pull = h->pull,
		.sha = h->sha,
		.base_sha = h->base_sha,
		.name = name,
		.check = jc,
		.now = h->now };
}

/* What ends without a runner. */
struct svc_ci_end {
	const char *name;
	const char *spec; /* NULL: of no check of the file */
	bool required;
	enum job_state state;
	const char *why;
};

/* Unless it has ended so. */
static int
svc_ci_head_settle(struct txn *t, const struct svc_ci_head *h,
    const struct svc_ci_end *x, struct err *e)
{
	const struct job_check jc = { .test = NULL,
		.network_setup = NETWORK_OFF,
		.network_test = NETWORK_OFF,
		.timeout_s = 1,
		.required = x->required };
	struct job_new row = svc_ci_head_row(h, x->name, &jc);
	struct job j = { .id = 0 };
	enum job_state was;
	int64_t id;
	int rc;

	row.spec = x->spec;
	if (jobs_state(t, &row, &was, e) == -1)
		return -1;
	/* What a run of this very check said is not taken away; what the parts
	 * of another base came to is. */
	if (x->state == JOB_SKIPPED && was != 0 && was != JOB_QUEUED &&
	    was != JOB_SUPERSEDED && (x->spec != NULL || was == JOB_SKIPPED))
		return 0;
	if (jobs_settle(t, &row, x->state, x->why, &id, e) == -1 ||
	    jobs_get(t, id, &j, e) == -1)
		return -1;
	rc = svc_ci_verdict(t, h->svc, h->ci, h->now, &j, NULL, e);
	job_release(&j);
	return rc;
}

/* Every settled whole but a check's. */
static int
svc_ci_head_end(struct txn *t, const struct svc_ci_head *h, const char *name,
    bool required, enum job_state state, const char *why, struct err *e)
{
	const struct svc_ci_end x = {
		.name = name, .required = required, .state = state, .why = why
	};

	return svc_ci_head_settle(t, h, &x, e);
}

static int
svc_ci_head_skip(struct txn *t, const struct svc_ci_head *h,
    const struct check *k, struct err *e)
{
	char spec[SVC_CI_SPEC];
	const struct svc_ci_end x = { .name = k->name,
		.spec = spec,
		.required = k->required,
		.state = JOB_SKIPPED,
		.why = "no file that it looks at has changed" };

	svc_ci_spec(k, spec);
	return svc_ci_head_settle(t, h, &x, e);
}

static int
svc_ci_head_insert(struct txn *t, struct svc_ci_head *h,
    const struct check *check, const char *name, const char *tree,
    int64_t priority, bool *created, struct err *e)
{
	const struct svc_ci_new n = { .project_id = h->project_id,
		.pull = h->pull,
		.sha = h->sha,
		.base_sha = h->base_sha,
		.check = check,
		.name = name,
		.tree = tree,
		.priority = priority };

	if (svc_ci_insert(t, h->ci, h->now, &n, created, e) == -1)
		return -1;
	h->queued += *created;
	return 0;
}

/* What waits or runs says nothing of what the merge would be now. */
static int
svc_ci_head_stop(struct txn *t, const struct svc_ci_head *h,
    const struct job *was, const char *why, struct err *e)
{
	struct job_new row = svc_ci_head_row(h, was->name, &was->check);
	struct job j = { .id = 0 };
	int64_t id;
	int rc;

	row.base_sha = was->base_sha;
	row.tree = was->tree;
	if (jobs_settle(t, &row, JOB_SUPERSEDED, why, &id, e) == -1 ||
	    jobs_get(t, id, &j, e) == -1)
		return -1;
	rc = svc_ci_status(t, h->ci, h->now, &j, e);
	job_release(&j);
	return rc;
}

/*
 * On what the merge leaves.  There is one job of a check and a head: when the
 * base moves, what waited or ran is the newest merge's, and after too often
 * none's until somebody wants it merged.
 */
static int
svc_ci_head_merged(struct txn *t, struct svc_ci_head *h, const struct check *k,
    const struct job *was, struct err *e)
{
	bool other = was != NULL && was->tree[0] != '\0' &&
	    strcmp(was->tree, h->merge_tree) != 0;
	const char *no = NULL;
	bool created;

	if (h->merge_tree[0] == '\0')
		no = "it conflicts with its base";
	else if (other && was->retests >= SVC_CI_RETESTS_MAX)
		no = "its base moved too often: it is tested again when its "
		     "merge is asked for";
	if (no == NULL)
		return svc_ci_head_insert(t, h, k, k->name, h->merge_tree,
		    other ? SVC_CI_RETEST_PRIORITY : 0, &created, e);
	return was == NULL || job_state_is_end(was->state)
	    ? 0
	    : svc_ci_head_stop(t, h, was, no, e);
}

static const struct job *
svc_ci_head_job(const struct job_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->at[i].name, name) == 0)
			return &l->at[i];
	return NULL;
}

static int
svc_ci_head_checks(struct txn *t, struct svc_ci_head *h, struct err *e)
{
	struct job_list l = { .n = 0 };
	int rc = h->merge_tree == NULL
	    ? 0
	    : jobs_of_head(t, h->project_id, h->pull, h->sha, &l, e);

	for (size_t i = 0; i < h->checks->n && rc == 0; i++) {
		const struct check *k = &h->checks->v[i];
		bool created = false;

		if (h->change->known && !h->change->wants[i])
			rc = svc_ci_head_skip(t, h, k, e);
		else if (h->merge_tree != NULL)
			rc = svc_ci_head_merged(
			    t, h, k, svc_ci_head_job(&l, k->name), e);
		else
			rc = svc_ci_head_insert(
			    t, h, k, k->name, NULL, 0, &created, e);
	}
	job_list_release(&l);
	return rc;
}

/* Why the tests are not asked what they show; NULL: they are. */
static const char *
svc_ci_head_no_proof(const struct svc_ci_head *h)
{
	const struct svc_ci_change *c = h->change;
	bool wanted = false;

	for (size_t i = 0; i < h->checks->n; i++)
		wanted = wanted || c->wants[i];
	if (!wanted)
		return "no check looks at what is changed";
	if (c->tests == 0)
		return "no test is added or changed";
	return c->code == 0 ? "nothing but tests is changed" : NULL;
}

/* What has begun anew has no verdict; a required one is there before. */
static int
svc_ci_head_reopen(struct txn *t, const struct svc_ci_head *h, const char *name,
    bool required, const char *why, struct err *e)
{
	const struct job_new of = svc_ci_head_row(h, name, NULL);
	enum job_state was;

	if (jobs_state(t, &of, &was, e) == -1)
		return -1;
	if (was == JOB_SUPERSEDED || (was == 0 && !required))
		return 0;
	return svc_ci_head_end(t, h, name, required, JOB_SUPERSEDED, why, e);
}

/* Parts that the head has no more of say nothing, nor do they go on. */
static int
svc_ci_head_drop(struct txn *t, const struct svc_ci_head *h,
    const struct job *j, struct err *e)
{
	struct job_new row = svc_ci_head_row(h, j->name, &j->check);
	int64_t id;

	row.tree = j->tree;
	return j->state == JOB_SUPERSEDED
	    ? 0
	    : jobs_settle(t, &row, JOB_SUPERSEDED,
		  "it was of another base, or of other checks", &id, e);
}

/* Is it a part that these checks have? */
static bool
svc_ci_head_has_part(const struct svc_ci_head *h, const char *name)
{
	const struct job_name base = { .kind = JOB_KIND_PROOF,
		.side = JOB_SIDE_BASE };
	char text[JOB_NAME_MAX];

	for (size_t i = 0; i < h->checks->n; i++) {
		if (!h->change->wants[i])
			continue;
		job_name_write(&base, h->checks->v[i].name, text);
		if (strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* Of the tests on the base, unless `keep` those that are there; of an order
 * all parts. */
static int
svc_ci_head_drop_parts(struct txn *t, const struct svc_ci_head *h,
    const struct job_name *like, bool keep, struct err *e)
{
	struct job_list l;
	int rc = 0;

	if (jobs_of_head(t, h->project_id, h->pull, h->sha, &l, e) == -1)
		return -1;
	for (size_t i = 0; i < l.n && rc == 0; i++) {
		struct job_name n = job_name_read(l.at[i].name);

		if (n.kind == like->kind && n.comment == like->comment &&
		    n.side != JOB_SIDE_WHOLE &&
		    !(keep && svc_ci_head_has_part(h, l.at[i].name)))
			rc = svc_ci_head_drop(t, h, &l.at[i], e);
	}
	job_list_release(&l);
	return rc;
}

/* Those that ended before may come to something else now. */
static int
svc_ci_head_again(
    struct txn *t, const struct svc_ci_head *h, bool required, struct err *e)
{
	const struct job part = { .project_id = h->project_id,
		.pull = h->pull,
		.check = { .required = required } };
	struct job like = part;

	(void)snprintf(like.sha, sizeof(like.sha), "%s", h->sha);
	(void)snprintf(like.base_sha, sizeof(like.base_sha), "%s", h->base_sha);
	return svc_ci_head_proved(t, h->svc, h->now, &like, e);
}

static int
svc_ci_head_parts(
    struct txn *t, struct svc_ci_head *h, bool required, struct err *e)
{
	const struct job_name name = { .kind = JOB_KIND_PROOF,
		.side = JOB_SIDE_BASE };
	bool any = false;

	for (size_t i = 0; i < h->checks->n; i++) {
		struct check k = h->checks->v[i];
		char text[JOB_NAME_MAX];
		bool created = false;

		if (!h->change->wants[i])
			continue;
		k.required = required;
		job_name_write(&name, k.name, text);
		if (svc_ci_head_insert(t, h, &k, text, h->change->tree,
			SVC_CI_PROOF_PRIORITY, &created, e) == -1)
			return -1;
		any = any || created;
	}
	return any ? svc_ci_head_reopen(t, h, CHECK_NEW_TESTS, required,
			 "the tests run on the base", e)
		   : svc_ci_head_again(t, h, required, e);
}

/* The head's tests on the base's code, or why not. */
static int
svc_ci_head_proof(struct txn *t, struct svc_ci_head *h, struct err *e)
{
	const struct job_name proof = { .kind = JOB_KIND_PROOF };
	bool required = h->checks->new_tests == NEW_TESTS_REQUIRED;
	const char *no;

	if (h->checks->new_tests == NEW_TESTS_OFF || !h->change->known)
		return 0;
	no = svc_ci_head_no_proof(h);
	if (svc_ci_head_drop_parts(t, h, &proof,
		no == NULL && h->change->tree[0] != '\0', e) == -1)
		return -1;
	if (no != NULL)
		return required ? svc_ci_head_end(t, h, CHECK_NEW_TESTS, true,
				      JOB_SKIPPED, no, e)
				: 0;
	if (h->change->tree[0] == '\0')
		return svc_ci_head_end(t, h, CHECK_NEW_TESTS, required,
		    JOB_INFRASTRUCTURE_ERROR,
		    h->change->several ? SVC_CI_SEVERAL
				       : "the tests cannot be laid over the "
					 "base",
		    e);
	return svc_ci_head_parts(t, h, required, e);
}

/* As the first check, with the commands of the order. */
static void
svc_ci_head_ordered(
    const struct svc_ci_head *h, const struct check_order *o, struct check *out)
{
	*out = (struct check){ .network_setup = NETWORK_LOCKED,
		.network_test = NETWORK_OFF,
		.timeout_s = CHECK_TIMEOUT_DEFAULT_S,
		.memory = CHECK_MEMORY_DEFAULT };
	if (h->checks->n > 0)
		*out = h->checks->v[0];
	out->required = o->required;
	out->test = o->test;
	if (o->setup[0] != '\0')
		out->setup = o->setup;
}

static int
svc_ci_head_order(struct txn *t, struct svc_ci_head *h,
    const struct check_order *o, struct err *e)
{
	struct job_name name = { .kind = JOB_KIND_ORDER,
		.comment = o->comment_id };
	struct check check;
	char text[JOB_NAME_MAX];
	char whole[JOB_NAME_MAX];
	bool head, base;

	svc_ci_head_ordered(h, o, &check);
	if (check_orders_made(t, o->comment_id, h->sha, e) == -1)
		return -1;
	if (o->kind == CHECK_ORDER_TEST) {
		job_name_write(&name, "", text);
		return svc_ci_head_insert(
		    t, h, &check, text, NULL, SVC_CI_ORDER_PRIORITY, &head, e);
	}
	name.kind = JOB_KIND_BUG;
	job_name_write(&name, "", whole);
	if (!h->change->known || h->change->bug_tree[0] == '\0') {
		if (svc_ci_head_drop_parts(t, h, &name, false, e) == -1)
			return -1;
		return svc_ci_head_end(t, h, whole, o->required, JOB_FAILED,
		    h->change->several
			? "invalid: " SVC_CI_SEVERAL
			: "invalid: the pull request brings no test, and "
			  "changes no file that the command names",
		    e);
	}
	name.side = JOB_SIDE_HEAD;
	job_name_write(&name, "", text);
	if (svc_ci_head_insert(t, h, &check, text, NULL, SVC_CI_ORDER_PRIORITY,
		&head, e) == -1)
		return -1;
	name.side = JOB_SIDE_BASE;
	job_name_write(&name, "", text);
	if (svc_ci_head_insert(t, h, &check, text, h->change->bug_tree,
		SVC_CI_ORDER_PRIORITY, &base, e) == -1)
		return -1;
	return head || base ? svc_ci_head_reopen(t, h, whole, false,
				  "it runs on the head and on the base", e)
			    : 0;
}

/* What came while git was asked is of the next pass: what git laid over the
 * base was made without its words. */
static bool
svc_ci_head_was_asked(const struct svc_ci_change *c, int64_t comment)
{
	for (size_t i = 0; i < c->n_orders; i++)
		if (c->orders[i] == comment)
			return true;
	return false;
}

static int
svc_ci_head_orders(struct txn *t, struct svc_ci_head *h, struct err *e)
{
	struct check_order_list due;
	int rc = 0;

	if (check_orders_due(t, h->project_id, h->pull, h->sha, &due, e) == -1)
		return -1;
	for (size_t i = 0; i < due.n && rc == 0; i++)
		if (svc_ci_head_was_asked(h->change, due.at[i].comment_id))
			rc = svc_ci_head_order(t, h, &due.at[i], e);
	check_order_list_release(&due);
	return rc;
}

/* The status of the file that it changes: no job of it runs. */
static int
svc_ci_head_file(struct txn *t, const struct svc_ci_head *h, struct err *e)
{
	const struct svc_ci_change *c = h->change;
	const char *error = c->file_error[0] != '\0' ? c->file_error
						     : c->merged_error;
	const struct svc_status_row row = { .project_id = h->project_id,
		.sha = h->sha,
		.state = error[0] == '\0' ? STATUS_SUCCESS : STATUS_FAILURE,
		.context = "ci/" CHECK_FILE,
		.description = error[0] == '\0'
		    ? "it changes .coffer/checks.yml: checked with the base's"
		    : error,
		.target_url = "",
		.item = h->pull };
	int64_t id;

	return svc_status_insert(t, h->ci, h->now, &row, &id, e);
}

/* What people are to look at; said once of a head. */
static int
svc_ci_head_notes(struct txn *t, const struct svc_ci_head *h, struct err *e)
{
	const struct svc_ci_change *c = h->change;
	AUTO_STR struct str notes = STR_INIT_MAX(16384);
	struct check_report was;
	bool same;

	if (!c->known)
		return 0;
	if (c->checks_file) {
		str_add(&notes,
		    "- it changes `.coffer/checks.yml` and was checked with "
		    "the base's");
		if (c->file_error[0] != '\0') {
			str_add(&notes, "; its own is wrong: ");
			svc_ci_code(&notes, c->file_error);
		}
		if (c->merged_error[0] != '\0') {
			str_add(
			    &notes, "; merged with the base's it is wrong: ");
			svc_ci_code(&notes, c->merged_error);
		}
		str_addc(&notes, '\n');
	}
	str_addv(&notes, str_view(&c->notes));
	if (check_reports_get(t, h->project_id, h->pull, &was, e) == -1)
		return -1;
	same = strcmp(was.sha, h->sha) == 0 &&
	    strcmp(was.notes, str_cstr(&notes)) == 0;
	check_report_release(&was);
	if (same)
		return 0;
	if (c->checks_file && svc_ci_head_file(t, h, e) == -1)
		return -1;
	return check_reports_notes(
	    t, h->project_id, h->pull, h->sha, str_cstr(&notes), e);
}

int
svc_ci_head_jobs(struct txn *t, struct svc_ci_head *h, struct err *e)
{
	if (svc_ci_head_notes(t, h, e) == -1 ||
	    svc_ci_head_checks(t, h, e) == -1 ||
	    svc_ci_head_proof(t, h, e) == -1)
		return -1;
	return svc_ci_head_orders(t, h, e);
}

int
svc_ci_head_words(struct txn *t, int64_t project, int64_t pull, const char *sha,
    struct svc_ci_change *c, struct str *out, struct err *e)
{
	struct check_order_list due;

	if (check_orders_due(t, project, pull, sha, &due, e) == -1)
		return -1;
	c->n_orders = 0;
	for (size_t i = 0; i < due.n && i < SVC_CI_ORDERS; i++) {
		c->orders[c->n_orders++] = due.at[i].comment_id;
		str_addf(out, "%s\n%s\n", due.at[i].test, due.at[i].setup);
	}
	check_order_list_release(&due);
	return 0;
}

static int
svc_ci_head_add(struct checks *checks, const char *name, struct err *e)
{
	struct check *k;

	if (checks_find(checks, name) != NULL)
		return 0;
	if (checks->n == CHECKS_MAX)
		return err_set(e, ERR_LIMIT,
		    "over %d checks are required, with those that people "
		    "ordered",
		    CHECKS_MAX);
	k = &checks->v[checks->n++];
	*k = (struct check){ .required = true, .test = xstrdup("") };
	snprintf(k->name, sizeof(k->name), "%s", name);
	return 0;
}

int
svc_ci_head_required(struct txn *t, int64_t project, int64_t pull,
    struct checks *checks, struct err *e)
{
	struct check_order_list l;
	int rc = 0;

	if (check_orders_required(t, project, pull, &l, e) == -1)
		return -1;
	if (checks->new_tests == NEW_TESTS_REQUIRED)
		rc = svc_ci_head_add(checks, CHECK_NEW_TESTS, e);
	for (size_t i = 0; i < l.n && rc == 0; i++) {
		const struct job_name name = { .kind = l.at[i].kind ==
				CHECK_ORDER_BUG
			    ? JOB_KIND_BUG
			    : JOB_KIND_ORDER,
			.comment = l.at[i].comment_id };
		char text[JOB_NAME_MAX];

		job_name_write(&name, "", text);
		rc = svc_ci_head_add(checks, text, e);
	}
	check_order_list_release(&l);
	return rc;
}
