/*
 * check: the deterministic checks of a change, fed piece by piece by whoever
 * reads it: `coffer fetch` from git in its quarantine, cofferd from a worker
 * for the gate.  Pure: the same pieces give the same findings, no model can
 * lower them, and memory does not grow with the change.
 *
 * The order: check_new, check_set_*; check_change for each changed path, in
 * git's order; check_tree for each path of the new tree, if the feeder can
 * tell it; then for each changed file check_file, its lines, check_file_end,
 * and check_both where check_wants_both says so; check_base_commit, then
 * check_commit for each commit, newest first, and what those commits did each;
 * check_end.  What the feeder could not read it says by check_unread.
 */
#ifndef FINDINGS_CHECK_H
#define FINDINGS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "findings/finding.h"
#include "findings/scan.h"
#include "lib/base/view.h"

struct check;
struct err;

enum {
	CHECK_HEAD = 8192, /* bytes of a file's beginning, and of its end */
	CHECK_BOTH_MAX = 8 << 20, /* of a file that is wanted as a whole */
	CHECK_FILES_MAX = 50000   /* more are not looked at */
};

/* Beyond these a person has to say yes; 0: the default. */
struct check_limits {
	uint64_t file, total; /* bytes of contents after the change */
	size_t files, commits;
};

/* The contents of a changed path after the change, or before it when it is
 * deleted; of a link its target, of a submodule nothing. */
struct check_content {
	uint64_t size;
	struct view head; /* min(size, CHECK_HEAD) bytes from the start */
	struct view tail; /* as many to the end; may overlap head */
};

struct check_person {
	struct view name, mail;
	int64_t when; /* s since the epoch */
	int offset;   /* of the zone, minutes */
};

struct check_commit {
	char id[SCAN_ID + 1];
	size_t parents;
	bool is_signed;
	/* A merge whose result is not what merging its parents gives. */
	bool adds_own;
	/* A merge of parents that conflict: a person chose what it has. */
	bool conflicted;
	struct check_person author, committer;
	struct view message;
};

struct check *check_new(struct findings *out);
void check_free(struct check *k);

void check_set_limits(struct check *k, const struct check_limits *l);
/* s since the epoch; without it no commit is of the future. */
void check_set_now(struct check *k, int64_t now);

void check_change(struct check *k, const struct scan_change *c);
void check_tree(struct check *k, const char *path, uint32_t mode);
/* False: its lines need not come (a format whose lines say nothing). */
bool check_file(struct check *k, const struct scan_change *c,
    const struct check_content *b);
/* A '+' or '-' line of the file at hand, without its LF. */
void check_line(struct check *k, const struct scan_line *l);
void check_file_end(struct check *k);
/* Is it a file whose old and new contents are compared as a whole (manifests,
 * lock files ...)? */
bool check_wants_both(const struct scan_change *c);
/* A side that is absent is empty; larger than CHECK_BOTH_MAX: check_unread. */
void check_both(struct check *k, const struct scan_change *c, struct view was,
    struct view is);
/* One of the base, newest first: whose names are known, is it signed? */
void check_base_commit(struct check *k, const struct check_commit *c);
void check_commit(struct check *k, const struct check_commit *c);
/* What one commit of the change did against its first parent: what came and
 * went again is in the history all the same.  Optional. */
void check_commit_change(
    struct check *k, const char *commit, const struct scan_change *c);
void check_commit_line(
    struct check *k, const char *commit, const struct scan_line *l);
/* What of the history was not looked at; a person has to say yes. */
void check_history_unread(struct check *k, const char *why);
/* What was not looked at, and why; it blocks and cannot be allowed. */
void check_unread(struct check *k, const char *path, const char *why);
void check_end(struct check *k);

/* What programs run or obey by themselves, by its name. */
void check_autorun(const struct scan_change *c, struct findings *out);
/* Is it a file of tests, going by its name? */
bool check_is_test(const char *path);

/* The whole of it from what git prints, for who has it in memory.
 * raw: `diff --raw -z --no-renames`; patch: the same change with --text. */
int check_diff(
    struct view raw, struct view patch, struct findings *out, struct err *e);

#endif
