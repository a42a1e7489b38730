#include "cli/seed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

struct seed {
	int home; /* everything is opened beneath it, without a link */
	const char *to;
	seed_file_fn *fn;
	void *arg;
	int looked, taken;
	size_t bytes;
};

static int seed_folder(
    struct seed *s, const char *path, int depth, struct err *e);

static int
seed_open(const struct seed *s, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
		    RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, s->home, path, &how, sizeof(how));
}

static void
seed_tell(struct seed *s, const char *path, const char *refused)
{
	const struct seed_file f = { .path = path, .refused = refused };

	if (refused == NULL)
		s->taken++;
	if (s->fn != NULL)
		s->fn(&f, s->arg);
}

/* Why not, or NULL with the text. */
static const char *
seed_read(struct seed *s, const char *path, struct str *text)
{
	AUTO_CLOSE int fd = seed_open(s, path, O_RDONLY | O_NONBLOCK);
	struct stat st;
	char buf[8192];
	ssize_t n;

	if (fd == -1)
		return errno == ELOOP ? "it is a link" : "it cannot be read";
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return "it is no file";
	if (st.st_nlink > 1)
		return "it has another name (a hard link)";
	if (st.st_size > SEED_FILE_MAX)
		return "it is too large";
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		str_addn(text, buf, (size_t)n);
		if (text->len > SEED_FILE_MAX)
			return "it is too large";
	}
	return n == 0 ? seed_text_refused(str_view(text)) : "it cannot be read";
}

static int
seed_one(struct seed *s, const char *path, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	const char *slash = strrchr(path, '/');
	const char *why = seed_name_refused(slash != NULL ? slash + 1 : path);
	AUTO_FREE char *to = NULL;
	AUTO_FREE char *dir = NULL;

	if (++s->looked > SEED_FILES_MAX)
		return err_set(e, ERR_LIMIT, "over %d files", SEED_FILES_MAX);
	if (why == NULL)
		why = seed_read(s, path, &text);
	seed_tell(s, path, why);
	if (why != NULL || s->to == NULL)
		return 0;
	s->bytes += text.len;
	if (s->bytes > SEED_TOTAL_MAX)
		return err_set(
		    e, ERR_LIMIT, "over %d MiB together", SEED_TOTAL_MAX >> 20);
	to = path_join(s->to, path);
	dir = xstrdup(to);
	*strrchr(dir, '/') = '\0';
	if (path_mkdirs(dir, 0755, e) == -1)
		return -1;
	return path_write_atomic(
	    to, text.len > 0 ? text.p : "", text.len, 0644, e);
}

static int
seed_entry(struct seed *s, const char *path, int depth, struct err *e)
{
	struct stat st;
	AUTO_CLOSE int fd = seed_open(s, path, O_PATH | O_NOFOLLOW);

	/* What is not there is fine. */
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (strlen(path) > SEED_PATH_MAX)
		return err_set(e, ERR_LIMIT, "a path is too long");
	if (fd == -1 || fstat(fd, &st) == -1) {
		seed_tell(s, path,
		    errno == ELOOP ? "it is reached by a link"
				   : "it cannot be read");
		return 0;
	}
	if (S_ISLNK(st.st_mode)) {
		seed_tell(s, path, "it is a link");
		return 0;
	}
	return S_ISDIR(st.st_mode) ? seed_folder(s, path, depth, e)
				   : seed_one(s, path, e);
}

static int
seed_folder(struct seed *s, const char *path, int depth, struct err *e)
{
	int fd = seed_open(s, path, O_RDONLY | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *ent;
	int rc = 0;

	if (d == NULL) {
		if (fd != -1)
			(void)close(fd);
		seed_tell(s, path, "it cannot be read");
		return 0;
	}
	if (depth > SEED_DEPTH_MAX)
		rc = err_set(e, ERR_LIMIT, "%s is too deep", path);
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (rc == 0 && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *sub = NULL;
		const char *why;

		if (strcmp(ent->d_name, ".") == 0 ||
		    strcmp(ent->d_name, "..") == 0)
			continue;
		sub = xasprintf("%s/%s", path, ent->d_name);
		why = seed_name_refused(ent->d_name);
		if (why != NULL)
			seed_tell(s, sub, why);
		else
			rc = seed_entry(s, sub, depth + 1, e);
	}
	(void)closedir(d);
	return rc;
}

int
seed_copy(const char *from, const char *to, seed_file_fn *fn, void *arg,
    struct err *e)
{
	AUTO_CLOSE int home = open(
	    from, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct seed s = { .home = home, .to = to, .fn = fn, .arg = arg };

	if (home == -1)
		return err_sys(e, ERR_NOTFOUND, "%s", from);
	if (to != NULL && mkdir(to, 0755) == -1)
		return err_sys(e, ERR_IO, "make %s", to);
	for (const char *const *p = seed_list(); *p != NULL; p++) {
		AUTO_FREE char *path = xstrdup(*p);
		size_t n = strlen(path);

		if (path[n - 1] == '/')
			path[n - 1] = '\0';
		if (seed_entry(&s, path, 0, e) == -1)
			return -1;
	}
	return s.taken;
}
