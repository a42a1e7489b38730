#include "server/git/repo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/io/child.h"
#include "server/git/git_env.h"
#include "server/git/packs.h"

/* Between a repository's name and a random tag, while it is removed. */
#define REPO_GONE ".gone-"

static const char repo_config[] = "[core]\n"
				  "\trepositoryformatversion = 0\n"
				  "\tfilemode = true\n"
				  "\tbare = true\n";

/* A commit's own attributes must not change what `git archive` puts out. */
static const char repo_attributes[] = "* -export-ignore -export-subst\n";

static const char *const repo_dirs[] = { "", "objects", "objects/info",
	"objects/pack", "refs", "refs/heads", "refs/tags", "info" };

static int
repo_make(const char *path, const char *head, struct err *e)
{
	AUTO_FREE char *config = path_join(path, "config");
	AUTO_FREE char *attributes = path_join(path, "info/attributes");
	AUTO_FREE char *head_file = path_join(path, "HEAD");
	AUTO_FREE char *text = xasprintf("ref: refs/heads/%s\n", head);

	for (size_t i = 0; i < sizeof(repo_dirs) / sizeof(repo_dirs[0]); i++) {
		AUTO_FREE char *dir = path_join(path, repo_dirs[i]);

		if (mkdir(dir, 0700) == -1 && errno != EEXIST)
			return err_sys(e, ERR_IO, "%s", dir);
	}
	if (path_write_atomic(
		config, repo_config, sizeof(repo_config) - 1, 0600, e) == -1)
		return -1;
	if (path_write_atomic(attributes, repo_attributes,
		sizeof(repo_attributes) - 1, 0600, e) == -1)
		return -1;
	return path_write_atomic(head_file, text, strlen(text), 0600, e);
}

/* The power went before HEAD was on disk. */
static int
repo_mend_head(const char *path, const char *head, struct err *e)
{
	AUTO_FREE char *file = path_join(path, "HEAD");
	AUTO_FREE char *text = xasprintf("ref: refs/heads/%s\n", head);

	log_error("repo head-lost path=%s", log_val(path));
	return path_write_atomic(file, text, strlen(text), 0600, e);
}

int
repo_create(
    const struct git_env *v, int64_t project, const char *head, struct err *e)
{
	AUTO_FREE char *path = gitenv_repo(v, project);
	AUTO_FREE char *fresh = xasprintf("%s.new", path);
	AUTO_FREE char *objects = path_join(path, "objects");

	if (repo_exists(v, project))
		return 0;
	if (head == NULL)
		head = "main";
	if (access(objects, F_OK) == 0)
		return repo_mend_head(path, head, e);
	/* What a crash left half made has no content. */
	if (path_rmtree(fresh, e) == -1 && e->code != ERR_NOTFOUND)
		return err_wrap(e, "create repository %" PRId64, project);
	if (repo_make(fresh, head, e) == -1)
		return err_wrap(e, "create repository %" PRId64, project);
	if (rename(fresh, path) == -1)
		return err_sys(
		    e, ERR_IO, "create repository %" PRId64, project);
	return 0;
}

bool
repo_exists(const struct git_env *v, int64_t project)
{
	AUTO_FREE char *path = gitenv_repo(v, project);
	AUTO_FREE char *head = path_join(path, "HEAD");
	struct stat st;

	return stat(head, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

bool
repo_packed_is_torn(const struct git_env *v, int64_t project)
{
	AUTO_FREE char *path = gitenv_repo(v, project);
	AUTO_FREE char *packed = path_join(path, "packed-refs");
	AUTO_CLOSE int fd = open(packed, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char first = '\0';

	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return fd != -1 && read(fd, &first, 1) >= 0 && first == '\0';
}

void
repo_packed_forget(const struct git_env *v, int64_t project)
{
	AUTO_FREE char *path = gitenv_repo(v, project);
	AUTO_FREE char *packed = path_join(path, "packed-refs");

	if (repo_packed_is_torn(v, project) && unlink(packed) == -1)
		log_warn("repo packed-refs path=%s err=%s", log_val(packed),
		    strerror(errno));
}

static void
repo_on_removed(const struct child_exit *x, void *arg)
{
	struct err e = ERR_INIT;

	(void)arg;
	if (child_check(x, "remove a repository", &e) == -1)
		log_warn("repo remove-failed err=%s", log_val(e.msg));
}

static int
repo_start_rm(struct loop *l, const char *path, struct err *e)
{
	const char *argv[] = { "/bin/rm", "-rf", "--one-file-system", "--",
		path, NULL };
	const char *envp[] = { "LC_ALL=C", NULL };
	const struct child_spec spec = { .argv = argv,
		.envp = envp,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_COLLECT,
		.limit_ms = (int64_t)3600 * 1000,
		.on_exit = repo_on_removed };
	struct child *c;

	return child_start(l, &spec, &c, e);
}

int
repo_remove(
    struct loop *l, const struct git_env *v, int64_t project, struct err *e)
{
	AUTO_FREE char *path = gitenv_repo(v, project);
	char tag[17];
	AUTO_FREE char *gone = NULL;

	rnd_hex(tag, 8);
	gone = xasprintf("%s" REPO_GONE "%s", path, tag);
	if (rename(path, gone) == -1) {
		if (errno == ENOENT)
			return 0;
		return err_sys(
		    e, ERR_IO, "remove repository %" PRId64, project);
	}
	packs_drop(v, project);
	return repo_start_rm(l, gone, e);
}

void
repo_sweep(struct loop *l, const struct git_env *v)
{
	DIR *d = opendir(gitenv_repos(v));
	struct dirent *x;

	if (d == NULL)
		return;
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL) {
		AUTO_FREE char *path = path_join(gitenv_repos(v), x->d_name);
		struct err e = ERR_INIT;

		if (strstr(x->d_name, REPO_GONE) != NULL &&
		    repo_start_rm(l, path, &e) == -1)
			log_warn("repo remove-failed err=%s", log_val(e.msg));
	}
	(void)closedir(d);
}
