#include "agentd/connect.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agentd/sandbox/host.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/net/apiclient.h"
#include "lib/net/fetch.h"

enum {
	CONNECT_TOKEN_MAX = 256,
	CONNECT_ADDR_MAX = 256,
	CONNECT_WAIT_MS = 100,
	CONNECT_TRIES = 300, /* half a minute, before any loop runs */
	CONNECT_LOCK_TRIES = 5,
	CONNECT_LOCK_US = 50 * 1000
};

int
connection_init(struct connection *c, const char *home, struct err *e)
{
	char self[PATH_MAX];
	ssize_t n;

	*c = (struct connection){ .lock = -1 };
	if (home == NULL)
		home = getenv("COFFER_HOME");
	if (home == NULL)
		home = "/var/lib/coffer";
	c->home = realpath(home, NULL);
	if (c->home == NULL)
		return err_sys(
		    e, ERR_NOTFOUND, "%s (run `coffer setup` first)", home);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return err_sys(e, ERR_IO, "/proc/self/exe");
	self[n] = '\0';
	c->self = xstrdup(self);
	*strrchr(self, '/') = '\0';
	c->shim = path_join(self, "../libexec/coffer/coffer-shim");
	return host_instance(c->home, c->inst, e);
}

/* One line of a small file, without its end. */
static int
connection_line(
    const char *home, const char *leaf, size_t max, char **out, struct err *e)
{
	AUTO_FREE char *path = path_join(home, leaf);
	AUTO_STR struct str text = STR_INIT;
	struct view line;

	if (path_read(path, max, &text, e) == -1)
		return -1;
	line = view_trim(str_view(&text));
	if (line.len == 0)
		return err_set(e, ERR_INVALID, "%s is empty", path);
	*out = view_dup(line);
	return 0;
}

/* cofferd empties the file when it starts and fills it when it listens. */
static int
connection_await(const char *home, char **addr, struct err *e)
{
	const struct timespec pause = { .tv_nsec = (long)CONNECT_WAIT_MS *
		    1000000 };

	for (int i = 0;; i++) {
		if (connection_line(home, "run/cofferd.addr", CONNECT_ADDR_MAX,
			addr, e) == 0)
			return 0;
		if (i == CONNECT_TRIES)
			return err_wrap(e, "cofferd is not up");
		*e = ERR_INIT;
		(void)nanosleep(&pause, NULL);
	}
}

int
connection_open(struct connection *c, struct loop *l, const char *server,
    const char *token, const char *user_agent, struct err *e)
{
	AUTO_FREE char *leaf = xasprintf("secrets/%s", token);
	AUTO_FREE char *addr = NULL;

	if (connection_line(c->home, leaf, CONNECT_TOKEN_MAX, &c->token, e) ==
	    -1)
		return -1;
	if (server != NULL) {
		c->base = xstrdup(server);
	} else {
		if (connection_await(c->home, &addr, e) == -1)
			return -1;
		c->base = xasprintf("http://%s", addr);
	}
	c->net = net_new(l, user_agent, e);
	if (c->net == NULL)
		return -1;
	c->api = apiclient_new(c->net, c->base, c->token);
	return 0;
}

int
connection_open_at(struct connection *c, struct loop *l, const char *base,
    const char *token, const char *ca, const char *user_agent, struct err *e)
{
	c->token = xstrdup(token);
	c->base = xstrdup(base);
	c->net = net_new(l, user_agent, e);
	if (c->net == NULL)
		return -1;
	c->api = apiclient_new(c->net, c->base, c->token);
	if (ca != NULL)
		apiclient_trust(c->api, ca);
	return 0;
}

int
connection_lock(struct connection *c, const char *folder, struct err *e)
{
	AUTO_FREE char *dir = path_join(c->home, folder);
	AUTO_FREE char *path = path_join(dir, "lock");

	if (path_mkdirs(dir, 0700, e) == -1)
		return -1;
	c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock == -1)
		return err_sys(e, ERR_IO, "%s", path);
	/* `coffer status` takes it for an instant. */
	for (int i = 0; flock(c->lock, LOCK_EX | LOCK_NB) == -1; i++) {
		if (i == CONNECT_LOCK_TRIES)
			return err_set(e, ERR_EXISTS,
			    "another one works on %s already", c->home);
		(void)usleep(CONNECT_LOCK_US);
	}
	return 0;
}

void
connection_close(struct connection *c)
{
	apiclient_free(c->api);
	net_free(c->net);
	c->api = NULL;
	c->net = NULL;
}

void
connection_release(struct connection *c)
{
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	free(c->home);
	free(c->self);
	free(c->shim);
	free(c->token);
	free(c->base);
	if (c->lock != -1)
		(void)close(c->lock);
	*c = (struct connection){ .lock = -1 };
}
