#include "server/service/svc_project.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/domain/settings_rule.h"
#include "server/git/repo.h"
#include "server/service/svc_log.h"
#include "server/service/svc_mirror.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_record.h"
#include "server/service/svc_renewal.h"
#include "server/service/svc_secret.h"
#include "server/store/projects.h"
#include "server/store/purge.h"
#include "server/store/refs.h"
#include "server/store/repo_facts.h"
#include "server/store/seed.h"
#include "server/store/users.h"

enum {
	SVC_UPSTREAM_MAX = 2000 /* bytes of a URL */
};

void
svc_project_create_release(void *arg)
{
	struct svc_project_create *op = arg;

	free(op->upstream);
	free(op->name);
	free(op->owner);
	free(op->description);
	free(op->default_branch);
	project_settings_release(&op->settings);
	project_release(&op->project);
}

void
svc_project_create_init(struct svc_project_create *op)
{
	project_settings_init(&op->settings);
	op->settings.interval_s = op->op.svc->sync_interval_ms / 1000;
	op->want = WANT_RUNNING;
}

struct svc_project_create *
svc_project_create_new(struct svc *s, const struct identity *who)
{
	struct svc_project_create *op = svc_op_new(s,
	    sizeof(struct svc_project_create), who, svc_project_create_release);

	svc_project_create_init(op);
	return op;
}

/* The URL's last segment without ".git". */
static char *
svc_project_name_of(const char *upstream)
{
	size_t n = strlen(upstream), from;

	while (n > 0 && upstream[n - 1] == '/')
		n--;
	if (n > 4 && memcmp(upstream + n - 4, ".git", 4) == 0)
		n -= 4;
	from = n;
	while (
	    from > 0 && upstream[from - 1] != '/' && upstream[from - 1] != ':')
		from--;
	return xstrndup(upstream + from, n - from);
}

int
svc_project_event(struct txn *t, const struct svc_op *op, int64_t id,
    const char *kind, const char *want, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct svc_event v = { .kind = kind, .project_id = id };
	struct jw w;

	if (want != NULL) {
		jw_init(&w, &data);
		jw_object(&w, NULL);
		jw_str(&w, "want", want);
		jw_end(&w);
		v.data = &data;
	}
	return svc_event_add(t, &op->who, op->now, &v, e);
}

/* The login as it is written, and a role for a person. */
static int
svc_project_owner(
    struct txn *t, struct svc_project_create *op, struct user *u, struct err *e)
{
	const char *login = op->owner != NULL ? op->owner : op->op.who.login;

	if (users_by_name(t, login, u, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		return err_set(e, ERR_INVALID, "repo_owner: no user %s", login);
	}
	if (u->kind != USER_PERSON && u->kind != USER_ADMIN)
		return err_set(e, ERR_INVALID,
		    "repo_owner: %s cannot own a repository", u->login);
	return 0;
}

int
svc_project_insert(struct txn *t, struct svc_project_create *op, struct err *e)
{
	struct project_new n = { .name = op->name,
		.upstream = op->upstream,
		.default_branch = op->default_branch,
		.description = op->description,
		.settings = &op->settings,
		.provisional = op->provisional,
		.want = op->want,
		.parent_id = op->parent_id,
		.now = op->op.now };
	struct user owner;
	int64_t id;

	if (svc_project_owner(t, op, &owner, e) == -1)
		return -1;
	n.owner = owner.login;
	if (projects_insert(t, &n, &id, e) == -1) {
		if (e->code == ERR_EXISTS)
			return err_set(e, ERR_EXISTS,
			    "a project named %s exists", op->name);
		return -1;
	}
	if ((owner.kind == USER_PERSON &&
		roles_set(t, id, owner.id, ROLE_ADMIN, e) == -1) ||
	    watching_set(t, id, owner.id, op->op.now, e) == -1 ||
	    svc_project_event(t, &op->op, id, "project.created", NULL, e) ==
		-1 ||
	    svc_project_event(t, &op->op, id, "sandbox.wanted",
		sandbox_want_name(op->want), e) == -1)
		return -1;
	return projects_by_id(t, id, &op->project, e);
}

static int
svc_project_create_job(struct txn *t, void *arg, struct err *e)
{
	return svc_project_insert(t, arg, e);
}

static bool
svc_project_created(void *arg)
{
	struct svc_project_create *op = arg;
	struct svc *s = op->op.svc;
	struct err e = ERR_INIT;

	/* What fails here is made good at the next start. */
	if (repo_create(s->env, op->project.id, op->default_branch, &e) == -1)
		log_error("project repo project=%" PRId64 " reason=%s",
		    op->project.id, log_val(e.msg));
	if (!op->own)
		s->upper->mirror_wake(s->mirror, op->project.id);
	return false;
}

static int
svc_project_check_upstream(struct svc_project_create *op, struct err *e)
{
	struct err sub = ERR_INIT;

	if (op->upstream == NULL || op->upstream[0] == '\0')
		return err_set(e, ERR_INVALID, "upstream: it is missing");
	if (strlen(op->upstream) > SVC_UPSTREAM_MAX)
		return err_set(e, ERR_INVALID, "upstream: over %d bytes",
		    SVC_UPSTREAM_MAX);
	if (svc_mirror_check_url(
		op->upstream, op->op.svc->allow_file_upstream, &sub) == -1)
		return err_set(e, ERR_INVALID, "upstream: %s", sub.msg);
	return 0;
}

/* Without one it has a default branch from the start. */
static int
svc_project_check_own(struct svc_project_create *op, struct err *e)
{
	const char *why;

	free(op->upstream);
	op->upstream = xstrdup("");
	if (op->name == NULL)
		op->name = xstrdup("");
	if (op->default_branch == NULL || op->default_branch[0] == '\0') {
		free(op->default_branch);
		op->default_branch = xstrdup("main");
	}
	if (!refname_branch_ok(op->default_branch, &why))
		return err_set(e, ERR_INVALID, "default_branch: %s", why);
	return 0;
}

/* What an address has behind the name of a repository. */
static bool
svc_project_is_reserved(const char *name)
{
	static const char *const ends[] = { ".git", ".wiki", ".rss", ".atom" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (n >= strlen(ends[i]) &&
		    strcasecmp(name + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

int
svc_project_check_new(struct svc_project_create *op, struct err *e)
{
	if ((op->own ? svc_project_check_own(op, e)
		     : svc_project_check_upstream(op, e)) == -1)
		return -1;
	if (op->name == NULL)
		op->name = svc_project_name_of(op->upstream);
	if (!path_component_ok(op->name) || svc_project_is_reserved(op->name))
		return err_set(e, ERR_INVALID,
		    "name: want 1 to 100 of A-Z a-z 0-9 . _ -, not beginning "
		    "with . or -, not ending in .git, .wiki, .rss or .atom");
	return settings_rule_check(&op->settings, e);
}

void
svc_project_create(struct svc_project_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_project_created;
	if (svc_project_check_new(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_project_create_job, done, arg);
}

static void
svc_project_edit_release(void *arg)
{
	struct svc_project_edit *op = arg;

	project_settings_release(&op->settings);
	project_release(&op->project);
}

struct svc_project_edit *
svc_project_edit_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_project_edit), who, svc_project_edit_release);
}

/* Logs and records; before the rows, which name them. */
static int
svc_project_purge_files(
    struct txn *t, const struct svc *s, int64_t id, struct err *e)
{
	int64_t ids[PURGE_ROWS];
	size_t n;

	if (purge_runs(t, id, ids, &n, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		svc_record_remove(s, ids[i]);
		svc_log_remove(s, SVC_LOG_RUN, ids[i]);
	}
	if (purge_jobs(t, id, ids, &n, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		svc_log_remove(s, SVC_LOG_JOB, ids[i]);
	return 0;
}

int
svc_project_purge(struct txn *t, const struct svc_op *op, int64_t id,
    bool *purged, struct err *e)
{
	bool rest = false;

	*purged = false;
	if (svc_project_purge_files(t, op->svc, id, e) == -1 ||
	    purge_some(t, id, &rest, e) == -1)
		return -1;
	if (rest)
		return 0;
	*purged = true;
	if (svc_project_event(t, op, id, "project.deleted", NULL, e) == -1)
		return -1;
	return projects_purge(t, id, e);
}

/* What the rows do not hold: files. */
void
svc_project_forget(struct svc *s, int64_t id)
{
	struct err e = ERR_INIT;

	s->upper->mirror_forget(s->mirror, id);
	s->upper->care_forget(s->care, id);
	if (svc_secret_forget(s->home, id, &e) == -1)
		log_error("project secret project=%" PRId64 " reason=%s", id,
		    log_val(e.msg));
	e = ERR_INIT;
	if (repo_remove(s->loop, s->env, id, &e) == -1)
		log_error("project remove project=%" PRId64 " reason=%s", id,
		    log_val(e.msg));
}

int
svc_project_remove(struct txn *t, const struct svc_op *op,
    const struct project *p, bool *purged, struct err *e)
{
	if (p->state == PROJECT_ACTIVE) {
		if (projects_set_deleting(t, p->id, op->now, e) == -1 ||
		    svc_project_event(
			t, op, p->id, "project.deleting", NULL, e) == -1 ||
		    svc_project_event(t, op, p->id, "sandbox.wanted",
			sandbox_want_name(WANT_GONE), e) == -1)
			return -1;
	}
	*purged = false;
	return p->sandbox.state == SANDBOX_ABSENT
	    ? svc_project_purge(t, op, p->id, purged, e)
	    : 0;
}

/* What reaches the host is not a project's people's to decide. */
static int
svc_project_check_options(
    struct txn *t, const struct svc_project_edit *op, struct err *e)
{
	const struct sandbox_options *was = &op->project.settings.sandbox;
	const struct sandbox_options *now = &op->settings.sandbox;
	AUTO_STR struct str ref = STR_INIT;
	char sha[SHA_HEX + 1];

	if (!op->op.who.site_admin && !sandbox_options_same_host(was, now))
		return err_set(e, ERR_DENIED,
		    "settings.driver, runtime, gpus, docker and ro reach the "
		    "host: an administrator changes them");
	if (now->branch[0] == '\0' || strcmp(was->branch, now->branch) == 0)
		return 0;
	str_addf(&ref, "refs/heads/%s", now->branch);
	if (refs_get(t, op->project_id, str_cstr(&ref), sha, e) == -1)
		return -1;
	if (sha[0] != '\0')
		return 0;
	return err_set(e, ERR_INVALID, "settings.branch: there is no branch %s",
	    now->branch);
}

/* Whoever may merge does not decide what merging takes. */
static int
svc_project_check_gate(
    struct txn *t, struct svc_project_edit *op, struct err *e)
{
	const struct settings_gate *g;

	/* What was not named may have been changed since it was read. */
	if (!op->set_gate)
		settings_rule_keep_gate(&op->project.settings, &op->settings);
	g = settings_rule_gate_differs(&op->project.settings, &op->settings);
	if (g == NULL ||
	    svc_may(t, &op->op.who, op->project_id, PERM_ADMIN, NULL, e) == 0)
		return 0;
	if (e->code != ERR_DENIED)
		return -1;
	return err_set(e, ERR_DENIED,
	    "settings.%s decides what may be merged: an admin of the project "
	    "changes it",
	    g->name);
}

static void
svc_project_gate_value(
    struct jw *w, const char *key, const struct settings_gate *g, int64_t v)
{
	if (g->word != NULL)
		jw_str(w, key, g->word(v));
	else if (g->flag)
		jw_bool(w, key, v != 0);
	else
		jw_i64(w, key, v);
}

/* With what changed of the gate, before and after. */
static int
svc_project_settings_event(
    struct txn *t, const struct svc_project_edit *op, struct err *e)
{
	const struct project_settings *was = &op->project.settings;
	const struct project_settings *now = &op->settings;
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "project.updated",
		.project_id = op->project_id,
		.data = &data };
	struct jw w;

	if (settings_rule_gate_differs(was, now) == NULL)
		return svc_project_event(
		    t, &op->op, op->project_id, "project.updated", NULL, e);
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_object(&w, "gate");
	for (const struct settings_gate *g = settings_gates; g->name != NULL;
	     g++) {
		if (g->get(was) == g->get(now))
			continue;
		jw_object(&w, g->name);
		svc_project_gate_value(&w, "old", g, g->get(was));
		svc_project_gate_value(&w, "new", g, g->get(now));
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &v, e);
}

static int
svc_project_change_settings(
    struct txn *t, struct svc_project_edit *op, struct err *e)
{
	if (!op->set_settings)
		return 0;
	if (svc_project_check_options(t, op, e) == -1 ||
	    svc_project_check_gate(t, op, e) == -1 ||
	    projects_set_settings(t, op->project_id, &op->settings, e) == -1)
		return -1;
	op->retest = op->settings.test_merge != op->project.settings.test_merge;
	return svc_project_settings_event(t, op, e);
}

static int
svc_project_change(struct txn *t, struct svc_project_edit *op, struct err *e)
{
	bool other = op->want != 0 && op->want != op->project.sandbox.want;
	int64_t id = op->project_id, generation = 0;

	if (svc_project_change_settings(t, op, e) == -1)
		return -1;
	/* Whoever reads has made it; what runs there is the host's to give. */
	if (other && op->want == WANT_RUNNING && op->project.parent_id != 0 &&
	    !op->op.who.site_admin)
		return err_set(e, ERR_DENIED,
		    "sandbox.want: an admin starts the sandbox of a fork");
	if (op->renew &&
	    (projects_renew_sandbox(t, id, &generation, e) == -1 ||
		svc_renewal_begin(t, &op->project,
		    op->set_settings ? &op->settings : &op->project.settings,
		    generation, e) == -1))
		return -1;
	if (other && projects_set_want(t, id, op->want, op->op.now, e) == -1)
		return -1;
	if (!other && !op->renew)
		return 0;
	return svc_project_event(t, &op->op, id, "sandbox.wanted",
	    sandbox_want_name(other ? op->want : op->project.sandbox.want), e);
}

static int
svc_project_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_project_edit *op = arg;
	int rc;

	if (svc_project_by_id(t, &op->op.who, op->project_id,
		op->remove ? PERM_READ : PERM_WRITE, &op->project, e) == -1)
		return -1;
	if (op->remove &&
	    svc_may(t, &op->op.who, op->project_id, PERM_ADMIN, NULL, e) == -1)
		return -1;
	rc = op->remove
	    ? svc_project_remove(t, &op->op, &op->project, &op->purged, e)
	    : svc_project_change(t, op, e);
	if (rc == -1 || op->purged)
		return rc;
	project_release(&op->project);
	return projects_by_id(t, op->project_id, &op->project, e);
}

static bool
svc_project_edited(void *arg)
{
	struct svc_project_edit *op = arg;
	struct svc *s = op->op.svc;

	if (op->purged)
		svc_project_forget(s, op->project_id);
	else if (op->remove) {
		s->upper->mirror_forget(s->mirror, op->project_id);
		svc_purge_soon(s->purge);
	} else if (op->set_settings && op->project.upstream[0] != '\0')
		s->upper->mirror_wake(s->mirror, op->project_id);
	if (op->retest)
		svc_pull_on_checks(s, op->project_id, op->op.who.user_id);
	return false;
}

void
svc_project_edit(struct svc_project_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_project_edited;
	if (op->set_settings && settings_rule_check(&op->settings, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_project_edit_job, done, arg);
}

int
svc_project_set_token(struct svc *s, const struct identity *who,
    int64_t project, const char *token, struct err *e)
{
	if (svc_secret_check_word(token, 1, SVC_SECRET_MAX, "token", e) == -1)
		return -1;
	return svc_secret_set(
	    s, who, project, SVC_SECRET_TOKEN, view_of(token), e);
}

/* What a crash left half made, as migrate and the like take them back. */
struct svc_project_half {
	struct svc_op op;
	int64_t id;
	bool purged;
};

static int
svc_project_half_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_project_half *x = arg;
	struct project p = { .id = 0 };
	int rc;

	if (projects_by_id(t, x->id, &p, e) == -1)
		return -1;
	rc = svc_project_remove(t, &x->op, &p, &x->purged, e);
	project_release(&p);
	return rc;
}

static int
svc_project_drop_halves(struct svc *s, struct err *e)
{
	int64_t ids[32];
	size_t n;

	do {
		if (projects_provisional(db_reader(s->db), ids,
			sizeof(ids) / sizeof(ids[0]), &n, e) == -1)
			return -1;
		for (size_t i = 0; i < n; i++) {
			struct svc_project_half x = { .id = ids[i] };

			x.op.now = s->now();
			svc_identity_of(
			    s->agentd_id, SEED_AGENTD, USER_SERVICE, &x.op.who);
			if (db_write_now(s->db, svc_project_half_job, &x, e) ==
			    -1)
				return -1;
			log_info("project removed project=%" PRId64
				 " reason=\"it was half made\"",
			    x.id);
			if (x.purged)
				svc_project_forget(s, x.id);
		}
	} while (n > 0);
	return 0;
}

int
svc_project_start(struct svc *s, struct err *e)
{
	struct project_filter f = { .limit = 100 };

	if (svc_project_drop_halves(s, e) == -1)
		return -1;
	for (;;) {
		struct project_list list = { .at = NULL };
		size_t n;

		if (projects_list(db_reader(s->db), &f, &list, e) == -1)
			return -1;
		n = list.n;
		for (size_t i = 0; i < n; i++) {
			const struct project *p = &list.at[i];
			const char *head = svc_text(p->default_branch);
			struct err one = ERR_INIT;

			/* One that is broken is not in the others' way. */
			if (!repo_exists(s->env, p->id) &&
			    repo_create(s->env, p->id,
				head[0] != '\0' ? head : NULL, &one) == -1)
				log_error("project repository project=%" PRId64
					  " err=%s",
				    p->id, log_val(one.msg));
		}
		project_list_release(&list);
		if (n < 100)
			return 0;
		f.offset += 100;
	}
}
