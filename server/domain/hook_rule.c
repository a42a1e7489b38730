#include "server/domain/hook_rule.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/domain/protect_glob.h"
#include "server/domain/types.h"

enum {
	HOOK_WORDS = 4
};

struct hook_type_row {
	const char *name, *group;
	const char *words[HOOK_WORDS]; /* any of them switches it on */
};

static const struct hook_type_row hook_types[HOOK_TYPES] = {
	[HOOK_NONE] = { "", "", { NULL } },
	[HOOK_CREATE] = { "create", "create", { "create" } },
	[HOOK_DELETE] = { "delete", "delete", { "delete" } },
	[HOOK_PUSH] = { "push", "push", { "push" } },
	[HOOK_ISSUES] = { "issues", "issues", { "issues", "issues_only" } },
	[HOOK_ISSUE_ASSIGN] = { "issue_assign", "issues",
	    { "issues", "issue_assign" } },
	[HOOK_ISSUE_LABEL] = { "issue_label", "issues",
	    { "issues", "issue_label" } },
	[HOOK_ISSUE_MILESTONE] = { "issue_milestone", "issues",
	    { "issues", "issue_milestone" } },
	[HOOK_ISSUE_COMMENT] = { "issue_comment", "issue_comment",
	    { "issues", "issue_comment" } },
	[HOOK_PULL] = { "pull_request", "pull_request",
	    { "pull_request", "pull_request_only" } },
	[HOOK_PULL_ASSIGN] = { "pull_request_assign", "pull_request",
	    { "pull_request", "pull_request_assign" } },
	[HOOK_PULL_LABEL] = { "pull_request_label", "pull_request",
	    { "pull_request", "pull_request_label" } },
	[HOOK_PULL_MILESTONE] = { "pull_request_milestone", "pull_request",
	    { "pull_request", "pull_request_milestone" } },
	[HOOK_PULL_COMMENT] = { "pull_request_comment", "issue_comment",
	    { "pull_request", "pull_request_comment" } },
	[HOOK_PULL_APPROVED] = { "pull_request_review_approved",
	    "pull_request_approved",
	    { "pull_request", "pull_request_review",
		"pull_request_review_approved" } },
	[HOOK_PULL_REJECTED] = { "pull_request_review_rejected",
	    "pull_request_rejected",
	    { "pull_request", "pull_request_review",
		"pull_request_review_rejected" } },
	[HOOK_PULL_REVIEWED] = { "pull_request_review_comment",
	    "pull_request_comment",
	    { "pull_request", "pull_request_review",
		"pull_request_review_comment" } },
	[HOOK_PULL_SYNC] = { "pull_request_sync", "pull_request",
	    { "pull_request", "pull_request_sync" } },
	[HOOK_PULL_REVIEW_REQUEST] = { "pull_request_review_request",
	    "pull_request", { "pull_request", "pull_request_review_request" } },
	[HOOK_REPOSITORY] = { "repository", "repository", { "repository" } },
	[HOOK_STATUS] = { "status", "status", { "status" } },
};

const char *
hook_type_name(enum hook_type t)
{
	return (size_t)t < HOOK_TYPES ? hook_types[t].name : "";
}

const char *
hook_type_group(enum hook_type t)
{
	return (size_t)t < HOOK_TYPES ? hook_types[t].group : "";
}

bool
hook_rule_wants(enum hook_type t, const char *const *words, size_t n)
{
	if (t == HOOK_NONE || (size_t)t >= HOOK_TYPES)
		return false;
	for (size_t i = 0; i < HOOK_WORDS; i++)
		for (size_t k = 0; hook_types[t].words[i] != NULL && k < n; k++)
			if (strcmp(words[k], hook_types[t].words[i]) == 0)
				return true;
	return false;
}

/* Kinds about an issue or a pull request: "issue." or "pull.", then `verb`. */
struct hook_verb {
	const char *verb;
	enum hook_type issue, pull;
	const char *action;
};

static const struct hook_verb hook_verbs[] = {
	{ "opened", HOOK_ISSUES, HOOK_PULL, "opened" },
	{ "closed", HOOK_ISSUES, HOOK_PULL, "closed" },
	{ "merged", HOOK_NONE, HOOK_PULL, "closed" },
	{ "reopened", HOOK_ISSUES, HOOK_PULL, "reopened" },
	{ "edited", HOOK_ISSUES, HOOK_PULL, "edited" },
	{ "retargeted", HOOK_NONE, HOOK_PULL, "edited" },
	{ "deleted", HOOK_ISSUES, HOOK_PULL, "deleted" },
	{ "assigned", HOOK_ISSUE_ASSIGN, HOOK_PULL_ASSIGN, "assigned" },
	{ "unassigned", HOOK_ISSUE_ASSIGN, HOOK_PULL_ASSIGN, "unassigned" },
	{ "labeled", HOOK_ISSUE_LABEL, HOOK_PULL_LABEL, "label_updated" },
	{ "milestoned", HOOK_ISSUE_MILESTONE, HOOK_PULL_MILESTONE,
	    "milestoned" },
	{ "demilestoned", HOOK_ISSUE_MILESTONE, HOOK_PULL_MILESTONE,
	    "demilestoned" },
	{ "synchronized", HOOK_NONE, HOOK_PULL_SYNC, "synchronized" },
	{ "review_requested", HOOK_NONE, HOOK_PULL_REVIEW_REQUEST,
	    "review_requested" },
	{ "review_request_removed", HOOK_NONE, HOOK_PULL_REVIEW_REQUEST,
	    "review_request_removed" },
};

static const struct hook_verb hook_comments[] = {
	{ "created", HOOK_ISSUE_COMMENT, HOOK_PULL_COMMENT, "created" },
	{ "edited", HOOK_ISSUE_COMMENT, HOOK_PULL_COMMENT, "edited" },
	{ "deleted", HOOK_ISSUE_COMMENT, HOOK_PULL_COMMENT, "deleted" },
};

static const struct hook_verb hook_others[] = {
	{ "project.created", HOOK_REPOSITORY, HOOK_NONE, "created" },
	{ "project.deleting", HOOK_REPOSITORY, HOOK_NONE, "deleted" },
	{ "status.created", HOOK_STATUS, HOOK_NONE, "" },
};

static size_t
hook_say_one(const struct hook_verb *v, size_t n, const char *verb,
    bool is_pull, struct hook_say *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].verb, verb) != 0)
			continue;
		out->type = is_pull ? v[i].pull : v[i].issue;
		out->action = v[i].action;
		return out->type != HOOK_NONE;
	}
	return 0;
}
#define HOOK_SAY(table, verb, is_pull, out) \
	hook_say_one(                       \
	    (table), sizeof(table) / sizeof((table)[0]), verb, is_pull, out)

static size_t
hook_say_ref(const struct hook_fact *f, struct hook_say out[HOOK_TYPES_MAX])
{
	const struct hook_say push = { HOOK_PUSH, "" };

	if (f->ref == NULL || f->old == NULL || f->now == NULL ||
	    strcmp(f->old, f->now) == 0 ||
	    (strncmp(f->ref, "refs/heads/", 11) != 0 &&
		strncmp(f->ref, "refs/tags/", 10) != 0))
		return 0;
	if (strcmp(f->old, SHA_ZERO) == 0) {
		out[0] = (struct hook_say){ HOOK_CREATE, "" };
		out[1] = push;
		return 2;
	}
	out[0] = push;
	if (strcmp(f->now, SHA_ZERO) != 0)
		return 1;
	out[1] = (struct hook_say){ HOOK_DELETE, "" };
	return 2;
}

static size_t
hook_say_review(const struct hook_fact *f, struct hook_say *out)
{
	static const struct {
		const char *verdict;
		enum hook_type type;
	} verdicts[] = {
		{ "APPROVED", HOOK_PULL_APPROVED },
		{ "REQUEST_CHANGES", HOOK_PULL_REJECTED },
		{ "COMMENT", HOOK_PULL_REVIEWED },
	};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (f->verdict != NULL &&
		    strcmp(f->verdict, verdicts[i].verdict) == 0) {
			*out = (struct hook_say){ verdicts[i].type,
				"reviewed" };
			return 1;
		}
	return 0;
}

size_t
hook_rule_says(const struct hook_fact *f, struct hook_say out[HOOK_TYPES_MAX])
{
	const char *k = f->kind;
	size_t n = 0;

	if (strcmp(k, "branch.updated") == 0)
		return hook_say_ref(f, out);
	if (strcmp(k, "review.created") == 0)
		return hook_say_review(f, out);
	if (strncmp(k, "comment.", 8) == 0)
		return HOOK_SAY(hook_comments, k + 8, f->is_pull, out);
	if (strncmp(k, "issue.", 6) == 0)
		n = HOOK_SAY(hook_verbs, k + 6, f->is_pull, out);
	else if (strncmp(k, "pull.", 5) == 0)
		n = HOOK_SAY(hook_verbs, k + 5, true, out);
	else
		n = HOOK_SAY(hook_others, k, false, out);
	if (n == 1 && f->cleared && strcmp(out->action, "label_updated") == 0)
		out->action = "label_cleared";
	return n;
}

/* Here `*` goes on over '/', which there is `**`.  False: too long. */
static bool
hook_filter(const char *filter, char out[PROTECT_GLOB_MAX + 1])
{
	size_t n = 0;

	for (const char *p = filter; *p != '\0'; p++) {
		if (n + 2 > PROTECT_GLOB_MAX)
			return false;
		if (*p == '*') {
			while (p[1] == '*')
				p++;
			out[n++] = '*';
		} else if (*p == '\\' && p[1] != '\0') {
			out[n++] = *p++;
		}
		out[n++] = *p;
	}
	out[n] = '\0';
	return true;
}

int
hook_rule_filter_ok(const char *filter)
{
	char glob[PROTECT_GLOB_MAX + 1];
	struct err ignored = ERR_INIT;

	if (filter[0] == '\0')
		return 0;
	return hook_filter(filter, glob)
	    ? protect_glob_check(view_of(glob), &ignored)
	    : -1;
}

bool
hook_rule_branch(const char *filter, const char *ref)
{
	char glob[PROTECT_GLOB_MAX + 1];

	if (filter[0] == '\0' || strncmp(ref, "refs/heads/", 11) != 0)
		return true;
	return hook_filter(filter, glob) &&
	    protect_glob(view_of(glob), view_of(ref + 11), false);
}

bool
hook_rule_host(const char *url, char *out, size_t size)
{
	const char *p = NULL, *end, *at;
	size_t n;

	if (strncmp(url, "http://", 7) == 0)
		p = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		p = url + 8;
	if (p == NULL)
		return false;
	end = p + strcspn(p, "/?#");
	for (at = p; at < end; at++)
		if (*at == '@')
			p = at + 1;
	if (*p == '[') {
		p++;
		at = memchr(p, ']', (size_t)(end - p));
		if (at == NULL || (at + 1 != end && at[1] != ':'))
			return false;
		end = at;
	} else {
		at = memchr(p, ':', (size_t)(end - p));
		if (at != NULL)
			end = at;
	}
	n = (size_t)(end - p);
	if (n == 0 || n >= size)
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	out[n] = '\0';
	return true;
}

bool
hook_rule_url_ok(const char *url)
{
	char host[256];

	if (strlen(url) > HOOK_URL_MAX)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f || *p == '"' || *p == '<' ||
		    *p == '>' || *p == '\\')
			return false;
	return hook_rule_host(url, host, sizeof(host));
}

static bool
hook_final(const struct hook_try *t)
{
	return t->refused ||
	    (t->status >= 300 && t->status < 500 && t->status != 408 &&
		t->status != 425 && t->status != 429);
}

void
hook_rule_next(const struct hook_try *t, struct hook_next *out)
{
	int64_t wait = t->wait_ms;

	*out = (struct hook_next){ .failures = t->failures + 1 };
	if (t->status >= 200 && t->status < 300) {
		*out = (struct hook_next){ .ok = true, .over = true };
		return;
	}
	out->over = hook_final(t) || t->attempts >= HOOK_ATTEMPTS_MAX;
	out->open = out->failures >= HOOK_BREAK_AFTER;
	for (int64_t i = 1; i < t->attempts && i < HOOK_ATTEMPTS_MAX; i++)
		wait *= 4;
	if (out->open)
		out->wait_ms = t->wait_ms * HOOK_BREAK_FACTOR;
	else
		out->wait_ms = out->over ? 0 : wait;
}
