/*
 * hook_payload: what webhooks are told of an event, in Gitea's payloads; rows
 * in them have the shapes of the API.  An item is shown as it is when the
 * payload is made, right after the event's transaction.
 */
#ifndef SERVER_API_HOOK_PAYLOAD_H
#define SERVER_API_HOOK_PAYLOAD_H

#include "server/service/svc_hook.h"

hook_payload_fn hook_payload_make;

#endif
