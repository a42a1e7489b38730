#include "packs/counts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"

enum {
	COUNTS_BYTES = COUNTS_MAX * 8
};

static const char *const counts_names[COUNTS_MAX] = { "hits", "joined",
	"computed", "plain", "failed", "abandoned" };

const char *
counts_name(enum counts_kind k)
{
	return counts_names[k];
}

void
counts_add(int dir, enum counts_kind k)
{
	AUTO_CLOSE int fd = openat(dir, "../counts",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	static const uint64_t zero[COUNTS_MAX];
	struct stat st;
	uint64_t *v;

	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	/* Written, not only made long: a hole on a full disk is SIGBUS. */
	if (st.st_size < COUNTS_BYTES &&
	    pwrite(fd, zero, COUNTS_BYTES, 0) != COUNTS_BYTES)
		return;
	v = mmap(NULL, COUNTS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (v == MAP_FAILED)
		return;
	(void)__atomic_fetch_add(&v[k], 1, __ATOMIC_RELAXED);
	(void)munmap(v, COUNTS_BYTES);
}

void
counts_read(int packs, uint64_t out[COUNTS_MAX])
{
	AUTO_CLOSE int fd = openat(
	    packs, "counts", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	memset(out, 0, COUNTS_BYTES);
	if (fd != -1 && pread(fd, out, COUNTS_BYTES, 0) != COUNTS_BYTES)
		memset(out, 0, COUNTS_BYTES);
}
