/*
 * profile: a root file system for sandboxes, from a list of Debian packages:
 * HOME/profiles/NAME or one that is shipped (share/coffer/profiles/NAME).
 * Built by mmdebstrap into HOME/images/NAME-VERSION, checked, and put in place
 * by a link HOME/images/NAME: whatever fails leaves the version before.
 */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"

struct cli;
struct err;

enum {
	PROFILE_NAME_MAX = 40,
	PROFILE_PACKAGES_MAX = 500,
	PROFILE_LIST_MAX = 64 << 10,
	PROFILES_MAX = 64
};

struct profile {
	char name[PROFILE_NAME_MAX + 1];
	char *dir;
	bool shipped;
	struct str packages;   /* "a,b,c" */
	struct str components; /* "main" */
	size_t n;
};

bool profile_name_ok(const char *name);
/* A packages file: one name a line, # comments, `components: main ...`. */
int profile_parse(struct view text, struct profile *p, struct err *e);
/* By name, the user's before the shipped; profile_release. */
int profile_load(
    struct cli *c, const char *name, struct profile *p, struct err *e);
void profile_release(struct profile *p);
/* Names of all there are, sorted; returns how many. */
size_t profile_names(
    struct cli *c, char (*names)[PROFILE_NAME_MAX + 1], size_t max);
/* The version that is in place, or "" in out. */
void profile_version(struct cli *c, const char *name, char out[128]);

struct profile_build {
	const char *suite;  /* "bookworm" */
	const char *mirror; /* NULL: as the host is set */
	bool force;
};
/* 1: it is up to date. */
int profile_make(struct cli *c, const struct profile *p,
    const struct profile_build *b, struct err *e);

#endif
