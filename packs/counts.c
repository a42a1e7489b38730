#include "packs/counts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"

enum {
	COUNTS_SIZE = COUNTS_MAX * 8
};

static const char *const counts_names[COUNTS_MAX] = { "hits", "joined",
	"computed", "plain", "failed", "abandoned" };

const char *
counts_name(enum counts_kind k)
{
	return counts_names[k];
}

/* All of them, to be unmapped; NULL when that fails. */
static uint64_t *
counts_map(int dir, const char *path)
{
	AUTO_CLOSE int fd = openat(dir, path,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	static const uint64_t zero[COUNTS_MAX];
	struct stat st;
	void *v;

	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	/* Written, not only made long: a hole on a full disk is SIGBUS. */
	if (st.st_size < COUNTS_SIZE &&
	    pwrite(fd, zero, COUNTS_SIZE, 0) != COUNTS_SIZE)
		return NULL;
	v = mmap(NULL, COUNTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* cppcheck-suppress memleak ; the caller unmaps it */
	return v == MAP_FAILED ? NULL : v;
}

static void
counts_more(int dir, enum counts_kind k, uint64_t n)
{
	uint64_t *v = counts_map(dir, "../counts");

	if (v == NULL)
		return;
	(void)__atomic_fetch_add(&v[k], n, __ATOMIC_RELAXED);
	(void)munmap(v, COUNTS_SIZE);
}

void
counts_add(int dir, enum counts_kind k)
{
	counts_more(dir, k, 1);
}

void
counts_add_bytes(int dir, uint64_t n)
{
	counts_more(dir, COUNTS_BYTES, n);
}

static void
counts_read_at(int dir, const char *path, uint64_t out[COUNTS_MAX])
{
	AUTO_CLOSE int fd = openat(
	    dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	memset(out, 0, COUNTS_SIZE);
	if (fd != -1 && pread(fd, out, COUNTS_SIZE, 0) != COUNTS_SIZE)
		memset(out, 0, COUNTS_SIZE);
}

uint64_t
counts_bytes(int dir)
{
	uint64_t v[COUNTS_MAX];

	counts_read_at(dir, "../counts", v);
	return v[COUNTS_BYTES];
}

void
counts_read(int packs, uint64_t out[COUNTS_MAX])
{
	counts_read_at(packs, "counts", out);
}

void
counts_set_bytes(int packs, uint64_t n)
{
	uint64_t *v = counts_map(packs, "counts");

	if (v == NULL)
		return;
	__atomic_store_n(&v[COUNTS_BYTES], n, __ATOMIC_RELAXED);
	(void)munmap(v, COUNTS_SIZE);
}
