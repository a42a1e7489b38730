#include <stdlib.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/str.h"
#include "lib/io/stream.h"
#include "router/hello.h"
#include "router/proxy_priv.h"

enum {
	PROXY_SAY_MS = 5000
};

struct proxy_said {
	loop_fn *done;
	void *arg;
};

static void
proxy_said_on_data(struct stream *s, struct view in, void *arg)
{
	(void)arg;
	stream_take(s, in.len);
}

static void
proxy_said_on_close(struct stream *s, const char *reason, void *arg)
{
	struct proxy_said *said = arg;

	(void)s;
	(void)reason;
	said->done(said->arg);
	free(said);
}

/* What the project's own tools show; the reason is a sentence of ours. */
static void
proxy_say_http(const struct proxy_name *why, struct str *out)
{
	AUTO_STR struct str body = STR_INIT;
	const char *status = why->verdict == EGRESS_FAILED ? "502 Bad Gateway"
							   : "403 Forbidden";

	str_add(&body, "{\"message\":\"");
	if (why->name[0] != '\0')
		str_addf(&body, "%s: ", why->name);
	str_addf(&body, "%s", egress_verdict_reason(why->verdict));
	if (why->verdict == EGRESS_UNLISTED)
		str_addf(&body,
		    ". A person can allow it on the host: coffer net PROJECT "
		    "allow %s",
		    why->name);
	else if (why->verdict == EGRESS_MISMATCH)
		str_add(&body,
		    ". Ask the resolver for the name again: an address is "
		    "good for as long as its answer");
	str_addf(&body, "\",\"reason\":\"%s\"}\n",
	    egress_verdict_name(why->verdict));
	str_addf(out,
	    "HTTP/1.1 %s\r\n"
	    "Content-Type: application/json\r\n"
	    "Content-Length: %zu\r\n"
	    "Connection: close\r\n"
	    "\r\n",
	    status, body.len);
	str_addv(out, str_view(&body));
}

void
proxy_say(struct proxy *p, int fd, enum proxy_kind kind,
    const struct proxy_name *why, loop_fn *done, void *arg)
{
	AUTO_STR struct str out = STR_INIT;
	unsigned char alert[HELLO_ALERT_SIZE];
	struct proxy_said *said = xcalloc(1, sizeof(*said));
	struct stream *s;

	said->done = done;
	said->arg = arg;
	s = stream_new(p->loop,
	    &(const struct stream_spec){ .fd = fd,
		.idle_ms = PROXY_SAY_MS,
		.on_data = proxy_said_on_data,
		.on_close = proxy_said_on_close,
		.arg = said });
	if (kind == PROXY_HTTP)
		proxy_say_http(why, &out);
	if (kind == PROXY_TLS) {
		hello_alert(alert);
		str_addn(&out, alert, sizeof(alert));
	}
	if (out.len > 0)
		stream_write(s, out.p, out.len);
	stream_finish(s);
}

void
proxy_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(fd);
}
