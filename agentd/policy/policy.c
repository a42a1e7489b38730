#include "agentd/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/policy/policy_rule.h"
#include "agentd/policy/shell.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

/* What is being judged, and the worst that was found of it. */
struct policy_case {
	const struct policy *p;
	const char *cwd;
	int nest;
	struct policy_answer *out;
};

/* The stricter answer stays, of two equal ones the first. */
static void
policy_find(struct policy_case *c, enum policy_verdict v, const char *rule,
    const char *why)
{
	if (v <= c->out->verdict)
		return;
	c->out->verdict = v;
	(void)snprintf(c->out->rule, sizeof(c->out->rule), "%s", rule);
	(void)snprintf(c->out->why, sizeof(c->out->why), "%s", why);
}

/* A rule that holds by what nobody knows yet denies nothing. */
static void
policy_hit(struct policy_case *c, const struct policy_rule *r, bool unsure)
{
	enum policy_verdict v = r->verdict;

	if (unsure && v == POLICY_DENY)
		v = POLICY_ASK;
	policy_find(c, v, r->name, r->why);
}

static void
policy_default(struct policy_case *c, const char *why)
{
	policy_find(c, POLICY_DENY, "", why);
}

/* ---- one command ---- */

/* Its arguments, the program first. */
struct policy_argv {
	const struct shell_word *at[SHELL_WORDS_MAX];
	size_t n;
};

static const char *
policy_base(const char *text)
{
	const char *slash = strrchr(text, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : text;
}

/* -x of a pattern is in -rxf. */
static bool
policy_is_option(const char *pattern, const char *text)
{
	return pattern[0] == '-' && pattern[1] != '-' && pattern[1] != '\0' &&
	    pattern[2] == '\0' && text[0] == '-' && text[1] != '-' &&
	    strchr(text + 1, pattern[1]) != NULL;
}

static bool
policy_word_is(const char *pattern, const struct shell_word *w, bool program)
{
	const char *text = program ? policy_base(w->text) : w->text;
	struct view rest = view_of(pattern), one;

	while (view_split(&rest, '|', &one)) {
		AUTO_FREE char *alone = view_dup(one);

		if (policy_glob(alone, text) || policy_is_option(alone, text))
			return true;
	}
	return false;
}

static bool
policy_is_used(const size_t *used, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		if (used[k] == i)
			return true;
	return false;
}

/* An argument that no other word of the pattern stands for: 0 is none. */
static size_t
policy_argument(const char *pattern, const struct policy_argv *a,
    const size_t *used, size_t n, bool unknown)
{
	for (size_t i = used[0] + 1; i < a->n; i++)
		if (!policy_is_used(used, n, i) &&
		    (unknown ? a->at[i]->dynamic
			     : policy_word_is(pattern, a->at[i], false)))
			return i;
	return 0;
}

/* What strict rules look for: the program at `from`, the other words somewhere
 * behind it. */
static bool
policy_holds_from(const struct policy_rule *r, const struct policy_argv *a,
    size_t from, bool *unsure)
{
	size_t used[POLICY_WORDS_MAX] = { from };

	*unsure = false;
	if (!policy_word_is(r->words[0], a->at[from], true))
		return false;
	for (size_t k = 1; k < r->n; k++) {
		used[k] = policy_argument(r->words[k], a, used, k, false);
		if (used[k] != 0)
			continue;
		used[k] = policy_argument(r->words[k], a, used, k, true);
		if (used[k] == 0)
			return false;
		*unsure = true;
	}
	return true;
}

static bool
policy_is_wrapper(const char *program)
{
	static const char *const names[] = { "sudo", "doas", "env", "nice",
		"ionice", "nohup", "setsid", "timeout", "stdbuf", "xargs",
		"find", "command", "builtin", "exec", "chroot", "unshare",
		"parallel", "watch", "strace", "time", "busybox", "flock" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], policy_base(program)) == 0)
			return true;
	return false;
}

/* Of what starts others, any of its words may be the program. */
static bool
policy_holds(
    const struct policy_rule *r, const struct policy_argv *a, bool *unsure)
{
	size_t last = policy_is_wrapper(a->at[0]->text) ? a->n : 1;

	for (size_t i = 0; i < last; i++)
		if (policy_holds_from(r, a, i, unsure))
			return true;
	return false;
}

/* What a rule that lets pass wants: all of it, and nothing unknown. */
static bool
policy_lets(const struct policy_rule *r, const struct policy_argv *a)
{
	if (a->n < r->n || (a->n > r->n && !r->more))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if ((a->at[i]->dynamic && strcmp(r->words[i], "*") != 0) ||
		    !policy_glob_any(r->words[i], a->at[i]->text))
			return false;
	return true;
}

static void
policy_on_argv(struct policy_case *c, const struct policy_argv *a)
{
	bool let = false, unsure;

	for (size_t i = 0; i < c->p->n; i++) {
		const struct policy_rule *r = &c->p->at[i];

		if (r->kind != POLICY_KIND_COMMAND)
			continue;
		if (r->verdict == POLICY_ALLOW) {
			if (!policy_lets(r, a))
				continue;
			let = true;
			policy_hit(c, r, false);
		} else if (policy_holds(r, a, &unsure)) {
			policy_hit(c, r, unsure);
			let = true;
		}
	}
	if (!let)
		policy_default(c, "no rule allows this command");
}

/* ---- files ---- */

/* Absolute, without //, . and .. */
static void
policy_absolute(const char *cwd, const char *text, struct str *out)
{
	struct view rest, part;

	str_reset(out);
	for (int i = text[0] == '/' ? 1 : 0; i < 2; i++) {
		rest = view_of(i == 0 ? cwd : text);
		while (rest.p != NULL && view_split(&rest, '/', &part)) {
			if (part.len == 0 || view_is(part, "."))
				continue;
			if (!view_is(part, "..")) {
				str_addc(out, '/');
				str_addv(out, part);
				continue;
			}
			while (out->len > 0 && out->p[--out->len] != '/')
				;
			if (out->p != NULL)
				out->p[out->len] = '\0';
		}
	}
	if (out->len == 0)
		str_addc(out, '/');
}

static void
policy_on_path(struct policy_case *c, const char *text)
{
	AUTO_STR struct str path = STR_INIT;

	policy_absolute(c->cwd, text, &path);
	for (size_t i = 0; i < c->p->n; i++) {
		const struct policy_rule *r = &c->p->at[i];

		if (r->kind == POLICY_KIND_PATH &&
		    policy_glob_any(r->words[0], str_cstr(&path)))
			policy_hit(c, r, false);
	}
}

static void
policy_on_word(struct policy_case *c, const struct shell_word *w)
{
	const char *value = strchr(w->text, '=');

	policy_on_path(c, w->text);
	/* --file=/a, -C/a, user@host:/a */
	if (value != NULL)
		policy_on_path(c, value + 1);
	value = strchr(w->text, '/');
	if (value != NULL && value != w->text)
		policy_on_path(c, value);
	value = strchr(w->text, '~');
	if (value != NULL)
		policy_on_path(c, value);
}

/* ---- a line ---- */

static void policy_line(struct policy_case *c, struct view line);

/* sh -c 'LINE', eval WORDS: what it runs is judged, too. */
static void
policy_on_shell(struct policy_case *c, const struct policy_argv *a)
{
	static const char *const shells[] = { "sh", "bash", "dash", "zsh",
		"ksh" };
	const char *program = policy_base(a->at[0]->text);
	AUTO_STR struct str line = STR_INIT;
	bool eval = strcmp(program, "eval") == 0, shell = false;

	for (size_t i = 0; i < a->n && !eval; i++) {
		const char *text = a->at[i]->text;

		for (size_t k = 0; k < sizeof(shells) / sizeof(shells[0]); k++)
			shell = shell ||
			    strcmp(policy_base(text), shells[k]) == 0;
		if (!shell || !policy_is_option("-c", text) || i + 1 == a->n)
			continue;
		if (a->at[i + 1]->dynamic)
			policy_find(c, POLICY_ASK, "shell",
			    "a shell's line that is known only when it runs");
		str_add(&line, a->at[i + 1]->text);
		break;
	}
	for (size_t i = 1; eval && i < a->n; i++)
		str_addf(&line, "%s ", a->at[i]->text);
	if (line.len == 0)
		return;
	if (c->nest == POLICY_NEST_MAX) {
		policy_find(c, POLICY_ASK, "shell", "shells within shells");
		return;
	}
	c->nest++;
	policy_line(c, str_view(&line));
	c->nest--;
}

static void
policy_on_kind(struct policy_case *c, enum policy_kind kind, const char *text,
    const char *why)
{
	bool any = false;

	for (size_t i = 0; i < c->p->n; i++) {
		const struct policy_rule *r = &c->p->at[i];

		if (r->kind != kind || !policy_glob_any(r->words[0], text))
			continue;
		any = true;
		policy_hit(c, r, false);
	}
	if (!any && why != NULL)
		policy_default(c, why);
}

static void
policy_on_command(struct policy_case *c, const struct shell_command *s)
{
	AUTO_FREE struct policy_argv *a = xcalloc(1, sizeof(*a));

	for (size_t i = 0; i < s->n; i++) {
		policy_on_word(c, &s->words[i]);
		if (!s->words[i].beside)
			a->at[a->n++] = &s->words[i];
	}
	if (a->n == 0) {
		policy_find(c, POLICY_ALLOW, "", "");
		return;
	}
	if (a->at[0]->dynamic)
		policy_on_kind(c, POLICY_KIND_DYNAMIC, "program",
		    "a program that is known only when it runs");
	policy_on_argv(c, a);
	policy_on_shell(c, a);
}

static const struct shell_word *
policy_program(const struct shell_command *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->words[i].beside)
			return &s->words[i];
	return NULL;
}

static bool
policy_pipes(const struct policy_rule *r, const struct shell *s, size_t to)
{
	const struct shell_word *w = policy_program(&s->at[to]);

	if (!s->at[to].piped || w == NULL ||
	    !policy_word_is(r->words[1], w, true))
		return false;
	for (size_t i = 0; i < to; i++) {
		w = policy_program(&s->at[i]);
		if (w != NULL && policy_word_is(r->words[0], w, true))
			return true;
	}
	return false;
}

static void
policy_on_pipes(struct policy_case *c, const struct shell *s)
{
	for (size_t i = 0; i < c->p->n; i++) {
		const struct policy_rule *r = &c->p->at[i];

		for (size_t k = 1; r->kind == POLICY_KIND_PIPE && k < s->n; k++)
			if (policy_pipes(r, s, k))
				policy_hit(c, r, false);
	}
}

static void
policy_on_text(struct policy_case *c, struct view line)
{
	AUTO_STR struct str text = STR_INIT;

	for (size_t i = 0; i < line.len; i++)
		if (strchr(" \t\r\n", line.p[i]) == NULL)
			str_addc(&text, line.p[i]);
	policy_on_kind(c, POLICY_KIND_TEXT, str_cstr(&text), NULL);
}

static void
policy_line(struct policy_case *c, struct view line)
{
	struct err e = ERR_INIT;
	struct shell s;

	if (line.len > SHELL_LINE_MAX) {
		policy_find(c, POLICY_DENY, "too-long",
		    "a command of more than 10000 bytes");
		return;
	}
	policy_on_text(c, line);
	if (shell_parse(line, &s, &e) == -1) {
		policy_on_kind(c, POLICY_KIND_UNPARSED, e.msg, e.msg);
		return;
	}
	if (s.substitutes)
		policy_on_kind(c, POLICY_KIND_DYNAMIC, "word",
		    "what a command prints is a part of it");
	for (size_t i = 0; i < s.n; i++)
		policy_on_command(c, &s.at[i]);
	policy_on_pipes(c, &s);
	shell_release(&s);
}

void
policy_command(const struct policy *p, struct view line, const char *cwd,
    struct policy_answer *out)
{
	struct policy_case c = { .p = p, .cwd = cwd, .out = out };

	*out = (struct policy_answer){ .verdict = POLICY_NONE };
	policy_line(&c, line);
	/* An empty line. */
	policy_find(&c, POLICY_ALLOW, "", "");
}

void
policy_tool(const struct policy *p, const char *tool, const char *path,
    const char *cwd, struct policy_answer *out)
{
	struct policy_case c = { .p = p, .cwd = cwd, .out = out };

	*out = (struct policy_answer){ .verdict = POLICY_NONE };
	policy_on_kind(&c, POLICY_KIND_TOOL, tool, "no rule is for this tool");
	if (path != NULL)
		policy_on_path(&c, path);
}
