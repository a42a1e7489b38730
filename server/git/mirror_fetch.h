/*
 * mirror_fetch: what a mirror asks of its upstream: the list of its refs, by
 * one HTTP request where upstream speaks protocol 2 and by `git ls-remote`
 * else, and the fetch itself, by a git child.  The credential travels in the
 * child's environment, a request header or a key file, never in argv, URL or
 * log; texts of upstream are scrubbed of it.  Redirects are not followed.
 */
#ifndef SERVER_GIT_MIRROR_FETCH_H
#define SERVER_GIT_MIRROR_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"
#include "server/domain/mirror_fail.h"

struct err;
struct git_env;
struct mirror_op;
struct net;
struct str;

enum {
	MIRROR_REFS_MAX = 8 << 20, /* bytes of the list */
	MIRROR_DIGEST = 32,
	MIRROR_ODD_MAX = 100 /* refs whose names a disk cannot hold */
};

/* What every upstream of this server is held to.  Borrowed. */
struct mirror_limits {
	const char *ca_file;   /* more authorities, NULL: the system's */
	const char *ssh_agent; /* socket, NULL: key files alone */
	uint64_t max_bytes;    /* of one fetch's pack */
	uint64_t min_free;     /* bytes of disk that a fetch leaves */
	int64_t stall_ms;      /* without a byte */
	int64_t list_ms;       /* of a question for refs */
	int64_t fetch_ms;
};

struct mirror_remote {
	struct loop *loop;
	const struct git_env *env;
	struct net *net; /* NULL: always by git */
	const struct mirror_limits *limits;
	const char *url;
	const char *token;       /* "" or "TOKEN" or "USER:PASSWORD" */
	const char *key;         /* ssh key file; copied; NULL: none */
	const char *known_hosts; /* file, need not be there; copied */
	const uint8_t *known;    /* digest of a list that needs no reading */
	struct view odd;         /* names to leave out, a line each */
};

struct mirror_result {
	const struct err *fail;
	enum mirror_fail kind;
	int64_t until;    /* of MIRROR_FAIL_RATE: not before, ms */
	bool same;        /* the list has the digest `known`; nothing else */
	struct view refs; /* "SHA NAME\n", sorted; of mirror_list */
	struct view odd;  /* names that cannot be mirrored, a line each */
	const char *head; /* "refs/heads/main" or "" */
	const uint8_t *digest; /* of the list as it came */
};
typedef void mirror_result_fn(const struct mirror_result *r, void *arg);

/* done comes once, later; not after mirror_op_cancel. */
struct mirror_op *mirror_list(const struct mirror_remote *r,
    mirror_result_fn *done, void *arg, struct err *e);
/* Into refs/namespaces/upstream of the project's repository. */
struct mirror_op *mirror_fetch(const struct mirror_remote *r, int64_t project,
    mirror_result_fn *done, void *arg, struct err *e);
void mirror_op_cancel(struct mirror_op *o); /* NULL is fine */

/* Pure: replies to the question for refs. */
struct mirror_refs {
	struct str *refs; /* appended to */
	struct str *odd;
	char head[256]; /* "" unless it is one of the refs */
};
int mirror_parse_ls_refs(
    struct view reply, struct mirror_refs *out, struct err *e);
int mirror_parse_ls_remote(
    struct view text, struct mirror_refs *out, struct err *e);
/* Pure: removes //user:pass@, what looks like a token, the token itself in
 * every form that is sent, and control characters. */
void mirror_scrub(struct str *out, struct view text, const char *token);

#endif
