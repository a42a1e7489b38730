#include "lib/net/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	FETCH_MAX_REPLY = 8 << 20,
	FETCH_CONNECT_MS = 10000,
	FETCH_LIMIT_MS = 60000,
	FETCH_KEPT_CONNS = 64
};

struct fetch {
	struct net *net;
	LIST_ENTRY(fetch) link;
	CURL *easy;
	struct curl_slist *headers;
	struct fetch_spec spec;
	struct str body;
	bool too_large;
	bool cut;     /* by us, with enough of the body */
	bool refused; /* an address, by may_dial */
	bool dialled;
	bool stopped; /* by on_data or read_body */
	bool cancelled;
	char text[CURL_ERROR_SIZE];
};

LIST_HEAD(fetch_list, fetch);

struct net {
	struct loop *loop;
	CURLM *multi;
	struct timer *timer; /* libcurl's */
	struct timer *late;  /* cancelled fetches end here */
	struct fetch_list fetches;
	char *user_agent;
};

/* What libcurl wants of one of its sockets. */
struct net_sock {
	struct net *net;
	struct watch *watch;
};

static void
fetch_free(struct fetch *f)
{
	LIST_REMOVE(f, link);
	(void)curl_multi_remove_handle(f->net->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_slist_free_all(f->headers);
	str_release(&f->body);
	if (f->spec.on_free != NULL)
		f->spec.on_free(f->spec.arg);
	free(f);
}

static int
fetch_error_code(const struct fetch *f, CURLcode code)
{
	static const struct {
		CURLcode code;
		int error;
	} codes[] = {
		{ CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT },
		{ CURLE_URL_MALFORMAT, ERR_INVALID },
		{ CURLE_UNSUPPORTED_PROTOCOL, ERR_INVALID },
		{ CURLE_GOT_NOTHING, ERR_PROTO },
		{ CURLE_WEIRD_SERVER_REPLY, ERR_PROTO },
		{ CURLE_PARTIAL_FILE, ERR_PROTO },
		{ CURLE_BAD_CONTENT_ENCODING, ERR_PROTO },
		{ CURLE_PEER_FAILED_VERIFICATION, ERR_DENIED },
	};

	if (f->too_large)
		return ERR_LIMIT;
	if (f->refused && !f->dialled)
		return ERR_DENIED;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].error;
	return ERR_IO;
}

static const char *
fetch_error_text(const struct fetch *f, CURLcode code)
{
	if (f->cancelled)
		return "cancelled";
	if (f->too_large)
		return "the reply is too large";
	if (f->stopped)
		return "stopped by the caller";
	if (f->refused && !f->dialled)
		return "the address is not allowed";
	return f->text[0] != '\0' ? f->text : curl_easy_strerror(code);
}

static void
fetch_finish(struct fetch *f, CURLcode code)
{
	struct fetch_reply r = { .content_type = "" };
	const char *type = NULL;
	long status = 0, sent = 0;

	if ((code != CURLE_OK && !f->cut) || f->cancelled) {
		r.error = fetch_error_code(f, code);
		r.error_text = fetch_error_text(f, code);
		r.refused = f->refused && !f->dialled;
	}
	(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(f->easy, CURLINFO_CONTENT_TYPE, &type);
	(void)curl_easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &sent);
	r.status = (int)status;
	r.sent = sent > 0;
	if (type != NULL)
		r.content_type = type;
	r.body = (struct view){ .p = str_cstr(&f->body), .len = f->body.len };
	f->spec.on_done(&r, f->spec.arg);
	fetch_free(f);
}

/* Tell who is done.  on_done may start and cancel others. */
static void
net_reap(struct net *n)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(n->multi, &left)) != NULL) {
		struct fetch *f = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f);
		if (f != NULL)
			fetch_finish(f, m->data.result);
	}
}

static void
net_act(struct net *n, curl_socket_t fd, int bits)
{
	int running;

	(void)curl_multi_socket_action(n->multi, fd, bits, &running);
	net_reap(n);
}

static void
net_on_timer(void *arg)
{
	net_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void
net_on_ready(int fd, int what, void *arg)
{
	const struct net_sock *s = arg;
	int bits = 0;

	if ((what & WATCH_READ) != 0)
		bits |= CURL_CSELECT_IN;
	if ((what & WATCH_WRITE) != 0)
		bits |= CURL_CSELECT_OUT;
	net_act(s->net, fd, bits);
}

/* One in a turn: its callback may free any of the others. */
static void
net_on_late(void *arg)
{
	struct net *n = arg;
	struct fetch *f;

	LIST_FOREACH(f, &n->fetches, link)
		if (f->cancelled) {
			timer_set(n->late, 0);
			fetch_finish(f, CURLE_ABORTED_BY_CALLBACK);
			return;
		}
}

/* CURLMOPT_SOCKETFUNCTION */
static int
net_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *ctx)
{
	static const int bits[] = {
		[CURL_POLL_NONE] = 0,
		[CURL_POLL_IN] = WATCH_READ,
		[CURL_POLL_OUT] = WATCH_WRITE,
		[CURL_POLL_INOUT] = WATCH_READ | WATCH_WRITE,
	};
	struct net *n = arg;
	struct net_sock *s = ctx;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL)
			watch_free(s->watch);
		free(s);
		(void)curl_multi_assign(n->multi, fd, NULL);
		return 0;
	}
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->net = n;
		s->watch = watch_new(n->loop, fd, net_on_ready, s);
		(void)curl_multi_assign(n->multi, fd, s);
	}
	if (what >= 0 && (size_t)what < sizeof(bits) / sizeof(bits[0]))
		watch_set(s->watch, bits[what]);
	return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int
net_on_set_timer(CURLM *multi, long ms, void *arg)
{
	struct net *n = arg;

	(void)multi;
	if (ms < 0)
		timer_cancel(n->timer);
	else
		timer_set(n->timer, ms);
	return 0;
}

struct net *
net_new(struct loop *l, const char *user_agent, struct err *e)
{
	struct net *n;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(e, ERR_INTERNAL, "libcurl does not start");
		return NULL;
	}
	n = xcalloc(1, sizeof(*n));
	n->loop = l;
	n->multi = curl_multi_init();
	if (n->multi == NULL) {
		err_set(e, ERR_INTERNAL, "libcurl does not start");
		free(n);
		curl_global_cleanup();
		return NULL;
	}
	LIST_INIT(&n->fetches);
	n->user_agent = xstrdup(user_agent);
	n->timer = timer_new(l, net_on_timer, n);
	n->late = timer_new(l, net_on_late, n);
	(void)curl_multi_setopt(
	    n->multi, CURLMOPT_SOCKETFUNCTION, net_on_socket);
	(void)curl_multi_setopt(n->multi, CURLMOPT_SOCKETDATA, n);
	(void)curl_multi_setopt(
	    n->multi, CURLMOPT_TIMERFUNCTION, net_on_set_timer);
	(void)curl_multi_setopt(n->multi, CURLMOPT_TIMERDATA, n);
	(void)curl_multi_setopt(
	    n->multi, CURLMOPT_MAXCONNECTS, (long)FETCH_KEPT_CONNS);
	return n;
}

void
net_free(struct net *n)
{
	struct fetch *f, *next;

	if (n == NULL)
		return;
	LIST_FOREACH_SAFE(f, &n->fetches, link, next)
		fetch_free(f);
	(void)curl_multi_cleanup(n->multi);
	timer_free(n->timer);
	timer_free(n->late);
	free(n->user_agent);
	free(n);
	curl_global_cleanup();
}

struct loop *
net_loop(const struct net *n)
{
	return n->loop;
}

/* CURLOPT_WRITEFUNCTION */
static size_t
fetch_on_write(char *p, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t n = size * count;
	long status = 0;

	if (f->cancelled)
		return 0;
	(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (f->spec.on_data != NULL && status / 100 == 2) {
		struct view chunk = { .p = p, .len = n };

		f->stopped = !f->spec.on_data(chunk, f->spec.arg);
		return f->stopped ? 0 : n;
	}
	if (n > f->spec.max_reply - f->body.len) {
		if (f->spec.cut_reply) {
			str_addn(&f->body, p, f->spec.max_reply - f->body.len);
			f->cut = true;
			return 0;
		}
		f->too_large = true;
		return 0;
	}
	str_addn(&f->body, p, n);
	return n;
}

/* CURLOPT_READFUNCTION */
static size_t
fetch_on_read(char *p, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	long n = -1;

	if (!f->cancelled)
		n = f->spec.read_body(p, size * count, f->spec.arg);
	if (n < 0 || (size_t)n > size * count) {
		f->stopped = true;
		return CURL_READFUNC_ABORT;
	}
	return (size_t)n;
}

/* CURLOPT_OPENSOCKETFUNCTION */
static curl_socket_t
fetch_on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *f = arg;

	(void)purpose;
	if (!f->spec.may_dial(&a->addr, a->addrlen, f->spec.arg)) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	f->dialled = true;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* A connection of the pool was dialled for somebody else. */
static void
fetch_set_dial(struct fetch *f)
{
	CURL *c = f->easy;

	if (f->spec.may_dial == NULL)
		return;
	(void)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, fetch_on_open);
	(void)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
	(void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
}

static int
fetch_check(const struct fetch_spec *s, struct err *e)
{
	if (strncasecmp(s->url, "http://", 7) != 0 &&
	    strncasecmp(s->url, "https://", 8) != 0)
		return err_set(e, ERR_INVALID,
		    "the URL must begin with http:// or https://");
	if (s->on_done == NULL || s->method == NULL ||
	    strpbrk(s->method, " \r\n") != NULL)
		return err_set(e, ERR_INVALID, "the request is incomplete");
	if (s->max_reply > STR_MAX_DEFAULT && s->on_data == NULL)
		return err_set(e, ERR_INVALID,
		    "the reply's limit is over %d bytes", STR_MAX_DEFAULT);
	for (size_t i = 0; s->headers != NULL && s->headers[i] != NULL; i++)
		if (strpbrk(s->headers[i], "\r\n") != NULL)
			return err_set(e, ERR_INVALID,
			    "a request header has a line break");
	return 0;
}

static void
fetch_add_header(struct fetch *f, const char *line)
{
	struct curl_slist *l = curl_slist_append(f->headers, line);

	if (l != NULL)
		f->headers = l;
}

/* An empty header takes back what libcurl would add. */
static void
fetch_set_headers(struct fetch *f)
{
	bool typed = false;

	for (const char *const *h = f->spec.headers; h != NULL && *h != NULL;
	     h++) {
		fetch_add_header(f, *h);
		if (strncasecmp(*h, "content-type:", 13) == 0)
			typed = true;
	}
	if (!typed)
		fetch_add_header(f, "Content-Type:");
	fetch_add_header(f, "Expect:");
	(void)curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers);
}

static void
fetch_set_body(struct fetch *f)
{
	const struct fetch_spec *s = &f->spec;
	CURL *c = f->easy;
	bool sends = strcmp(s->method, "POST") == 0 ||
	    strcmp(s->method, "PUT") == 0 || strcmp(s->method, "PATCH") == 0;

	if (s->read_body != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, fetch_on_read);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, f);
		(void)curl_easy_setopt(
		    c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->read_len);
		/* A pulled body cannot be sent twice, so it must not go to a
		 * kept connection that may turn out to be closed. */
		(void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	} else if (s->body.p != NULL || sends) {
		(void)curl_easy_setopt(
		    c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->body.len);
		(void)curl_easy_setopt(c,
		    s->body_kept ? CURLOPT_POSTFIELDS : CURLOPT_COPYPOSTFIELDS,
		    s->body.p == NULL ? "" : s->body.p);
	}
	if (strcmp(s->method, "HEAD") == 0)
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, s->method);
}

static void
fetch_set_limits(struct fetch *f)
{
	const struct fetch_spec *s = &f->spec;
	CURL *c = f->easy;
	int64_t limit = s->limit_ms == 0 ? FETCH_LIMIT_MS : s->limit_ms;

	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(s->connect_ms == 0 ? FETCH_CONNECT_MS : s->connect_ms));
	if (limit > 0)
		(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)limit);
	if (s->stall_ms > 0) {
		(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
		(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME,
		    (long)((s->stall_ms + 999) / 1000));
	}
}

static void
fetch_set_options(struct fetch *f)
{
	const struct fetch_spec *s = &f->spec;
	CURL *c = f->easy;

	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, f);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->text);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(
	    c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(
	    c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	/* Without it, ending a fetch joins a resolver thread that may hang
	 * in getaddrinfo(3), and the loop with it. */
	(void)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, f->net->user_agent);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, fetch_on_write);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	(void)curl_easy_setopt(c, CURLOPT_URL, s->url);
	if (s->unix_socket != NULL)
		(void)curl_easy_setopt(
		    c, CURLOPT_UNIX_SOCKET_PATH, s->unix_socket);
	if (s->ca_file != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
}

int
fetch_start(struct net *n, const struct fetch_spec *spec, struct fetch **out,
    struct err *e)
{
	struct fetch *f;

	if (fetch_check(spec, e) == -1)
		return -1;
	f = xcalloc(1, sizeof(*f));
	f->net = n;
	f->spec = *spec;
	if (f->spec.max_reply == 0)
		f->spec.max_reply = FETCH_MAX_REPLY;
	f->body = STR_INIT_MAX(f->spec.max_reply);
	f->easy = curl_easy_init();
	if (f->easy == NULL) {
		free(f);
		return err_set(e, ERR_INTERNAL, "libcurl: no handle");
	}
	fetch_set_options(f);
	fetch_set_limits(f);
	fetch_set_dial(f);
	fetch_set_headers(f);
	fetch_set_body(f);
	/* The strings of the spec were copied and are the caller's. */
	f->spec.url = f->spec.method = f->spec.unix_socket = NULL;
	f->spec.headers = NULL;
	f->spec.body.p = NULL;
	LIST_INSERT_HEAD(&n->fetches, f, link);
	if (curl_multi_add_handle(n->multi, f->easy) != CURLM_OK) {
		f->spec.on_free = NULL;
		fetch_free(f);
		return err_set(e, ERR_INTERNAL, "libcurl: not started");
	}
	if (out != NULL)
		*out = f;
	return 0;
}

bool
fetch_body_sent(const struct fetch *f)
{
	curl_off_t sent = 0;

	(void)curl_easy_getinfo(f->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return sent >= (curl_off_t)f->spec.body.len;
}

const char *
fetch_header(const struct fetch *f, const char *name)
{
	struct curl_header *h = NULL;

	if (curl_easy_header(f->easy, name, 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return NULL;
	return h->value;
}

void
fetch_headers(const struct fetch *f, struct str *out)
{
	struct curl_header *h = NULL;

	while ((h = curl_easy_nextheader(f->easy, CURLH_HEADER, -1, h)) != NULL)
		str_addf(out, "%s: %s\n", h->name, h->value);
}

void
fetch_cancel(struct fetch *f)
{
	f->cancelled = true;
	timer_set(f->net->late, 0);
}

void
fetch_pause(struct fetch *f, bool pause)
{
	(void)curl_easy_pause(f->easy, pause ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}
