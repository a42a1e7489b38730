#include "server/service/svc_item.h"

#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/store/assignees.h"
#include "server/store/issues.h"
#include "server/store/labels.h"
#include "server/store/milestones.h"
#include "server/store/timeline.h"
#include "server/store/users.h"

int
svc_item_note(struct txn *t, const struct svc_op *op, const struct issue *i,
    const char *kind, const struct str *data, struct err *e)
{
	const struct timeline_new n = { .project_id = i->project_id,
		.item = i->number,
		.actor_id = op->who.user_id,
		.now = op->now,
		.kind = kind,
		.data = data != NULL ? str_cstr(data) : NULL };
	int64_t id;

	return timeline_add(t, &n, &id, e);
}

int
svc_item_event(struct txn *t, const struct svc_op *op, const struct issue *i,
    const char *kind, const struct str *data, struct err *e)
{
	const struct svc_event v = { .kind = kind,
		.project_id = i->project_id,
		.item = i->number,
		.is_pull = i->is_pull,
		.data = data };

	return svc_event_add(t, &op->who, op->now, &v, e);
}

/* The labels that a change adds and removes, as borrowed pointers. */
struct svc_labels {
	const struct label *added[ITEM_LABELS_MAX];
	size_t n_added;
	const struct label *removed[ITEM_LABELS_MAX];
	size_t n_removed;
};

static bool
svc_labels_has(const struct label_list *l, int64_t id)
{
	for (size_t k = 0; k < l->n; k++)
		if (l->at[k].id == id)
			return true;
	return false;
}

/* Exclusive labels of one scope. */
static bool
svc_labels_exclude(const struct label *a, const struct label *b)
{
	size_t n = label_scope(a->name);

	return a->id != b->id && a->exclusive && b->exclusive && n > 0 &&
	    label_scope(b->name) == n && strncasecmp(a->name, b->name, n) == 0;
}

/* The rows of ids, each once; of exclusive ones the last. */
static int
svc_labels_read(struct txn *t, const struct issue *i, const int64_t *ids,
    size_t n, struct label_list *want, struct err *e)
{
	for (size_t k = 0; k < n; k++) {
		struct label l;

		if (svc_labels_has(want, ids[k]))
			continue;
		if (labels_get(t, i->project_id, ids[k], &l, e) == -1) {
			if (e->code != ERR_NOTFOUND)
				return -1;
			return err_set(e, ERR_INVALID,
			    "labels: %lld is no label of this repository",
			    (long long)ids[k]);
		}
		for (size_t m = 0; m < want->n; m++) {
			if (!svc_labels_exclude(&want->at[m], &l))
				continue;
			label_release(&want->at[m]);
			want->at[m--] = want->at[--want->n];
		}
		if (want->at == NULL)
			want->at = xcalloc(ITEM_LABELS_MAX, sizeof(l));
		want->at[want->n++] = l;
	}
	return 0;
}

static int
svc_labels_plan(const struct issue *i, const struct label_list *want,
    enum svc_labels_how how, struct svc_labels *out, struct err *e)
{
	for (size_t k = 0; k < i->labels.n; k++) {
		const struct label *l = &i->labels.at[k];
		bool named = svc_labels_has(want, l->id);
		bool drop = how == SVC_LABELS_REMOVE ? named
		    : how == SVC_LABELS_REPLACE      ? !named
						     : false;

		for (size_t m = 0; m < want->n && how == SVC_LABELS_ADD; m++)
			drop = drop || svc_labels_exclude(l, &want->at[m]);
		if (drop && out->n_removed < ITEM_LABELS_MAX)
			out->removed[out->n_removed++] = l;
	}
	for (size_t k = 0; k < want->n && how != SVC_LABELS_REMOVE; k++)
		if (!svc_labels_has(&i->labels, want->at[k].id))
			out->added[out->n_added++] = &want->at[k];
	if (i->labels.n + out->n_added > ITEM_LABELS_MAX + out->n_removed)
		return err_set(e, ERR_INVALID, "labels: an item has at most %d",
		    ITEM_LABELS_MAX);
	return 0;
}

static void
svc_labels_write(struct jw *w, const char *key, const struct label *l)
{
	jw_object(w, key);
	jw_i64(w, "id", l->id);
	jw_str(w, "name", l->name);
	jw_str(w, "color", l->color);
	jw_end(w);
}

static int
svc_labels_note(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct label *l, bool added, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	svc_labels_write(&w, "label", l);
	jw_bool(&w, "added", added);
	jw_end(&w);
	return svc_item_note(t, op, i, "label", &data, e);
}

static int
svc_labels_event(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct svc_labels *p, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_array(&w, "added");
	for (size_t k = 0; k < p->n_added; k++)
		svc_labels_write(&w, NULL, p->added[k]);
	jw_end(&w);
	jw_array(&w, "removed");
	for (size_t k = 0; k < p->n_removed; k++)
		svc_labels_write(&w, NULL, p->removed[k]);
	jw_end(&w);
	jw_bool(&w, "cleared", p->n_added == 0 && p->n_removed == i->labels.n);
	jw_end(&w);
	return svc_item_event(t, op, i, "issue.labeled", &data, e);
}

static int
svc_labels_do(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct svc_labels *p, struct err *e)
{
	bool changed;

	for (size_t k = 0; k < p->n_removed; k++)
		if (item_labels_remove(t, i, p->removed[k]->id, &changed, e) ==
			-1 ||
		    svc_labels_note(t, op, i, p->removed[k], false, e) == -1)
			return -1;
	for (size_t k = 0; k < p->n_added; k++)
		if (item_labels_add(t, i, p->added[k]->id, &changed, e) == -1 ||
		    svc_labels_note(t, op, i, p->added[k], true, e) == -1)
			return -1;
	if (p->n_removed + p->n_added == 0)
		return 0;
	if (issues_touch(t, i->project_id, i->number, op->now, e) == -1)
		return -1;
	return svc_labels_event(t, op, i, p, e);
}

int
svc_item_labels(struct txn *t, const struct svc_op *op, const struct issue *i,
    const int64_t *ids, size_t n, enum svc_labels_how how, struct err *e)
{
	struct label_list want = { .n = 0 };
	struct svc_labels plan = { .n_added = 0 };
	int rc = -1;

	if (n > ITEM_LABELS_MAX)
		return err_set(e, ERR_INVALID, "labels: an item has at most %d",
		    ITEM_LABELS_MAX);
	if (svc_labels_read(t, i, ids, n, &want, e) == 0 &&
	    svc_labels_plan(i, &want, how, &plan, e) == 0)
		rc = svc_labels_do(t, op, i, &plan, e);
	label_list_release(&want);
	return rc;
}

/* Whoever may read the project may be asked to do something in it. */
static int
svc_assignee_find(struct txn *t, const struct issue *i, const char *login,
    struct user *u, struct err *e)
{
	struct identity who;

	if (users_by_name(t, login, u, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		return err_set(
		    e, ERR_INVALID, "assignees: there is no user %s", login);
	}
	svc_identity_of(u->id, u->login, u->kind, &who);
	if (svc_may(t, &who, i->project_id, PERM_READ, NULL, e) == 0)
		return 0;
	if (e->code != ERR_NOTFOUND && e->code != ERR_DENIED)
		return -1;
	return err_set(e, ERR_INVALID,
	    "assignees: %s may not read this repository", u->login);
}

static int
svc_assignee_trace(struct txn *t, const struct svc_op *op,
    const struct issue *i, const struct author *a, bool removed, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "assignee", a->id);
	jw_str(&w, "login", a->login);
	jw_bool(&w, "removed", removed);
	jw_end(&w);
	if (svc_item_note(t, op, i, "assignees", &data, e) == -1)
		return -1;
	return svc_item_event(t, op, i,
	    removed ? "issue.unassigned" : "issue.assigned", &data, e);
}

static int
svc_assignee_set(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct author *a, bool remove, struct err *e)
{
	bool changed;
	int rc;

	rc = remove ? assignees_remove(t, i, a->id, &changed, e)
		    : assignees_add(t, i, a->id, &changed, e);
	if (rc == -1 || !changed)
		return rc;
	if (issues_touch(t, i->project_id, i->number, op->now, e) == -1)
		return -1;
	return svc_assignee_trace(t, op, i, a, remove, e);
}

/* Takes away who is not in want. */
static int
svc_assignees_drop(struct txn *t, const struct svc_op *op,
    const struct issue *i, const struct author *want, size_t n, struct err *e)
{
	for (size_t k = 0; k < i->assignees.n; k++) {
		const struct author *a = &i->assignees.at[k];
		bool keep = false;

		for (size_t m = 0; m < n; m++)
			keep = keep || want[m].id == a->id;
		if (!keep && svc_assignee_set(t, op, i, a, true, e) == -1)
			return -1;
	}
	return 0;
}

int
svc_item_assignees(struct txn *t, const struct svc_op *op,
    const struct issue *i, char *const *logins, size_t n,
    enum svc_assignees_how how, struct err *e)
{
	AUTO_FREE struct author *want = xcalloc(
	    ITEM_ASSIGNEES_MAX, sizeof(*want));
	struct user u;

	if (n > ITEM_ASSIGNEES_MAX)
		return err_set(e, ERR_INVALID,
		    "assignees: an item has at most %d", ITEM_ASSIGNEES_MAX);
	for (size_t k = 0; k < n; k++) {
		if (svc_assignee_find(t, i, logins[k], &u, e) == -1)
			return -1;
		want[k] = (struct author){ .id = u.id, .kind = u.kind };
		memcpy(want[k].login, u.login, sizeof(want[k].login));
	}
	if (how == SVC_ASSIGNEES_ADD && i->assignees.n + n > ITEM_ASSIGNEES_MAX)
		return err_set(e, ERR_INVALID,
		    "assignees: an item has at most %d", ITEM_ASSIGNEES_MAX);
	if (how == SVC_ASSIGNEES_REPLACE &&
	    svc_assignees_drop(t, op, i, want, n, e) == -1)
		return -1;
	for (size_t k = 0; k < n; k++)
		if (svc_assignee_set(t, op, i, &want[k],
			how == SVC_ASSIGNEES_REMOVE, e) == -1)
			return -1;
	return 0;
}

static int
svc_item_milestone(struct txn *t, const struct svc_op *op,
    const struct issue *i, int64_t id, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct milestone m = { .id = 0 };
	struct jw w;
	int rc;

	if (id == i->milestone.id)
		return 0;
	if (id != 0 && milestones_get(t, i->project_id, id, &m, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		return err_set(e, ERR_INVALID,
		    "milestone: %lld is no milestone of this repository",
		    (long long)id);
	}
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "milestone", id);
	jw_str(&w, "title", svc_text(m.title));
	jw_i64(&w, "old_milestone", i->milestone.id);
	jw_str(&w, "was", svc_text(i->milestone.title));
	jw_end(&w);
	milestone_release(&m);
	rc = issues_set_milestone(t, i->project_id, i->number, id, op->now, e);
	if (rc == 0)
		rc = svc_item_note(t, op, i, "milestone", &data, e);
	if (rc == 0)
		rc = svc_item_event(t, op, i,
		    id != 0 ? "issue.milestoned" : "issue.demilestoned", &data,
		    e);
	return rc;
}

static int
svc_item_due(struct txn *t, const struct svc_op *op, const struct issue *i,
    int64_t due_at, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const char *kind = "modified_deadline";
	struct jw w;

	if (due_at == i->due_at)
		return 0;
	if (due_at == 0)
		kind = "removed_deadline";
	else if (i->due_at == 0)
		kind = "added_deadline";
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_time(&w, "body", due_at);
	jw_time(&w, "old", i->due_at);
	jw_end(&w);
	if (issues_set_due(t, i->project_id, i->number, due_at, op->now, e) ==
		-1 ||
	    svc_item_note(t, op, i, kind, &data, e) == -1)
		return -1;
	return svc_item_event(t, op, i, "issue.deadline", &data, e);
}

static int
svc_item_ref(struct txn *t, const struct svc_op *op, const struct issue *i,
    const char *ref, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	if (strcmp(ref, i->ref) == 0)
		return 0;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "new_ref", ref);
	jw_str(&w, "old_ref", i->ref);
	jw_end(&w);
	if (issues_set_ref(t, i->project_id, i->number, ref, op->now, e) == -1)
		return -1;
	return svc_item_note(t, op, i, "change_issue_ref", &data, e);
}

int
svc_item_apply(struct txn *t, const struct svc_op *op, const struct issue *i,
    const struct item_fields *f, struct err *e)
{
	struct err no = ERR_INIT;

	if (f->set_version && f->version != i->version)
		return err_set(e, ERR_EXISTS,
		    "content_version: the text was changed meanwhile, it is "
		    "at %lld",
		    (long long)i->version);
	if (f->set_ref && svc_item_ref(t, op, i, svc_text(f->ref), e) == -1)
		return -1;
	if (svc_may(t, &op->who, i->project_id, PERM_WRITE, NULL, &no) == -1) {
		if (no.code == ERR_DENIED)
			return 0;
		*e = no;
		return -1;
	}
	if (f->set_labels &&
	    svc_item_labels(
		t, op, i, f->labels, f->n_labels, SVC_LABELS_REPLACE, e) == -1)
		return -1;
	if (f->set_assignees &&
	    svc_item_assignees(t, op, i, f->assignees, f->n_assignees,
		SVC_ASSIGNEES_REPLACE, e) == -1)
		return -1;
	if (f->set_milestone &&
	    svc_item_milestone(t, op, i, f->milestone, e) == -1)
		return -1;
	return f->set_due ? svc_item_due(t, op, i, f->due_at, e) : 0;
}
