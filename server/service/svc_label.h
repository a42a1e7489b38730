/* svc_label: a project's labels; a maintainer's work. */
#ifndef SERVER_SERVICE_SVC_LABEL_H
#define SERVER_SERVICE_SVC_LABEL_H

#include "server/domain/items.h"
#include "server/service/svc.h"

/* Makes one when id is 0, else changes it; NULL and -1: as it is. */
struct svc_label_write {
	struct svc_op op;
	int64_t project_id;
	int64_t id;
	char *name;
	char *color; /* any form of label_color */
	char *description;
	int exclusive;
	int archived;
	bool remove;        /* instead */
	struct label label; /* out */
};
struct svc_label_write *svc_label_write_new(
    struct svc *s, const struct identity *who);
void svc_label_write(struct svc_label_write *op, svc_done_fn *done, void *arg);

#endif
