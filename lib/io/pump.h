/*
 * pump: copies bytes between two descriptors in both directions with a bounded
 * buffer each way, half-closes travelling through.  Frees itself after on_done.
 */
#ifndef LIB_IO_PUMP_H
#define LIB_IO_PUMP_H

#include <stdint.h>

#include "lib/io/loop.h"

struct pump;

struct pump_end {
	uint64_t a_to_b; /* bytes */
	uint64_t b_to_a;
	const char *reason;
};

struct pump_spec {
	int a, b;          /* taken; sockets or pipes that can do both ways */
	const void *first; /* bytes for b before anything of a, may be NULL */
	size_t first_len;
	int64_t idle_ms; /* 0: none */
	void (*on_done)(const struct pump_end *end, void *arg);
	void *arg;
};

struct pump *pump_start(struct loop *l, const struct pump_spec *spec)
    __attribute__((returns_nonnull));
void pump_stop(struct pump *p, const char *reason); /* on_done still comes */

#endif
