#include "packs/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "packs/counts.h"
#include "packs/entry.h"
#include "packs/follow.h"
#include "packs/produce.h"
#include "packs/request.h"
#include "packs/seen.h"

enum {
	SERVE_TRIES = 4,
	SERVE_SHARE = 2,   /* one pack has at most this part of the cache */
	SERVE_FAILED = 128 /* as git does */
};

/* The project's folder, made at its first pack. */
static int
serve_open_dir(struct err *e)
{
	static const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *path = getenv("COFFER_PACKS");
	int fd;

	if (path == NULL || path[0] != '/')
		return err_set(e, ERR_INVALID, "COFFER_PACKS is not set");
	fd = open(path, how);
	if (fd == -1 && errno == ENOENT &&
	    (mkdir(path, 0700) == 0 || errno == EEXIST))
		fd = open(path, how);
	if (fd == -1)
		return err_sys(e, ERR_IO, "the folder of kept packs");
	return fd;
}

static uint64_t
serve_max(void)
{
	const char *text = getenv("COFFER_PACKS_MAX");
	struct err e = ERR_INIT;
	uint64_t max;

	if (text == NULL || num_u64(text, 0, UINT64_MAX, &max, &e) == -1)
		return 0;
	return max;
}

static enum follow_end
serve_once(
    int dir, const char *key, struct request *r, uint64_t max, struct err *e)
{
	enum follow_end end = FOLLOW_RETRY;
	struct entry en;
	enum counts_kind kind = COUNTS_JOINED;

	if (entry_open(dir, key, &en, e) == -1) {
		e->code = ERR_LIMIT;
		return FOLLOW_RETRY;
	}
	if (en.role == ENTRY_LEAD) {
		kind = COUNTS_COMPUTED;
		if (produce_room(dir,
			max > UINT64_MAX / SERVE_SHARE ? UINT64_MAX
						       : max * SERVE_SHARE,
			e) == -1 ||
		    produce_start(&en, r, max, e) == -1) {
			entry_unlink(dir, key, en.pfd);
			e->code = ERR_LIMIT;
			goto done;
		}
	} else if (en.role == ENTRY_HIT) {
		kind = COUNTS_HIT;
	}
	counts_add(dir, kind);
	end = follow_entry(&en, r->progress, e);
	if (end == FOLLOW_FAILED && kind != COUNTS_COMPUTED)
		counts_add(dir, COUNTS_FAILED);
done:
	entry_close(&en);
	return end;
}

/* A clone of all of a large repository: with its bitmap git takes most of the
 * pack as it is on the disk, and a copy costs more than half of making it. */
static bool
serve_is_cheap(const struct request *r)
{
	return !r->shallow && !r->filter && request_from_nothing(r) &&
	    produce_is_copy();
}

/* Past the cache; comes back on failure only. */
static int
serve_plain(struct request *r, int dir)
{
	struct err e = ERR_INIT;

	if (dir != -1)
		counts_add(dir, COUNTS_PLAIN);
	if (request_rewind(r, &e) == 0)
		(void)request_exec(r, &e);
	(void)fprintf(stderr, "fatal: cofferd: %s\n", e.msg);
	return SERVE_FAILED;
}

static int
serve_request(struct request *r)
{
	char key[ENTRY_KEY_HEX + 1];
	struct request_place place;
	struct err e = ERR_INIT;
	AUTO_CLOSE int dir = serve_open_dir(&e);

	if (dir == -1 || !r->shared || request_here(&place, &e) == -1)
		return serve_plain(r, dir);
	request_key(r, &place, key);
	if (faccessat(dir, key, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
	    serve_is_cheap(r) && !seen_mark(dir, key))
		return serve_plain(r, dir);
	for (int i = 0; i < SERVE_TRIES && e.code != ERR_LIMIT; i++) {
		enum follow_end end;

		e = ERR_INIT;
		end = serve_once(dir, key, r, serve_max(), &e);
		if (end == FOLLOW_DONE)
			return 0;
		if (end == FOLLOW_FAILED) {
			(void)fprintf(stderr, "fatal: cofferd: %s\n", e.msg);
			return SERVE_FAILED;
		}
	}
	return serve_plain(r, dir);
}

int
serve_main(char **argv)
{
	struct request r;
	struct err e = ERR_INIT;
	int rc;

	(void)signal(SIGPIPE, SIG_DFL);
	if (request_read(argv, &r, &e) == -1) {
		(void)fprintf(stderr, "fatal: cofferd: %s\n", e.msg);
		rc = SERVE_FAILED;
	} else {
		rc = serve_request(&r);
	}
	request_release(&r);
	return rc;
}
