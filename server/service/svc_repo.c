#include "server/service/svc_repo.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/settings_rule.h"
#include "server/git/git_pool.h"
#include "server/service/svc_auto_merge.h"
#include "server/store/projects.h"
#include "server/store/users.h"

void
svc_repo_patch_init(struct svc_repo_patch *p)
{
	*p = (struct svc_repo_patch){ .archived = -1,
		.has_issues = -1,
		.has_pulls = -1,
		.delete_branch = -1 };
}

static void
svc_repo_edit_release(void *arg)
{
	struct svc_repo_edit *op = arg;

	free(op->patch.name);
	free(op->patch.description);
	free(op->patch.website);
	free(op->patch.default_branch);
	project_release(&op->project);
}

struct svc_repo_edit *
svc_repo_edit_new(struct svc *s, const struct identity *who)
{
	struct svc_repo_edit *op = svc_op_new(
	    s, sizeof(struct svc_repo_edit), who, svc_repo_edit_release);

	svc_repo_patch_init(&op->patch);
	return op;
}

/* What a client that sends the whole object back does not mean to change. */
static int
svc_repo_refuse(
    const struct svc_repo_patch *x, const struct project *p, struct err *e)
{
	if (x->name != NULL && strcmp(x->name, p->name) != 0)
		return err_set(e, ERR_INVALID,
		    "name: a repository keeps its name: clones, sandboxes and "
		    "the upstream's mirror know it");
	if (x->default_branch != NULL && p->upstream[0] != '\0' &&
	    strcmp(x->default_branch, svc_text(p->default_branch)) != 0)
		return err_set(e, ERR_INVALID,
		    "default_branch: upstream says which it is, now '%s'",
		    svc_text(p->default_branch));
	if (x->interval_s != 0 && x->interval_s != p->settings.interval_s &&
	    p->upstream[0] == '\0')
		return err_set(e, ERR_INVALID,
		    "mirror_interval: the repository has no upstream");
	return 0;
}

static void
svc_repo_replace(char **to, char **from)
{
	if (*from == NULL)
		return;
	free(*to);
	*to = STEAL(*from);
}

static void
svc_repo_apply(struct svc_repo_patch *x, int64_t now, struct repo_profile *f)
{
	svc_repo_replace(&f->description, &x->description);
	svc_repo_replace(&f->website, &x->website);
	if (x->archived == 0)
		f->archived_at = 0;
	else if (x->archived == 1 && f->archived_at == 0)
		f->archived_at = now;
	if (x->has_issues != -1)
		f->has_issues = x->has_issues == 1;
	if (x->has_pulls != -1)
		f->has_pulls = x->has_pulls == 1;
	if (x->delete_branch != -1)
		f->delete_branch = x->delete_branch == 1;
	f->merge_styles = (f->merge_styles & ~x->styles_off) | x->styles_on;
	if (x->merge_style != 0)
		f->merge_style = x->merge_style;
}

static int
svc_repo_event(struct txn *t, const struct svc_repo_edit *op,
    const struct repo_profile *was, struct err *e)
{
	const struct repo_profile *is = &op->project.profile;
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "project.updated",
		.project_id = op->project_id,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	if ((was->archived_at != 0) != (is->archived_at != 0))
		jw_bool(&w, "archived", is->archived_at != 0);
	if (strcmp(svc_text(was->description), svc_text(is->description)) != 0)
		jw_str(&w, "description", svc_text(is->description));
	if (strcmp(svc_text(was->website), svc_text(is->website)) != 0)
		jw_str(&w, "website", svc_text(is->website));
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static int
svc_repo_edit_rows(struct txn *t, struct svc_repo_edit *op, struct err *e)
{
	struct repo_profile was = { .description = NULL };
	struct project *p = &op->project;
	int rc;

	if (svc_repo_refuse(&op->patch, p, e) == -1)
		return -1;
	repo_profile_copy(&was, &p->profile);
	svc_repo_apply(&op->patch, op->op.now, &p->profile);
	if (op->patch.interval_s != 0)
		p->settings.interval_s = op->patch.interval_s;
	rc = repo_profile_check(&p->profile, e);
	if (rc == 0 && op->patch.interval_s != 0)
		rc = settings_rule_check(&p->settings, e);
	if (rc == 0)
		rc = projects_set_profile(t, p->id, &p->profile, e);
	if (rc == 0 && op->patch.interval_s != 0)
		rc = projects_set_settings(t, p->id, &p->settings, e);
	if (rc == 0 && op->moves_head)
		rc = projects_choose_branch(
		    t, p->id, op->patch.default_branch, e);
	if (rc == 0)
		rc = svc_repo_event(t, op, &was, e);
	repo_profile_release(&was);
	return rc;
}

static int
svc_repo_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_repo_edit *op = arg;
	struct project *p = &op->project;
	bool admin;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_READ, p, e) == -1)
		return -1;
	admin = op->patch.archived != -1 &&
	    op->patch.archived != (p->profile.archived_at != 0);
	op->moves_head = op->patch.default_branch != NULL &&
	    p->upstream[0] == '\0' &&
	    strcmp(op->patch.default_branch, p->default_branch) != 0;
	admin = admin || op->moves_head || p->profile.archived_at != 0;
	if (svc_may(t, &op->op.who, p->id, admin ? PERM_ADMIN : PERM_WRITE,
		NULL, e) == -1)
		return -1;
	if (p->state != PROJECT_ACTIVE)
		return err_set(e, ERR_EXISTS, "the project is being deleted");
	return svc_repo_edit_rows(t, op, e);
}

static void
svc_repo_on_head(const struct git_result *res, void *arg)
{
	svc_op_end(arg, res->fail);
}

/* What clones check out follows the row. */
static void
svc_repo_move_head(struct svc_repo_edit *op)
{
	AUTO_FREE char *head = xasprintf(
	    "refs/heads/%s", op->patch.default_branch);
	const struct git_refs_spec spec = { .head = head };

	free(op->project.default_branch);
	op->project.default_branch = STEAL(op->patch.default_branch);
	gitpool_refs_update(
	    op->op.svc->git, op->project_id, &spec, svc_repo_on_head, op);
}

static bool
svc_repo_edited(void *arg)
{
	struct svc_repo_edit *op = arg;
	struct svc *s = op->op.svc;

	if (op->patch.interval_s != 0 && op->project.upstream[0] != '\0')
		s->upper->mirror_wake(s->mirror, op->project_id);
	if (op->moves_head)
		svc_repo_move_head(op);
	return op->moves_head;
}

void
svc_repo_edit(struct svc_repo_edit *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_repo_edited;
	svc_op_run(op, svc_repo_edit_job, done, arg);
}

int
svc_repo_unit(struct txn *t, int64_t project, bool pulls, struct err *e)
{
	bool on = true;

	if (projects_unit(t, project, pulls, &on, e) == -1)
		return -1;
	if (on)
		return 0;
	return err_set(e, ERR_NOTFOUND,
	    pulls ? "pull requests are switched off here"
		  : "issues are switched off here");
}

static int
svc_topics_remove(
    const struct topic_list *gone, struct topic_list *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->name[i], gone->name[0]) != 0)
			continue;
		all->n--;
		memmove(all->name[i], all->name[i + 1],
		    (all->n - i) * sizeof(all->name[0]));
		return 0;
	}
	return err_set(e, ERR_NOTFOUND, "no such topic");
}

static int
svc_topics_add(
    const struct topic_list *one, struct topic_list *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->name[i], one->name[0]) == 0)
			return 0;
	if (all->n == REPO_TOPICS_MAX)
		return err_set(e, ERR_INVALID,
		    "Exceeding maximum number of topics per repo");
	memcpy(all->name[all->n++], one->name[0], sizeof(one->name[0]));
	return 0;
}

static int
svc_topics_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_topics *op = arg;
	struct topic_list all = { .n = 0 };
	const struct svc_event v = { .kind = "project.updated",
		.project_id = op->project_id };
	int rc = 0;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) ==
		-1 ||
	    topics_get(t, op->project_id, &all, e) == -1)
		return -1;
	if (op->what == TOPICS_SET)
		all = op->topics;
	else if (op->what == TOPICS_ADD)
		rc = svc_topics_add(&op->topics, &all, e);
	else
		rc = svc_topics_remove(&op->topics, &all, e);
	if (rc == -1 || topics_set(t, op->project_id, &all, e) == -1)
		return -1;
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

void
svc_topics(struct svc *s, const struct identity *who,
    const struct svc_topics *ask, svc_done_fn *done, void *arg)
{
	struct svc_topics *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->project_id = ask->project_id;
	op->topics = ask->topics;
	op->what = ask->what;
	svc_op_run(op, svc_topics_job, done, arg);
}

static int
svc_watch_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_watch *op = arg;
	int64_t user = op->op.who.user_id;

	if (svc_may(t, &op->op.who, op->project_id, PERM_READ, NULL, e) == -1)
		return -1;
	if (op->on) {
		if (watching_set(t, op->project_id, user, op->op.now, e) == -1)
			return -1;
		return watching_get(t, op->project_id, user, &op->watch, e);
	}
	return watching_remove(t, op->project_id, user, e);
}

void
svc_watch(struct svc *s, const struct identity *who, int64_t project, bool on,
    svc_done_fn *done, void *arg)
{
	struct svc_watch *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->project_id = project;
	op->on = on;
	svc_op_run(op, svc_watch_job, done, arg);
}

static void
svc_collaborator_release(void *arg)
{
	struct svc_collaborator *op = arg;

	free(op->login);
}

struct svc_collaborator *
svc_collaborator_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_collaborator), who, svc_collaborator_release);
}

/* Who lost his role watches no longer: there is nothing he may be told. */
static int
svc_collaborator_remove(
    struct txn *t, int64_t project, int64_t user, struct err *e)
{
	if (roles_remove(t, project, user, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT; /* as it should be */
	}
	return watching_remove(t, project, user, e);
}

static int
svc_collaborator_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_collaborator *op = arg;
	struct project p = { .id = 0 };
	struct user u;
	bool owner;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_ADMIN, &p, e) == -1)
		return -1;
	owner = strcasecmp(p.owner, op->login) == 0;
	project_release(&p);
	if (users_by_name(t, op->login, &u, e) == -1) {
		if (e->code == ERR_NOTFOUND)
			return err_set(e, ERR_INVALID,
			    "collaborator: there is no user %s", op->login);
		return -1;
	}
	if (owner)
		return err_set(e, ERR_INVALID,
		    "collaborator: %s owns the repository", u.login);
	if (op->role == ROLE_NONE)
		return svc_collaborator_remove(t, op->project_id, u.id, e);
	if (u.kind != USER_PERSON)
		return err_set(e, ERR_INVALID,
		    "name: %s has its rights by what it is", u.login);
	return roles_set(t, op->project_id, u.id, op->role, e);
}

static bool
svc_collaborator_changed(void *arg)
{
	struct svc_collaborator *op = arg;

	svc_auto_merge_look(op->op.svc, op->project_id);
	return false;
}

void
svc_collaborator(struct svc_collaborator *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_collaborator_changed;
	svc_op_run(op, svc_collaborator_job, done, arg);
}
