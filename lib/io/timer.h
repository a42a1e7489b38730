/* timer: one-shot, monotonic, re-armed by hand.  fn may re-arm or free it. */
#ifndef LIB_IO_TIMER_H
#define LIB_IO_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct timer;

struct timer *timer_new(struct loop *l, loop_fn *fn, void *arg)
    __attribute__((returns_nonnull));
void timer_set(struct timer *t, int64_t ms); /* replaces an earlier setting */
void timer_cancel(struct timer *t);
bool timer_pending(const struct timer *t);
void timer_free(struct timer *t); /* NULL is fine */

#endif
