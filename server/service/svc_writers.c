#include "server/service/svc_writers.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/store/commit_writers.h"
#include "server/store/refs.h"

bool
svc_writers_brings(const struct push_command *c)
{
	return !gitpool_sha_is_zero(c->new_sha) &&
	    strcmp(c->old, c->new_sha) != 0;
}

static int64_t
svc_writers_of(const struct svc_pusher *who)
{
	return who->writer != 0 ? who->writer : who->actor;
}

int
svc_writers_claim(struct txn *t, const struct svc_pusher *who,
    const struct push_command *c, struct err *e)
{
	if (!svc_writers_brings(c))
		return 0;
	if (commit_writers_claim(
		t, who->project, c->new_sha, svc_writers_of(who), e) == -1 ||
	    commit_writers_add(t, who->project, c->new_sha, who->also, e) == -1)
		return -1;
	return who->pull == 0 ? 0
			      : commit_writers_add_pull(
				    t, who->project, who->pull, c->new_sha, e);
}

/* It is his: the row of the ref may be of who came after him. */
static int
svc_writers_came(struct txn *t, const struct svc_pusher *who,
    const struct push_command *c, const char *brought, struct err *e)
{
	int64_t id = svc_writers_of(who);

	/* The default branch had all of it. */
	if (brought != NULL && strcmp(brought, "[]") == 0)
		return commit_writers_drop(t, who->project, c->new_sha, id, e);
	if (commit_writers_add(t, who->project, c->new_sha, id, e) == -1 ||
	    refs_add_writer(t, who->project, c->ref, id, e) == -1 ||
	    refs_add_writer(t, who->project, c->ref, who->also, e) == -1)
		return -1;
	return brought == NULL
	    ? 0
	    : commit_writers_add_first(t, who->project, brought, id, e);
}

int
svc_writers_settle(struct txn *t, const struct svc_pusher *who,
    const struct push_command *c, const char *now, const char *brought,
    struct err *e)
{
	int64_t id = svc_writers_of(who);
	bool claimed = false;

	if (!svc_writers_brings(c))
		return 0;
	if (commit_writers_has(t, who->project, c->new_sha, id, &claimed, e) ==
	    -1)
		return -1;
	if (!claimed)
		return 0;
	if (now != NULL && strcmp(now, c->new_sha) == 0)
		return svc_writers_came(t, who, c, brought, e);
	/* Anything else may have come after it. */
	if (now != NULL ? strcmp(now, c->old) == 0
			: gitpool_sha_is_zero(c->old))
		return commit_writers_drop(t, who->project, c->new_sha, id, e);
	return 0;
}

char *
svc_writers_list(const struct json *j)
{
	struct str text = STR_INIT;

	json_print(json_get(j, "commits"), &text);
	return str_steal(&text);
}
