/* prove_router: what the router has seen, from its control socket. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentd/prove/prove.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	PROVE_ROUTER_S = 5,
	PROVE_REPLY_MAX = 4 << 20,
	PROVE_LOG_MS = 400
};

static int
prove_router_connect(const char *home)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = PROVE_ROUTER_S };
	int n = snprintf(
	    a.sun_path, sizeof(a.sun_path), "%s/run/router.sock", home);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (n < (int)sizeof(a.sun_path) &&
	    connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* NULL: no answer; json_free. */
static struct json *
prove_router_ask(struct prove *p, const char *request)
{
	AUTO_STR struct str in = STR_INIT_MAX(PROVE_REPLY_MAX);
	struct err e = ERR_INIT;
	char buf[4096];
	ssize_t n;

	if (p->router == -1 ||
	    send(p->router, request, strlen(request), MSG_NOSIGNAL) == -1)
		return NULL;
	while (in.len == 0 || in.p[in.len - 1] != '\n') {
		n = read(p->router, buf, sizeof(buf));
		if (n <= 0 || !str_ok(&in)) {
			(void)close(p->router);
			p->router = -1;
			return NULL;
		}
		str_addn(&in, buf, (size_t)n);
	}
	return json_parse(str_view(&in), PROVE_REPLY_MAX, &e);
}

static void
prove_router_project(struct prove *p)
{
	struct json *j = prove_router_ask(p, "{\"op\":\"projects\"}\n");

	for (const struct json *k = json_first(json_get(j, "projects"));
	     k != NULL; k = json_next(k)) {
		if (json_i64_or(k, "id", 0) != p->project)
			continue;
		(void)snprintf(
		    p->mode, sizeof(p->mode), "%s", json_str_or(k, "mode", ""));
		(void)snprintf(p->address, sizeof(p->address), "%s",
		    json_str_or(k, "address", ""));
	}
	json_free(j);
}

void
prove_router_open(struct prove *p)
{
	struct json *j;

	p->router = prove_router_connect(p->home);
	j = prove_router_ask(p, "{\"op\":\"hello\"}\n");
	(void)snprintf(p->gateway, sizeof(p->gateway), "%s",
	    json_str_or(j, "address", ""));
	json_free(j);
	prove_router_project(p);
	/* A job of CI, say: what the project may is not its. */
	p->sealed = prove_has_lo_alone(p);
	if (p->sealed)
		(void)snprintf(p->mode, sizeof(p->mode), "off");
}

static struct json *
prove_log(struct prove *p, int wait_ms)
{
	AUTO_STR struct str q = STR_INIT;

	str_addf(&q,
	    "{\"op\":\"log\",\"id\":%" PRId64
	    ",\"limit\":200,\"since\":%" PRId64 ",\"wait\":%d}\n",
	    p->project, p->log_at, wait_ms);
	return prove_router_ask(p, str_cstr(&q));
}

void
prove_log_mark(struct prove *p)
{
	struct json *j = p->sealed ? NULL : prove_log(p, 0);

	p->log_at = json_i64_or(j, "next", p->log_at);
	json_free(j);
}

int
prove_log_new(struct prove *p)
{
	struct json *j = p->sealed ? NULL : prove_log(p, PROVE_LOG_MS);
	int n = 0;

	if (p->sealed)
		return 0;
	if (j == NULL)
		return -1;
	for (const struct json *k = json_first(json_get(j, "entries"));
	     k != NULL; k = json_next(k)) {
		const char *v = json_str_or(k, "verdict", "");

		n += strncmp(v, "denied", 6) == 0 ||
		    strncmp(v, "name-", 5) == 0;
	}
	json_free(j);
	return n;
}
