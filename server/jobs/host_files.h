/*
 * host_files: settings that root has in files of HOME: coffer.conf, policies,
 * prompts, commands, presets of the network.  Their SHA-256 is in the audit
 * log: a row when cofferd sees for the first time that one is there, is
 * another, or is gone.  Who did it is not known.  So are the backups that were
 * made beside cofferd.
 */
#ifndef SERVER_JOBS_HOST_FILES_H
#define SERVER_JOBS_HOST_FILES_H

struct host_files;
struct svc;

/* Looks at once, and every minute. */
struct host_files *hostfiles_new(struct svc *s)
    __attribute__((returns_nonnull));
void hostfiles_free(struct host_files *h); /* NULL is fine */

#endif
