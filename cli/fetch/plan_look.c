#include "cli/fetch/plan_look.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch/files.h"
#include "cli/fetch/plan.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	PLAN_NAMED_MAX = 5
};

int
plan_at(const struct plan_trees *t, const struct plan_entry *x, bool after,
    bool *yes, struct err *e)
{
	uint32_t mode = after ? x->new_mode : x->old_mode;

	if (mode == 0) {
		*yes = files_absent(t->top, x->path) ||
		    files_is_folder(t->top, x->path);
		return 0;
	}
	return files_same(
	    t->top, after ? t->after : t->before, x->path, yes, e);
}

static int
plan_order(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_entry *)item)->path);
}

/* A file that the plan brought, and that goes when it is taken back? */
static bool
plan_brought(const struct plan *p, const char *path)
{
	const struct plan_entry *x = bsearch(
	    path, p->list, p->n, sizeof(*p->list), plan_order);

	return x != NULL && x->step != PLAN_HELD && x->old_mode == 0;
}

/* The first at i or after that is beneath folder; they are in order. */
static size_t
plan_first(const struct plan *p, const char *folder, size_t n, size_t i)
{
	size_t end = p->n;

	while (i < end) {
		size_t mid = i + (end - i) / 2;
		int c = strncmp(p->list[mid].path, folder, n);

		if (c == 0)
			c = (unsigned char)p->list[mid].path[n] - '/';
		if (c < 0)
			i = mid + 1;
		else
			end = mid;
	}
	return i;
}

/* The first at i or after that it brought into folder; n: none. */
static size_t
plan_beneath(const struct plan *p, const char *folder, size_t i)
{
	size_t n = strlen(folder);

	for (i = plan_first(p, folder, n, i); i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (strncmp(x->path, folder, n) != 0 || x->path[n] != '/')
			break;
		if (x->step != PLAN_HELD && x->old_mode == 0)
			return i;
	}
	return p->n;
}

/* Has the plan put a file into folder that was not there before? */
static bool
plan_made(const struct plan *p, const char *folder)
{
	size_t i = plan_beneath(p, folder, 0);

	while (i < p->n && p->list[i].step != PLAN_PUT)
		i = plan_beneath(p, folder, i + 1);
	return i < p->n;
}

int
plan_place(const struct plan *p, struct plan_entry *x, int top, struct err *e)
{
	AUTO_FREE char *path = xstrdup(x->path);
	size_t n;

	if (!files_absent(top, x->path) && !files_is_folder(top, x->path))
		return err_set(e, ERR_DENIED,
		    "%s is in the way: a file of yours that git does not "
		    "follow; move it first",
		    x->path);
	if ((n = files_repository(top, x->path)) > 0)
		return err_set(e, ERR_DENIED,
		    "%.*s is a repository of yours: nothing is put into it; "
		    "move it first",
		    (int)n, x->path);
	x->kept = 0;
	for (char *slash = path; (slash = strchr(slash, '/')) != NULL;) {
		*slash = '\0';
		if (!files_is_folder(top, path) ||
		    (p->taking && plan_made(p, path)))
			break;
		x->kept = strlen(path);
		*slash++ = '/';
	}
	return 0;
}

/* Is there nothing in the folder but what goes?  No deeper than the plan. */
static bool
plan_folder_goes(const struct plan *p, int top, const char *folder)
{
	struct err ignored = ERR_INIT;
	struct dirent *x;
	bool goes = true;
	DIR *d;
	int fd;

	if (plan_beneath(p, folder, 0) == p->n)
		return false;
	fd = path_open_beneath(
	    top, folder, O_RDONLY | O_DIRECTORY, 0, &ignored);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		if (fd != -1)
			(void)close(fd);
		return false;
	}
	while (goes && (x = readdir(d)) != NULL) {
		AUTO_FREE char *path = NULL;

		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		path = path_join(folder, x->d_name);
		goes = files_is_folder(top, path)
		    ? plan_folder_goes(p, top, path)
		    : plan_brought(p, path);
	}
	(void)closedir(d);
	return goes;
}

/* Can what went away come back: are its folders there or to be made, and
 * nobody else's file or folder in its place? */
static bool
plan_room(const struct plan *p, const struct plan_trees *t,
    const struct plan_entry *x)
{
	AUTO_FREE char *path = xstrdup(x->path);

	for (char *slash = path; (slash = strchr(slash, '/')) != NULL;) {
		bool folder;

		*slash = '\0';
		if (files_absent(t->top, path))
			return true;
		folder = files_is_folder(t->top, path);
		if (!folder)
			return plan_brought(p, path);
		*slash++ = '/';
	}
	return files_absent(t->top, path) ||
	    (files_is_folder(t->top, path) &&
		plan_folder_goes(p, t->top, path));
}

/* Each that is to be taken back is old or new, and its place is free. */
int
plan_strangers(const struct plan *p, const struct plan_trees *t, struct err *e)
{
	AUTO_STR struct str names = STR_INIT_MAX(400);
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];
		bool before = false, after = false;

		if (x->step == PLAN_HELD)
			continue;
		files_sweep(t->top, x->path);
		if (plan_at(t, x, true, &after, e) == -1 ||
		    plan_at(t, x, false, &before, e) == -1)
			return -1;
		/* Done and not cut off: it has to be what was put there. */
		if ((after || (before && p->state != PLAN_DONE)) &&
		    (before || x->new_mode != 0 || plan_room(p, t, x)))
			continue;
		if (n++ < PLAN_NAMED_MAX)
			str_addf(
			    &names, "%s%.80s", n == 1 ? "" : ", ", x->path);
	}
	if (n == 0)
		return 0;
	return err_set(e, ERR_DENIED, "changed since: %s%s; nothing was undone",
	    str_cstr(&names), n > PLAN_NAMED_MAX ? " ..." : "");
}

void
plan_clear(const struct plan *p, const struct plan_trees *t,
    const struct plan_entry *x)
{
	if (!files_is_folder(t->top, x->path))
		return;
	for (size_t i = plan_beneath(p, x->path, 0); i < p->n;
	     i = plan_beneath(p, x->path, i + 1))
		files_prune(t->top, p->list[i].path, p->list[i].kept);
}
