/*
 * svc: what the use cases work with, and the shape of a use case that writes.
 *
 * Such a use case is a struct that begins with struct svc_op: its input, owned
 * copies, and its result.  svc_op_new makes it with the identity of who asks;
 * the use case's function takes it and calls `done` once, later, on the loop,
 * after which it is freed.  The job runs on the writer thread and touches the
 * op and the transaction only; it checks again what must be true.
 */
#ifndef SERVER_SERVICE_SVC_H
#define SERVER_SERVICE_SVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/auth/auth.h"
#include "server/domain/perm.h"
#include "server/domain/types.h"
#include "server/domain/work.h"
#include "server/store/db.h"

struct care;
struct err;
struct event_stream;
struct git_copies;
struct git_env;
struct git_pool;
struct githttp;
struct hook_loop;
struct hook_payload;
struct http_stats;
struct jw;
struct loop;
struct mirror_loop;
struct passwords;
struct repo_use;
struct request;
struct str;
struct svc_auto;
struct svc_ci;
struct svc_files;
struct svc_looks;
struct svc_pulls;
struct svc_push;
struct svc_uses;
struct svc_works;
struct tls_door;

/* What stands above the services and serves them; app.c joins them.  The
 * contracts are in server/jobs/mirror_loop.h and server/githttp/githttp.h. */
typedef void svc_synced_fn(const struct err *fail, void *arg);
/* A commit's files as one, all below the folder prefix ("name/"). */
struct svc_archive {
	int64_t project;
	int64_t credential; /* auth_credential */
	const char *sha;
	const char *form; /* "tar.gz", "zip" */
	const char *prefix;
};
struct svc_upper {
	void (*mirror_wake)(struct mirror_loop *l, int64_t project);
	void (*mirror_forget)(struct mirror_loop *l, int64_t project);
	uint64_t (*mirror_sync)(struct mirror_loop *l, int64_t project,
	    svc_synced_fn *done, void *arg);
	void (*mirror_cancel)(struct mirror_loop *l, uint64_t handle);
	uint64_t (*care_now)(struct care *c, int64_t project, unsigned wanted,
	    svc_synced_fn *done, void *arg);
	void (*care_cancel)(struct care *c, uint64_t handle);
	void (*care_forget)(struct care *c, int64_t project);
	void (*hooks_wake)(struct hook_loop *l); /* a delivery may be due */
	int (*hook_payload)(struct txn *t, const struct hook_payload *p,
	    struct str *out, struct err *e);
	void (*reply_tar)(struct githttp *g, struct request *q, int64_t project,
	    const char *sha);
	void (*reply_archive)(
	    struct githttp *g, struct request *q, const struct svc_archive *a);
	void (*reply_blob)(struct githttp *g, struct request *q,
	    int64_t project, int64_t credential, const char *sha);
};

/* Owned by app.c; filled before the loop runs. */
struct svc {
	struct loop *loop;
	struct db *db;
	struct git_pool *git;
	struct git_env *env;
	struct repo_use *use;
	struct git_copies *copies;
	const struct svc_upper *upper;
	struct mirror_loop *mirror;
	struct svc_ci *ci;
	struct svc_auto *autos;
	struct svc_purge *purge;
	struct svc_pulls *pulls;
	struct svc_looks *looks;
	struct svc_push *push;
	struct svc_uses *uses;
	struct svc_works *works;
	struct svc_files *files;
	struct care *care;
	struct hook_loop *hooks;
	struct event_stream *events;
	struct githttp *githttp;
	struct passwords *passwords;
	int64_t (*now)(void); /* ms since 1970 */
	int64_t started_at;   /* of this process */
	const char *home;
	const char *public_url; /* no trailing slash */
	const char *own_url;    /* the same; NULL: it was not set */
	bool allow_file_upstream;
	int64_t sync_interval_ms;
	uint64_t min_free; /* bytes that the disk should have left */
	bool reconciled;   /* refs and rows are one truth */
	struct http_stats *http;
	struct tls_door *tls; /* NULL: no TLS */
	int64_t agent_id;     /* users that every home has */
	int64_t ci_id;
	int64_t agentd_id;
};

struct svc_op;

typedef void svc_done_fn(const struct err *fail, void *op, void *arg);

struct svc_op {
	struct svc *svc;
	struct identity who;
	int64_t now;
	db_job_fn *job;
	/* On the loop when the job is on disk, before done; may be NULL.  True:
	 * the op goes on and ends by svc_op_end. */
	bool (*then)(void *op);
	svc_done_fn *done; /* may be NULL */
	void *arg;
	void (*release)(void *op); /* what it owns, not itself; may be NULL */
};

void *svc_op_new(struct svc *s, size_t size, const struct identity *who,
    void (*release)(void *op));
/* Release and free of an op that is not to run. */
void svc_op_drop(void *op);
/* db_write of the job, then `then`, done, release and free. */
void svc_op_run(void *op, db_job_fn *job, svc_done_fn *done, void *arg);
/* The next transaction of an op that goes on; set op.then first. */
void svc_op_again(void *op, db_job_fn *job);
/* Ends an op that did not run or went on: done, release, free; now, so only
 * from a callback of the loop that the use case waited for.  _later: in the
 * next turn, for the start of a use case. */
void svc_op_end(void *op, const struct err *fail);
void svc_op_end_later(void *op, const struct err *fail);

/* An identity for what the server does by itself. */
void svc_identity_of(int64_t user_id, const char *login, enum user_kind kind,
    struct identity *out);

/*
 * May `who` do `verb` in the project?  ERR_NOTFOUND when he may not see it,
 * ERR_DENIED when he may see it only, ERR_LOCKED when it is archived and the
 * verb writes.  role may be NULL.
 */
int svc_may(struct txn *t, const struct identity *who, int64_t project_id,
    enum perm_verb verb, enum role *role, struct err *e);
/* The same with the project by name; the caller releases *out on success. */
int svc_project_open(struct txn *t, const struct identity *who,
    const char *owner, const char *name, enum perm_verb verb,
    struct project *out, struct err *e);
/* By id; also refuses a project that is being deleted unless reading. */
int svc_project_by_id(struct txn *t, const struct identity *who, int64_t id,
    enum perm_verb verb, struct project *out, struct err *e);
/* User id to filter lists by, 0 for whoever sees all. */
int64_t svc_viewer(const struct identity *who);

/* An event of this op's identity.  data NULL: {}. */
struct svc_event {
	const char *kind;
	int64_t project_id;
	int64_t item;
	bool is_pull;
	const struct str *data;
};
int svc_event_add(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_event *v, struct err *e);

/* LOGIN@noreply.HOST, for who has no address; free(3). */
char *svc_noreply(const struct svc *s, const char *login)
    __attribute__((returns_nonnull));

/* NULL is the empty string. */
const char *svc_text(const char *s) __attribute__((returns_nonnull));

#endif
