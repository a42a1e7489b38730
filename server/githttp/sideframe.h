/*
 * sideframe: where git's answer stands between packets (gitprotocol-common(5)),
 * so that an answer that git could not finish can be ended with a message that
 * the client prints.  Pure.
 */
#ifndef SERVER_GITHTTP_SIDEFRAME_H
#define SERVER_GITHTTP_SIDEFRAME_H

#include <stdbool.h>
#include <stddef.h>

struct str;

struct sideframe {
	bool banded; /* packets begin with a band's number */
	bool lost;   /* it was no row of packets */
	char len[4]; /* of the packet that began */
	size_t n_len;
	size_t left;  /* of the packet's data */
	char data[9]; /* its first bytes */
	size_t n_data;
};

/* Bytes that were passed on.  In protocol 2 the section "packfile" turns
 * banded on. */
void sideframe_feed(struct sideframe *f, const void *p, size_t n);
/* Complete the packet that is open, then end with text as an error; nothing
 * when that cannot be told. */
void sideframe_fail(
    const struct sideframe *f, struct str *out, const char *text);

#endif
