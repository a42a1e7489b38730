#include "agentd/run/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "agentd/call.h"
#include "agentd/run/logship.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/io/timer.h"
#include "lib/net/sha256.h"

enum {
	UPLOAD_STEP = 64, /* chunks read in one turn of the loop */
	UPLOAD_CHUNK = 8 << 10,
	UPLOAD_TIMES = 2
};

struct upload {
	struct loop *loop;
	struct apiclient *api;
	char *file, *path;
	upload_fn *on_done;
	void *arg;
	struct timer *timer; /* reads on, or ends */
	int fd;
	struct sha256 *hash;
	uint64_t bytes;
	char sha[SHA256_HEX];
	struct logship *ship;
	struct call *call;
	int times;
	struct err fail;
	bool over;
};

static void
upload_end(struct upload *u, const struct err *fail)
{
	u->over = true;
	if (fail != NULL)
		u->fail = *fail;
	timer_set(u->timer, 0);
}

static void
upload_on_shipped(void *arg)
{
	struct upload *u = arg;
	AUTO_FREE char *body = xasprintf("{\"bytes\":%llu,\"sha256\":\"%s\"}",
	    (unsigned long long)u->bytes, u->sha);

	logship_free(u->ship);
	u->ship = NULL;
	call_start(u->call, "POST", u->path, body);
}

static void
upload_ship(struct upload *u)
{
	const struct logship_spec spec = {
		.loop = u->loop,
		.api = u->api,
		.file = u->file,
		.path = u->path,
		.on_done = upload_on_shipped,
		.arg = u,
	};

	u->times++;
	u->ship = logship_new(&spec);
	logship_finish(u->ship);
}

static void
upload_on_kept(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct upload *u = arg;

	(void)status;
	(void)j;
	if (fail != NULL && fail->code == ERR_EXISTS && u->times < UPLOAD_TIMES)
		upload_ship(u);
	else
		upload_end(u, fail);
}

/* False: that was all. */
static bool
upload_read(struct upload *u, struct err *e)
{
	char buf[UPLOAD_CHUNK];

	for (int i = 0; i < UPLOAD_STEP; i++) {
		ssize_t n = read(u->fd, buf, sizeof(buf));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			(void)err_sys(e, ERR_IO, "read %s", u->file);
		if (n <= 0)
			return false;
		sha256_add(u->hash, (struct view){ buf, (size_t)n });
		u->bytes += (uint64_t)n;
	}
	return true;
}

static void
upload_on_timer(void *arg)
{
	struct upload *u = arg;
	struct err e = ERR_INIT;

	if (u->over) {
		u->on_done(u->fail.code == ERR_NONE ? NULL : &u->fail, u->arg);
		return;
	}
	if (u->fd == -1)
		u->fd = open(u->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (u->fd == -1)
		(void)err_sys(&e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "open %s", u->file);
	else if (upload_read(u, &e)) {
		timer_set(u->timer, 0);
		return;
	}
	if (e.code != ERR_NONE) {
		upload_end(u, &e);
		return;
	}
	sha256_end(u->hash, u->sha);
	u->hash = NULL;
	upload_ship(u);
}

struct upload *
upload_new(const struct upload_spec *spec)
{
	struct upload *u = xcalloc(1, sizeof(*u));

	u->loop = spec->loop;
	u->api = spec->api;
	u->file = xstrdup(spec->file);
	u->path = xstrdup(spec->path);
	u->on_done = spec->on_done;
	u->arg = spec->arg;
	u->fd = -1;
	u->hash = sha256_new();
	u->call = call_new(u->loop, u->api, upload_on_kept, u);
	u->timer = timer_new(u->loop, upload_on_timer, u);
	timer_set(u->timer, 0);
	return u;
}

void
upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	logship_free(u->ship);
	call_free(u->call);
	timer_free(u->timer);
	sha256_free(u->hash);
	if (u->fd != -1)
		(void)close(u->fd);
	free(u->file);
	free(u->path);
	free(u);
}
