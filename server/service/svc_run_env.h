/*
 * svc_run_env: the environment that a person gave a run without an item: one
 * file of the server's user each, HOME/secrets/runs/KEY, so that no value is
 * in a row, the database's log or a copy of either.  The run's row has the KEY
 * until its end, and hands it on to the next try.
 */
#ifndef SERVER_SERVICE_SVC_RUN_ENV_H
#define SERVER_SERVICE_SVC_RUN_ENV_H

struct err;
struct svc;
struct txn;

enum {
	SVC_RUN_ENV_KEY = 32 /* letters of a KEY */
};

/* The JSON object into a file, on disk when it returns; a file whose row does
 * not come is removed by svc_run_env_drop, or the next sweep. */
int svc_run_env_put(const struct svc *s, const char *env,
    char key[SVC_RUN_ENV_KEY + 1], struct err *e);
/* Of an order that was refused; what cannot be removed is logged. */
void svc_run_env_drop(const struct svc *s, const char *key);
/* *out: the object, of the caller, who overwrites it; key "": "". */
int svc_run_env_get(
    const struct svc *s, const char *key, char **out, struct err *e);
/* Within a job: removes those that no run has which goes on. */
int svc_run_env_sweep(const struct svc *s, struct txn *t, struct err *e);

#endif
