#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd_priv.h"

/* Of a client that speaks HTTP/1.0; chunks are made in the pool. */
enum {
	REPLY_BLOCK = 4096
};

static bool
reply_header_ok(const char *name, const char *value)
{
	return *name != '\0' && strpbrk(name, "\r\n\t :") == NULL &&
	    strpbrk(value, "\r\n") == NULL;
}

void
request_header(struct request *q, const char *name, const char *value)
{
	if (!reply_header_ok(name, value)) {
		log_warn(
		    "httpd drop-header req=%s name=%s", q->id, log_val(name));
		return;
	}
	str_addn(&q->headers, name, strlen(name) + 1);
	str_addn(&q->headers, value, strlen(value) + 1);
}

static void
reply_add_headers(struct request *q, const char *content_type)
{
	const char *p = str_cstr(&q->headers), *end = p + q->headers.len;

	if (q->h->server_name != NULL)
		(void)MHD_add_response_header(
		    q->reply, "Server", q->h->server_name);
	(void)MHD_add_response_header(q->reply, "X-Request-Id", q->id);
	if (content_type != NULL)
		(void)MHD_add_response_header(
		    q->reply, "Content-Type", content_type);
	while (p < end) {
		const char *value = p + strlen(p) + 1;

		(void)MHD_add_response_header(q->reply, p, value);
		p = value + strlen(value) + 1;
	}
}

/* Takes r, which is dropped if there was a reply before. */
static void
reply_set(struct request *q, int status, const char *content_type,
    struct MHD_Response *r)
{
	if (r == NULL)
		die("httpd: no memory for a reply");
	if (q->replied) {
		MHD_destroy_response(r);
		return;
	}
	q->replied = true;
	q->status = (unsigned)status;
	q->reply = r;
	reply_add_headers(q, content_type);
	httpd_wake(q);
}

void
request_reply(struct request *q, int status, const char *content_type,
    const void *p, size_t n)
{
	void *copy = xmalloc(n + 1);

	if (n > 0)
		memcpy(copy, p, n);
	reply_set(q, status, content_type,
	    MHD_create_response_from_buffer(n, copy, MHD_RESPMEM_MUST_FREE));
}

void
request_reply_str(
    struct request *q, int status, const char *content_type, struct str *body)
{
	size_t n = body->len;

	/* A document that was cut must not go out as if it were whole. */
	if (!str_ok(body)) {
		str_release(body);
		log_error("httpd reply-too-large req=%s bytes=%zu", q->id, n);
		reply_refuse(q, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "the reply is too large");
		return;
	}
	reply_set(q, status, content_type,
	    MHD_create_response_from_buffer(
		n, str_steal(body), MHD_RESPMEM_MUST_FREE));
}

void
request_reply_shared(struct request *q, const char *content_type,
    struct view body, void (*release)(void *arg), void *arg)
{
	/* MHD wants a pointer that may be written to, and does not write. */
	union {
		const void *in;
		void *out;
	} p = { .in = body.p };

	reply_set(q, MHD_HTTP_OK, content_type,
	    MHD_create_response_from_buffer_with_free_callback_cls(
		body.len, p.out, release, arg));
}

void
request_reply_file(struct request *q, int status, const char *content_type,
    int fd, uint64_t from, uint64_t size)
{
	reply_set(q, status, content_type,
	    MHD_create_response_from_fd_at_offset64(size, fd, from));
}

/*
 * Without chunks the end of the connection is the end of the reply, and MHD
 * closes with a FIN.  Dissolving the association makes Linux send a reset.
 */
static ssize_t
reply_abort(struct request *q)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    q->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (q->http10 && info != NULL)
		(void)connect(info->connect_fd, &none, sizeof(none));
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t
reply_on_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct request *q = cls;
	long n = 0;

	(void)pos;
	do {
		if (q->left || q->h->closing)
			return reply_abort(q);
		q->woken = false;
		n = q->source->read(q, buf, max, q->source_arg);
	} while (n == 0 && q->woken);
	if (n > 0 && (size_t)n > max)
		die("httpd: a source gave %ld of %zu bytes", n, max);
	if (n > 0)
		return n;
	if (n == BODY_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n != 0)
		return reply_abort(q);
	httpd_suspend(q);
	return 0;
}

void
request_reply_stream(struct request *q, int status, const char *content_type,
    const struct body_source *src, void *arg)
{
	struct MHD_Response *r = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, REPLY_BLOCK, reply_on_read, q, NULL);

	if (!q->replied) {
		q->source = src;
		q->source_arg = arg;
	}
	reply_set(q, status, content_type, r);
}

void
request_wake(struct request *q)
{
	httpd_wake(q);
}

unsigned
request_status(const struct request *q)
{
	return q->replied ? q->status : 0;
}

bool
request_replied(const struct request *q)
{
	return q->replied;
}

bool
reply_is_fixed(const struct request *q)
{
	return q->replied && q->source == NULL;
}

void
reply_refuse(struct request *q, int status, const char *why)
{
	AUTO_STR struct str body = STR_INIT;

	str_addf(&body, "{\"message\":\"%s\"}\n", why);
	request_reply(q, status, "application/json", body.p, body.len);
}

enum MHD_Result
reply_queue(struct request *q)
{
	struct MHD_Response *r = q->reply;
	enum MHD_Result ok;

	if (r == NULL)
		return MHD_NO;
	q->reply = NULL;
	ok = MHD_queue_response(q->mhd, q->status, r);
	MHD_destroy_response(r);
	return ok;
}
