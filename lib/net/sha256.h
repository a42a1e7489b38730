/* sha256: digests as text, lower case hex. */
#ifndef LIB_NET_SHA256_H
#define LIB_NET_SHA256_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	SHA256_HEX = 65 /* and a NUL */
};

void sha256_hex(struct view v, char out[SHA256_HEX]);
bool sha256_is_hex(const char *s);

#endif
