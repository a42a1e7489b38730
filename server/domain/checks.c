#include "server/domain/checks.h"

#include <stdlib.h>
#include <string.h>

#include "server/domain/protect_glob.h"

void
checks_release(struct checks *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct check *k = &c->v[i];

		free(k->setup);
		free(k->test);
		free(k->image);
		free(k->profile);
		free(k->presets);
		free(k->labels);
		free(k->paths);
		free(k->paths_ignore);
	}
	free(c->tests);
	*c = CHECKS_INIT;
}

const struct check *
checks_find(const struct checks *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	return NULL;
}

bool
check_name_ok(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(name);

	return n >= 1 && n < CHECK_NAME_MAX && strchr(first, name[0]) != NULL &&
	    strspn(name, all) == n;
}

/* A pattern without a slash is of the last name alone. */
bool
check_path_is(const char *patterns, struct view path)
{
	struct view rest = view_of(patterns), pattern;
	struct view name = path;

	for (size_t i = path.len; i > 0; i--)
		if (path.p[i - 1] == '/') {
			name = view_from(path, i);
			break;
		}
	while (rest.len > 0 && view_split(&rest, '\n', &pattern)) {
		bool whole = pattern.len > 0 &&
		    memchr(pattern.p, '/', pattern.len) != NULL;

		if (pattern.len > 0 &&
		    protect_glob(pattern, whole ? path : name, false))
			return true;
	}
	return false;
}

bool
check_wants(const struct check *c, struct view path)
{
	if (c->paths != NULL && !check_path_is(c->paths, path))
		return false;
	return !check_path_is(c->paths_ignore, path);
}

bool
check_root_ok(const char *name)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@";
	size_t n = strlen(name);

	return n >= 1 && n <= CHECK_ROOT_MAX && strspn(name, all) == n &&
	    strchr("._-/:@", name[0]) == NULL && strstr(name, "..") == NULL;
}

bool
check_name_taken(const char *name)
{
	return strcmp(name, CHECK_NEW_TESTS) == 0 ||
	    strcmp(name, CHECK_FILE) == 0 || strncmp(name, "test-pr", 7) == 0;
}

const char *
check_language(const char *file)
{
	static const struct {
		const char *file, *preset;
	} rows[] = { { "CMakeLists.txt", "c" }, { "Cargo.toml", "rust" },
		{ "Pipfile", "python" }, { "build.gradle", "java" },
		{ "build.gradle.kts", "java" }, { "configure.ac", "c" },
		{ "go.mod", "go" }, { "meson.build", "c" },
		{ "package.json", "node" }, { "pom.xml", "java" },
		{ "pyproject.toml", "python" },
		{ "requirements.txt", "python" }, { "setup.cfg", "python" },
		{ "setup.py", "python" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(file, rows[i].file) == 0)
			return rows[i].preset;
	return NULL;
}
