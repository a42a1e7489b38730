#include "server/githttp/gunzip.h"

#include <limits.h>
#include <stdlib.h>

/* zlib then takes const input. */
#define ZLIB_CONST
#include <zlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

enum {
	GUNZIP_WINDOW = 15 + 16, /* gzip header only */
	GUNZIP_FREE = 1 << 20
};

struct gunzip {
	z_stream z;
	uint64_t in, out, max;
	bool ended;
};

struct gunzip *
gunzip_new(uint64_t max_bytes)
{
	struct gunzip *g = xcalloc(1, sizeof(*g));

	g->max = max_bytes;
	if (inflateInit2(&g->z, GUNZIP_WINDOW) != Z_OK)
		die("zlib does not start");
	return g;
}

void
gunzip_free(struct gunzip *g)
{
	if (g == NULL)
		return;
	(void)inflateEnd(&g->z);
	free(g);
}

bool
gunzip_ended(const struct gunzip *g)
{
	return g->ended;
}

int
gunzip_step(struct gunzip *g, const void *in, size_t *n, void *out, size_t *m,
    struct err *e)
{
	size_t have = *n > UINT_MAX ? UINT_MAX : *n;
	size_t room = *m > UINT_MAX ? UINT_MAX : *m;
	int rc;

	if (g->ended) {
		*m = 0;
		if (*n > 0)
			return err_set(
			    e, ERR_PROTO, "bytes after the gzip body");
		return 0;
	}
	g->z.next_in = in;
	g->z.avail_in = (uInt)have;
	g->z.next_out = out;
	g->z.avail_out = (uInt)room;
	rc = inflate(&g->z, Z_NO_FLUSH);
	*n = have - g->z.avail_in;
	*m = room - g->z.avail_out;
	g->in += *n;
	g->out += *m;
	if (rc == Z_STREAM_END)
		g->ended = true;
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return err_set(e, ERR_PROTO, "the gzip body is broken");
	if (g->out > g->max ||
	    (g->out > GUNZIP_FREE && g->out / GUNZIP_RATIO_MAX > g->in))
		return err_set(e, ERR_LIMIT, "the gzip body grows too large");
	return 0;
}
