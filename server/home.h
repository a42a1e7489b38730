/*
 * home: the folder that holds everything, as docs/architecture.md lays it out.
 * home_init makes it and may run as root; home_enter is what cofferd does
 * before it opens anything: as root it becomes the owner of HOME/db.
 */
#ifndef SERVER_HOME_H
#define SERVER_HOME_H

#include <stdio.h>

struct config;
struct err;

/* --home, else $COFFER_HOME, else the user's default; absolute. */
char *home_path(const char *given) __attribute__((returns_nonnull));

/* While a backup is restored, and after that failed: nobody starts on it, and
 * nobody makes a new database beside what came.  HOME_RESTORED: what was
 * restored, for the audit log of who starts on it first. */
#define HOME_RESTORING "db/restoring"
#define HOME_RESTORED "db/restored"
int home_check_whole(const char *home, struct err *e);

/* Idempotent; tells what it did on `out`, never a secret. */
int home_init(const char *home, FILE *out, struct err *e);

/* As root: become the owner of HOME/db, for good.  Refused when that is root,
 * or when HOME is not root's.
 * Also: no new privileges, no core with secrets. */
int home_enter(const char *home, struct err *e);
/* Can the files that the configuration names be used?  Root looks as who will
 * read them. */
int home_check_files(const char *home, const struct config *cfg, struct err *e);

#endif
