#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"

enum {
	ATTRIBUTES_HIDE_MAX = 64, /* patterns that hide, of a change */
	ATTRIBUTES_PATTERN_MAX = 1024
};

struct attributes_hide {
	char *folder; /* "" or with a slash at its end */
	char *pattern;
	char *file;
	uint32_t line;
	char word[24];
};

struct check_attributes {
	struct attributes_hide hide[ATTRIBUTES_HIDE_MAX];
	size_t n;
};

struct check_attributes *
check_attributes_new(void)
{
	return xcalloc(1, sizeof(struct check_attributes));
}

void
check_attributes_free(struct check_attributes *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++) {
		free(a->hide[i].folder);
		free(a->hide[i].pattern);
		free(a->hide[i].file);
	}
	free(a);
}

static bool
attributes_is_one_of(struct view v, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (view_is(v, list[i]))
			return true;
	return false;
}

/* Drivers that git has itself: they show, and run nothing. */
static bool
attributes_own_diff(struct view v)
{
	static const char *const own[] = { "ada", "bash", "bibtex", "cpp",
		"csharp", "css", "dts", "elixir", "fortran", "fountain",
		"golang", "html", "java", "kotlin", "markdown", "matlab",
		"objc", "pascal", "perl", "php", "python", "ruby", "rust",
		"scheme", "tex" };

	return attributes_is_one_of(v, own, sizeof(own) / sizeof(own[0]));
}

static bool
attributes_own_merge(struct view v)
{
	static const char *const own[] = { "text", "binary", "union" };

	return attributes_is_one_of(v, own, sizeof(own) / sizeof(own[0]));
}

struct attributes_what {
	const char *id; /* NULL: it is ordinary */
	const char *why;
};

static struct attributes_what
attributes_judge(struct view word)
{
	static const struct {
		const char *start, *id, *why;
	} rules[] = {
		{ "filter=", "gitattributes-filter",
		    "runs a program on files as they are checked out" },
		{ "textconv", "gitattributes-filter",
		    "runs a program to show files" },
		{ "working-tree-encoding=", "gitattributes-filter",
		    "makes the files other bytes than those reviewed" },
		{ "[attr]", "gitattributes-filter",
		    "gives a name to attributes that are not seen where it is "
		    "used" },
		{ "export-subst", "gitattributes-hide",
		    "changes the contents in archives" },
		{ "export-ignore", "gitattributes-hide",
		    "leaves files out of archives" },
		{ "ident", "gitattributes-hide",
		    "changes the contents on checkout" },
	};
	static const char *const hide[] = { "-diff", "!diff", "binary",
		"linguist-generated", "linguist-generated=true",
		"linguist-vendored", "linguist-vendored=true",
		"linguist-documentation", "gitlab-generated" };

	if (view_is(word, "filter=lfs") || view_is(word, "diff=lfs") ||
	    view_is(word, "merge=lfs"))
		return (struct attributes_what){ "gitattributes-hide",
			"stores the contents elsewhere (git-lfs)" };
	if (view_starts(word, "diff="))
		return (struct attributes_what){ attributes_own_diff(
						     view_from(word, 5))
			    ? NULL
			    : "gitattributes-filter",
			"runs a program to show differences" };
	if (view_starts(word, "merge="))
		return (struct attributes_what){ attributes_own_merge(
						     view_from(word, 6))
			    ? NULL
			    : "gitattributes-filter",
			"runs a program to merge" };
	if (attributes_is_one_of(word, hide, sizeof(hide) / sizeof(hide[0])))
		return (struct attributes_what){ "gitattributes-hide",
			"keeps changes of files from being shown" };
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (view_starts(word, rules[i].start))
			return (struct attributes_what){ rules[i].id,
				rules[i].why };
	return (struct attributes_what){ NULL, NULL };
}

/* What nobody reviews as text in any case. */
static bool
attributes_is_picture(struct view pattern)
{
	static const char *const own[] = { "*.png", "*.jpg", "*.jpeg", "*.gif",
		"*.webp", "*.ico", "*.bmp", "*.pdf", "*.woff", "*.woff2",
		"*.ttf", "*.otf", "*.eot", "*.mp3", "*.mp4", "*.webm", "*.ogg",
		"*.wav", "*.zip", "*.gz", "*.jar" };

	return attributes_is_one_of(pattern, own, sizeof(own) / sizeof(own[0]));
}

/* A quoted pattern as git reads it: \ooo is a byte. */
static char *
attributes_plain(struct view pattern)
{
	char *out = view_dup(pattern);
	size_t n = 0;

	for (size_t i = 0; i < pattern.len; i++) {
		const char *p = pattern.p + i;

		if (p[0] != '\\' || i + 3 >= pattern.len || p[1] < '0' ||
		    p[1] > '3' || p[2] < '0' || p[2] > '7' || p[3] < '0' ||
		    p[3] > '7') {
			out[n++] = p[0];
			continue;
		}
		out[n++] = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + p[3] -
		    '0');
		i += 3;
	}
	out[n] = '\0';
	return out;
}

static void
attributes_keep(struct check_attributes *a, const struct scan_line *l,
    struct view pattern, struct view word, struct findings *out)
{
	const char *slash = strrchr(l->path, '/');
	struct attributes_hide *h;

	if (pattern.len == 0)
		return;
	if (a->n == ATTRIBUTES_HIDE_MAX ||
	    pattern.len > ATTRIBUTES_PATTERN_MAX) {
		finding_add(out, "gitattributes-filter", l->path, l->line,
		    "more patterns hide files than are compared, or longer "
		    "ones");
		return;
	}
	h = &a->hide[a->n++];
	h->folder = xstrndup(
	    l->path, slash == NULL ? 0 : (size_t)(slash + 1 - l->path));
	h->pattern = attributes_plain(pattern);
	h->file = xstrdup(l->path);
	h->line = l->line;
	(void)snprintf(h->word, sizeof(h->word), "%.*s",
	    (int)(word.len > 20 ? 20 : word.len), word.p);
}

/* The next word; blanks of a quoted pattern belong to it. */
static bool
attributes_word(struct view *rest, struct view *word)
{
	size_t n = 0;

	*rest = view_trim(*rest);
	if (rest->len == 0)
		return false;
	if (rest->p[0] == '"') {
		for (n = 1; n < rest->len && rest->p[n] != '"'; n++)
			if (rest->p[n] == '\\')
				n++;
		*word = (struct view){ rest->p + 1,
			n > rest->len ? rest->len - 1 : n - 1 };
		*rest = view_from(*rest, n + 1 > rest->len ? rest->len : n + 1);
		return true;
	}
	while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	*word = (struct view){ rest->p, n };
	*rest = view_from(*rest, n);
	return true;
}

void
check_attributes_line(
    struct check_attributes *a, const struct scan_line *l, struct findings *out)
{
	struct view rest = l->text, pattern, word;
	struct attributes_what what;

	if (l->kind != '+' || !attributes_word(&rest, &pattern) ||
	    pattern.len == 0 || pattern.p[0] == '#')
		return;
	if (l->more || l->offset > 0)
		finding_add(out, "gitattributes-filter", l->path, l->line,
		    "a line too long to be read as a whole");
	what = attributes_judge(pattern);
	if (view_starts(pattern, "[attr]"))
		finding_add(out, what.id, l->path, l->line, "%.*s %s",
		    (int)(pattern.len > 60 ? 60 : pattern.len), pattern.p,
		    what.why);
	while (attributes_word(&rest, &word)) {
		what = attributes_judge(word);
		if (what.id == NULL || word.len == 0 ||
		    (view_is(word, "binary") && attributes_is_picture(pattern)))
			continue;
		finding_add(out, what.id, l->path, l->line,
		    "the attribute %.*s %s",
		    (int)(word.len > 60 ? 60 : word.len), word.p, what.why);
		if (strcmp(what.id, "gitattributes-hide") == 0 &&
		    (strchr("-!bl", word.p[0]) != NULL))
			attributes_keep(a, l, pattern, word, out);
	}
}

/* As git matches, or a little wider. */
static bool
attributes_match(const struct attributes_hide *h, const char *path)
{
	size_t n = strlen(h->folder);
	const char *pattern = h->pattern, *slash;

	if (strncmp(path, h->folder, n) != 0)
		return false;
	path += n;
	if (strchr(pattern, '/') != NULL) {
		if (pattern[0] == '/')
			pattern++;
		if (strncmp(pattern, "**/", 3) == 0 &&
		    fnmatch(pattern + 3, path, 0) == 0)
			return true;
		return fnmatch(pattern, path, 0) == 0;
	}
	slash = strrchr(path, '/');
	return fnmatch(pattern, slash == NULL ? path : slash + 1, 0) == 0;
}

void
check_attributes_end(const struct check_attributes *a,
    const struct check_names *names, struct findings *out)
{
	size_t n;
	const struct check_changed *list = check_names_list(names, &n);

	for (size_t i = 0; i < a->n; i++) {
		const struct attributes_hide *h = &a->hide[i];

		for (size_t k = 0; k < n; k++) {
			const struct check_changed *c = &list[k];

			if (c->new_type == 0 || c->binary ||
			    check_base_is(c->path, ".gitattributes") ||
			    !attributes_match(h, c->path))
				continue;
			finding_add(out, "hidden-from-review", c->path, 0,
			    "%s in line %u of %s hides this changed file from "
			    "reviewers",
			    h->word, h->line, h->file);
			break;
		}
	}
}
