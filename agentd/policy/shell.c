#include "agentd/policy/shell.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

struct shell_here {
	char *mark;
	bool quoted, tabs;
};

struct shell_in {
	struct shell *out;
	struct view v;
	size_t at;
	int depth;
	struct shell_here here[SHELL_HERE_MAX];
	size_t n_here;
	struct view body; /* of the last here-document */
	bool literal;     /* it is taken as it is */
	bool block;       /* behind a |: all in { }, if and loops read it */
};

/* A word that grows. */
struct shell_text {
	struct str s;
	bool any, dynamic, quoted, brace, bracket, glob;
	bool within; /* "" */
};

static int shell_list(struct shell_in *in, char stop, struct err *e);

static int
shell_fail(struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID, "%s", what);
}

static int
shell_peek(const struct shell_in *in, size_t ahead)
{
	return in->at + ahead < in->v.len
	    ? (unsigned char)in->v.p[in->at + ahead]
	    : -1;
}

static bool
shell_is(const struct shell_in *in, const char *s)
{
	size_t n = strlen(s);

	return in->v.len - in->at >= n && memcmp(in->v.p + in->at, s, n) == 0;
}

static void
shell_command_release(struct shell_command *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->words[i].text);
	free(c->words);
	*c = (struct shell_command){ .n = 0 };
}

void
shell_release(struct shell *s)
{
	for (size_t i = 0; i < s->n; i++)
		shell_command_release(&s->at[i]);
	free(s->at);
	*s = (struct shell){ .n = 0 };
}

static void
shell_in_release(struct shell_in *in)
{
	for (size_t i = 0; i < in->n_here; i++)
		free(in->here[i].mark);
	in->n_here = 0;
}

/* ---- what is only known when it runs ---- */

/* To the closing one; commands in there are not looked for, so none may be, nor
 * quotes, in which it would not close. */
static int
shell_skip(struct shell_in *in, char open, char close, struct err *e)
{
	int deep = 1, c;

	for (; (c = shell_peek(in, 0)) != -1; in->at++) {
		if (c == '`' || (c == '$' && shell_peek(in, 1) == '('))
			return shell_fail(e, "a command within an expansion");
		if (c == '\'' || c == '"' || c == '\\')
			return shell_fail(e, "a quote within an expansion");
		if (c == open)
			deep++;
		if (c == close && --deep == 0) {
			in->at++;
			return 0;
		}
	}
	return shell_fail(e, "an expansion does not end");
}

/* $(cat <<'END' ...) is a text that is there: nothing runs by it. */
static bool
shell_is_text(const struct shell_in *in, size_t before)
{
	const struct shell_command *c;

	if (!in->literal || in->out->n != before + 1)
		return false;
	c = &in->out->at[before];
	return c->n == 1 && !c->words[0].dynamic && !c->words[0].beside &&
	    strcmp(c->words[0].text, "cat") == 0;
}

static int
shell_nested(struct shell_in *in, struct shell_text *w, struct err *e)
{
	size_t before = in->out->n;

	in->literal = false;
	/* Shells differ in where that one's text begins then. */
	if (in->n_here > 0)
		return shell_fail(e, "a command behind a here-document");
	if (++in->depth > SHELL_DEPTH_MAX)
		return shell_fail(e, "it is nested too deep");
	if (shell_list(in, ')', e) == -1)
		return -1;
	in->depth--;
	w->any = true;
	if (w->within && shell_is_text(in, before)) {
		while (view_ends(in->body, "\n"))
			in->body.len--;
		str_addv(&w->s, in->body);
		return 0;
	}
	w->dynamic = in->out->substitutes = true;
	return 0;
}

static int
shell_backtick(struct shell_in *in, struct shell_text *w, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct shell_in inner = { .out = in->out, .depth = in->depth + 1 };
	int c, rc;

	for (in->at++; (c = shell_peek(in, 0)) != -1 && c != '`'; in->at++) {
		if (c == '\\' && in->at + 1 < in->v.len &&
		    strchr("`\\$", in->v.p[in->at + 1]) != NULL)
			in->at++;
		str_addc(&text, in->v.p[in->at]);
	}
	if (c == -1)
		return shell_fail(e, "a ` does not end");
	in->at++;
	if (inner.depth > SHELL_DEPTH_MAX)
		return shell_fail(e, "it is nested too deep");
	w->any = w->dynamic = in->out->substitutes = true;
	inner.v = view_of(str_cstr(&text));
	rc = shell_list(&inner, '\0', e);
	shell_in_release(&inner);
	return rc;
}

static bool
shell_is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* At a '$'. */
static int
shell_dollar(struct shell_in *in, struct shell_text *w, struct err *e)
{
	int c = shell_peek(in, 1);

	w->any = true;
	if (c == '(' && shell_peek(in, 2) == '(') {
		in->at += 2;
		w->dynamic = true;
		in->at++;
		if (shell_skip(in, '(', ')', e) == -1)
			return -1;
		if (shell_peek(in, 0) != ')')
			return shell_fail(e, "an expansion does not end");
		in->at++;
		return 0;
	}
	if (c == '(') {
		in->at += 2;
		return shell_nested(in, w, e);
	}
	if (c == '{') {
		in->at += 2;
		w->dynamic = true;
		return shell_skip(in, '{', '}', e);
	}
	if (c == '[')
		return shell_fail(e, "$[ is not understood");
	in->at++;
	if (c != -1 && (shell_is_name(c) || strchr("@*#?$!-'\"", c) != NULL)) {
		w->dynamic = true;
		if (c == '\'' || c == '"')
			return shell_fail(e, "a $ before a quote");
		in->at++;
		while (shell_is_name(c) && shell_is_name(shell_peek(in, 0)))
			in->at++;
		return 0;
	}
	str_addc(&w->s, '$');
	return 0;
}

/* ---- words ---- */

static int
shell_single(struct shell_in *in, struct shell_text *w, struct err *e)
{
	int c;

	w->any = w->quoted = true;
	for (in->at++; (c = shell_peek(in, 0)) != -1; in->at++) {
		if (c == '\'') {
			in->at++;
			return 0;
		}
		str_addc(&w->s, (char)c);
	}
	return shell_fail(e, "a ' does not end");
}

static int
shell_double(struct shell_in *in, struct shell_text *w, struct err *e)
{
	int c;

	w->any = w->quoted = w->within = true;
	in->at++;
	while ((c = shell_peek(in, 0)) != -1 && c != '"') {
		if (c == '$' &&
		    (shell_peek(in, 1) == '"' || shell_peek(in, 1) == '\'')) {
			str_addc(&w->s, '$');
			in->at++;
		} else if (c == '$') {
			if (shell_dollar(in, w, e) == -1)
				return -1;
		} else if (c == '`') {
			if (shell_backtick(in, w, e) == -1)
				return -1;
		} else {
			if (c == '\\' && in->at + 1 < in->v.len &&
			    strchr("$`\"\\\n", in->v.p[in->at + 1]) != NULL)
				in->at++;
			str_addc(&w->s, in->v.p[in->at++]);
		}
	}
	if (c == -1)
		return shell_fail(e, "a \" does not end");
	w->within = false;
	in->at++;
	return 0;
}

static bool
shell_ends_word(int c)
{
	return c == -1 || strchr(" \t\n;&|<>()", c) != NULL;
}

static int
shell_word_part(struct shell_in *in, int c, struct shell_text *w, struct err *e)
{
	if (c == '\'')
		return shell_single(in, w, e);
	if (c == '"')
		return shell_double(in, w, e);
	if (c == '$')
		return shell_dollar(in, w, e);
	if (c == '`')
		return shell_backtick(in, w, e);
	w->any = true;
	if (c == '\\') {
		if (shell_peek(in, 1) == -1)
			return shell_fail(e, "a \\ at the end");
		in->at++;
		w->quoted = true;
	} else if (c == '[') {
		w->bracket = true;
	} else if (c == '*' || c == '?' || (c == ']' && w->bracket)) {
		w->glob = true;
	} else if (c == '{') {
		w->brace = true;
	} else if (c == ',' && w->brace) {
		w->dynamic = true; /* {a,b} is several */
	} else if (c == '.' && w->brace && shell_peek(in, 1) == '.') {
		w->dynamic = true;
	}
	str_addc(&w->s, in->v.p[in->at++]);
	return 0;
}

static int
shell_word(struct shell_in *in, char stop, struct shell_text *w, struct err *e)
{
	int c;

	w->s.max = SHELL_LINE_MAX;
	while (!shell_ends_word(c = shell_peek(in, 0)) && c != stop) {
		if (c == '\\' && shell_peek(in, 1) == '\n') {
			in->at += 2;
			continue;
		}
		if (shell_word_part(in, c, w, e) == -1)
			return -1;
	}
	return 0;
}

static int
shell_put(struct shell_in *in, struct shell_command *c, struct shell_text *w,
    bool beside, struct err *e)
{
	if (++in->out->n_words > SHELL_WORDS_MAX)
		return shell_fail(e, "it has too many words");
	c->words = xrealloc(c->words, (c->n + 1) * sizeof(*c->words));
	c->words[c->n++] = (struct shell_word){ .text = str_steal(&w->s),
		.dynamic = w->dynamic,
		.glob = w->glob,
		.beside = beside };
	return 0;
}

/* ---- files and here-documents ---- */

static int
shell_here_mark(
    struct shell_in *in, bool tabs, struct shell_text *w, struct err *e)
{
	if (in->n_here == SHELL_HERE_MAX || w->dynamic || !w->any)
		return shell_fail(e, "a here-document that is not understood");
	in->here[in->n_here++] = (struct shell_here){
		.mark = str_steal(&w->s), .quoted = w->quoted, .tabs = tabs
	};
	return 0;
}

/* The body, up to a line that is the mark. */
static int
shell_here_body(struct shell_in *in, const struct shell_here *h, struct err *e)
{
	struct view rest = view_from(in->v, in->at), line;

	in->body = (struct view){ .p = rest.p };
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct view as = line;

		in->at = (size_t)(line.p - in->v.p) + line.len;
		in->at += in->at < in->v.len ? 1 : 0;
		while (h->tabs && view_starts(as, "\t"))
			as = view_from(as, 1);
		if (view_is(as, h->mark))
			return 0;
		in->body.len = (size_t)(in->v.p + in->at - in->body.p);
		if (h->quoted)
			continue;
		for (size_t i = 0; i < line.len; i++)
			if (line.p[i] == '`' || line.p[i] == '$')
				return shell_fail(
				    e, "an expansion in a here-document");
	}
	return shell_fail(e, "a here-document does not end");
}

static int
shell_here_bodies(struct shell_in *in, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < in->n_here; i++) {
		if (rc == 0)
			rc = shell_here_body(in, &in->here[i], e);
		in->literal = in->here[i].quoted && !in->here[i].tabs;
		free(in->here[i].mark);
	}
	in->n_here = 0;
	return rc;
}

static int
shell_target(
    struct shell_in *in, char stop, struct shell_command *c, struct err *e)
{
	struct shell_text w = { .s = STR_INIT };
	bool here = shell_is(in, "<<") && !shell_is(in, "<<<"), tabs = false;
	int rc;

	c->fed = c->fed || shell_is(in, "<<");

	while (shell_peek(in, 0) != -1 &&
	    strchr("<>&|", shell_peek(in, 0)) != NULL)
		in->at++;
	if (here && shell_peek(in, 0) == '-') {
		tabs = true;
		in->at++;
	}
	while (shell_peek(in, 0) == ' ' || shell_peek(in, 0) == '\t')
		in->at++;
	rc = shell_word(in, stop, &w, e);
	if (rc == 0 && !w.any)
		rc = shell_fail(e, "a < or > without a file");
	if (rc == 0)
		rc = here ? shell_here_mark(in, tabs, &w, e)
			  : shell_put(in, c, &w, true, e);
	str_release(&w.s);
	return rc;
}

/* At one of < > &>: a process, or a file. */
static int
shell_redirect(
    struct shell_in *in, char stop, struct shell_command *c, struct err *e)
{
	struct shell_text w = { .s = STR_INIT };
	int rc;

	if (shell_peek(in, 0) == '&' || shell_peek(in, 1) != '(')
		return shell_target(in, stop, c, e);
	in->at += 2;
	rc = shell_nested(in, &w, e);
	w.dynamic = in->out->substitutes = true;
	if (rc == 0)
		rc = shell_put(in, c, &w, false, e);
	str_release(&w.s);
	return rc;
}

/* ---- commands ---- */

static bool
shell_among(const char *const *list, const struct shell_text *w)
{
	for (; *list != NULL; list++)
		if (!w->quoted && !w->dynamic &&
		    strcmp(*list, str_cstr(&w->s)) == 0)
			return true;
	return false;
}

static bool
shell_is_assignment(const struct shell_text *w)
{
	const char *s = str_cstr(&w->s);
	size_t n = 0;

	while (shell_is_name((unsigned char)s[n]))
		n++;
	return n > 0 && (s[0] < '0' || s[0] > '9') &&
	    (s[n] == '=' || (s[n] == '+' && s[n + 1] == '='));
}

static bool
shell_has_program(const struct shell_command *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->words[i].beside)
			return true;
	return false;
}

/* A word where a program may stand. */
static int
shell_first(struct shell_in *in, struct shell_command *c, struct shell_text *w,
    struct err *e)
{
	static const char *const blocks[] = { "if", "while", "until", "for",
		"{", NULL };
	static const char *const passed[] = { "if", "then", "else", "elif",
		"fi", "do", "done", "while", "until", "!", "{", "}", NULL };
	static const char *const never[] = { "case", "esac", "function",
		"select", "coproc", "alias", "trap", NULL };

	in->block = in->block || (c->piped && shell_among(blocks, w));
	if (shell_among(passed, w))
		return 0;
	if (shell_among(never, w))
		return err_set(
		    e, ERR_INVALID, "%s is not understood", str_cstr(&w->s));
	return shell_put(in, c, w, shell_is_assignment(w), e);
}

static int
shell_take(
    struct shell_in *in, char stop, struct shell_command *c, struct err *e)
{
	struct shell_text w = { .s = STR_INIT };
	int rc = shell_word(in, stop, &w, e);

	if (rc == 0 && shell_peek(in, 0) == '(' && stop != '(')
		rc = shell_fail(e, "a function or a pattern");
	if (rc == 0 && w.any)
		rc = shell_has_program(c) ? shell_put(in, c, &w, false, e)
					  : shell_first(in, c, &w, e);
	str_release(&w.s);
	return rc;
}

/* Its number, as in 2>file, is no argument. */
static void
shell_drop_number(const struct shell_in *in, struct shell_command *c)
{
	const struct shell_word *w = c->n > 0 ? &c->words[c->n - 1] : NULL;

	if (w == NULL || w->dynamic || w->beside || in->at == 0 ||
	    w->text[0] < '0' || w->text[0] > '9' || w->text[1] != '\0' ||
	    in->v.p[in->at - 1] != w->text[0])
		return;
	free(w->text);
	c->n--;
}

static int
shell_end(
    struct shell_in *in, struct shell_command *c, bool piped, struct err *e)
{
	struct shell *s = in->out;

	if (c->n > 0) {
		if (s->n == SHELL_COMMANDS_MAX)
			return shell_fail(e, "it has too many commands");
		s->at = xrealloc(s->at, (s->n + 1) * sizeof(*s->at));
		s->at[s->n++] = *c;
	}
	*c = (struct shell_command){ .piped = piped || in->block };
	return 0;
}

/* Between two commands. */
static int
shell_operator(struct shell_in *in, struct shell_command *c, struct err *e)
{
	int ch = shell_peek(in, 0);
	bool pipe = ch == '|' && shell_peek(in, 1) != '|';

	in->at++;
	if (shell_peek(in, 0) == ch || (pipe && shell_peek(in, 0) == '&'))
		in->at += ch == '\n' || ch == '(' || ch == ')' ? 0 : 1;
	if (shell_end(in, c, pipe, e) == -1)
		return -1;
	return ch == '\n' ? shell_here_bodies(in, e) : 0;
}

/* ( ... ): what it reads, each command in it may read. */
static int
shell_group(struct shell_in *in, struct shell_command *c, struct err *e)
{
	size_t before = in->out->n;

	if (c->n > 0)
		return shell_fail(e, "a ( within a command");
	if (++in->depth > SHELL_DEPTH_MAX)
		return shell_fail(e, "it is nested too deep");
	in->at++;
	if (shell_list(in, ')', e) == -1)
		return -1;
	in->depth--;
	for (size_t i = before; c->piped && i < in->out->n; i++)
		in->out->at[i].piped = true;
	return 0;
}

static int
shell_one(
    struct shell_in *in, char stop, struct shell_command *c, struct err *e)
{
	int ch = shell_peek(in, 0);

	if (ch == ' ' || ch == '\t') {
		in->at++;
		return 0;
	}
	if (ch == '#') {
		while (shell_peek(in, 0) != -1 && shell_peek(in, 0) != '\n')
			in->at++;
		return 0;
	}
	if (ch == '<' || ch == '>' || shell_is(in, "&>")) {
		shell_drop_number(in, c);
		return shell_redirect(in, stop, c, e);
	}
	if (ch == '(')
		return shell_group(in, c, e);
	if (ch == ')')
		return shell_fail(e, "a ) too many");
	return strchr(";&|\n", ch) != NULL ? shell_operator(in, c, e)
					   : shell_take(in, stop, c, e);
}

/* Past `stop`; '\0': to the end. */
static int
shell_list(struct shell_in *in, char stop, struct err *e)
{
	struct shell_command c = { .n = 0 };
	int rc = 0, ch;

	while (rc == 0 && (ch = shell_peek(in, 0)) != -1 &&
	    (stop == '\0' || ch != stop))
		rc = shell_one(in, stop, &c, e);
	if (rc == 0 && in->n_here > 0 && stop == '\0')
		rc = shell_fail(e, "a here-document does not end");
	if (rc == 0 && stop != '\0' && shell_peek(in, 0) == -1)
		rc = shell_fail(e, "a ( does not end");
	if (rc == 0)
		rc = shell_end(in, &c, false, e);
	if (stop != '\0')
		in->at++;
	shell_command_release(&c);
	return rc;
}

int
shell_parse(struct view line, struct shell *out, struct err *e)
{
	struct shell_in in = { .out = out, .v = line };
	int rc;

	*out = (struct shell){ .n = 0 };
	if (line.len > SHELL_LINE_MAX)
		return shell_fail(e, "it is too long");
	if (line.len > 0 && memchr(line.p, '\0', line.len) != NULL)
		return shell_fail(e, "a zero byte");
	rc = shell_list(&in, '\0', e);
	shell_in_release(&in);
	if (rc == -1)
		shell_release(out);
	return rc;
}
