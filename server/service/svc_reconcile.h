/*
 * svc_reconcile: after a crash between refs and rows, both become one truth.
 * The refs win: rows and events follow what the repository says, and pull
 * requests hear of heads that moved.  But refs that the disk lost are
 * restored from the rows (svc_restore.h).
 */
#ifndef SERVER_SERVICE_SVC_RECONCILE_H
#define SERVER_SERVICE_SVC_RECONCILE_H

#include <stdint.h>

struct db;
struct err;
struct git_pool;
struct loop;
struct svc;

struct svc_reconcile_spec {
	struct loop *loop;
	struct db *db;
	struct git_pool *pool;
	struct svc *svc;
};

/* moved: refs that rows had not followed; failed: projects left as they are. */
typedef void svc_reconcile_done_fn(uint32_t moved, uint32_t failed, void *arg);

/* Every project, one after the other; done comes once, later. */
void svc_reconcile_start(const struct svc_reconcile_spec *spec,
    svc_reconcile_done_fn *done, void *arg);

#endif
