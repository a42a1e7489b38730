/*
 * unpack: roots that were put into HOME/images as NAME.tar become folders
 * HOME/images/NAME, when agentd starts.  What fails is logged, left out and
 * tried again at the next start.
 */
#ifndef AGENTD_SANDBOX_UNPACK_H
#define AGENTD_SANDBOX_UNPACK_H

#include "agentd/sandbox/host.h"

/* done never has an error. */
void unpack_images(
    const struct sandbox_host *h, sandbox_done_fn *done, void *arg);

#endif
