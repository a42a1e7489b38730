/*
 * repo_use: who uses a repository, in this process.  Shared: whatever writes
 * objects or moves refs (a push, a sync that has something to fetch, a merge).
 * Exclusive: maintenance; it is granted only when nobody has the repository,
 * never waits, and is told to stop at once when somebody wants in, who then
 * waits for its git child to be gone and for nothing else.  Readers take
 * nothing: git keeps an open pack, and looks for objects again that moved.
 *
 * One hold is one use: repo_use_share or repo_use_own makes it,
 * repo_use_leave ends and frees it, once, whatever became of it.
 */
#ifndef SERVER_GIT_REPO_USE_H
#define SERVER_GIT_REPO_USE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct repo_hold;
struct repo_use;

typedef void repo_use_fn(void *arg);

struct repo_use *repo_use_new(struct loop *l);
void repo_use_free(struct repo_use *u); /* every hold is left; NULL is fine */

/*
 * ready comes once, from the loop, when the repository may be written; not
 * after repo_use_leave.  patience_ms is how long maintenance that runs may go
 * on before it is told to stop: 0 where somebody waits for the answer.
 */
struct repo_hold *repo_use_share(struct repo_use *u, int64_t project,
    int64_t patience_ms, repo_use_fn *ready, void *arg);

/*
 * NULL when anybody has the repository.  stop comes at most once, from the
 * loop: end the children, then repo_use_leave.
 */
struct repo_hold *repo_use_own(
    struct repo_use *u, int64_t project, repo_use_fn *stop, void *arg);

void repo_use_leave(struct repo_hold *h); /* NULL is fine */

/* fn comes when the last shared hold of a project was left: it may have been
 * written, and is free.  One hook. */
typedef void repo_use_idle_fn(int64_t project, void *arg);
void repo_use_on_idle(struct repo_use *u, repo_use_idle_fn *fn, void *arg);

/* Nobody has it. */
bool repo_use_is_free(const struct repo_use *u, int64_t project);

#endif
