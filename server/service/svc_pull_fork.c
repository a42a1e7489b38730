/* Heads in forks: of svc_pull.h. */
#include "server/service/svc_pull.h"

#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/projects.h"
#include "server/store/reviews.h"
#include "server/store/users.h"

/* What the owner has that is akin to p; 0: nothing. */
static int
svc_pull_akin(struct txn *t, const struct project *p, const char *owner,
    int64_t *id, struct err *e)
{
	struct project up = { .id = 0 };

	if (projects_fork_of(t, p->id, owner, id, e) == -1)
		return -1;
	if (*id != 0 || p->parent_id == 0)
		return 0;
	if (projects_by_id(t, p->parent_id, &up, e) == -1)
		return -1;
	if (strcasecmp(up.owner, owner) == 0)
		*id = up.id;
	project_release(&up);
	return *id != 0 ? 0 : projects_fork_of(t, p->parent_id, owner, id, e);
}

static bool
svc_pull_is_akin(const struct project *p, const struct project *q)
{
	return q->parent_id == p->id || p->parent_id == q->id ||
	    (p->parent_id != 0 && p->parent_id == q->parent_id);
}

int
svc_pull_head_of(struct txn *t, const struct identity *who,
    const struct project *p, const char *head, int64_t *project, char **label,
    struct err *e)
{
	const char *colon = strchr(head, ':');
	size_t n = strcspn(head, "/:");
	AUTO_FREE char *owner = xstrndup(head, n);
	struct project q = { .id = 0 };
	int64_t id = 0;
	int rc;

	if (colon != NULL && head[n] == '/') {
		AUTO_FREE char *name = xstrndup(
		    head + n + 1, (size_t)(colon - head) - n - 1);

		rc = svc_project_open(t, who, owner, name, PERM_READ, &q, e);
	} else {
		rc = svc_pull_akin(t, p, owner, &id, e);
		if (rc == 0)
			rc = svc_project_by_id(t, who, id, PERM_READ, &q, e);
	}
	if (rc == -1 && e->code != ERR_NOTFOUND)
		return -1;
	if (rc == -1 || colon == NULL || !svc_pull_is_akin(p, &q)) {
		project_release(&q);
		return err_set(e, ERR_NOTFOUND,
		    "head: %.100s is no branch of %s/%s nor of a fork of it "
		    "that you can see",
		    head, p->owner, p->name);
	}
	*project = q.id;
	*label = xasprintf("%s%s", q.owner, colon);
	project_release(&q);
	return 0;
}

int
svc_pull_is_trusted(struct txn *t, int64_t project, const struct pull *p,
    bool *yes, struct err *e)
{
	struct review_list list = { .at = NULL };
	enum role role = ROLE_NONE;
	int rc = 0;

	*yes = p->head_project == 0;
	if (*yes)
		return 0;
	if (p->head_user_id != 0 &&
	    roles_get(t, project, p->head_user_id, &role, e) == -1)
		return -1;
	*yes = role >= ROLE_MAINTAINER;
	if (*yes)
		return 0;
	if (reviews_latest(t, project, p->issue.number, &list, e) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && !*yes && i < list.n; i++) {
		const struct review *r = &list.at[i];

		if (r->state != REVIEW_APPROVED ||
		    strcmp(r->sha, p->head_sha) != 0)
			continue;
		rc = roles_get(t, project, r->author.id, &role, e);
		*yes = rc == 0 && role >= ROLE_MAINTAINER;
	}
	review_list_release(&list);
	return rc;
}
