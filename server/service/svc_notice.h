/*
 * svc_notice: who is told of an event, in its own transaction; and what a
 * person does with what he was told.
 */
#ifndef SERVER_SERVICE_SVC_NOTICE_H
#define SERVER_SERVICE_SVC_NOTICE_H

#include "server/domain/words.h"
#include "server/service/svc.h"
#include "server/store/notifications.h"

/* For svc_event_add, after the event. */
int svc_notice_event(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_event *v, struct err *e);

/* Marks what the filter lists, or the one of `id`. */
struct svc_notice_mark {
	struct svc_op op;
	struct notice_filter filter;
	int64_t id;    /* 0: all */
	int64_t until; /* of all: updated until then */
	enum notice_status to;
	struct notice_list list; /* out: at most DB_LIST_MAX of them, as now */
};
struct svc_notice_mark *svc_notice_mark_new(
    struct svc *s, const struct identity *who);
void svc_notice_mark(struct svc_notice_mark *op, svc_done_fn *done, void *arg);

#endif
