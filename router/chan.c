#include "router/chan.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/err.h"

int
chan_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, fds) == -1)
		return err_sys(e, ERR_IO, "socketpair");
	return 0;
}

/* Bytes of a message; 0 when it is no message. */
static size_t
chan_size(const struct chan_msg *m)
{
	switch (m->kind) {
	case CHAN_PROJECT:
		return offsetof(struct chan_msg, project) + sizeof(m->project);
	case CHAN_HOST:
		if (m->host.n > CLIENTS_HOST_MAX)
			return 0;
		return offsetof(struct chan_msg, host.addrs) +
		    m->host.n * sizeof(m->host.addrs[0]);
	case CHAN_LOG:
		return offsetof(struct chan_msg, log) + sizeof(m->log);
	default:
		return 0;
	}
}

int
chan_send(int fd, const struct chan_msg *m)
{
	ssize_t n = send(fd, m, chan_size(m), MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS
		    ? 0
		    : -1;
	return 1;
}

static bool
chan_is_sane(struct chan_msg *m, size_t n)
{
	if (n < offsetof(struct chan_msg, project) + sizeof(uint32_t) ||
	    chan_size(m) != n)
		return false;
	if (m->kind == CHAN_PROJECT)
		return m->project.mode < POLICY_MODE_MAX &&
		    m->project.gone <= 1;
	if (m->kind == CHAN_LOG)
		return m->log.verdict < EGRESS_VERDICT_MAX &&
		    m->log.name[sizeof(m->log.name) - 1] == '\0';
	return true;
}

int
chan_recv(int fd, struct chan_msg *m)
{
	ssize_t n;

	memset(m, 0, sizeof(*m));
	n = recv(fd, m, sizeof(*m), MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return n > 0 && chan_is_sane(m, (size_t)n) ? 1 : -1;
}
