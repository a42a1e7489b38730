#include "cli/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/gitindex.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "lib/base/path.h"

enum {
	SNAPSHOT_LINES_MAX = 128 << 20,
	SNAPSHOT_PATH_MAX = 4096,
	SNAPSHOT_STREAM_MAX = SNAPSHOT_COPY_MAX + (64 << 20)
};

/* Of a repository's own folder this alone says what git does with it; the rest
 * changes when somebody looks. */
static const char *const snapshot_git[] = { "HEAD", "config", "config.worktree",
	"hooks", "info", "packed-refs", "refs", "shallow" };

struct snapshot_walk {
	const struct snapshot_spec *spec;
	struct snapshot *out;
	struct map *index; /* path: its mode + 1; NULL: all is copied */
	struct str file;   /* the one in hand */
	uint64_t entries;
	int64_t bytes; /* looked at */
};

struct snapshot_names {
	char **v;
	size_t n, room;
};

static void
snapshot_names_release(struct snapshot_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int
snapshot_names_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
snapshot_list(
    int fd, const char *path, struct snapshot_names *out, struct err *e)
{
	const struct dirent *d;
	DIR *dir = fdopendir(fd);

	if (dir == NULL) {
		(void)close(fd);
		return err_sys(e, ERR_IO, "%s", path);
	}
	while (errno = 0, (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (out->n == SNAPSHOT_ENTRIES_MAX)
			break;
		if (out->n == out->room) {
			out->room = out->room == 0 ? 64 : 2 * out->room;
			out->v = xrealloc(out->v, out->room * sizeof(*out->v));
		}
		out->v[out->n++] = xstrdup(d->d_name);
	}
	if (errno != 0) {
		(void)err_sys(e, ERR_IO, "%s", path);
		(void)closedir(dir);
		return -1;
	}
	(void)closedir(dir);
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), snapshot_names_cmp);
	return 0;
}

bool
snapshot_link_leaves(const char *path, const char *target)
{
	struct view rest = view_of(path), part;
	long deep = -1; /* its own name is no folder */

	if (target[0] == '/')
		return true;
	while (view_split(&rest, '/', &part))
		deep++;
	rest = view_of(target);
	while (view_split(&rest, '/', &part)) {
		if (view_eq(part, view_of("..")))
			deep--;
		else if (part.len > 0 && !view_eq(part, view_of(".")))
			deep++;
		if (deep < 0)
			return true;
	}
	return false;
}

static bool
snapshot_is_git(const char *name)
{
	return strcasecmp(name, ".git") == 0;
}

/* Is it a part of the copy? */
static bool
snapshot_wants(const struct snapshot_walk *w, const char *path)
{
	if (!w->spec->copy)
		return false;
	return w->index == NULL || map_get(w->index, path) != NULL;
}

/* Quoted as git-fast-import(1) reads a path. */
static void
snapshot_quote(struct str *out, const char *path)
{
	str_addc(out, '"');
	for (const unsigned char *p = (const unsigned char *)path; *p != '\0';
	     p++) {
		if (*p == '"' || *p == '\\')
			str_addf(out, "\\%c", *p);
		else if (*p < ' ' || *p == 127)
			str_addf(out, "\\%03o", *p);
		else
			str_addc(out, (char)*p);
	}
	str_addc(out, '"');
}

static int
snapshot_copy(struct snapshot_walk *w, const char *path, const char *mode,
    struct view bytes, struct err *e)
{
	struct snapshot *s = w->out;

	if (s->bytes + bytes.len > SNAPSHOT_COPY_MAX)
		return err_set(e, ERR_LIMIT,
		    "the copy would be over %d MiB, at %.120s",
		    (int)(SNAPSHOT_COPY_MAX >> 20), path);
	str_addf(&s->stream, "M %s inline ", mode);
	snapshot_quote(&s->stream, path);
	str_addf(&s->stream, "\ndata %zu\n", bytes.len);
	str_addv(&s->stream, bytes);
	str_addc(&s->stream, '\n');
	s->files++;
	s->bytes += bytes.len;
	return 0;
}

static void
snapshot_line(struct snapshot_walk *w, char kind, mode_t mode, const char *hash,
    const char *path)
{
	str_addf(
	    &w->out->lines, "%c %04o %s ", kind, (unsigned)mode & 07777, hash);
	snapshot_quote(&w->out->lines, path);
	str_addc(&w->out->lines, '\n');
}

/* What it holds into w->file. */
static int
snapshot_read(struct snapshot_walk *w, int dir, const char *name,
    const char *path, struct err *e)
{
	/* O_NONBLOCK: what took its place must not block. */
	AUTO_CLOSE int fd = openat(
	    dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t want, got = 0;
	struct stat st;
	char *room;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "read %.150s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(
		    e, ERR_DENIED, "%.150s changed while it was read", path);
	w->bytes += st.st_size;
	if (st.st_size > SNAPSHOT_FILE_MAX || w->bytes > SNAPSHOT_BYTES_MAX)
		return err_set(e, ERR_LIMIT,
		    "%.150s: more than %d MiB in a file, or %d GiB in all",
		    path, (int)(SNAPSHOT_FILE_MAX >> 20),
		    (int)(SNAPSHOT_BYTES_MAX >> 30));
	str_reset(&w->file);
	want = (size_t)st.st_size + 1;
	room = str_room(&w->file, want);
	if (room == NULL)
		return err_set(e, ERR_LIMIT, "%.150s is too large", path);
	do {
		n = read(fd, room + got, want - got);
		if (n > 0)
			got += (size_t)n;
	} while ((n > 0 && got < want) || (n == -1 && errno == EINTR));
	w->file.len = got;
	if (n == -1)
		return err_sys(e, ERR_IO, "read %.150s", path);
	return (off_t)got == st.st_size
	    ? 0
	    : err_set(e, ERR_DENIED, "%.150s changed while it was read", path);
}

static int
snapshot_file(struct snapshot_walk *w, int dir, const char *name,
    const char *path, mode_t mode, struct err *e)
{
	char hash[SHA256_HEX];

	if (snapshot_read(w, dir, name, path, e) == -1)
		return -1;
	sha256_hex(str_view(&w->file), hash);
	snapshot_line(w, 'f', mode, hash, path);
	if (!snapshot_wants(w, path))
		return 0;
	return snapshot_copy(w, path,
	    (mode & S_IXUSR) != 0 ? "100755" : "100644", str_view(&w->file), e);
}

static int
snapshot_link(struct snapshot_walk *w, int dir, const char *name,
    const char *path, struct err *e)
{
	char target[PATH_MAX], hash[SHA256_HEX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n == -1)
		return err_sys(e, ERR_IO, "read %.150s", path);
	target[n] = '\0';
	sha256_hex(view_of(target), hash);
	snapshot_line(w, 'l', 0, hash, path);
	if (!snapshot_wants(w, path))
		return 0;
	if (snapshot_link_leaves(path, target))
		return err_set(e, ERR_DENIED,
		    "%.150s is a link that leaves the folder", path);
	return snapshot_copy(w, path, "120000", view_of(target), e);
}

static int snapshot_dir(struct snapshot_walk *w, int fd, const char *path,
    unsigned deep, struct err *e);

static int
snapshot_enter(struct snapshot_walk *w, int dir, const char *name,
    const char *path, unsigned deep, struct err *e)
{
	int fd = openat(
	    dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_IO, "%.150s", path);
	return snapshot_dir(w, fd, path, deep + 1, e);
}

static int
snapshot_entry(struct snapshot_walk *w, int dir, const char *name,
    const char *path, unsigned deep, struct err *e)
{
	struct stat st;

	if (++w->entries > SNAPSHOT_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "over %d files and folders",
		    (int)SNAPSHOT_ENTRIES_MAX);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_sys(e, ERR_IO, "%.150s", path);
	if (S_ISREG(st.st_mode))
		return snapshot_file(w, dir, name, path, st.st_mode, e);
	if (S_ISLNK(st.st_mode))
		return snapshot_link(w, dir, name, path, e);
	if (S_ISDIR(st.st_mode)) {
		snapshot_line(w, 'd', st.st_mode, "-", path);
		return snapshot_enter(w, dir, name, path, deep, e);
	}
	snapshot_line(w, 'o', st.st_mode, "-", path);
	return snapshot_wants(w, path)
	    ? err_set(e, ERR_DENIED,
		  "%.150s is no file, folder or link: it is not copied", path)
	    : 0;
}

static bool
snapshot_git_counts(const char *name)
{
	for (size_t i = 0; i < sizeof(snapshot_git) / sizeof(snapshot_git[0]);
	     i++)
		if (strcmp(snapshot_git[i], name) == 0)
			return true;
	return false;
}

static int
snapshot_own_look(struct snapshot_walk *w, int dir, const char *name,
    const char *path, unsigned deep, struct err *e)
{
	AUTO_CLOSE int fd = openat(
	    dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct snapshot_names list = { .n = 0 };
	int rc = 0, copy;

	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		return snapshot_entry(w, dir, name, path, deep, e);
	copy = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy == -1)
		return err_sys(e, ERR_IO, "%.150s", path);
	rc = snapshot_list(copy, path, &list, e);
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		AUTO_FREE char *at = path_join(path, list.v[i]);

		if (snapshot_git_counts(list.v[i]))
			rc = snapshot_entry(w, fd, list.v[i], at, deep + 1, e);
	}
	snapshot_names_release(&list);
	return rc;
}

/* The folder's own .git is looked at and never copied; one below it is another
 * repository's. */
static int
snapshot_own(struct snapshot_walk *w, int dir, const char *name,
    const char *path, unsigned deep, struct err *e)
{
	const struct snapshot_spec *spec = w->spec;
	struct snapshot_spec look = *spec;
	int rc;

	look.copy = false;
	w->spec = &look;
	if (deep > 0 && (w->index == NULL || map_get(w->index, path) == NULL))
		w->out->left_out++;
	rc = snapshot_own_look(w, dir, name, path, deep, e);
	w->spec = spec;
	return rc;
}

/* Takes fd. */
static int
snapshot_dir(struct snapshot_walk *w, int fd, const char *path, unsigned deep,
    struct err *e)
{
	AUTO_CLOSE int dir = fd;
	struct snapshot_names list = { .n = 0 };
	int rc = 0, copy;

	if (deep > SNAPSHOT_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "%.150s: over %d folders deep",
		    path, (int)SNAPSHOT_DEPTH_MAX);
	copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (copy == -1)
		return err_sys(e, ERR_IO, "%.150s", path);
	rc = snapshot_list(copy, path, &list, e);
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		AUTO_FREE char *at = path[0] == '\0'
		    ? xstrdup(list.v[i])
		    : path_join(path, list.v[i]);

		if (strlen(at) > SNAPSHOT_PATH_MAX)
			rc = err_set(e, ERR_LIMIT, "a path is over %d bytes",
			    (int)SNAPSHOT_PATH_MAX);
		else if (snapshot_is_git(list.v[i]))
			rc = snapshot_own(w, dir, list.v[i], at, deep, e);
		else
			rc = snapshot_entry(w, dir, list.v[i], at, deep, e);
	}
	snapshot_names_release(&list);
	return rc;
}

static int
snapshot_on_path(const char *path, uint32_t mode, void *arg, struct err *e)
{
	struct snapshot_walk *w = arg;

	AUTO_FREE char *own = NULL;

	(void)e;
	if (mode != GITINDEX_LINK) {
		(void)map_put(w->index, path, w);
		return 0;
	}
	/* Counted once, whether it is checked out or not. */
	own = path_join(path, ".git");
	(void)map_put(w->index, own, w);
	w->out->left_out++;
	return 0;
}

/* The paths that the repository knows, if there is one. */
static int
snapshot_index(struct snapshot_walk *w, int dir, struct err *e)
{
	AUTO_STR struct str bytes = STR_INIT_MAX(GITINDEX_MAX + 1);
	struct stat st;

	if (!w->spec->copy || w->spec->all ||
	    fstatat(dir, ".git", &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_DENIED,
		    ".git is no folder (a submodule, another work tree): "
		    "--all copies all that is there");
	w->index = map_new();
	if (path_read_beneath(dir, ".git/index", GITINDEX_MAX, &bytes, e) ==
	    -1) {
		if (e->code != ERR_NOTFOUND)
			return err_wrap(e, ".git/index");
		*e = ERR_INIT;
		return 0;
	}
	if (gitindex_walk(str_view(&bytes), snapshot_on_path, w, e) == -1)
		return err_wrap(
		    e, ".git/index cannot be read (--all goes without it)");
	return 0;
}

static void
snapshot_begin(struct snapshot *s)
{
	static const char text[] = "The folder as it was\n";

	str_addf(&s->stream,
	    "commit refs/heads/main\n"
	    "committer coffer <coffer@cofferd.invalid> %lld +0000\n"
	    "data %zu\n%s",
	    (long long)time(NULL), sizeof(text) - 1, text);
}

int
snapshot_take(
    const struct snapshot_spec *spec, struct snapshot *out, struct err *e)
{
	struct snapshot_walk w = { .spec = spec,
		.out = out,
		.file = STR_INIT_MAX(SNAPSHOT_FILE_MAX + (512 << 10)) };
	int fd = open(spec->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	out->lines = STR_INIT_MAX(SNAPSHOT_LINES_MAX);
	out->stream = STR_INIT_MAX(SNAPSHOT_STREAM_MAX);
	if (fd == -1)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s",
		    spec->dir);
	rc = snapshot_index(&w, fd, e);
	if (rc == 0 && spec->copy)
		snapshot_begin(out);
	if (rc == 0)
		rc = snapshot_dir(&w, fd, "", 0, e);
	else
		(void)close(fd);
	if (w.index != NULL)
		map_free(w.index);
	str_release(&w.file);
	if (rc == -1)
		return -1;
	if (!str_ok(&out->lines) || !str_ok(&out->stream))
		return err_set(e, ERR_LIMIT, "there is too much of it");
	if (spec->copy)
		str_add(&out->stream, "\ndone\n");
	sha256_hex(str_view(&out->lines), out->print);
	return 0;
}

void
snapshot_release(struct snapshot *s)
{
	str_release(&s->lines);
	str_release(&s->stream);
}

/* The path of a line, behind its kind, mode and hash. */
static struct view
snapshot_line_path(struct view line)
{
	struct view part;

	for (int i = 0; i < 3; i++)
		(void)view_split(&line, ' ', &part);
	return line;
}

void
snapshot_changed(
    const struct snapshot *a, const struct snapshot *b, char *out, size_t max)
{
	struct view was = str_view(&a->lines), now = str_view(&b->lines);
	struct view x = { .len = 0 }, y = { .len = 0 };

	out[0] = '\0';
	while (was.len > 0 || now.len > 0) {
		bool has = view_split(&was, '\n', &x);
		bool had = view_split(&now, '\n', &y);

		if (has && had && view_eq(x, y))
			continue;
		x = snapshot_line_path(has && x.len > 0 ? x : y);
		(void)snprintf(out, max, "%.*s", (int)x.len, x.p);
		return;
	}
}
