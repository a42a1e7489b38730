#include "server/service/svc_notice.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_mention.h"

enum {
	NOTICE_NAMED_MAX = 64
};

/* Events that are told; joins: who does it is concerned from then on. */
static const struct svc_notice_kind {
	const char *kind;
	bool joins;
	bool words; /* data has a title or body that may name somebody */
} svc_notice_kinds[] = {
	{ "issue.opened", true, true },
	{ "issue.closed", false, false },
	{ "issue.reopened", false, false },
	{ "issue.assigned", false, false },
	{ "comment.created", true, true },
	{ "pull.opened", true, true },
	{ "pull.closed", false, false },
	{ "pull.reopened", false, false },
	{ "pull.merged", false, false },
	{ "pull.review_requested", false, false },
	{ "review.created", true, true },
	{ "review.commented", true, true },
	{ "review.commented", true, true },
	{ "review.dismissed", false, false },
};

static const struct svc_notice_kind *
svc_notice_find(const char *kind)
{
	for (size_t i = 0;
	     i < sizeof(svc_notice_kinds) / sizeof(svc_notice_kinds[0]); i++)
		if (strcmp(svc_notice_kinds[i].kind, kind) == 0)
			return &svc_notice_kinds[i];
	return NULL;
}

/* Who is named in the event's own words: its item's row may come later. */
static int
svc_notice_named(struct txn *t, const struct svc_event *v,
    const struct json *data, struct notice_new *n, int64_t *ids, struct err *e)
{
	static const char *const keys[] = { "title", "body" };

	for (size_t i = 0; i < 2; i++) {
		const char *text = json_str_or(data, keys[i], "");
		size_t more = 0;

		if (strchr(text, '@') == NULL)
			continue;
		if (svc_mention_users(t, v->project_id, text, ids + n->n_named,
			NOTICE_NAMED_MAX - n->n_named, &more, e) == -1)
			return -1;
		n->n_named += more;
	}
	return 0;
}

int
svc_notice_event(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_event *v, struct err *e)
{
	const struct svc_notice_kind *k = svc_notice_find(v->kind);
	int64_t ids[NOTICE_NAMED_MAX];
	struct notice_new n = { .project_id = v->project_id,
		.item = v->item,
		.actor_id = who->user_id,
		.now = now,
		.named = ids };
	struct json *data = NULL;
	int rc = 0;

	if (k == NULL || v->item == 0)
		return 0;
	if (v->data != NULL && k->words)
		data = json_parse(str_view(v->data), 0, e);
	*e = ERR_INIT; /* what cannot be read names nobody */
	/* Comments of reviews are numbered by themselves. */
	if (strcmp(v->kind, "comment.created") == 0)
		n.comment_id = json_i64_or(data, "comment", 0);
	if (k->words)
		rc = svc_notice_named(t, v, data, &n, ids, e);
	if (rc == 0 && k->joins && who->user_id > 0)
		rc = notices_join(t, v->project_id, v->item, who->user_id, e);
	if (rc == 0)
		rc = notices_tell(t, &n, e);
	json_free(data);
	return rc;
}

static void
svc_notice_mark_release(void *arg)
{
	struct svc_notice_mark *op = arg;

	notice_list_release(&op->list);
}

struct svc_notice_mark *
svc_notice_mark_new(struct svc *s, const struct identity *who)
{
	struct svc_notice_mark *op = svc_op_new(
	    s, sizeof(struct svc_notice_mark), who, svc_notice_mark_release);

	op->filter.account_id = who->user_id;
	op->filter.sees_all = svc_viewer(who) == 0;
	return op;
}

static int
svc_notice_mark_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_notice_mark *op = arg;
	struct notice one;

	if (op->id == 0) {
		struct notice_filter f = op->filter;

		f.before = op->until + 1;
		if (notices_list(t, &f, &op->list, e) == -1 ||
		    notices_set_all(t, &op->filter, op->until, op->to, e) == -1)
			return -1;
		for (size_t i = 0; i < op->list.n; i++)
			op->list.at[i].status = op->to;
		return 0;
	}
	if (notices_get(t, &op->filter, op->id, &one, e) == -1)
		return -1;
	op->list.at = xmalloc(sizeof(one));
	op->list.at[0] = one;
	op->list.at[0].status = op->to;
	op->list.n = 1;
	return notices_set(t, op->id, op->to, e);
}

void
svc_notice_mark(struct svc_notice_mark *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_notice_mark_job, done, arg);
}
