#include "server/service/svc_arrived.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_comment.h"
#include "server/store/jobs.h"
#include "server/store/merging.h"
#include "server/store/pulls.h"

static int
arrived_is_merging(
    struct txn *t, const struct pull *p, bool *yes, struct err *e)
{
	struct merging_list list = { .n = 0 };

	if (merging_list(t, &list, e) == -1)
		return -1;
	*yes = false;
	for (size_t i = 0; i < list.n; i++)
		if (list.at[i].project_id == p->issue.project_id &&
		    list.at[i].number == p->issue.number)
			*yes = true;
	merging_list_release(&list);
	return 0;
}

int
svc_arrived_is(struct txn *t, const struct pull *p, const struct svc_arrived *a,
    bool *yes, struct err *e)
{
	/* Its commits are new to the base; a head that was pushed back to the
	 * base brings nothing, which is not the same as having arrived. */
	bool commits = strcmp(a->merge_base, a->head) == 0 &&
	    p->merge_base[0] != '\0' && strcmp(p->merge_base, a->head) != 0;
	bool merging;

	*yes = strcmp(p->head_sha, a->head) == 0 &&
	    strcmp(p->base_sha, a->base) != 0 && (commits || a->same);
	if (!*yes)
		return 0;
	if (arrived_is_merging(t, p, &merging, e) == -1)
		return -1;
	*yes = !merging;
	return 0;
}

static int
arrived_say(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, const struct str *text, struct err *e)
{
	const struct svc_comment_row r = { .project_id = p->issue.project_id,
		.item = p->issue.number,
		.body = str_cstr(text) };
	int64_t id;

	return svc_comment_insert(t, who, now, &r, &id, e);
}

static int
arrived_event(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, const struct svc_arrived *a, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "pull.merged",
		.project_id = p->issue.project_id,
		.item = p->issue.number,
		.is_pull = true,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "sha", a->base);
	jw_str(&w, "head_sha", a->head);
	jw_bool(&w, "upstream", true);
	jw_end(&w);
	return svc_event_add(t, who, now, &v, e);
}

int
svc_arrived_write(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, const struct svc_arrived *a, struct err *e)
{
	const struct pull_merged merged = { .head_sha = a->head,
		.merge_sha = a->base,
		.base_sha = p->base_sha,
		.user_id = who->user_id,
		.now = now };
	int64_t project = p->issue.project_id, n;
	AUTO_STR struct str text = STR_INIT;

	str_addf(&text,
	    "Upstream has this change: `%s` at %.10s contains it%s. There is "
	    "nothing left to merge here, so this pull request is merged.",
	    p->base, a->base,
	    a->same ? ", as other commits with the same changes" : "");
	if (pulls_set_merged(t, project, p->issue.number, &merged, e) == -1 ||
	    arrived_event(t, who, now, p, a, e) == -1 ||
	    jobs_supersede(t, project, p->issue.number, "", now, &n, e) == -1)
		return -1;
	return arrived_say(t, who, now, p, &text, e);
}

int
svc_arrived_conflict(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, const struct svc_arrived *a, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	str_addf(&text,
	    "Upstream moved `%s` to %.10s: this pull request conflicts with "
	    "it now. Merge or rebase its branch on `%s`.",
	    p->base, a->base, p->base);
	return arrived_say(t, who, now, p, &text, e);
}
