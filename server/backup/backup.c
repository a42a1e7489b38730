#include "server/backup/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/net/tarball.h"
#include "lib/wire/json.h"
#include "server/backup/backup_git.h"
#include "server/backup/backup_home.h"
#include "server/home.h"
#include "server/store/snapshot.h"

enum {
	BACKUP_PART = 8 << 20, /* of a pack */
	BACKUP_HEAD_MAX = 4096,
	BACKUP_REFS_MAX = 64 << 20,
	BACKUP_SHA = 40
};

/* What a repository has beside what rows name, read before the database. */
struct backup_repo {
	int64_t id;
	struct str refs;
	bool failed;
};

struct backup {
	struct tarball tar;
	struct backup_git git;
	const char *home;
	struct snapshot *snap;
	struct backup_repo *repos;
	size_t n;
	size_t at;        /* which of them */
	struct str lines; /* its refs as they go into the archive */
	unsigned notes;
};

static void
backup_note(struct backup *b, const char *what, const char *why)
{
	b->notes++;
	(void)fprintf(stderr, "cofferd: backup: %s: %s\n", what, why);
}

static int
backup_head(struct backup *b, bool secrets, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_i64(&w, "format", 1);
	jw_i64(&w, "made_ms", clock_now_ms());
	jw_str(&w, "version", VERSION);
	jw_bool(&w, "secrets", secrets);
	jw_end(&w);
	return tarball_add(&b->tar, "coffer-backup", str_view(&text), e);
}

/* ---- repositories ---- */

/* Rows have these; what git has of them may be newer than the database. */
static bool
backup_is_of_rows(struct view name)
{
	return view_starts(name, "refs/heads/") ||
	    view_starts(name, "refs/tags/") ||
	    view_starts(name, "refs/coffer/kept/") ||
	    (view_starts(name, "refs/pull/") && view_ends(name, "/head"));
}

static int
backup_read_head(struct backup *b, struct backup_repo *r, struct err *e)
{
	AUTO_FREE char *repo = backupgit_repo(&b->git, r->id);
	AUTO_FREE char *path = path_join(repo, "HEAD");
	AUTO_STR struct str text = STR_INIT;
	struct view v;

	if (path_read(path, BACKUP_HEAD_MAX, &text, e) == -1)
		return -1;
	v = view_trim(str_view(&text));
	if (!view_starts(v, "ref: refs/"))
		return err_set(e, ERR_INVALID, "%s names no branch", path);
	str_addf(&r->refs, "- HEAD %.*s\n", (int)v.len - 5, v.p + 5);
	return 0;
}

static int
backup_read_repo(struct backup *b, struct backup_repo *r, struct err *e)
{
	static const char *const args[] = { "for-each-ref",
		"--format=%(objectname) %(refname) %(symref)", NULL };
	AUTO_STR struct str all = STR_INIT;
	struct view rest, line;

	if (backup_read_head(b, r, e) == -1 ||
	    backupgit_ask(&b->git, r->id, args, -1, &all, e) == -1)
		return -1;
	rest = str_view(&all);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct view words = line, sha, name;

		if (!view_split(&words, ' ', &sha) ||
		    !view_split(&words, ' ', &name) || backup_is_of_rows(name))
			continue;
		str_addv(&r->refs, view_trim(line));
		str_addc(&r->refs, '\n');
	}
	return 0;
}

static int
backup_add_repo(const struct snapshot_row *row, void *arg, struct err *e)
{
	struct backup *b = arg;
	struct backup_repo *r;
	struct err why = ERR_INIT;

	(void)e;
	b->repos = xrealloc(b->repos, (b->n + 1) * sizeof(*b->repos));
	r = &b->repos[b->n++];
	*r = (struct backup_repo){ .id = row->id,
		.refs = STR_INIT_MAX(BACKUP_REFS_MAX) };
	if (backup_read_repo(b, r, &why) == -1) {
		r->failed = true;
		backup_note(b, row->name, why.msg);
	}
	return 0;
}

/* The upstream's refs before the database: what a mirror then has to do again
 * it does again. */
static int
backup_read_repos(struct backup *b, const char *db, struct err *e)
{
	struct snapshot *live;
	int rc;

	if (snapshot_open(&live, db, e) == -1)
		return -1;
	rc = snapshot_each(live, SNAPSHOT_PROJECTS, 0, backup_add_repo, b, e);
	snapshot_close(live);
	return rc;
}

static int
backup_add_ref(const struct snapshot_row *row, void *arg, struct err *e)
{
	struct backup *b = arg;

	(void)e;
	str_addf(&b->lines, "%s %s\n", row->sha, row->name);
	return 0;
}

/* What git says of each: a word, or "SHA missing". */
static int
backup_drop_missing(struct backup *b, const char *name, int64_t id,
    struct str *shas, struct err *e)
{
	static const char *const args[] = { "cat-file",
		"--batch-check=%(objecttype)", NULL };
	AUTO_STR struct str said = STR_INIT_MAX(BACKUP_REFS_MAX);
	AUTO_STR struct str kept = STR_INIT_MAX(BACKUP_REFS_MAX);
	AUTO_STR struct str left = STR_INIT_MAX(BACKUP_REFS_MAX);
	AUTO_CLOSE int in = backupgit_text(shas, e);
	struct view a = str_view(shas), b_ = str_view(&b->lines), c;
	struct view sha, line, word;

	if (in == -1 || backupgit_ask(&b->git, id, args, in, &said, e) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return -1;
	c = str_view(&said);
	while (b_.len > 0 && view_split(&b_, '\n', &line)) {
		if (view_starts(line, "- ")) {
			str_addf(&kept, "%.*s\n", (int)line.len, line.p);
			continue;
		}
		if (!view_split(&a, '\n', &sha) || !view_split(&c, '\n', &word))
			break;
		if (view_ends(word, " missing")) {
			AUTO_FREE char *what = xasprintf(
			    "%s: %.*s", name, (int)line.len, line.p);

			backup_note(b, what, "its object is not there");
			continue;
		}
		str_addf(&kept, "%.*s\n", (int)line.len, line.p);
		str_addf(&left, "%.*s\n", (int)sha.len, sha.p);
	}
	str_reset(&b->lines);
	str_addv(&b->lines, str_view(&kept));
	str_reset(shas);
	str_addv(shas, str_view(&left));
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

/* The first word of each line. */
static void
backup_shas(const struct str *lines, struct str *out)
{
	struct view rest = str_view(lines), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line))
		if (line.len > BACKUP_SHA && line.p[0] != '-')
			str_addf(out, "%.*s\n", BACKUP_SHA, line.p);
}

/* One part after the other, as they come out of the pipe. */
static int
backup_pack_parts(struct backup *b, int64_t id, int fd, struct err *e)
{
	AUTO_FREE char *part = xmalloc(BACKUP_PART);
	bool more = true;

	for (unsigned n = 1; more; n++) {
		AUTO_FREE char *name = xasprintf(
		    "data/repos/%" PRId64 "/pack.%06u", id, n);
		size_t have = 0;

		while (have < BACKUP_PART && more) {
			ssize_t got = read(fd, part + have, BACKUP_PART - have);

			if (got == -1 && errno == EINTR)
				continue;
			if (got == -1)
				return err_sys(e, ERR_IO, "read a pack");
			more = got > 0;
			have += (size_t)got;
		}
		if (have > 0 &&
		    tarball_add(
			&b->tar, name, (struct view){ part, have }, e) == -1)
			return -1;
	}
	return 0;
}

/* 0, -1: the archive cannot be written; *why: git failed. */
static int
backup_pack(struct backup *b, int64_t id, const struct str *shas,
    struct err *why, struct err *e)
{
	static const char *const args[] = { "pack-objects", "--revs",
		"--stdout", "-q", "--delta-base-offset", NULL };
	AUTO_CLOSE int in = backupgit_text(shas, e);
	int p[2], rc;

	if (in == -1)
		return -1;
	if (pipe2(p, O_CLOEXEC) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "pipe");
	rc = backupgit_start(&b->git, id, args, in, p[1], e);
	(void)close(p[1]);
	if (rc == 0)
		rc = backup_pack_parts(b, id, p[0], e);
	(void)close(p[0]);
	if (rc == 0)
		(void)backupgit_wait(&b->git, why);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return rc;
}

/* A pack that is not whole is in the archive already: whoever restores it is
 * told that this is so, and goes on. */
static int
backup_failed(struct backup *b, const struct snapshot_row *row,
    const struct err *why, struct err *e)
{
	AUTO_FREE char *name = xasprintf(
	    "data/repos/%" PRId64 "/failed", row->id);
	AUTO_FREE char *text = xasprintf("%s: %s\n", row->name, why->msg);

	backup_note(b, row->name, why->msg);
	return tarball_add(&b->tar, name, view_of(text), e);
}

static int
backup_repo(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_STR struct str shas = STR_INIT_MAX(BACKUP_REFS_MAX);
	AUTO_FREE char *refs = xasprintf(
	    "data/repos/%" PRId64 "/refs", row->id);
	struct backup *b = arg;
	struct err why = ERR_INIT;
	struct backup_repo late = { .id = row->id, .refs = STR_INIT };
	struct backup_repo *r;

	while (b->at < b->n && b->repos[b->at].id < row->id)
		b->at++;
	r = b->at < b->n && b->repos[b->at].id == row->id ? &b->repos[b->at]
							  : &late;
	if (r == &late && backup_read_repo(b, r, &why) == -1) {
		backup_note(b, row->name, why.msg);
		r->failed = true;
	}
	str_reset(&b->lines);
	str_addv(&b->lines, str_view(&r->refs));
	str_release(&late.refs);
	if (r->failed)
		return 0;
	if (snapshot_each(
		b->snap, SNAPSHOT_REFS, row->id, backup_add_ref, b, e) != 0)
		return -1;
	backup_shas(&b->lines, &shas);
	if (backup_drop_missing(b, row->name, row->id, &shas, &why) == -1) {
		backup_note(b, row->name, why.msg);
		return 0;
	}
	if (!str_ok(&b->lines)) {
		backup_note(b, row->name, "too many refs");
		return 0;
	}
	if (tarball_add(&b->tar, refs, str_view(&b->lines), e) == -1)
		return -1;
	if (shas.len > 0 && backup_pack(b, row->id, &shas, &why, e) == -1)
		return -1;
	return why.code == ERR_NONE ? 0 : backup_failed(b, row, &why, e);
}

/* ---- files ---- */

/* size -1: all of it. */
static int
backup_file(struct backup *b, const char *name, int64_t size, struct err *e)
{
	AUTO_FREE char *path = path_join(b->home, name);
	AUTO_FREE char *as = path_join("data", name);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		backup_note(b, name, fd == -1 ? strerror(errno) : "no file");
		return 0;
	}
	if (size >= 0 && st.st_size < size)
		backup_note(b, name, "it is shorter than it should be");
	if (size < 0 || st.st_size < size)
		size = st.st_size;
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return tarball_add_fd(&b->tar, as, fd, (uint64_t)size, e);
}

static int
backup_attachment(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_FREE char *name = path_join("attachments", row->name);

	return backup_file(arg, name, row->size, e);
}

static int
backup_run_log(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_FREE char *name = xasprintf("logs/runs/%" PRId64 ".log", row->id);

	return backup_file(arg, name, row->size, e);
}

static int
backup_job_log(const struct snapshot_row *row, void *arg, struct err *e)
{
	AUTO_FREE char *name = xasprintf("logs/jobs/%" PRId64 ".log", row->id);

	return backup_file(arg, name, row->size, e);
}

/* Not every run has one, and what is there is whole. */
static int
backup_record(const struct snapshot_row *row, void *arg, struct err *e)
{
	struct backup *b = arg;
	AUTO_FREE char *name = xasprintf("logs/runs/%" PRId64 ".tar", row->id);
	AUTO_FREE char *path = path_join(b->home, name);

	return access(path, F_OK) == -1 ? 0 : backup_file(b, name, -1, e);
}

static int
backup_data(struct backup *b, struct err *e)
{
	static const struct {
		enum snapshot_kind kind;
		snapshot_fn *fn;
	} parts[] = {
		{ SNAPSHOT_PROJECTS, backup_repo },
		{ SNAPSHOT_ATTACHMENTS, backup_attachment },
		{ SNAPSHOT_RUN_LOGS, backup_run_log },
		{ SNAPSHOT_JOB_LOGS, backup_job_log },
		{ SNAPSHOT_RUNS, backup_record },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (snapshot_each(
			b->snap, parts[i].kind, 0, parts[i].fn, b, e) != 0)
			return -1;
	return 0;
}

/* One at a time: they share the copy's name. */
static int
backup_lock(const char *home, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "db/backup.lock");
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		(void)close(fd);
		return err_set(e, ERR_BUSY, "another backup is being made");
	}
	return fd;
}

static int
backup_server(struct backup *b, bool secrets, struct err *e)
{
	AUTO_FREE char *db = path_join(b->home, "db/coffer.db");
	AUTO_FREE char *copy = path_join(b->home, "db/backup.tmp");
	AUTO_CLOSE int lock = backup_lock(b->home, e);
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int rc = -1;

	if (lock == -1 || backup_read_repos(b, db, e) != 0)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return -1;
	FAIL_POINT(backup_before_copy);
	if (snapshot_make(db, copy, e) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return -1;
	FAIL_POINT(backup_after_copy);
	fd = open(copy, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		rc = err_sys(e, ERR_IO, "open %s", copy);
	else
		rc = tarball_add_fd(
		    &b->tar, "data/db", fd, (uint64_t)st.st_size, e);
	if (rc == 0)
		rc = snapshot_open(&b->snap, copy, e);
	if (rc == 0)
		rc = backup_data(b, e);
	if (rc == 0 && secrets)
		rc = backuphome_add_folder(
		    &b->tar, b->home, "secrets/upstream", "data/", e);
	snapshot_close(b->snap);
	(void)unlink(copy);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return rc;
}

/* For who asks the server when it was, and how much it says of itself that it
 * has not; a backup without this file is one, too. */
static void
backup_note_last(const char *home, unsigned notes)
{
	AUTO_FREE char *path = path_join(home, SNAPSHOT_BACKUP_LAST);
	AUTO_CLOSE int fd = open(
	    path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", notes);

	if (fd == -1 || pwrite(fd, text, (size_t)n, 0) != n ||
	    ftruncate(fd, n) == -1)
		(void)fprintf(
		    stderr, "cofferd: backup: %s: %s\n", path, strerror(errno));
}

/* For cofferd, whose the audit log is: it looks for it every minute, and when
 * it starts. */
static void
backup_note_made(const struct backup *b, bool secrets, bool whole, uid_t by)
{
	int64_t now = clock_now_ms();
	AUTO_FREE char *path = xasprintf(
	    "%s/db/" SNAPSHOT_BACKUP_MADE "%" PRId64, b->home, now);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_i64(&w, "made_ms", now);
	jw_bool(&w, "secrets", secrets);
	jw_bool(&w, "whole", whole);
	jw_u64(&w, "projects", b->n);
	jw_u64(&w, "uid", by);
	jw_end(&w);
	if (path_write_atomic(path, text.p, text.len, 0600, &e) == -1)
		(void)fprintf(stderr,
		    "cofferd: backup: the audit log does not hear of it: %s\n",
		    e.msg);
}

int
backup_write(const char *home, bool secrets, struct err *e)
{
	struct backup b = { .home = home,
		.lines = STR_INIT_MAX(BACKUP_REFS_MAX) };
	const uid_t by = getuid(); /* it becomes another */
	int rc = -1;

	tarball_init(&b.tar, STDOUT_FILENO);
	if (backup_head(&b, secrets, e) == 0 &&
	    backuphome_add(&b.tar, home, secrets, e) == 0 &&
	    home_enter(home, e) == 0 && backupgit_open(&b.git, home, e) == 0 &&
	    backup_server(&b, secrets, e) == 0 && tarball_end(&b.tar, e) == 0)
		rc = b.notes > 0;
	if (rc != -1) {
		backup_note_last(home, b.notes);
		backup_note_made(&b, secrets, rc == 0, by);
	}
	if (rc != -1)
		(void)fprintf(stderr,
		    "cofferd: backup: %zu projects, %" PRIu64 " files, %" PRIu64
		    " bytes%s\n",
		    b.n, b.tar.files, b.tar.bytes,
		    rc == 1 ? "; what is said above is not in it" : "");
	backupgit_close(&b.git);
	for (size_t i = 0; i < b.n; i++)
		str_release(&b.repos[i].refs);
	free(b.repos);
	str_release(&b.lines);
	tarball_release(&b.tar);
	return rc;
}
