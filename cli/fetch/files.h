/*
 * files: one file of a tree at a time, beneath a folder that is held open:
 * compared with, put from and dropped.  No symbolic link is followed and no
 * file is ever half written: it is the old one or the new one.
 */
#ifndef CLI_FETCH_FILES_H
#define CLI_FETCH_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* A folder, with what is missing of it made; the descriptor or -1. */
int files_open_tree(const char *path, struct err *e);
/* May the work tree have such a path at all?  Never one of git's own. */
bool files_path_ok(const char *path);
/* Is path of top the same as that of tree: kind, content, executable? */
int files_same(int top, int tree, const char *path, bool *same, struct err *e);
bool files_absent(int top, const char *path);
bool files_is_folder(int top, const char *path);
/* Copies path of `from` into `to`; fresh: ERR_EXISTS if there is one. */
int files_put(int to, int from, const char *path, bool fresh, struct err *e);
/* The first folder on the way to path that is a repository of its own, in
 * bytes of path; 0: none. */
size_t files_repository(int top, const char *path);
/* Removes it, and the folders that are empty then; not the first `keep` bytes
 * of the way, which were there before. */
int files_drop(int top, const char *path, size_t keep, struct err *e);
/* Removes the folders on the way to path that are empty. */
void files_prune(int top, const char *path, size_t keep);
/* What a killed files_put may have left beside path. */
void files_sweep(int top, const char *path);

#endif
