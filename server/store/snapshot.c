#include "server/store/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "server/store/audit.h"
#include "server/store/db_priv.h"

enum {
	SNAPSHOT_BAD_MAX = 100, /* lines of damage */
	SNAPSHOT_WAIT_MS = 5000,
	SNAPSHOT_AUDIT_FROM = 9 /* the schema that has an audit log */
};

struct snapshot {
	struct txn t;
	int64_t version;
};

static const char *const snapshot_sql[] = {
	[SNAPSHOT_PROJECTS] = "SELECT id, owner || '/' || name, '', 0"
			      " FROM project WHERE state = 1 ORDER BY id",
	[SNAPSHOT_REFS] =
	    "SELECT 0, name, sha, 0 FROM ref WHERE project_id = ?1"
	    " AND (name GLOB 'refs/heads/*' OR name GLOB 'refs/tags/*')"
	    " UNION SELECT 0, 'refs/pull/' || number || '/head', head_sha, 0"
	    " FROM pull WHERE project_id = ?1 AND head_sha <> ''"
	    " UNION SELECT 0, name, sha, 0 FROM kept WHERE project_id = ?1"
	    " ORDER BY 2",
	[SNAPSHOT_ATTACHMENTS] = "SELECT id, uuid, '', size FROM attachment"
				 " ORDER BY uuid",
	[SNAPSHOT_RUN_LOGS] = "SELECT id, '', '', log_bytes FROM run"
			      " WHERE log_bytes > 0 ORDER BY id",
	[SNAPSHOT_JOB_LOGS] = "SELECT id, '', '', log_bytes FROM job"
			      " WHERE log_bytes > 0 ORDER BY id",
	[SNAPSHOT_RUNS] = "SELECT id, '', '', 0 FROM run WHERE state >= 5"
			  " ORDER BY id",
};

static int
snapshot_fail(sqlite3 *sq, int rc, const char *what, struct err *e)
{
	bool full = (rc & 0xff) == SQLITE_FULL;

	return err_set(e, full ? ERR_LIMIT : ERR_IO, "%s: %s", what,
	    sq == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(sq));
}

/* All pages in one step: whoever writes meanwhile does not begin it again. */
static int
snapshot_copy(sqlite3 *from, sqlite3 *to, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (b == NULL)
		return snapshot_fail(
		    to, sqlite3_errcode(to), "begin a copy", e);
	rc = sqlite3_backup_step(b, -1);
	if (sqlite3_backup_finish(b) != SQLITE_OK || rc != SQLITE_DONE)
		return snapshot_fail(to, rc, "copy the database", e);
	return 0;
}

static int
snapshot_sync(const char *path, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return fd == -1 || fsync(fd) == -1 ? err_sys(e, ERR_IO, "sync %s", path)
					   : 0;
}

static int
snapshot_open_file(sqlite3 **sq, const char *path, int flags, struct err *e)
{
	int rc = sqlite3_open_v2(path, sq,
	    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		return snapshot_fail(*sq, rc, path, e);
	(void)sqlite3_busy_timeout(*sq, SNAPSHOT_WAIT_MS);
	return 0;
}

int
snapshot_make(const char *from, const char *to, struct err *e)
{
	sqlite3 *src = NULL, *dst = NULL;
	AUTO_CLOSE int fd = -1;
	int rc = -1;

	if (unlink(to) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "replace %s", to);
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(e, ERR_IO, "make %s", to);
	if (snapshot_open_file(&src, from, SQLITE_OPEN_READWRITE, e) == 0 &&
	    snapshot_open_file(&dst, to, SQLITE_OPEN_READWRITE, e) == 0)
		rc = snapshot_copy(src, dst, e);
	(void)sqlite3_close(dst);
	(void)sqlite3_close(src);
	if (rc == 0)
		rc = snapshot_sync(to, e);
	if (rc == -1)
		(void)unlink(to);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return rc;
}

/* The version of a file "backup-N", else -1. */
static int64_t
snapshot_file_version(const char *name)
{
	struct err ignored = ERR_INIT;
	int64_t n;

	if (strncmp(name, "backup-", 7) != 0 ||
	    num_i64(name + 7, 1, INT32_MAX, &n, &ignored) == -1)
		return -1;
	return n;
}

/* How many there are; the version of the oldest in *oldest. */
static unsigned
snapshot_count_old(DIR *d, int64_t *oldest)
{
	const struct dirent *ent;
	unsigned n = 0;

	*oldest = INT64_MAX;
	rewinddir(d);
	while ((ent = readdir(d)) != NULL) {
		int64_t v = snapshot_file_version(ent->d_name);

		n += v >= 0;
		if (v >= 0 && v < *oldest)
			*oldest = v;
	}
	return n;
}

static void
snapshot_forget_old(const char *dir, unsigned keep)
{
	DIR *d = opendir(dir);
	int64_t oldest;

	while (d != NULL && snapshot_count_old(d, &oldest) > keep) {
		AUTO_FREE char *path = xasprintf(
		    "%s/backup-%" PRId64, dir, oldest);

		if (unlink(path) == -1)
			break;
		log_info("db backup-forgotten path=%s", log_val(path));
	}
	if (d != NULL)
		(void)closedir(d);
}

int
snapshot_before(const char *path, int64_t version, unsigned keep, struct err *e)
{
	AUTO_FREE char *dir = xstrdup(path);
	AUTO_FREE char *to = NULL;
	AUTO_FREE char *part = NULL;
	char *slash = strrchr(dir, '/');

	if (slash == NULL)
		return err_set(e, ERR_INTERNAL, "%s: no full path", path);
	*slash = '\0';
	to = xasprintf("%s/backup-%" PRId64, dir, version);
	part = xasprintf("%s.part", to);
	if (snapshot_make(path, part, e) == -1)
		return err_wrap(e,
		    "a copy of the database is made before it is migrated, "
		    "and could not be");
	if (rename(part, to) == -1 || snapshot_sync(dir, e) == -1)
		return err_sys(e, ERR_IO, "rename %s", part);
	log_info("db backup path=%s version=%" PRId64
		 " why=\"before a migration\"",
	    log_val(to), version);
	snapshot_forget_old(dir, keep);
	return 0;
}

int
snapshot_open(struct snapshot **out, const char *path, struct err *e)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));

	if (access(path, R_OK) == -1) {
		(void)err_sys(e, ERR_NOTFOUND, "%s", path);
		goto fail;
	}
	if (txn_open(&s->t, path, e) == -1)
		goto fail;
	if (db_number(&s->t, "PRAGMA user_version", NULL, &s->version, e) == -1)
		goto fail;
	if (s->version < 1 || s->version > DB_SCHEMA_VERSION) {
		(void)err_set(e, ERR_INVALID,
		    "the database has schema version %" PRId64
		    ", this program knows 1 to %d",
		    s->version, DB_SCHEMA_VERSION);
		goto fail;
	}
	*out = s;
	return 0;
fail:
	snapshot_close(s);
	return -1;
}

void
snapshot_close(struct snapshot *s)
{
	if (s == NULL)
		return;
	if (s->t.sq != NULL)
		txn_close(&s->t);
	free(s);
}

int64_t
snapshot_version(const struct snapshot *s)
{
	return s->version;
}

static int
snapshot_walk(struct snapshot *s, const char *sql, const struct bind *binds,
    snapshot_fn *fn, void *arg, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = query_open(&q, &s->t, sql, binds, e);

	if (rc == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct snapshot_row row = { .id = query_i64(&q) };
		AUTO_FREE char *name = query_text(&q);
		AUTO_FREE char *sha = query_text(&q);

		row.name = name;
		row.sha = sha;
		row.size = query_i64(&q);
		rc = fn(&row, arg, e);
		if (rc != 0)
			return rc;
	}
	return rc;
}

int
snapshot_each(struct snapshot *s, enum snapshot_kind kind, int64_t project,
    snapshot_fn *fn, void *arg, struct err *e)
{
	return snapshot_walk(s, snapshot_sql[kind],
	    kind == SNAPSHOT_REFS ? BINDS(I(project)) : NULL, fn, arg, e);
}

/* A number of rows that should not be, as a text. */
static const struct {
	const char *sql, *what;
	int64_t from; /* schemas */
	int64_t to;
} snapshot_rules[] = {
	{ "SELECT count(*) FROM pragma_foreign_key_check",
	    "rows that refer to rows which are not there", 0, INT64_MAX },
	{ "SELECT max(seq) - min(seq) + 1 - count(*) FROM event",
	    "events missing in their sequence", 0, 9 },
	{ "SELECT max(seq) - min(seq) + 1 - count(*) FROM event"
	  " WHERE seq > coalesce((SELECT seq FROM event_start), 0)",
	    "events missing in their sequence", 10, INT64_MAX },
	{ "SELECT count(*) FROM comment c WHERE NOT EXISTS (SELECT 1 FROM"
	  " issue i WHERE i.project_id = c.project_id AND i.number = c.item)",
	    "comments of items which are not there", 0, INT64_MAX },
	{ "SELECT count(*) FROM issue i WHERE i.is_pull = 1 AND NOT EXISTS"
	  " (SELECT 1 FROM pull p WHERE p.project_id = i.project_id"
	  " AND p.number = i.number)",
	    "pull requests without their branches", 0, INT64_MAX },
};

int
snapshot_check(struct snapshot *s, snapshot_fn *fn, void *arg, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = query_open(&q, &s->t, "PRAGMA integrity_check(100)", NULL, e);
	unsigned n = 0;

	while (rc == 0 && n < SNAPSHOT_BAD_MAX && query_next(&q, e) == 1) {
		AUTO_FREE char *text = query_text(&q);

		n++;
		if (strcmp(text, "ok") != 0)
			rc = fn(&(struct snapshot_row){ .name = text }, arg, e);
	}
	for (size_t i = 0;
	     rc == 0 && i < sizeof(snapshot_rules) / sizeof(snapshot_rules[0]);
	     i++) {
		AUTO_FREE char *text = NULL;
		int64_t bad = 0;

		if (s->version < snapshot_rules[i].from ||
		    s->version > snapshot_rules[i].to)
			continue;
		rc = db_number(&s->t, snapshot_rules[i].sql, NULL, &bad, e);
		if (rc == -1 || bad == 0)
			continue;
		text = xasprintf("%" PRId64 " %s", bad, snapshot_rules[i].what);
		rc = fn(&(struct snapshot_row){ .name = text }, arg, e);
	}
	return rc;
}

int
snapshot_audit(struct snapshot *s, snapshot_fn *fn, void *arg, struct err *e)
{
	AUTO_STR struct str bad = STR_INIT;

	if (s->version < SNAPSHOT_AUDIT_FROM)
		return 0;
	if (audit_walk(&s->t, &bad, e) == -1)
		return -1;
	return bad.len == 0
	    ? 0
	    : fn(&(struct snapshot_row){ .name = str_cstr(&bad) }, arg, e);
}

int
snapshot_audit_head(
    struct snapshot *s, int64_t seq, const char *hash, bool *met, struct err *e)
{
	struct audit_end start, head;
	char now[AUDIT_HASH_HEX];

	*met = true;
	if (s->version < SNAPSHOT_AUDIT_FROM)
		return 0;
	if (audit_ends(&s->t, &start, &head, e) == -1 ||
	    audit_hash_of(&s->t, seq, now, e) == -1)
		return -1;
	*met = seq < start.seq ||
	    strcmp(seq == start.seq ? start.hash : now, hash) == 0;
	return 0;
}
