#include "lib/net/tarball.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/view.h"
#include "lib/net/sha256.h"

enum {
	TARBALL_BLOCK = 512,
	TARBALL_CHUNK = 64 << 10,
	TARBALL_SIZE_AT = 124,
	TARBALL_SIZE_LEN = 12,
	TARBALL_SUM_AT = 148,
	TARBALL_SUM_LEN = 8,
	TARBALL_TYPE_AT = 156,
	TARBALL_MAGIC_AT = 257
};

#define TARBALL_OCTAL_MAX ((1ULL << 33) - 1)
#define TARBALL_SIZE_MAX (1ULL << 60)

static const char tarball_magic[] = "ustar\00000";

bool
tarball_name_ok(const char *name)
{
	struct view rest = view_of(name), part;
	char one[TARBALL_NAME_MAX + 1];

	if (rest.len == 0 || rest.len > TARBALL_NAME_MAX ||
	    rest.p[rest.len - 1] == '/')
		return false;
	while (rest.len > 0 && view_split(&rest, '/', &part)) {
		if (part.len > 0)
			memcpy(one, part.p, part.len);
		one[part.len] = '\0';
		if (!path_component_ok(one))
			return false;
	}
	return true;
}

void
tarball_init(struct tarball *t, int fd)
{
	*t = (struct tarball){ .fd = fd,
		.sums = STR_INIT_MAX(TARBALL_SUMS_MAX) };
}

void
tarball_release(struct tarball *t)
{
	str_release(&t->sums);
}

static int
tarball_write(int fd, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1)
			return err_sys(e, ERR_IO, "write the archive");
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* How many bytes came, less than n at the end. */
static ssize_t
tarball_fill(int fd, char *p, size_t n, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, p + have, n - have);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return err_sys(e, ERR_IO, "read");
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

static unsigned
tarball_checksum(const char head[TARBALL_BLOCK])
{
	unsigned sum = TARBALL_SUM_LEN * ' ';

	for (size_t i = 0; i < TARBALL_BLOCK; i++)
		if (i < TARBALL_SUM_AT || i >= TARBALL_SUM_AT + TARBALL_SUM_LEN)
			sum += (unsigned char)head[i];
	return sum;
}

/* Octal, or where that is too short big-endian behind a set first bit. */
static void
tarball_put_size(char *at, uint64_t size)
{
	if (size <= TARBALL_OCTAL_MAX) {
		(void)snprintf(
		    at, TARBALL_SIZE_LEN, "%011llo", (unsigned long long)size);
		return;
	}
	memset(at, 0, TARBALL_SIZE_LEN);
	at[0] = (char)0x80;
	for (size_t i = TARBALL_SIZE_LEN; size > 0; size >>= 8)
		at[--i] = (char)(size & 0xff);
}

static int
tarball_get_size(const char *at, uint64_t *size)
{
	uint64_t n = 0;

	if ((unsigned char)at[0] == 0x80) {
		for (size_t i = TARBALL_SIZE_LEN - 8; i < TARBALL_SIZE_LEN; i++)
			n = n << 8 | (unsigned char)at[i];
	} else {
		for (size_t i = 0; i < TARBALL_SIZE_LEN - 1; i++) {
			if (at[i] < '0' || at[i] > '7')
				return -1;
			n = n << 3 | (uint64_t)(at[i] - '0');
		}
	}
	*size = n;
	return n > TARBALL_SIZE_MAX ? -1 : 0;
}

static int
tarball_head(struct tarball *t, const char *name, uint64_t size, struct err *e)
{
	char head[TARBALL_BLOCK] = { 0 };

	if (!tarball_name_ok(name))
		return err_set(
		    e, ERR_INVALID, "%.120s: no name for an archive", name);
	memcpy(head, name, strlen(name));
	memcpy(head + 100, "0000600", 8);
	memcpy(head + 108, "0000000", 8);
	memcpy(head + 116, "0000000", 8);
	tarball_put_size(head + TARBALL_SIZE_AT, size);
	memcpy(head + 136, "00000000000", 12);
	head[TARBALL_TYPE_AT] = '0';
	memcpy(head + TARBALL_MAGIC_AT, tarball_magic, 8);
	(void)snprintf(head + TARBALL_SUM_AT, TARBALL_SUM_LEN, "%06o",
	    tarball_checksum(head));
	head[TARBALL_SUM_AT + TARBALL_SUM_LEN - 1] = ' ';
	return tarball_write(t->fd, head, sizeof(head), e);
}

static size_t
tarball_padding(uint64_t size)
{
	return (size_t)((TARBALL_BLOCK - size % TARBALL_BLOCK) % TARBALL_BLOCK);
}

static int
tarball_pad(struct tarball *t, uint64_t size, struct err *e)
{
	static const char zeros[TARBALL_BLOCK];

	return tarball_write(t->fd, zeros, tarball_padding(size), e);
}

/* Its sum becomes a line; frees h. */
static int
tarball_sum(struct tarball *t, const char *name, uint64_t size,
    struct sha256 *h, struct err *e)
{
	char sha[SHA256_HEX];

	sha256_end(h, sha);
	str_addf(&t->sums, "%s  %s\n", sha, name);
	t->files++;
	t->bytes += size;
	return str_ok(&t->sums)
	    ? 0
	    : err_set(e, ERR_LIMIT, "too many files for one archive");
}

int
tarball_add(
    struct tarball *t, const char *name, struct view bytes, struct err *e)
{
	struct sha256 *h = sha256_new();

	if (tarball_head(t, name, bytes.len, e) == -1 ||
	    tarball_write(t->fd, bytes.p, bytes.len, e) == -1 ||
	    tarball_pad(t, bytes.len, e) == -1) {
		sha256_free(h);
		return -1;
	}
	sha256_add(h, bytes);
	return tarball_sum(t, name, bytes.len, h, e);
}

/* From `from` to `to`, either of which may be nowhere but one. */
static int
tarball_copy(int from, int to, uint64_t size, struct sha256 *h, struct err *e)
{
	char chunk[TARBALL_CHUNK / 8];

	while (size > 0) {
		size_t want = size < sizeof(chunk) ? (size_t)size
						   : sizeof(chunk);
		ssize_t n = tarball_fill(from, chunk, want, e);

		if (n == -1)
			return -1;
		if ((size_t)n < want)
			return err_set(e, ERR_NOTFOUND, "it is cut off");
		sha256_add(h, (struct view){ chunk, want });
		if (tarball_write(to, chunk, want, e) == -1)
			return -1;
		size -= want;
	}
	return 0;
}

int
tarball_add_fd(
    struct tarball *t, const char *name, int fd, uint64_t size, struct err *e)
{
	struct sha256 *h = sha256_new();

	if (tarball_head(t, name, size, e) == -1 ||
	    tarball_copy(fd, t->fd, size, h, e) == -1 ||
	    tarball_pad(t, size, e) == -1) {
		sha256_free(h);
		return err_wrap(e, "%s", name);
	}
	return tarball_sum(t, name, size, h, e);
}

int
tarball_end(struct tarball *t, struct err *e)
{
	static const char zeros[2 * TARBALL_BLOCK];

	if (tarball_head(t, TARBALL_SUMS, t->sums.len, e) == -1 ||
	    tarball_write(t->fd, str_cstr(&t->sums), t->sums.len, e) == -1 ||
	    tarball_pad(t, t->sums.len, e) == -1)
		return -1;
	return tarball_write(t->fd, zeros, sizeof(zeros), e);
}

static int
tarball_cut(struct err *e)
{
	return err_set(e, ERR_INVALID, "the archive is cut off or changed");
}

static int
tarball_skip_pad(struct tarball *t, uint64_t size, struct err *e)
{
	char pad[TARBALL_BLOCK];
	size_t want = tarball_padding(size);
	ssize_t n = tarball_fill(t->fd, pad, want, e);

	if (n == -1)
		return -1;
	return (size_t)n == want ? 0 : tarball_cut(e);
}

/* The last file: what was read must be what it names. */
static int
tarball_check(struct tarball *t, uint64_t size, struct err *e)
{
	AUTO_STR struct str sums = STR_INIT_MAX(TARBALL_SUMS_MAX);
	char *at;
	ssize_t n;

	if (size != t->sums.len)
		return tarball_cut(e);
	if (size > 0) {
		at = str_room(&sums, (size_t)size);
		n = at == NULL ? 0 : tarball_fill(t->fd, at, (size_t)size, e);
		if (n == -1)
			return -1;
		if ((uint64_t)n != size ||
		    memcmp(at, str_cstr(&t->sums), (size_t)size) != 0)
			return tarball_cut(e);
	}
	return 0;
}

int
tarball_next(struct tarball *t, struct tarball_file *out, struct err *e)
{
	char head[TARBALL_BLOCK];
	ssize_t n = tarball_fill(t->fd, head, sizeof(head), e);
	char sum[TARBALL_SUM_LEN];

	if (n == -1)
		return -1;
	if (n < (ssize_t)sizeof(head))
		return tarball_cut(e);
	(void)snprintf(sum, sizeof(sum), "%06o", tarball_checksum(head));
	if (memcmp(head + TARBALL_SUM_AT, sum, 6) != 0 ||
	    head[TARBALL_NAME_MAX] != '\0' || head[TARBALL_TYPE_AT] != '0' ||
	    memcmp(head + TARBALL_MAGIC_AT, tarball_magic, 5) != 0)
		return tarball_cut(e);
	memcpy(out->name, head, sizeof(out->name));
	if (tarball_get_size(head + TARBALL_SIZE_AT, &out->size) == -1 ||
	    !tarball_name_ok(out->name))
		return tarball_cut(e);
	if (strcmp(out->name, TARBALL_SUMS) != 0)
		return 1;
	return tarball_check(t, out->size, e);
}

int
tarball_read(struct tarball *t, const struct tarball_file *f, size_t max,
    struct str *out, struct err *e)
{
	struct sha256 *h;
	char *at = NULL;
	ssize_t n = 0;

	if (f->size > max)
		return err_set(e, ERR_LIMIT, "%s: too large", f->name);
	if (f->size > 0) {
		at = str_room(out, (size_t)f->size);
		if (at == NULL)
			return err_set(e, ERR_LIMIT, "%s: too large", f->name);
		n = tarball_fill(t->fd, at, (size_t)f->size, e);
	}
	if (n == -1)
		return -1;
	if ((uint64_t)n != f->size)
		return tarball_cut(e);
	h = sha256_new();
	sha256_add(h, str_view(out));
	if (tarball_sum(t, f->name, f->size, h, e) == -1)
		return -1;
	return tarball_skip_pad(t, f->size, e);
}

int
tarball_read_to(
    struct tarball *t, const struct tarball_file *f, int fd, struct err *e)
{
	struct sha256 *h = sha256_new();

	if (tarball_copy(t->fd, fd, f->size, h, e) == -1) {
		sha256_free(h);
		return e->code == ERR_NOTFOUND ? tarball_cut(e)
					       : err_wrap(e, "%s", f->name);
	}
	if (tarball_sum(t, f->name, f->size, h, e) == -1)
		return -1;
	return tarball_skip_pad(t, f->size, e);
}
