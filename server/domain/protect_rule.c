#include "server/domain/protect_rule.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"

static const char *const protect_flag_names[PROTECT_FLAGS] = {
	[PROTECT_PUSH] = "enable_push",
	[PROTECT_PUSH_LIST] = "enable_push_whitelist",
	[PROTECT_PUSH_KEYS] = "push_whitelist_deploy_keys",
	[PROTECT_FORCE] = "enable_force_push",
	[PROTECT_FORCE_LIST] = "enable_force_push_allowlist",
	[PROTECT_FORCE_KEYS] = "force_push_allowlist_deploy_keys",
	[PROTECT_MERGE_LIST] = "enable_merge_whitelist",
	[PROTECT_STATUS] = "enable_status_check",
	[PROTECT_APPROVAL_LIST] = "enable_approvals_whitelist",
	[PROTECT_REJECTED] = "block_on_rejected_reviews",
	[PROTECT_REQUESTS] = "block_on_official_review_requests",
	[PROTECT_OUTDATED] = "block_on_outdated_branch",
	[PROTECT_DISMISS_STALE] = "dismiss_stale_approvals",
	[PROTECT_IGNORE_STALE] = "ignore_stale_approvals",
	[PROTECT_SIGNED] = "require_signed_commits",
	[PROTECT_NO_OVERRIDE] = "block_admin_merge_override",
	[PROTECT_BYPASS_LIST] = "enable_bypass_allowlist",
	[PROTECT_STATUS_LIST] = "enable_status_check_allowlist",
	[PROTECT_TEST_MERGE] = "test_merge_result",
};

/* Gitea's words, the odd one of approvals too. */
static const struct {
	const char *people;
	const char *teams;
} protect_lists[PROTECT_PEOPLE] = {
	[PROTECT_MAY_PUSH] = { "push_whitelist_usernames",
	    "push_whitelist_teams" },
	[PROTECT_MAY_FORCE] = { "force_push_allowlist_usernames",
	    "force_push_allowlist_teams" },
	[PROTECT_MAY_MERGE] = { "merge_whitelist_usernames",
	    "merge_whitelist_teams" },
	[PROTECT_MAY_APPROVE] = { "approvals_whitelist_username",
	    "approvals_whitelist_teams" },
	[PROTECT_MAY_BYPASS] = { "bypass_allowlist_usernames",
	    "bypass_allowlist_teams" },
	[PROTECT_MAY_STATUS] = { "status_check_allowlist_usernames",
	    "status_check_allowlist_teams" },
};

const char *
protect_flag_name(enum protect_flag f)
{
	return protect_flag_names[f];
}

const char *
protect_people_name(enum protect_people p)
{
	return protect_lists[p].people;
}

const char *
protect_teams_name(enum protect_people p)
{
	return protect_lists[p].teams;
}

void
protect_rule_release(struct protect_rule *r)
{
	free(r->name);
	free(r->files);
	free(r->open_files);
	for (size_t i = 0; i < r->n_contexts; i++)
		free(r->contexts[i]);
	for (size_t i = 0; i < PROTECT_PEOPLE; i++)
		free(r->people[i].at);
	*r = (struct protect_rule){ .id = 0 };
}

void
protect_list_release(struct protect_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		protect_rule_release(&l->at[i]);
	free(l->at);
	*l = (struct protect_list){ .n = 0 };
}

void
protect_rule_add_context(struct protect_rule *r, const char *pattern)
{
	if (r->n_contexts < PROTECT_CONTEXTS_MAX)
		r->contexts[r->n_contexts++] = xstrdup(pattern);
}

void
protect_rule_add_user(struct protect_rule *r, enum protect_people list,
    int64_t id, const char *login)
{
	struct protect_users *u = &r->people[list];
	struct protect_user *x;

	if (u->n == PROTECT_PEOPLE_MAX || protect_in_list(r, list, id))
		return;
	u->at = xrealloc(u->at, (u->n + 1) * sizeof(*u->at));
	x = &u->at[u->n++];
	*x = (struct protect_user){ .id = id };
	memcpy(x->login, login, strnlen(login, NAME_LEN_MAX));
}

struct protect_trial {
	struct err *e;
	const char *field;
	struct view path;
	bool found;
	bool bad;
};

static bool
protect_file_check(struct view pattern, void *arg)
{
	struct protect_trial *t = arg;

	if (pattern.p[0] == '/' || pattern.p[0] == ':')
		t->bad = err_set(t->e, ERR_INVALID,
			     "a pattern of files begins with neither / nor "
			     ":") == -1;
	else
		t->bad = protect_glob_check(pattern, t->e) == -1;
	if (t->bad)
		(void)err_wrap(t->e, "%s", t->field);
	return !t->bad;
}

static int
protect_files_check(const char *field, const char *files, struct err *e)
{
	struct protect_trial t = { .e = e, .field = field };

	if (files == NULL)
		return 0;
	if (strlen(files) > PROTECT_FILES_MAX)
		return err_set(e, ERR_INVALID, "%s: over %d bytes", field,
		    PROTECT_FILES_MAX);
	protect_files_each(files, protect_file_check, &t);
	return t.bad ? -1 : 0;
}

int
protect_rule_check(const struct protect_rule *r, struct err *e)
{
	if (r->name == NULL || r->name[0] == '\0')
		return err_set(e, ERR_INVALID, "rule_name: it is missing");
	if (protect_glob_check(view_of(r->name), e) == -1)
		return err_wrap(e, "rule_name");
	if (r->approvals < 0 || r->approvals > PROTECT_APPROVALS_MAX)
		return err_set(e, ERR_INVALID,
		    "required_approvals: want 0 to %d", PROTECT_APPROVALS_MAX);
	if (protect_has(r, PROTECT_SIGNED))
		return err_set(e, ERR_INVALID,
		    "require_signed_commits: signatures are not verified here, "
		    "so nothing could be pushed or merged");
	for (size_t i = 0; i < r->n_contexts; i++)
		if (protect_glob_check(view_of(r->contexts[i]), e) == -1)
			return err_wrap(e, "status_check_contexts");
	if (protect_files_check("protected_file_patterns", r->files, e) == -1)
		return -1;
	return protect_files_check(
	    "unprotected_file_patterns", r->open_files, e);
}

const struct protect_rule *
protect_match(const struct protect_list *l, const char *branch)
{
	for (size_t i = 0; i < l->n; i++)
		if (protect_glob(
			view_of(l->at[i].name), view_of(branch), false))
			return &l->at[i];
	return NULL;
}

bool
protect_in_list(
    const struct protect_rule *r, enum protect_people list, int64_t user)
{
	for (size_t i = 0; i < r->people[list].n; i++)
		if (r->people[list].at[i].id == user)
			return true;
	return false;
}

bool
protect_may_push(const struct protect_rule *r, int64_t user)
{
	return protect_has(r, PROTECT_PUSH) &&
	    (!protect_has(r, PROTECT_PUSH_LIST) ||
		protect_in_list(r, PROTECT_MAY_PUSH, user));
}

bool
protect_may_force(const struct protect_rule *r, int64_t user)
{
	return protect_has(r, PROTECT_FORCE) &&
	    (!protect_has(r, PROTECT_FORCE_LIST) ||
		protect_in_list(r, PROTECT_MAY_FORCE, user)) &&
	    protect_may_push(r, user);
}

bool
protect_may_merge(const struct protect_rule *r, int64_t user)
{
	return !protect_has(r, PROTECT_MERGE_LIST) ||
	    protect_in_list(r, PROTECT_MAY_MERGE, user);
}

bool
protect_may_status(
    const struct protect_rule *r, int64_t user, const char *context)
{
	return !protect_has(r, PROTECT_STATUS_LIST) ||
	    strncmp(context, "ci/", 3) == 0 ||
	    protect_in_list(r, PROTECT_MAY_STATUS, user);
}

bool
protect_may_override(const struct protect_rule *r, int64_t user)
{
	return !protect_has(r, PROTECT_NO_OVERRIDE) ||
	    (protect_has(r, PROTECT_BYPASS_LIST) &&
		protect_in_list(r, PROTECT_MAY_BYPASS, user));
}

void
protect_files_each(const char *files, protect_glob_fn *fn, void *arg)
{
	struct view rest = view_of(files), part;

	while (rest.len > 0 && view_split(&rest, ';', &part)) {
		part = view_trim(part);
		if (part.len > 0 && !fn(part, arg))
			return;
	}
}

static bool
protect_file_try(struct view pattern, void *arg)
{
	struct protect_trial *t = arg;

	t->found = protect_glob(pattern, t->path, true);
	return !t->found;
}

bool
protect_files_match(const char *files, struct view path)
{
	struct protect_trial t = { .path = path };

	protect_files_each(files, protect_file_try, &t);
	return t.found;
}
