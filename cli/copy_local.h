/*
 * copy_local: the user's own disk as source and sink of a copy.  Below the
 * folder it starts in no link is followed, neither one that is there nor one
 * that appears meanwhile; a file gets its name when it is whole.
 */
#ifndef CLI_COPY_LOCAL_H
#define CLI_COPY_LOCAL_H

#include <stdbool.h>

#include "cli/copy.h"

struct copy_local;

extern const struct copy_source copy_local_source;
extern const struct copy_sink copy_local_sink;

/* folder: the user's word, links in it are his.  replace: of the sink: write
 * over files and into folders that are there. */
struct copy_local *copy_local_new(
    const char *folder, bool replace, struct err *e);
void copy_local_free(struct copy_local *l); /* NULL is fine */
/* What the name is, for copy_run. */
int copy_local_look(struct copy_local *l, const char *name,
    struct copy_entry *out, struct err *e);

#endif
