/*
 * modelgate: what agentd asks of coffer-gateway: a token for each run and
 * session, its end, and what it cost.  Which providers are meant is
 * `providers` of [agentd]: "auto" (those that have a key), "none" (agents sign
 * in by themselves), or names, of which the first of the wanted kind counts.
 *
 * A gateway that is away is asked again until a limit; then there is an error
 * that says so.  Where no gateway ever ran (no HOME/gateway), "auto" is none.
 */
#ifndef AGENTD_MODEL_MODELGATE_H
#define AGENTD_MODEL_MODELGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct err;
struct json;
struct modelask;
struct modelgate;

enum {
	MODEL_NAME_MAX = 64, /* of a provider */
	MODEL_TOKEN_MAX = 96,
	MODEL_URL_MAX = 128,
	MODEL_SCOPE_MAX = 15
};

enum model_kind {
	MODEL_ANTHROPIC,
	MODEL_OPENAI,
	MODEL_KINDS,
	MODEL_ANY = MODEL_KINDS /* as an asker: all that there are */
};

/* No token: the agent signs in by itself. */
struct model_grant {
	char token[MODEL_TOKEN_MAX];
	char provider[MODEL_KINDS][MODEL_NAME_MAX]; /* "": none of the kind */
};

/* What a run spent, in millionths of a dollar. */
struct model_spent {
	bool known;
	bool out; /* a request was refused for want of money */
	int64_t spent, limit;
};

struct model_want {
	int64_t run; /* 0: the project's session */
	int64_t project, item;
	int64_t ttl_s;
	int64_t budget; /* of the run; 0: the default */
	enum model_kind kind;
	bool web;  /* the provider may search and fetch for it */
	bool shut; /* but for nothing of the project, until modelgate_set_web */
};

/* providers: "auto", "none" or names between blanks; checked. */
struct modelgate *modelgate_new(struct loop *l, const char *home,
    const char *providers) __attribute__((returns_nonnull));
void modelgate_free(struct modelgate *g); /* after its askers; NULL is fine */
int modelgate_check(const char *providers, struct err *e);

/* May what is in this network mode reach the web by itself? */
bool model_has_web(const char *network);

/* May providers search and fetch for what is in the project, whatever its
 * grants say?  The gateway is told what was said last as soon as it is there,
 * however long that takes, and keeps it. */
void modelgate_set_web(struct modelgate *g, int64_t project, bool web);

/* Where sandboxes reach it: "http://coffer:81/NAME". */
void model_url(const char *provider, char out[MODEL_URL_MAX]);

/* Whose limit a run has reached: "run", or "item", "project", "project_day",
 * "day", "all" (everything). */
struct model_wait {
	int64_t run, project, item;
	char scope[MODEL_SCOPE_MAX + 1];
	int64_t limit, spent; /* millionths of a dollar */
	int64_t yes;          /* the last approval that raised it, or 0 */
};

/* Which runs wait for money, then NULL; nothing is asked where there is no
 * gateway. */
typedef void modelgate_waiting_fn(const struct model_wait *m, void *arg);
void modelgate_waiting(
    struct modelgate *g, modelgate_waiting_fn *fn, void *arg);
/* Approval yes makes m's limit micros, and who waits for it goes on; once, and
 * not where somebody has set another since.  Repeated until the gateway is
 * there, a minute long. */
void modelgate_raise(struct modelgate *g, const struct model_wait *m,
    int64_t micros, int64_t yes);

/* Its hello, and what root has set there; false: there is no gateway to ask,
 * and fn does not come. */
bool modelgate_hello(struct modelgate *g,
    void (*fn)(const struct json *reply, const struct err *e, void *arg),
    void *arg);
bool modelgate_settings(struct modelgate *g,
    void (*fn)(const struct json *reply, const struct err *e, void *arg),
    void *arg);

/* One of both is there, or neither: a grant without a token. */
typedef void modelask_fn(const struct model_grant *grant,
    const struct model_spent *spent, const struct err *e, void *arg);

/* An asker: one question at a time; a new one replaces it.  g NULL: there is no
 * gateway.  fn comes from the loop, once per question. */
struct modelask *modelask_new(struct loop *l, struct modelgate *g,
    modelask_fn *fn, void *arg) __attribute__((returns_nonnull));
/* wait_ms: how long a gateway that is away is asked again. */
void modelask_grant(
    struct modelask *a, const struct model_want *want, int64_t wait_ms);
/* run 0: the session of the project. */
void modelask_revoke(
    struct modelask *a, int64_t run, int64_t project, int64_t wait_ms);
bool modelask_busy(const struct modelask *a);
void modelask_free(struct modelask *a); /* no callback; NULL is fine */

#endif
