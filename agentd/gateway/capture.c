#include "agentd/gateway/capture.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mask.h"
#include "lib/base/path.h"

enum {
	CAPTURE_RUN_MAX = 64 << 20, /* bytes */
	CAPTURE_FILES_MAX = 4000,   /* of a run */
	CAPTURE_NAME_MAX = 64
};

struct capture {
	char *dir;
	unsigned runs;
	bool failed; /* told once */
};

struct capture *
capture_open(const char *dir, unsigned runs, struct err *e)
{
	struct capture *c;

	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		err_sys(e, ERR_IO, "make %s", dir);
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->dir = xstrdup(dir);
	c->runs = runs;
	return c;
}

void
capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	free(c->dir);
	free(c);
}

/* What a folder has; -1: it cannot be read. */
static int
capture_measure(const char *path, uint64_t *bytes, unsigned *n)
{
	DIR *d = opendir(path);
	const struct dirent *x;
	struct stat st;

	*bytes = 0;
	*n = 0;
	if (d == NULL)
		return -1;
	while ((x = readdir(d)) != NULL) {
		if (x->d_name[0] == '.' ||
		    fstatat(dirfd(d), x->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			-1)
			continue;
		(*n)++;
		*bytes += (uint64_t)st.st_size;
	}
	(void)closedir(d);
	return 0;
}

/* The folder that nothing was written to for the longest time, and how many
 * there are. */
static unsigned
capture_oldest(const struct capture *c, char name[CAPTURE_NAME_MAX])
{
	DIR *d = opendir(c->dir);
	const struct dirent *x;
	struct timespec oldest = { 0, 0 };
	struct stat st;
	unsigned n = 0;

	name[0] = '\0';
	while (d != NULL && (x = readdir(d)) != NULL) {
		if (x->d_name[0] == '.' ||
		    strlen(x->d_name) >= CAPTURE_NAME_MAX ||
		    fstatat(dirfd(d), x->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			-1)
			continue;
		if (n++ == 0 || st.st_mtim.tv_sec < oldest.tv_sec ||
		    (st.st_mtim.tv_sec == oldest.tv_sec &&
			st.st_mtim.tv_nsec < oldest.tv_nsec)) {
			oldest = st.st_mtim;
			memcpy(name, x->d_name, strlen(x->d_name) + 1);
		}
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void
capture_make_room(const struct capture *c)
{
	char name[CAPTURE_NAME_MAX];

	while (capture_oldest(c, name) >= c->runs && name[0] != '\0') {
		AUTO_FREE char *path = path_join(c->dir, name);
		struct err e = ERR_INIT;

		if (path_rmtree(path, &e) == -1) {
			log_warn("gateway capture err=%s", log_val(e.msg));
			return;
		}
	}
}

/* The run's folder, if there is room in it. */
static char *
capture_folder(const struct capture *c, const struct ledger_who *who,
    size_t more, struct err *e)
{
	AUTO_FREE char *path = who->run != 0
	    ? xasprintf("%s/run-%" PRIu64, c->dir, who->run)
	    : xasprintf("%s/session-%" PRIu64, c->dir, who->project);
	uint64_t bytes;
	unsigned n;

	if (capture_measure(path, &bytes, &n) == -1) {
		capture_make_room(c);
		if (mkdir(path, 0700) == -1 && errno != EEXIST) {
			err_sys(e, ERR_IO, "make %s", path);
			return NULL;
		}
		bytes = n = 0;
	}
	if (bytes + more > CAPTURE_RUN_MAX || n >= CAPTURE_FILES_MAX) {
		err_set(e, ERR_LIMIT, "%s: is full", path);
		return NULL;
	}
	return STEAL(path);
}

static int
capture_write(const char *path, const char *p, size_t n, struct err *e)
{
	AUTO_CLOSE int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "write %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static int
capture_try(
    const struct capture *c, const struct capture_what *what, struct err *e)
{
	size_t n = what->bytes.len < CAPTURE_BODY_MAX ? what->bytes.len
						      : CAPTURE_BODY_MAX;
	AUTO_FREE char *folder = capture_folder(c, &what->who, n, e);
	AUTO_FREE char *text = NULL, *path = NULL;
	struct mask mask = { .n = 0 };

	if (folder == NULL)
		return -1;
	text = xstrndup(what->bytes.p, n);
	mask_add(&mask, what->key);
	(void)mask_text(&mask, text, n);
	path = xasprintf("%s/%013" PRId64 "-%" PRIu64 "-%s", folder, what->at,
	    what->exchange, what->part);
	return capture_write(path, text, n, e);
}

void
capture_add(struct capture *c, const struct capture_what *what)
{
	struct err e = ERR_INIT;

	if (what->bytes.len == 0)
		return;
	if (capture_try(c, what, &e) == 0) {
		c->failed = false;
	} else if (!c->failed) {
		c->failed = true;
		log_warn("gateway capture err=%s", log_val(e.msg));
	}
}
