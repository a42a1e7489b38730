/*
 * oneshot_box: the folder in TMPDIR in which a one-shot run's copy becomes a
 * repository.  It is locked while it is in use, so that the next run takes away
 * what one left that was killed outright.
 */
#ifndef CLI_ONESHOT_BOX_H
#define CLI_ONESHOT_BOX_H

struct err;

/* Its path, of the caller, and *lock, which he closes when it is removed; NULL:
 * it could not be made.  Those of this user that nobody uses are removed. */
char *oneshot_box_make(int *lock, struct err *e);

#endif
