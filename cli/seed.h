/*
 * seed: what of the user's own agent settings every sandbox begins with: copied
 * once, on purpose, into HOME/seed.  An allowlist of places in the user's home;
 * in them nothing that is a link, that is named like a credential or that has
 * one in it.
 */
#ifndef CLI_SEED_H
#define CLI_SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	SEED_FILES_MAX = 1000,
	SEED_FILE_MAX = 256 << 10,
	SEED_TOTAL_MAX = 8 << 20,
	SEED_DEPTH_MAX = 8,
	SEED_PATH_MAX = 400
};

/* Pure.  A path below the home: is it in the allowlist? */
/* The allowlist; a folder ends in a slash; ends with NULL. */
const char *const *seed_list(void);
bool seed_is_listed(const char *path);
/* A name like that of a credential, or a hidden one; why, or NULL. */
const char *seed_name_refused(const char *name);
/* Text that looks like a key, a token or a password; why, or NULL. */
const char *seed_text_refused(struct view text);

/* One file that was looked at. */
struct seed_file {
	const char *path;    /* below the home */
	const char *refused; /* why, or NULL: it is taken */
};
typedef void seed_file_fn(const struct seed_file *f, void *arg);

/*
 * Everything listed below `from` to `to`, which must not exist; NULL: only
 * looked at.  fn is told of each.  Returns how many were taken, or -1.
 */
int seed_copy(const char *from, const char *to, seed_file_fn *fn, void *arg,
    struct err *e);

#endif
