/*
 * use_net: bytes that went over projects' links since these were made, as the
 * router's end counts them: what a sandbox has in its own namespace could be
 * another's word.
 */
#ifndef AGENTD_WATCH_USE_NET_H
#define AGENTD_WATCH_USE_NET_H

#include <stdint.h>

#include "lib/base/view.h"

struct sandbox_host;
struct str;

/* net/dev of the router's namespace; empty when there is none. */
void use_net_read(const struct sandbox_host *h, struct str *out);
/* What came in at the router's end is sent.  Both -1 when it is not there. */
void use_net_find(
    struct view text, const char *link, int64_t *sent, int64_t *received);

#endif
