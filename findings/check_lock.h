/*
 * check_lock: a lock file as a list of what it pins, whichever package manager
 * wrote it.  Views point into the text or the parsed tree.  Private to the
 * checks; bounded by CHECK_LOCK_MAX.
 */
#ifndef FINDINGS_CHECK_LOCK_H
#define FINDINGS_CHECK_LOCK_H

#include "findings/check_body.h"

struct json;

enum {
	CHECK_LOCK_MAX = 1 << 17,
	CHECK_LOCK_SUMS = 12
};

struct check_pin {
	struct view name, version;
	struct view source; /* as written; empty: the usual one */
	struct view actual; /* the package's name elsewhere, an alias; or "" */
	uint64_t sums[CHECK_LOCK_SUMS];
	uint8_t sums_n;
	bool weak;   /* SHA-1 and nothing better */
	bool script; /* runs something when it is installed */
};

enum check_lock_kind {
	CHECK_LOCK_NONE,
	CHECK_LOCK_NPM,
	CHECK_LOCK_COMPOSER,
	CHECK_LOCK_PIPFILE,
	CHECK_LOCK_YARN,
	CHECK_LOCK_PNPM,
	CHECK_LOCK_TOML, /* Cargo, Poetry, uv, pdm */
	CHECK_LOCK_GO,
	CHECK_LOCK_GEM,
	CHECK_LOCK_PIP /* requirements*.txt */
};

struct check_lock {
	struct check_pin *list;
	size_t n, cap;
	enum check_lock_kind kind;
	struct json *root; /* what views point into */
	bool unread;       /* malformed, twice the same key, or too long */
};

enum check_lock_kind check_lock_kind(const char *path);
void check_lock_read(
    struct check_lock *l, enum check_lock_kind kind, struct view text);
void check_lock_release(struct check_lock *l);
/* The readers' own. */
struct check_pin *check_lock_add(struct check_lock *l, struct view name);
void check_lock_sum(struct check_pin *p, struct view sum);
void check_lock_json(
    struct check_lock *l, enum check_lock_kind kind, struct view text);

void check_lock_compare(struct check_body *b, const char *path,
    struct check_lock *was, struct check_lock *is); /* sorts them */

/* check_manifest.c: files that say what is depended on, and what runs. */
bool check_manifest_wants(const char *path);
void check_manifest_both(
    struct check_body *b, const char *path, struct view was, struct view is);
void check_package_json(
    struct check_body *b, const char *path, struct view was, struct view is);

/* Where a dependency comes from. */
enum check_origin {
	CHECK_FROM_USUAL, /* a version, or nothing is said */
	CHECK_FROM_HOST,
	CHECK_FROM_GIT,
	CHECK_FROM_PATH,
	CHECK_FROM_ALIAS,
	CHECK_FROM_INSECURE
};

/* *host is set when there is one. */
enum check_origin check_origin_of(struct view source, struct view *host);
/* One letter more, less, other or swapped, and neither is short. */
bool check_is_near(struct view a, struct view b);

#endif
