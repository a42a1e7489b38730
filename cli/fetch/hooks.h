/*
 * hooks: what the change alone does not tell, but the clone and the tree do:
 * files that something obeys under another name than their own, whom git
 * trusts, where the branch was before.
 */
#ifndef CLI_FETCH_HOOKS_H
#define CLI_FETCH_HOOKS_H

#include "cli/fetch/fetch.h"

/* hooks.c: what the clone's git runs from within the tree is a hook, whatever
 * it is called. */
int fetch_load_hooks(struct fetch_job *j, struct err *e);
bool fetch_is_hook(const struct fetch_job *j, const char *path);
int fetch_find_hooks(struct fetch_job *j, struct err *e);

/* Whom the clone's git takes for an authority at cofferd's address. */
int fetch_load_trust(struct fetch_job *j, struct err *e);

/* links.c: what is reached through a link of the tree that there will be, by
 * the link's name.  The id of a rule; NULL: nothing obeys it there. */
int fetch_load_links(struct fetch_job *j, struct err *e);
const char *fetch_reached(
    const struct fetch_job *j, const struct scan_change *c);
int fetch_find_reached(struct fetch_job *j, struct err *e);

/* seen.c: where a branch was before, and whether it only went on from there. */
int fetch_find_rewritten(struct fetch_job *j, struct err *e);
void fetch_remember(struct fetch_job *j);

#endif
