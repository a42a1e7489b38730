/* api_reactions: on issues, pull requests and comments. */
#include "server/api/api.h"
#include "server/api/api_words.h"
#include "server/api/shape.h"
#include "server/service/svc_reaction.h"
#include "server/store/reactions.h"

#include <stdio.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"

/* Of an item by pages when it is asked so; of a comment all. */
static void
api_reactions_list(struct call *c, enum api_words_on kind)
{
	struct reaction_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page = 1, limit = DB_LIST_MAX;
	struct words_target on;
	struct shape s;

	if (api_words_target(c, kind, &on, NULL) == -1 ||
	    (kind == API_WORDS_ITEM && call_page(c, &page, &limit) == -1))
		return;
	if (reactions_list(api_reader(c), &on, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_reaction(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	reaction_list_release(&list);
}

static void
api_reactions_list_item(struct call *c)
{
	api_reactions_list(c, API_WORDS_ITEM);
}

static void
api_reactions_list_comment(struct call *c)
{
	api_reactions_list(c, API_WORDS_COMMENT);
}

static void
api_reactions_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_reaction *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_reaction(&s, &op->reaction);
		shape_reply(&s, c, op->added ? 201 : 200);
	}
	call_release(c);
}

static void
api_reactions_do(
    struct call *c, const struct json *j, enum api_words_on kind, bool remove)
{
	AUTO_FREE char *content = NULL;
	struct words_target on;
	struct svc_reaction *op;

	if (api_words_target(c, kind, &on, NULL) == -1)
		return;
	/* Gitea has "reaction" in older documents. */
	if (api_need(c, j,
		json_get(j, "content") != NULL ? "content" : "reaction",
		REACTION_LEN_MAX, &content) == -1)
		return;
	op = svc_reaction_new(api_svc(c), call_who(c));
	op->on = on;
	op->remove = remove;
	snprintf(op->content, sizeof(op->content), "%s", content);
	call_hold(c);
	svc_reaction(op, remove ? api_done_empty : api_reactions_made, c);
}

static void
api_reactions_on_item(struct call *c, const struct json *j)
{
	api_reactions_do(c, j, API_WORDS_ITEM, false);
}

static void
api_reactions_off_item(struct call *c, const struct json *j)
{
	api_reactions_do(c, j, API_WORDS_ITEM, true);
}

static void
api_reactions_on_comment(struct call *c, const struct json *j)
{
	api_reactions_do(c, j, API_WORDS_COMMENT, false);
}

static void
api_reactions_off_comment(struct call *c, const struct json *j)
{
	api_reactions_do(c, j, API_WORDS_COMMENT, true);
}

static void
api_reactions_post_item(struct call *c)
{
	call_take_json(c, api_reactions_on_item);
}

static void
api_reactions_delete_item(struct call *c)
{
	call_take_json(c, api_reactions_off_item);
}

static void
api_reactions_post_comment(struct call *c)
{
	call_take_json(c, api_reactions_on_comment);
}

static void
api_reactions_delete_comment(struct call *c)
{
	call_take_json(c, api_reactions_off_comment);
}

#define API_REACTIONS_ITEM "/api/v1/repos/{o}/{r}/issues/{n}/reactions"
#define API_REACTIONS_COMMENT \
	"/api/v1/repos/{o}/{r}/issues/comments/{id}/reactions"

const struct route api_reactions_routes[] = {
	{ "GET", API_REACTIONS_ITEM, ROUTE_RUN_OK, api_reactions_list_item },
	{ "POST", API_REACTIONS_ITEM, ROUTE_MEMBER, api_reactions_post_item },
	{ "DELETE", API_REACTIONS_ITEM, ROUTE_MEMBER,
	    api_reactions_delete_item },
	{ "GET", API_REACTIONS_COMMENT, ROUTE_RUN_OK,
	    api_reactions_list_comment },
	{ "POST", API_REACTIONS_COMMENT, ROUTE_MEMBER,
	    api_reactions_post_comment },
	{ "DELETE", API_REACTIONS_COMMENT, ROUTE_MEMBER,
	    api_reactions_delete_comment },
	{ .method = NULL },
};
