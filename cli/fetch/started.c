#include "cli/fetch/started.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"

enum {
	STARTED_DEPTH_MAX = 8,    /* of texts in texts */
	STARTED_TEXTS_MAX = 2000, /* in all */
	STARTED_TOLD_MAX = 5000,
	STARTED_VARS_MAX = 64,
	STARTED_NAME_MAX = 40,
	STARTED_VALUE_MAX = 4096,
	STARTED_WORD_MAX = 64 << 10
};

enum started_mode {
	MODE_COMMAND,
	MODE_ARGS,   /* of what is no interpreter */
	MODE_RUN,    /* of one */
	MODE_OPTION, /* the argument of one of its options */
	MODE_LOAD,   /* the same, that it runs, too (node -r) */
	MODE_MODULE, /* behind python's -m */
	MODE_TEXT,   /* behind sh -c, eval, trap */
	MODE_FOLDER, /* of run-parts */
	MODE_CD,
	MODE_FOR,
	MODE_IN,
	MODE_CASE,
	MODE_PATTERN
};

struct started_var {
	char name[STARTED_NAME_MAX];
	struct str value; /* of a `for`: one a line */
};

struct started {
	started_fn *fn;
	void *arg;
	struct started_var vars[STARTED_VARS_MAX];
	size_t nvars;
	struct str cwd;
	int texts, told;
};

/* One text of it. */
struct started_text {
	struct started *s;
	struct view rest;
	enum started_mode mode;
	bool python;
	bool drop;   /* the next word is a redirection's */
	bool option; /* the next word is that of an option before the command */
	bool evals;  /* each word behind it is a text */
	int depth, cases;
	struct str here; /* the end of a text that comes with the next line */
	bool here_runs;
	struct started_var *loop;
};

static void started_text(struct started *s, struct view text, int depth);

static bool
started_is(const char *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static struct started_var *
started_var(struct started *s, struct view name, bool make)
{
	for (size_t i = 0; i < s->nvars; i++)
		if (view_is(name, s->vars[i].name))
			return &s->vars[i];
	if (!make || s->nvars == STARTED_VARS_MAX ||
	    name.len >= STARTED_NAME_MAX)
		return NULL;
	memcpy(s->vars[s->nvars].name, name.p, name.len);
	s->vars[s->nvars].value = STR_INIT_MAX(STARTED_VALUE_MAX);
	return &s->vars[s->nvars++];
}

static size_t
started_name_len(struct view v)
{
	size_t n = 0;

	while (n < v.len && (isalnum((unsigned char)v.p[n]) || v.p[n] == '_'))
		n++;
	return n > 0 && isdigit((unsigned char)v.p[0]) ? 1 : n;
}

static void
started_add_var(struct started *s, struct view name, struct str *out)
{
	const struct started_var *v = started_var(s, name, false);

	if (view_is(name, "HOME"))
		str_addc(out, '~');
	else if (v == NULL || !str_ok(&v->value))
		str_addc(out, '$');
	else
		str_addv(out, str_view(&v->value));
}

/* To the parenthesis that closes, or the end. */
static size_t
started_inner(struct view v, int depth)
{
	bool quoted = false;
	int open = 1;
	size_t i = 0;

	for (; i < v.len; i++) {
		const char c = v.p[i];

		if (c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == '$' && i + 1 < v.len && v.p[i + 1] == '(' &&
		    quoted && depth < STARTED_DEPTH_MAX) {
			i += 2;
			i += started_inner(view_from(v, i), depth + 1);
		} else if (quoted) {
			continue;
		} else if (c == '\'') {
			const char *end = memchr(
			    v.p + i + 1, '\'', v.len - i - 1);

			if (end != NULL)
				i = (size_t)(end - v.p);
		} else if (c == '(') {
			open++;
		} else if (c == ')' && --open == 0) {
			return i;
		}
	}
	return v.len;
}

/* Behind a `$`. */
static void
started_expand(struct started_text *t, struct str *out)
{
	struct view name;
	size_t n;

	t->rest = view_from(t->rest, 1);
	if (t->rest.len == 0 || strchr("\"' \t\n", t->rest.p[0]) != NULL) {
		str_addc(out, '$');
	} else if (t->rest.p[0] == '(') {
		t->rest = view_from(t->rest, 1);
		n = started_inner(t->rest, 0);
		started_text(t->s, (struct view){ t->rest.p, n }, t->depth + 1);
		t->rest = view_from(t->rest, n + 1);
		str_addc(out, '$');
	} else if (t->rest.p[0] == '{') {
		const char *end = memchr(t->rest.p, '}', t->rest.len);

		t->rest = view_from(t->rest, 1);
		n = started_name_len(t->rest);
		name = (struct view){ t->rest.p, n };
		if (n < t->rest.len && t->rest.p[n] == '}')
			started_add_var(t->s, name, out);
		else
			str_addc(out, '$');
		t->rest = view_from(
		    t->rest, end == NULL ? n : (size_t)(end + 1 - t->rest.p));
	} else {
		n = started_name_len(t->rest);
		name = (struct view){ t->rest.p, n };
		if (n == 0)
			str_addc(out, '$');
		else
			started_add_var(t->s, name, out);
		t->rest = view_from(t->rest, n == 0 ? 1 : n);
	}
}

static void
started_backtick(struct started_text *t, struct str *out)
{
	const char *end;

	t->rest = view_from(t->rest, 1);
	end = memchr(t->rest.p, '`', t->rest.len);
	if (end == NULL)
		return;
	started_text(t->s,
	    (struct view){ t->rest.p, (size_t)(end - t->rest.p) },
	    t->depth + 1);
	t->rest = view_from(t->rest, (size_t)(end + 1 - t->rest.p));
	str_addc(out, '$');
}

static void
started_quoted(struct started_text *t, struct str *out)
{
	t->rest = view_from(t->rest, 1);
	while (t->rest.len > 0 && t->rest.p[0] != '"') {
		if (t->rest.p[0] == '$') {
			started_expand(t, out);
		} else if (t->rest.p[0] == '`') {
			started_backtick(t, out);
		} else {
			if (t->rest.p[0] == '\\' && t->rest.len > 1 &&
			    strchr("$`\"\\", t->rest.p[1]) != NULL)
				t->rest = view_from(t->rest, 1);
			str_addc(out, t->rest.p[0]);
			t->rest = view_from(t->rest, 1);
		}
	}
	t->rest = view_from(t->rest, 1);
}

/* A quote that nothing closes is a letter. */
static bool
started_closes(struct view v)
{
	return memchr(v.p + 1, v.p[0], v.len - 1) != NULL;
}

static void
started_word(struct started_text *t, struct str *out)
{
	while (t->rest.len > 0 &&
	    memchr(" \t\r\n;&|()<>", t->rest.p[0], 11) == NULL) {
		const char c = t->rest.p[0];

		if (c == '$') {
			started_expand(t, out);
		} else if (c == '`') {
			started_backtick(t, out);
		} else if (c == '"' && started_closes(t->rest)) {
			started_quoted(t, out);
		} else if (c == '\'' && started_closes(t->rest)) {
			struct view in = view_from(t->rest, 1);

			(void)view_split(&in, '\'', &t->rest);
			str_addv(out, t->rest);
			t->rest = in.p == NULL ? view_of("") : in;
		} else {
			if (c == '\\' && t->rest.len > 1)
				t->rest = view_from(t->rest, 1);
			if (c != '\\' || t->rest.p[0] != '\n')
				str_addc(out, t->rest.p[0]);
			t->rest = view_from(t->rest, 1);
		}
	}
}

/* A variable of a loop has many. */
static void
started_emit(struct started_text *t, enum started_kind kind, const char *word)
{
	struct view rest = view_of(word), one;

	while (rest.len > 0 && view_split(&rest, '\n', &one)) {
		AUTO_FREE char *name = view_dup(one);

		if (name[0] != '\0' && t->s->told++ < STARTED_TOLD_MAX)
			t->s->fn(kind, str_cstr(&t->s->cwd), name, t->s->arg);
	}
}

static bool
started_is_runner(struct started_text *t, const char *word)
{
	static const char *const list[] = { "sh", "bash", "dash", "zsh", "ksh",
		"ash", "node", "nodejs", "deno", "bun", "tsx", "ts-node",
		"perl", "ruby", "php", "lua", "pwsh", ".", "source", NULL };

	t->python = strncmp(word, "python", 6) == 0 ||
	    strncmp(word, "pypy", 4) == 0;
	return (t->python && strchr(word, '/') == NULL) ||
	    started_is(list, word);
}

/* NAME=VALUE; true: it was one. */
static bool
started_set(struct started *s, const char *word)
{
	const size_t n = started_name_len(view_of(word));
	struct started_var *v;

	if (n == 0 || word[n] != '=')
		return false;
	v = started_var(s, (struct view){ word, n }, true);
	if (v != NULL) {
		str_reset(&v->value);
		str_add(&v->value, word + n + 1);
	}
	return true;
}

static enum started_mode
started_command(struct started_text *t, const char *word)
{
	/* Behind these a command comes. */
	static const char *const before[] = { "then", "do", "else", "elif",
		"if", "while", "until", "!", "{", "}", "exec", "command",
		"builtin", "time", "nohup", "env", "sudo", "doas", "xargs",
		"nice", "ionice", "setsid", "stdbuf", "timeout", "export",
		"local", "readonly", "declare", "typeset", "npx", "bunx", "uv",
		"uvx", "poetry", "pipenv", "bundle", "run", NULL };
	static const char *const texts[] = { "eval", "trap", NULL };
	const char *base = word[0] == '/' ? strrchr(word, '/') + 1 : word;

	if (t->option) {
		t->option = false;
		return MODE_COMMAND;
	}
	if (word[0] == '-') {
		t->option = strlen(word) == 2 &&
		    strchr("ugnskPIL", word[1]) != NULL;
		return MODE_COMMAND;
	}
	if (started_set(t->s, word) || started_is(before, base) ||
	    (isdigit((unsigned char)word[0]) && strchr(word, '/') == NULL))
		return MODE_COMMAND;
	if (started_is_runner(t, base))
		return MODE_RUN;
	t->evals = started_is(texts, word);
	if (t->evals)
		return MODE_TEXT;
	if (strcmp(word, "cd") == 0 || strcmp(word, "pushd") == 0)
		return MODE_CD;
	if (strcmp(word, "for") == 0)
		return MODE_FOR;
	if (strcmp(word, "case") == 0)
		return MODE_CASE;
	if (strcmp(word, "run-parts") == 0)
		return MODE_FOLDER;
	if (strchr(word, '/') != NULL)
		started_emit(t, STARTED_FILE, word);
	return MODE_ARGS;
}

static enum started_mode
started_run(struct started_text *t, const char *word)
{
	static const char *const loads[] = { "-r", "--require", "--import",
		"--loader", NULL };
	static const char *const more[] = { "-W", "-X", "-o", NULL };
	const size_t n = strlen(word);

	if (started_is(loads, word))
		return MODE_LOAD;
	if (strcmp(word, "run") == 0)
		return MODE_RUN;
	if (started_is(more, word))
		return MODE_OPTION;
	if (t->python && strcmp(word, "-m") == 0)
		return MODE_MODULE;
	if (word[0] == '-' && word[1] != '-' && word[n - 1] == 'c')
		return t->python ? MODE_ARGS : MODE_TEXT;
	if (strcmp(word, "-") == 0 || strcmp(word, "-e") == 0)
		return word[1] == '\0' ? MODE_ARGS : MODE_RUN;
	if (word[0] == '-' || word[0] == '+' || word[0] == '\0')
		return MODE_RUN;
	started_emit(t, STARTED_FILE, word);
	return MODE_ARGS;
}

static enum started_mode
started_cd(struct started *s, const char *word)
{
	if (word[0] == '-')
		return MODE_CD;
	if (word[0] == '/' || word[0] == '$' || word[0] == '~')
		str_reset(&s->cwd);
	else if (s->cwd.len > 0)
		str_addc(&s->cwd, '/');
	str_add(&s->cwd, word);
	return MODE_ARGS;
}

static enum started_mode
started_for(struct started_text *t, const char *word)
{
	t->loop = started_var(t->s, view_of(word), true);
	if (t->loop != NULL)
		str_reset(&t->loop->value);
	return MODE_IN;
}

static enum started_mode
started_in(struct started_text *t, const char *word)
{
	if (t->loop != NULL &&
	    (t->loop->value.len > 0 || strcmp(word, "in") != 0))
		str_addf(&t->loop->value, "%s%s",
		    t->loop->value.len > 0 ? "\n" : "", word);
	return MODE_IN;
}

static enum started_mode
started_next(struct started_text *t, const char *word)
{
	switch (t->mode) {
	case MODE_COMMAND:
		return started_command(t, word);
	case MODE_RUN:
		return started_run(t, word);
	case MODE_LOAD:
		started_emit(t, STARTED_FILE, word);
		return MODE_RUN;
	case MODE_OPTION:
		return MODE_RUN;
	case MODE_MODULE:
		started_emit(t, STARTED_MODULE, word);
		return MODE_ARGS;
	case MODE_TEXT:
		started_text(t->s, view_of(word), t->depth + 1);
		return t->evals ? MODE_TEXT : MODE_ARGS;
	case MODE_FOLDER:
		if (word[0] != '-')
			started_emit(t, STARTED_FOLDER, word);
		return MODE_FOLDER;
	case MODE_CD:
		return started_cd(t->s, word);
	case MODE_FOR:
		return started_for(t, word);
	case MODE_IN:
		return started_in(t, word);
	case MODE_CASE:
		if (strcmp(word, "in") != 0)
			return MODE_CASE;
		t->cases++;
		return MODE_PATTERN;
	case MODE_PATTERN:
		if (strcmp(word, "esac") != 0)
			return MODE_PATTERN;
		t->cases--;
		return MODE_ARGS;
	case MODE_ARGS:
		break;
	}
	return MODE_ARGS;
}

/* The text that a `<<` put here, up to its end. */
static void
started_here(struct started_text *t)
{
	const char *from = t->rest.p;
	struct view line, body = { from, 0 };

	while (t->rest.len > 0 && view_split(&t->rest, '\n', &line)) {
		if (view_is(view_trim(line), str_cstr(&t->here)))
			break;
		body.len = (size_t)(line.p + line.len - from);
	}
	str_reset(&t->here);
	if (t->here_runs)
		started_text(t->s, body, t->depth + 1);
}

static void
started_redirect(struct started_text *t)
{
	const char c = t->rest.p[0];
	size_t n = 0;

	while (n < t->rest.len && t->rest.p[n] == c)
		n++;
	t->rest = view_from(t->rest, n);
	if (t->rest.len > 0 && t->rest.p[0] == '(')
		return;
	if (c == '<' && n == 2) {
		if (t->rest.len > 0 && t->rest.p[0] == '-')
			t->rest = view_from(t->rest, 1);
		t->rest = view_trim(t->rest);
		str_reset(&t->here);
		started_word(t, &t->here);
		t->here_runs = t->mode == MODE_RUN && !t->python;
		return;
	}
	while (t->rest.len > 0 && strchr("&|", t->rest.p[0]) != NULL)
		t->rest = view_from(t->rest, 1);
	/* A shell runs what it reads. */
	t->drop = !(c == '<' && n == 1 && t->mode == MODE_RUN);
}

static void
started_separator(struct started_text *t)
{
	const char c = t->rest.p[0];
	bool twice = t->rest.len > 1 && c == ';' &&
	    (t->rest.p[1] == ';' || t->rest.p[1] == '&');

	t->rest = view_from(t->rest, twice ? 2 : 1);
	t->drop = t->option = false;
	if (c == '\n' && t->here.len > 0)
		started_here(t);
	if (t->mode == MODE_CASE || (t->mode == MODE_PATTERN && c != ')'))
		return;
	t->mode = twice && t->cases > 0 ? MODE_PATTERN : MODE_COMMAND;
}

static void
started_step(struct started_text *t)
{
	AUTO_STR struct str word = STR_INIT_MAX(STARTED_WORD_MAX);

	started_word(t, &word);
	if (t->drop)
		t->drop = false;
	else if (str_ok(&word))
		t->mode = started_next(t, str_cstr(&word));
}

static void
started_comment(struct started_text *t)
{
	const char *end = memchr(t->rest.p, '\n', t->rest.len);

	t->rest = end == NULL ? view_of("")
			      : view_from(t->rest, (size_t)(end - t->rest.p));
}

static void
started_text(struct started *s, struct view text, int depth)
{
	struct started_text t = { .s = s, .rest = text, .depth = depth };

	if (depth > STARTED_DEPTH_MAX || ++s->texts > STARTED_TEXTS_MAX)
		return;
	while (t.rest.len > 0) {
		const char c = t.rest.p[0];

		if (c == ' ' || c == '\t' || c == '\r')
			t.rest = view_from(t.rest, 1);
		else if (c == '\\' && t.rest.len > 1 && t.rest.p[1] == '\n')
			t.rest = view_from(t.rest, 2);
		else if (c == '#')
			started_comment(&t);
		else if (c == '<' || c == '>')
			started_redirect(&t);
		else if (strchr("\n;&|()", c) != NULL && c != '\0')
			started_separator(&t);
		else if (c == '\0')
			t.rest = view_from(t.rest, 1);
		else
			started_step(&t);
	}
	str_release(&t.here);
}

void
started_scan(struct view text, started_fn *fn, void *arg)
{
	struct started *s = xcalloc(1, sizeof(*s));

	s->fn = fn;
	s->arg = arg;
	s->cwd = STR_INIT_MAX(STARTED_VALUE_MAX);
	started_text(s, text, 0);
	for (size_t i = 0; i < s->nvars; i++)
		str_release(&s->vars[i].value);
	str_release(&s->cwd);
	free(s);
}
