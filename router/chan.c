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
	static const size_t sizes[] = {
		[CHAN_POLICY] = sizeof(m->policy),
		[CHAN_RULE] = sizeof(m->rule),
		[CHAN_PINNED] = sizeof(m->pinned),
		[CHAN_PIN] = sizeof(m->pin),
		[CHAN_ANSWER] = sizeof(m->answer),
		[CHAN_LOG] = sizeof(m->log),
		[CHAN_READY] = sizeof(m->ready),
	};

	if (m->kind == CHAN_HOST)
		return m->host.n > CLIENTS_HOST_MAX
		    ? 0
		    : offsetof(struct chan_msg, host.addrs) +
			m->host.n * sizeof(m->host.addrs[0]);
	if (m->kind >= sizeof(sizes) / sizeof(sizes[0]) || sizes[m->kind] == 0)
		return 0;
	return offsetof(struct chan_msg, policy) + sizes[m->kind];
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
chan_is_text(const char *p, size_t n)
{
	return p[n - 1] == '\0';
}

static bool
chan_is_sane(const struct chan_msg *m, size_t n)
{
	const struct egress_rule *r = &m->rule.rule;

	if (n < offsetof(struct chan_msg, policy) + sizeof(uint32_t) ||
	    chan_size(m) != n)
		return false;
	switch ((enum chan_kind)m->kind) {
	case CHAN_POLICY:
		return m->policy.mode < POLICY_MODE_MAX &&
		    m->policy.gone <= 1 && m->policy.lockdown <= 1 &&
		    m->policy.n_rules <= (int)EGRESS_RULES_MAX * EGRESS_LISTS;
	case CHAN_RULE:
		return m->rule.list < EGRESS_LISTS &&
		    r->n_ports <= EGRESS_PORTS_MAX &&
		    chan_is_text(r->domain, sizeof(r->domain));
	case CHAN_PIN:
		return chan_is_text(m->pin.name, sizeof(m->pin.name));
	case CHAN_ANSWER:
		return m->answer.n_addrs <= DNS_ADDRS_MAX &&
		    chan_is_text(m->answer.name, sizeof(m->answer.name));
	case CHAN_LOG:
		return m->log.verdict < EGRESS_VERDICT_MAX &&
		    chan_is_text(m->log.name, sizeof(m->log.name)) &&
		    chan_is_text(m->log.rule, sizeof(m->log.rule));
	case CHAN_HOST:
	case CHAN_PINNED:
	case CHAN_READY:
		return true;
	}
	return false;
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
