/* pull_review_act: a review is sent, ended, dismissed; people are asked for
 * one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "server/service/svc_review.h"
#include "server/service/svc_reviewer.h"
#include "server/web/post.h"
#include "server/web/pull.h"

/* What was refused, to send again as that. */
static void
pull_review_again(struct call *c, const struct svc_review_create *op,
    const struct err *fail, const char *event, const char *say)
{
	bool line = op->n_lines > 0;
	char verb[40] = "reviews", at[24] = "";
	struct pull_again again = { .verb = verb,
		.text = line ? op->lines[0].body : op->body,
		.say = say,
		.name = { "event", "head" },
		.value = { event, op->sha } };

	if (op->review_id != 0)
		(void)snprintf(
		    verb, sizeof(verb), "reviews/%" PRId64, op->review_id);
	if (line) {
		(void)snprintf(at, sizeof(at), "%c%" PRId64,
		    op->lines[0].side == REVIEW_SIDE_OLD ? 'L' : 'R',
		    op->lines[0].line);
		again.name[2] = "path";
		again.value[2] = op->lines[0].path;
		again.name[3] = "at";
		again.value[3] = at;
	}
	pull_again(c, fail, &again);
}

static void
pull_reviewed(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_create *op = arg;
	struct call *c = call;

	if (fail == NULL && op->n_lines > 0) {
		pull_done_line(c, op->lines[0].path,
		    op->lines[0].side == REVIEW_SIDE_OLD, op->lines[0].line);
		return;
	}
	if (fail == NULL) {
		pull_done_to(NULL, c, "");
		return;
	}
	pull_review_again(c, op, fail, review_state_name(op->state), NULL);
	call_release(c);
}

/* A line of the form: its path, side and number; its words are op->body. */
static void
pull_review_line(struct svc_review_create *op, const struct form *f)
{
	const char *at = form_get(f, "at");
	struct err e = ERR_INIT;
	int64_t n;

	if (form_get(f, "path")[0] == '\0' || (at[0] != 'L' && at[0] != 'R') ||
	    num_i64(at + 1, 1, INT32_MAX, &n, &e) == -1)
		return;
	op->lines = xcalloc(1, sizeof(*op->lines));
	op->n_lines = 1;
	op->lines[0] = (struct svc_review_line){ .path = xstrdup(
						     form_get(f, "path")),
		.body = op->body,
		.line = n,
		.side = at[0] == 'L' ? REVIEW_SIDE_OLD : REVIEW_SIDE_NEW };
	op->body = NULL;
}

/* A page from before he began a review has the form of one alone, which would
 * send what he wrote at the lines, too: he is asked. */
static bool
pull_review_asked(struct call *c, struct svc_review_create *op)
{
	struct svc *s = call_app(c);
	bool line = op->n_lines > 0;
	struct err why = ERR_INIT;
	int64_t begun;

	if (op->review_id != 0 || op->state == REVIEW_PENDING)
		return false;
	begun = pull_begun_by(
	    db_reader(s->db), op->project_id, op->item, call_who(c)->user_id);
	if (begun == 0)
		return false;
	if (!line)
		op->review_id = begun;
	(void)err_set(&why, ERR_EXISTS, "%s",
	    line ? "You began a review, which nobody sees yet. This can wait "
		   "with it until you send it."
		 : "You began a review: what you wrote at the lines goes out "
		   "with this.");
	pull_review_again(c, op, &why,
	    review_state_name(line ? REVIEW_PENDING : op->state),
	    line ? "Add to your review" : "Send all of it");
	return true;
}

static const struct pull_button pull_review_preview_button = { "act", "preview",
	"Preview" };

static void
pull_review_preview(
    struct call *c, const struct form *f, int64_t project, int64_t id)
{
	const bool line = form_get(f, "at")[0] != '\0';
	const bool begun = pull_begun_by(
			       db_reader(((struct svc *)call_app(c))->db),
			       project, call_arg_id(c, 2),
			       call_who(c)->user_id) != 0;
	AUTO_FREE char *text = form_text(f, "body");
	char verb[40] = "reviews";
	struct pull_again draft = { .verb = verb,
		.text = text,
		.name = { "head" },
		.value = { form_get(f, "head") } };

	if (id != 0)
		(void)snprintf(verb, sizeof(verb), "reviews/%" PRId64, id);
	draft.name[1] = line ? "path" : "event";
	draft.value[1] = form_get(f, draft.name[1]);
	if (line) {
		draft.name[2] = "at";
		draft.value[2] = form_get(f, "at");
		draft.button[0] = (struct pull_button){ "event", "COMMENT",
			"Comment" };
		draft.button[!begun] = (struct pull_button){ "event", "PENDING",
			begun ? "Add to your review"
			      : "Begin a review with it" };
	} else {
		draft.button[0].text = "Send the review";
	}
	pull_preview(c, &draft, &pull_review_preview_button);
}

/* id 0: a new one, or a line of the one that he began. */
static void
pull_review_send(
    struct call *c, const struct form *f, int64_t project, int64_t id)
{
	int state = review_state_parse(form_get(f, "event"));
	bool line = form_get(f, "at")[0] != '\0';
	struct svc_review_create *op;

	if (state != REVIEW_APPROVED && state != REVIEW_REQUEST_CHANGES &&
	    state != REVIEW_COMMENT && (state != REVIEW_PENDING || !line)) {
		web_error(c, 422, "A review comments, approves or asks.");
		return;
	}
	op = svc_review_create_new(call_app(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->review_id = id;
	op->state = (enum review_state)state;
	op->body = form_text(f, "body");
	if (form_get(f, "head")[0] != '\0')
		op->sha = xstrdup(form_get(f, "head"));
	if (id == 0)
		pull_review_line(op, f);
	if (pull_review_asked(c, op)) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_review_create(op, pull_reviewed, c);
}

static void
pull_on_review(struct call *c)
{
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_DISCUSS, &f, &project) == -1)
		return;
	if (strcmp(form_get(&f, "act"), "preview") == 0)
		pull_review_preview(c, &f, project, 0);
	else
		pull_review_send(c, &f, project, 0);
	form_release(&f);
}

static void
pull_review_post(struct call *c)
{
	web_take_form(c, pull_on_review);
}

static void
pull_review_changed(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_change *op = arg;
	struct call *c = call;
	char verb[40];
	const struct pull_again again = { .verb = verb,
		.text = op->message,
		.name = { "act" },
		.value = { "dismiss" } };

	if (fail == NULL || op->what != REVIEW_DISMISS) {
		pull_done_to(fail, c, "");
		return;
	}
	(void)snprintf(verb, sizeof(verb), "reviews/%" PRId64, op->review_id);
	pull_again(c, fail, &again);
	call_release(c);
}

static void
pull_review_change(struct call *c, const struct form *f, int64_t project)
{
	const char *act = form_get(f, "act");
	struct svc_review_change *op;

	op = svc_review_change_new(call_app(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->review_id = call_arg_id(c, 3);
	op->what = strcmp(act, "discard") == 0 ? REVIEW_DELETE
	    : strcmp(act, "undismiss") == 0    ? REVIEW_UNDISMISS
					       : REVIEW_DISMISS;
	op->message = form_text(f, "body");
	call_hold(c);
	svc_review_change(op, pull_review_changed, c);
}

static void
pull_on_review_act(struct call *c)
{
	const char *act;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_DISCUSS, &f, &project) == -1)
		return;
	act = form_get(&f, "act");
	if (strcmp(act, "preview") == 0)
		pull_review_preview(c, &f, project, call_arg_id(c, 3));
	else if (act[0] == '\0')
		pull_review_send(c, &f, project, call_arg_id(c, 3));
	else if (strcmp(act, "dismiss") != 0 && strcmp(act, "undismiss") != 0 &&
	    strcmp(act, "discard") != 0)
		web_error(c, 422, "That is done with no review.");
	else
		pull_review_change(c, &f, project);
	form_release(&f);
}

static void
pull_review_act_post(struct call *c)
{
	web_take_form(c, pull_on_review_act);
}

static void
pull_reviewers_done(const struct err *fail, void *arg, void *call)
{
	AUTO_FREE char *at = xasprintf("pulls/%" PRId64, call_arg_id(call, 2));

	(void)arg;
	post_done(fail, call, pull_page, at);
}

static void
pull_on_reviewers(struct call *c)
{
	struct svc_reviewers *op;
	int64_t project;
	struct form f;

	if (pull_take(c, PERM_DISCUSS, &f, &project) == -1)
		return;
	op = svc_reviewers_new(call_app(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->withdraw = strcmp(form_get(&f, "act"), "withdraw") == 0;
	op->logins[op->n++] = xstrdup(form_get(&f, "name"));
	form_release(&f);
	call_hold(c);
	svc_reviewers(op, pull_reviewers_done, c);
}

static void
pull_reviewers_post(struct call *c)
{
	web_take_form(c, pull_on_reviewers);
}

#define PULL "/{owner}/{r}/pulls/{n}/"

const struct route web_pull_review_routes[] = {
	{ "POST", PULL "reviews", ROUTE_PAGE, pull_review_post },
	{ "POST", PULL "reviews/{id}", ROUTE_PAGE, pull_review_act_post },
	{ "POST", PULL "reviewers", ROUTE_PAGE, pull_reviewers_post },
	{ .method = NULL },
};
