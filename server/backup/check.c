#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/backup/backup.h"
#include "server/backup/backup_git.h"
#include "server/backup/check_audit.h"
#include "server/home.h"
#include "server/store/snapshot.h"

enum {
	CHECK_TRIES = 5, /* rows follow refs within this */
	CHECK_PAUSE_MS = 300,
	CHECK_REFS_MAX = 64 << 20
};

struct check {
	struct backup_git git;
	const char *home;
	struct snapshot *db;
	const char *project; /* that is looked at, or NULL */
	struct str bad;      /* lines of one look at refs or files */
	struct map *refs;    /* name -> sha, what the repository has */
	struct map *before;  /* files that were bad in the look before */
	struct map *now;     /* and in this one */
	unsigned found;
	int64_t *ids;
	char **names;
	size_t n;
};

static void
check_line(struct str *out, const char *kind, const char *project,
    const char *name, const char *what)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "kind", kind);
	jw_str(&w, "project", project);
	jw_str(&w, "name", name);
	jw_str(&w, "what", what);
	jw_end(&w);
	str_addc(out, '\n');
}

static void
check_tell(
    struct check *c, const char *kind, const char *name, const char *what)
{
	AUTO_STR struct str line = STR_INIT;

	check_line(&line, kind, c->project, name, what);
	(void)fputs(str_cstr(&line), stdout);
	c->found++;
}

static int
check_database(const struct snapshot_row *row, void *arg, struct err *e)
{
	(void)e;
	check_tell(arg, "database", "coffer.db", row->name);
	return 0;
}

/* ---- refs ---- */

static int
check_read_refs(struct check *c, int64_t id, struct err *e)
{
	static const char *const args[] = { "for-each-ref",
		"--format=%(objectname) %(refname)", "refs/heads", "refs/tags",
		"refs/pull", "refs/coffer/kept", NULL };
	AUTO_STR struct str all = STR_INIT_MAX(CHECK_REFS_MAX);
	struct view rest, line, sha;

	if (backupgit_ask(&c->git, id, args, -1, &all, e) == -1)
		return -1;
	rest = str_view(&all);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *name = NULL;

		if (!view_split(&line, ' ', &sha) || line.len == 0)
			continue;
		name = view_dup(line);
		(void)map_put(c->refs, name, view_dup(sha));
	}
	return 0;
}

static int
check_ref(const struct snapshot_row *row, void *arg, struct err *e)
{
	struct check *c = arg;
	AUTO_FREE char *sha = map_del(c->refs, row->name);
	AUTO_FREE char *what = NULL;

	(void)e;
	if (sha == NULL)
		what = xasprintf("the repository has not this ref; the "
				 "database says %s",
		    row->sha);
	else if (strcmp(sha, row->sha) != 0)
		what = xasprintf("it is at %s in the repository, at %s in the "
				 "database",
		    sha, row->sha);
	if (what != NULL)
		check_line(&c->bad, "ref", c->project, row->name, what);
	return 0;
}

/* What no row has. */
static void
check_left_refs(struct check *c)
{
	size_t cursor = 0;
	const char *name;
	void *sha;

	while (map_next(c->refs, &cursor, &name, &sha)) {
		if (strncmp(name, "refs/heads/", 11) == 0 ||
		    strncmp(name, "refs/tags/", 10) == 0)
			check_line(&c->bad, "ref", c->project, name,
			    "the database has not this ref");
		free(sha);
	}
}

static void
check_pause(void)
{
	const struct timespec ts = { .tv_nsec = CHECK_PAUSE_MS * 1000000L };

	(void)nanosleep(&ts, NULL);
}

/* Tells the lines of the last look. */
static void
check_tell_bad(struct check *c)
{
	for (size_t i = 0; i < c->bad.len; i++)
		c->found += c->bad.p[i] == '\n';
	(void)fputs(str_cstr(&c->bad), stdout);
}

/* A push between the two looks is no damage: it is so no longer soon. */
static int
check_refs(struct check *c, int64_t id, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < CHECK_TRIES; i++) {
		if (i > 0)
			check_pause();
		str_reset(&c->bad);
		c->refs = map_new();
		rc = check_read_refs(c, id, e);
		if (rc == 0)
			rc = snapshot_each(
			    c->db, SNAPSHOT_REFS, id, check_ref, c, e);
		check_left_refs(c);
		map_free(c->refs);
		if (rc != 0 || c->bad.len == 0)
			return rc;
	}
	check_tell_bad(c);
	return 0;
}

/* Every byte of its packs, and whatever its refs reach. */
static void
check_objects(struct check *c, int64_t id)
{
	static const char *const walk[] = { "rev-list", "--objects", "--all",
		"--quiet", NULL };
	AUTO_FREE char *repo = backupgit_repo(&c->git, id);
	const char *sums[] = { "--git-check", repo, NULL };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	if (backupgit_self(&c->git, sums, &e) == -1) {
		check_tell(c, "objects", "packs", e.msg);
		return;
	}
	if (backupgit_ask(&c->git, id, walk, -1, &out, &e) == -1)
		check_tell(c, "objects", "history", e.msg);
}

static void
check_repo(struct check *c, int64_t id)
{
	AUTO_FREE char *repo = backupgit_repo(&c->git, id);
	struct err why = ERR_INIT;
	struct stat st;

	if (stat(repo, &st) == -1) {
		check_tell(c, "repository", repo, strerror(errno));
		return;
	}
	if (check_refs(c, id, &why) != 0)
		check_tell(c, "repository", repo, why.msg);
	check_objects(c, id);
}

static int
check_add_project(const struct snapshot_row *row, void *arg, struct err *e)
{
	struct check *c = arg;

	(void)e;
	c->ids = xrealloc(c->ids, (c->n + 1) * sizeof(*c->ids));
	c->names = xrealloc(c->names, (c->n + 1) * sizeof(*c->names));
	c->ids[c->n] = row->id;
	c->names[c->n++] = xstrdup(row->name);
	return 0;
}

/* Listed first: while a question is open, the database stands still. */
static int
check_projects(struct check *c, struct err *e)
{
	int rc = snapshot_each(
	    c->db, SNAPSHOT_PROJECTS, 0, check_add_project, c, e);

	for (size_t i = 0; i < c->n; i++) {
		c->project = c->names[i];
		if (rc == 0)
			check_repo(c, c->ids[i]);
		free(c->names[i]);
	}
	c->project = NULL;
	free(c->names);
	free(c->ids);
	return rc;
}

/* ---- files ---- */

static void
check_file(struct check *c, const char *kind, const char *name, int64_t size,
    bool same)
{
	AUTO_FREE char *path = path_join(c->home, name);
	AUTO_FREE char *what = NULL;
	struct stat st;

	if (lstat(path, &st) == -1)
		what = xstrdup(strerror(errno));
	else if (!S_ISREG(st.st_mode))
		what = xstrdup("it is no file");
	else if (same ? st.st_size != size : st.st_size < size)
		what = xasprintf(
		    "it has %lld bytes, the database says %" PRId64,
		    (long long)st.st_size, size);
	if (what == NULL ||
	    (c->before != NULL && map_get(c->before, name) == NULL))
		return;
	(void)map_put(c->now, name, c);
	check_line(&c->bad, kind, c->project, name, what);
}

static int
check_attachment(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_FREE char *name = path_join("attachments", row->name);

	(void)e;
	check_file(arg, "attachment", name, row->size, true);
	return 0;
}

static int
check_run_log(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_FREE char *name = xasprintf("logs/runs/%" PRId64 ".log", row->id);

	(void)e;
	check_file(arg, "log", name, row->size, false);
	return 0;
}

static int
check_job_log(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_FREE char *name = xasprintf("logs/jobs/%" PRId64 ".log", row->id);

	(void)e;
	check_file(arg, "log", name, row->size, false);
	return 0;
}

/* What comes and goes while the rows are read is no damage: it is told only of
 * what was bad in each look. */
static int
check_files(
    struct check *c, enum snapshot_kind kind, snapshot_fn *fn, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < CHECK_TRIES; i++) {
		if (i > 0)
			check_pause();
		str_reset(&c->bad);
		c->now = map_new();
		rc = snapshot_each(c->db, kind, 0, fn, c, e);
		map_free(c->before);
		c->before = c->now;
		if (rc != 0 || c->bad.len == 0)
			break;
	}
	map_free(c->before);
	c->before = NULL;
	if (rc == 0)
		check_tell_bad(c);
	return rc;
}

static void
check_audit(const char *name, const char *what, void *arg)
{
	check_tell(arg, "audit", name, what);
}

static int
check_all(struct check *c, struct err *e)
{
	static const struct {
		enum snapshot_kind kind;
		snapshot_fn *fn;
	} parts[] = {
		{ SNAPSHOT_ATTACHMENTS, check_attachment },
		{ SNAPSHOT_RUN_LOGS, check_run_log },
		{ SNAPSHOT_JOB_LOGS, check_job_log },
	};

	if (snapshot_check(c->db, check_database, c, e) != 0 ||
	    checkaudit(c->home, c->db, check_audit, c, e) != 0 ||
	    check_projects(c, e) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (check_files(c, parts[i].kind, parts[i].fn, e) != 0)
			return -1;
	return 0;
}

int
backup_check(const char *home, struct err *e)
{
	AUTO_FREE char *db = path_join(home, "db/coffer.db");
	struct check c = { .home = home, .bad = STR_INIT_MAX(CHECK_REFS_MAX) };
	int rc = -1;

	if (home_enter(home, e) == 0 && backupgit_open(&c.git, home, e) == 0 &&
	    snapshot_open(&c.db, db, e) == 0)
		rc = check_all(&c, e);
	snapshot_close(c.db);
	backupgit_close(&c.git);
	str_release(&c.bad);
	return rc == 0 ? c.found > 0 : -1;
}
