/* report: the report of a run's record, as a page that may do nothing. */
#ifndef SERVER_WEB_REPORT_H
#define SERVER_WEB_REPORT_H

#include <stdint.h>

struct call;
struct json;
struct svc;

/* The caller may read the run. */
void report_reply(struct call *c, int64_t run);
/* manifest.json of its record, for json_free; NULL: there is none. */
struct json *report_manifest(struct svc *s, int64_t run);

#endif
