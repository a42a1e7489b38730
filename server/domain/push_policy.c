#include "server/domain/push_policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/map.h"
#include "server/domain/protect_rule.h"
#include "server/domain/push_names.h"
#include "server/domain/refname.h"

/* What judging one push looks up. */
struct push_look {
	const struct push_rules *rules;
	struct push_names *names;
};

static const char
    push_policy_zero[] = "0000000000000000000000000000000000000000";

static bool push_policy_refuse(struct push_verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
push_policy_refuse(struct push_verdict *v, const char *fmt, ...)
{
	va_list ap;

	v->ok = false;
	va_start(ap, fmt);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(v->reason, sizeof(v->reason), fmt, ap);
	va_end(ap);
	return false;
}

bool
push_policy_is_agent_branch(const char *branch)
{
	return strncmp(branch, "agent/", 6) == 0 && branch[6] != '\0';
}

static bool
push_policy_is_default(const struct push_rules *r, const char *branch)
{
	return r->default_branch != NULL && r->default_branch[0] != '\0' &&
	    strcmp(branch, r->default_branch) == 0;
}

static bool
push_policy_branch(const struct push_look *k, const char *branch,
    const char *ref, struct push_verdict *v)
{
	const struct push_rules *r = k->rules;

	if (!r->no_upstream && push_policy_is_default(r, branch))
		return push_policy_refuse(
		    v, "%.60s is protected: open a pull request", branch);
	if (push_names_upstream(k->names, ref))
		return push_policy_refuse(
		    v, "%.60s follows upstream: open a pull request", branch);
	if (r->who == PUSH_RUN) {
		if (r->run_branch == NULL)
			return push_policy_refuse(
			    v, "this run has no right to push");
		if (strcmp(branch, r->run_branch) != 0)
			return push_policy_refuse(
			    v, "this run may push %.80s only", r->run_branch);
		return true;
	}
	if (r->who == PUSH_SESSION && !push_policy_is_agent_branch(branch))
		return push_policy_refuse(
		    v, "a session may push branches under agent/ only");
	return true;
}

static bool
push_policy_tag(
    const struct push_look *k, const char *ref, struct push_verdict *v)
{
	enum push_who who = k->rules->who;

	if (who == PUSH_RUN || who == PUSH_SESSION)
		return push_policy_refuse(v, "tags are for maintainers");
	if (push_names_upstream(k->names, ref))
		return push_policy_refuse(v, "the tag follows upstream");
	return true;
}

/* The first path that the rule does not let pass, or NULL. */
static const char *
push_policy_path(const struct push_rules *r, const struct protect_rule *rule,
    unsigned guards)
{
	for (size_t i = 0; i < r->n_paths; i++) {
		struct view path = view_of(r->paths[i]);

		if ((guards & PUSH_GUARD_KEEP) != 0 &&
		    protect_files_match(rule->files, path))
			return r->paths[i];
		if ((guards & PUSH_GUARD_ONLY) != 0 &&
		    !protect_files_match(rule->open_files, path))
			return r->paths[i];
	}
	return NULL;
}

/* The guards that the caller leaves to the rule. */
static bool
push_policy_guard(const struct push_look *k, const struct protect_rule *rule,
    const char *branch, struct push_verdict *v)
{
	const struct push_rules *r = k->rules;
	unsigned files = v->guards & (PUSH_GUARD_KEEP | PUSH_GUARD_ONLY);
	const char *path;

	if (r->guards)
		return true;
	if ((v->guards & PUSH_GUARD_FORCE) != 0 && !r->forward)
		return push_policy_refuse(v,
		    "%.60s is protected by the rule %.40s: no commit of it may "
		    "be dropped",
		    branch, rule->name);
	if (files != 0 && r->paths == NULL)
		return push_policy_refuse(v,
		    "%.60s has protected files by the rule %.40s: push it with "
		    "git",
		    branch, rule->name);
	path = push_policy_path(r, rule, files);
	if (path != NULL)
		return push_policy_refuse(v,
		    "%.60s is protected by the rule %.40s: so is the file "
		    "%.40s",
		    branch, rule->name, path);
	v->guards = 0;
	return true;
}

static bool
push_policy_protected(const struct push_look *k, const char *branch,
    bool delete, bool here, struct push_verdict *v)
{
	const struct push_rules *r = k->rules;
	const struct protect_rule *rule = r->protect != NULL
	    ? protect_match(r->protect, branch)
	    : NULL;

	if (rule == NULL)
		return true;
	if (delete)
		return push_policy_refuse(v,
		    "%.60s is protected by the rule %.40s: it cannot be "
		    "deleted",
		    branch, rule->name);
	if (!protect_may_push(rule, r->user)) {
		if (rule->open_files == NULL || rule->open_files[0] == '\0')
			return push_policy_refuse(v,
			    "%.60s is protected by the rule %.40s: open a pull "
			    "request",
			    branch, rule->name);
		v->guards |= PUSH_GUARD_ONLY;
	}
	if (here && !protect_may_force(rule, r->user))
		v->guards |= PUSH_GUARD_FORCE;
	if (rule->files != NULL && rule->files[0] != '\0')
		v->guards |= PUSH_GUARD_KEEP;
	return push_policy_guard(k, rule, branch, v);
}

/* Places with an owner, and what to say. */
static const struct {
	const char *prefix;
	const char *why;
} push_policy_owned[] = {
	{ "refs/pull/", "refs/pull is written by the server" },
	{ "refs/coffer/", "refs/coffer is written by the server" },
	{ "refs/namespaces/", "refs/namespaces is written by the mirror" },
	{ "refs/notes/", "notes are not kept here; use a branch" },
	{ "refs/for/",
	    "refs/for is not used here: push a branch under agent/ "
	    "and open a pull request" },
};

static bool
push_policy_one(const struct push_look *k, const struct push_command *c,
    struct push_verdict *v)
{
	const struct push_rules *r = k->rules;
	bool delete = strcmp(c->new_sha, push_policy_zero) == 0;
	const char *branch, *tag, *why, *rival;
	bool here;

	v->ok = true;
	v->guards = 0;
	v->reason[0] = '\0';
	if (r->who == PUSH_NOBODY || r->who == PUSH_READER)
		return push_policy_refuse(
		    v, "you may read this project, not write to it");
	for (size_t i = 0;
	     i < sizeof(push_policy_owned) / sizeof(push_policy_owned[0]); i++)
		if (strncmp(c->ref, push_policy_owned[i].prefix,
			strlen(push_policy_owned[i].prefix)) == 0)
			return push_policy_refuse(
			    v, "%s", push_policy_owned[i].why);
	branch = refname_branch(c->ref);
	tag = strncmp(c->ref, "refs/tags/", 10) == 0 ? c->ref + 10 : NULL;
	if (branch == NULL && tag == NULL)
		return push_policy_refuse(
		    v, "only refs/heads and refs/tags can be pushed");
	/* An odd name that is there already may be deleted. */
	if (!delete &&!refname_ok(c->ref, &why))
		return push_policy_refuse(v, "%s", why);
	if (!delete &&!refname_branch_ok(branch != NULL ? branch : tag, &why))
		return push_policy_refuse(v, "%s", why);
	if (branch != NULL ? !push_policy_branch(k, branch, c->ref, v)
			   : !push_policy_tag(k, c->ref, v))
		return false;
	here = push_names_here(k->names, c->ref);
	if (delete &&branch != NULL && push_policy_is_default(r, branch))
		return push_policy_refuse(
		    v, "%.60s is the default branch", branch);
	if (branch != NULL &&
	    !push_policy_protected(k, branch, delete, here, v))
		return false;
	if (delete)
		return here
		    ? true
		    : push_policy_refuse(v, "there is nothing to delete");
	rival = here ? NULL : push_names_rival(k->names, c->ref);
	if (rival != NULL)
		return push_policy_refuse(
		    v, "the name collides with %.60s; choose another", rival);
	return true;
}

size_t
push_policy_judge(const struct push_rules *rules, const struct push_command *c,
    size_t n, struct push_verdict *v)
{
	struct push_look k = { .rules = rules, .names = push_names_new(c, n) };
	struct map *seen = map_new();
	size_t allowed = 0;

	for (size_t i = 0; i < rules->n_upstream; i++)
		push_names_enter_upstream(k.names, rules->upstream[i]);
	for (size_t i = 0; i < rules->n_refs; i++)
		push_names_enter(k.names, rules->refs[i]);
	for (size_t i = 0; i < n; i++) {
		if (map_put(seen, c[i].ref, &k) != NULL)
			(void)push_policy_refuse(
			    &v[i], "the same ref is named twice");
		else if (push_policy_one(&k, &c[i], &v[i])) {
			allowed++;
			push_names_enter(k.names, c[i].ref);
		}
	}
	if (rules->atomic && allowed < n) {
		for (size_t i = 0; i < n; i++)
			if (v[i].ok)
				(void)push_policy_refuse(&v[i],
				    "atomic push: another ref was refused");
		allowed = 0;
	}
	map_free(seen);
	push_names_free(k.names);
	return allowed;
}
