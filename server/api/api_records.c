/* api_records: the sealed records of runs. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "server/api/api_log.h"
#include "server/api/shape.h"
#include "server/service/svc_record.h"
#include "server/store/runs.h"

static void
api_records_get(struct call *c)
{
	struct err e = ERR_INIT;
	char name[64];
	struct request *q;
	struct run r;
	uint64_t size;
	int fd;

	if (api_runs_open(c, &r) == -1)
		return;
	(void)snprintf(name, sizeof(name),
	    "attachment; filename=\"run-%" PRId64 ".tar\"", r.id);
	fd = svc_record_open(api_svc(c), r.id, &size, &e);
	run_release(&r);
	if (fd == -1) {
		call_reply_error(c, e.code == ERR_NOTFOUND ? 404 : 500,
		    "there is no record of that run");
		return;
	}
	call_header(c, "Content-Disposition", name);
	call_header(c, "X-Content-Type-Options", "nosniff");
	call_header(c, "Cache-Control", "no-store");
	q = call_take_over(c);
	if (q != NULL)
		request_reply_file(q, 200, "application/x-tar", fd, 0, size);
	else
		close(fd);
}

static void
api_records_on_part(struct call *c)
{
	struct err e = ERR_INIT;
	struct view bytes;
	struct shape s;
	struct run r;
	int64_t from, next = 0;
	int rc;

	from = api_log_range(c, &bytes);
	if (from == -1 || api_runs_open(c, &r) == -1)
		return;
	rc = svc_record_append(api_svc(c), r.id, from, bytes, &next, &e);
	run_release(&r);
	if (rc == -1 && e.code != ERR_EXISTS) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	if (rc == -1)
		jw_str(&s.w, "message", e.msg);
	jw_i64(&s.w, "next", next);
	jw_end(&s.w);
	shape_reply(&s, c, rc == -1 ? 416 : 202);
}

static void
api_records_append(struct call *c)
{
	call_take_raw(c, SVC_LOG_PART_MAX, api_records_on_part);
}

static void
api_records_remove(struct call *c)
{
	struct run r;

	if (api_runs_open(c, &r) == -1)
		return;
	svc_record_remove(api_svc(c), r.id);
	run_release(&r);
	call_reply_empty(c, 204);
}

const struct route api_records_routes[] = {
	{ "GET", "/api/coffer/v1/runs/{id}/record", ROUTE_MEMBER,
	    api_records_get },
	{ "PATCH", "/api/coffer/v1/runs/{id}/record", ROUTE_SERVICE,
	    api_records_append },
	{ "DELETE", "/api/coffer/v1/runs/{id}/record", ROUTE_SERVICE,
	    api_records_remove },
	{ .method = NULL },
};
