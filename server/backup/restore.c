#include "server/backup/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/net/tarball.h"
#include "lib/wire/json.h"
#include "server/backup/backup_git.h"
#include "server/backup/backup_home.h"
#include "server/git/git_env.h"
#include "server/git/repo.h"
#include "server/home.h"
#include "server/store/snapshot.h"

enum {
	RESTORE_HEAD_MAX = 64 << 10,
	RESTORE_REFS_MAX = 64 << 20
};

struct restore {
	struct tarball tar;
	struct backup_git git;
	struct git_env *env;
	const char *home;
	int64_t project; /* whose pack comes, 0: none */
	int pack;        /* where it goes, or -1 */
	struct str refs; /* of it */
	unsigned notes;
	uint64_t repos;
	int64_t made_ms; /* when the backup was */
	bool secrets;
	bool entered, has_db;
};

static const char restore_copy[] = "db/restored.part";

static int
restore_foreign(const char *name, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s: not of a backup", name);
}

/* ---- a repository: refs, then parts of a pack ---- */

static int
restore_pack_begin(struct restore *r, struct err *e)
{
	static const char *const args[] = { "index-pack", "--stdin", NULL };
	int p[2], rc;

	if (pipe2(p, O_CLOEXEC) == -1)
		return err_sys(e, ERR_IO, "pipe");
	rc = backupgit_start(&r->git, r->project, args, p[0], -1, e);
	(void)close(p[0]);
	if (rc == -1)
		(void)close(p[1]);
	else
		r->pack = p[1];
	return rc;
}

static int
restore_symref(
    struct restore *r, struct view name, struct view target, struct err *e)
{
	AUTO_FREE char *from = view_dup(name);
	AUTO_FREE char *to = view_dup(target);
	const char *args[] = { "symbolic-ref", from, to, NULL };
	AUTO_STR struct str out = STR_INIT;

	return backupgit_ask(&r->git, r->project, args, -1, &out, e);
}

/* All at once, and git looks whether their objects are there. */
static int
restore_refs(struct restore *r, struct err *e)
{
	static const char *const args[] = { "update-ref", "--stdin", NULL };
	AUTO_STR struct str text = STR_INIT_MAX(RESTORE_REFS_MAX);
	AUTO_STR struct str out = STR_INIT;
	struct view rest = str_view(&r->refs), line;
	int in, rc = 0;

	while (rc == 0 && rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct view words = line, sha, name, target;

		if (!view_split(&words, ' ', &sha) ||
		    !view_split(&words, ' ', &name))
			return restore_foreign("a list of refs", e);
		if (view_split(&words, ' ', &target))
			rc = restore_symref(r, name, target, e);
		else
			str_addf(&text, "create %.*s %.*s\n", (int)name.len,
			    name.p, (int)sha.len, sha.p);
	}
	if (rc == -1 || text.len == 0)
		return rc;
	in = backupgit_text(&text, e);
	if (in == -1)
		return -1;
	rc = backupgit_ask(&r->git, r->project, args, in, &out, e);
	(void)close(in);
	return rc;
}

/* Whatever its refs reach is there, and its refs are in one file. */
static int
restore_verify(struct restore *r, struct err *e)
{
	static const char *const walk[] = { "rev-list", "--objects", "--all",
		"--quiet", NULL };
	static const char *const pack[] = { "pack-refs", "--all", NULL };
	AUTO_STR struct str out = STR_INIT;

	if (r->refs.len == 0)
		return 0;
	if (backupgit_ask(&r->git, r->project, walk, -1, &out, e) == -1)
		return -1;
	return backupgit_ask(&r->git, r->project, pack, -1, &out, e);
}

static int
restore_repo_end(struct restore *r, struct err *e)
{
	int rc = 0;

	if (r->project == 0)
		return 0;
	if (r->pack != -1) {
		(void)close(STEAL_FD(r->pack));
		rc = backupgit_wait(&r->git, e);
	}
	if (rc == 0)
		rc = restore_refs(r, e);
	if (rc == 0)
		rc = restore_verify(r, e);
	if (rc == -1)
		return err_wrap(e, "repository %" PRId64, r->project);
	r->repos++;
	r->project = 0;
	str_reset(&r->refs);
	return 0;
}

static int
restore_repo_refs(
    struct restore *r, const struct tarball_file *f, int64_t id, struct err *e)
{
	struct view line, rest, words, dash, head, target;
	AUTO_FREE char *branch = NULL;

	if (restore_repo_end(r, e) == -1 ||
	    tarball_read(&r->tar, f, RESTORE_REFS_MAX, &r->refs, e) == -1)
		return -1;
	rest = str_view(&r->refs);
	if (!view_split(&rest, '\n', &line))
		return restore_foreign(f->name, e);
	words = line;
	if (!view_split(&words, ' ', &dash) ||
	    !view_split(&words, ' ', &head) ||
	    !view_split(&words, ' ', &target) || !view_is(head, "HEAD") ||
	    !view_starts(target, "refs/heads/"))
		return restore_foreign(f->name, e);
	branch = view_dup(view_from(target, strlen("refs/heads/")));
	str_drop(&r->refs, line.len + 1);
	r->project = id;
	return repo_create(r->env, id, branch, e);
}

/* The backup says that git could not read all of this one. */
static int
restore_repo_failed(
    struct restore *r, const struct tarball_file *f, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct err why = ERR_INIT;
	struct view line, rest;

	if (tarball_read(&r->tar, f, RESTORE_HEAD_MAX, &text, e) == -1)
		return -1;
	if (restore_repo_end(r, &why) == 0)
		return 0;
	rest = str_view(&text);
	(void)view_split(&rest, '\n', &line);
	(void)fprintf(stderr, "cofferd: restore: ");
	for (size_t i = 0; i < line.len; i++)
		(void)fputc(line.p[i] < ' ' ? '?' : line.p[i], stderr);
	(void)fprintf(stderr,
	    ": it was damaged when the backup was made; its repository is "
	    "empty here\n");
	r->notes++;
	r->project = 0;
	str_reset(&r->refs);
	return 0;
}

static int
restore_repo(struct restore *r, const struct tarball_file *f, struct err *e)
{
	AUTO_FREE char *id = xstrdup(f->name + strlen("data/repos/"));
	char *slash = strchr(id, '/');
	int64_t project;

	if (slash == NULL)
		return restore_foreign(f->name, e);
	*slash++ = '\0';
	if (num_i64(id, 1, INT64_MAX, &project, e) == -1)
		return restore_foreign(f->name, e);
	if (strcmp(slash, "refs") == 0)
		return restore_repo_refs(r, f, project, e);
	if (strcmp(slash, "failed") == 0 && project == r->project)
		return restore_repo_failed(r, f, e);
	if (strncmp(slash, "pack.", 5) != 0 || project != r->project)
		return restore_foreign(f->name, e);
	if (r->pack == -1 && restore_pack_begin(r, e) == -1)
		return -1;
	return tarball_read_to(&r->tar, f, r->pack, e);
}

/* ---- files ---- */

static int
restore_to(struct restore *r, const struct tarball_file *f, const char *name,
    struct err *e)
{
	AUTO_FREE char *path = path_join(r->home, name);
	AUTO_CLOSE int fd = -1;

	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(e, ERR_IO, "make %s", path);
	if (tarball_read_to(&r->tar, f, fd, e) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return -1;
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static int
restore_data(struct restore *r, const struct tarball_file *f, struct err *e)
{
	static const char *const folders[] = { "attachments/", "logs/runs/",
		"logs/jobs/", "secrets/upstream/", NULL };
	const char *name = f->name + strlen("data/");

	if (strcmp(name, "db") == 0) {
		r->has_db = true;
		return restore_to(r, f, restore_copy, e);
	}
	if (strncmp(name, "repos/", 6) == 0)
		return restore_repo(r, f, e);
	if (restore_repo_end(r, e) == -1)
		return -1;
	for (size_t i = 0; folders[i] != NULL; i++) {
		size_t n = strlen(folders[i]);

		if (strncmp(name, folders[i], n) == 0 &&
		    strchr(name + n, '/') == NULL)
			return restore_to(r, f, name, e);
	}
	return restore_foreign(f->name, e);
}

/* From here on as the server; its new, empty database is not the one. */
static int
restore_enter(struct restore *r, struct err *e)
{
	AUTO_FREE char *db = path_join(r->home, "db/coffer.db");
	FILE *quiet = fopen("/dev/null", "we");
	int rc;

	r->entered = true;
	if (quiet == NULL)
		return err_sys(e, ERR_IO, "/dev/null");
	rc = home_init(r->home, quiet, e);
	(void)fclose(quiet);
	if (rc == -1 || home_enter(r->home, e) == -1 ||
	    backupgit_open(&r->git, r->home, e) == -1)
		return -1;
	if (unlink(db) == -1)
		return err_sys(e, ERR_IO, "remove %s", db);
	FAIL_POINT(restore_entered);
	r->env = gitenv_new(r->home, false, e);
	return r->env == NULL ? -1 : 0;
}

static int
restore_file(struct restore *r, const struct tarball_file *f, struct err *e)
{
	if (strncmp(f->name, "home/", 5) == 0 && !r->entered)
		return backuphome_put(&r->tar, f, r->home, e);
	if (strncmp(f->name, "data/", 5) != 0)
		return restore_foreign(f->name, e);
	if (!r->entered && restore_enter(r, e) == -1)
		return -1;
	return restore_data(r, f, e);
}

static int
restore_head(struct restore *r, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct tarball_file f;
	struct json *j;
	int64_t format;

	if (tarball_next(&r->tar, &f, e) != 1 ||
	    strcmp(f.name, "coffer-backup") != 0)
		return err_set(e, ERR_INVALID, "this is no backup");
	if (tarball_read(&r->tar, &f, RESTORE_HEAD_MAX, &text, e) == -1)
		return -1;
	j = json_parse(str_view(&text), 0, e);
	if (j == NULL)
		return err_wrap(e, "its head");
	format = json_i64_or(j, "format", 0);
	r->made_ms = json_i64_or(j, "made_ms", 0);
	r->secrets = json_bool_or(j, "secrets", false);
	json_free(j);
	return format == 1
	    ? 0
	    : err_set(e, ERR_INVALID,
		  "its format is %" PRId64 ": a newer program made it", format);
}

static int
restore_home(const char *home, struct err *e)
{
	DIR *d;
	const struct dirent *ent;
	bool empty = true;

	if (path_mkdirs(home, 0711, e) == -1)
		return -1;
	d = opendir(home);
	if (d == NULL)
		return err_sys(e, ERR_IO, "%s", home);
	while ((ent = readdir(d)) != NULL)
		empty = empty &&
		    (strcmp(ent->d_name, ".") == 0 ||
			strcmp(ent->d_name, "..") == 0);
	(void)closedir(d);
	return empty ? 0
		     : err_set(e, ERR_EXISTS,
			   "%s is not empty: a backup is restored into a "
			   "new home",
			   home);
}

/* Before anything of the backup is there; home_init gives the folder to the
 * server. */
static int
restore_mark(const char *home, struct err *e)
{
	AUTO_FREE char *db = path_join(home, "db");
	AUTO_FREE char *mark = path_join(home, HOME_RESTORING);

	if (path_mkdirs(db, 0700, e) == -1)
		return -1;
	return path_write_atomic(mark, "", 0, 0600, e);
}

/* It is whole: what it was made of is for the audit log. */
static int
restore_unmark(const struct restore *r, struct err *e)
{
	AUTO_FREE char *mark = path_join(r->home, HOME_RESTORING);
	AUTO_FREE char *done = path_join(r->home, HOME_RESTORED);
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_i64(&w, "made_ms", r->made_ms);
	jw_bool(&w, "secrets", r->secrets);
	jw_u64(&w, "files", r->tar.files);
	jw_u64(&w, "damaged", r->notes);
	jw_end(&w);
	if (path_write_atomic(done, text.p, text.len, 0600, e) == -1)
		return -1;
	if (unlink(mark) == -1)
		return err_sys(e, ERR_IO, "remove %s", mark);
	sync();
	return 0;
}

/* The database is the last: with it the home can be started. */
static int
restore_database(struct restore *r, struct err *e)
{
	AUTO_FREE char *part = path_join(r->home, restore_copy);
	AUTO_FREE char *db = path_join(r->home, "db/coffer.db");
	struct snapshot *s = NULL;

	if (!r->has_db)
		return err_set(e, ERR_INVALID, "there is no database in it");
	if (snapshot_open(&s, part, e) == -1)
		return -1;
	snapshot_close(s);
	sync();
	FAIL_POINT(restore_before_database);
	if (rename(part, db) == -1)
		return err_sys(e, ERR_IO, "rename %s", part);
	sync();
	FAIL_POINT(restore_after_database);
	return restore_unmark(r, e);
}

static int
restore_all(struct restore *r, struct err *e)
{
	struct tarball_file f;
	int rc;

	while ((rc = tarball_next(&r->tar, &f, e)) == 1)
		if (restore_file(r, &f, e) == -1)
			return -1;
	if (rc == -1 || restore_repo_end(r, e) == -1)
		return -1;
	return restore_database(r, e);
}

/* No database: nobody starts on a part of a backup. */
static void
restore_forget(const struct restore *r)
{
	AUTO_FREE char *db = path_join(r->home, "db/coffer.db");

	(void)unlink(db);
}

int
backup_restore(const char *home, struct err *e)
{
	struct restore r = {
		.home = home, .pack = -1, .refs = STR_INIT_MAX(RESTORE_REFS_MAX)
	};
	int rc;

	tarball_init(&r.tar, STDIN_FILENO);
	rc = restore_head(&r, e);
	if (rc == 0)
		rc = restore_home(home, e);
	if (rc == 0)
		rc = restore_mark(home, e);
	FAIL_POINT(restore_marked);
	if (rc == 0 && restore_all(&r, e) == -1) {
		restore_forget(&r);
		rc = -1;
	}
	if (rc == 0)
		(void)fprintf(stderr,
		    "cofferd: restore: %" PRIu64 " repositories, %" PRIu64
		    " files, %" PRIu64 " bytes\n",
		    r.repos, r.tar.files, r.tar.bytes);
	if (r.pack != -1)
		(void)close(r.pack);
	backupgit_close(&r.git);
	gitenv_free(r.env);
	str_release(&r.refs);
	tarball_release(&r.tar);
	return rc == 0 && r.notes > 0 ? 1 : rc;
}
