/*
 * commit_object: a commit as git stores it, read strictly.  Pure; the views
 * point into text.
 */
#ifndef CLI_FETCH_COMMIT_OBJECT_H
#define CLI_FETCH_COMMIT_OBJECT_H

#include "findings/check.h"

enum {
	COMMIT_PARENTS_MAX = 16
};

struct commit_object {
	struct check_commit c;
	char tree[SCAN_ID + 1];
	char parents[COMMIT_PARENTS_MAX][SCAN_ID + 1];
};

int commit_object_read(
    struct view text, const char *id, struct commit_object *out, struct err *e);

#endif
