#include "cli/fetch/shelf.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
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

enum {
	SHELF_DIGITS = 8,
	SHELF_NUMBER_MAX = 99999999
};

struct shelf {
	uint64_t first, last; /* 0: it is empty */
	size_t n;
};

static char *
shelf_dir(const char *apply)
{
	return xasprintf("%s.earlier", apply);
}

static char *
shelf_path(const char *apply, uint64_t number)
{
	return xasprintf("%s.earlier/%08" PRIu64, apply, number);
}

static bool
shelf_number(const char *name, uint64_t *k)
{
	struct err ignored = ERR_INIT;

	return strlen(name) == SHELF_DIGITS &&
	    num_u64(name, 1, SHELF_NUMBER_MAX, k, &ignored) == 0;
}

static int
shelf_look(const char *apply, struct shelf *s, struct err *e)
{
	AUTO_FREE char *dir = shelf_dir(apply);
	DIR *d = opendir(dir);
	struct dirent *x;

	*s = (struct shelf){ .n = 0 };
	if (d == NULL)
		return errno == ENOENT ? 0 : err_sys(e, ERR_IO, "open %s", dir);
	while ((x = readdir(d)) != NULL) {
		uint64_t k;

		if (!shelf_number(x->d_name, &k))
			continue;
		if (s->n == 0 || k < s->first)
			s->first = k;
		if (k > s->last)
			s->last = k;
		s->n++;
	}
	(void)closedir(d);
	return 0;
}

static bool
shelf_is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* The oldest go, until there is room for one more. */
static int
shelf_trim(const char *apply, struct shelf *s, struct err *e)
{
	while (s->n >= SHELF_MAX) {
		AUTO_FREE char *oldest = shelf_path(apply, s->first);

		if (path_rmtree(oldest, e) == -1 ||
		    shelf_look(apply, s, e) == -1)
			return -1;
	}
	return 0;
}

int
shelf_put(const char *apply, struct err *e)
{
	AUTO_FREE char *dir = shelf_dir(apply);
	AUTO_FREE char *to = NULL;
	struct shelf s;

	if (!shelf_is_there(apply))
		return 0;
	if (path_mkdirs(dir, 0700, e) == -1 || shelf_look(apply, &s, e) == -1 ||
	    shelf_trim(apply, &s, e) == -1)
		return -1;
	if (s.last == SHELF_NUMBER_MAX)
		return err_set(e, ERR_LIMIT, "too many applies in %s", dir);
	to = shelf_path(apply, s.last + 1);
	if (rename(apply, to) == -1)
		return err_sys(e, ERR_IO, "keep %s", apply);
	FAIL_POINT(fetch_shelved);
	return 0;
}

int
shelf_take(const char *apply, struct err *e)
{
	AUTO_FREE char *from = NULL;
	struct shelf s;

	if (shelf_is_there(apply))
		return 0;
	if (shelf_look(apply, &s, e) == -1)
		return -1;
	if (s.n == 0)
		return 0;
	from = shelf_path(apply, s.last);
	return rename(from, apply) == 0
	    ? 0
	    : err_sys(e, ERR_IO, "take %s back", from);
}

static int
shelf_newer(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

int
shelf_list(const char *apply, struct shelf_list *out, struct err *e)
{
	AUTO_FREE char *dir = shelf_dir(apply);
	DIR *d = opendir(dir);
	struct dirent *x;

	*out = (struct shelf_list){ .n = 0 };
	if (d == NULL)
		return errno == ENOENT ? 0 : err_sys(e, ERR_IO, "open %s", dir);
	while (out->n < SHELF_MAX && (x = readdir(d)) != NULL) {
		char *path = shelf_find(apply, x->d_name);

		if (path != NULL)
			out->dirs[out->n++] = path;
	}
	(void)closedir(d);
	if (out->n > 0)
		qsort(out->dirs, out->n, sizeof(out->dirs[0]), shelf_newer);
	return 0;
}

void
shelf_list_release(struct shelf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->dirs[i]);
	l->n = 0;
}

char *
shelf_find(const char *apply, const char *name)
{
	uint64_t number;

	return shelf_number(name, &number) ? shelf_path(apply, number) : NULL;
}
