/*
 * svc_sandbox: what agentd reports of a project's sandbox: its state, and, when
 * it was asked, the work in it that exists nowhere else.
 */
#ifndef SERVER_SERVICE_SVC_SANDBOX_H
#define SERVER_SERVICE_SVC_SANDBOX_H

#include "lib/base/view.h"
#include "server/service/svc.h"

enum {
	SVC_WORK_MAX = 32,   /* clones that are told of one by one */
	SVC_WORK_TEXT = 256, /* bytes of a path or a branch's name */
	SVC_CAUSE_MAX = 24
};

struct svc_sandbox_report {
	struct svc_op op;
	int64_t project_id;
	enum sandbox_status state;
	int64_t generation; /* that is meant; -1: not known */
	int64_t kept;       /* "refused": the one that stays; -1: none */
	char *cause;        /* a word for the reason, or "" */
	char *reason;
	char *address;
	bool purged; /* out: it was the last thing of a project being removed */
	bool withdrawn; /* out: a renewal was taken back with it */
};
struct svc_sandbox_report *svc_sandbox_report_new(
    struct svc *s, const struct identity *who);
void svc_sandbox_report(
    struct svc_sandbox_report *op, svc_done_fn *done, void *arg);

/* Asks agentd: the event sandbox.asked. */
void svc_sandbox_ask(struct svc *s, const struct identity *who, int64_t project,
    svc_done_fn *done, void *arg);

/* agentd's answer to the event `asked` and all before it: the event
 * sandbox.work with `data`, an object of JSON that the caller wrote from what
 * it judged. */
void svc_sandbox_work(struct svc *s, const struct identity *who,
    int64_t project, int64_t asked, struct view data, svc_done_fn *done,
    void *arg);
/* In done: was it waited for, by who would take the sandbox away? */
bool svc_sandbox_work_awaited(const void *op);

#endif
