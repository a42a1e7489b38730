/*
 * engine: a container engine behind a Unix socket: the Docker Engine API from
 * version 1.41 on, of Docker or of Podman 4.  One object per program; it
 * knows what the engine is and asks it questions on the loop.  What the engine
 * answers is root's word, but read with limits like anybody's.
 */
#ifndef AGENTD_SANDBOX_ENGINE_H
#define AGENTD_SANDBOX_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"

struct engine;
struct engine_call;
struct err;
struct json;
struct net;
struct str;

/* What engine_learn found out. */
struct engine_facts {
	bool podman;
	/* First host uid of the engine's own user namespace for containers;
	 * 0: none (Docker without userns-remap).  Podman maps by project. */
	uint32_t remap;
	char version[32];
};

struct engine_reply {
	/* NULL: the engine did it (2xx, or 304: it was so already).  Else
	 * ERR_NOTFOUND (404), ERR_EXISTS (409), ERR_INVALID (400), ERR_IO (no
	 * answer came), ERR_INTERNAL with what the engine said. */
	const struct err *e;
	int status;              /* HTTP; 0: no answer */
	const struct json *json; /* NULL when it was none */
};

typedef void engine_done_fn(const struct err *e, void *arg);
typedef void engine_reply_fn(const struct engine_reply *r, void *arg);

/* socket_path NULL: where Docker's is, else Podman's.  runtime NULL: the
 * engine's default. */
struct engine *engine_new(struct loop *l, const char *socket_path,
    const char *runtime, struct err *e);
void engine_free(struct engine *g); /* NULL is fine; no more callbacks */

const char *engine_socket(const struct engine *g);
const char *engine_runtime(const struct engine *g); /* NULL: default */
/* Did it name this one when it was asked last? */
bool engine_has_runtime(const struct engine *g, const char *name);
const struct engine_facts *engine_facts(const struct engine *g);
struct net *engine_net(const struct engine *g);

/* Synchronous, a few milliseconds: version, kind, and whether it is fit for
 * sandboxes. */
int engine_learn(struct engine *g, struct err *e);

/*
 * One request: fn comes once, later, from the loop.  path begins with "/" and
 * has no version.  body NULL: none; it is JSON and copied.  limit_ms 0: a
 * minute, -1: none.
 */
struct engine_call *engine_ask(struct engine *g, const char *method,
    const char *path, const struct str *body, int64_t limit_ms,
    engine_reply_fn *fn, void *arg);
/* No callback any more; NULL is fine. */
void engine_call_cancel(struct engine_call *c);

/* The message of a refusal; of a long one the end, where the cause is. */
const char *engine_said(const struct json *j);

/* A file as the body, application/x-tar; it is closed at the end. */
struct engine_call *engine_send_file(struct engine *g, const char *path, int fd,
    int64_t size, engine_reply_fn *fn, void *arg);

/*
 * The container, by name or id, goes with all that runs in it.  One that is
 * not there is fine; one that is on its way is waited for.
 */
void engine_remove(
    struct engine *g, const char *container, engine_done_fn *done, void *arg);

/* engine_ask without the caller's loop, for a moment when none runs: *fn is
 * called before it returns. */
void engine_ask_now(const struct engine *g, const char *method,
    const char *path, engine_reply_fn *fn, void *arg);

#endif
