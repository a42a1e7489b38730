#include "agentd/sandbox/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/seq.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

struct unpack {
	const struct sandbox_host *h;
	DIR *dir;   /* HOME/images */
	char *root; /* in hand: HOME/images/NAME */
	char *part; /* HOME/images/.NAME.part, while it is unpacked */
	sandbox_done_fn *done;
	void *arg;
};

static void unpack_next(void *arg);

static void
unpack_note(struct unpack *u, const struct err *e)
{
	log_warn("unpack root=%s why=%s", log_val(u->root), log_val(e->msg));
}

/* It is a root if it has a system, and gets its name in one step. */
static int
unpack_place(const struct unpack *u, struct err *e)
{
	AUTO_FREE char *usr = path_join(u->part, "usr/bin");

	if (access(usr, F_OK) == -1)
		return err_set(
		    e, ERR_INVALID, "there is no usr/bin in its tar");
	if (chmod(u->part, 0755) == -1 || rename(u->part, u->root) == -1)
		return err_sys(e, ERR_IO, "rename to %s", u->root);
	return 0;
}

static void
unpack_on_safe(const struct err *e, void *arg)
{
	struct unpack *u = arg;
	struct err bad = ERR_INIT;

	if (e != NULL)
		bad = *e;
	if (e != NULL || unpack_place(u, &bad) == -1) {
		unpack_note(u, &bad);
		if (path_rmtree(u->part, &bad) == -1)
			unpack_note(u, &bad);
	} else {
		log_info("unpack root=%s", log_val(u->root));
	}
	unpack_next(u);
}

/* Users of the host reach the root: what is setuid or a device there would be
 * theirs.  A sandbox obeys neither. */
static void
unpack_on_tar(const struct err *e, void *arg)
{
	struct unpack *u = arg;
	const char *const argv[] = { "/usr/bin/find", u->part, "-xdev", "(",
		"-type", "b", "-o", "-type", "c", ")", "-delete", "-o", "-type",
		"f", "-perm", "/6000", "-exec", "/usr/bin/chmod", "a-s", "{}",
		"+", NULL };

	if (e != NULL)
		unpack_on_safe(e, u);
	else
		seq_program(u->h->loop, argv, false, unpack_on_safe, u);
}

/* True: it is being unpacked. */
static bool
unpack_start(struct unpack *u, const char *file)
{
	AUTO_FREE char *name = xstrndup(file, strlen(file) - 4);
	AUTO_FREE char *tar = xasprintf("%s/images/%s", u->h->home, file);
	const char *argv[] = { "/usr/bin/tar", "--numeric-owner", "-C", NULL,
		"-xpf", tar, NULL };
	struct err bad = ERR_INIT;
	struct stat st;

	free(u->root);
	free(u->part);
	u->root = xasprintf("%s/images/%s", u->h->home, name);
	u->part = xasprintf("%s/images/.%s.part", u->h->home, name);
	argv[3] = u->part;
	if (!path_component_ok(name) || lstat(tar, &st) == -1 ||
	    !S_ISREG(st.st_mode) || lstat(u->root, &st) == 0)
		return false;
	if (path_rmtree(u->part, &bad) == -1) {
		unpack_note(u, &bad);
		return false;
	}
	if (mkdir(u->part, 0700) == -1) {
		(void)err_sys(&bad, ERR_IO, "mkdir %s", u->part);
		unpack_note(u, &bad);
		return false;
	}
	seq_program(u->h->loop, argv, false, unpack_on_tar, u);
	return true;
}

static void
unpack_next(void *arg)
{
	struct unpack *u = arg;
	const struct dirent *ent;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (u->dir != NULL && (ent = readdir(u->dir)) != NULL) {
		size_t n = strlen(ent->d_name);

		if (n > 4 && strcmp(ent->d_name + n - 4, ".tar") == 0 &&
		    unpack_start(u, ent->d_name))
			return;
	}
	if (u->dir != NULL)
		(void)closedir(u->dir);
	u->done(NULL, u->arg);
	free(u->root);
	free(u->part);
	free(u);
}

void
unpack_images(const struct sandbox_host *h, sandbox_done_fn *done, void *arg)
{
	AUTO_FREE char *dir = path_join(h->home, "images");
	struct unpack *u = xcalloc(1, sizeof(*u));

	u->h = h;
	u->dir = opendir(dir);
	u->done = done;
	u->arg = arg;
	loop_defer(h->loop, unpack_next, u);
}
