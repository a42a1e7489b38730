/* hook: the pages of webhooks, of a project and one's own, which their forms
 * come back to. */
#ifndef SERVER_WEB_HOOK_H
#define SERVER_WEB_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "server/http/call.h"

#define HOOK_AT "hooks"
#define HOOK_OWN "/-/account/hooks"

/* The n-th number behind "hooks/" in the address. */
static inline int64_t
hook_arg(const struct call *c, bool own, unsigned n)
{
	return call_arg_id(c, own ? n : n + 2);
}

void hook_list_get(struct call *c);
void hook_get(struct call *c); /* of one */
void hook_own_list_get(struct call *c);
void hook_own_get(struct call *c);

#endif
