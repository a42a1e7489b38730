/*
 * compare: what one branch has and another has not, and the pull request that
 * proposes it: which two are chosen, and what it is called.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"
#include "server/domain/pull_rule.h"
#include "server/domain/rev_text.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/web/code.h"
#include "server/web/diff.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/pull.h"
#include "server/web/sign.h"

enum {
	COMPARE_COMMITS = 50,   /* that are listed */
	COMPARE_BRANCHES = 1000 /* that are offered */
};

/* "/O/P/compare/BASE...HEAD"; free(3). */
static char *
compare_path(const char *at, const char *base, const char *head)
{
	AUTO_STR struct str to = STR_INIT;

	str_addf(&to, "%s/compare/", at);
	esc_url(&to, view_of(base));
	str_add(&to, "...");
	esc_url(&to, view_of(head));
	return str_steal(&to);
}

void
pull_new_link(struct web *w, const struct project *p)
{
	if (!web_may(w, p->id, PERM_PROPOSE))
		return;
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "class", "do-new primary");
	HTML_URL(&w->h, "href", "/%s/%s/compare", p->owner, p->name);
	html_text(&w->h, "New pull request");
	html_end(&w->h);
}

/* ---- which two ---- */

static void
compare_field(struct web *w, const char *name, const char *label,
    const char *value, bool offered)
{
	struct html *h = &w->h;

	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", name);
	html_text(h, label);
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", name);
	HTML_ATTR(h, "name", name);
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "value", value);
	HTML_ATTR(h, "maxlength", "400");
	HTML_ATTR(h, "autocomplete", "off");
	HTML_ATTR(h, "spellcheck", "false");
	if (offered)
		HTML_ATTR(h, "list", "branches");
	HTML_FLAG(h, "required");
}

static void
compare_chooser(struct web *w, const struct code *x, const char *base,
    const char *head, bool offered)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "bar two-refs");
	HTML_URL(h, "action", "/%s/%s/compare", x->p.owner, x->p.name);
	compare_field(w, "base", "Into", base, offered);
	compare_field(w, "head", "goes what is in", head, offered);
	HTML_LEAF(h, "button", "", "Compare");
	html_end(h);
}

static void
compare_offers(struct web *w, int64_t project)
{
	static const char place[] = "refs/heads/";
	struct ref_row_list list = { .n = 0 };
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (refs_list(w->t, project, place, &list, &e) == -1)
		log_error("web branches reason=%s", log_val(e.msg));
	HTML_TAG(h, "datalist");
	HTML_ATTR(h, "id", "branches");
	for (size_t i = 0; i < list.n && i < COMPARE_BRANCHES; i++) {
		const char *ref = list.at[i].ref;

		if (strncmp(ref, place, sizeof(place) - 1) != 0)
			break;
		HTML_TAG(h, "option");
		HTML_ATTR(h, "value", ref + sizeof(place) - 1);
		html_end(h);
	}
	html_end(h);
	ref_row_list_release(&list);
}

/* Without a pair it offers the branches. */
static void
compare_choose(struct call *c)
{
	struct code *x = code_new(c);
	const char *base = call_query(c, "base");
	const char *head = call_query(c, "head");
	AUTO_FREE char *to = NULL;
	struct web w;

	if (x == NULL)
		return;
	if (head != NULL && head[0] != '\0') {
		to = compare_path(x->at, base != NULL ? base : "", head);
		web_redirect(c, to);
		code_free(x);
		return;
	}
	code_begin(&w, x, "compare");
	compare_chooser(&w, x, x->p.default_branch, "", true);
	compare_offers(&w, x->p.id);
	web_empty(&w,
	    "Name the branch that has the change and the one that it goes "
	    "into; what they differ is shown before anything is proposed. A "
	    "branch is made by a push:",
	    "git push origin HEAD:refs/heads/my-change");
	web_reply(&w, 200);
	code_free(x);
}

/* ---- the form ---- */

struct compare_new {
	const char *base, *head;
	const char *title, *body;
	bool draft;
};

static void
compare_form(
    struct web *w, const struct project *p, const struct compare_new *f)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/%s/%s/pulls", p->owner, p->name);
	sign_form_value(w);
	field_hidden(w, "into", f->base);
	field_hidden(w, "from", f->head);
	HTML_LEAF(h, "h2", "", "New pull request");
	field_text(w,
	    &(struct field){ .name = "title",
		.label = "Title",
		.max = 255,
		.required = true },
	    f->title);
	field_area(w,
	    &(struct field){
		.name = "body", .label = "What it does and why", .max = 60000 },
	    f->body, 6);
	field_tick(w,
	    &(struct field){ .name = "draft", .label = "It is a draft" },
	    f->draft);
	HTML_LEAF(h, "button", "primary", "Open pull request");
	html_end(h);
}

/* "fix/the-thing" of a branch: "The thing". */
static char *
compare_title_of(const char *branch)
{
	const char *from = strrchr(branch, '/');
	char *text = xstrdup(from != NULL ? from + 1 : branch);

	for (char *c = text; *c != '\0'; c++)
		if (*c == '-' || *c == '_')
			*c = ' ';
	text[0] = (char)toupper((unsigned char)text[0]);
	return text;
}

/* Of one commit its message, of many the branch's name. */
static void
compare_words(
    const struct json *commits, const char *head, char **title, char **body)
{
	const char *message = json_str_or(json_at(commits, 0), "message", "");
	size_t n = strcspn(message, "\n");
	struct view rest = view_trim(view_of(message + n));

	*body = NULL;
	if (json_count(commits) != 1 || n == 0) {
		*title = compare_title_of(head);
		return;
	}
	if (n > TITLE_LEN_MAX) {
		n = TITLE_LEN_MAX;
		while (n > 0 && ((unsigned char)message[n] & 0xc0) == 0x80)
			n--;
	}
	*title = xstrndup(message, n);
	*body = view_dup(rest);
}

/* Is there one already?  Then a link to it. */
static bool
compare_there(struct web *w, const struct code *x)
{
	struct pull there = { .run_id = 0 };
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (pulls_find_open(w->t, x->p.id, x->path, x->rev, &there, &e) == -1)
		return false;
	HTML_CLASS(h, "section", "card");
	HTML_TAG(h, "p");
	html_text(h, "There is an open pull request of these two: ");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s/pulls/%" PRId64, x->p.owner, x->p.name,
	    there.issue.number);
	html_textf(h, "#%" PRId64 " ", there.issue.number);
	HTML_LEAF(h, "bdi", "", there.issue.title);
	html_end(h);
	html_text(h, ". What is pushed to the branch comes into it.");
	html_end(h);
	html_end(h);
	pull_release(&there);
	return true;
}

static bool
compare_is_branch(struct web *w, int64_t project, const char *name)
{
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", name);
	char sha[SHA_HEX + 1] = "";
	struct err e = ERR_INIT;

	return refs_get(w->t, project, ref, sha, &e) == 0 && sha[0] != '\0';
}

/* What can be proposed, to who may. */
static void
compare_propose(struct web *w, const struct code *x, const struct json *commits)
{
	AUTO_FREE char *title = NULL, *body = NULL;
	struct compare_new f = { .base = x->rev, .head = x->path };

	if (json_count(commits) == 0 || strcmp(x->rev, x->path) == 0 ||
	    compare_there(w, x) || !web_may(w, x->p.id, PERM_PROPOSE))
		return;
	if (!compare_is_branch(w, x->p.id, x->rev) ||
	    !compare_is_branch(w, x->p.id, x->path)) {
		HTML_LEAF(&w->h, "p", "sub",
		    "A pull request is of two branches; not both of these "
		    "are.");
		return;
	}
	compare_words(commits, x->path, &title, &body);
	f.title = title;
	f.body = body;
	compare_form(w, &x->p, &f);
}

/* A fork's branch may go where the fork came from. */
static void
compare_parent(struct web *w, const struct code *x)
{
	AUTO_FREE char *head = xasprintf("%s:%s", x->p.owner, x->path);
	AUTO_STR struct str to = STR_INIT;
	struct project q = { .id = 0 };
	struct err no = ERR_INIT;

	if (x->p.parent_id == 0 || !compare_is_branch(w, x->p.id, x->path) ||
	    svc_project_by_id(
		w->t, w->who, x->p.parent_id, PERM_DISCUSS, &q, &no) == -1)
		return;
	str_addc(&to, '/');
	esc_url(&to, view_of(q.owner));
	str_addc(&to, '/');
	esc_url(&to, view_of(q.name));
	str_add(&to, "/compare/...");
	esc_url(&to, view_of(head));
	HTML_CLASS(&w->h, "p", "do");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", str_cstr(&to));
	html_textf(&w->h, "Propose it to %s/%s", q.owner, q.name);
	html_end(&w->h);
	html_end(&w->h);
	project_release(&q);
}

/* ---- what they differ ---- */

static void
compare_commits(struct web *w, const struct code *x)
{
	const struct json *list = json_get(x->entry, "commits");
	struct html *h = &w->h;

	HTML_CLASS(h, "section", "card wide");
	HTML_LEAF(h, "h2", "", "Commits");
	HTML_CLASS(h, "ul", "items");
	for (const struct json *k = json_first(list); k != NULL;
	     k = json_next(k)) {
		HTML_TAG(h, "li");
		code_subject(w, x, json_str_or(k, "sha", ""),
		    json_str_or(k, "message", ""));
		HTML_CLASS(h, "span", "sub");
		html_textf(h, " %.10s, ", json_str_or(k, "sha", ""));
		code_by(w, k);
		html_end(h);
		html_end(h);
	}
	html_end(h);
	if (json_bool_or(x->entry, "more", false))
		HTML_LEAF(h, "p", "sub", "There are more than these.");
	html_end(h);
}

static void
compare_write(struct web *w, struct code *x, const struct git_result *res)
{
	AUTO_FREE char *here = compare_path(x->at, x->rev, x->path);
	const struct json *commits = json_get(x->entry, "commits");
	struct html *h = &w->h;

	compare_chooser(w, x, x->rev, x->path, false);
	if (call_query(x->c, "file") == NULL) {
		compare_parent(w, x);
		compare_propose(w, x, commits);
		if (json_count(commits) > 0)
			compare_commits(w, x);
	}
	HTML_CLASS(h, "p", "sub");
	html_text(h, "What ");
	HTML_TAG(h, "code");
	html_shown(h, x->path);
	html_end(h);
	html_text(h, " has and ");
	HTML_TAG(h, "code");
	html_shown(h, x->rev);
	html_end(h);
	html_text(h, " has not.");
	html_end(h);
	if (json_count(commits) == 0)
		HTML_LEAF(h, "p", "sub",
		    "There is no commit to propose: the one has all that the "
		    "other has.");
	code_diff(w, x, res, here, NULL);
}

static void
compare_on_show(const struct git_result *res, void *arg)
{
	struct code *x = arg;
	struct web w;

	if (code_failed(x, res->fail))
		return;
	code_begin(&w, x, "compare");
	compare_write(&w, x, res);
	web_reply(&w, 200);
	code_free(x);
}

static void
compare_on_commits(const struct git_result *res, void *arg)
{
	struct code *x = arg;
	struct git_ask_show spec = {
		.base = x->rev, .head = x->path, .direct = x->kind[0] == 'd'
	};

	if (code_failed(x, res->fail) || code_keep(x, res->j) == -1)
		return;
	web_diff_asked(x->c, &spec);
	gitask_show(((struct svc *)call_app(x->c))->git, x->p.id, &spec,
	    compare_on_show, x);
}

/* A branch of a fork: its commits come here with the pull request alone. */
static void
compare_fork(struct code *x)
{
	const char *branch = strchr(x->path, ':') + 1;
	AUTO_FREE char *title = compare_title_of(branch);
	AUTO_FREE char *label = NULL;
	const struct compare_new f = {
		.base = x->rev, .head = x->path, .title = title
	};
	struct err e = ERR_INIT;
	int64_t project;
	struct web w;

	if (svc_pull_head_of(db_reader(((struct svc *)call_app(x->c))->db),
		call_who(x->c), &x->p, x->path, &project, &label, &e) == -1) {
		(void)code_failed(x, &e);
		return;
	}
	code_begin(&w, x, "compare");
	compare_chooser(&w, x, x->rev, x->path, false);
	if (web_may(&w, x->p.id, PERM_DISCUSS) && !compare_there(&w, x)) {
		HTML_LEAF(&w.h, "p", "sub",
		    "It is a branch of a fork: what it changes is shown here "
		    "once it is proposed.");
		compare_form(&w, &x->p, &f);
	}
	web_reply(&w, 200);
	code_free(x);
}

static void
compare_get(struct call *c)
{
	struct code *x = code_new(c);
	struct rev_range r = { .base = NULL };
	struct git_ask_history spec = { .limit = COMPARE_COMMITS };
	struct err e = ERR_INIT;

	if (x == NULL)
		return;
	if (rev_range_parse(call_arg(c, 2), &r, &e) == -1) {
		(void)code_failed(x, &e);
		return;
	}
	x->rev = xstrdup(
	    r.base != NULL && r.base[0] != '\0' ? r.base : x->p.default_branch);
	x->path = xstrdup(
	    r.head != NULL && r.head[0] != '\0' ? r.head : x->p.default_branch);
	(void)snprintf(
	    x->kind, sizeof(x->kind), "%s", r.direct ? "direct" : "");
	rev_range_release(&r);
	if (strchr(x->path, ':') != NULL) {
		compare_fork(x);
		return;
	}
	if (gitpool_rev_told(x->rev, &e) == -1 ||
	    gitpool_rev_told(x->path, &e) == -1) {
		(void)code_failed(x, &e);
		return;
	}
	spec.rev = x->path;
	spec.without = x->rev;
	gitask_history(((struct svc *)call_app(c))->git, x->p.id, &spec,
	    compare_on_commits, x);
}

/* ---- proposing it ---- */

/* What was typed comes back with what is wrong. */
static void
compare_again(
    struct call *c, const struct svc_pull_create *op, const struct err *fail)
{
	const struct web_head head = { .title = "New pull request", .tab = "" };
	struct compare_new f = { .base = op->base,
		.head = svc_text(op->label)[0] != '\0' ? op->label : op->head,
		.title = op->title,
		.body = op->body,
		.draft = op->draft };
	AUTO_STR struct str at = STR_INIT;
	AUTO_FREE char *to = NULL;
	struct project p;
	struct web w;

	if (call_status_of(fail) >= 500 || fail->code == ERR_DENIED) {
		web_fail(c, fail);
		return;
	}
	if (web_project(c, PERM_READ, &p) == -1)
		return;
	str_addc(&at, '/');
	esc_url(&at, view_of(p.owner));
	str_addc(&at, '/');
	esc_url(&at, view_of(p.name));
	to = compare_path(str_cstr(&at), f.base, f.head);
	web_begin(&w, c, &head);
	web_project_title(&w, &p, PART_PULLS, "New pull request");
	HTML_TAG(&w.h, "p");
	HTML_ATTR(&w.h, "class", "alert");
	HTML_ATTR(&w.h, "role", "alert");
	web_why(&w, fail->msg);
	html_end(&w.h);
	HTML_CLASS(&w.h, "p", "sub");
	HTML_TAG(&w.h, "a");
	HTML_ATTR(&w.h, "href", to);
	html_text(&w.h, "What the two differ");
	html_end(&w.h);
	html_end(&w.h);
	compare_form(&w, &p, &f);
	web_reply(&w, call_status_of(fail));
	project_release(&p);
}

static void
compare_opened(const struct err *fail, void *arg, void *call)
{
	const struct svc_pull_create *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (fail != NULL) {
		compare_again(c, op, fail);
	} else {
		str_addc(&to, '/');
		esc_url(&to, view_of(call_arg(c, 0)));
		str_addc(&to, '/');
		esc_url(&to, view_of(call_arg(c, 1)));
		str_addf(&to, "/pulls/%" PRId64, op->number);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

/* As the API has it: a branch, or OWNER:BRANCH of a fork. */
static int
compare_head(struct svc_pull_create *op, const struct project *p,
    const char *head, struct err *e)
{
	const char *branch = pull_rule_head(head, p->owner, p->name);
	struct txn *t = db_reader(op->op.svc->db);

	if (branch == NULL) {
		branch = strchr(head, ':') + 1;
		if (svc_pull_head_of(t, &op->op.who, p, head, &op->head_project,
			&op->label, e) == -1)
			return -1;
	}
	op->head = xstrdup(branch);
	return svc_may(t, &op->op.who, p->id,
	    op->head_project != 0 ? PERM_DISCUSS : PERM_PROPOSE, NULL, e);
}

static void
compare_on_open(struct call *c)
{
	struct svc_pull_create *op;
	struct err e = ERR_INIT;
	struct project p;
	struct form f;
	int rc;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, PERM_READ, &p) == -1) {
		form_release(&f);
		return;
	}
	op = svc_pull_create_new(call_app(c), call_who(c));
	op->project_id = p.id;
	op->base = xstrdup(form_get(&f, "into"));
	op->title = form_text(&f, "title");
	op->body = form_text(&f, "body");
	op->draft = form_get(&f, "draft")[0] != '\0';
	rc = compare_head(op, &p, form_get(&f, "from"), &e);
	form_release(&f);
	project_release(&p);
	if (rc == -1) {
		web_fail(c, &e);
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_pull_create(op, compare_opened, c);
}

static void
compare_open(struct call *c)
{
	web_take_form(c, compare_on_open);
}

const struct route web_compare_routes[] = {
	{ "GET", "/{owner}/{r}/compare", ROUTE_PAGE, compare_choose },
	{ "GET", "/{owner}/{r}/compare/{path...}", ROUTE_PAGE, compare_get },
	{ "POST", "/{owner}/{r}/pulls", ROUTE_PAGE, compare_open },
	{ .method = NULL },
};
