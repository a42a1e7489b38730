/* What a line of commands runs: what it was piped, what it fetched before, and
 * lines that are one to a shell. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "findings/check_body.h"

enum {
	PIPE_JOINED_MAX = 8192,
	PIPE_WORDS = 12 /* before the program's name */
};

static bool
pipe_is_name(char c)
{
	return isalnum((unsigned char)c) ||
	    (c != '\0' && strchr("_./+-=", c) != NULL);
}

/* The next word, without the quotes and brackets before it. */
static struct view
pipe_word(struct view *v)
{
	size_t start = 0, end;

	while (start < v->len && strchr(" \t\"'`({$&", v->p[start]) != NULL &&
	    v->p[start] != '\0')
		start++;
	for (end = start; end < v->len && pipe_is_name(v->p[end]); end++)
		;
	*v = view_from(*v, end);
	return (struct view){ v->p - (end - start), end - start };
}

static bool
pipe_is_any(struct view word, const char *const *names)
{
	for (; *names != NULL; names++)
		if (word.len == strlen(*names) &&
		    strncasecmp(word.p, *names, word.len) == 0)
			return true;
	return false;
}

/* The name of what runs: behind sudo, env and their like, without its folder.
 */
static struct view
pipe_program(struct view *v)
{
	static const char *const before[] = { "sudo", "env", "exec", "command",
		"nohup", "time", "doas", "xargs", "builtin", NULL };
	struct view word = { v->p, 0 };
	bool skipped = false;

	for (int i = 0; i < PIPE_WORDS; i++) {
		const char *slash;

		word = pipe_word(v);
		slash = word.len == 0 ? NULL : memrchr(word.p, '/', word.len);
		if (slash != NULL)
			word = view_from(word, (size_t)(slash + 1 - word.p));
		if (pipe_is_any(word, before))
			skipped = true;
		else if (!skipped || word.len == 0 ||
		    (word.p[0] != '-' && memchr(word.p, '=', word.len) == NULL))
			break;
	}
	return word;
}

static const char *const pipe_shells[] = { "sh", "bash", "zsh", "dash", "ksh",
	"ash", "fish", "mksh", "csh", "tcsh", "busybox", "pwsh", "powershell",
	"iex", NULL };

/* Those read a program from their input when nothing else is said. */
static bool
pipe_is_interpreter(struct view word, struct view rest)
{
	static const char *const names[] = { "node", "nodejs", "deno", "bun",
		"perl", "ruby", "php", "lua", "osascript", "rscript", "tclsh",
		NULL };
	bool python = word.len >= 6 && strncasecmp(word.p, "python", 6) == 0;

	if (!python && !pipe_is_any(word, names))
		return false;
	rest = view_trim(rest);
	return rest.len == 0 || strchr("\"'`);|&#>", rest.p[0]) != NULL ||
	    (rest.p[0] == '-' &&
		(rest.len == 1 || !isalnum((unsigned char)rest.p[1])));
}

static bool
pipe_runs_piped(struct view line)
{
	for (size_t i = 0; i < line.len; i++) {
		struct view rest, word;

		if (line.p[i] != '|' || (i > 0 && line.p[i - 1] == '|') ||
		    (i + 1 < line.len && line.p[i + 1] == '|'))
			continue;
		rest = view_from(line, i + 1);
		word = pipe_program(&rest);
		if (pipe_is_any(word, pipe_shells) ||
		    pipe_is_interpreter(word, rest))
			return true;
	}
	return false;
}

/* Behind the address: a shell with a file, or the file itself. */
static bool
pipe_runs_kept(struct view line)
{
	const char *url = line.len == 0 ? NULL
					: memmem(line.p, line.len, "://", 3);
	struct view v = line;

	if (url != NULL)
		v = view_from(v, (size_t)(url - v.p));
	for (size_t i = 0; i + 1 < v.len; i++) {
		struct view rest, name, word;

		if (v.p[i] != ';' && (v.p[i] != '&' || v.p[i + 1] != '&'))
			continue;
		rest = view_from(v, v.p[i] == ';' ? i + 1 : i + 2);
		name = view_trim(rest);
		word = pipe_program(&rest);
		if (view_starts(name, "./") || view_starts(name, "/tmp/") ||
		    view_starts(name, ". ") || view_is(word, "source") ||
		    (view_is(word, "chmod") && view_starts(rest, " +x")) ||
		    (pipe_is_any(word, pipe_shells) && view_trim(rest).len > 0))
			return true;
	}
	return false;
}

unsigned
check_pipe_tags(const struct check_body *b, unsigned told)
{
	unsigned tags = 0;

	if ((told & (CHECK_TAG_DECODE | CHECK_TAG_DOWNLOAD)) == 0)
		return 0;
	if (pipe_runs_piped(b->line->text))
		tags |= CHECK_TAG_SHELL;
	if ((told & CHECK_TAG_DOWNLOAD) && pipe_runs_kept(b->line->text))
		tags |= CHECK_TAG_SHELL;
	return tags;
}

/* Does a shell read on in the next line?  `run: |` is YAML's. */
static bool
pipe_goes_on(struct view line, size_t *keep)
{
	size_t n = line.len;

	while (n > 0 &&
	    (line.p[n - 1] == ' ' || line.p[n - 1] == '\t' ||
		line.p[n - 1] == '\r'))
		n--;
	*keep = n;
	if (n == 0)
		return false;
	if (line.p[n - 1] == '\\') {
		*keep = n - 1;
		return true;
	}
	if (line.p[n - 1] != '|')
		return false;
	for (n--; n > 0 && (line.p[n - 1] == ' ' || line.p[n - 1] == '|');)
		n--;
	return n > 0 && line.p[n - 1] != ':';
}

/* Blanks are one blank, as a shell takes them. */
static void
pipe_append(struct str *out, struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i] == '\t' ? ' ' : v.p[i];

		if (c != ' ' || out->len == 0 || out->p[out->len - 1] != ' ')
			str_addn(out, &c, 1);
	}
}

bool
check_pipe_join(struct check_body *b, struct scan_line *whole)
{
	const struct scan_line *l = b->line;
	struct str *j = &b->joined;
	size_t keep;
	bool on;

	if (!(b->traits & (CHECK_IS_SHELL | CHECK_IS_CI | CHECK_IS_UNKNOWN)) ||
	    l->more || l->offset > 0)
		return false;
	on = pipe_goes_on(l->text, &keep);
	if (j->len > 0 && l->line != b->joined_last + 1)
		str_reset(j);
	if (j->len == 0 && !on)
		return false;
	if (j->len == 0)
		b->joined_first = l->line;
	b->joined_last = l->line;
	pipe_append(j, (struct view){ l->text.p, keep });
	if (on && j->len < PIPE_JOINED_MAX)
		return false;
	*whole = *l;
	whole->text = str_view(j);
	whole->line = b->joined_first;
	return true;
}
