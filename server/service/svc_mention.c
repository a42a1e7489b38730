#include "server/service/svc_mention.h"

#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/mentions.h"
#include "server/service/svc_item.h"
#include "server/store/assignees.h"
#include "server/store/issues.h"
#include "server/store/projects.h"
#include "server/store/users.h"

/* The item that m, in words of `project`, refers to; ERR_NOTFOUND also when
 * op->who may not do `verb` in its project. */
static int
svc_mention_item(struct txn *t, const struct svc_op *op, int64_t project,
    const struct mention *m, enum perm_verb verb, struct issue *out,
    struct err *e)
{
	AUTO_FREE char *owner = view_dup(m->owner);
	AUTO_FREE char *name = view_dup(m->name);
	struct project p;

	if (m->owner.len == 0)
		return issues_get(t, project, m->number, out, e);
	if (svc_project_open(t, &op->who, owner, name, verb, &p, e) == -1) {
		if (e->code == ERR_DENIED || e->code == ERR_EXISTS)
			e->code = ERR_NOTFOUND;
		return -1;
	}
	project = p.id;
	project_release(&p);
	return issues_get(t, project, m->number, out, e);
}

/* What is not there is no failure of the words that name it. */
static int
svc_mention_missing(struct err *e)
{
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	return 0;
}

static const char *
svc_mention_word(enum mention_action a)
{
	static const char *const words[] = { [MENTION_REFERS] = "none",
		[MENTION_CLOSES] = "closes",
		[MENTION_REOPENS] = "reopens" };

	return words[a];
}

static int
svc_mention_refer(struct txn *t, const struct svc_op *op,
    const struct svc_words *w, const struct mention *m, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const char *kind = w->is_pull ? "pull_ref" : "issue_ref";
	struct issue i = { .id = 0 };
	struct jw j;
	int rc = 0;

	if (svc_mention_item(t, op, w->project_id, m, PERM_READ, &i, e) == -1)
		return svc_mention_missing(e);
	if (w->comment_id != 0)
		kind = "comment_ref";
	jw_init(&j, &data);
	jw_object(&j, NULL);
	jw_i64(&j, "project", w->project_id);
	jw_i64(&j, "item", w->item);
	jw_i64(&j, "comment", w->comment_id);
	jw_str(&j, "action", svc_mention_word(m->action));
	jw_end(&j);
	if (i.project_id != w->project_id || i.number != w->item)
		rc = svc_item_note(t, op, &i, kind, &data, e);
	issue_release(&i);
	return rc;
}

/* 1: a user who may read the project, 0 none such, -1. */
static int
svc_mention_user(struct txn *t, int64_t project, struct view login, int64_t *id,
    struct err *e)
{
	AUTO_FREE char *name = view_dup(login);
	struct identity who;
	struct user u;

	if (login.len > NAME_LEN_MAX)
		return 0;
	if (users_by_name(t, name, &u, e) == -1)
		return svc_mention_missing(e);
	svc_identity_of(u.id, u.login, u.kind, &who);
	if (svc_may(t, &who, project, PERM_READ, NULL, e) == -1)
		return svc_mention_missing(e);
	*id = u.id;
	return 1;
}

static bool
svc_mention_same(struct view a, struct view b)
{
	return a.len == b.len &&
	    (a.len == 0 || strncasecmp(a.p, b.p, a.len) == 0);
}

static bool
svc_mention_in(const struct mention *list, size_t n, const struct mention *m)
{
	for (size_t i = 0; i < n; i++) {
		const struct mention *x = &list[i];

		if (x->kind == m->kind && x->number == m->number &&
		    x->action == m->action &&
		    svc_mention_same(x->word, m->word) &&
		    svc_mention_same(x->owner, m->owner) &&
		    svc_mention_same(x->name, m->name))
			return true;
	}
	return false;
}

static int
svc_mention_one(struct txn *t, const struct svc_op *op,
    const struct svc_words *w, const struct mention *m, struct err *e)
{
	bool changed;
	int64_t id;
	int rc;

	if (m->kind == MENTION_ITEM)
		return svc_mention_refer(t, op, w, m, e);
	if (m->kind != MENTION_USER)
		return 0;
	rc = svc_mention_user(t, w->project_id, m->word, &id, e);
	if (rc != 1)
		return rc;
	return mentions_add(t, w->project_id, w->item, id, &changed, e);
}

int
svc_mention_words(struct txn *t, const struct svc_op *op,
    const struct svc_words *w, struct err *e)
{
	AUTO_FREE struct mention *now = xcalloc(
	    (size_t)2 * MENTIONS_MAX, sizeof(*now));
	struct mention *old = now + MENTIONS_MAX;
	size_t n = mentions_scan(view_of(w->text), now), n_old;

	n_old = w->before != NULL ? mentions_scan(view_of(w->before), old) : 0;
	for (size_t i = 0; i < n; i++)
		if (!svc_mention_in(old, n_old, &now[i]) &&
		    svc_mention_one(t, op, w, &now[i], e) == -1)
			return -1;
	return 0;
}

int
svc_mention_users(struct txn *t, int64_t project_id, const char *text,
    int64_t *ids, size_t max, size_t *n, struct err *e)
{
	AUTO_FREE struct mention *m = xcalloc(MENTIONS_MAX, sizeof(*m));
	size_t count = mentions_scan(view_of(text), m);

	*n = 0;
	for (size_t i = 0; i < count && *n < max; i++) {
		int rc = 0;

		if (m[i].kind == MENTION_USER)
			rc = svc_mention_user(
			    t, project_id, m[i].word, &ids[*n], e);
		if (rc == -1)
			return -1;
		*n += (size_t)rc;
	}
	return 0;
}

/* An open issue closes, a closed one opens again. */
static int
svc_mention_turn(struct txn *t, const struct svc_op *op, const struct pull *p,
    const char *sha, const struct mention *m, struct err *e)
{
	enum issue_state to = m->action == MENTION_CLOSES ? ISSUE_CLOSED
							  : ISSUE_OPEN;
	bool close = to == ISSUE_CLOSED;
	AUTO_STR struct str data = STR_INIT;
	struct issue i = { .id = 0 };
	struct jw w;
	int rc = 0;

	if (svc_mention_item(
		t, op, p->issue.project_id, m, PERM_WRITE, &i, e) == -1)
		return svc_mention_missing(e);
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "project", p->issue.project_id);
	jw_i64(&w, "pull", p->issue.number);
	jw_str(&w, "sha", sha);
	jw_end(&w);
	if (!i.is_pull && i.state != to) {
		rc = issues_set_state(
		    t, i.project_id, i.number, to, op->now, e);
		if (rc == 0)
			rc = svc_item_note(
			    t, op, &i, close ? "close" : "reopen", &data, e);
		if (rc == 0)
			rc = svc_item_event(t, op, &i,
			    close ? "issue.closed" : "issue.reopened", &data,
			    e);
	}
	issue_release(&i);
	return rc;
}

int
svc_mention_merged(struct txn *t, const struct svc_op *op, const struct pull *p,
    const char *sha, struct err *e)
{
	AUTO_FREE struct mention *m = xcalloc(MENTIONS_MAX, sizeof(*m));
	AUTO_STR struct str text = STR_INIT;
	struct project project = { .id = 0 };
	bool ours;
	size_t n;

	if (projects_by_id(t, p->issue.project_id, &project, e) == -1)
		return -1;
	ours = strcmp(project.default_branch, p->base) == 0;
	project_release(&project);
	if (!ours)
		return 0;
	str_addf(&text, "%s\n%s", p->issue.title, p->issue.body);
	n = mentions_scan(str_view(&text), m);
	for (size_t i = 0; i < n; i++)
		if (m[i].kind == MENTION_ITEM &&
		    m[i].action != MENTION_REFERS &&
		    svc_mention_turn(t, op, p, sha, &m[i], e) == -1)
			return -1;
	return 0;
}
