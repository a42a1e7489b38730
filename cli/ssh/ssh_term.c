#include "cli/ssh/ssh_term.h"

#include <errno.h>
#include <libssh2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/ssh/ssh.h"
#include "cli/terminal.h"
#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "lib/io/watch.h"

enum {
	SSH_TERM_READ = 4096,
	SSH_TERM_SIGNAL = 128
};

/* What every sandbox's terminfo has. */
static const char ssh_term_name[] = "xterm-256color";

struct ssh_term {
	struct ssh *ssh;
	LIBSSH2_CHANNEL *channel;
	struct terminal terminal;
	struct watch *in;
	char keys[SSH_TERM_READ]; /* typed, not yet sent */
	size_t at, n;
	bool in_eof, resized;
};

static void
ssh_term_on_input(int fd, int what, void *arg)
{
	struct ssh_term *t = arg;
	ssize_t n = read(fd, t->keys, sizeof(t->keys));

	(void)what;
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	watch_set(t->in, 0);
	t->in_eof = n <= 0;
	t->at = 0;
	t->n = n > 0 ? (size_t)n : 0;
	ssh_wake(t->ssh);
}

static void
ssh_term_on_resize(void *arg)
{
	struct ssh_term *t = arg;

	t->resized = true;
	ssh_wake(t->ssh);
}

/* As libssh2 says it: 0, EAGAIN, or a failure that has become an error. */
static int
ssh_term_check(struct ssh_term *t, int rc, const char *what, struct err *e)
{
	if (rc == 0)
		return 0;
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return ssh_wait(t->ssh, e) == -1 ? -1 : 1;
	return ssh_fail(t->ssh, what, e);
}

static int
ssh_term_open(struct ssh_term *t, const char *subsystem, struct err *e)
{
	LIBSSH2_SESSION *session = ssh_session(t->ssh);
	uint16_t cols, rows;
	int rc;

	while ((t->channel = libssh2_channel_open_session(session)) == NULL) {
		rc = libssh2_session_last_errno(session);
		if (ssh_term_check(t, rc == 0 ? -1 : rc, "channel", e) == -1)
			return -1;
	}
	terminal_size(&cols, &rows);
	do {
		rc = libssh2_channel_request_pty_ex(t->channel, ssh_term_name,
		    sizeof(ssh_term_name) - 1, NULL, 0, cols, rows, 0, 0);
		rc = ssh_term_check(t, rc, "terminal", e);
	} while (rc == 1);
	while (rc == 0) {
		rc = subsystem != NULL
		    ? libssh2_channel_subsystem(t->channel, subsystem)
		    : libssh2_channel_shell(t->channel);
		rc = ssh_term_check(t, rc, "start", e);
		if (rc != 1)
			return rc;
		rc = 0;
	}
	return rc;
}

/* true: something moved. */
static bool
ssh_term_output(struct ssh_term *t, int stream, int *rc)
{
	char buf[SSH_TERM_READ];
	ssize_t n = libssh2_channel_read_ex(
	    t->channel, stream, buf, sizeof(buf));

	if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		*rc = (int)n;
	if (n <= 0)
		return false;
	if (!terminal_write(
		&t->terminal, (struct view){ .p = buf, .len = (size_t)n }))
		*rc = LIBSSH2_ERROR_FILE;
	return true;
}

static bool
ssh_term_keys(struct ssh_term *t, int *rc)
{
	ssize_t n;

	if (t->at == t->n) {
		watch_set(t->in, t->in_eof ? 0 : WATCH_READ);
		return false;
	}
	n = libssh2_channel_write(t->channel, t->keys + t->at, t->n - t->at);
	if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		*rc = (int)n;
	if (n <= 0)
		return false;
	t->at += (size_t)n;
	return true;
}

static void
ssh_term_resize(struct ssh_term *t, int *rc)
{
	uint16_t cols, rows;
	int r;

	if (!t->resized)
		return;
	terminal_size(&cols, &rows);
	r = libssh2_channel_request_pty_size(t->channel, cols, rows);
	if (r == 0)
		t->resized = false;
	else if (r != LIBSSH2_ERROR_EAGAIN)
		*rc = r;
}

/* Until the program has ended and its last words are shown. */
static int
ssh_term_relay(struct ssh_term *t, struct err *e)
{
	int rc = 0;

	for (;;) {
		bool moved;

		ssh_term_resize(t, &rc);
		moved = ssh_term_output(t, 0, &rc);
		moved = ssh_term_output(t, SSH_EXTENDED_DATA_STDERR, &rc) ||
		    moved;
		moved = ssh_term_keys(t, &rc) || moved;
		if (rc != 0)
			return ssh_fail(t->ssh, "terminal", e);
		if (moved)
			continue;
		if (libssh2_channel_eof(t->channel) == 1)
			return 0;
		if (ssh_wait(t->ssh, e) == -1)
			return -1;
	}
}

/* 128 + signal as a shell tells it; names only, RFC 4254 section 6.10. */
static int
ssh_term_status(struct ssh_term *t)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = { { "HUP", SIGHUP }, { "INT", SIGINT }, { "KILL", SIGKILL },
		{ "TERM", SIGTERM }, { "SEGV", SIGSEGV }, { "ABRT", SIGABRT } };
	char *name = NULL;
	size_t len = 0;
	int status = libssh2_channel_get_exit_status(t->channel) & 0xff;

	(void)libssh2_channel_get_exit_signal(
	    t->channel, &name, &len, NULL, NULL, NULL, NULL);
	if (name == NULL)
		return status;
	status = SSH_TERM_SIGNAL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (len == strlen(rows[i].name) &&
		    memcmp(name, rows[i].name, len) == 0)
			status = SSH_TERM_SIGNAL + rows[i].number;
	}
	libssh2_free(ssh_session(t->ssh), name);
	return status;
}

static int
ssh_term_end(struct ssh_term *t, int *status, struct err *e)
{
	int rc;

	do {
		rc = ssh_term_check(
		    t, libssh2_channel_close(t->channel), "end", e);
	} while (rc == 1);
	while (rc == 0) {
		rc = ssh_term_check(
		    t, libssh2_channel_wait_closed(t->channel), "end", e);
		if (rc == 1)
			rc = 0;
		else
			break;
	}
	*status = ssh_term_status(t);
	return rc;
}

int
ssh_term_run(struct ssh *s, const char *subsystem, int *status, struct err *e)
{
	struct ssh_term t = { .ssh = s };
	struct loop *l = ssh_loop(s);
	int rc = -1;

	terminal_init(&t.terminal);
	if (ssh_term_open(&t, subsystem, e) == -1)
		return -1;
	t.in = watch_new(l, STDIN_FILENO, ssh_term_on_input, &t);
	if (loop_on_signal(l, SIGWINCH, ssh_term_on_resize, &t, e) == 0 &&
	    terminal_set_raw(&t.terminal, e) == 0) {
		rc = ssh_term_relay(&t, e);
		if (rc == 0)
			rc = ssh_term_end(&t, status, e);
	}
	terminal_restore(&t.terminal);
	watch_free(t.in);
	(void)libssh2_channel_free(t.channel);
	return rc;
}
