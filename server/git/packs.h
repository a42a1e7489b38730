/*
 * packs: the cache of computed packs as cofferd sees it.  `git upload-pack`
 * starts libexec/coffer/coffer-packs in place of pack-objects (after its own
 * checks of what the client may have), which keeps HOME/git/packs/PROJECT/KEY.
 */
#ifndef SERVER_GIT_PACKS_H
#define SERVER_GIT_PACKS_H

#include <stdint.h>

struct err;
struct git_env;

/* The program beside this one, installed or built; free(3). */
int packs_program(char **path, struct err *e);

/* Forget every pack of a project: objects of it were dropped, or the project
 * was.  Quick; the sweep deletes the files.  A fetch that runs goes on. */
void packs_drop(const struct git_env *v, int64_t project);

#endif
