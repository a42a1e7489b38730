#include "lib/io/sock.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/view.h"

enum {
	SOCK_BACKLOG = 512,
	SOCK_HOST_MAX = 64
};

/* The views that the sockaddr_storage is looked at through. */
union sock_any {
	struct sockaddr_storage ss;
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static union sock_any
sock_open_addr(const struct sock_addr *a)
{
	union sock_any u;

	memset(&u, 0, sizeof(u));
	u.ss = a->ss;
	return u;
}

static int
sock_parse_unix(const char *path, struct sock_addr *a, struct err *e)
{
	union sock_any u;
	size_t n = strlen(path);

	memset(&u, 0, sizeof(u));
	if (n == 0 || n >= sizeof(u.un.sun_path))
		return err_set(e, ERR_INVALID,
		    "socket path %s must have 1 to %zu bytes", log_val(path),
		    sizeof(u.un.sun_path) - 1);
	u.un.sun_family = AF_UNIX;
	memcpy(u.un.sun_path, path, n + 1);
	a->ss = u.ss;
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

int
sock_parse(const char *text, struct sock_addr *a, struct err *e)
{
	char host[SOCK_HOST_MAX];
	const char *colon = strrchr(text, ':'), *from = text;
	union sock_any u;
	uint64_t port;
	size_t n;

	memset(a, 0, sizeof(*a));
	memset(&u, 0, sizeof(u));
	if (view_starts(view_of(text), "unix:"))
		return sock_parse_unix(text + strlen("unix:"), a, e);
	if (colon == NULL || colon == text)
		goto bad;
	n = (size_t)(colon - text);
	if (text[0] == '[') {
		if (n < 3 || text[n - 1] != ']')
			goto bad;
		from++;
		n -= 2;
	}
	if (n >= sizeof(host))
		goto bad;
	memcpy(host, from, n);
	host[n] = '\0';
	if (num_u64(colon + 1, 0, 65535, &port, e) == -1)
		return err_wrap(e, "address %s: port", log_val(text));
	if (from != text && inet_pton(AF_INET6, host, &u.in6.sin6_addr) == 1) {
		u.in6.sin6_family = AF_INET6;
		u.in6.sin6_port = htons((uint16_t)port);
		a->len = sizeof(u.in6);
	} else if (from == text &&
	    inet_pton(AF_INET, host, &u.in.sin_addr) == 1) {
		u.in.sin_family = AF_INET;
		u.in.sin_port = htons((uint16_t)port);
		a->len = sizeof(u.in);
	} else {
		goto bad;
	}
	a->ss = u.ss;
	return 0;

bad:
	return err_set(e, ERR_INVALID,
	    "%s is not an address (write 127.0.0.1:3000, [::1]:3000 or "
	    "unix:/path)",
	    log_val(text));
}

const char *
sock_text(const struct sock_addr *a, char out[SOCK_TEXT_MAX])
{
	union sock_any u = sock_open_addr(a);
	char host[INET6_ADDRSTRLEN] = "";

	switch (u.ss.ss_family) {
	case AF_INET:
		(void)inet_ntop(AF_INET, &u.in.sin_addr, host, sizeof(host));
		(void)snprintf(out, SOCK_TEXT_MAX, "%s:%u", host,
		    (unsigned)ntohs(u.in.sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &u.in6.sin6_addr, host, sizeof(host));
		(void)snprintf(out, SOCK_TEXT_MAX, "[%s]:%u", host,
		    (unsigned)ntohs(u.in6.sin6_port));
		break;
	case AF_UNIX:
		(void)snprintf(out, SOCK_TEXT_MAX, "unix:%.*s",
		    (int)sizeof(u.un.sun_path), u.un.sun_path);
		break;
	default:
		(void)snprintf(out, SOCK_TEXT_MAX, "unknown");
	}
	return out;
}

static int
sock_open(const struct sock_addr *a)
{
	return socket(
	    a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
sock_fail(const char *verb, const struct sock_addr *a, struct err *e)
{
	int sys = errno;
	char text[SOCK_TEXT_MAX];
	enum err_code code = ERR_IO;

	if (sys == EADDRINUSE)
		code = ERR_EXISTS;
	else if (sys == EACCES || sys == EPERM)
		code = ERR_DENIED;
	else if (sys == ENOENT)
		code = ERR_NOTFOUND;
	else if (sys == EAGAIN) /* a Unix socket whose backlog is full */
		code = ERR_BUSY;
	errno = sys;
	return err_sys(e, code, "%s %s", verb, sock_text(a, text));
}

/* Remove a socket file that nobody listens on. */
static int
sock_clear_stale(const struct sock_addr *a, const char *path, struct err *e)
{
	union sock_any u = sock_open_addr(a);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		return sock_fail("listen on", a, e);
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_EXISTS,
		    "listen on %s: a file that is not a socket is there",
		    log_val(path));
	fd = sock_open(a);
	if (fd == -1)
		return sock_fail("listen on", a, e);
	if (connect(fd, &u.sa, a->len) == 0 || errno != ECONNREFUSED) {
		if (errno == ENOENT)
			return 0;
		return err_set(e, ERR_EXISTS,
		    "listen on %s: another process answers there",
		    log_val(path));
	}
	if (unlink(path) == -1 && errno != ENOENT)
		return sock_fail("replace", a, e);
	return 0;
}

int
sock_listen(const struct sock_addr *a, mode_t mode, int *out, struct err *e)
{
	union sock_any u = sock_open_addr(a);
	AUTO_CLOSE int fd = -1;
	const int on = 1;

	if (a->ss.ss_family == AF_UNIX &&
	    sock_clear_stale(a, u.un.sun_path, e) == -1)
		return -1;
	fd = sock_open(a);
	if (fd == -1)
		return sock_fail("listen on", a, e);
	if (a->ss.ss_family != AF_UNIX &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		return sock_fail("listen on", a, e);
	if (bind(fd, &u.sa, a->len) == -1)
		return sock_fail("listen on", a, e);
	/* Before listen(2): until then a connection is refused. */
	if (a->ss.ss_family == AF_UNIX && chmod(u.un.sun_path, mode) == -1)
		return sock_fail("set the mode of", a, e);
	if (listen(fd, SOCK_BACKLOG) == -1)
		return sock_fail("listen on", a, e);
	*out = STEAL_FD(fd);
	return 0;
}

int
sock_connect(const struct sock_addr *a, int *out, struct err *e)
{
	union sock_any u = sock_open_addr(a);
	AUTO_CLOSE int fd = sock_open(a);

	if (fd == -1)
		return sock_fail("connect to", a, e);
	if (connect(fd, &u.sa, a->len) == -1 && errno != EINPROGRESS)
		return sock_fail("connect to", a, e);
	*out = STEAL_FD(fd);
	return 0;
}

int
sock_error(int fd, struct err *e)
{
	int sys = 0;
	socklen_t len = sizeof(sys);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) == -1)
		return err_sys(e, ERR_IO, "socket state");
	if (sys == 0)
		return 0;
	errno = sys;
	return err_sys(e, sys == ETIMEDOUT ? ERR_TIMEOUT : ERR_IO, "connect");
}

int
sock_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		fds) == -1)
		return err_sys(e, ERR_IO, "socketpair");
	return 0;
}

int
sock_peer_uid(int fd, uid_t *uid, struct err *e)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return err_sys(e, ERR_IO, "peer credentials");
	*uid = cred.uid;
	return 0;
}
