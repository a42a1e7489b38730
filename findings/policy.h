/*
 * policy: what each rule weighs here.  Files are read in the order of their
 * authority, the user's or the server's first, then the one of the commit that
 * is there (never the head's: a change does not judge itself); a later one
 * wins, but what an earlier one locks it can only make stricter.  In one file
 * the last line that fits wins.  Lines:
 *
 *   rule ID block|ask|note|off [path GLOB] [reason TEXT]
 *   limit file|total SIZE
 *   lock ID
 *
 * Of GLOB: `*` and `?` stop at a slash, `**` does not; without a slash it is
 * about the last part of a path, with one at its end about all below a folder.
 */
#ifndef FINDINGS_POLICY_H
#define FINDINGS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "findings/finding.h"

#define FINDINGS_POLICY_PATH ".coffer/fetch.policy"

enum {
	FINDINGS_POLICY_MAX = 64 << 10, /* bytes of a file */
	FINDINGS_POLICY_LINES = 500,    /* of all files that say something */
	FINDINGS_POLICY_LINE = 1000,    /* bytes */
	FINDINGS_POLICY_GLOB = 200
};

enum findings_limit {
	FINDINGS_LIMIT_FILE, /* bytes of one file after the change */
	FINDINGS_LIMIT_TOTAL /* of all changed files */
};

struct err;
struct finding_rule;
struct findings_policy;

struct findings_policy_line {
	const char *from; /* as given to _read */
	uint32_t number;
	const char *text;
	bool locked; /* an earlier file locks it: it can only be stricter */
};

struct findings_policy *findings_policy_new(void)
    __attribute__((returns_nonnull));
void findings_policy_free(struct findings_policy *p);
/* from is copied; on -1, "FROM:LINE: why", the policy is of no use. */
int findings_policy_read(struct findings_policy *p, struct view text,
    const char *from, struct err *e);

/*
 * What a finding weighs: *severity comes with its own and leaves with what
 * holds; false: the rule is off there.  p NULL: no policy.  rule NULL: another
 * tool's.  file NULL: what holds for paths that no line names.
 */
bool findings_policy_weigh(const struct findings_policy *p,
    const struct finding_rule *rule, const char *id, const char *file,
    enum finding_severity *severity);
/* The line that decides it, or NULL: nobody said anything. */
const struct findings_policy_line *findings_policy_why(
    const struct findings_policy *p, const struct finding_rule *rule,
    const char *file);
uint64_t findings_limit(
    const struct findings_policy *p, enum findings_limit which);

size_t findings_policy_count(const struct findings_policy *p);
const struct findings_policy_line *findings_policy_at(
    const struct findings_policy *p, size_t i);

/* Does the path fit? */
bool findings_glob(const char *glob, const char *path);

#endif
