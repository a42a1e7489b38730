/* event_kind: every kind of event that docs/api.md names, and no other. */
#ifndef SERVER_DOMAIN_EVENT_KIND_H
#define SERVER_DOMAIN_EVENT_KIND_H

#include <stdbool.h>

bool event_kind_known(const char *kind);

#endif
