#include "cli/relay.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cli/agentlink.h"
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/terminal.h"
#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/io/watch.h"

enum {
	RELAY_READ = 8 << 10,
	RELAY_SIGPIPE = 128 + SIGPIPE
};

struct relay {
	const struct relay_spec *spec;
	struct loop *loop;
	struct agentlink *link; /* NULL: not yet, or ended */
	struct watch *in;
	struct terminal term;
	bool failed;
	int status;
	struct err fail;
};

static void
relay_stop_input(struct relay *r)
{
	watch_free(r->in);
	r->in = NULL;
}

static void
relay_fail(struct relay *r, const struct err *e)
{
	r->failed = true;
	r->fail = *e;
	relay_stop_input(r);
	loop_stop(r->loop);
}

static void relay_on_end(int status, const struct err *e, void *arg);

static void
relay_on_frame(uint8_t type, struct view payload, void *arg)
{
	struct relay *r = arg;
	struct err e = ERR_INIT;

	/* As a program ends that writes into a pipe nobody reads. */
	if (type == AGENTLINK_DATA && !terminal_write(&r->term, payload))
		relay_on_end(RELAY_SIGPIPE, NULL, r);
	else if (type == AGENTLINK_HOSTKEY && r->spec->on_hostkey != NULL &&
	    r->spec->on_hostkey(payload, r->spec->arg, &e) == -1)
		relay_fail(r, &e);
}

static void
relay_on_end(int status, const struct err *e, void *arg)
{
	struct relay *r = arg;

	if (e != NULL) {
		relay_fail(r, e);
		return;
	}
	r->status = status;
	relay_stop_input(r);
	loop_stop(r->loop);
}

static void
relay_on_input(int fd, int what, void *arg)
{
	struct relay *r = arg;
	char buf[RELAY_READ];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		relay_stop_input(r);
		agentlink_send(r->link, AGENTLINK_EOF, "", 0);
		return;
	}
	agentlink_send(r->link, AGENTLINK_DATA, buf, (size_t)n);
	if (agentlink_is_full(r->link))
		watch_set(r->in, 0);
}

static void
relay_on_drain(void *arg)
{
	struct relay *r = arg;

	if (r->in != NULL)
		watch_set(r->in, WATCH_READ);
}

static void
relay_on_resize(void *arg)
{
	struct relay *r = arg;
	uint16_t cols, rows;

	terminal_size(&cols, &rows);
	agentlink_resize(r->link, cols, rows);
}

static void
relay_on_signal(void *arg)
{
	struct relay *r = arg;
	struct err e = ERR_INIT;

	if (r->spec->quiet) {
		relay_on_end(0, NULL, r);
		return;
	}
	(void)err_set(&e, ERR_INTERNAL, "ended by a signal");
	relay_fail(r, &e);
}

static int
relay_wait(struct relay *r, struct err *e)
{
	r->in = watch_new(r->loop, STDIN_FILENO, relay_on_input, r);
	watch_set(r->in, WATCH_READ);
	if ((r->term.raw &&
		loop_on_signal(r->loop, SIGWINCH, relay_on_resize, r, e) ==
		    -1) ||
	    loop_on_signal(r->loop, SIGTERM, relay_on_signal, r, e) == -1 ||
	    loop_on_signal(r->loop, SIGHUP, relay_on_signal, r, e) == -1 ||
	    loop_run(r->loop, e) == -1)
		return -1;
	if (!r->failed)
		return 0;
	*e = r->fail;
	return -1;
}

int
relay_run(
    struct cli *c, const struct relay_spec *spec, int *status, struct err *e)
{
	struct relay r = { .spec = spec, .fail = ERR_INIT };
	struct agentlink_spec link = {
		.project = spec->project,
		.verb = spec->verb,
		.argv = spec->argv,
		.key = spec->key,
		.editor = spec->editor,
		.run = spec->run,
		.on_frame = relay_on_frame,
		.on_drain = relay_on_drain,
		.on_end = relay_on_end,
		.arg = &r,
	};
	int rc;

	terminal_init(&r.term);
	r.term.filtered = r.term.filtered && spec->terminal;
	r.loop = remote_loop(c, e);
	if (r.loop == NULL)
		return -1;
	if (spec->terminal && terminal_is_both() && !c->g.dry_run) {
		terminal_size(&link.cols, &link.rows);
		/* The terminal at the other end echoes and edits. */
		if (terminal_set_raw(&r.term, e) == -1)
			return -1;
	}
	rc = agentlink_open(c, &link, &r.link, e);
	if (rc == 0)
		rc = relay_wait(&r, e);
	agentlink_free(r.link);
	watch_free(r.in);
	terminal_restore(&r.term);
	*status = r.status;
	return rc;
}
