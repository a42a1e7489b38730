#include "packs/sweep.h"

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
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "packs/counts.h"
#include "packs/entry.h"

enum {
	SWEEP_ENTRIES_MAX = 20000, /* more are removed as they are found */
	SWEEP_PROJECT_MAX = 20     /* digits of a project's id */
};

struct sweep_entry {
	char project[SWEEP_PROJECT_MAX + 1];
	char key[ENTRY_KEY_HEX + 1];
	int64_t used; /* ms */
	uint64_t bytes;
};

struct sweep {
	const char *repos;
	DIR *top;
	int packs; /* of top */
	int64_t now;
	int64_t age;
	uint64_t max;
	struct sweep_entry *v;
	size_t n, cap;
	uint64_t bytes;
	uint64_t removed;
};

static void
sweep_remove(struct sweep *s, const struct sweep_entry *x)
{
	char path[SWEEP_PROJECT_MAX + ENTRY_KEY_HEX + 2];

	(void)snprintf(path, sizeof(path), "%s/%s", x->project, x->key);
	if (unlinkat(s->packs, path, 0) == 0)
		s->removed++;
}

static void
sweep_entry(struct sweep *s, int dir, const char *project, const char *key)
{
	struct sweep_entry x = { .key = "" };
	struct stat st;
	int64_t idle;

	if (fstatat(dir, key, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	x.used = (int64_t)st.st_mtim.tv_sec * 1000 +
	    st.st_mtim.tv_nsec / 1000000;
	x.bytes = (uint64_t)st.st_blocks * 512;
	/* A clock that was set back leaves times to come. */
	idle = s->now > x.used ? s->now - x.used : x.used - s->now;
	if (idle > s->age || strlen(key) != ENTRY_KEY_HEX ||
	    s->n == SWEEP_ENTRIES_MAX) {
		if (unlinkat(dir, key, 0) == 0)
			s->removed++;
		return;
	}
	memcpy(x.project, project, strnlen(project, SWEEP_PROJECT_MAX));
	memcpy(x.key, key, ENTRY_KEY_HEX);
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : s->cap * 2;
		s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = x;
	s->bytes += x.bytes;
}

static void
sweep_project(struct sweep *s, const char *project)
{
	int fd = openat(
	    s->packs, project, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *x;
	DIR *d;

	if (fd == -1)
		return;
	d = fdopendir(fd);
	if (d == NULL) {
		(void)close(fd);
		return;
	}
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL)
		if (x->d_name[0] != '.')
			sweep_entry(s, fd, project, x->d_name);
	(void)closedir(d);
}

static bool
sweep_is_project(const struct sweep *s, const char *name)
{
	AUTO_FREE char *repo = xasprintf("%s/%s.git", s->repos, name);
	struct stat st;

	return strlen(name) <= SWEEP_PROJECT_MAX &&
	    strspn(name, "0123456789") == strlen(name) && lstat(repo, &st) == 0;
}

static int
sweep_walk(struct sweep *s, const char *packs, struct err *e)
{
	struct dirent *x;

	s->top = opendir(packs);
	if (s->top == NULL)
		return err_sys(e, ERR_IO, "%s", packs);
	s->packs = dirfd(s->top);
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(s->top)) != NULL) {
		AUTO_FREE char *path = path_join(packs, x->d_name);
		struct err gone = ERR_INIT;
		struct stat st;

		if (strcmp(x->d_name, ".") == 0 ||
		    strcmp(x->d_name, "..") == 0 || lstat(path, &st) == -1 ||
		    !S_ISDIR(st.st_mode))
			continue;
		if (sweep_is_project(s, x->d_name))
			sweep_project(s, x->d_name);
		else if (path_rmtree(path, &gone) == -1)
			*e = gone;
		else
			s->removed++;
	}
	return 0;
}

static int
sweep_by_use(const void *a, const void *b)
{
	const struct sweep_entry *x = a, *y = b;

	return (x->used > y->used) - (x->used < y->used);
}

static void
sweep_shrink(struct sweep *s)
{
	if (s->bytes <= s->max || s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), sweep_by_use);
	for (size_t i = 0; i < s->n && s->bytes > s->max; i++) {
		sweep_remove(s, &s->v[i]);
		s->bytes -= s->v[i].bytes;
		s->v[i].bytes = 0;
	}
}

static void
sweep_print(const struct sweep *s)
{
	uint64_t counts[COUNTS_MAX];

	counts_read(s->packs, counts);
	printf("bytes=%" PRIu64 " found=%zu removed=%" PRIu64, s->bytes, s->n,
	    s->removed);
	for (int i = 0; i < COUNTS_MAX; i++)
		if (counts_name((enum counts_kind)i) != NULL)
			printf(" %s=%" PRIu64, counts_name((enum counts_kind)i),
			    counts[i]);
	printf("\n");
}

static int
sweep_run(struct sweep *s, const char *packs, struct err *e)
{
	if (sweep_walk(s, packs, e) == -1)
		return -1;
	sweep_shrink(s);
	counts_set_bytes(s->packs, s->bytes);
	sweep_print(s);
	(void)closedir(s->top);
	return e->code == ERR_NONE ? 0 : -1;
}

int
sweep_main(
    const char *packs, const char *repos, const char *max, const char *age)
{
	struct sweep s = { .repos = repos, .packs = -1 };
	struct err e = ERR_INIT;
	int rc = 0;

	s.now = clock_now_ms();
	if (num_u64(max, 0, UINT64_MAX, &s.max, &e) == -1 ||
	    num_i64(age, 0, INT64_MAX, &s.age, &e) == -1 ||
	    sweep_run(&s, packs, &e) == -1) {
		(void)fprintf(stderr, "coffer-packs: %s\n", e.msg);
		rc = 1;
	}
	free(s.v);
	return rc;
}
