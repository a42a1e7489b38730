#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "router/nflog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		struct nflog_packet p;
		bool got;
		size_t n = nflog_parse(data + at, size - at, &p, &got);

		if (n > size - at ||
		    memchr(p.prefix, '\0', sizeof(p.prefix)) == NULL)
			abort();
		if (n == 0)
			break;
		at += n;
	}
	return 0;
}
