/* A request and its reply, blocking: there is nothing else to do meanwhile. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agentd/hook/hook.h"
#include "agentd/hook/hook_json.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	HOOK_REPLY_MAX = 256 << 10,
	HOOK_HOSTS_MAX = 64 << 10,
	HOOK_WAIT_S = 20
};

int
hook_host(
    struct view hosts, const char *name, struct in_addr *out, struct err *e)
{
	struct view line, word;

	while (hosts.p != NULL && view_split(&hosts, '\n', &line)) {
		bool first = true, good = false;

		while (view_split(&line, ' ', &word)) {
			AUTO_FREE char *text = view_dup(view_trim(word));

			if (text[0] == '#')
				break;
			if (first)
				good = inet_pton(AF_INET, text, out) == 1;
			else if (good && strcmp(text, name) == 0)
				return 0;
			first = first && text[0] == '\0';
		}
	}
	return err_set(e, ERR_NOTFOUND, "%s has no address here", name);
}

static int
hook_connect(struct err *e)
{
	const struct timeval wait = { .tv_sec = HOOK_WAIT_S };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(80) };
	AUTO_STR struct str hosts = STR_INIT;
	int fd;

	if (path_read("/etc/hosts", HOOK_HOSTS_MAX, &hosts, e) == -1 ||
	    hook_host(str_view(&hosts), "coffer", &to.sin_addr, e) == -1)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(e, ERR_IO, "reach cofferd");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)err_sys(e, ERR_IO, "reach cofferd");
	(void)close(fd);
	return -1;
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

/* reply becomes its body. */
static int
hook_reply(struct str *reply, struct err *e)
{
	const char *body = reply->len > 0
	    ? memmem(reply->p, reply->len, "\r\n\r\n", 4)
	    : NULL;
	AUTO_FREE char *why = NULL;
	char status;

	if (body == NULL || reply->len < 12 ||
	    !view_starts(str_view(reply), "HTTP/1.1 "))
		return err_set(e, ERR_IO, "cofferd did not answer");
	status = reply->p[9];
	if (status == '5')
		return err_set(e, ERR_IO, "cofferd is not there");
	str_drop(reply, (size_t)(body + 4 - reply->p));
	if (hook_json_check(str_view(reply), e) == -1)
		return -1;
	if (status == '2')
		return 0;
	(void)hook_json_text(
	    str_view(reply), "message", HOOK_REPLY_MAX, &why, e);
	return err_set(
	    e, ERR_DENIED, "cofferd says: %.150s", why != NULL ? why : "no");
}

int
hook_http(const char *token, const char *path, const struct str *body,
    struct str *reply, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_CLOSE int fd = hook_connect(e);

	if (fd == -1)
		return -1;
	str_reset(reply);
	reply->max = HOOK_REPLY_MAX;
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
	    hook_receive(fd, reply, e) == -1)
		return -1;
	return hook_reply(reply, e);
}
