/* api_attachments: files on issues, pull requests and comments. */
#include "server/api/api.h"
#include "server/api/api_words.h"
#include "server/api/shape.h"
#include "server/domain/file_rule.h"
#include "server/http/multipart.h"
#include "server/http/range.h"
#include "server/service/svc_attachment.h"
#include "server/store/attachments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/httpd/httpd.h"

enum {
	API_UPLOAD_SLACK = 64 << 10 /* of a body beside the file */
};

struct api_upload {
	struct call *call;
	struct multipart *body;
	struct svc_upload *file; /* NULL: finished, or none */
	char *name;              /* of the query, or of the part */
	struct words_target on;
	uint64_t room; /* what the body may still have */
	bool taking;   /* the part is the file */
	bool taken;
};

static void
api_upload_free(struct api_upload *u)
{
	multipart_free(u->body);
	svc_upload_drop(u->file);
	free(u->name);
	free(u);
}

static void
api_upload_on_gone(struct call *c)
{
	struct api_upload *u = call_data(c);

	if (u != NULL)
		api_upload_free(u);
	call_set_data(c, NULL);
}

static int
api_upload_part(void *arg, const struct multipart_part *p, struct err *e)
{
	struct api_upload *u = arg;

	u->taking = !u->taken && strcmp(p->name, "attachment") == 0;
	if (!u->taking)
		return 0;
	u->taken = true;
	if (u->name == NULL)
		u->name = xstrdup(p->filename);
	u->file = svc_upload_new(
	    api_svc(u->call), call_who(u->call), &u->on, e);
	return u->file == NULL ? -1 : 0;
}

static int
api_upload_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct api_upload *u = arg;

	return u->taking ? svc_upload_write(u->file, p, n, e) : 0;
}

static int
api_upload_end(void *arg, struct err *e)
{
	struct api_upload *u = arg;

	(void)e;
	u->taking = false;
	return 0;
}

static const struct multipart_calls api_upload_calls = { api_upload_part,
	api_upload_data, api_upload_end };

/* Replies, and lets go of what came in. */
static void
api_upload_fail(struct api_upload *u, const struct err *e)
{
	struct call *c = u->call;

	call_set_data(c, NULL);
	api_upload_free(u);
	call_fail(c, e);
}

static size_t
api_upload_on_data(struct request *q, const void *p, size_t n, void *arg)
{
	struct api_upload *u = call_data(arg);
	struct err e = ERR_INIT;
	int rc;

	(void)q;
	if (u == NULL)
		return n;
	if (n > u->room)
		rc = err_set(
		    &e, ERR_LIMIT, "attachment: the body is too large");
	else
		rc = multipart_feed(u->body, p, n, &e);
	if (rc == -1)
		api_upload_fail(u, &e);
	else
		u->room -= n;
	return n;
}

static void
api_attachments_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_attach *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_attachment(&s, &op->attachment);
		shape_reply(&s, c, 201);
	}
	call_release(c);
}

static void
api_upload_on_end(struct request *q, void *arg)
{
	struct call *c = arg;
	struct api_upload *u = call_data(c);
	struct err e = ERR_INIT;

	(void)q;
	if (u == NULL)
		return;
	if (multipart_end(u->body, &e) == -1) {
		api_upload_fail(u, &e);
		return;
	}
	call_set_data(c, NULL);
	if (u->file == NULL) {
		call_reply_error(c, 400, "attachment: the file is missing");
	} else {
		call_hold(c);
		svc_upload_finish(u->file, u->name, api_attachments_made, c);
		u->file = NULL;
	}
	api_upload_free(u);
}

static const struct body_sink api_upload_sink = { api_upload_on_data,
	api_upload_on_end };

static void
api_attachments_take(struct call *c, const struct words_target *on)
{
	struct request *q = call_request(c);
	uint64_t room = svc_files_max(api_svc(c)->files) + API_UPLOAD_SLACK;
	const char *name = call_query(c, "name");
	struct multipart *body;
	struct api_upload *u;
	struct err e = ERR_INIT;

	if (request_length(q) > 0 && (uint64_t)request_length(q) > room) {
		call_reply_error(c, 413, "attachment: over %" PRIu64 " bytes",
		    svc_files_max(api_svc(c)->files));
		return;
	}
	u = xcalloc(1, sizeof(*u));
	body = multipart_new(
	    request_header_in(q, "Content-Type"), &api_upload_calls, u, &e);
	if (body == NULL) {
		free(u);
		call_reply_error(c, 400, "%s", e.msg);
		return;
	}
	u->call = c;
	u->body = body;
	u->on = *on;
	u->room = room;
	if (name != NULL && name[0] != '\0')
		u->name = xstrdup(name);
	call_set_data(c, u);
	call_on_gone(c, api_upload_on_gone);
	request_stream(q, &api_upload_sink, c);
}

/* The caller may attach to what the path names. */
static int
api_attachments_may(
    struct call *c, enum api_words_on kind, struct words_target *on)
{
	struct err e = ERR_INIT;

	if (api_words_target(c, kind, on, NULL) == -1)
		return -1;
	if (svc_attachment_may(api_reader(c), call_who(c), on, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static void
api_attachments_post_item(struct call *c)
{
	struct words_target on;

	if (api_attachments_may(c, API_WORDS_ITEM, &on) == 0)
		api_attachments_take(c, &on);
}

static void
api_attachments_post_comment(struct call *c)
{
	struct words_target on;

	if (api_attachments_may(c, API_WORDS_COMMENT, &on) == 0)
		api_attachments_take(c, &on);
}

static void
api_attachments_list(struct call *c, enum api_words_on kind)
{
	struct attachment_list list = { .n = 0 };
	struct err e = ERR_INIT;
	struct words_target on;
	struct shape s;

	if (api_words_target(c, kind, &on, NULL) == -1)
		return;
	if (attachments_list(api_reader(c), &on, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_count(c, (int64_t)list.n);
	shape_init(&s, c, NULL);
	shape_attachments(&s, NULL, &list);
	shape_reply(&s, c, 200);
	attachment_list_release(&list);
}

static void
api_attachments_list_item(struct call *c)
{
	api_attachments_list(c, API_WORDS_ITEM);
}

static void
api_attachments_list_comment(struct call *c)
{
	api_attachments_list(c, API_WORDS_COMMENT);
}

static void
api_attachments_get(struct call *c, enum api_words_on kind)
{
	struct attachment a = { .id = 0 };
	struct err e = ERR_INIT;
	struct words_target on;
	struct shape s;

	if (api_words_target(c, kind, &on, NULL) == -1)
		return;
	if (attachments_get(api_reader(c), &on, call_arg_id(c, 3), &a, &e) ==
	    -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	shape_attachment(&s, &a);
	shape_reply(&s, c, 200);
	attachment_release(&a);
}

static void
api_attachments_get_item(struct call *c)
{
	api_attachments_get(c, API_WORDS_ITEM);
}

static void
api_attachments_get_comment(struct call *c)
{
	api_attachments_get(c, API_WORDS_COMMENT);
}

static void
api_attachments_rename(
    struct call *c, const struct json *j, enum api_words_on kind)
{
	AUTO_FREE char *name = NULL;
	struct words_target on;
	struct svc_attach *op;

	if (api_attachments_may(c, kind, &on) == -1 ||
	    api_need(c, j, "name", ATTACHMENT_NAME_MAX, &name) == -1)
		return;
	op = svc_attach_new(api_svc(c), call_who(c), &on, call_arg_id(c, 3));
	op->name = STEAL(name);
	call_hold(c);
	svc_attach_rename(op, api_attachments_made, c);
}

static void
api_attachments_on_item(struct call *c, const struct json *j)
{
	api_attachments_rename(c, j, API_WORDS_ITEM);
}

static void
api_attachments_on_comment(struct call *c, const struct json *j)
{
	api_attachments_rename(c, j, API_WORDS_COMMENT);
}

static void
api_attachments_patch_item(struct call *c)
{
	call_take_json(c, api_attachments_on_item);
}

static void
api_attachments_patch_comment(struct call *c)
{
	call_take_json(c, api_attachments_on_comment);
}

static void
api_attachments_delete(struct call *c, enum api_words_on kind)
{
	struct words_target on;

	if (api_attachments_may(c, kind, &on) == -1)
		return;
	call_hold(c);
	svc_attach_remove(
	    svc_attach_new(api_svc(c), call_who(c), &on, call_arg_id(c, 3)),
	    api_done_empty, c);
}

static void
api_attachments_delete_item(struct call *c)
{
	api_attachments_delete(c, API_WORDS_ITEM);
}

static void
api_attachments_delete_comment(struct call *c)
{
	api_attachments_delete(c, API_WORDS_COMMENT);
}

/* RFC 6266: a name in ASCII for all, and the real one. */
static void
api_attachments_disposition(struct call *c, const struct attachment *a)
{
	AUTO_STR struct str text = STR_INIT_MAX(2048);

	str_add(&text,
	    file_rule_inline(a->type) ? "inline; filename=\""
				      : "attachment; filename=\"");
	for (const char *p = a->name; *p != '\0'; p++)
		str_addc(&text,
		    *p < ' ' || *p > '~' || strchr("\"\\%", *p) ? '_' : *p);
	str_add(&text, "\"; filename*=UTF-8''");
	esc_url(&text, view_of(a->name));
	call_header(c, "Content-Disposition", str_cstr(&text));
}

static void
api_attachments_send(
    struct call *c, const struct attachment *a, const char *etag)
{
	const char *type = strcmp(a->type, "text/plain") == 0
	    ? "text/plain; charset=utf-8"
	    : a->type;
	struct request *q = call_request(c);
	enum range_answer part;
	struct err e = ERR_INIT;
	char text[64];
	struct range r;
	struct stat st;
	int fd = svc_files_open(api_svc(c)->files, a->uuid, &e);

	if (fd == -1 || fstat(fd, &st) == -1) {
		if (fd != -1)
			close(fd);
		call_reply_error(c, 404, "the attachment's file is gone");
		return;
	}
	part = range_of(request_header_in(q, "Range"),
	    request_header_in(q, "If-Range"), etag, (uint64_t)st.st_size, &r);
	if (part == RANGE_NONE)
		snprintf(
		    text, sizeof(text), "bytes */%lld", (long long)st.st_size);
	else
		snprintf(text, sizeof(text),
		    "bytes %" PRIu64 "-%" PRIu64 "/%lld", r.from,
		    r.from + r.n - 1, (long long)st.st_size);
	if (part != RANGE_WHOLE)
		call_header(c, "Content-Range", text);
	if (part == RANGE_NONE) {
		close(fd);
		call_reply_error(c, 416, "the file has no such part");
		return;
	}
	call_header(c, "Accept-Ranges", "bytes");
	api_attachments_disposition(c, a);
	q = call_take_over(c);
	if (q == NULL) {
		close(fd);
		return;
	}
	/* Who fetches it in parts has it once. */
	if (!request_is_head(q) && r.from == 0)
		svc_attach_count(api_svc(c), call_who(c), a->id);
	request_reply_file(
	    q, part == RANGE_PART ? 206 : 200, type, fd, r.from, r.n);
}

static void
api_attachments_file(struct call *c)
{
	struct attachment a = { .id = 0 };
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	char etag[ATTACHMENT_UUID + 3];
	const char *seen;

	if (attachments_by_uuid(api_reader(c), call_arg(c, 0), &a, &e) == -1 ||
	    svc_project_by_id(api_reader(c), call_who(c), a.target.project_id,
		PERM_READ, &p, &e) == -1) {
		attachment_release(&a);
		if (e.code == ERR_NOTFOUND)
			call_reply_error(c, 404, "attachment does not exist");
		else
			call_fail(c, &e);
		return;
	}
	seen = request_header_in(call_request(c), "If-None-Match");
	snprintf(etag, sizeof(etag), "\"%s\"", a.uuid);
	call_header(c, "ETag", etag);
	call_header(c, "Cache-Control", "private, max-age=300");
	call_header(c, "X-Content-Type-Options", "nosniff");
	call_header(c, "Content-Security-Policy",
	    "default-src 'none'; style-src 'unsafe-inline'; sandbox");
	if (seen != NULL && strstr(seen, etag) != NULL)
		call_reply_empty(c, 304);
	else
		api_attachments_send(c, &a, etag);
	attachment_release(&a);
	project_release(&p);
}

#define API_ASSETS "/api/v1/repos/{o}/{r}/issues"

const struct route api_attachments_routes[] = {
	{ "GET", "/attachments/{uuid}", ROUTE_RUN_OK, api_attachments_file },
	/* The same for the session of a page. */
	{ "GET", "/-/attachments/{uuid}", ROUTE_PAGE, api_attachments_file },
	{ "GET", API_ASSETS "/{n}/assets", ROUTE_RUN_OK,
	    api_attachments_list_item },
	{ "POST", API_ASSETS "/{n}/assets", ROUTE_MEMBER,
	    api_attachments_post_item },
	{ "GET", API_ASSETS "/{n}/assets/{id}", ROUTE_RUN_OK,
	    api_attachments_get_item },
	{ "PATCH", API_ASSETS "/{n}/assets/{id}", ROUTE_MEMBER,
	    api_attachments_patch_item },
	{ "DELETE", API_ASSETS "/{n}/assets/{id}", ROUTE_MEMBER,
	    api_attachments_delete_item },
	{ "GET", API_ASSETS "/comments/{id}/assets", ROUTE_RUN_OK,
	    api_attachments_list_comment },
	{ "POST", API_ASSETS "/comments/{id}/assets", ROUTE_MEMBER,
	    api_attachments_post_comment },
	{ "GET", API_ASSETS "/comments/{id}/assets/{aid}", ROUTE_RUN_OK,
	    api_attachments_get_comment },
	{ "PATCH", API_ASSETS "/comments/{id}/assets/{aid}", ROUTE_MEMBER,
	    api_attachments_patch_comment },
	{ "DELETE", API_ASSETS "/comments/{id}/assets/{aid}", ROUTE_MEMBER,
	    api_attachments_delete_comment },
	{ .method = NULL },
};
