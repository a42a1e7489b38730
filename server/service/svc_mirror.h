/*
 * svc_mirror: one synchronisation of one project: ask upstream for its refs,
 * fetch when they differ, plan each local ref (mirror_plan), move refs, then
 * rows and events in one transaction.  Nothing is retried here.
 */
#ifndef SERVER_SERVICE_SVC_MIRROR_H
#define SERVER_SERVICE_SVC_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "server/git/mirror_fetch.h"

struct db;
struct err;
struct git_env;
struct git_pool;
struct loop;
struct net;
struct svc;
struct svc_mirror;

struct svc_mirror_spec {
	struct loop *loop;
	struct db *db;
	struct git_pool *pool;
	const struct git_env *env;
	struct net *net; /* polls http upstreams without starting git */
	struct svc *svc; /* for svc_pull_on_branch, and its home's secrets */
	struct mirror_limits limits; /* its texts are copied; 0: a default */
	unsigned fetches;            /* at once, 0: 4 */
};

struct svc_mirror *svc_mirror_new(const struct svc_mirror_spec *spec);
void svc_mirror_free(struct svc_mirror *m); /* NULL is fine; kills fetches */

struct svc_mirror_end {
	const struct err *fail; /* NULL: synchronised */
	enum mirror_fail kind;  /* of it */
	int64_t until;          /* of MIRROR_FAIL_RATE */
	bool quiet; /* upstream is what it was: no row was written */
	int64_t next_at;
	uint32_t refs;
	uint32_t changed;
};
typedef void svc_mirror_done_fn(const struct svc_mirror_end *end, void *arg);

/* done comes once, later, after the rows are written.  wanted: somebody
 * waits, so that maintenance makes room at once. */
void svc_mirror_sync(struct svc_mirror *m, int64_t project, bool wanted,
    svc_mirror_done_fn *done, void *arg);
/* The project goes: a question or a fetch of it ends now, and so its sync. */
void svc_mirror_cancel(struct svc_mirror *m, int64_t project);
/* The next sync compares everything: settings, token or refs have changed. */
void svc_mirror_unknow(struct svc_mirror *m, int64_t project);

/* The upstream's form and scheme: https, http, git, ssh, host:path; file and
 * absolute paths only when allow_file.  No credential in it. */
int svc_mirror_check_url(const char *url, bool allow_file, struct err *e);

/* "host:port", "host" or "" (this disk), in lower case: what polls of several
 * projects have in common.  At most SVC_MIRROR_HOST_MAX bytes. */
enum {
	SVC_MIRROR_HOST_MAX = 255
};
void svc_mirror_host(const char *url, char out[SVC_MIRROR_HOST_MAX + 1]);

#endif
