/* What a line of commands runs: what it was piped, and what it fetched or
 * decoded before. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "findings/check_body.h"

enum {
	PIPE_OPTIONS = 24, /* of an interpreter */
	PIPE_FILES = 8,    /* that a line may write */
	PIPE_WORD_MAX = 64
};

/* As a shell takes it: no quotes in it, of a path the last part. */
struct pipe_word {
	char p[PIPE_WORD_MAX];
	size_t len;
	bool sets; /* NAME=VALUE */
	bool path; /* there is more of it than the name: a folder, a $ */
};

static bool
pipe_is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* The next word, without what opens before it; an empty one: at a mark. */
static void
pipe_word(struct view *v, struct pipe_word *w)
{
	size_t i = 0;

	w->len = 0;
	w->sets = w->path = false;
	while (i < v->len && pipe_is_one_of(v->p[i], " \t\"'`({$&\\"))
		w->path = v->p[i++] == '$' || w->path;
	for (; i < v->len; i++) {
		char c = v->p[i];

		if (pipe_is_one_of(c, "\"'\\"))
			continue;
		if (!isalnum((unsigned char)c) && !pipe_is_one_of(c, "_./+-="))
			break;
		w->sets = w->sets || (c == '=' && w->p[0] != '-');
		w->path = w->path || c == '/';
		if (c == '/')
			w->len = 0;
		else if (w->len + 1 < sizeof(w->p))
			w->p[w->len++] = c;
	}
	w->p[w->len] = '\0';
	*v = view_from(*v, i);
}

static bool
pipe_is_any(const struct pipe_word *w, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcasecmp(w->p, *names) == 0)
			return true;
	return false;
}

static bool
pipe_is_shell(const struct pipe_word *w)
{
	static const char *const names[] = { "sh", "bash", "zsh", "dash", "ksh",
		"ash", "fish", "mksh", "csh", "tcsh", "busybox", "pwsh",
		"powershell", "iex", "SHELL", NULL };

	return pipe_is_any(w, names);
}

static bool
pipe_is_python(const struct pipe_word *w)
{
	return strncasecmp(w->p, "python", 6) == 0;
}

/* Those read a program from their input when nothing else is said. */
static bool
pipe_is_interpreter(const struct pipe_word *w)
{
	static const char *const names[] = { "node", "nodejs", "deno", "bun",
		"perl", "ruby", "php", "lua", "osascript", "rscript", "tclsh",
		NULL };

	return pipe_is_python(w) || pipe_is_any(w, names);
}

/* The next shell or interpreter of a command, whatever starts it: what options
 * the programs before it have, and which of them take a word, nobody knows.
 * The words of some are no programs; in a text most words are none. */
static bool
pipe_program(struct view *v, struct pipe_word *w, bool text)
{
	static const char *const readers[] = { "grep", "egrep", "fgrep", "rg",
		"sed", "awk", "gawk", "jq", "yq", "tee", "tr", "cut", "sort",
		"uniq", "head", "tail", "wc", "cat", "less", "gpg", "dd", "apt",
		"apt-get", "apt-key", "dnf", "yum", "apk", "brew", "echo",
		"printf", "which", NULL };
	static const char *const before[] = { "sudo", "env", "exec", "command",
		"nohup", "time", "doas", "xargs", "builtin", NULL };

	while (v->len > 0) {
		pipe_word(v, w);
		if (w->len == 0) {
			if (v->len > 0)
				*v = view_from(*v, 1);
			continue;
		}
		if (pipe_is_shell(w) || pipe_is_interpreter(w))
			return true;
		if (pipe_is_any(w, readers) ||
		    (text && !w->sets && w->p[0] != '-' &&
			!pipe_is_any(w, before)))
			return false;
	}
	return false;
}

/* Does this option say that the program is not in the input? */
static bool
pipe_has_code(const struct pipe_word *program, const char *option)
{
	const char *code = "eE";

	if (strncmp(option, "--", 2) == 0)
		return strncmp(option, "--eval", 6) == 0 ||
		    strncmp(option, "--print", 7) == 0;
	if (pipe_is_python(program))
		code = "cm";
	else if (strcasecmp(program->p, "php") == 0)
		code = "rRfFBE";
	/* Behind some of them the rest of the word is a value. */
	for (option++; *option != '\0'; option++)
		if (strchr(code, *option) != NULL)
			return true;
		else if (strchr("WXIMmr", *option) != NULL)
			return false;
	return false;
}

/* No file and no text of a program behind the interpreter's name. */
static bool
pipe_reads_program(const struct pipe_word *program, struct view rest)
{
	static const char *const valued[] = { "-W", "-X", "-I", NULL };
	struct pipe_word w;

	for (int i = 0; i < PIPE_OPTIONS; i++) {
		rest = view_trim(rest);
		if (rest.len == 0 || pipe_is_one_of(rest.p[0], "`);|&#>"))
			return true;
		if (pipe_is_one_of(rest.p[0], "\"'"))
			return rest.len == 1 ||
			    pipe_is_one_of(rest.p[1], " \t)\"'`;|&,]}");
		pipe_word(&rest, &w);
		if (w.len == 0)
			return false;
		if (rest.len > 0 && rest.p[0] == '>' &&
		    strspn(w.p, "0123456789") == w.len)
			return true;
		if (strcmp(w.p, "run") == 0)
			continue;
		if (w.p[0] != '-' || pipe_has_code(program, w.p))
			return false;
		if (w.len == 1)
			return true;
		if (pipe_is_any(&w, valued))
			pipe_word(&rest, &w);
	}
	return false;
}

/* Up to what ends a command. */
static struct view
pipe_command(struct view v)
{
	size_t n = 0;

	while (n < v.len && pipe_is_one_of(v.p[n], " \t&"))
		n++;
	while (n < v.len && !pipe_is_one_of(v.p[n], "|;&"))
		n++;
	return (struct view){ v.p, n };
}

/* The shell again, its own input, a program that is told to read one there:
 * `$0`, `. /dev/stdin`, `make -f -`. */
static bool
pipe_is_input(struct view command)
{
	static const char *const inputs[] = { "-", "stdin", "0", NULL };
	static const char *const files[] = { "make", "gmake", "awk", "gawk",
		"mawk", NULL };
	struct pipe_word w, next;
	bool file;

	pipe_word(&command, &w);
	if (w.path && strcmp(w.p, "0") == 0)
		return true;
	while (strcmp(w.p, "sudo") == 0)
		pipe_word(&command, &w);
	file = pipe_is_any(&w, files);
	if (!file && strcmp(w.p, ".") != 0 && strcmp(w.p, "source") != 0)
		return false;
	do {
		pipe_word(&command, &next);
		if (strcmp(next.p, "-f-") == 0)
			return true;
		if (!file || strcmp(w.p, "-f") == 0)
			return pipe_is_any(&next, inputs);
		w = next;
	} while (next.len > 0);
	return false;
}

static bool
pipe_reads_input(struct view command, bool text)
{
	struct pipe_word word;

	if (!text && pipe_is_input(command))
		return true;
	while (pipe_program(&command, &word, text))
		if (pipe_is_shell(&word) || pipe_reads_program(&word, command))
			return true;
	return false;
}

static struct view
pipe_block(struct view v)
{
	struct view t = view_trim(v);
	const char *end;

	if (t.len == 0 || !pipe_is_one_of(t.p[0], "{("))
		return pipe_command(v);
	end = memchr(t.p, t.p[0] == '{' ? '}' : ')', t.len);
	return end == NULL ? t : (struct view){ t.p, (size_t)(end - t.p) };
}

static bool
pipe_runs_piped(struct view line, bool text)
{
	for (size_t i = 0; i < line.len; i++) {
		struct view block, command;

		if (line.p[i] != '|' || (i > 0 && line.p[i - 1] == '|') ||
		    (i + 1 < line.len && line.p[i + 1] == '|'))
			continue;
		for (block = pipe_block(view_from(line, i + 1)); block.len > 0;
		     block = view_from(block,
			 command.len < block.len ? command.len + 1
						 : block.len)) {
			command = pipe_command(block);
			if (pipe_reads_input(command, text))
				return true;
		}
	}
	return false;
}

/* What was fetched is run: a shell with a file, or a file itself. */
static bool
pipe_runs_fetched(struct view command)
{
	struct view name = view_trim(command), rest = name;
	struct pipe_word word;

	if (view_starts(name, "./") || view_starts(name, "/tmp/") ||
	    view_starts(name, ". ") || view_starts(name, "source "))
		return true;
	do
		pipe_word(&rest, &word);
	while (strcmp(word.p, "sudo") == 0);
	if (strcmp(word.p, "chmod") == 0)
		return view_starts(rest, " +x");
	rest = command;
	return pipe_program(&rest, &word, false) && pipe_is_shell(&word) &&
	    view_trim(rest).len > 0;
}

/* A word of a command at which a program or its text may stand. */
struct pipe_walk {
	struct view rest;
	bool runs;  /* the next word is one */
	bool named; /* something before it runs it: it needs no path */
};

static bool
pipe_walk(struct pipe_walk *k, struct pipe_word *w)
{
	bool found = false;

	while (k->rest.len > 0 && !found) {
		bool starts;

		pipe_word(&k->rest, w);
		found = k->runs && w->len > 0;
		starts = pipe_is_shell(w) || pipe_is_interpreter(w) ||
		    strcmp(w->p, ".") == 0 || strcmp(w->p, "source") == 0 ||
		    strcmp(w->p, "sudo") == 0;
		found = found && !w->sets && (k->named || w->path);
		k->named = k->named || starts;
		k->runs = starts ||
		    (k->runs &&
			((w->sets && w->len > 0 && w->p[w->len - 1] != '=') ||
			    w->p[0] == '-'));
		if (w->len == 0 && k->rest.len > 0)
			k->rest = view_from(k->rest, 1);
	}
	return found;
}

/* What was decoded is run, by the name of the file that it went to. */
static bool
pipe_runs_decoded(struct view command, const struct pipe_word *kept)
{
	struct pipe_walk k = { .rest = command, .runs = true, .named = true };
	struct pipe_word w;

	while (kept->len > 0 && pipe_walk(&k, &w))
		if (strcmp(w.p, kept->p) == 0)
			return true;
	return false;
}

static bool
pipe_runs_later(struct view v, const struct pipe_word *kept)
{
	for (size_t i = 0; i + 1 < v.len; i++) {
		struct view command;

		if (v.p[i] != ';' && (v.p[i] != '&' || v.p[i + 1] != '&'))
			continue;
		command = pipe_command(view_from(v, i + 1));
		if (kept != NULL ? pipe_runs_decoded(command, kept)
				 : pipe_runs_fetched(command))
			return true;
	}
	return false;
}

/* Behind the address. */
static bool
pipe_runs_download(struct view line)
{
	const char *url = line.len == 0 ? NULL
					: memmem(line.p, line.len, "://", 3);

	if (url != NULL)
		line = view_from(line, (size_t)(url - line.p));
	return pipe_runs_later(line, NULL);
}

/* Behind what the decoded text may have gone to. */
static bool
pipe_runs_file(struct view line)
{
	static const char *const marks[] = { ">", "tee ", "-out ", "-o ",
		"of=" };
	struct pipe_word kept;
	int left = PIPE_FILES;

	for (size_t i = 0; i < line.len && left > 0; i++)
		for (size_t k = 0; k < sizeof(marks) / sizeof(*marks); k++) {
			struct view rest = view_from(line, i);

			if (!view_starts(rest, marks[k]))
				continue;
			rest = view_from(rest, strlen(marks[k]));
			left--;
			pipe_word(&rest, &kept);
			if (pipe_runs_later(rest, &kept))
				return true;
		}
	return false;
}

static void
pipe_keep(struct check_body *b, const char *name, unsigned tag)
{
	if (name[strspn(name, "0123456789")] == '\0')
		return;
	b->kept[b->kept_n++ % CHECK_KEPT_MAX] = (struct check_kept){
		check_hash(view_of(name)), tag
	};
}

static void
pipe_keep_files(struct check_body *b, unsigned tag)
{
	static const char *const outs[] = { "tee", "-out", "--output",
		"--output-document", NULL };
	struct view v = b->line->text;
	struct pipe_word w;
	bool file = false;

	while (v.len > 0) {
		pipe_word(&v, &w);
		if (w.len > 0 && (file || (w.sets && w.path)))
			pipe_keep(b, w.p, tag);
		else if (strncmp(w.p, "of=", 3) == 0)
			pipe_keep(b, w.p + 3, tag);
		file = pipe_is_any(&w, outs) ||
		    (w.len > 1 && w.p[0] == '-' && w.p[1] != '-' &&
			pipe_is_one_of(w.p[w.len - 1], "oO"));
		if (w.len == 0 && v.len > 0) {
			file = v.p[0] == '>' || view_starts(v, "://");
			v = view_from(v, v.p[0] == ':' && file ? 3 : 1);
		}
	}
}

/* How a command is looked at, without what YAML has before it.  A path by
 * itself runs; in CI's files it may also be one that is kept. */
static struct pipe_walk
pipe_walk_of(const struct check_body *b, struct view command)
{
	static const char *const said[] = { "echo", "printf", NULL };
	struct view v = view_trim(command);
	struct pipe_walk k = { .runs = true };
	struct pipe_word w;

	if (b->traits & CHECK_IS_CI) {
		if (view_starts(v, "- "))
			v = view_trim(view_from(v, 2));
		if (view_starts(v, "run: "))
			v = view_trim(view_from(v, 5));
		k.runs = view_starts(v, "./") || view_starts(v, "/tmp/");
	}
	k.rest = v;
	pipe_word(&v, &w);
	if (pipe_is_any(&w, said))
		k.rest.len = 0;
	return k;
}

/* Does the line run what one before it decoded or fetched?  The tag of that. */
static unsigned
pipe_runs_kept(const struct check_body *b)
{
	size_t n = b->kept_n < CHECK_KEPT_MAX ? b->kept_n : CHECK_KEPT_MAX;
	struct view line = b->line->text;
	struct pipe_word w;

	if (view_starts(view_trim(line), "#"))
		return 0;
	while (n > 0 && line.len > 0) {
		struct view command = pipe_command(line);
		struct pipe_walk k = pipe_walk_of(b, command);

		while (pipe_walk(&k, &w))
			for (size_t i = 0; i < n; i++)
				if (b->kept[i].name == check_hash(view_of(w.p)))
					return b->kept[i].tag;
		line = view_from(
		    line, command.len < line.len ? command.len + 1 : line.len);
	}
	return 0;
}

void
check_pipe_files(struct check_body *b, unsigned told)
{
	uint32_t line = b->line->line;
	unsigned tag;

	if (!(b->traits & (CHECK_IS_SHELL | CHECK_IS_CI | CHECK_IS_UNKNOWN)))
		return;
	tag = b->joining ? 0 : pipe_runs_kept(b);
	if (tag == CHECK_TAG_DECODE)
		check_say(b, "decode-and-run", line,
		    "what was decoded to a file before is run");
	else if (tag == CHECK_TAG_DOWNLOAD)
		check_say(b, "pipe-to-shell", line,
		    "what was fetched to a file before is run");
	if (told & CHECK_TAG_DECODE)
		pipe_keep_files(b, CHECK_TAG_DECODE);
	else if (told & CHECK_TAG_DOWNLOAD)
		pipe_keep_files(b, CHECK_TAG_DOWNLOAD);
}

unsigned
check_pipe_tags(const struct check_body *b, unsigned told)
{
	struct view line = b->line->text;

	if ((told & (CHECK_TAG_DECODE | CHECK_TAG_DOWNLOAD)) == 0)
		return 0;
	if (pipe_runs_piped(line, !(b->traits & CHECK_RUNS)) ||
	    ((told & CHECK_TAG_DOWNLOAD) && pipe_runs_download(line)) ||
	    ((told & CHECK_TAG_DECODE) && pipe_runs_file(line)))
		return CHECK_TAG_SHELL;
	return 0;
}
