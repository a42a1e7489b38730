/* The parts of check, one file each; only they and check.c include this. */
#ifndef FINDINGS_CHECK_PRIV_H
#define FINDINGS_CHECK_PRIV_H

#include "findings/check.h"

/* The file whose contents are read. */
struct check_file {
	char path[SCAN_PATH_MAX + 1];
	uint32_t kind; /* SCAN_MODE_LINK, _SUBMODULE, or 0: a file */
	bool script;   /* it can run, by its first two bytes or its mode */
	bool binary;   /* seen: text rules do not apply */
	bool opaque;   /* of a format whose lines say nothing */
};

/* A changed path, kept until the end: names only, never contents. */
struct check_changed {
	char *path;
	uint32_t old_type, new_type; /* SCAN_MODE_TYPE of its modes */
	bool added;                  /* it was not there */
	bool binary;                 /* as its contents turned out */
};

/* check_tree.c: the names of the change, and of the tree they come to. */
struct check_names;
struct check_names *check_names_new(struct findings *out);
void check_names_free(struct check_names *n);
void check_names_change(struct check_names *n, const struct scan_change *c);
void check_names_tree(struct check_names *n, struct view path, uint32_t mode);
void check_names_binary(struct check_names *n, const char *path);
/* A link's way through other links of the tree. */
void check_names_link(
    struct check_names *n, const char *path, struct view target);
/* What can be said when all changes and the tree are known. */
void check_names_end(struct check_names *n);
const struct check_changed *check_names_list(
    const struct check_names *n, size_t *count);

/* check_attributes.c: .gitattributes at any depth. */
struct check_attributes;
struct check_attributes *check_attributes_new(void);
void check_attributes_free(struct check_attributes *a);
void check_attributes_line(struct check_attributes *a,
    const struct scan_line *l, struct findings *out);
void check_attributes_end(const struct check_attributes *a,
    const struct check_names *names, struct findings *out);

/* check_modules.c: the contents of a .gitmodules. */
void check_modules(const char *path, struct view text, struct findings *out);

/* check_history.c */
struct check_history;
struct check_history *check_history_new(struct findings *out);
void check_history_free(struct check_history *h);
void check_history_base(struct check_history *h, const struct check_commit *c);
void check_history_commit(
    struct check_history *h, const struct check_commit *c, int64_t now);
void check_history_change(
    struct check_history *h, const char *commit, const struct scan_change *c);
void check_history_line(
    struct check_history *h, const char *commit, const struct scan_line *l);
void check_history_end(struct check_history *h, size_t usual);

/* check_places.c: files that something runs or obeys by their mere presence. */
enum check_where {
	CHECK_BASE, /* the last part of the path */
	CHECK_NAME, /* the same, and who reads it looks for just these letters
		     */
	CHECK_PART, /* any folder on the way */
	CHECK_PATH, /* the end of the path, from a part's start */
	CHECK_HOOK  /* the same, of a file that git could run */
};

struct check_place {
	enum check_where where;
	const char *pattern; /* fnmatch(3), without case */
	const char *id;
	const char *what;
};

const struct check_place *check_place_at(size_t i); /* NULL: no further one */

/* Does some file system take this part of a path for .git? */
bool check_part_is_git(struct view part);
bool check_base_is(const char *path, const char *name);
/* A link whose name is that of a tool's folder and of many others: what it
 * leads to is said by who follows links. */
bool check_is_general_link(const struct scan_change *c);
/* Is a folder of this name on the way, whatever its case? */
bool check_has_folder(const char *path, const char *name);

void check_mode(const struct scan_change *c, struct findings *out);
void check_name(const struct scan_change *c, struct findings *out);
/* Target of a symbolic link at path. */
void check_link(const char *path, struct view target, struct findings *out);
/* Is the content a program, an archive, or otherwise no text? */
bool check_binary(
    struct check_file *f, const struct check_content *b, struct findings *out);
/* As check_is_test, of the last part of a path alone. */
bool check_is_named_test(const char *path);
/* How much of it leads into the first folder of tests; 0: none is on it. */
size_t check_test_folder(const char *path);
/* Does text try to steer a reviewer or a model?  Also of commit messages. */
bool check_injection(struct view text);

#endif
