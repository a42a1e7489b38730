#include "cli/gatewaylink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/wire/json.h"

enum {
	GATEWAYLINK_MS = 10 * 1000,
	GATEWAYLINK_REPLY_MAX = 256 << 10
};

struct gatewaylink {
	struct loop *loop;
	struct json *reply;
	struct err fail;
};

static void
gatewaylink_on_data(struct stream *s, struct view in, void *arg)
{
	struct gatewaylink *l = arg;
	const char *nl = memchr(in.p, '\n', in.len);

	if (nl == NULL)
		return;
	l->reply = json_parse((struct view){ in.p, (size_t)(nl - in.p) },
	    GATEWAYLINK_REPLY_MAX, &l->fail);
	stream_close(s, "answered");
}

static void
gatewaylink_on_close(struct stream *s, const char *reason, void *arg)
{
	struct gatewaylink *l = arg;

	(void)s;
	if (l->reply == NULL && l->fail.code == ERR_NONE)
		(void)err_set(
		    &l->fail, ERR_IO, "the gateway gave no answer: %s", reason);
	loop_stop(l->loop);
}

static int
gatewaylink_dial(struct cli *c, int *fd, struct err *e)
{
	AUTO_FREE char *path = path_join(c->home, "run/gateway/control.sock");
	AUTO_FREE char *text = xasprintf("unix:%s", path);
	struct sock_addr a;

	if (access(path, F_OK) == -1)
		return errno == EACCES
		    ? err_set(
			  e, ERR_DENIED, "only root gives the gateway orders")
		    : cli_err_unreachable(e, "no gateway runs in %s", c->home);
	if (access(path, W_OK) == -1)
		return err_set(
		    e, ERR_DENIED, "only root gives the gateway orders");
	if (sock_parse(text, &a, e) == -1)
		return -1;
	if (sock_connect(&a, fd, e) == -1)
		return cli_err_unreachable(e, "no gateway runs in %s", c->home);
	return 0;
}

int
gatewaylink_ask(
    struct cli *c, const struct str *order, struct json **out, struct err *e)
{
	struct gatewaylink l = { .fail = ERR_INIT };
	struct stream_spec spec = { .in_max = GATEWAYLINK_REPLY_MAX,
		.idle_ms = GATEWAYLINK_MS,
		.on_data = gatewaylink_on_data,
		.on_close = gatewaylink_on_close,
		.arg = &l };
	struct stream *s;

	*out = NULL;
	l.loop = remote_loop(c, e);
	if (l.loop == NULL || gatewaylink_dial(c, &spec.fd, e) == -1)
		return -1;
	s = stream_new(l.loop, &spec);
	stream_write(s, str_cstr(order), order->len);
	stream_write(s, "\n", 1);
	if (loop_run(l.loop, e) == -1) {
		json_free(l.reply);
		return -1;
	}
	if (l.reply == NULL) {
		*e = l.fail;
		return -1;
	}
	if (json_bool_or(l.reply, "ok", false)) {
		*out = l.reply;
		return 0;
	}
	(void)err_set(e, ERR_INVALID, "%.400s",
	    json_str_or(l.reply, "error", "the gateway said no"));
	json_free(l.reply);
	return -1;
}
