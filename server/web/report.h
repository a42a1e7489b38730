/* report: the report of a run's record, as a page that may do nothing. */
#ifndef SERVER_WEB_REPORT_H
#define SERVER_WEB_REPORT_H

#include <stdint.h>

struct call;

/* The caller may read the run. */
void report_reply(struct call *c, int64_t run);

#endif
