#include "server/service/svc_ci_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/checks.h"
#include "server/domain/items.h"
#include "server/domain/job_name.h"
#include "server/domain/job_rule.h"
#include "server/domain/runner.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_ci_head.h"
#include "server/service/svc_ci_report.h"
#include "server/service/svc_ci_wait.h"
#include "server/service/svc_log.h"
#include "server/service/svc_status.h"
#include "server/store/jobs.h"
#include "server/store/pulls.h"

int
svc_ci_event(struct txn *t, const struct identity *ci, int64_t now,
    const char *kind, const struct job *j, const struct str *tail,
    struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	AUTO_STR struct str context = STR_INIT;
	const struct svc_event v = { .kind = kind,
		.project_id = j->project_id,
		.item = j->pull,
		.is_pull = j->pull != 0,
		.data = &data };
	struct jw w;

	str_addf(&context, "ci/%s", j->name);
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "job", j->id);
	jw_str(&w, "name", j->name);
	jw_str(&w, "context", str_cstr(&context));
	jw_str(&w, "sha", j->sha);
	if (job_rule_is_merge(j))
		jw_str(&w, "merged_into", j->base_sha);
	jw_str(&w, "state", job_state_name(j->state));
	if (tail != NULL)
		jw_str(&w, "tail", str_cstr(tail));
	jw_end(&w);
	return svc_event_add(t, ci, now, &v, e);
}

int
svc_ci_status(struct txn *t, const struct identity *ci, int64_t now,
    const struct job *j, struct err *e)
{
	AUTO_STR struct str context = STR_INIT;
	const struct svc_status_row row = { .project_id = j->project_id,
		.sha = j->sha,
		.state = job_rule_status(j->state),
		.context = context.p,
		.description = job_rule_text(j->state),
		.target_url = "",
		.item = j->pull };
	struct svc_status_row r = row;
	const struct job_name name = job_name_read(j->name);
	AUTO_STR struct str text = STR_INIT;
	bool settled = j->check.test[0] == '\0' || name.kind == JOB_KIND_BUG ||
	    name.kind == JOB_KIND_PROOF || j->state == JOB_SUPERSEDED;
	int64_t id;

	/* A part has none: what the parts come to has. */
	if (name.side != JOB_SIDE_WHOLE)
		return 0;
	if ((settled && j->why[0] != '\0') ||
	    (j->state == JOB_QUEUED && runner_wait_is_text(j->why)))
		r.description = j->why;
	if (settled && j->state == JOB_SUPERSEDED)
		r.state = STATUS_PENDING;
	str_addf(&context, "ci/%s", j->name);
	r.context = str_cstr(&context);
	if (job_rule_is_merge(j)) {
		str_addf(&text, "%s (merge of %.12s into %.12s)", r.description,
		    j->sha, j->base_sha);
		r.description = str_cstr(&text);
	}
	return svc_status_insert(t, ci, now, &r, &id, e);
}

void
svc_ci_tail(struct svc *s, const struct job *j, size_t max, struct str *out)
{
	svc_log_tail(s,
	    &(struct svc_log_of){ SVC_LOG_JOB, j->id, j->log_bytes }, max, out);
}

/* Words with blanks between as a JSON list. */
static char *
svc_ci_list(const char *words)
{
	AUTO_STR struct str out = STR_INIT;
	struct view rest = view_of(words), one;
	struct jw w;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	while (rest.len > 0 && view_split(&rest, ' ', &one)) {
		AUTO_FREE char *word = view_dup(one);

		if (one.len > 0)
			jw_str(&w, NULL, word);
	}
	jw_end(&w);
	return str_steal(&out);
}

/* With its end, so that no two texts are one. */
static void
svc_ci_digest(crypto_generichash_state *st, const char *s)
{
	s = svc_text(s);
	(void)crypto_generichash_update(
	    st, (const unsigned char *)s, strlen(s) + 1);
}

void
svc_ci_spec(const struct check *c, char out[SVC_CI_SPEC])
{
	const char *const texts[] = { c->name, c->setup, c->test, c->image,
		c->profile, c->presets, c->labels, c->paths, c->paths_ignore };
	const int64_t numbers[] = { c->network_setup, c->network_test,
		c->timeout_s, (int64_t)c->memory, (int64_t)c->disk, c->cpus,
		c->pids, c->required };
	unsigned char digest[(SVC_CI_SPEC - 1) / 2];
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, NULL, 0, sizeof(digest));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		svc_ci_digest(&st, texts[i]);
	(void)crypto_generichash_update(
	    &st, (const unsigned char *)numbers, sizeof(numbers));
	(void)crypto_generichash_final(&st, digest, sizeof(digest));
	(void)sodium_bin2hex(out, SVC_CI_SPEC, digest, sizeof(digest));
}

int
svc_ci_insert(struct txn *t, const struct identity *ci, int64_t now,
    const struct svc_ci_new *n, bool *created, struct err *e)
{
	const struct check *c = n->check;
	AUTO_FREE char *presets = svc_ci_list(c->presets);
	AUTO_FREE char *labels = svc_ci_list(c->labels);
	const struct job_check jc = { .setup = c->setup,
		.test = c->test,
		.image = c->image,
		.profile = c->profile,
		.presets = presets,
		.labels = labels,
		.network_setup = c->network_setup,
		.network_test = c->network_test,
		.timeout_s = c->timeout_s,
		.memory = (int64_t)c->memory,
		.cpus = c->cpus,
		.pids = c->pids,
		.disk = (int64_t)c->disk,
		.required = c->required };
	char spec[SVC_CI_SPEC];
	const struct job_new row = { .project_id = n->project_id,
		.pull = n->pull,
		.sha = n->sha,
		.base_sha = n->base_sha,
		.name = n->name != NULL ? n->name : c->name,
		.check = &jc,
		.tree = n->tree,
		.spec = spec,
		.priority = n->priority,
		.now = now };
	struct job j = { .id = 0 };
	int64_t id;
	int rc;

	svc_ci_spec(c, spec);
	if (jobs_insert(t, &row, &id, created, e) == -1)
		return -1;
	if (!*created)
		return 0;
	if (svc_ci_wait_begin(t, now, id, e) == -1 ||
	    jobs_get(t, id, &j, e) == -1)
		return -1;
	rc = svc_ci_event(t, ci, now, "check.queued", &j, NULL, e);
	if (rc == 0)
		rc = svc_ci_status(t, ci, now, &j, e);
	job_release(&j);
	return rc;
}

static bool
svc_ci_wakes_agent(const struct pull *p, const struct job *j)
{
	return j->check.required && job_rule_is_fault(j->state) &&
	    p->issue.author.kind == USER_AGENT &&
	    p->issue.state == ISSUE_OPEN && strcmp(p->head_sha, j->sha) == 0;
}

/* What is said of it besides: to whom ordered it, in the common comment. */
static int
svc_ci_tell(struct txn *t, struct svc *s, int64_t now, const struct job *j,
    struct err *e)
{
	struct job_name name = job_name_read(j->name);

	if (name.side != JOB_SIDE_WHOLE)
		return svc_ci_head_part(t, s, now, j, e);
	if (name.comment != 0 && j->state != JOB_SUPERSEDED &&
	    svc_ci_report_order(t, s, now, j, e) == -1)
		return -1;
	return 0;
}

int
svc_ci_verdict(struct txn *t, struct svc *s, const struct identity *ci,
    int64_t now, const struct job *j, const struct str *tail, struct err *e)
{
	const struct str none = STR_INIT;
	struct pull p = { .run_id = 0 };
	bool whole = job_name_read(j->name).side == JOB_SIDE_WHOLE;
	int rc = 0;

	if (svc_ci_status(t, ci, now, j, e) == -1 ||
	    svc_ci_event(t, ci, now, "check.finished", j, NULL, e) == -1)
		return -1;
	if (j->pull == 0)
		return 0;
	if (pulls_get(t, j->project_id, j->pull, &p, e) == -1)
		return -1;
	if (whole && svc_ci_wakes_agent(&p, j))
		rc = svc_ci_event(t, ci, now, "check.failed", j,
		    tail != NULL ? tail : &none, e);
	pull_release(&p);
	if (rc == 0)
		rc = svc_ci_tell(t, s, now, j, e);
	return rc == 0 ? svc_ci_report(t, s, now, j->project_id, j->pull, e)
		       : -1;
}
