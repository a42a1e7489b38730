/*
 * backup_git: git children for the programs that make, read and check
 * backups: one at a time, waited for, with an empty environment.
 */
#ifndef SERVER_BACKUP_BACKUP_GIT_H
#define SERVER_BACKUP_BACKUP_GIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct loop;
struct str;

struct backup_git {
	const char *home;
	struct loop *loop;
	struct str *out; /* of the child that runs */
	bool failed;
	struct err fail;
};

int backupgit_open(struct backup_git *g, const char *home, struct err *e);
void backupgit_close(struct backup_git *g);
char *backupgit_repo(const struct backup_git *g, int64_t project)
    __attribute__((returns_nonnull)); /* free(3) */

/* args: after "git".  in: a descriptor or -1; out: the same. */
int backupgit_start(struct backup_git *g, int64_t project,
    const char *const *args, int in, int out, struct err *e);
int backupgit_wait(struct backup_git *g, struct err *e);
/* Both; what it prints is added to out. */
int backupgit_ask(struct backup_git *g, int64_t project,
    const char *const *args, int in, struct str *out, struct err *e);
/* This program with those arguments; it must end with status 0. */
int backupgit_self(
    struct backup_git *g, const char *const *args, struct err *e);

/* A descriptor that reads those bytes. */
int backupgit_text(const struct str *text, struct err *e);

#endif
