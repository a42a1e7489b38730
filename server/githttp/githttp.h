/*
 * githttp: git smart HTTP (gitprotocol-http(5)) on /OWNER/PROJECT.git (work)
 * and /upstream/PROJECT.git (the read-only mirror).  The bytes are moved by
 * git's own programs as children; here are routes, rights, limits and
 * backpressure.
 *
 * app.c asks githttp_handles for every path that no JSON route took and hands
 * the request over with the identity that the credential gave; who is NULL when
 * there was none or it was bad, and is copied before the call returns.
 */
#ifndef SERVER_GITHTTP_GITHTTP_H
#define SERVER_GITHTTP_GITHTTP_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct git_env;
struct git_pool;
struct githttp;
struct identity;
struct loop;
struct repo_use;
struct request;
struct svc_archive;
struct svc_push;

struct githttp_spec {
	struct loop *loop;
	struct db *db;
	struct git_pool *pool;
	struct repo_use *use;
	const struct git_env *env;
	struct svc_push *push;
	unsigned max_packs;     /* children at once, 0: 16 */
	unsigned user_packs;    /* of them for one credential, 0: half */
	unsigned project_packs; /* of them for one project, 0: all but one */
	unsigned max_waiting;   /* for a child, 0: 64; beyond it turned away */
	int64_t wait_ms;        /* at most so long, 0: 2 min */
	int64_t wall_ms;        /* of one child, 0: 1 h */
	int64_t idle_ms;        /* of a client whose turn it is, 0: 60 s */
	uint64_t max_push;      /* bytes of one push, 0: 2 GiB */
	uint64_t max_objects;   /* of one push, 0: 1,000,000 */
	uint64_t max_object;    /* bytes of one object, 0: 512 MiB */
	uint64_t max_memory;    /* of git while it takes a push or packs a tree
				   as tar, 0: 1 GiB */
	uint64_t max_tar;       /* bytes of a tree, 0: 8 GiB */
};

struct githttp *githttp_new(const struct githttp_spec *spec);
void githttp_free(struct githttp *g); /* NULL is fine; ends what runs */

bool githttp_handles(const char *path);
void githttp_request(
    struct githttp *g, struct request *q, const struct identity *who);

/* Reply with the tree of a commit as a tar, without git metadata. */
void githttp_reply_tar(
    struct githttp *g, struct request *q, int64_t project, const char *sha);
/* With a commit's archive, or a blob's bytes, as git streams them: it waits for
 * its turn, and is bounded, as a fetch.  The caller checked who asks. */
void githttp_reply_archive(
    struct githttp *g, struct request *q, const struct svc_archive *a);
void githttp_reply_blob(struct githttp *g, struct request *q, int64_t project,
    int64_t credential, const char *sha);

#endif
