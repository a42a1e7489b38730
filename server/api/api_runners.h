/* api_runners: what the calls of runners and of their jobs share. */
#ifndef SERVER_API_API_RUNNERS_H
#define SERVER_API_API_RUNNERS_H

#include "server/api/api.h"

/* The member "labels", a list of labels, as JSON text; NULL when absent. -1
 * after a 422. */
int api_ci_labels(struct call *c, const struct json *j, char **out);

#endif
