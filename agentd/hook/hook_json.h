/*
 * hook_json: what the hook wants of JSON, without a library that an image may
 * not have.  The text is checked as a whole first (RFC 8259); a key that is
 * there twice is an error.
 */
#ifndef AGENTD_HOOK_HOOK_JSON_H
#define AGENTD_HOOK_HOOK_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

/* ERR_INVALID: it is no JSON object. */
int hook_json_check(struct view text, struct err *e);
/* The value of a checked object's member, as it stands; p NULL: it has none, or
 * is no object. */
int hook_json_get(
    struct view object, const char *key, struct view *out, struct err *e);
/* A string without its escapes, free(3); *out NULL: it is null or not there. */
int hook_json_text(
    struct view object, const char *key, size_t max, char **out, struct err *e);
/* def: no such whole number. */
int64_t hook_json_i64(struct view object, const char *key, int64_t def);

#endif
