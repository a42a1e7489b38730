/* svc_tag: a tag made through the API: an annotated one when there is a
 * message; then its ref, as svc_refmove. */
#ifndef SERVER_SERVICE_SVC_TAG_H
#define SERVER_SERVICE_SVC_TAG_H

#include "server/service/svc_write.h"

struct svc_tag {
	struct svc_op op;
	int64_t project_id;
	char *name;
	char *target;  /* as a person names it */
	char *message; /* NULL or "": a light tag */
	char *noreply;
	struct svc_person tagger;
	struct repo_hold *hold;
};

struct svc_tag *svc_tag_new(struct svc *s, const struct identity *who);
void svc_tag(struct svc_tag *op, svc_done_fn *done, void *arg);

#endif
