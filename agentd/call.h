/*
 * call: one call to cofferd that is repeated, with backoff, until there is an
 * answer: cofferd being away, or busy, is none.  One at a time per object.
 */
#ifndef AGENTD_CALL_H
#define AGENTD_CALL_H

#include <stdbool.h>

#include "lib/io/loop.h"
#include "lib/net/apiclient.h"

struct call;
struct err;

/* No answer of cofferd's: asking again may help. */
bool call_is_transient(const struct err *e);

/* done as api_fn; comes once per call_start, from the loop. */
struct call *call_new(struct loop *l, struct apiclient *api, api_fn *done,
    void *arg) __attribute__((returns_nonnull));
/* Replaces what was going on.  body NULL: none. */
void call_start(
    struct call *c, const char *method, const char *path, const char *body);
bool call_busy(const struct call *c);
void call_free(struct call *c); /* NULL is fine; no callback */

#endif
