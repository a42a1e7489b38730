/*
 * svc_mirror: one synchronisation of one project: ask upstream for its refs,
 * fetch when they differ, plan each local ref (mirror_plan), move refs, then
 * rows and events in one transaction.  Nothing is retried here.
 */
#ifndef SERVER_SERVICE_SVC_MIRROR_H
#define SERVER_SERVICE_SVC_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

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
	struct net *net;     /* polls http upstreams without starting git */
	struct svc *svc;     /* for svc_pull_on_branch */
	const char *secrets; /* HOME/secrets/upstream; copied */
	int64_t fetch_ms;    /* limit of one fetch, 0: 30 min */
};

struct svc_mirror *svc_mirror_new(const struct svc_mirror_spec *spec);
void svc_mirror_free(struct svc_mirror *m); /* NULL is fine; kills fetches */

struct svc_mirror_end {
	const struct err *fail; /* NULL: synchronised */
	bool auth;              /* upstream refused the credential: pause */
	bool permanent; /* trying again cannot help (shallow upstream) */
	uint32_t refs;
	uint32_t changed;
};
typedef void svc_mirror_done_fn(const struct svc_mirror_end *end, void *arg);

/* done comes once, later, after the rows are written. */
void svc_mirror_sync(
    struct svc_mirror *m, int64_t project, svc_mirror_done_fn *done, void *arg);

/* The upstream's form and scheme: https, http, git, ssh, host:path; file and
 * absolute paths only when allow_file.  No credential in it. */
int svc_mirror_check_url(const char *url, bool allow_file, struct err *e);

#endif
