/*
 * watch: readiness of one descriptor, level-triggered.  Does not own the fd.
 * A regular file or /dev/null is always ready, so that standard input and
 * output can be watched whatever they are.
 */
#ifndef LIB_IO_WATCH_H
#define LIB_IO_WATCH_H

#include "lib/io/loop.h"

struct watch;

enum {
	WATCH_READ = 1,
	WATCH_WRITE = 2
};

typedef void watch_fn(int fd, int what, void *arg);

/* Starts with no interest.  fn may change the interest or free the watch. */
struct watch *watch_new(struct loop *l, int fd, watch_fn *fn, void *arg)
    __attribute__((returns_nonnull));
void watch_set(struct watch *w, int what); /* WATCH_* bits, 0 for none */
void watch_free(struct watch *w);          /* NULL is fine */

#endif
