/*
 * loop_priv: what lib/io shares of the loop.  A hook is called at every
 * SIGCHLD, and once when the loop is freed while it is still linked.  Hooks
 * may remove themselves, nothing else, from inside on_sigchld.
 */
#ifndef LIB_IO_LOOP_PRIV_H
#define LIB_IO_LOOP_PRIV_H

#include "lib/base/list.h"
#include "lib/io/loop.h"

struct loop_hook {
	LIST_ENTRY(loop_hook) entry;
	loop_fn *on_sigchld;
	loop_fn *on_loop_free;
	void *arg;
};

/* One signal event for all children of the loop, made by the first of them. */
int loop_hook_add(struct loop *l, struct loop_hook *h, struct err *e);
void loop_hook_del(struct loop_hook *h);

#endif
