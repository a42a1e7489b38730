#include "cli/ssh/ssh.h"

#include <errno.h>
#include <libssh2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/agentlink.h"
#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/net/sshkey.h"

enum {
	SSH_HOLD = 256 << 10, /* input kept before the other end is slowed */
	SSH_TICK_MS = 5 * 1000,
	SSH_ALIVE_S = 15,
	SSH_SILENCE = 8, /* ticks; three answers to SSH_ALIVE_S are due */
	SSH_TEXT_MAX = 160
};

static const char ssh_user[] = "agent";

struct ssh {
	struct loop *loop;
	struct agentlink *link; /* NULL: not yet */
	LIBSSH2_SESSION *session;
	struct timer *tick;
	struct str in; /* bytes for libssh2 from `at` on */
	size_t at;
	struct sshkey key;
	unsigned char host[SSHKEY_BLOB];
	bool has_host, bad_host;
	bool ended;
	unsigned quiet; /* ticks since something came */
	struct err why; /* it ended */
};

static size_t
ssh_left(const struct ssh *s)
{
	return s->in.len - s->at;
}

static LIBSSH2_RECV_FUNC(ssh_on_recv)
{
	struct ssh *s = *abstract;
	size_t n = ssh_left(s);

	(void)socket;
	(void)flags;
	if (n == 0)
		return s->ended ? 0 : -EAGAIN;
	if (n > length)
		n = length;
	memcpy(buffer, s->in.p + s->at, n);
	s->at += n;
	if (ssh_left(s) == 0) {
		str_reset(&s->in);
		s->at = 0;
		agentlink_hold(s->link, false);
	}
	return (ssize_t)n;
}

static LIBSSH2_SEND_FUNC(ssh_on_send)
{
	struct ssh *s = *abstract;

	(void)socket;
	(void)flags;
	if (s->ended)
		return -EPIPE;
	if (agentlink_is_full(s->link))
		return -EAGAIN;
	agentlink_send(s->link, AGENTLINK_DATA, buffer, length);
	return (ssize_t)length;
}

static void
ssh_on_frame(uint8_t type, struct view payload, void *arg)
{
	struct ssh *s = arg;

	s->quiet = 0;
	if (type == AGENTLINK_HOSTKEY) {
		char line[SSHKEY_PUBLIC_MAX] = "";

		if (payload.len < sizeof(line))
			memcpy(line, payload.p, payload.len);
		s->has_host = sshkey_read_line(line, s->host);
	} else if (type == AGENTLINK_DATA) {
		str_addv(&s->in, payload);
		if (ssh_left(s) > SSH_HOLD)
			agentlink_hold(s->link, true);
	}
	loop_stop(s->loop);
}

static void
ssh_on_drain(void *arg)
{
	struct ssh *s = arg;

	loop_stop(s->loop);
}

static void
ssh_on_end(int status, const struct err *e, void *arg)
{
	struct ssh *s = arg;

	s->ended = true;
	if (e != NULL)
		s->why = *e;
	else
		(void)err_set(&s->why, ERR_IO,
		    "the sandbox's ssh ended (status %d)", status);
	loop_stop(s->loop);
}

static void
ssh_on_tick(void *arg)
{
	struct ssh *s = arg;

	s->quiet++;
	timer_set(s->tick, SSH_TICK_MS);
	loop_stop(s->loop);
}

static void
ssh_on_signal(void *arg)
{
	struct ssh *s = arg;

	s->ended = true;
	(void)err_set(&s->why, ERR_INTERNAL, "ended by a signal");
	loop_stop(s->loop);
}

static int
ssh_watch_signals(struct ssh *s, struct err *e)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (loop_on_signal(s->loop, list[i], ssh_on_signal, s, e) == -1)
			return -1;
	}
	return 0;
}

void
ssh_wake(struct ssh *s)
{
	loop_stop(s->loop);
}

LIBSSH2_SESSION *
ssh_session(struct ssh *s)
{
	return s->session;
}

struct loop *
ssh_loop(struct ssh *s)
{
	return s->loop;
}

bool
ssh_is_lost(const struct ssh *s)
{
	return s->ended;
}

int
ssh_wait(struct ssh *s, struct err *e)
{
	int next = 0;

	if (s->ended && ssh_left(s) == 0) {
		*e = s->why;
		return -1;
	}
	if (s->ended)
		return 0;
	if (loop_run(s->loop, e) == -1)
		return -1;
	if (s->ended && ssh_left(s) == 0) {
		*e = s->why;
		return -1;
	}
	(void)libssh2_keepalive_send(s->session, &next);
	if (s->quiet < SSH_SILENCE)
		return 0;
	s->ended = true;
	(void)err_set(
	    &s->why, ERR_TIMEOUT, "the sandbox does not answer; is it paused?");
	*e = s->why;
	return -1;
}

int
ssh_fail(struct ssh *s, const char *what, struct err *e)
{
	char *text = NULL;
	int len = 0;

	if (s->ended && s->why.code != ERR_NONE) {
		*e = s->why;
		return -1;
	}
	(void)libssh2_session_last_error(s->session, &text, &len, 0);
	if (len > SSH_TEXT_MAX)
		len = SSH_TEXT_MAX;
	return err_set(
	    e, ERR_PROTO, "%s: %.*s", what, len, text != NULL ? text : "");
}

static int
ssh_check_host(struct ssh *s, struct err *e)
{
	size_t len = 0;
	int type = 0;
	const char *key = libssh2_session_hostkey(s->session, &len, &type);

	if (!s->has_host || key == NULL || len != SSHKEY_BLOB ||
	    memcmp(key, s->host, SSHKEY_BLOB) != 0)
		return err_set(e, ERR_DENIED,
		    "the sandbox's host key is not the one that coffer-agentd "
		    "told");
	return 0;
}

static int
ssh_prefer(struct ssh *s, struct err *e)
{
	static const struct {
		int what;
		const char *methods;
	} rows[] = {
		{ LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519" },
		{ LIBSSH2_METHOD_KEX,
		    "curve25519-sha256,curve25519-sha256@libssh.org" },
		{ LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes256-ctr" },
		{ LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes256-ctr" },
		{ LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256" },
		{ LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (libssh2_session_method_pref(
			s->session, rows[i].what, rows[i].methods) != 0)
			return ssh_fail(s, "methods", e);
	}
	return 0;
}

/* Input for a callback that takes any function: as libssh2 wants it. */
static void
ssh_set_callbacks(struct ssh *s)
{
	union {
		LIBSSH2_RECV_FUNC((*recv));
		LIBSSH2_SEND_FUNC((*send));
		void *p;
	} fn;

	fn.recv = ssh_on_recv;
	(void)libssh2_session_callback_set(
	    s->session, LIBSSH2_CALLBACK_RECV, fn.p);
	fn.send = ssh_on_send;
	(void)libssh2_session_callback_set(
	    s->session, LIBSSH2_CALLBACK_SEND, fn.p);
}

static int
ssh_log_in(struct ssh *s, struct err *e)
{
	int rc;

	s->session = libssh2_session_init_ex(NULL, NULL, NULL, s);
	if (s->session == NULL)
		return err_set(e, ERR_INTERNAL, "no SSH session");
	libssh2_session_set_blocking(s->session, 0);
	ssh_set_callbacks(s);
	if (ssh_prefer(s, e) == -1)
		return -1;
	while ((rc = libssh2_session_handshake(s->session,
		    agentlink_fd(s->link))) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(s, e) == -1)
			return -1;
	}
	if (rc != 0)
		return ssh_fail(s, "handshake", e);
	if (ssh_check_host(s, e) == -1)
		return -1;
	while (
	    (rc = libssh2_userauth_publickey_frommemory(s->session, ssh_user,
		 sizeof(ssh_user) - 1, NULL, 0, s->key.private_text,
		 strlen(s->key.private_text), NULL)) == LIBSSH2_ERROR_EAGAIN) {
		if (ssh_wait(s, e) == -1)
			return -1;
	}
	if (rc != 0)
		return ssh_fail(s, "log in", e);
	libssh2_keepalive_config(s->session, 1, SSH_ALIVE_S);
	return 0;
}

int
ssh_open(struct cli *c, const char *full, struct ssh **out, struct err *e)
{
	struct ssh *s = xcalloc(1, sizeof(*s));
	struct agentlink_spec link = {
		.project = full,
		.verb = "dial",
		.key = s->key.public_line,
		.on_frame = ssh_on_frame,
		.on_drain = ssh_on_drain,
		.on_end = ssh_on_end,
		.arg = s,
	};
	int rc;

	*out = NULL;
	s->loop = remote_loop(c, e);
	if (s->loop == NULL || libssh2_init(0) != 0 ||
	    sshkey_make(&s->key, e) == -1 || ssh_watch_signals(s, e) == -1) {
		rc = -1;
		goto fail;
	}
	rc = agentlink_open(c, &link, &s->link, e);
	if (rc != 0)
		goto fail;
	s->tick = timer_new(s->loop, ssh_on_tick, s);
	timer_set(s->tick, SSH_TICK_MS);
	rc = ssh_log_in(s, e);
	if (rc == -1)
		goto fail;
	*out = s;
	return 0;
fail:
	ssh_free(s);
	return rc;
}

void
ssh_free(struct ssh *s)
{
	if (s == NULL)
		return;
	if (s->session != NULL) {
		if (!s->ended)
			(void)libssh2_session_disconnect(s->session, "bye");
		(void)libssh2_session_free(s->session);
	}
	agentlink_free(s->link);
	timer_free(s->tick);
	str_release(&s->in);
	sshkey_wipe(&s->key);
	free(s);
}
