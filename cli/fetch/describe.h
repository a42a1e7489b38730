/* The parts of fetch_describe; only describe*.c include this. */
#ifndef CLI_FETCH_DESCRIBE_H
#define CLI_FETCH_DESCRIBE_H

#include "cli/fetch/fetch.h"
#include "cli/fetch/gitstream.h"
#include "findings/check.h"

/* describe_history.c: the commits of base..head into the checks. */
int describe_history(
    struct fetch_job *j, struct check *k, struct blobs *blobs, struct err *e);
/* A file of the box, written anew. */
int describe_write(struct fetch_job *j, const char *name, struct view text,
    char **path, struct err *e);

#endif
