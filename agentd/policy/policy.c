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

enum {
	POLICY_DIRS_MAX = 8
};

/* What is being judged, and the worst that was found of it. */
struct policy_case {
	const struct policy *p;
	char *dirs[POLICY_DIRS_MAX]; /* where it may be by now */
	size_t n_dirs;
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
	char *file[SHELL_WORDS_MAX]; /* what it is a file, plainly; or NULL */
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
policy_text_is(const char *pattern, const char *text)
{
	struct view rest = view_of(pattern), one;

	while (view_split(&rest, '|', &one)) {
		AUTO_FREE char *alone = view_dup(one);

		if (policy_glob(alone, text) || policy_is_option(alone, text))
			return true;
	}
	return false;
}

static bool
policy_program_is(const char *pattern, const struct shell_word *w)
{
	return policy_text_is(pattern, policy_base(w->text));
}

static bool
policy_argument_is(const char *pattern, const struct policy_argv *a, size_t i)
{
	return policy_text_is(pattern, a->at[i]->text) ||
	    (a->file[i] != NULL && policy_text_is(pattern, a->file[i]));
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
			     : policy_argument_is(pattern, a, i)))
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
	if (!policy_program_is(r->words[0], a->at[from]))
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
policy_is_among(const char *const *names, const char *program)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, policy_base(program)) == 0)
			return true;
	return false;
}

static bool
policy_is_wrapper(const char *program)
{
	static const char *const names[] = { "sudo", "doas", "env", "nice",
		"ionice", "nohup", "setsid", "timeout", "stdbuf", "xargs",
		"find", "command", "builtin", "exec", "chroot", "unshare",
		"parallel", "watch", "strace", "ltrace", "time", "busybox",
		"toybox", "flock", "taskset", "chrt", "nsenter", "setpriv",
		"runuser", "su", "gosu", "script", "fakeroot", "prlimit",
		"setarch", "linux64", "xvfb-run", "dbus-run-session", NULL };

	return policy_is_among(names, program);
}

static bool
policy_is_shell(const char *program)
{
	static const char *const names[] = { "sh", "bash", "dash", "zsh", "ksh",
		"ash", "mksh", "yash", "posh", "rbash", "fish", "csh", "tcsh",
		NULL };

	return policy_is_among(names, program);
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

/* glob: a shell puts names for it. */
static void
policy_on_path(struct policy_case *c, const char *text, bool glob)
{
	AUTO_STR struct str path = STR_INIT;

	for (size_t i = 0; i < c->n_dirs * c->p->n; i++) {
		const struct policy_rule *r = &c->p->at[i % c->p->n];

		if (i % c->p->n == 0)
			policy_absolute(c->dirs[i / c->p->n], text, &path);
		if (r->kind != POLICY_KIND_PATH)
			continue;
		if (policy_glob_any(r->words[0], str_cstr(&path)))
			policy_hit(c, r, false);
		else if (glob &&
		    policy_glob_meets(r->words[0], str_cstr(&path)))
			policy_hit(c, r, true);
	}
}

static void
policy_on_word(struct policy_case *c, const struct shell_word *w)
{
	const char *value = strchr(w->text, '=');

	policy_on_path(c, w->text, w->glob);
	/* --file=a, -Ca, user@host:/a */
	if (value != NULL)
		policy_on_path(c, value + 1, w->glob);
	if (w->text[0] == '-' && w->text[1] != '-' && w->text[1] != '\0')
		policy_on_path(c, w->text + 2, w->glob);
	value = strchr(w->text, '/');
	if (value != NULL && value != w->text)
		policy_on_path(c, value, w->glob);
	value = strchr(w->text, '~');
	if (value != NULL)
		policy_on_path(c, value, w->glob);
}

/* Where cd leads, from each place that it may start at; it may be that it is
 * not run, or in a subshell alone. */
static void
policy_on_cd(struct policy_case *c, const struct policy_argv *a)
{
	static const char *const names[] = { "cd", "pushd", NULL };
	const size_t n = c->n_dirs;
	const char *to = "~";
	size_t at = 0;

	while (at < a->n && !policy_is_among(names, a->at[at]->text))
		at++;
	if (at == a->n || (at > 0 && !policy_is_wrapper(a->at[0]->text)))
		return;
	while (++at < a->n && a->at[at]->text[0] == '-')
		;
	if (at < a->n)
		to = a->at[at]->text;
	for (size_t i = 0; i < n; i++) {
		AUTO_STR struct str path = STR_INIT;

		policy_absolute(c->dirs[i], to, &path);
		for (size_t k = 0; k < c->n_dirs; k++)
			if (strcmp(c->dirs[k], str_cstr(&path)) == 0)
				str_reset(&path);
		if (path.len == 0)
			continue;
		if (c->n_dirs == POLICY_DIRS_MAX) {
			policy_find(c, POLICY_ASK, "folders",
			    "it goes to so many folders");
			return;
		}
		c->dirs[c->n_dirs++] = str_steal(&path);
	}
}

/* ---- a line ---- */

static void policy_line(struct policy_case *c, struct view line);

/* Behind -c at `at`, its options passed; a->n: there is none. */
static size_t
policy_shell_line(const struct policy_argv *a, size_t at)
{
	while (++at < a->n &&
	    (a->at[at]->text[0] == '-' || a->at[at]->text[0] == '+')) {
		const char *o = a->at[at]->text;

		if (o[1] != '-' &&
		    (strchr(o, 'o') != NULL || strchr(o, 'O') != NULL))
			at++;
	}
	return at < a->n ? at : a->n;
}

/* Where the line of sh -c 'LINE' is; 0: nowhere. */
static size_t
policy_shell_find(const struct policy_argv *a)
{
	bool shell = false;

	for (size_t i = 0; i < a->n; i++) {
		const char *text = a->at[i]->text;

		shell = shell || policy_is_shell(text);
		if (shell &&
		    (policy_is_option("-c", text) ||
			strcmp(text, "--command") == 0)) {
			i = policy_shell_line(a, i);
			return i < a->n ? i : 0;
		}
	}
	return 0;
}

static void
policy_on_line(struct policy_case *c, struct view line)
{
	if (line.len == 0)
		return;
	if (c->nest == POLICY_NEST_MAX) {
		policy_find(c, POLICY_ASK, "shell", "shells within shells");
		return;
	}
	c->nest++;
	policy_line(c, line);
	c->nest--;
}

/* A shell without a script. */
static bool
policy_shell_reads(const struct policy_argv *a)
{
	for (size_t i = 1; i < a->n; i++)
		if (a->at[i]->text[0] != '-' || a->at[i]->dynamic)
			return false;
	return policy_is_shell(a->at[0]->text);
}

/* sh -c 'LINE', eval WORDS: what it runs is judged, too; what it reads is not,
 * and is asked. */
static void
policy_on_shell(struct policy_case *c, const struct policy_argv *a, bool fed)
{
	AUTO_STR struct str line = STR_INIT;
	const size_t at = policy_shell_find(a);

	if (strcmp(policy_base(a->at[0]->text), "eval") == 0) {
		for (size_t i = 1; i < a->n; i++)
			str_addf(&line, "%s ", a->at[i]->text);
	} else if (at != 0) {
		if (a->at[at]->dynamic)
			policy_find(c, POLICY_ASK, "shell",
			    "a shell's line that is known only when it runs");
		str_add(&line, a->at[at]->text);
	} else if (fed &&
	    (policy_is_shell(a->at[0]->text) ||
		policy_is_wrapper(a->at[0]->text))) {
		for (size_t i = 0; i < a->n; i++)
			if (policy_is_shell(a->at[i]->text))
				policy_find(c, POLICY_ASK, "shell",
				    "a shell that is given its lines to read");
	}
	policy_on_line(c, str_view(&line));
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
policy_argv_add(const struct policy_case *c, struct policy_argv *a,
    const struct shell_word *w)
{
	AUTO_STR struct str path = STR_INIT;

	if (w->text[0] == '/' || w->text[0] == '.') {
		policy_absolute(c->dirs[0], w->text, &path);
		a->file[a->n] = str_steal(&path);
	}
	a->at[a->n++] = w;
}

static void
policy_on_program(struct policy_case *c, const struct policy_argv *a, bool fed)
{
	if (a->at[0]->dynamic || a->at[0]->glob)
		policy_on_kind(c, POLICY_KIND_DYNAMIC, "program",
		    "a program that is known only when it runs");
	policy_on_argv(c, a);
	policy_on_cd(c, a);
	policy_on_shell(c, a, fed);
}

static void
policy_on_command(struct policy_case *c, const struct shell_command *s)
{
	AUTO_FREE struct policy_argv *a = xcalloc(1, sizeof(*a));

	for (size_t i = 0; i < s->n; i++) {
		policy_on_word(c, &s->words[i]);
		if (!s->words[i].beside)
			policy_argv_add(c, a, &s->words[i]);
	}
	if (a->n == 0)
		policy_find(c, POLICY_ALLOW, "", "");
	else
		policy_on_program(
		    c, a, s->fed || (!s->piped && policy_shell_reads(a)));
	for (size_t i = 0; i < a->n; i++)
		free(a->file[i]);
}

/* Its program, or one that it starts. */
static bool
policy_starts(const char *pattern, const struct shell_command *s)
{
	bool more = false;

	for (size_t i = 0; i < s->n; i++) {
		const struct shell_word *w = &s->words[i];

		if (w->beside)
			continue;
		if (policy_program_is(pattern, w))
			return true;
		more = more || policy_is_wrapper(w->text);
		if (!more)
			return false;
	}
	return false;
}

static bool
policy_pipes(const struct policy_rule *r, const struct shell *s, size_t to)
{
	if (!s->at[to].piped || !policy_starts(r->words[1], &s->at[to]))
		return false;
	for (size_t i = 0; i < to; i++)
		if (policy_starts(r->words[0], &s->at[i]))
			return true;
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

static void
policy_case_release(struct policy_case *c)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		free(c->dirs[i]);
	c->n_dirs = 0;
}

void
policy_command(const struct policy *p, struct view line, const char *cwd,
    struct policy_answer *out)
{
	struct policy_case c = {
		.p = p, .dirs = { xstrdup(cwd) }, .n_dirs = 1, .out = out
	};

	*out = (struct policy_answer){ .verdict = POLICY_NONE };
	policy_line(&c, line);
	/* An empty line. */
	policy_find(&c, POLICY_ALLOW, "", "");
	policy_case_release(&c);
}

void
policy_tool(const struct policy *p, const char *tool, const char *path,
    const char *cwd, struct policy_answer *out)
{
	struct policy_case c = {
		.p = p, .dirs = { xstrdup(cwd) }, .n_dirs = 1, .out = out
	};

	*out = (struct policy_answer){ .verdict = POLICY_NONE };
	policy_on_kind(&c, POLICY_KIND_TOOL, tool, "no rule is for this tool");
	if (path != NULL)
		policy_on_path(&c, path, false);
	policy_case_release(&c);
}
