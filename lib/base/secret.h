/*
 * secret: keys and tokens by their shape.  Pure.  The match itself is never
 * returned: a message with it would be a leak of its own.
 */
#ifndef LIB_BASE_SECRET_H
#define LIB_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

/* The kind ("GitHub token"), or NULL.  *private_key for PEM keys.  Examples
 * of their makers' documents, which open nothing, are passed over. */
const char *secret_find(struct view line, bool *private_key);

/* Does the line have such an example? */
bool secret_has_example(struct view line);

/* Bytes of the key that v begins with, 0: none; *kind of it then. */
size_t secret_at(struct view v, const char **kind);
/* A key is looked for only behind what is no such byte. */
bool secret_inside(char c);

#endif
