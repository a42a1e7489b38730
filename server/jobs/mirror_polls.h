/*
 * mirror_polls: polls that found nothing new, written many in one transaction.
 * One that is lost with the process is no harm: the next poll says the same.
 */
#ifndef SERVER_JOBS_MIRROR_POLLS_H
#define SERVER_JOBS_MIRROR_POLLS_H

#include <stdint.h>

struct db;
struct loop;
struct mirror_polls;

struct mirror_polls *mirror_polls_new(struct loop *loop, struct db *db);
void mirror_polls_free(struct mirror_polls *p); /* drops what waits */
/* Times in ms since 1970. */
void mirror_polls_add(
    struct mirror_polls *p, int64_t project, int64_t ok_at, int64_t next_at);

#endif
