/*
 * record: what was fetched, found and done, one JSON object per attempt, with
 * an ed25519 signature of the user's own key as its last member.  What is
 * signed is RECORD_DOMAIN and every byte before RECORD_SIGNATURE.
 */
#ifndef CLI_FETCH_RECORD_H
#define CLI_FETCH_RECORD_H

#include "lib/base/view.h"

struct cli;
struct err;
struct fetch_job;
struct json;

enum {
	RECORD_VERSION = 2,
	RECORD_MAX = 4 << 20
};

#define RECORD_DOMAIN "coffer fetch record\n"
#define RECORD_SIGNATURE ",\"signature\":\""
#define RECORD_END "\"}\n"

/* $XDG_CONFIG_HOME/coffer/fetch.key; free(3). */
char *fetch_record_key(void) __attribute__((returns_nonnull));

/*
 * record_check.c: is it whole, and by the key that it names?  The object, or
 * NULL; json_free.
 */
struct json *fetch_record_read(struct view text, struct err *e);

#endif
