/* A gzip request body; the first byte says how it is cut. */
#include <stdint.h>

#include "lib/base/err.h"
#include "server/githttp/gunzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[GUNZIP_OUT];
	struct gunzip *z;
	size_t at = 1, cut;

	if (size == 0)
		return 0;
	cut = (size_t)data[0] + 1;
	z = gunzip_new(1 << 20);
	while (at < size) {
		struct err e = ERR_INIT;
		size_t n = size - at < cut ? size - at : cut;
		size_t m = sizeof(out);

		if (gunzip_step(z, data + at, &n, out, &m, &e) == -1)
			break;
		if (n == 0 && m == 0)
			break;
		at += n;
	}
	gunzip_free(z);
	return 0;
}
