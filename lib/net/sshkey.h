/*
 * sshkey: ed25519 keys for SSH as OpenSSH keeps them in files: the private one
 * unencrypted (PROTOCOL.key), the public one as a line of authorized_keys
 * without a comment.  The private half is secret: sshkey_wipe when done.
 */
#ifndef LIB_NET_SSHKEY_H
#define LIB_NET_SSHKEY_H

#include <stdbool.h>

struct err;

enum {
	SSHKEY_PRIVATE_MAX = 512,
	SSHKEY_PUBLIC_MAX = 96,
	SSHKEY_BLOB = 51 /* bytes of a public key on the wire */
};

struct sshkey {
	char private_text[SSHKEY_PRIVATE_MAX];
	char public_line[SSHKEY_PUBLIC_MAX]; /* "ssh-ed25519 AAAA..." */
	unsigned char blob[SSHKEY_BLOB];     /* of the public key */
};

int sshkey_make(struct sshkey *k, struct err *e);
/* One that sshkey_make wrote; anything else is ERR_INVALID. */
int sshkey_parse(const char *private_text, struct sshkey *k, struct err *e);
/* Of the file, which is made (0600) if it is not there; its folder must be. */
int sshkey_load(const char *path, struct sshkey *k, struct err *e);
void sshkey_wipe(struct sshkey *k);

/* Exactly a public_line; blob may be NULL. */
bool sshkey_read_line(const char *line, unsigned char blob[SSHKEY_BLOB]);

#endif
