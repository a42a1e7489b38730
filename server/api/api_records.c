/* api_records: the sealed records of runs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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
api_records_kept(const struct err *fail, void *arg, void *call)
{
	const struct svc_record_keep *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_u64(&s.w, "bytes", op->bytes);
		jw_str(&s.w, "sha256", op->sha);
		jw_end(&s.w);
		shape_reply(&s, c, op->kept ? 200 : 201);
	}
	call_release(c);
}

static void
api_records_on_whole(struct call *c, const struct json *body)
{
	struct svc_record_keep *op;
	AUTO_FREE char *sha = NULL;
	int64_t bytes = 0;
	struct run r;

	if (api_i64(c, body, "bytes", 1, SVC_RECORD_MAX, &bytes) == -1 ||
	    api_need(c, body, "sha256", SHA256_HEX - 1, &sha) == -1)
		return;
	if (bytes == 0 || !sha256_is_hex(sha)) {
		call_reply_error(c, 422,
		    "want bytes, and sha256 as 64 digits in lower case");
		return;
	}
	if (api_runs_open(c, &r) == -1)
		return;
	op = svc_record_keep_new(api_svc(c), call_who(c));
	op->run = r.id;
	op->bytes = (uint64_t)bytes;
	memcpy(op->sha, sha, SHA256_HEX);
	run_release(&r);
	call_hold(c);
	svc_record_keep(op, api_records_kept, c);
}

static void
api_records_whole(struct call *c)
{
	call_take_json(c, api_records_on_whole);
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
	{ "GET", "/-/runs/{id}/record", ROUTE_PAGE, api_records_get },
	{ "GET", "/api/coffer/v1/runs/{id}/record", ROUTE_MEMBER,
	    api_records_get },
	{ "PATCH", "/api/coffer/v1/runs/{id}/record", ROUTE_SERVICE,
	    api_records_append },
	{ "POST", "/api/coffer/v1/runs/{id}/record", ROUTE_SERVICE,
	    api_records_whole },
	{ "DELETE", "/api/coffer/v1/runs/{id}/record", ROUTE_SERVICE,
	    api_records_remove },
	{ .method = NULL },
};
