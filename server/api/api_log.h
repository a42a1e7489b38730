/* api_log: the output of a run or CI job, taken in parts and given as it
 * grows. */
#ifndef SERVER_API_API_LOG_H
#define SERVER_API_API_LOG_H

#include "server/api/api.h"
#include "server/service/svc_log.h"

/* Where a log ends for now, and whether more can come; -1: it went away. */
typedef int api_log_state_fn(
    struct svc *s, int64_t id, int64_t *bytes, bool *ended);

/* Replies with offset=N and, with follow=1, until the state says it ended. */
void api_log_reply(struct call *c, enum svc_log_kind kind, int64_t id,
    api_log_state_fn *state);
/* The body of this call is a part; replies 202 {next}, or 416 {next}. */
void api_log_append(struct call *c, enum svc_log_kind kind, int64_t id);

/* The run of the path, if the caller may see its project; run_release. */
int api_runs_open(struct call *c, struct run *r);

#endif
