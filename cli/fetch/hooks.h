/*
 * hooks: what the change alone does not tell, but the clone and the tree do:
 * files that something obeys under another name than their own, whom git
 * trusts, where the branch was before.
 */
#ifndef CLI_FETCH_HOOKS_H
#define CLI_FETCH_HOOKS_H

#include "cli/fetch/fetch.h"

/* How a path of the tree is obeyed; bits. */
enum hooks_how {
	HOOKS_ALL = 1,    /* it, or what is in it */
	HOOKS_FILE = 2,   /* it alone */
	HOOKS_FOLDER = 4, /* each file right in it */
	HOOKS_READ = 8    /* a script, to be read for what it starts */
};

typedef void hooks_take(struct fetch_job *j, const char *path, int how);

/* hooks.c: what the clone's git runs or obeys from within the tree is a hook,
 * whatever it is called: what lies in its folder of hooks, is linked from there
 * or started by a script there, the files that its configuration names, each
 * link on the way. */
int fetch_load_hooks(struct fetch_job *j, struct err *e);
void fetch_follow_hooks(struct fetch_job *j);
bool fetch_is_hook(const struct fetch_job *j, const char *path);
int fetch_find_hooks(struct fetch_job *j, struct err *e);
/* An absolute path, there or not; nothing when it is not of the tree. */
void fetch_obeyed(struct fetch_job *j, const char *path, int how);

/* scripts.c: what the text of a script that git runs starts; folder: its own,
 * absolute. */
void fetch_script(struct fetch_job *j, const char *folder, struct view text);
/* All of them: as the work tree has them and as it will, and what they start
 * in turn. */
int fetch_load_scripts(struct fetch_job *j, struct err *e);

/* configured.c: each file that the configuration of the user's git names, as
 * what runs or as what decides, and each that it lies in, by an absolute path;
 * it need not be there. */
int fetch_configured(struct fetch_job *j, hooks_take *take, struct err *e);
/* configured.c: the scripts of the tree that the text of another one names,
 * which is not one for a shell. */
void fetch_script_names(
    struct fetch_job *j, struct view text, hooks_take *take);

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
