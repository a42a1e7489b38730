#include "agentd/run/reap.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

enum {
	REAP_PATH_MAX = 512
};

struct reap {
	struct reap_spec spec;
	char *root;
	DIR *dir;
	int64_t id;   /* in hand */
	size_t phase; /* the next one of it */
	char path[REAP_PATH_MAX];
	struct err first;
};

static void reap_next(void *arg);

static void
reap_note(struct reap *r, const struct err *e)
{
	if (r->first.code == ERR_NONE)
		r->first = *e;
	log_warn("reap dir=%s why=%s", log_val(r->path), log_val(e->msg));
}

static void
reap_on_destroyed(const struct err *e, void *arg)
{
	struct reap *r = arg;

	if (e != NULL)
		reap_note(r, e);
	loop_defer(r->spec.host->loop, reap_next, r);
}

static void
reap_destroy(struct reap *r)
{
	char name[HOST_NAME_MAX];

	r->spec.name(r->spec.host, r->id, r->spec.phases[r->phase - 1], name);
	r->spec.driver->destroy(
	    r->spec.host, name, r->path, reap_on_destroyed, r);
}

static void
reap_on_exit(const struct shim_exit *x, void *arg)
{
	(void)x;
	reap_destroy(arg);
}

static void
reap_one(struct reap *r)
{
	struct err e = ERR_INIT;
	const struct shim_watch_spec watch = {
		.dir = r->path,
		.from = UINT64_MAX >> 1, /* the output is nobody's */
		.on_exit = reap_on_exit,
		.arg = r,
	};

	if (shim_alive(r->path)) {
		if (r->spec.driver->kill(r->path, true, &e) == 0 &&
		    shim_watch_open(r->spec.host->loop, &watch, &e) != NULL)
			return;
		reap_note(r, &e);
	}
	reap_destroy(r);
}

static void
reap_end(struct reap *r)
{
	if (r->dir != NULL)
		(void)closedir(r->dir);
	r->spec.done(r->first.code == ERR_NONE ? NULL : &r->first, r->spec.arg);
	free(r->root);
	free(r);
}

/* The next folder that is there, or the end. */
static void
reap_next(void *arg)
{
	struct reap *r = arg;
	struct stat st;
	struct dirent *entry;
	struct err e = ERR_INIT;
	uint64_t id;

	for (;;) {
		while (r->id != 0 && r->spec.phases[r->phase] != NULL) {
			(void)snprintf(r->path, sizeof(r->path), "%s/%lld/%s",
			    r->root, (long long)r->id,
			    r->spec.phases[r->phase++]);
			if (lstat(r->path, &st) == 0 && S_ISDIR(st.st_mode)) {
				reap_one(r);
				return;
			}
		}
		entry = r->dir == NULL ? NULL : readdir(r->dir);
		if (entry == NULL) {
			reap_end(r);
			return;
		}
		r->id = 0;
		r->phase = 0;
		if (num_u64(entry->d_name, 1, INT64_MAX, &id, &e) == 0)
			r->id = (int64_t)id;
	}
}

void
reap_start(const struct reap_spec *spec)
{
	struct reap *r = xcalloc(1, sizeof(*r));

	r->spec = *spec;
	r->root = xstrdup(spec->root);
	r->spec.root = r->root;
	r->dir = opendir(r->root);
	if (r->dir == NULL && errno != ENOENT) {
		(void)err_sys(&r->first, ERR_IO, "%s", r->root);
	}
	loop_defer(spec->host->loop, reap_next, r);
}
