#include "server/web/gzip.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

/* zlib then takes const input. */
#define ZLIB_CONST
#include <sodium.h>
#include <zlib.h>

#include "lib/base/str.h"
#include "lib/httpd/httpd.h"

enum {
	GZIP_WINDOW = 15, /* zlib: 32 KiB */
	GZIP_MEMORY = 8,
	GZIP_HEAD = 16, /* more than the window: with the head of gzip */
	/* Of what has no more than that the memory's making is most of it. */
	GZIP_LITTLE = 16 << 10,
	GZIP_LITTLE_WINDOW = 14,
	GZIP_LITTLE_MEMORY = 5,
	GZIP_OS = 255 /* unknown */
};

/* One of "gzip;q=0.8, br": gzip, and not with q=0 (RFC 9110, section 12.4.2).
 */
static bool
gzip_is(struct view part)
{
	struct view name, word;

	(void)view_split(&part, ';', &name);
	name = view_trim(name);
	if (name.len != 4 || strncasecmp(name.p, "gzip", 4) != 0)
		return false;
	while (part.len > 0 && view_split(&part, ';', &word)) {
		word = view_trim(word);
		if (word.len < 2 || strncasecmp(word.p, "q=", 2) != 0)
			continue;
		for (size_t i = 2; i < word.len; i++)
			if (word.p[i] >= '1' && word.p[i] <= '9')
				return true;
		return false;
	}
	return true;
}

bool
gzip_is_in(const char *accept)
{
	struct view rest = view_of(accept), part;

	while (rest.len > 0 && view_split(&rest, ',', &part))
		if (gzip_is(part))
			return true;
	return false;
}

bool
gzip_taken(const struct request *q)
{
	return q != NULL && gzip_is_in(request_header_in(q, "Accept-Encoding"));
}

/* The name of the file, which nobody asks for (RFC 1952, section 2.3.1). */
static void
gzip_pad(z_stream *z, gz_header *head, Bytef name[GZIP_PAD_MAX + 1], unsigned n)
{
	if (n == 0 || n > GZIP_PAD_MAX)
		return;
	n = randombytes_uniform(n + 1);
	memset(name, 'x', n);
	name[n] = '\0';
	head->name = name;
	(void)deflateSetHeader(z, head);
}

static bool
gzip_begin(z_stream *z, size_t n, enum gzip_level level)
{
	const bool little = n <= GZIP_LITTLE;

	return n <= INT_MAX &&
	    deflateInit2(z, (int)level, Z_DEFLATED,
		GZIP_HEAD + (little ? GZIP_LITTLE_WINDOW : GZIP_WINDOW),
		little ? GZIP_LITTLE_MEMORY : GZIP_MEMORY,
		Z_DEFAULT_STRATEGY) == Z_OK;
}

void
gzip_put(struct view in, enum gzip_level level, unsigned pad, struct str *out)
{
	AUTO_STR struct str all = STR_INIT;
	z_stream z = { .avail_in = (uInt)in.len };
	gz_header head = { .os = GZIP_OS };
	Bytef name[GZIP_PAD_MAX + 1];
	uLong most;

	if (!gzip_begin(&z, in.len, level))
		return;
	gzip_pad(&z, &head, name, pad);
	most = deflateBound(&z, in.len);
	z.next_in = (const Bytef *)in.p;
	z.next_out = (Bytef *)str_room(&all, most);
	z.avail_out = (uInt)most;
	if (z.next_out != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END &&
	    z.total_out < in.len)
		str_addn(out, all.p, z.total_out);
	(void)deflateEnd(&z);
}
