/* sha256: digests as text, lower case hex. */
#ifndef LIB_NET_SHA256_H
#define LIB_NET_SHA256_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	SHA256_HEX = 65 /* and a NUL */
};

void sha256_hex(struct view v, char out[SHA256_HEX]);
/* The same of what comes in parts; _end frees it, _free(NULL) is fine. */
struct sha256;
struct sha256 *sha256_new(void) __attribute__((returns_nonnull));
void sha256_add(struct sha256 *h, struct view v);
void sha256_end(struct sha256 *h, char out[SHA256_HEX]);
void sha256_free(struct sha256 *h);
bool sha256_is_hex(const char *s);

#endif
