/*
 * fold: names as file systems compare them that ignore case (NTFS, HFS+,
 * APFS): two paths that fold to the same are one there.  Bounded, pure; an
 * approximation over Latin, Greek and Cyrillic: case, and marks that combine.
 */
#ifndef FINDINGS_FOLD_H
#define FINDINGS_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

enum {
	FOLD_MAX = 3 * 4096 + 1 /* of a path of 4096 bytes */
};

/* NUL-terminated, cut at n - 1; its length. */
size_t fold_path(struct view path, char *out, size_t n);
/* The same with each letter that looks like one of ASCII as that one; 0: none
 * does, or another letter is beyond ASCII. */
size_t fold_skeleton(struct view path, char *out, size_t n);
/* A letter with a mark apart that has a form of its own: a name that some
 * systems write in another way than it came (not NFC). */
bool fold_is_decomposed(struct view name);

#endif
