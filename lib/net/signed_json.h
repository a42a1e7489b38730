/*
 * signed_json: a JSON object that ends in the public key of who made it and an
 * ed25519 signature: one file, readable by whoever reads JSON.  What is signed
 * is the domain, which says what such texts are, and every byte before
 * `,"signature":`.
 */
#ifndef LIB_NET_SIGNED_JSON_H
#define LIB_NET_SIGNED_JSON_H

#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct jw;
struct json;
struct str;

/* Ends the open object of w with key and signature, by the key in that file,
 * which is made when it is missing. */
int signed_json_end(
    struct jw *w, const char *path, const char *domain, struct err *e);
/* The object, or NULL: ERR_INVALID it is none, ERR_DENIED it was changed. */
struct json *signed_json_read(
    struct view text, const char *domain, size_t max, struct err *e);

#endif
