#include "server/web/gzip.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

/* zlib then takes const input. */
#define ZLIB_CONST
#include <zlib.h>

#include "lib/base/str.h"
#include "lib/httpd/httpd.h"

enum {
	GZIP_WINDOW = 15 + 16, /* zlib: 32 KiB, with the head of gzip */
	GZIP_MEMORY = 8
};

/* One of "gzip, br;q=0.5": gzip, and not with q=0. */
static bool
gzip_is(struct view part)
{
	struct view name;

	if (!view_split(&part, ';', &name) ||
	    strncasecmp(view_trim(name).p, "gzip", 4) != 0 ||
	    view_trim(name).len != 4)
		return false;
	part = view_trim(part);
	return part.len < 3 || strncasecmp(part.p, "q=0", 3) != 0 ||
	    strcspn(part.p + 3, "123456789,") < part.len - 3;
}

bool
gzip_taken(const struct request *q)
{
	struct view rest, part;

	if (q == NULL)
		return false;
	rest = view_of(request_header_in(q, "Accept-Encoding"));
	while (rest.len > 0 && view_split(&rest, ',', &part))
		if (gzip_is(part))
			return true;
	return false;
}

void
gzip_put(struct view in, enum gzip_level level, struct str *out)
{
	AUTO_STR struct str all = STR_INIT;
	z_stream z = { .avail_in = (uInt)in.len };
	uLong most;

	if (in.len > INT_MAX ||
	    deflateInit2(&z, (int)level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	most = deflateBound(&z, in.len);
	z.next_in = (const Bytef *)in.p;
	z.next_out = (Bytef *)str_room(&all, most);
	z.avail_out = (uInt)most;
	if (z.next_out != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END &&
	    z.total_out < in.len)
		str_addn(out, all.p, z.total_out);
	(void)deflateEnd(&z);
}
