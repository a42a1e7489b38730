/*
 * svc_runner: who runs CI jobs: an admin invites a runner, it registers with
 * the invitation, once, and has a token and an account of its own from then
 * on; it is paused and removed.
 */
#ifndef SERVER_SERVICE_SVC_RUNNER_H
#define SERVER_SERVICE_SVC_RUNNER_H

#include "server/domain/runner.h"
#include "server/service/svc.h"

/* Inputs are owned; labels are a JSON list, checked already. */
struct svc_runner_add {
	struct svc_op op;
	char *name;
	char *labels; /* NULL: any */
	int64_t slots;
	int64_t valid_ms;
	char token[TOKEN_SECRET_HEX + 1]; /* out: the invitation's */
	struct runner runner;             /* out */
};
struct svc_runner_add *svc_runner_add_new(
    struct svc *s, const struct identity *who);
/* ERR_EXISTS: the name is taken. */
void svc_runner_add(struct svc_runner_add *op, svc_done_fn *done, void *arg);

struct svc_runner_register {
	struct svc_op op;
	char *token;
	char *name;    /* NULL: the invitation's */
	char *labels;  /* NULL: the invitation's */
	char *version; /* NULL: "" */
	int64_t slots; /* 0: the invitation's */
	bool network;  /* it has one for jobs that need it */
	char secret[TOKEN_SECRET_HEX + 1]; /* out: the runner's token */
	struct runner runner;              /* out */
};
struct svc_runner_register *svc_runner_register_new(struct svc *s);
/* ERR_DENIED: the invitation is not, or no longer, good; ERR_EXISTS: the name
 * is taken; ERR_INVALID: a label that it does not have. */
void svc_runner_register(
    struct svc_runner_register *op, svc_done_fn *done, void *arg);

struct svc_runner_edit {
	struct svc_op op;
	int64_t id;
	bool has_paused, paused;
	char *labels;         /* NULL: as it is */
	int64_t slots;        /* 0: as it is */
	struct runner runner; /* out */
};
struct svc_runner_edit *svc_runner_edit_new(
    struct svc *s, const struct identity *who, int64_t id);
void svc_runner_edit(struct svc_runner_edit *op, svc_done_fn *done, void *arg);

/* Its token and its leases are no good any more. */
void svc_runner_remove(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg);

#endif
