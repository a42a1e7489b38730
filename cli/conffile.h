/*
 * conffile: the text of a coffer.conf, to be read and changed by key without
 * touching its remarks.  What a key may be is the programs' to say
 * (confcheck.h).
 */
#ifndef CLI_CONFFILE_H
#define CLI_CONFFILE_H

#include <stdbool.h>

#include "lib/base/view.h"

struct str;

/* Each key that is set, in order; false from fn ends it. */
typedef bool conffile_fn(
    struct view section, struct view key, struct view value, void *arg);
void conffile_each(struct view text, conffile_fn *fn, void *arg);
bool conffile_get(
    struct view text, const char *section, const char *key, struct view *value);
/*
 * The text with the key set: in its line, else below the remark "#key =", else
 * at the end of its section, which is made.  value NULL: without its line.
 */
void conffile_set(struct str *out, struct view text, const char *section,
    const char *key, const char *value);

#endif
