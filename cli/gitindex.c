#include "cli/gitindex.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/net/sha256.h"

enum {
	GITINDEX_HEAD = 12,
	GITINDEX_SHA1 = 20,
	GITINDEX_SHA256 = 32,
	GITINDEX_STAT = 40, /* times, device, inode, mode, owner, size */
	GITINDEX_MODE_AT = 24,
	GITINDEX_EXTENDED = 0x4000,
	GITINDEX_DIR = 0040000
};

struct gitindex {
	struct view rest;
	size_t hash; /* bytes of one */
	uint32_t version;
	char path[GITINDEX_PATH_MAX + 1];
	size_t len; /* of path */
};

static uint32_t
gitindex_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 |
	    (uint32_t)u[2] << 8 | u[3];
}

static int
gitindex_bad(struct err *e)
{
	return err_set(e, ERR_PROTO, "it is cut off or damaged");
}

/* Components that mean something to git or the kernel are none. */
static bool
gitindex_path_ok(const char *path)
{
	struct view rest = view_of(path), part;

	if (path[0] == '\0')
		return false;
	while (view_split(&rest, '/', &part))
		if (part.len == 0 || view_eq(part, view_of(".")) ||
		    view_eq(part, view_of("..")) ||
		    (part.len == 4 && strncasecmp(part.p, ".git", 4) == 0))
			return false;
	return path[strlen(path) - 1] != '/';
}

/* Version 4: how many bytes of the last path go (an OFS_DELTA number). */
static int
gitindex_strip(struct gitindex *x, struct err *e)
{
	uint64_t n = 0;
	unsigned char c;

	do {
		if (x->rest.len == 0 || n > GITINDEX_PATH_MAX)
			return gitindex_bad(e);
		c = (unsigned char)x->rest.p[0];
		x->rest = view_from(x->rest, 1);
		n = (n << 7) + (c & 0x7f);
		if ((c & 0x80) != 0)
			n++;
	} while ((c & 0x80) != 0);
	if (n > x->len)
		return gitindex_bad(e);
	x->len -= (size_t)n;
	return 0;
}

/* The name up to its NUL; used: bytes of the entry before it. */
static int
gitindex_name(struct gitindex *x, size_t used, struct err *e)
{
	const char *end;
	size_t n, whole;

	if (x->version < 4)
		x->len = 0;
	else if (gitindex_strip(x, e) == -1)
		return -1;
	end = x->rest.len == 0 ? NULL : memchr(x->rest.p, '\0', x->rest.len);
	if (end == NULL)
		return gitindex_bad(e);
	n = (size_t)(end - x->rest.p);
	if (n > GITINDEX_PATH_MAX - x->len)
		return err_set(e, ERR_LIMIT, "a path is over %d bytes",
		    (int)GITINDEX_PATH_MAX);
	memcpy(x->path + x->len, x->rest.p, n);
	x->len += n;
	x->path[x->len] = '\0';
	/* Padded to a multiple of eight with one NUL at least. */
	whole = x->version < 4 ? (used + n + 8) / 8 * 8 - used : n + 1;
	if (whole > x->rest.len)
		return gitindex_bad(e);
	x->rest = view_from(x->rest, whole);
	return 0;
}

static int
gitindex_entry(struct gitindex *x, uint32_t *mode, struct err *e)
{
	size_t used = GITINDEX_STAT + x->hash + 2;
	unsigned flags;

	if (x->rest.len < used + 2)
		return gitindex_bad(e);
	*mode = gitindex_u32(x->rest.p + GITINDEX_MODE_AT);
	flags = (unsigned)(unsigned char)x->rest.p[used - 2] << 8 |
	    (unsigned char)x->rest.p[used - 1];
	if (x->version >= 3 && (flags & GITINDEX_EXTENDED) != 0)
		used += 2;
	x->rest = view_from(x->rest, used);
	if (gitindex_name(x, used, e) == -1)
		return -1;
	if (*mode == GITINDEX_DIR)
		return err_set(
		    e, ERR_DENIED, "it is sparse: it does not name all");
	if (!gitindex_path_ok(x->path))
		return err_set(e, ERR_PROTO, "it names what no path is");
	return 0;
}

/* An extension whose letters are small changes what the entries mean. */
static int
gitindex_more(struct view rest, size_t hash, struct err *e)
{
	while (rest.len > hash) {
		uint32_t n;

		if (rest.len < 8 + hash)
			return gitindex_bad(e);
		n = gitindex_u32(rest.p + 4);
		if (rest.p[0] < 'A' || rest.p[0] > 'Z')
			return err_set(e, ERR_DENIED,
			    "it is split or sparse: it does not name all");
		if (n > rest.len - 8 - hash)
			return gitindex_bad(e);
		rest = view_from(rest, 8 + (size_t)n);
	}
	return rest.len == hash ? 0 : gitindex_bad(e);
}

/* Its repository's: it ends with one of all before. */
static size_t
gitindex_hash(struct view bytes)
{
	char want[SHA256_HEX], have[2 * GITINDEX_SHA256 + 1];
	size_t n;

	if (bytes.len < GITINDEX_HEAD + GITINDEX_SHA256)
		return GITINDEX_SHA1;
	n = bytes.len - GITINDEX_SHA256;
	sha256_hex((struct view){ .p = bytes.p, .len = n }, want);
	for (size_t i = 0; i < GITINDEX_SHA256; i++)
		(void)snprintf(have + 2 * i, 3, "%02x",
		    (unsigned)(unsigned char)bytes.p[n + i]);
	return strcmp(want, have) == 0 ? GITINDEX_SHA256 : GITINDEX_SHA1;
}

int
gitindex_walk(struct view bytes, gitindex_fn *fn, void *arg, struct err *e)
{
	struct gitindex x = { .hash = gitindex_hash(bytes) };
	uint32_t n, mode = 0;

	if (bytes.len < GITINDEX_HEAD + x.hash ||
	    memcmp(bytes.p, "DIRC", 4) != 0)
		return err_set(e, ERR_PROTO, "it is no index");
	x.version = gitindex_u32(bytes.p + 4);
	n = gitindex_u32(bytes.p + 8);
	if (x.version < 2 || x.version > 4)
		return err_set(
		    e, ERR_DENIED, "its version is %u", (unsigned)x.version);
	if (n > GITINDEX_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "it names over %d paths",
		    (int)GITINDEX_ENTRIES_MAX);
	x.rest = view_from(bytes, GITINDEX_HEAD);
	for (uint32_t i = 0; i < n; i++)
		if (gitindex_entry(&x, &mode, e) == -1 ||
		    fn(x.path, mode, arg, e) == -1)
			return -1;
	return gitindex_more(x.rest, x.hash, e);
}
