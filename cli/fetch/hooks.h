/*
 * hooks: what the change alone does not tell, but the clone and the tree do:
 * files that something obeys under another name than their own, whom git
 * trusts, where the branch was before.
 */
#ifndef CLI_FETCH_HOOKS_H
#define CLI_FETCH_HOOKS_H

#include "cli/fetch/fetch.h"

/* hooks.c: what the clone's git runs or obeys from within the tree is a hook,
 * whatever it is called: what lies in its folder of hooks, is linked from there
 * or started by a script there, the files that its configuration names, each
 * link on the way. */
int fetch_load_hooks(struct fetch_job *j, struct err *e);
void fetch_follow_hooks(struct fetch_job *j);
bool fetch_is_hook(const struct fetch_job *j, const char *path);
int fetch_find_hooks(struct fetch_job *j, struct err *e);

/* configured.c: each file that the configuration of the user's git names, as
 * what runs or as what decides, and each that it lies in, by an absolute path;
 * it need not be there. */
int fetch_configured(struct fetch_job *j,
    void (*take)(struct fetch_job *j, const char *path), struct err *e);
/* configured.c: the scripts of the tree that the text of another one names. */
void fetch_script_names(struct fetch_job *j, struct view text,
    void (*take)(struct fetch_job *j, const char *path));

/* Whom the clone's git takes for an authority at cofferd's address. */
int fetch_load_trust(struct fetch_job *j, struct err *e);

/* links.c: what is reached through a link of the tree that there will be, by
 * the link's name.  The id of a rule; NULL: nothing obeys it there. */
int fetch_load_links(struct fetch_job *j, struct err *e);
const char *fetch_reached(
    const struct fetch_job *j, const struct scan_change *c);
int fetch_find_reached(struct fetch_job *j, struct err *e);

/* seen.c: where a branch was before, and whether it only went on from there.
 * One that did not is told until it is applied. */
int fetch_find_rewritten(struct fetch_job *j, struct err *e);
void fetch_remember(struct fetch_job *j, bool applied);

#endif
