/* rnd: random bytes from getrandom(2); never fails, never repeats. */
#ifndef LIB_BASE_RND_H
#define LIB_BASE_RND_H

#include <stddef.h>
#include <stdint.h>

void rnd_bytes(void *p, size_t n);
/* Writes 2*n hex digits and a NUL. */
void rnd_hex(char *out, size_t n);
/* Uniform in [0, below); below > 0. */
uint64_t rnd_below(uint64_t below);

#endif
