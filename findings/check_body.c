#include "findings/check_body.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/str.h"

struct check_body *
check_body_new(struct findings *out)
{
	struct check_body *b = xcalloc(1, sizeof(*b));

	b->out = out;
	b->words = scan_words_new(check_words_word);
	return b;
}

void
check_body_free(struct check_body *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->hosts_n; i++)
		free(b->hosts[i].file);
	check_free_packs(b);
	str_release(&b->joined);
	scan_words_free(b->words);
	free(b);
}

uint64_t
check_hash(struct view v)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < v.len; i++)
		h = (h ^ (unsigned char)v.p[i]) * 0x100000001b3u;
	return h;
}

/* Has this rule something new to say of the file at hand? */
static bool
check_may_say(struct check_body *b, const char *id, uint32_t line)
{
	struct check_said *s = NULL;

	findings_point(b->out, b->point);
	b->point = 0;
	for (size_t i = 0; i < b->said_n && s == NULL; i++)
		if (strcmp(b->said[i].id, id) == 0)
			s = &b->said[i];
	if (s == NULL) {
		if (b->said_n == CHECK_SAID_MAX)
			return true;
		s = &b->said[b->said_n++];
		*s = (struct check_said){ .id = id };
	} else if (line != 0 && s->line == line) {
		return false;
	}
	s->line = line;
	return s->n++ < FINDING_PER_FILE;
}

void
check_say(
    struct check_body *b, const char *id, uint32_t line, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(FINDING_TEXT_MAX);
	va_list ap;

	if (!check_may_say(b, id, line))
		return;
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	finding_add(b->out, id, b->file->path, line, "%s", str_cstr(&text));
}

void
check_note(struct check_body *b, const char *id, const char *path,
    uint32_t line, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(FINDING_TEXT_MAX);
	va_list ap;

	if (b->notes >= CHECK_NOTES_MAX || !check_may_say(b, id, line))
		return;
	b->notes++;
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	finding_add(b->out, id, path, line, "%s", str_cstr(&text));
}

void
check_body_enter(struct check_body *b, struct check_file *file, char status)
{
	check_body_leave(b);
	b->file = file;
	b->traits = check_traits(file->path);
	b->status = status;
	b->said_n = b->limits_n = b->kept_n = 0;
	b->tags = 0;
	b->decode_line = b->pem_line = b->case_last = 0;
	b->case_head = b->case_gone = false;
	check_join_reset(b);
	memset(b->asserts, 0, sizeof(b->asserts));
	memset(b->cases, 0, sizeof(b->cases));
	memset(b->licences, 0, sizeof(b->licences));
	memset(b->pins, 0, sizeof(b->pins));
	memset(b->steps, 0, sizeof(b->steps));
}

void
check_body_script(struct check_body *b, bool by_head)
{
	if (by_head)
		b->traits &= ~(unsigned)(CHECK_IS_DOC | CHECK_IS_DATA);
	b->traits |= CHECK_IS_CODE | CHECK_IS_SHELL;
}

static void
check_on_name(size_t i, size_t end, void *arg)
{
	bool *talks = arg;

	(void)end;
	*talks = *talks || check_words_talk(i);
}

/* A name is shown to who reviews: what it says counts as text. */
static void
check_change_name(struct check_body *b, const struct scan_change *c)
{
	char text[SCAN_PATH_MAX];
	size_t n = strnlen(c->path, sizeof(text));
	bool talks = false;

	for (size_t i = 0; i < n; i++)
		text[i] = strchr("-_./+", c->path[i]) == NULL ? c->path[i]
							      : ' ';
	if (c->status == 'D')
		return;
	scan_words_find(
	    b->words, (struct view){ text, n }, check_on_name, &talks);
	if (!talks)
		scan_words_find(
		    b->words, view_of(c->path), check_on_name, &talks);
	if (talks)
		finding_add(b->out, "prompt-injection", c->path, 0,
		    "its name talks to a reviewing model");
}

void
check_body_change(struct check_body *b, const struct scan_change *c)
{
	check_change_name(b, c);
	check_change_content(b, c);
	check_change_packs(b, c);
	check_change_foreign(b, c);
}

static bool
check_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool
check_edges_ok(struct view text, size_t start, size_t end, unsigned edges)
{
	char before = '\0';

	if (start > 0)
		before = text.p[start - 1];
	if ((edges & CHECK_EDGE_BEFORE) && check_is_word(before))
		return false;
	if ((edges & CHECK_EDGE_UPPER) &&
	    !isupper((unsigned char)text.p[start]))
		return false;
	if ((edges & CHECK_EDGE_NODOT) && before == '.')
		return false;
	if ((edges & CHECK_EDGE_AFTER) && end < text.len &&
	    check_is_word(text.p[end]))
		return false;
	for (size_t i = 0; (edges & CHECK_EDGE_START) && i < start; i++)
		if (isalnum((unsigned char)text.p[i]))
			return false;
	return true;
}

/* Is the word one for a file like this? */
static bool
check_is_where(const struct check_body *b, const struct check_word *w)
{
	unsigned traits = b->traits;

	if (traits & CHECK_IS_UNKNOWN)
		traits |= CHECK_IS_CODE;
	return w->where == 0 || (w->where & traits) != 0;
}

/* A text does not run, and yet somebody may run what it says. */
static void
check_told_word(struct check_body *b, const struct check_word *w)
{
	if (!(b->traits & CHECK_IS_DOC) || (b->traits & CHECK_RUNS) ||
	    b->line->kind != '+')
		return;
	b->line_told |= w->tags & (CHECK_TAG_DECODE | CHECK_TAG_EVAL);
	if (w->id != NULL && strcmp(w->id, "remote-shell") == 0)
		check_say(b, "shell-socket", b->line->line, "the text has %s",
		    w->what);
}

/* Of this line or a later one, and so of one that is joined here? */
static bool
check_was_said(const struct check_body *b, const char *id, uint32_t line)
{
	for (size_t i = 0; i < b->said_n; i++)
		if (strcmp(b->said[i].id, id) == 0)
			return b->said[i].line >= line;
	return false;
}

static void
check_on_word(size_t i, size_t end, void *arg)
{
	struct check_body *b = arg;
	const struct check_word *w = check_word_at(i);
	size_t start = end - strlen(check_words_word(i));

	if (!check_edges_ok(b->line->text, start, end, w->edges))
		return;
	if (!check_is_where(b, w)) {
		check_told_word(b, w);
		return;
	}
	b->line_tags |= w->tags;
	b->point = start;
	if (w->id == NULL || b->line->kind != '+' ||
	    (b->traits & CHECK_IS_LOCK) ||
	    (b->joining && check_was_said(b, w->id, b->joined_first)))
		return;
	check_say(b, w->id, b->line->line, "%s", w->what);
}

/* What several words of one line say together. */
static void
check_line_tags(struct check_body *b)
{
	unsigned told = b->line_tags | b->line_told, t;
	uint32_t line = b->line->line;

	check_pipe_files(b, told);
	told |= check_pipe_tags(b, told);
	t = b->line_tags | (told & CHECK_TAG_SHELL);

	if ((t & CHECK_TAG_DOWNLOAD) && (b->traits & CHECK_IS_BUILD))
		check_say(
		    b, "build-download", line, "a build fetches something");
	if ((t & CHECK_TAG_DECODE) && (t & (CHECK_TAG_EVAL | CHECK_TAG_SHELL)))
		check_say(b, "decode-and-run", line,
		    "something encoded is decoded and run");
	else if ((told & CHECK_TAG_DECODE) &&
	    (told & (CHECK_TAG_EVAL | CHECK_TAG_SHELL)))
		check_say(b, "obfuscated", line,
		    "a text has something encoded that is decoded and run");
	else if ((t & CHECK_TAG_DOWNLOAD) && (t & CHECK_TAG_SHELL))
		check_say(
		    b, "pipe-to-shell", line, "a download is piped to a shell");
	if ((t & CHECK_TAG_DECODE) && (t & CHECK_TAG_RUN))
		check_say(b, "obfuscated", line,
		    "something is decoded where a program is run");
	if (t & CHECK_TAG_BREAK)
		check_line_escapes(b);
	if ((t & CHECK_TAG_NET) && (t & CHECK_TAG_ENV))
		check_say(b, "env-sent", line,
		    "the environment and a connection in one line");
	if ((t & CHECK_TAG_NET) && (t & CHECK_TAG_PRIVATE))
		check_say(b, "exfiltration", line,
		    "credentials and a connection in one line");
	if ((t & (CHECK_TAG_EVAL | CHECK_TAG_RUN)) &&
	    (b->traits & CHECK_IS_CODE) && !(b->traits & CHECK_IS_TEST))
		check_note(b, "dynamic-code", b->file->path, line,
		    "text or another program is run");
	if ((t & CHECK_TAG_DECODE) && b->decode_line == 0)
		b->decode_line = line;
	b->tags |= t;
}

/* What a shell reads as one line says more than its parts do. */
static void
check_whole_line(struct check_body *b, const struct scan_line *whole)
{
	const struct scan_line *line = b->line;
	unsigned tags = b->line_tags, told = b->line_told;

	b->line = whole;
	b->line_tags = b->joined_tags;
	b->line_told = 0;
	b->joining = true;
	findings_look_at(b->out, whole->text);
	scan_words_find(b->words, whole->text, check_on_word, b);
	check_line_tags(b);
	check_join_next(b, b->line_tags | b->line_told);
	findings_look_at(b->out, (struct view){ .p = NULL });
	b->joining = false;
	b->line = line;
	b->line_tags = tags;
	b->line_told = told;
}

static void
check_line_joined(struct check_body *b)
{
	const struct scan_line *line = b->line;
	struct scan_line whole;

	if (check_join_fold(b, line, &whole))
		check_whole_line(b, &whole);
	if (b->joined_fold == 0 && check_join_line(b, &whole))
		check_whole_line(b, &whole);
	findings_look_at(b->out, line->text);
}

static void
check_new_line(struct check_body *b)
{
	const struct scan_line *l = b->line;

	if (!b->file->binary && !(b->traits & CHECK_RUNS) &&
	    memchr(l->text.p, '\0', l->text.len) != NULL) {
		b->file->binary = true;
		check_say(b, "binary", 0, "the content is binary");
	}
	/* A NUL hides from no rule what a program is not stopped by. */
	if (b->file->binary) {
		scan_words_find(b->words, l->text, check_on_word, b);
		check_line_tags(b);
		check_line_secret(b);
		return;
	}
	check_line_unicode(b);
	check_line_long(b);
	check_line_names(b);
	scan_words_find(b->words, l->text, check_on_word, b);
	check_line_tags(b);
	check_line_secret(b);
	check_line_hosts(b);
	check_line_tests(b);
	if (b->traits & (CHECK_IS_CI | CHECK_IS_DOCKER))
		check_line_ci(b);
	check_line_joined(b);
}

/* What goes away is read for what it was good for. */
static void
check_old_line(struct check_body *b)
{
	scan_words_find(b->words, b->line->text, check_on_word, b);
	check_line_names(b);
	check_line_secret(b);
	check_line_hosts(b);
	check_line_tests(b);
	if (b->traits & (CHECK_IS_CI | CHECK_IS_DOCKER))
		check_line_ci(b);
}

/* It stands between no two lines. */
static void
check_blank_line(struct check_body *b, uint32_t line)
{
	if (line == b->case_last + 1)
		b->case_last = line;
	check_join_blank(b, line);
}

void
check_body_line(struct check_body *b, const struct scan_line *l)
{
	if (b->file == NULL || b->file->opaque)
		return;
	if (l->text.len == 0) {
		if (l->kind == '+')
			check_blank_line(b, l->line);
		return;
	}
	b->line = l;
	b->line_tags = b->line_told = 0;
	b->point = 0;
	b->longest = l->text.len; /* check_line_long knows better */
	if (l->kind == '+')
		check_new_line(b);
	else if (l->kind == '-')
		check_old_line(b);
}

void
check_body_leave(struct check_body *b)
{
	struct scan_line whole;

	if (b->file == NULL)
		return;
	if (check_join_fold(b, NULL, &whole))
		check_whole_line(b, &whole);
	if ((b->tags & CHECK_TAG_DECODE) && (b->tags & CHECK_TAG_EVAL) &&
	    !(b->traits & CHECK_IS_TEST))
		check_say(b, "obfuscated", b->decode_line,
		    "the file decodes something and runs something");
	check_file_tests(b);
	b->file = NULL;
}

void
check_body_forget(struct check_body *b)
{
	if (b->names_n > 0)
		memset(b->names, 0, sizeof(b->names));
	b->names_n = 0;
}

void
check_body_end(struct check_body *b)
{
	check_body_leave(b);
	check_end_tests(b);
	check_end_hosts(b);
	check_end_packs(b);
}
