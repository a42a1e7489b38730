/* api_reviews: verdicts on a pull request. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_review.h"
#include "server/store/pulls.h"
#include "server/store/reviews.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"

static void
api_reviews_list(struct call *c)
{
	struct review_list list = { .at = NULL };
	struct pull pull = { .run_id = 0 };
	int64_t item = call_arg_id(c, 2), id;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	id = api_project_id(c, PERM_READ);
	if (id == 0)
		return;
	if (pulls_get(api_reader(c), id, item, &pull, &e) == -1 ||
	    reviews_list(api_reader(c), id, item, call_who(c)->user_id, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, NULL, page, limit, list.total);
		for (size_t i = 0; i < list.n; i++)
			shape_review(&s, &list.at[i], pull.head_sha);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	review_list_release(&list);
	pull_release(&pull);
}

static void
api_reviews_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_review_create *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_review(&s, &op->review, op->head_sha);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static int
api_reviews_event(const char *s)
{
	/* Gitea's clients say APPROVED, GitHub's APPROVE. */
	if (strcmp(s, "APPROVE") == 0)
		return REVIEW_APPROVED;
	return review_state_parse(s);
}

static void
api_reviews_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	AUTO_FREE char *body = NULL;
	AUTO_FREE char *sha = NULL;
	struct svc_review_create *op;
	int state = 0;

	if (project == 0 ||
	    api_word(c, j, "event", api_reviews_event, &state) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &body) == -1 ||
	    api_text(c, j, "commit_id", SHA_HEX, &sha) == -1)
		return;
	if (state == 0) {
		call_reply_error(c, 422, "event: it is missing");
		return;
	}
	op = svc_review_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->item = call_arg_id(c, 2);
	op->state = (enum review_state)state;
	op->body = STEAL(body);
	if (sha != NULL && *sha != '\0')
		op->sha = STEAL(sha);
	call_hold(c);
	svc_review_create(op, api_reviews_created, c);
}

static void
api_reviews_create(struct call *c)
{
	call_take_json(c, api_reviews_on_body);
}

const struct route api_reviews_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews", ROUTE_RUN_OK,
	    api_reviews_list },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls/{n}/reviews", ROUTE_USER,
	    api_reviews_create },
	{ .method = NULL },
};
