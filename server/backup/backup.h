/*
 * backup: a home as one archive (lib/net/tarball.h), made while it is in use,
 * and a home out of one.  It is as of one moment: that of the copy of the
 * database.  Branches, tags, heads of pull requests and kept refs are those
 * that its rows name, whatever moved since, and logs end where the rows say.
 *
 *   coffer-backup          {format, made_ms, version, secrets}
 *   home/...               what is root's: coffer.conf, instance, prove.pub,
 *                          policy, prompts, egress, gateway; secrets if asked
 *   data/db                the database
 *   data/repos/ID/refs     "SHA NAME" or "SHA NAME TARGET", first HEAD's line
 *   data/repos/ID/pack.N   one pack, in parts
 *   data/repos/ID/failed   why git could not read all of it; the pack is then
 *                          not whole
 *   data/attachments, data/logs/runs, data/logs/jobs, data/secrets/upstream
 *   SHA256SUMS
 *
 * Not in it: workspaces of sandboxes, what runs have in HOME/runs, keys of
 * models, caches.  Each function becomes the owner of HOME/db when it is
 * started as root, as soon as it needs no more than that.
 */
#ifndef SERVER_BACKUP_BACKUP_H
#define SERVER_BACKUP_BACKUP_H

#include <stdbool.h>

struct err;

/* To stdout.  1: it is whole but for what was said on stderr to be damaged. */
int backup_write(const char *home, bool secrets, struct err *e);
/* From stdin, into a home that is not there or empty; it has a database when
 * all was read and right, not before.  1: but for what was said on stderr to
 * have been damaged when the backup was made. */
int backup_restore(const char *home, struct err *e);
/* Whatever is outside the database against what it says: a line of JSON for
 * each thing that is wrong.  1: there were such; 0: none. */
int backup_check(const char *home, struct err *e);
/* What `cofferd --admin JOB` is; the exit status: 3 where the above say 1. */
int backup_main(const char *job, const char *home);

#endif
