/*
 * apiclient: JSON over HTTP against one base address with one bearer token.
 * An error reply becomes a struct err: its code from the status, its text from
 * the body's "message".
 */
#ifndef LIB_NET_APICLIENT_H
#define LIB_NET_APICLIENT_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/fetch.h"

struct apiclient;
struct json;
struct str;

/* base: "http://127.0.0.1:3000"; token may be NULL. */
struct apiclient *apiclient_new(
    struct net *n, const char *base, const char *token);
/* The authorities of this file instead of the system's; borrowed. */
void apiclient_trust(struct apiclient *c, const char *ca_file);
void apiclient_free(struct apiclient *c); /* cancels, without callbacks */
/* Cancels the calls with this arg, without callbacks. */
void apiclient_forget(struct apiclient *c, const void *arg);

/* j is the reply's body, of an error reply too; NULL if it had none that is
 * JSON.  Both live during the call. */
typedef void api_fn(
    const struct err *fail, int status, const struct json *j, void *arg);

/* A reply that is no JSON; body lives during the call. */
typedef void api_bytes_fn(const struct err *fail, struct view body, void *arg);

struct api_call {
	const char *method;
	const char *path;         /* "/api/v1/…" with its query */
	const struct str *body;   /* JSON text or NULL; copied */
	const char *content_type; /* default application/json */
	const char *header;       /* one extra "Name: value", may be NULL */
	const char *header2;      /* and another */
	int64_t limit_ms;         /* default 60 s */
	api_fn *done;
	api_bytes_fn *bytes; /* instead of done, if it is set */
	size_t max_bytes;    /* of its reply, else ERR_LIMIT */
	void *arg;
};

/* done comes once, later, from the loop; a start failure is reported so too. */
struct fetch *api_start(struct apiclient *c, const struct api_call *call);
/* 401 403 -> DENIED, 404 -> NOTFOUND, 409 -> EXISTS, 400 422 -> INVALID,
 * 405 423 -> DENIED, 413 -> LIMIT, 503 429 -> BUSY, 5xx -> INTERNAL. */
enum err_code api_error_code(int status);

#endif
