#include "agentd/policy/policy_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static const char *const policy_verdicts[] = {
	[POLICY_NONE] = "none",
	[POLICY_ALLOW] = "allow",
	[POLICY_ASK] = "ask",
	[POLICY_DENY] = "deny",
};

/* How many words a pattern of the kind has. */
static const struct {
	const char *name;
	size_t min, max;
} policy_kinds[POLICY_KINDS] = {
	[POLICY_KIND_COMMAND] = { "command", 1, POLICY_WORDS_MAX },
	[POLICY_KIND_PIPE] = { "pipe", 2, 2 },
	[POLICY_KIND_PATH] = { "path", 1, 1 },
	[POLICY_KIND_TEXT] = { "text", 1, 1 },
	[POLICY_KIND_TOOL] = { "tool", 1, 1 },
	[POLICY_KIND_DYNAMIC] = { "dynamic", 1, 1 },
	[POLICY_KIND_UNPARSED] = { "unparsed", 1, 1 },
};

const char *
policy_verdict_name(enum policy_verdict v)
{
	return policy_verdicts[v];
}

static void
policy_rule_release(struct policy_rule *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->words[i]);
	*r = (struct policy_rule){ .n = 0 };
}

static void
policy_release(struct policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		policy_rule_release(&p->at[i]);
	free(p->at);
	*p = (struct policy){ .n = 0 };
}

struct policy *
policy_new(void)
{
	return xcalloc(1, sizeof(struct policy));
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	policy_release(p);
	free(p);
}

size_t
policy_count(const struct policy *p)
{
	return p->n;
}

static bool
policy_next(struct view *rest, struct view *word)
{
	*rest = view_trim(*rest);
	if (rest->len == 0)
		return false;
	for (word->p = rest->p, word->len = 0; word->len < rest->len;
	     word->len++)
		if (rest->p[word->len] == ' ' || rest->p[word->len] == '\t')
			break;
	*rest = view_from(*rest, word->len);
	return true;
}

static int
policy_put_rule(struct policy *p, const struct policy_rule *r, struct err *e)
{
	if (p->n == POLICY_RULES_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d rules", POLICY_RULES_MAX);
	p->at = xrealloc(p->at, (p->n + 1) * sizeof(*p->at));
	p->at[p->n++] = *r;
	return 0;
}

static int
policy_name_copy(struct view v, char out[POLICY_NAME_MAX + 1], struct err *e)
{
	for (size_t i = 0; i < v.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", v.p[i]) ==
		    NULL)
			v.len = 0;
	if (v.len == 0 || v.len > POLICY_NAME_MAX)
		return err_set(e, ERR_INVALID,
		    "a name is %d of a-z, 0-9 and - at most", POLICY_NAME_MAX);
	memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	return 0;
}

static int
policy_read_head(struct view *rest, struct policy_rule *r, struct err *e)
{
	struct view verdict = { .p = "" }, kind = { .p = "" },
		    name = { .p = "" };
	int v = POLICY_ALLOW, k = 0;

	(void)policy_next(rest, &verdict);
	(void)policy_next(rest, &kind);
	(void)policy_next(rest, &name);
	while (v <= POLICY_DENY && !view_is(verdict, policy_verdicts[v]))
		v++;
	if (v > POLICY_DENY)
		return err_set(e, ERR_INVALID, "want allow, ask or deny");
	while (k < POLICY_KINDS && !view_is(kind, policy_kinds[k].name))
		k++;
	if (k == POLICY_KINDS)
		return err_set(e, ERR_INVALID,
		    "want command, pipe, path, text, tool, dynamic or "
		    "unparsed");
	if (!view_ends(name, ":"))
		return err_set(e, ERR_INVALID, "want a name and a colon");
	r->verdict = (enum policy_verdict)v;
	r->kind = (enum policy_kind)k;
	name.len--;
	return policy_name_copy(name, r->name, e);
}

static int
policy_read_words(struct view rest, struct policy_rule *r, struct err *e)
{
	struct view word;

	while (policy_next(&rest, &word)) {
		if (word.p[0] == '#') {
			rest = view_trim(rest);
			(void)snprintf(r->why, sizeof(r->why), "%.*s",
			    (int)rest.len, rest.p);
			break;
		}
		if (r->more)
			return err_set(e, ERR_INVALID, "... stands last");
		if (view_is(word, "...")) {
			r->more = true;
			continue;
		}
		if (r->n == policy_kinds[r->kind].max)
			return err_set(e, ERR_INVALID,
			    "%s has %zu words at most",
			    policy_kinds[r->kind].name,
			    policy_kinds[r->kind].max);
		r->words[r->n++] = view_dup(word);
	}
	if (r->n < policy_kinds[r->kind].min)
		return err_set(e, ERR_INVALID, "%s has %zu words at least",
		    policy_kinds[r->kind].name, policy_kinds[r->kind].min);
	if (r->more &&
	    (r->kind != POLICY_KIND_COMMAND || r->verdict != POLICY_ALLOW))
		return err_set(
		    e, ERR_INVALID, "... is for commands that are allowed");
	return 0;
}

static int
policy_drop(struct policy *p, struct view rest, struct err *e)
{
	char name[POLICY_NAME_MAX + 1];
	size_t kept = 0, had = p->n;

	if (policy_name_copy(view_trim(rest), name, e) == -1)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->at[i].name, name) == 0)
			policy_rule_release(&p->at[i]);
		else
			p->at[kept++] = p->at[i];
	}
	p->n = kept;
	return kept < had
	    ? 0
	    : err_set(e, ERR_INVALID, "no rule is called %s", name);
}

static int
policy_read_line(
    struct policy *p, struct view line, enum policy_from from, struct err *e)
{
	struct policy_rule r = { .n = 0 };
	struct view rest = view_trim(line), first = rest;

	if (rest.len == 0 || rest.p[0] == '#')
		return 0;
	if (rest.len > POLICY_LINE_MAX)
		return err_set(e, ERR_LIMIT, "a line of more than %d bytes",
		    POLICY_LINE_MAX);
	if (memchr(rest.p, '\0', rest.len) != NULL)
		return err_set(e, ERR_INVALID, "a zero byte");
	if (from == POLICY_OPERATOR && view_starts(first, "drop "))
		return policy_drop(p, view_from(first, 5), e);
	if (policy_read_head(&rest, &r, e) == -1 ||
	    policy_read_words(rest, &r, e) == -1 ||
	    (from == POLICY_REPOSITORY && r.verdict == POLICY_ALLOW &&
		err_set(e, ERR_DENIED,
		    "a repository's policy asks or denies, it does not "
		    "allow") == -1) ||
	    policy_put_rule(p, &r, e) == -1) {
		policy_rule_release(&r);
		return -1;
	}
	return 0;
}

static void
policy_copy(const struct policy *from, struct policy *to)
{
	*to = (struct policy){ .n = from->n };
	to->at = xcalloc(from->n + 1, sizeof(*to->at));
	for (size_t i = 0; i < from->n; i++) {
		to->at[i] = from->at[i];
		for (size_t k = 0; k < from->at[i].n; k++)
			to->at[i].words[k] = xstrdup(from->at[i].words[k]);
	}
}

int
policy_add(
    struct policy *p, struct view text, enum policy_from from, struct err *e)
{
	struct policy with;
	struct view rest = text, line;
	int n = 0;

	if (text.len > POLICY_FILE_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d bytes", POLICY_FILE_MAX);
	policy_copy(p, &with);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		n++;
		if (policy_read_line(&with, line, from, e) == 0)
			continue;
		policy_release(&with);
		return err_wrap(e, "line %d", n);
	}
	policy_release(p);
	*p = with;
	return 0;
}

void
policy_write(const struct policy *p, struct str *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct policy_rule *r = &p->at[i];

		str_addf(out, "%s %s %s:", policy_verdicts[r->verdict],
		    policy_kinds[r->kind].name, r->name);
		for (size_t k = 0; k < r->n; k++)
			str_addf(out, " %s", r->words[k]);
		if (r->more)
			str_add(out, " ...");
		if (r->why[0] != '\0')
			str_addf(out, " # %s", r->why);
		str_addc(out, '\n');
	}
}
