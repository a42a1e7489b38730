/*
 * shim_watch: one container as agentd sees it, by the files of its shim.
 * Starting and adopting give the same callbacks: on_output with every byte of
 * out.log from `from` on, in order, then on_exit exactly once, after the last
 * byte.  The watch frees itself after on_exit.  Closing a watch does not stop
 * the container.
 */
#ifndef AGENTD_SANDBOX_SHIM_WATCH_H
#define AGENTD_SANDBOX_SHIM_WATCH_H

#include "agentd/sandbox/shim.h"
#include "lib/base/view.h"

struct shim_watch;

struct shim_watch_spec {
	const char *dir; /* copied */
	uint64_t from;   /* offset in out.log already seen */
	/* At most 64 KiB a call; may be NULL. */
	void (*on_output)(struct view bytes, uint64_t offset, void *arg);
	/* Once, when the command runs; may be NULL, and may never come. */
	void (*on_running)(void *arg);
	void (*on_exit)(const struct shim_exit *x, void *arg);
	void *arg;
};

/*
 * Follow the shim of a folder whose shim was started at any time.  Neither a
 * live shim nor exit.json: on_exit comes with `lost`.  No folder at all is
 * ERR_NOTFOUND.
 */
struct shim_watch *shim_watch_open(
    struct loop *l, const struct shim_watch_spec *spec, struct err *e);
/* No more callbacks.  NULL is fine; not from after on_exit. */
void shim_watch_close(struct shim_watch *w);

/* Is a shim running for dir? */
bool shim_alive(const char *dir);
/* ERR_NOTFOUND when no shim runs there. */
int shim_send(const char *dir, enum shim_order order, struct err *e);

#endif
