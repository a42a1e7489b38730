/*
 * httpd_priv: what the files of lib/httpd share.  A request belongs to its
 * MHD connection from the request line on (MHD_OPTION_URI_LOG_CALLBACK) and
 * dies in MHD_OPTION_NOTIFY_COMPLETED.
 */
#ifndef LIB_HTTPD_HTTPD_PRIV_H
#define LIB_HTTPD_HTTPD_PRIV_H

#include <microhttpd.h>

#include "lib/base/list.h"
#include "lib/httpd/httpd.h"

struct timer;
struct watch;

enum {
	/* Thrown away of a body that nobody asked for. */
	HTTPD_DROP_MAX = 64 << 10,
	/* Read and thrown away after an early reply, so that the client gets
	 * to read the reply; then the connection is cut. */
	HTTPD_DRAIN_MAX = 8 << 20
};

/* One accepted socket. */
struct httpd_conn {
	struct sock_addr peer;
	char *label;
};

enum body_mode {
	BODY_DROP,
	BODY_COLLECT,
	BODY_STREAM
};

struct request {
	struct httpd *h;
	struct MHD_Connection *mhd;
	char id[REQUEST_ID_MAX + 1];
	LIST_ENTRY(request) link;      /* of httpd.waiting while suspended */
	LIST_ENTRY(request) body_link; /* of httpd.bodies until it is whole */

	char *target;         /* the request line's, cut at the query */
	char *path;           /* decoded, NULL when that is target itself */
	const char *raw_path; /* points into target */
	const char *raw_query;
	struct str query; /* "name\0value\0"... decoded */
	const char *method;
	int64_t length;
	bool http10;
	bool began;

	void *data;
	struct {
		void (*fn)(struct request *q, const char *reason, void *arg);
		void *arg;
	} on_close[REQUEST_CLOSE_MAX];
	unsigned n_close;

	enum body_mode mode;
	bool held; /* by a handler that has not chosen */
	bool body_ended;
	bool body_awaited; /* in httpd.bodies */
	size_t body_max;
	uint64_t dropped;
	struct str body;
	request_fn *body_done;
	const struct body_sink *sink;
	void *body_arg;

	struct str headers;         /* "name\0value\0"... for the reply */
	struct MHD_Response *reply; /* until it is queued */
	unsigned status;
	bool replied;
	const struct body_source *source; /* of a streamed reply */
	void *source_arg;

	bool suspended;
	bool woken;   /* by the callback that was about to suspend */
	bool watched; /* on httpd.left_fd */
	bool left;    /* the client closed its end */
};

LIST_HEAD(request_list, request);

struct httpd {
	struct loop *loop;
	struct MHD_Daemon *mhd;
	struct watch *ready; /* MHD's epoll descriptor */
	struct timer *tick;  /* MHD's timeouts; 0 ms after a resume */
	struct listener *listener;
	struct request_list bodies;
	int left_fd; /* epoll: hang-ups of suspended clients */
	struct watch *left_watch;
	struct timer *left_sweep;
	struct request_list waiting;
	struct httpd_conn *adding; /* during MHD_add_connection */
	struct httpd_spec spec;
	char *server_name;
	unsigned conns;
	uint64_t last_id;
	char id_prefix[9];
	bool running; /* inside MHD_run */
	bool again;
	bool paused; /* the listener, at max_conns */
	bool closing;
};

/* httpd.c */
void httpd_suspend(struct request *q);
void httpd_wake(struct request *q); /* resumes, or remembers */
/* The body is to come; or it is whole, or the request is over. */
void httpd_await_body(struct request *q);
void httpd_body_ended(struct request *q);

/* target.c: splits and decodes the target, checks the head (RFC 9112).
 * Returns 0, or the status to refuse with and *why. */
int target_check(struct request *q, const char *version, const char **why);

/* request.c: the callbacks of MHD */
void *request_on_target(
    void *cls, const char *target, struct MHD_Connection *c);
enum MHD_Result request_on_call(void *cls, struct MHD_Connection *c,
    const char *url, const char *method, const char *version, const char *data,
    size_t *size, void **con_cls);
void request_on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
    enum MHD_RequestTerminationCode why);

/* reply.c */
void reply_refuse(struct request *q, int status, const char *why);
bool reply_is_fixed(const struct request *q); /* and not a stream */
enum MHD_Result reply_queue(struct request *q);

#endif
