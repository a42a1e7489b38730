/*
 * gunzip: a gzip request body inflated as it comes, with a cap on the size and
 * on the ratio, so that a small request cannot become a huge one.
 */
#ifndef SERVER_GITHTTP_GUNZIP_H
#define SERVER_GITHTTP_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct gunzip;

enum {
	GUNZIP_RATIO_MAX = 200, /* checked beyond 1 MiB of output */
	GUNZIP_OUT = 32 << 10
};

struct gunzip *gunzip_new(uint64_t max_bytes);
void gunzip_free(struct gunzip *g); /* NULL is fine */

/*
 * Inflates from in[*n] into out[*m]: *n becomes the bytes taken, *m those
 * made.  ERR_LIMIT over the caps, ERR_PROTO not gzip or bytes after its end.
 */
int gunzip_step(struct gunzip *g, const void *in, size_t *n, void *out,
    size_t *m, struct err *e);
bool gunzip_ended(const struct gunzip *g); /* the trailer was right */

#endif
