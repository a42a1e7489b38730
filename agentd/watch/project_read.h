/* project_read: cofferd's Project (docs/api.md) into struct project. */
#ifndef AGENTD_WATCH_PROJECT_READ_H
#define AGENTD_WATCH_PROJECT_READ_H

#include "agentd/watch/projects.h"

struct err;
struct json;

int project_read(const struct json *j, struct project *out, struct err *e);
void project_release(struct project *p);

#endif
