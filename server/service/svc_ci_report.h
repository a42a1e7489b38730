/*
 * svc_ci_report: one comment of `ci` on a pull request, kept up to date: what
 * each check came to, the end of the logs that matter as fenced text, the whole
 * logs attached; and a comment of its own for each order of a comment.
 */
#ifndef SERVER_SERVICE_SVC_CI_REPORT_H
#define SERVER_SERVICE_SVC_CI_REPORT_H

#include "server/domain/work.h"
#include "server/service/svc.h"

/* In a job.  There is no comment before a job has ended. */
int svc_ci_report(struct txn *t, struct svc *s, int64_t now, int64_t project,
    int64_t pull, struct err *e);
/* What was ordered has ended. */
int svc_ci_report_order(struct txn *t, struct svc *s, int64_t now,
    const struct job *j, struct err *e);

/* Text that somebody printed as fenced Markdown that it cannot end. */
void svc_ci_fence(struct str *out, struct view text);

#endif
