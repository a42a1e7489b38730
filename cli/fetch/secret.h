/*
 * secret: keys and tokens by their shape.  Pure.  The match itself is never
 * returned: a message with it would be a leak of its own.
 */
#ifndef CLI_FETCH_SECRET_H
#define CLI_FETCH_SECRET_H

#include <stdbool.h>

#include "lib/base/view.h"

/* The kind ("GitHub token"), or NULL.  *private_key for PEM keys. */
const char *secret_find(struct view line, bool *private_key);

#endif
