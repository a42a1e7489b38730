/*
 * svc_project: mirrored repositories: made, changed, removed; the upstream's
 * token; a sync on demand.
 */
#ifndef SERVER_SERVICE_SVC_PROJECT_H
#define SERVER_SERVICE_SVC_PROJECT_H

#include "server/service/svc.h"

struct svc_project_create {
	struct svc_op op;
	char *upstream;
	char *name;           /* NULL: from the upstream */
	char *owner;          /* NULL: who asks */
	char *description;    /* NULL: none */
	bool provisional;     /* a start removes it unless projects_keep came */
	bool own;             /* no upstream; then: */
	char *default_branch; /* NULL: main */
	int64_t parent_id;    /* what it is a fork of, 0: of nothing */
	struct project_settings settings; /* initialised by _new */
	enum sandbox_want want;           /* also by _new: running */
	struct project project;           /* out */
};
struct svc_project_create *svc_project_create_new(
    struct svc *s, const struct identity *who);
void svc_project_create(
    struct svc_project_create *op, svc_done_fn *done, void *arg);

struct svc_project_edit {
	struct svc_op op;
	int64_t project_id;
	bool set_settings;
	bool set_gate; /* settings name some that decide the gate */
	struct project_settings settings;
	enum sandbox_want want; /* 0: as it is */
	bool renew;             /* the sandbox is to be made anew */
	bool remove;
	struct project project; /* out; not of a removal */
	bool purged;
	bool retest; /* checks run on something else now */
};
struct svc_project_edit *svc_project_edit_new(
    struct svc *s, const struct identity *who);
/* Changes settings or what is wanted of the sandbox, or begins the removal. */
void svc_project_edit(
    struct svc_project_edit *op, svc_done_fn *done, void *arg);

/* HOME/secrets/upstream/ID.token; "" removes it. */
int svc_project_set_token(struct svc *s, const struct identity *who,
    int64_t project, const char *token, struct err *e);

/* At start: repositories that a crash left unmade. */
int svc_project_start(struct svc *s, struct err *e);

#endif
