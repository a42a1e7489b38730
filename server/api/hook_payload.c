#include "server/api/hook_payload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/api/shape_priv.h"
#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/store/pulls.h"
#include "server/store/statuses.h"
#include "server/store/users.h"

struct hook_writer {
	struct shape s;
	struct txn *t;
	const struct hook_payload *p;
	struct identity who;
	struct identity owner; /* whose hook it is, or as good as */
	struct author actor;
};

typedef int hook_write_fn(struct hook_writer *x, struct err *e);

/* The user as the API shows it; who is unknown has a name only. */
static void
hook_author(
    struct hook_writer *x, int64_t id, const char *login, struct author *out)
{
	struct err ignored = ERR_INIT;
	struct user u;

	*out = (struct author){ .id = id };
	(void)snprintf(out->login, sizeof(out->login), "%s", login);
	if (id == 0 || users_by_id(x->t, id, &u, &ignored) == -1)
		return;
	out->kind = u.kind;
	out->bot = u.bot;
	out->created_at = u.created_at;
	memcpy(out->login, u.login, sizeof(out->login));
	memcpy(out->full_name, u.full_name, sizeof(out->full_name));
}

/* A user of the event's data: {id, login}; null when it names none. */
static void
hook_put_user(struct hook_writer *x, const char *key, const struct json *j)
{
	struct author a;

	if (!json_is_object(j)) {
		jw_null(&x->s.w, key);
		return;
	}
	hook_author(
	    x, json_i64_or(j, "id", 0), json_str_or(j, "login", ""), &a);
	shape_user(&x->s, key, &a);
}

static void
hook_put_raw(struct hook_writer *x, const char *key, const struct json *j)
{
	AUTO_STR struct str text = STR_INIT;

	json_print(j, &text);
	jw_raw(&x->s.w, key, str_view(&text));
}

static void
hook_put_tail(struct hook_writer *x)
{
	shape_repository(&x->s, "repository", x->p->project);
	shape_user(&x->s, "sender", &x->actor);
}

static void
hook_put_labels(struct hook_writer *x, const char *key, const char *from)
{
	const struct json *list = json_get(x->p->data, from);

	if (json_count(list) > 0)
		hook_put_raw(x, key, list);
}

static void
hook_put_from(struct hook_writer *x, const char *key, const char *from)
{
	jw_object(&x->s.w, key);
	jw_str(&x->s.w, "from", from);
	jw_end(&x->s.w);
}

/* Old values, as far as the event knows them. */
static void
hook_put_changes(struct hook_writer *x)
{
	static const char *const fields[] = { "title", "body", "ref" };
	const struct json *changes = json_get(x->p->data, "changes");
	const char *before = strcmp(x->p->event->kind, "comment.edited") == 0
	    ? json_str_or(x->p->data, "before", NULL)
	    : NULL;
	bool labels = json_get(x->p->data, "added") != NULL ||
	    json_get(x->p->data, "removed") != NULL;

	if (!json_is_object(changes) && !labels && before == NULL)
		return;
	jw_object(&x->s.w, "changes");
	if (before != NULL)
		hook_put_from(x, "body", before);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct json *f = json_get(changes, fields[i]);

		if (f == NULL || json_is_null(f))
			continue;
		hook_put_from(x, fields[i], json_str_or(f, "from", ""));
	}
	hook_put_labels(x, "added_labels", "added");
	hook_put_labels(x, "removed_labels", "removed");
	jw_end(&x->s.w);
}

/* An issue whose row is gone is told as its event remembers it. */
static int
hook_get_issue(struct hook_writer *x, struct issue *out, struct err *e)
{
	const struct event *ev = x->p->event;
	const struct json *d = x->p->data, *user = json_get(d, "user");

	if (strcmp(x->p->say->action, "deleted") != 0 ||
	    strncmp(ev->kind, "comment.", 8) == 0)
		return issues_get(x->t, ev->project_id, ev->item, out, e);
	*out = (struct issue){ .id = json_i64_or(d, "id", 0),
		.project_id = ev->project_id,
		.number = ev->item,
		.is_pull = ev->is_pull,
		.state = ISSUE_CLOSED,
		.title = xstrdup(json_str_or(d, "title", "")),
		.body = xstrdup(json_str_or(d, "body", "")),
		.created_at = json_i64_or(d, "created_at", ev->at),
		.updated_at = ev->at,
		.closed_at = ev->at };
	out->lock_reason = xstrdup("");
	out->ref = xstrdup("");
	hook_author(x, json_i64_or(user, "id", 0),
	    json_str_or(user, "login", ""), &out->author);
	return 0;
}

/* A shape that has no key: written beside, then put under one. */
static void
hook_sub(struct hook_writer *x, struct shape *sub)
{
	*sub = (struct shape){ .body = STR_INIT,
		.url = x->s.url,
		.project = x->p->project,
		.t = x->t,
		.who = &x->who,
		.reader = &x->owner };
	sub->facts = x->s.facts;
	jw_init(&sub->w, &sub->body);
}

static void
hook_put_sub(struct hook_writer *x, const char *key, struct shape *sub)
{
	jw_raw(&x->s.w, key, str_view(&sub->body));
	x->s.facts = sub->facts;
	str_release(&sub->body);
}

static void
hook_put_issue(struct hook_writer *x, const struct issue *i)
{
	struct shape sub;

	hook_sub(x, &sub);
	shape_issue(&sub, i);
	hook_put_sub(x, "issue", &sub);
}

static void
hook_put_pull(struct hook_writer *x, const struct pull *p)
{
	struct shape sub;

	hook_sub(x, &sub);
	shape_pull(&sub, p);
	hook_put_sub(x, "pull_request", &sub);
}

static int
hook_write_issue(struct hook_writer *x, struct err *e)
{
	struct issue i = { .id = 0 };

	if (hook_get_issue(x, &i, e) == -1)
		return -1;
	jw_str(&x->s.w, "action", x->p->say->action);
	jw_i64(&x->s.w, "number", i.number);
	hook_put_changes(x);
	hook_put_issue(x, &i);
	hook_put_tail(x);
	jw_str(&x->s.w, "commit_id", "");
	issue_release(&i);
	return 0;
}

/* A comment that was deleted is in its event alone. */
static int
hook_get_comment(struct hook_writer *x, struct comment *out, struct err *e)
{
	const struct event *ev = x->p->event;
	const struct json *d = x->p->data, *user = json_get(d, "user");
	int64_t id = json_i64_or(d, "comment", 0);

	if (strcmp(x->p->say->action, "deleted") != 0)
		return comments_get(x->t, ev->project_id, id, out, e);
	*out = (struct comment){ .id = id,
		.project_id = ev->project_id,
		.item = ev->item,
		.item_is_pull = ev->is_pull,
		.body = xstrdup(json_str_or(d, "body", "")),
		.created_at = json_i64_or(d, "created_at", ev->at),
		.updated_at = json_i64_or(d, "updated_at", ev->at) };
	hook_author(x, json_i64_or(user, "id", 0),
	    json_str_or(user, "login", ""), &out->author);
	return 0;
}

static int
hook_write_comment(struct hook_writer *x, struct err *e)
{
	const struct event *ev = x->p->event;
	struct comment m = { .id = 0 };
	struct issue i = { .id = 0 };
	struct pull pull = { .head = NULL };
	struct shape sub;
	int rc = -1;

	if (hook_get_comment(x, &m, e) == -1 ||
	    issues_get(x->t, ev->project_id, ev->item, &i, e) == -1 ||
	    (ev->is_pull &&
		pulls_get(x->t, ev->project_id, ev->item, &pull, e) == -1))
		goto out;
	jw_str(&x->s.w, "action", x->p->say->action);
	hook_put_issue(x, &i);
	if (ev->is_pull)
		hook_put_pull(x, &pull);
	hook_sub(x, &sub);
	shape_comment(&sub, &m);
	hook_put_sub(x, "comment", &sub);
	hook_put_changes(x);
	hook_put_tail(x);
	jw_bool(&x->s.w, "is_pull", ev->is_pull);
	rc = 0;
out:
	comment_release(&m);
	issue_release(&i);
	pull_release(&pull);
	return rc;
}

static void
hook_put_review(struct hook_writer *x)
{
	if (strcmp(x->p->say->action, "reviewed") != 0) {
		jw_null(&x->s.w, "review");
		return;
	}
	jw_object(&x->s.w, "review");
	jw_str(&x->s.w, "type", hook_type_name(x->p->say->type));
	jw_str(&x->s.w, "content", json_str_or(x->p->data, "body", ""));
	jw_end(&x->s.w);
}

static int
hook_write_pull(struct hook_writer *x, struct err *e)
{
	const struct event *ev = x->p->event;
	const struct json *d = x->p->data;
	const char *after = json_str_or(d, "head_sha", NULL);
	struct pull pull = { .head = NULL };

	if (pulls_get(x->t, ev->project_id, ev->item, &pull, e) == -1)
		return -1;
	jw_str(&x->s.w, "action", x->p->say->action);
	jw_i64(&x->s.w, "number", ev->item);
	if (x->p->say->type == HOOK_PULL_SYNC) {
		jw_str(&x->s.w, "before", json_str_or(d, "before", ""));
		jw_str(&x->s.w, "after", after != NULL ? after : pull.head_sha);
	}
	hook_put_changes(x);
	hook_put_pull(x, &pull);
	hook_put_user(x, "requested_reviewer", json_get(d, "reviewer"));
	hook_put_tail(x);
	jw_str(&x->s.w, "commit_id", json_str_or(d, "sha", ""));
	hook_put_review(x);
	pull_release(&pull);
	return 0;
}

/* {name, email, username}: the account of that address, if one has it. */
static void
hook_put_person(struct hook_writer *x, const char *key, const struct json *j)
{
	const char *email = json_str_or(j, "email", "");
	struct err ignored = ERR_INIT;
	struct user u;

	jw_object(&x->s.w, key);
	jw_str(&x->s.w, "name", json_str_or(j, "name", ""));
	jw_str(&x->s.w, "email", email);
	jw_str(&x->s.w, "username",
	    email[0] != '\0' && users_by_email(x->t, email, &u, &ignored) == 0
		? u.login
		: "");
	jw_end(&x->s.w);
}

static void
hook_put_commit(struct hook_writer *x, const char *key, const struct json *j)
{
	static const char *const lists[] = { "added", "removed", "modified" };
	const struct project *p = x->p->project;
	const char *sha = json_str_or(j, "sha", "");

	if (!json_is_object(j)) {
		jw_null(&x->s.w, key);
		return;
	}
	jw_object(&x->s.w, key);
	jw_str(&x->s.w, "id", sha);
	jw_str(&x->s.w, "message", json_str_or(j, "message", ""));
	shape_url(&x->s, "url", "/%s/%s/commit/%s", p->owner, p->name, sha);
	hook_put_person(x, "author", json_get(j, "author"));
	hook_put_person(x, "committer", json_get(j, "committer"));
	jw_null(&x->s.w, "verification");
	jw_time(&x->s.w, "timestamp",
	    json_i64_or(json_get(j, "committer"), "at", 0));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct json *list = json_get(j, lists[i]);

		if (json_is_array(list))
			hook_put_raw(x, lists[i], list);
		else
			jw_null(&x->s.w, lists[i]);
	}
	jw_end(&x->s.w);
}

static int
hook_write_push(struct hook_writer *x, struct err *e)
{
	const struct project *p = x->p->project;
	const struct json *d = x->p->data;
	const struct json *commits = json_get(x->p->git, "commits");
	const char *before = json_str_or(d, "old", SHA_ZERO);
	const char *after = json_str_or(d, "new", SHA_ZERO);

	(void)e;
	jw_str(&x->s.w, "ref", json_str_or(d, "ref", ""));
	jw_str(&x->s.w, "before", before);
	jw_str(&x->s.w, "after", after);
	if (strcmp(before, SHA_ZERO) == 0 || strcmp(after, SHA_ZERO) == 0)
		jw_str(&x->s.w, "compare_url", "");
	else
		shape_url(&x->s, "compare_url", "/%s/%s/compare/%s...%s",
		    p->owner, p->name, before, after);
	jw_array(&x->s.w, "commits");
	for (const struct json *c = json_first(commits); c != NULL;
	     c = json_next(c))
		hook_put_commit(x, NULL, c);
	jw_end(&x->s.w);
	jw_i64(&x->s.w, "total_commits", json_i64_or(x->p->git, "total", 0));
	hook_put_commit(x, "head_commit", json_get(x->p->git, "head"));
	shape_repository(&x->s, "repository", p);
	shape_user(&x->s, "pusher", &x->actor);
	shape_user(&x->s, "sender", &x->actor);
	return 0;
}

static int
hook_write_ref(struct hook_writer *x, struct err *e)
{
	const struct json *d = x->p->data;
	const char *ref = json_str_or(d, "ref", "");
	bool tag = strncmp(ref, "refs/tags/", 10) == 0;

	(void)e;
	if (tag || strncmp(ref, "refs/heads/", 11) == 0)
		ref += tag ? 10 : 11;
	if (x->p->say->type == HOOK_CREATE)
		jw_str(&x->s.w, "sha", json_str_or(d, "new", ""));
	jw_str(&x->s.w, "ref", ref);
	jw_str(&x->s.w, "ref_type", tag ? "tag" : "branch");
	if (x->p->say->type == HOOK_DELETE)
		jw_str(&x->s.w, "pusher_type", "user");
	hook_put_tail(x);
	return 0;
}

static int
hook_get_status(struct hook_writer *x, struct status *out, struct err *e)
{
	const struct json *d = x->p->data;
	const char *context = json_str_or(d, "context", "");
	struct status_list list = { .n = 0 };
	int64_t id = json_i64_or(d, "status", 0), project;

	project = x->p->event->project_id;
	if (id != 0)
		return statuses_get(x->t, project, id, out, e);
	if (statuses_verdicts(
		x->t, project, json_str_or(d, "sha", ""), &list, e) == -1)
		return -1;
	for (size_t i = 0; i < list.n && id == 0; i++)
		if (strcmp(list.at[i].context, context) == 0)
			id = list.at[i].id;
	status_list_release(&list);
	return statuses_get(x->t, project, id, out, e);
}

static int
hook_write_status(struct hook_writer *x, struct err *e)
{
	struct status st = { .id = 0 };

	if (hook_get_status(x, &st, e) == -1)
		return -1;
	hook_put_commit(x, "commit", json_get(x->p->git, "head"));
	jw_str(&x->s.w, "context", st.context);
	jw_time(&x->s.w, "created_at", st.created_at);
	jw_str(&x->s.w, "description", st.description);
	jw_i64(&x->s.w, "id", st.id);
	hook_put_tail(x);
	jw_str(&x->s.w, "sha", st.sha);
	jw_str(&x->s.w, "state", status_state_name(st.state));
	jw_str(&x->s.w, "target_url", st.target_url);
	jw_time(&x->s.w, "updated_at", st.created_at);
	status_release(&st);
	return 0;
}

static int
hook_write_repository(struct hook_writer *x, struct err *e)
{
	const struct project *p = x->p->project;
	struct author owner;

	(void)e;
	hook_author(x, p->owner_id, p->owner, &owner);
	jw_str(&x->s.w, "action", x->p->say->action);
	shape_repository(&x->s, "repository", p);
	shape_user(&x->s, "organization", &owner);
	shape_user(&x->s, "sender", &x->actor);
	return 0;
}

static hook_write_fn *const hook_writers[HOOK_TYPES] = {
	[HOOK_CREATE] = hook_write_ref,
	[HOOK_DELETE] = hook_write_ref,
	[HOOK_PUSH] = hook_write_push,
	[HOOK_ISSUES] = hook_write_issue,
	[HOOK_ISSUE_ASSIGN] = hook_write_issue,
	[HOOK_ISSUE_LABEL] = hook_write_issue,
	[HOOK_ISSUE_MILESTONE] = hook_write_issue,
	[HOOK_ISSUE_COMMENT] = hook_write_comment,
	[HOOK_PULL] = hook_write_pull,
	[HOOK_PULL_ASSIGN] = hook_write_pull,
	[HOOK_PULL_LABEL] = hook_write_pull,
	[HOOK_PULL_MILESTONE] = hook_write_pull,
	[HOOK_PULL_COMMENT] = hook_write_comment,
	[HOOK_PULL_APPROVED] = hook_write_pull,
	[HOOK_PULL_REJECTED] = hook_write_pull,
	[HOOK_PULL_REVIEWED] = hook_write_pull,
	[HOOK_PULL_SYNC] = hook_write_pull,
	[HOOK_PULL_REVIEW_REQUEST] = hook_write_pull,
	[HOOK_REPOSITORY] = hook_write_repository,
	[HOOK_STATUS] = hook_write_status,
};

int
hook_payload_make(
    struct txn *t, const struct hook_payload *p, struct str *out, struct err *e)
{
	const struct actor *a = &p->event->actor;
	struct hook_writer x = { .t = t, .p = p };
	struct err none = ERR_INIT;
	struct user u;

	if ((size_t)p->say->type >= HOOK_TYPES ||
	    hook_writers[p->say->type] == NULL)
		return err_set(e, ERR_INVALID, "no payload of that type");
	svc_identity_of(a->id, a->login, a->kind, &x.who);
	hook_author(&x, a->id, a->login, &x.actor);
	if (users_by_name(t, p->project->owner, &u, &none) == 0)
		svc_identity_of(u.id, u.login, u.kind, &x.owner);
	x.s = (struct shape){ .body = STR_INIT_MAX(HOOK_PAYLOAD_MAX),
		.url = p->url,
		.project = p->project,
		.t = t,
		.who = &x.who,
		.reader = &x.owner };
	jw_init(&x.s.w, &x.s.body);
	jw_object(&x.s.w, NULL);
	if (hook_writers[p->say->type](&x, e) == -1) {
		str_release(&x.s.body);
		return -1;
	}
	jw_end(&x.s.w);
	if (!str_ok(&x.s.body)) {
		str_release(&x.s.body);
		return err_set(e, ERR_LIMIT, "the payload is too large");
	}
	str_addv(out, str_view(&x.s.body));
	str_release(&x.s.body);
	return 0;
}
