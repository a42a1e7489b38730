#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd_priv.h"

void *
request_on_target(void *cls, const char *target, struct MHD_Connection *c)
{
	struct httpd *h = cls;
	struct request *q = xcalloc(1, sizeof(*q));

	q->h = h;
	q->mhd = c;
	(void)snprintf(
	    q->id, sizeof(q->id), "%s-%" PRIu64, h->id_prefix, ++h->last_id);
	q->target = xstrdup(target == NULL ? "" : target);
	q->raw_path = "";
	q->raw_query = "";
	q->method = "";
	return q;
}

/* Why MHD ended an exchange, for the handler and the log. */
static const char *
request_end_reason(const struct request *q, enum MHD_RequestTerminationCode why)
{
	static const char *const reasons[] = {
		[MHD_REQUEST_TERMINATED_COMPLETED_OK] = "done",
		[MHD_REQUEST_TERMINATED_WITH_ERROR] = "connection error",
		[MHD_REQUEST_TERMINATED_TIMEOUT_REACHED] = "timeout",
		[MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN] = "shutdown",
		[MHD_REQUEST_TERMINATED_READ_ERROR] = "read error",
		[MHD_REQUEST_TERMINATED_CLIENT_ABORT] = "client left",
	};

	if (q->left)
		return "client left";
	if (q->h->closing)
		return "shutdown";
	if ((size_t)why >= sizeof(reasons) / sizeof(reasons[0]))
		return "ended";
	return reasons[why];
}

static void
request_unwatch(struct request *q)
{
	const union MHD_ConnectionInfo *info;

	if (!q->watched)
		return;
	info = MHD_get_connection_info(
	    q->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		(void)epoll_ctl(
		    q->h->left_fd, EPOLL_CTL_DEL, info->connect_fd, NULL);
}

void
request_on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
    enum MHD_RequestTerminationCode why)
{
	struct request *q = *con_cls;

	(void)cls;
	(void)c;
	if (q == NULL)
		return;
	*con_cls = NULL;
	request_unwatch(q);
	httpd_body_ended(q);
	if (q->suspended)
		LIST_REMOVE(q, link);
	while (q->n_close > 0) {
		q->n_close--;
		q->on_close[q->n_close].fn(
		    q, request_end_reason(q, why), q->on_close[q->n_close].arg);
	}
	if (q->reply != NULL)
		MHD_destroy_response(q->reply);
	str_release(&q->body);
	str_release(&q->headers);
	str_release(&q->query);
	free(q->path);
	free(q->target);
	free(q);
}

static bool
request_expects_continue(const struct request *q)
{
	const char *v = request_header_in(q, "Expect");

	return v != NULL && strcasecmp(v, "100-continue") == 0;
}

/* A client's own, so that its logs and ours are found by one; what a sandbox
 * says of itself is not what others find it by. */
static void
request_take_id(struct request *q)
{
	const char *v = request_header_in(q, "X-Request-Id");
	size_t n = v != NULL ? strlen(v) : 0;

	if (n > 0 && n <= REQUEST_ID_MAX && request_label(q)[0] == '\0' &&
	    strspn(v,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._-") == n)
		memcpy(q->id, v, n + 1);
}

/*
 * The first call, after the headers.  A reply queued in it makes MHD close
 * the connection, so this is done for refusals only: of a malformed request,
 * and of a body that would take long to read and throw away.
 */
static enum MHD_Result
request_begin(struct request *q, const char *method, const char *version)
{
	const char *why;
	int status;

	q->began = true;
	q->method = method;
	status = target_check(q, version, &why);
	if (status != 0) {
		reply_refuse(q, status, why);
		return reply_queue(q);
	}
	request_take_id(q);
	q->h->spec.on_request(q, q->h->spec.arg);
	if (reply_is_fixed(q) && q->length != 0 &&
	    (q->length > HTTPD_DRAIN_MAX || request_expects_continue(q)))
		return reply_queue(q);
	if (q->length != 0)
		httpd_await_body(q);
	return MHD_YES;
}

static enum MHD_Result
request_drain(struct request *q, size_t *size)
{
	q->dropped += *size;
	*size = 0;
	return q->dropped > HTTPD_DRAIN_MAX ? MHD_NO : MHD_YES;
}

static void
request_too_large(struct request *q)
{
	str_release(&q->body);
	q->body_done = NULL;
	reply_refuse(
	    q, MHD_HTTP_CONTENT_TOO_LARGE, "the request body is too large");
}

static enum MHD_Result
request_take_collect(struct request *q, const char *data, size_t *size)
{
	if (*size > q->body_max - q->body.len) {
		request_too_large(q);
		return request_drain(q, size);
	}
	str_addn(&q->body, data, *size);
	*size = 0;
	return MHD_YES;
}

/* What the sink does not take stays with MHD, which is suspended then. */
static enum MHD_Result
request_take_stream(struct request *q, const char *data, size_t *size)
{
	while (*size > 0) {
		size_t n;

		q->woken = false;
		n = q->sink->on_data(q, data, *size, q->body_arg);
		if (n > *size)
			die("httpd: a sink took %zu of %zu bytes", n, *size);
		data += n;
		*size -= n;
		if (reply_is_fixed(q))
			return request_drain(q, size);
		if (*size > 0 && !q->woken) {
			httpd_suspend(q);
			return MHD_YES;
		}
	}
	return MHD_YES;
}

static enum MHD_Result
request_take(struct request *q, const char *data, size_t *size)
{
	if (q->held) {
		httpd_suspend(q);
		return MHD_YES;
	}
	if (reply_is_fixed(q))
		return request_drain(q, size);
	if (q->mode == BODY_COLLECT)
		return request_take_collect(q, data, size);
	if (q->mode == BODY_STREAM)
		return request_take_stream(q, data, size);
	if (q->dropped + *size > HTTPD_DROP_MAX)
		request_too_large(q);
	return request_drain(q, size);
}

/* The body is complete: reply, or wait for the handler to reply. */
static enum MHD_Result
request_finish(struct request *q)
{
	if (q->held) {
		httpd_suspend(q);
		return MHD_YES;
	}
	if (!q->body_ended) {
		q->body_ended = true;
		httpd_body_ended(q);
		if (q->mode == BODY_COLLECT && q->body_done != NULL)
			q->body_done(q, q->body_arg);
		else if (q->mode == BODY_STREAM && !reply_is_fixed(q))
			q->sink->on_end(q, q->body_arg);
	}
	if (q->replied)
		return reply_queue(q);
	httpd_suspend(q);
	return MHD_YES;
}

enum MHD_Result
/* NOLINTNEXTLINE(readability-function-size): the signature is MHD's. */
request_on_call(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **con_cls)
{
	struct httpd *h = cls;
	struct request *q = *con_cls;

	(void)c;
	(void)url;
	if (q == NULL || h->closing || q->left)
		return MHD_NO;
	if (!q->began)
		return request_begin(q, method, version);
	if (*size > 0)
		return request_take(q, data, size);
	return request_finish(q);
}

const char *
request_method(const struct request *q)
{
	return request_is_head(q) ? "GET" : q->method;
}

bool
request_is_head(const struct request *q)
{
	return strcmp(q->method, "HEAD") == 0;
}

const char *
request_path(const struct request *q)
{
	return q->path == NULL ? q->raw_path : q->path;
}

const char *
request_raw_path(const struct request *q)
{
	return q->raw_path;
}

const char *
request_raw_query(const struct request *q)
{
	return q->raw_query;
}

const char *
request_header_in(const struct request *q, const char *name)
{
	return MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, name);
}

struct request_last {
	const char *name, *value;
};

static enum MHD_Result
request_on_last(
    void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request_last *l = cls;

	(void)kind;
	if (strcasecmp(name, l->name) == 0)
		l->value = value;
	return MHD_YES;
}

const char *
request_header_last(const struct request *q, const char *name)
{
	struct request_last l = { .name = name };

	MHD_get_connection_values(q->mhd, MHD_HEADER_KIND, request_on_last, &l);
	return l.value;
}

int64_t
request_length(const struct request *q)
{
	return q->length;
}

static const struct httpd_conn *
request_conn(const struct request *q)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    q->mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

const char *
request_label(const struct request *q)
{
	const struct httpd_conn *c = request_conn(q);

	return c == NULL ? "" : c->label;
}

void
request_peer(const struct request *q, char out[SOCK_TEXT_MAX])
{
	const struct httpd_conn *c = request_conn(q);

	out[0] = '\0';
	if (c != NULL)
		(void)sock_text(&c->peer, out);
}

const char *
request_id(const struct request *q)
{
	return q->id;
}

void
request_set_data(struct request *q, void *data)
{
	q->data = data;
}

void *
request_data(const struct request *q)
{
	return q->data;
}

void
request_on_close(struct request *q,
    void (*fn)(struct request *q, const char *reason, void *arg), void *arg)
{
	if (q->n_close == REQUEST_CLOSE_MAX)
		die("request has too many close handlers");
	q->on_close[q->n_close].fn = fn;
	q->on_close[q->n_close].arg = arg;
	q->n_close++;
}

void
request_hold(struct request *q)
{
	q->held = true;
}

void
request_unhold(struct request *q)
{
	q->held = false;
	httpd_wake(q);
}

void
request_collect(struct request *q, size_t max, request_fn *done, void *arg)
{
	q->mode = BODY_COLLECT;
	/* Where the length is known no more than that is allocated. */
	q->body = STR_INIT_MAX(q->length > 0 && (uint64_t)q->length < max
		? (size_t)q->length
		: max);
	q->body_max = max;
	q->body_done = done;
	q->body_arg = arg;
	if (q->length > 0 && (uint64_t)q->length > max)
		request_too_large(q);
}

struct view
request_body(const struct request *q)
{
	return str_view(&q->body);
}

void
request_take_body(struct request *q, struct str *out)
{
	*out = q->body;
	q->body = STR_INIT;
}

void
request_stream(struct request *q, const struct body_sink *sink, void *arg)
{
	q->mode = BODY_STREAM;
	q->sink = sink;
	q->body_arg = arg;
}

/* MHD reads the end of the stream, or is told when it asks for more. */
void
request_cut(struct request *q)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    q->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	q->left = true;
	if (info != NULL)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
	httpd_wake(q);
}

void
request_resume(struct request *q)
{
	httpd_wake(q);
}
