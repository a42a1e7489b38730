/*
 * reach: files by the names that the links of their tree give them.  With
 * `.claude -> docs/claude` a change of docs/claude/settings.json is one of
 * .claude/settings.json.  Pure; told every link of the tree, then settled.
 */
#ifndef FINDINGS_REACH_H
#define FINDINGS_REACH_H

#include "findings/finding.h"
#include "findings/scan.h"
#include "lib/base/view.h"

struct reach;

enum {
	REACH_LINKS_MAX = 20000
};

struct reach *reach_new(void);
void reach_free(struct reach *r);
/* False: there are too many, or the path is too long to be followed. */
bool reach_add(struct reach *r, const char *path, struct view target);
/* Where a path ends, through the links, in *end (SCAN_PATH_MAX + 1 bytes);
 * false: not in the tree. */
bool reach_end(const struct reach *r, const char *path, char *end);
/* All links are told: keeps those that something obeys by their names. */
void reach_settle(struct reach *r);
/* What obeys the change under such a name and not under its own: the id of
 * the rule, with the name in *as (NUL-terminated, SCAN_PATH_MAX + 1 bytes);
 * NULL: nothing. */
const char *reach_of(
    const struct reach *r, const struct scan_change *c, char *as);

#endif
