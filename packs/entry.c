#include "packs/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "packs/crc.h"

enum {
	ENTRY_TRIES = 8,
	ENTRY_STEP = 128 << 10
};

/* Behind any pack. */
static const off_t entry_lock_producer = INT64_MAX - 2;
static const off_t entry_lock_follower = INT64_MAX - 1;

static struct flock
entry_lock(short type, off_t at)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1
	};
}

/* Would the lock be granted?  Not when the question cannot be asked. */
static bool
entry_free(int fd, off_t at)
{
	struct flock l = entry_lock(F_WRLCK, at);

	return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type == F_UNLCK;
}

bool
entry_produced(int fd)
{
	return !entry_free(fd, entry_lock_producer);
}

bool
entry_followed(int pfd)
{
	return !entry_free(pfd, entry_lock_follower);
}

static bool
entry_is_named(int dir, const char *key, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	    fstatat(dir, key, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void
entry_unlink(int dir, const char *key, int pfd)
{
	if (entry_is_named(dir, key, pfd))
		(void)unlinkat(dir, key, 0);
}

/* The same file opened anew, with the producer's lock, or -1. */
static int
entry_seize(int fd)
{
	struct flock l = entry_lock(F_WRLCK, entry_lock_producer);
	char path[40];
	int pfd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	pfd = open(path, O_RDWR | O_CLOEXEC);
	if (pfd == -1)
		return -1;
	if (fcntl(pfd, F_OFD_SETLK, &l) == 0)
		return pfd;
	(void)close(pfd);
	return -1;
}

void
entry_discard(struct entry *en)
{
	int pfd = entry_seize(en->fd);

	if (pfd == -1)
		return;
	entry_unlink(en->dir, en->key, pfd);
	(void)close(pfd);
}

int
entry_sum(int fd, uint64_t *at, uint64_t end, uint32_t *crc)
{
	static uint8_t buf[ENTRY_STEP];

	while (*at < end) {
		uint64_t left = end - *at;
		ssize_t n = pread(fd, buf,
		    left < sizeof(buf) ? (size_t)left : sizeof(buf),
		    (off_t)(ENTRY_HEAD + *at));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		*crc = crc_add(*crc, buf, (size_t)n);
		*at += (uint64_t)n;
	}
	return 0;
}

/* Are the bytes what was written?  Asked again when the entry was not used for
 * a while; a use is its time of change. */
static bool
entry_sound(const struct entry *en, const struct stat *st)
{
	struct timespec now;
	uint64_t at = 0;
	uint32_t crc = 0;

	if (clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    st->st_mtim.tv_sec <= now.tv_sec &&
	    st->st_mtim.tv_sec + ENTRY_TRUST_S > now.tv_sec)
		return true;
	if (entry_sum(en->fd, &at, en->head.size, &crc) == -1 ||
	    crc != en->head.crc)
		return false;
	(void)futimens(en->fd, NULL);
	return true;
}

/* Whole, of this boot, as long as it says, and undamaged. */
static bool
entry_good(struct entry *en)
{
	struct entry_head *h = &en->head;
	struct err e = ERR_INIT;
	uint8_t tail[ENTRY_TAIL];
	struct stat st;

	if (entry_read_head(en->fd, h, &e) == -1 || h->state != ENTRY_WHOLE ||
	    strcmp(h->boot, en->boot) != 0 || h->size < ENTRY_PACK_MIN)
		return false;
	if (fstat(en->fd, &st) == -1 ||
	    (uint64_t)st.st_size != h->size + ENTRY_HEAD)
		return false;
	return pread(en->fd, tail, sizeof(tail),
		   st.st_size - (off_t)sizeof(tail)) == (ssize_t)sizeof(tail) &&
	    memcmp(tail, h->tail, sizeof(tail)) == 0 && entry_sound(en, &st);
}

static int
entry_begin(struct entry *en, struct err *e)
{
	static const uint8_t zero[ENTRY_HEAD];
	struct entry_head h = { .state = ENTRY_GROWS };

	/* All of the head now: a full disk must not hinder what is said later.
	 */
	if (pwrite(en->pfd, zero, sizeof(zero), 0) != (ssize_t)sizeof(zero))
		return err_sys(e, ERR_IO, "begin a kept pack");
	memcpy(h.boot, en->boot, sizeof(h.boot));
	return entry_write_head(en->pfd, &h, e);
}

enum entry_try {
	ENTRY_AGAIN,
	ENTRY_DONE,
	ENTRY_BROKEN
};

static enum entry_try
entry_try(struct entry *en, struct err *e)
{
	struct flock share = entry_lock(F_RDLCK, entry_lock_follower);
	struct stat st;

	en->fd = openat(en->dir, en->key,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (en->fd == -1 || fstat(en->fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		(void)err_sys(e, ERR_IO, "open a kept pack");
		return ENTRY_BROKEN;
	}
	en->role = ENTRY_HIT;
	if (entry_good(en))
		return ENTRY_DONE;
	if (fcntl(en->fd, F_OFD_SETLK, &share) == -1) {
		(void)err_sys(e, ERR_IO, "follow a kept pack");
		return ENTRY_BROKEN;
	}
	en->role = ENTRY_FOLLOW;
	en->pfd = entry_seize(en->fd);
	if (en->pfd == -1)
		return entry_is_named(en->dir, en->key, en->fd) ? ENTRY_DONE
								: ENTRY_AGAIN;
	if (!entry_is_named(en->dir, en->key, en->pfd))
		return ENTRY_AGAIN;
	en->role = ENTRY_HIT;
	if (entry_good(en)) {
		(void)close(en->pfd);
		en->pfd = -1;
		return ENTRY_DONE;
	}
	en->role = ENTRY_LEAD;
	if (fstat(en->pfd, &st) == 0 && st.st_size == 0) {
		if (entry_begin(en, e) == 0)
			return ENTRY_DONE;
		entry_unlink(en->dir, en->key, en->pfd);
		return ENTRY_BROKEN;
	}
	/* Left by a producer that is no more, or damaged. */
	entry_unlink(en->dir, en->key, en->pfd);
	return ENTRY_AGAIN;
}

int
entry_open(int dir, const char *key, struct entry *en, struct err *e)
{
	*en = (struct entry){ .dir = dir, .fd = -1, .pfd = -1 };
	(void)snprintf(en->key, sizeof(en->key), "%s", key);
	if (entry_boot(en->boot, e) == -1)
		return -1;
	for (int i = 0; i < ENTRY_TRIES; i++) {
		enum entry_try r = entry_try(en, e);

		if (r == ENTRY_DONE)
			return 0;
		entry_close(en);
		if (r == ENTRY_BROKEN)
			return -1;
	}
	return err_set(e, ERR_BUSY, "a kept pack changes all the time");
}

void
entry_close(struct entry *en)
{
	if (en->fd != -1)
		(void)close(en->fd);
	if (en->pfd != -1)
		(void)close(en->pfd);
	en->fd = en->pfd = -1;
}
