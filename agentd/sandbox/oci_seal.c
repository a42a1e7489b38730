#include "agentd/sandbox/oci_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* since Linux 6.3 */
#endif

enum {
	OCI_SEAL_MAX = 64 << 20,
	/* These, and no others, are what runc takes for sealed. */
	OCI_SEAL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE
};

struct oci_seal {
	int fd;
	struct stat of; /* of the file that was copied; st_size 0: none */
};

struct oci_seal *
oci_seal_new(void)
{
	struct oci_seal *s = xcalloc(1, sizeof(*s));

	s->fd = -1;
	return s;
}

static bool
oci_seal_is_of(const struct oci_seal *s, const struct stat *st)
{
	return s->of.st_dev == st->st_dev && s->of.st_ino == st->st_ino &&
	    s->of.st_size == st->st_size &&
	    s->of.st_ctim.tv_sec == st->st_ctim.tv_sec &&
	    s->of.st_ctim.tv_nsec == st->st_ctim.tv_nsec;
}

static int
oci_seal_create(void)
{
	int fd = memfd_create(
	    "runc", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd == -1 && errno == EINVAL)
		fd = memfd_create("runc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int
oci_seal_copy(int from, off_t size)
{
	AUTO_CLOSE int fd = oci_seal_create();
	off_t at = 0;

	if (fd == -1)
		return -1;
	while (at < size) {
		ssize_t n = sendfile(fd, from, &at, (size_t)(size - at));

		if (n == 0 || (n == -1 && errno != EINTR))
			return -1;
	}
	if (fchmod(fd, 0755) == -1 ||
	    fcntl(fd, F_ADD_SEALS, OCI_SEAL_SEALS) == -1)
		return -1;
	return STEAL_FD(fd);
}

/* What cannot be copied is not tried again until the file is another. */
int
oci_seal_fd(struct oci_seal *s, const char *path)
{
	AUTO_CLOSE int from = -1;
	struct stat st;

	if (s == NULL || stat(path, &st) == -1)
		return -1;
	if (oci_seal_is_of(s, &st))
		return s->fd;
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from == -1 || fstat(from, &st) == -1)
		return -1;
	if (s->fd != -1)
		(void)close(s->fd);
	s->of = st;
	s->fd = !S_ISREG(st.st_mode) || st.st_size > OCI_SEAL_MAX
	    ? -1
	    : oci_seal_copy(from, st.st_size);
	if (s->fd == -1)
		log_warn("sandbox no-sealed-copy program=%s", log_val(path));
	return s->fd;
}

void
oci_seal_free(struct oci_seal *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		(void)close(s->fd);
	free(s);
}
