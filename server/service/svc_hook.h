/*
 * svc_hook: the use cases of webhooks.  A repository's belong to its admins, a
 * user's to the user, the server's to admins of the server; nobody else sees
 * one, and no token of a run, a session, ci or a service does.
 */
#ifndef SERVER_SERVICE_SVC_HOOK_H
#define SERVER_SERVICE_SVC_HOOK_H

#include "server/domain/hooks.h"
#include "server/service/svc.h"
#include "server/store/hooks.h"

struct json;
struct str;

/* May he? ERR_NOTFOUND or ERR_DENIED. */
int svc_hook_may(struct txn *t, const struct identity *who,
    const struct hook_scope *scope, struct err *e);

/* One op for all; each use case says what it takes. */
struct svc_hook {
	struct svc_op op;
	struct hook_scope scope;
	int64_t id; /* of the hook */
	/* create: all of it.  edit: text that is not NULL; `sets` says which
	 * of the others. */
	struct hook hook;
	bool sets_active, sets_form;
	/* send */
	int64_t project_id;
	enum hook_type type;
	char *payload;
	char *ref;        /* test: a branch; NULL: the default one */
	int64_t delivery; /* redeliver: which; out: the new one, 0 if none */
	struct hook out;
};

struct svc_hook *svc_hook_new(struct svc *s, const struct identity *who);
void svc_hook_create(struct svc_hook *op, svc_done_fn *done, void *arg);
/* A hook that is made inactive gives up what waits. */
void svc_hook_edit(struct svc_hook *op, svc_done_fn *done, void *arg);
void svc_hook_delete(struct svc_hook *op, svc_done_fn *done, void *arg);
/* One delivery of payload, active or not, and the breaker is tried. */
void svc_hook_send(struct svc_hook *op, svc_done_fn *done, void *arg);
/* The same of the newest commit of a branch, as a push of it; of a repository's
 * hook.  Nothing for an empty repository. */
void svc_hook_test(struct svc_hook *op, svc_done_fn *done, void *arg);
/* The same payload and delivery id once more. */
void svc_hook_redeliver(struct svc_hook *op, svc_done_fn *done, void *arg);

/*
 * What a payload is made of.  Who writes the API's shapes makes them, for who
 * follows the events: server/api/hook_payload.h is the one hook_payload_fn.
 */
struct hook_payload {
	const char *url; /* public */
	const struct event *event;
	const struct json *data; /* the event's, parsed */
	const struct hook_say *say;
	const struct project *project;
	const struct json *git; /* of gitpool_pushed, NULL: not known */
};
/* Appends one object.  ERR_NOTFOUND: what it is about is gone. */
typedef int hook_payload_fn(struct txn *t, const struct hook_payload *p,
    struct str *out, struct err *e);
/* Does it need `git`? */
bool svc_hook_needs_git(enum hook_type t);

/* A delivery id, RFC 4122 version 4. */
void svc_hook_uuid(char out[HOOK_UUID + 1]);

#endif
