/*
 * rev_text: what the paths of the git endpoints hold.  Pure: no repository is
 * asked, so a text that is well-formed may still name nothing.
 */
#ifndef SERVER_DOMAIN_REV_TEXT_H
#define SERVER_DOMAIN_REV_TEXT_H

#include <stdbool.h>

struct err;

enum {
	REV_TEXT_MAX = 1024,
	REV_PATH_MAX = 1024, /* bytes of a file's path that is written */
	REV_PATH_PART_MAX = 255
};

/* "base...head" (from the merge base) or "base..head"; an empty side is the
 * caller's default.  Without dots the whole text is the head.  ERR_INVALID. */
struct rev_range {
	char *base;
	char *head;
	bool direct; /* two dots */
};
int rev_range_parse(const char *text, struct rev_range *out, struct err *e);
void rev_range_release(struct rev_range *r);

enum rev_form {
	REV_PLAIN,
	REV_DIFF, /* "sha.diff" */
	REV_PATCH,
	REV_TAR_GZ,
	REV_ZIP
};
/* Takes the suffix off; free(3) *rev.  _archive: ERR_NOTFOUND when it is
 * neither .tar.gz nor .zip. */
enum rev_form rev_form_shown(const char *text, char **rev);
int rev_form_archive(
    const char *text, enum rev_form *form, char **rev, struct err *e);

/* 4 to 40 hex digits: what may be a commit's short id. */
bool rev_is_short_id(const char *text);

/* May a file of that path be written?  *why, on false, is a constant. */
bool rev_path_ok(const char *path, const char **why);

#endif
