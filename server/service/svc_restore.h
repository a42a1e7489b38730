/*
 * svc_restore: a repository whose refs were lost on disk, by a power cut, a
 * broken file system or a folder that is not there, gets back those that the
 * database knows: branches, tags, heads of pull requests, kept refs.  What
 * cannot be had again is told: the repository counts as corrupt, its rows stay
 * as they are.
 */
#ifndef SERVER_SERVICE_SVC_RESTORE_H
#define SERVER_SERVICE_SVC_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map;
struct svc;

/* lost: refs whose objects are not there. */
typedef void svc_restore_done_fn(size_t restored, size_t lost, void *arg);
/* A ref that a push deleted before the rows heard of it. */
typedef bool svc_restore_is_gone_fn(const char *ref, void *arg);

/* have: the names of the refs that are there.  done comes once, later. */
void svc_restore(struct svc *s, int64_t project, const struct map *have,
    svc_restore_is_gone_fn *is_gone, svc_restore_done_fn *done, void *arg);

#endif
