/*
 * mirror_fetch: what a mirror asks of its upstream: the list of its refs, by
 * one HTTP request where upstream speaks protocol 2 and by `git ls-remote`
 * else, and the fetch itself, by a git child.  The credential travels in the
 * child's environment or a request header, never in argv, URL or log; texts of
 * upstream are scrubbed of it.  Redirects are not followed.
 */
#ifndef SERVER_GIT_MIRROR_FETCH_H
#define SERVER_GIT_MIRROR_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"

struct err;
struct git_env;
struct mirror_op;
struct net;
struct str;

enum {
	MIRROR_TOKEN_MAX = 4096,
	MIRROR_REFS_MAX = 8 << 20 /* bytes of the list */
};

struct mirror_remote {
	struct loop *loop;
	const struct git_env *env;
	struct net *net; /* NULL: always by git */
	const char *url;
	const char *token; /* "" or "TOKEN" or "USER:PASSWORD" */
	int64_t limit_ms;
};

struct mirror_result {
	const struct err *fail;
	bool auth;        /* upstream refused the credential */
	bool shallow;     /* upstream is a shallow clone */
	struct view refs; /* "SHA NAME\n", sorted; of mirror_list */
	const char *head; /* "refs/heads/main" or "" */
};
typedef void mirror_result_fn(const struct mirror_result *r, void *arg);

/* done comes once, later; not after mirror_op_cancel. */
struct mirror_op *mirror_list(const struct mirror_remote *r,
    mirror_result_fn *done, void *arg, struct err *e);
/* Into refs/namespaces/upstream of the project's repository. */
struct mirror_op *mirror_fetch(const struct mirror_remote *r, int64_t project,
    mirror_result_fn *done, void *arg, struct err *e);
void mirror_op_cancel(struct mirror_op *o); /* NULL is fine */

/* Pure: replies to the question for refs.  head is at most 255 bytes. */
int mirror_parse_ls_refs(
    struct view reply, struct str *refs, char head[256], struct err *e);
int mirror_parse_ls_remote(
    struct view text, struct str *refs, char head[256], struct err *e);
/* Pure: removes //user:pass@ and what looks like a token. */
void mirror_scrub(struct str *out, struct view text);
bool mirror_is_auth_text(const char *text);

#endif
