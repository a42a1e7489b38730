#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/net/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line that is taken is the one that its bytes are written as. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	unsigned char blob[SSHKEY_BLOB];
	struct sshkey k;
	struct err e = ERR_INIT;

	if (sshkey_read_line(text, blob) &&
	    strcspn(text, "\n\r") != strlen(text))
		abort();
	if (sshkey_parse(text, &k, &e) == 0 &&
	    (!sshkey_read_line(k.public_line, blob) ||
		memcmp(blob, k.blob, sizeof(blob)) != 0))
		abort();
	return 0;
}
