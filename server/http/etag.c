#include "server/http/etag.h"

#include <sodium.h>
#include <string.h>

_Static_assert(ETAG_KEY == crypto_shorthash_siphashx24_KEYBYTES, "key");

void
etag_of(const unsigned char key[ETAG_KEY], struct view body, char out[ETAG_MAX])
{
	unsigned char hash[crypto_shorthash_siphashx24_BYTES];
	char *end;

	(void)crypto_shorthash_siphashx24(
	    hash, (const unsigned char *)body.p, body.len, key);
	out[0] = '"';
	(void)sodium_bin2hex(out + 1, ETAG_MAX - 2, hash, sizeof(hash));
	end = out + strlen(out);
	end[0] = '"';
	end[1] = '\0';
}

bool
etag_known(const char *header, const char *etag)
{
	struct view rest, one;

	if (header == NULL)
		return false;
	rest = view_of(header);
	while (view_split(&rest, ',', &one)) {
		one = view_trim(one);
		if (view_is(one, "*"))
			return true;
		if (view_starts(one, "W/"))
			one = view_from(one, 2);
		if (view_is(one, etag))
			return true;
	}
	return false;
}
