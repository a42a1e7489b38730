/* A request and its reply, blocking: there is nothing else to do meanwhile. */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agentd/hook/hook.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	HOOK_REPLY_MAX = 256 << 10,
	HOOK_WAIT_S = 20
};

static int
hook_connect(struct err *e)
{
	const struct addrinfo want = { .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM };
	const struct timeval wait = { .tv_sec = HOOK_WAIT_S };
	struct addrinfo *list = NULL;
	int fd = -1;

	if (getaddrinfo("coffer", "80", &want, &list) != 0)
		return err_set(e, ERR_NOTFOUND, "coffer has no address here");
	for (const struct addrinfo *a = list; a != NULL && fd == -1;
	     a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd == -1)
			continue;
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
		if (connect(fd, a->ai_addr, a->ai_addrlen) == -1)
			(void)close(STEAL_FD(fd));
	}
	freeaddrinfo(list);
	if (fd == -1)
		(void)err_sys(e, ERR_IO, "reach cofferd");
	return fd;
}

static int
hook_send(int fd, struct view v, struct err *e)
{
	while (v.len > 0) {
		ssize_t n = send(fd, v.p, v.len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "ask cofferd");
		v = view_from(v, (size_t)n);
	}
	return 0;
}

static int
hook_receive(int fd, struct str *out, struct err *e)
{
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "hear cofferd");
		str_addn(out, buf, (size_t)n);
		if (!str_ok(out))
			return err_set(e, ERR_LIMIT, "cofferd says too much");
	}
	return 0;
}

static struct json *
hook_reply(struct view reply, struct err *e)
{
	const char *body = reply.len > 0
	    ? memmem(reply.p, reply.len, "\r\n\r\n", 4)
	    : NULL;
	struct json *j;

	if (body == NULL || reply.len < 12 ||
	    !view_starts(reply, "HTTP/1.1 ")) {
		(void)err_set(e, ERR_IO, "cofferd did not answer");
		return NULL;
	}
	if (reply.p[9] == '5') {
		(void)err_set(e, ERR_IO, "cofferd is not there");
		return NULL;
	}
	j = json_parse(view_from(reply, (size_t)(body + 4 - reply.p)), 0, e);
	if (j == NULL || reply.p[9] == '2')
		return j;
	(void)err_set(e, ERR_DENIED, "cofferd says: %.150s",
	    json_str_or(j, "message", "no"));
	json_free(j);
	return NULL;
}

struct json *
hook_http(
    const char *token, const char *path, const struct str *body, struct err *e)
{
	AUTO_STR struct str text = STR_INIT,
			    reply = STR_INIT_MAX(HOOK_REPLY_MAX);
	AUTO_CLOSE int fd = hook_connect(e);

	if (fd == -1)
		return NULL;
	str_addf(&text,
	    "%s %s HTTP/1.1\r\nHost: coffer\r\nConnection: close\r\n"
	    "Accept: application/json\r\nAuthorization: Bearer %s\r\n",
	    body != NULL ? "POST" : "GET", path, token);
	if (body != NULL)
		str_addf(&text,
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n",
		    body->len);
	str_add(&text, "\r\n");
	if (body != NULL)
		str_addv(&text, str_view(body));
	if (hook_send(fd, str_view(&text), e) == -1 ||
	    hook_receive(fd, &reply, e) == -1)
		return NULL;
	return hook_reply(str_view(&reply), e);
}
