#include "server/domain/rev_text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/base/view.h"

int
rev_range_parse(const char *text, struct rev_range *out, struct err *e)
{
	const char *dots = strstr(text, "..");
	size_t n = 0;

	*out = (struct rev_range){ .direct = false };
	if (strlen(text) > REV_TEXT_MAX)
		return err_set(e, ERR_INVALID, "the range is too long");
	if (dots == NULL) {
		out->base = xstrdup("");
		out->head = xstrdup(text);
		return 0;
	}
	n = dots[2] == '.' ? 3 : 2;
	if (dots[n] == '.' || strstr(dots + n, "..") != NULL)
		return err_set(e, ERR_INVALID, "want BASE...HEAD");
	out->direct = n == 2;
	out->base = xstrndup(text, (size_t)(dots - text));
	out->head = xstrdup(dots + n);
	return 0;
}

void
rev_range_release(struct rev_range *r)
{
	free(r->base);
	free(r->head);
	*r = (struct rev_range){ .base = NULL };
}

/* The text without the suffix, or NULL. */
static char *
rev_form_cut(const char *text, const char *suffix)
{
	struct view v = view_of(text);

	if (!view_ends(v, suffix) || v.len == strlen(suffix))
		return NULL;
	return xstrndup(text, v.len - strlen(suffix));
}

enum rev_form
rev_form_shown(const char *text, char **rev)
{
	*rev = rev_form_cut(text, ".diff");
	if (*rev != NULL)
		return REV_DIFF;
	*rev = rev_form_cut(text, ".patch");
	if (*rev != NULL)
		return REV_PATCH;
	*rev = xstrdup(text);
	return REV_PLAIN;
}

int
rev_form_archive(
    const char *text, enum rev_form *form, char **rev, struct err *e)
{
	*form = REV_TAR_GZ;
	*rev = rev_form_cut(text, ".tar.gz");
	if (*rev != NULL)
		return 0;
	*form = REV_ZIP;
	*rev = rev_form_cut(text, ".zip");
	if (*rev != NULL)
		return 0;
	return err_set(
	    e, ERR_NOTFOUND, "no such archive: want REF.tar.gz or REF.zip");
}

bool
rev_is_short_id(const char *text)
{
	size_t n = strlen(text);

	return n >= 4 && n <= 40 && strspn(text, "0123456789abcdef") == n;
}

/*
 * Names that some file system takes for git's own.  The bytes of .gitmodules
 * are checked when they are pushed, so they come by a push.
 */
static bool
rev_part_is_git(const char *part)
{
	char plain[16] = "";
	size_t n = 0;

	/* HFS+ leaves some characters beyond ASCII out. */
	for (; *part != '\0' && n < sizeof(plain) - 1; part++)
		if ((unsigned char)*part < 0x80)
			plain[n++] = *part;
	if (strncasecmp(plain, ".gitmodules", 11) == 0 ||
	    strncasecmp(plain, "gitmod~", 7) == 0 ||
	    strncasecmp(plain, "gi7eba~", 7) == 0 ||
	    strncasecmp(plain, "git~", 4) == 0)
		return true;
	/* NTFS takes blanks and dots at the end away, and ":stream". */
	return strncasecmp(plain, ".git", 4) == 0 &&
	    strchr(" .:", plain[4]) != NULL;
}

static const char *
rev_part_fault(struct view part)
{
	char name[REV_PATH_PART_MAX + 1];

	if (part.len == 0)
		return "the path has an empty part";
	if (part.len > REV_PATH_PART_MAX)
		return "a part of the path is longer than 255 bytes";
	memcpy(name, part.p, part.len);
	name[part.len] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return "the path has . or .. in it";
	if (rev_part_is_git(name))
		return "the path is git's own: push it instead";
	return NULL;
}

bool
rev_path_ok(const char *path, const char **why)
{
	struct view rest = view_of(path), part;

	*why = NULL;
	if (rest.len == 0)
		*why = "the path is empty";
	else if (rest.len > REV_PATH_MAX)
		*why = "the path is longer than 1024 bytes";
	else if (!utf8_valid(rest))
		*why = "the path is not UTF-8";
	else if (rest.p[0] == '/' || rest.p[rest.len - 1] == '/')
		*why = "the path begins or ends with /";
	for (const char *p = path; *why == NULL && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
			*why = "the path has a control character or a \\";
	while (*why == NULL && rest.len > 0 && view_split(&rest, '/', &part))
		*why = rev_part_fault(part);
	return *why == NULL;
}
