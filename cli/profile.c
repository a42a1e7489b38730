#include "cli/profile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

#define PROFILE_LOWER "abcdefghijklmnopqrstuvwxyz"
#define PROFILE_DIGIT "0123456789"

bool
profile_name_ok(const char *name)
{
	size_t n = strspn(name, PROFILE_LOWER PROFILE_DIGIT "-");

	return n > 0 && n <= PROFILE_NAME_MAX && name[n] == '\0' &&
	    name[0] != '-';
}

/* Debian's rule for package names; it also keeps options out. */
static bool
profile_package_ok(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || strchr("+-.", c) == NULL))
			return false;
	}
	return v.len > 1 && v.len <= 100;
}

static int
profile_components(struct view rest, struct profile *p, struct err *e)
{
	struct view word;

	str_reset(&p->components);
	while (view_split(&rest, ' ', &word)) {
		if (word.len == 0)
			continue;
		if (!profile_package_ok(word))
			return err_set(
			    e, ERR_INVALID, "not a component of an archive");
		if (p->components.len > 0)
			str_addc(&p->components, ',');
		str_addv(&p->components, word);
	}
	return 0;
}

int
profile_parse(struct view text, struct profile *p, struct err *e)
{
	struct view line;
	int number = 0;

	str_reset(&p->packages);
	str_reset(&p->components);
	str_add(&p->components, "main");
	p->n = 0;
	while (text.p != NULL && view_split(&text, '\n', &line)) {
		number++;
		line = view_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (view_starts(line, "components:")) {
			line.p += 11;
			line.len -= 11;
			if (profile_components(line, p, e) == -1)
				return err_wrap(e, "line %d", number);
			continue;
		}
		if (!profile_package_ok(line))
			return err_set(e, ERR_INVALID,
			    "line %d: not the name of a Debian package",
			    number);
		if (++p->n > PROFILE_PACKAGES_MAX)
			return err_set(e, ERR_LIMIT, "over %d packages",
			    PROFILE_PACKAGES_MAX);
		if (p->packages.len > 0)
			str_addc(&p->packages, ',');
		str_addv(&p->packages, line);
	}
	return p->n > 0 ? 0 : err_set(e, ERR_INVALID, "no package in it");
}

/* Where ours are, beside the programs: ../share/coffer/profiles. */
static char *
profile_shipped(void)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *own = program_find_own("cofferd", &e);
	char *slash = own == NULL ? NULL : strrchr(own, '/');

	if (slash == NULL)
		return xstrdup("");
	*slash = '\0';
	return xasprintf("%s/../share/coffer/profiles", own);
}

int
profile_load(struct cli *c, const char *name, struct profile *p, struct err *e)
{
	AUTO_FREE char *shipped = profile_shipped();
	AUTO_FREE char *file = NULL;
	AUTO_STR struct str text = STR_INIT;

	*p = (struct profile){ .packages = STR_INIT, .components = STR_INIT };
	if (!profile_name_ok(name))
		return err_set(e, ERR_INVALID,
		    "a profile's name is 1 to %d of a-z 0-9 -",
		    PROFILE_NAME_MAX);
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	p->dir = xasprintf("%s/profiles/%s", c->home, name);
	file = path_join(p->dir, "packages");
	if (access(file, F_OK) == -1) {
		free(p->dir);
		free(file);
		p->shipped = true;
		p->dir = xasprintf("%s/%s", shipped, name);
		file = path_join(p->dir, "packages");
	}
	if (access(file, F_OK) == -1)
		return err_set(e, ERR_NOTFOUND,
		    "there is no profile %s: coffer profile list, or make "
		    "%s/profiles/%s/packages",
		    name, c->home, name);
	if (path_read(file, PROFILE_LIST_MAX, &text, e) == -1 ||
	    profile_parse(str_view(&text), p, e) == -1)
		return err_wrap(e, "%s", file);
	return 0;
}

void
profile_release(struct profile *p)
{
	free(p->dir);
	str_release(&p->packages);
	str_release(&p->components);
	*p = (struct profile){ .n = 0 };
}

static size_t
profile_names_in(
    const char *dir, char (*names)[PROFILE_NAME_MAX + 1], size_t n, size_t max)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && n < max && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *file = xasprintf(
		    "%s/%s/packages", dir, ent->d_name);
		bool known = false;

		if (!profile_name_ok(ent->d_name) || access(file, F_OK) == -1)
			continue;
		for (size_t i = 0; i < n; i++)
			known = known || strcmp(names[i], ent->d_name) == 0;
		if (!known)
			memcpy(
			    names[n++], ent->d_name, strlen(ent->d_name) + 1);
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static int
profile_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

size_t
profile_names(struct cli *c, char (*names)[PROFILE_NAME_MAX + 1], size_t max)
{
	AUTO_FREE char *own = path_join(c->home, "profiles");
	AUTO_FREE char *shipped = profile_shipped();
	size_t n = profile_names_in(own, names, 0, max);

	n = profile_names_in(shipped, names, n, max);
	qsort(names, n, sizeof(names[0]), profile_compare);
	return n;
}

void
profile_version(struct cli *c, const char *name, char out[128])
{
	AUTO_FREE char *link = xasprintf("%s/images/%s", c->home, name);
	ssize_t n = readlink(link, out, 127);

	out[n > 0 ? n : 0] = '\0';
}
