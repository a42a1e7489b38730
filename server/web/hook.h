/* hook: the pages of a project's webhooks, which their forms come back to. */
#ifndef SERVER_WEB_HOOK_H
#define SERVER_WEB_HOOK_H

struct call;

#define HOOK_AT "hooks"

void hook_list_get(struct call *c);
void hook_get(struct call *c); /* of one */

#endif
