/*
 * repo: bare repositories by project id, HOME/repos/ID.git.  Creation is a few
 * small files and is done in place; removal of a big one belongs to a child.
 */
#ifndef SERVER_GIT_REPO_H
#define SERVER_GIT_REPO_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct git_env;
struct loop;

/* Bare, HEAD at refs/heads/<head> (NULL: main).  An existing one is kept; one
 * that lost its HEAD gets it again. */
int repo_create(
    const struct git_env *v, int64_t project, const char *head, struct err *e);
bool repo_exists(const struct git_env *v, int64_t project);
/* Moves it aside at once and removes it in a child; absent is fine. */
int repo_remove(
    struct loop *l, const struct git_env *v, int64_t project, struct err *e);

/* packed-refs is there and empty, or zeros: git does not write it so. */
bool repo_packed_is_torn(const struct git_env *v, int64_t project);
/* Such a one is removed, when its refs were restored. */
void repo_packed_forget(const struct git_env *v, int64_t project);

/* Removes what an earlier process moved aside and did not come to remove. */
void repo_sweep(struct loop *l, const struct git_env *v);

#endif
