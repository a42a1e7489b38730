/* protect: the branch protections of a project: their list and order, and the
 * form of one, which ?rule=NAME chooses. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_protect.h"
#include "server/store/protections.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

#define PROTECT_AT "branches"

/* The keys of deploy keys, which there are not, and signatures, which are not
 * verified, have no field. */
static const struct protect_tick {
	enum protect_flag flag;
	const char *label;
} protect_ticks[] = {
	{ PROTECT_PUSH, "Maintainers may push to it" },
	{ PROTECT_PUSH_LIST, "Only those who are named below may push" },
	{ PROTECT_FORCE, "It may be rewritten (force push)" },
	{ PROTECT_FORCE_LIST, "Only those who are named below may rewrite it" },
	{ PROTECT_MERGE_LIST, "Only those who are named below may merge" },
	{ PROTECT_STATUS, "Statuses of the contexts below must be good" },
	{ PROTECT_STATUS_LIST, "Only statuses of those named below count" },
	{ PROTECT_APPROVAL_LIST, "Only approvals of those named below count" },
	{ PROTECT_REJECTED, "A review that asks for changes closes the gate" },
	{ PROTECT_REQUESTS, "An asked reviewer must have answered" },
	{ PROTECT_OUTDATED, "It must have every commit of its base" },
	{ PROTECT_DISMISS_STALE, "A new head dismisses approvals" },
	{ PROTECT_IGNORE_STALE, "Approvals of an old head do not count" },
	{ PROTECT_NO_OVERRIDE, "Admins do not merge past it" },
	{ PROTECT_BYPASS_LIST, "Those who are named below may merge past it" },
};

static const struct protect_named {
	enum protect_people list;
	const char *label;
} protect_named[] = {
	{ PROTECT_MAY_PUSH, "May push" },
	{ PROTECT_MAY_FORCE, "May rewrite" },
	{ PROTECT_MAY_MERGE, "May merge" },
	{ PROTECT_MAY_APPROVE, "Whose approvals count" },
	{ PROTECT_MAY_BYPASS, "May merge past it" },
	{ PROTECT_MAY_STATUS, "Whose statuses count" },
};

enum {
	PROTECT_TICKS = sizeof(protect_ticks) / sizeof(protect_ticks[0]),
	PROTECT_NAMED = sizeof(protect_named) / sizeof(protect_named[0])
};

/* ---- the page ---- */

static void
protect_row(struct web *w, const struct project *p,
    const struct protect_rule *r, bool first, bool may)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "Branches", "name");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "?rule=%s", r->name);
	html_shown(h, r->name);
	html_end(h);
	html_end(h);
	web_cell(w, "Says", "sub");
	for (size_t i = 0; i < PROTECT_TICKS; i++)
		if (protect_has(r, protect_ticks[i].flag))
			html_textf(h, "%s. ", protect_ticks[i].label);
	if (r->approvals > 0)
		html_textf(h, "Approvals: %lld.", (long long)r->approvals);
	html_end(h);
	web_cell(w, "Change", "");
	if (may) {
		settings_form(w, p, "", PROTECT_AT, "");
		field_hidden(w, "rule", r->name);
		if (!first)
			field_button(w, "", "act", "first", "Ask first");
		field_button(w, "danger", "act", "remove", "Remove");
		post_form_end(w);
	}
	html_end(h);
	html_end(h);
}

static void
protect_list(struct web *w, const struct project *p,
    const struct protect_list *l, bool may)
{
	static const char *const columns[] = { "Branches", "Says", "Change" };

	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Rules");
	if (l->n == 0)
		HTML_LEAF(&w->h, "p", "empty inset",
		    "No branch has a rule of its own. The gate's own checks "
		    "hold anyway.");
	else
		HTML_LEAF(&w->h, "p", "hint inset",
		    "The first that matches a branch counts for it.");
	if (l->n > 0)
		web_table(w, "rows", columns, 3);
	for (size_t i = 0; i < l->n; i++)
		protect_row(w, p, &l->at[i], i == 0, may);
	if (l->n > 0)
		web_table_end(w);
	html_end(&w->h);
}

static void
protect_people_field(struct web *w, const struct protect_named *x,
    const struct protect_users *who)
{
	const struct field f = { .name = protect_people_name(x->list),
		.label = x->label };
	AUTO_STR struct str text = STR_INIT;

	for (size_t i = 0; i < who->n; i++)
		str_addf(&text, "%s%s", i > 0 ? " " : "", who->at[i].login);
	field_text(w, &f, str_cstr(&text));
}

static void
protect_contexts(struct web *w, const struct protect_rule *r)
{
	const struct field f = { .name = "contexts",
		.label = "Contexts that must be good",
		.help = "Patterns, a line each, as ci/* or build." };
	AUTO_STR struct str text = STR_INIT;

	for (size_t i = 0; i < r->n_contexts; i++)
		str_addf(&text, "%s\n", r->contexts[i]);
	field_area(w, &f, str_cstr(&text), 3);
}

/* r->id 0: a new one. */
static void
protect_form(
    struct web *w, const struct project *p, const struct protect_rule *r)
{
	const struct field name = { .name = "rule_name",
		.label = "Branches",
		.help = "A name or a pattern, as main or release/*.",
		.max = PROTECT_GLOB_MAX,
		.required = true };
	const struct field approvals = { .name = "approvals",
		.label = "Approvals" };
	const struct field files = { .name = "files",
		.label = "Files that nobody pushes or merges changes of",
		.help = "Patterns with ; between.",
		.max = PROTECT_FILES_MAX };
	const struct field open = { .name = "open_files",
		.label = "Files that may be pushed anyway",
		.help = "Patterns with ; between.",
		.max = PROTECT_FILES_MAX };

	settings_form(w, p, "card say", PROTECT_AT, "rule");
	HTML_LEAF(&w->h, "h2", "", r->id != 0 ? "The rule" : "A new rule");
	if (r->id != 0) {
		field_hidden(w, "rule", r->name);
		HTML_TAG(&w->h, "p");
		HTML_TAG(&w->h, "code");
		html_shown(&w->h, r->name);
		html_end(&w->h);
		html_end(&w->h);
	} else {
		field_text(w, &name, "");
	}
	field_number(w, &approvals, r->approvals, 0, PROTECT_APPROVALS_MAX);
	for (size_t i = 0; i < PROTECT_TICKS; i++) {
		const struct field f = { .name = protect_flag_name(
					     protect_ticks[i].flag),
			.label = protect_ticks[i].label };

		field_tick(w, &f, protect_has(r, protect_ticks[i].flag));
	}
	HTML_LEAF(&w->h, "h3", "", "Who, as names with spaces between");
	for (size_t i = 0; i < PROTECT_NAMED; i++)
		protect_people_field(
		    w, &protect_named[i], &r->people[protect_named[i].list]);
	protect_contexts(w, r);
	field_text(w, &files, r->files);
	field_text(w, &open, r->open_files);
	field_button(
	    w, "primary", "act", "put", r->id != 0 ? "Save" : "Make the rule");
	post_form_end(w);
}

static void
protect_get(struct call *c)
{
	static const struct protect_rule none = { .id = 0 };
	const struct protect_rule *one = &none;
	const char *name;
	struct protect_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct project p;
	struct web w;
	bool may;

	if (settings_begin(&w, c, PROTECT_AT, &p) == -1)
		return;
	may = web_may(&w, p.id, PERM_MANAGE);
	name = w.refused != NULL ? form_find(&w.refused->typed, "rule")
				 : call_query(c, "rule");
	if (protections_list(w.t, p.id, &l, &e) == -1)
		log_error("web protections reason=%s", log_val(e.msg));
	protect_list(&w, &p, &l, may);
	for (size_t i = 0; i < l.n; i++)
		if (name != NULL && strcmp(l.at[i].name, name) == 0)
			one = &l.at[i];
	if (may)
		protect_form(&w, &p, one);
	protect_list_release(&l);
	project_release(&p);
	web_reply(&w, 200);
}

/* ---- the form ---- */

static void
protect_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	settings_done(fail, call, protect_get, PROTECT_AT);
}

/* Words of a field, `between` being what is between them; -1: over max, or one
 * is too long. */
static int
protect_words(const struct form *f, const char *name, const char *between,
    size_t max, struct svc_names *out, struct err *e)
{
	AUTO_FREE char *text = form_text(f, name);
	char *save = NULL;

	out->given = true;
	for (char *s = strtok_r(text, between, &save); s != NULL;
	     s = strtok_r(NULL, between, &save)) {
		if (strlen(s) > PROTECT_GLOB_MAX)
			return err_set(e, ERR_INVALID,
			    "%s: one is over %d bytes", name, PROTECT_GLOB_MAX);
		if (out->n == max)
			return err_set(
			    e, ERR_INVALID, "%s: over %zu", name, max);
		svc_names_add(out, s);
	}
	return 0;
}

static int
protect_read(const struct form *f, struct svc_protect_put *op, struct err *e)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < PROTECT_TICKS; i++) {
		uint64_t bit = UINT64_C(1) << protect_ticks[i].flag;

		op->flags_given |= bit;
		if (form_get(f, protect_flag_name(protect_ticks[i].flag))[0] !=
		    '\0')
			op->flags |= bit;
	}
	for (size_t i = 0; i < PROTECT_NAMED; i++) {
		enum protect_people list = protect_named[i].list;

		if (protect_words(f, protect_people_name(list), " ,\n\t",
			PROTECT_PEOPLE_MAX, &op->people[list], e) == -1)
			return -1;
	}
	if (protect_words(f, "contexts", "\n", PROTECT_CONTEXTS_MAX,
		&op->contexts, e) == -1)
		return -1;
	if (num_i64(form_get(f, "approvals"), 0, PROTECT_APPROVALS_MAX,
		&op->approvals, &ignored) == -1)
		return err_set(e, ERR_INVALID, "approvals: want 0 to %d",
		    PROTECT_APPROVALS_MAX);
	op->files = xstrdup(form_get(f, "files"));
	op->open_files = xstrdup(form_get(f, "open_files"));
	if (strlen(op->files) > PROTECT_FILES_MAX ||
	    strlen(op->open_files) > PROTECT_FILES_MAX)
		return err_set(
		    e, ERR_INVALID, "files: over %d bytes", PROTECT_FILES_MAX);
	return 0;
}

static void
protect_put(struct call *c, int64_t project, const struct form *f)
{
	struct svc_protect_put *op = svc_protect_put_new(
	    call_app(c), call_who(c));
	const char *name = form_get(f, "rule");
	struct err e = ERR_INIT;

	op->create = name[0] == '\0';
	op->project_id = project;
	op->name = xstrdup(op->create ? form_get(f, "rule_name") : name);
	if (strlen(op->name) == 0 || strlen(op->name) > PROTECT_GLOB_MAX) {
		svc_op_drop(op);
		post_refused(
		    c, protect_get, 422, "Which branches is the rule for?");
		return;
	}
	if (protect_read(f, op, &e) == -1) {
		svc_op_drop(op);
		post_refused(c, protect_get, 422, e.msg);
		return;
	}
	call_hold(c);
	svc_protect_put(op, protect_done, c);
}

static void
protect_remove(struct call *c, int64_t project, const struct form *f)
{
	struct svc_protect_delete *op = svc_protect_delete_new(
	    call_app(c), call_who(c));

	op->project_id = project;
	op->name = xstrdup(form_get(f, "rule"));
	call_hold(c);
	svc_protect_delete(op, protect_done, c);
}

/* It comes before the others, which keep their order. */
static void
protect_first(struct call *c, int64_t project, const struct form *f)
{
	struct svc *s = call_app(c);
	struct svc_protect_order *op;
	struct protect_rule r = { .id = 0 };
	struct err e = ERR_INIT;

	if (protections_get(
		db_reader(s->db), project, form_get(f, "rule"), &r, &e) == -1) {
		web_fail(c, &e);
		return;
	}
	op = svc_protect_order_new(s, call_who(c));
	op->project_id = project;
	op->ids[op->n++] = r.id;
	protect_rule_release(&r);
	call_hold(c);
	svc_protect_order(op, protect_done, c);
}

static void
protect_act(struct call *c, const struct project *p, const struct form *f)
{
	const char *act = form_get(f, "act");

	if (strcmp(act, "put") == 0)
		protect_put(c, p->id, f);
	else if (strcmp(act, "remove") == 0)
		protect_remove(c, p->id, f);
	else if (strcmp(act, "first") == 0)
		protect_first(c, p->id, f);
	else
		web_error(c, 422, "There is no such button.");
}

static void
protect_on_form(struct call *c)
{
	post_project(c, PERM_MANAGE, protect_act);
}

static void
protect_post(struct call *c)
{
	web_take_form(c, protect_on_form);
}

const struct route web_protect_routes[] = {
	{ "GET", "/{owner}/{r}/settings/" PROTECT_AT, ROUTE_PAGE, protect_get },
	{ "POST", "/{owner}/{r}/settings/" PROTECT_AT, ROUTE_PAGE,
	    protect_post },
	{ .method = NULL },
};
