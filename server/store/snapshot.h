/*
 * snapshot: a copy of a database that may be in use, as of one moment; and
 * what a database, such a copy or a live one, says that there should be
 * outside it: for backups and for those who check a home.
 */
#ifndef SERVER_STORE_SNAPSHOT_H
#define SERVER_STORE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct snapshot;

/* In a home: a file whose time is that of the last backup that was written; in
 * it, of how many things it says that they are not in it. */
#define SNAPSHOT_BACKUP_LAST "db/backup.last"
/* And a file for each, with MS behind, until the audit log has its row. */
#define SNAPSHOT_BACKUP_MADE "backup.made."

/* `to` is replaced, 0600.  Writers go on meanwhile. */
int snapshot_make(const char *from, const char *to, struct err *e);
/* Before a migration: PATH's folder/backup-VERSION, where VERSION is the
 * schema's of `path`; of those the newest `keep` stay.  ERR_LIMIT: there is no
 * room for it. */
int snapshot_before(
    const char *path, int64_t version, unsigned keep, struct err *e);

/* Not migrated, and nothing of it is changed; a newer schema than this
 * program's is ERR_INVALID. */
int snapshot_open(struct snapshot **out, const char *path, struct err *e);
void snapshot_close(struct snapshot *s); /* NULL is fine */
int64_t snapshot_version(const struct snapshot *s);

enum snapshot_kind {
	SNAPSHOT_PROJECTS,    /* id, name */
	SNAPSHOT_REFS,        /* name, sha: branches, tags, pull requests' heads
				 and kept refs of one project */
	SNAPSHOT_ATTACHMENTS, /* name: UUID, size */
	SNAPSHOT_RUN_LOGS,    /* id, size; only those that have one */
	SNAPSHOT_JOB_LOGS,
	SNAPSHOT_RUNS /* id: that ended */
};

struct snapshot_row {
	int64_t id;
	const char *name, *sha; /* during the call */
	int64_t size;
};
/* Other than 0 ends the walk, which then returns it. */
typedef int snapshot_fn(
    const struct snapshot_row *row, void *arg, struct err *e);

/* project: of SNAPSHOT_REFS.  In order of id or name. */
int snapshot_each(struct snapshot *s, enum snapshot_kind kind, int64_t project,
    snapshot_fn *fn, void *arg, struct err *e);

/* What the database itself says is wrong with it, a row for each: name. */
int snapshot_check(
    struct snapshot *s, snapshot_fn *fn, void *arg, struct err *e);

/* The chain of the audit log, a row when it is not whole.  _head: whether the
 * row has that hash, or retention took it.  A schema without one is whole. */
int snapshot_audit(
    struct snapshot *s, snapshot_fn *fn, void *arg, struct err *e);
int snapshot_audit_head(struct snapshot *s, int64_t seq, const char *hash,
    bool *met, struct err *e);

#endif
