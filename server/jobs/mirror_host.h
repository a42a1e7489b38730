/*
 * mirror_host: what the polls of one upstream host have in common: how many
 * run, and until when nobody asks it because it is down or has asked for a
 * pause.  After such a time one poll goes first, alone.  Times are ms.
 */
#ifndef SERVER_JOBS_MIRROR_HOST_H
#define SERVER_JOBS_MIRROR_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/mirror_fail.h"

struct mirror_host;
struct mirror_hosts;

struct mirror_hosts *mirror_hosts_new(unsigned per_host);
void mirror_hosts_free(struct mirror_hosts *x); /* NULL is fine */
/* The clock was set back so far: what waits for a time waits no longer. */
void mirror_hosts_back(struct mirror_hosts *x, int64_t ms);

/* Made when it is new; stays until mirror_hosts_free.  "" is this disk. */
struct mirror_host *mirror_host_get(struct mirror_hosts *x, const char *name);

/* May one more begin?  wanted: a person waits, so a host that was down is
 * tried at once; what it has asked for is respected. */
bool mirror_host_may(const struct mirror_host *h, bool wanted, int64_t now);
/* When it may be asked again; 0: now, or when one that runs has ended. */
int64_t mirror_host_until(const struct mirror_host *h, int64_t now);
/* The same, of a pause that the host itself has asked for. */
int64_t mirror_host_rate_until(const struct mirror_host *h, int64_t now);

void mirror_host_begin(struct mirror_host *h);
/* kind NONE: it has answered well. */
void mirror_host_end(
    struct mirror_host *h, enum mirror_fail kind, int64_t until, int64_t now);
/* It has asked for a pause before this program began. */
void mirror_host_wait(struct mirror_host *h, int64_t until);

#endif
