/*
 * proxy_way: one direction of a connection: what has been read and not yet
 * written, bounded.  It is held in a buffer, which is there while it holds
 * anything; once much has gone by that nobody looks at, in a pipe, so that the
 * bytes are not copied.
 */
#ifndef ROUTER_PROXY_WAY_H
#define ROUTER_PROXY_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PROXY_PIPES_MAX = 128, /* at a time; the kernel bounds their pages */
	PROXY_PIPE_SIZE = 256 << 10,
	PROXY_BULK = 256 << 10 /* from then on by a pipe */
};

struct proxy_way {
	char *buf;
	size_t cap, off;
	size_t len;     /* held, here or in the pipe */
	uint64_t bytes; /* read in all */
	bool eof;       /* nothing more comes */
	bool done;      /* and all of it has been handed on */
	bool has_pipe, pipe_full;
	int pipe[2];
};

/* It frees nothing but what it holds. */
void proxy_way_release(struct proxy_way *w, unsigned *pipes);
/* Drops what is held, if it is in the buffer. */
void proxy_way_forget(struct proxy_way *w);
bool proxy_way_has_room(const struct proxy_way *w);
/*
 * Reads once, into a buffer of cap.  pipes: how many are in use, or NULL when
 * the bytes are looked at.  -1: the sender has broken off.
 */
int proxy_way_read(struct proxy_way *w, int fd, size_t cap, unsigned *pipes);
/* Up to max of it; how many have gone, -1 when the reader has broken off. */
ssize_t proxy_way_write(struct proxy_way *w, int fd, size_t max);

#endif
