/*
 * pack_check: are the files of a bare repository what was written?  Every
 * pack, index, bitmap and commit-graph against the checksum at its end, every
 * loose object against its name, every ref against the objects.  That finds
 * what a disk did for the cost of reading it (git fsck reads the same and
 * rebuilds each object: some sixty times the work).  Nothing is written.
 */
#ifndef SERVER_GIT_PACK_CHECK_H
#define SERVER_GIT_PACK_CHECK_H

#include "lib/base/str.h"

enum {
	PACK_CHECK_OK = 0,
	PACK_CHECK_BAD = 1,   /* lines "FILE: what is wrong" */
	PACK_CHECK_FAILED = 2 /* could not look; one line says why */
};

/* Reads from the disk, not from its cache, where the cache is clean. */
int packcheck_run(const char *repo, struct str *out);

/* What `cofferd --git-check PATH` runs: lines on stdout, the result is the
 * exit status. */
int packcheck_main(const char *repo);

#endif
