/*
 * signed: texts with an ed25519 signature of this installation.  The private
 * key is HOME/secrets/prove.key (0600, made when it is missing), its public
 * half HOME/prove.pub, for whoever reads what was signed.
 */
#ifndef LIB_NET_SIGNED_H
#define LIB_NET_SIGNED_H

#include "lib/base/view.h"

struct err;

enum {
	SIGNED_HEX = 129,   /* a signature and a NUL */
	SIGNED_KEY_HEX = 65 /* a public key and a NUL */
};

int signed_make(
    const char *home, struct view text, char out[SIGNED_HEX], struct err *e);
/* ERR_DENIED: it is not a signature of this installation for this text. */
int signed_check(
    const char *home, struct view text, const char *hex, struct err *e);

/* The same with a key of somebody's own: a file that is made, 0600, when it is
 * missing; its public half in key. */
int signed_by(const char *path, char key[SIGNED_KEY_HEX], struct err *e);
int signed_make_by(
    const char *path, struct view text, char out[SIGNED_HEX], struct err *e);
int signed_check_by(
    const char *key, struct view text, const char *hex, struct err *e);

#endif
