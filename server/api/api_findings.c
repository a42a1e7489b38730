/* api_findings: what the deterministic checks found in a pull request. */
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_look.h"
#include "server/store/pull_looks.h"
#include "server/store/pulls.h"

static void
api_finding_shape(
    struct shape *s, const struct look_finding *f, enum look_gate g)
{
	bool dismissed = f->dismissed.id != 0;

	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", f->id);
	jw_str(&s->w, "rule", f->rule);
	jw_str(&s->w, "severity", look_severity_name(f->severity));
	jw_str(&s->w, "file", f->file);
	jw_i64(&s->w, "line", f->line);
	jw_str(&s->w, "message", f->message);
	jw_bool(&s->w, "open",
	    look_is_open(g, f->severity, dismissed && f->counts));
	if (dismissed) {
		jw_object(&s->w, "dismissed");
		jw_str(&s->w, "by", f->dismissed.login);
		jw_time(&s->w, "at", f->dismissed_at);
		jw_str(&s->w, "reason", f->reason);
		jw_end(&s->w);
	} else {
		jw_null(&s->w, "dismissed");
	}
	jw_end(&s->w);
}

static void
api_findings_reply(struct call *c, const struct project *p,
    const struct look *l, const struct look_list *found, bool known)
{
	struct shape s;

	shape_init(&s, c, p);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "known", known);
	jw_str(&s.w, "head", l->head);
	jw_str(&s.w, "base", l->base);
	jw_str(&s.w, "why", l->why);
	jw_str(&s.w, "gate", look_gate_name(p->settings.findings));
	jw_array(&s.w, "findings");
	for (size_t i = 0; i < found->n; i++)
		api_finding_shape(&s, &found->at[i], p->settings.findings);
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_findings_list(struct call *c)
{
	int64_t item = call_arg_id(c, 2);
	struct txn *t = api_reader(c);
	struct look_list found = { .at = NULL };
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;
	struct project p;
	struct look l;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (pulls_get(t, p.id, item, &pull, &e) == -1 ||
	    pull_looks_get(t, p.id, item, &l, &e) == -1 ||
	    svc_look_list(t, &pull, &found, &e) == -1)
		call_fail(c, &e);
	else
		api_findings_reply(c, &p, &l, &found,
		    svc_look_is_known(t, &pull, api_svc(c)->now()) &&
			l.why[0] == '\0');
	look_list_release(&found);
	pull_release(&pull);
	project_release(&p);
}

static void
api_findings_dismissed(const struct err *fail, void *arg, void *call)
{
	const struct svc_look_dismiss *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		api_finding_shape(&s, &op->found.at[0], LOOK_ASK);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_findings_on_dismiss(struct call *c, const struct json *j)
{
	AUTO_FREE char *reason = NULL;
	struct svc_look_dismiss *op;
	int64_t project;

	if (api_need(c, j, "reason", LOOK_REASON_MAX, &reason) == -1)
		return;
	project = api_project_id(c, PERM_WRITE);
	if (project == 0)
		return;
	op = svc_look_dismiss_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->finding = call_arg_id(c, 3);
	op->reason = STEAL(reason);
	call_hold(c);
	svc_look_dismiss(op, api_findings_dismissed, c);
}

static void
api_findings_dismiss(struct call *c)
{
	call_take_json(c, api_findings_on_dismiss);
}

#define API_FINDINGS "/api/coffer/v1/repos/{o}/{r}/pulls/{n}/findings"

const struct route api_findings_routes[] = {
	{ "GET", API_FINDINGS, ROUTE_RUN_OK, api_findings_list },
	{ "POST", API_FINDINGS "/{id}/dismiss", ROUTE_USER,
	    api_findings_dismiss },
	{ .method = NULL },
};
