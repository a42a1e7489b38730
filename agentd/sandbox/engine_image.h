/*
 * engine_image: what a sandbox of an engine is made from, as an image's id.
 * No registry is asked, ever.  A spec without a root gets the skeleton of this
 * host's system (its folders, its links, a generated /etc; /usr is mounted).
 * A root HOME/images/NAME is imported into the engine when it is new there or
 * has changed.  HOME/run/engine/image-NAME remembers the id that it got: the
 * name that it has in the engine is for people.
 */
#ifndef AGENTD_SANDBOX_ENGINE_IMAGE_H
#define AGENTD_SANDBOX_ENGINE_IMAGE_H

#include "agentd/sandbox/host.h"

struct err;

/* The id; NULL when e is not; both are valid during the call only. */
typedef void engine_image_fn(const char *id, const struct err *e, void *arg);

/* root NULL: the host's system. */
void engine_image_get(const struct sandbox_host *h, const char *root,
    engine_image_fn *fn, void *arg);

#endif
