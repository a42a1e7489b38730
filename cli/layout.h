/*
 * layout: the folders and files of HOME (docs/architecture.md), who owns them
 * and their modes.  Making it again changes nothing.
 */
#ifndef CLI_LAYOUT_H
#define CLI_LAYOUT_H

#include <stdbool.h>

struct err;

/* Folders, before `cofferd --init`. */
int layout_make(const char *home, struct err *e);
/* coffer.conf and instance, if they are not there. */
int layout_files(const char *home, struct err *e);
/* Has `coffer setup` been here? */
bool layout_is_ready(const char *home);

#endif
