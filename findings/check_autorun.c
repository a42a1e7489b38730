#include <fnmatch.h>
#include <string.h>

#include "findings/check_body.h"

static const char *
check_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

bool
check_base_is(const char *path, const char *name)
{
	return strcasecmp(check_base(path), name) == 0;
}

static bool
check_match(const char *pattern, const char *s)
{
	if (strpbrk(pattern, "*?[") == NULL)
		return strcasecmp(pattern, s) == 0;
	return fnmatch(pattern, s, FNM_CASEFOLD) == 0;
}

/* Folders only: the last part is a file. */
bool
check_has_folder(const char *path, const char *name)
{
	struct view rest = view_of(path), part;
	size_t len = strlen(name);

	while (view_split(&rest, '/', &part))
		if (rest.len > 0 && part.len == len &&
		    strncasecmp(part.p, name, len) == 0)
			return true;
	return false;
}

static bool
check_has_end(const char *path, const char *pattern)
{
	for (const char *p = path; p != NULL;) {
		if (check_match(pattern, p))
			return true;
		p = strchr(p, '/');
		if (p != NULL)
			p++;
	}
	return false;
}

/* A link takes the place of the folder that it is named like, and of those
 * that a pattern has below it. */
static bool
check_link_is(const struct check_place *p, const char *path)
{
	const char *base = check_base(path);

	if (p->where == CHECK_PART)
		return strcasecmp(base, p->pattern) == 0;
	for (const char *slash = strchr(p->pattern, '/');
	     (p->where == CHECK_PATH || p->where == CHECK_HOOK) &&
	     slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - p->pattern);
		size_t len = strlen(path);

		if (len >= n && (len == n || path[len - n - 1] == '/') &&
		    strncasecmp(path + len - n, p->pattern, n) == 0)
			return true;
	}
	return false;
}

bool
check_is_general_link(const struct scan_change *c)
{
	static const char *const names[] = { "tools", ".config", "renv",
		"debian", "project" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((c->new_mode & SCAN_MODE_TYPE) == SCAN_MODE_LINK &&
		    check_base_is(c->path, names[i]))
			return true;
	return false;
}

/* hooks/pre-commit, hooks/pre-commit.py; not hooks/pre-fetch.ts, which is of
 * a program that has hooks of its own. */
static bool
check_may_hook(const char *path)
{
	static const char *const exts[] = { ".sh", ".bash", ".zsh", ".py",
		".pl", ".rb", ".php", ".exe", ".cmd", ".bat", ".ps1" };

	if (strchr(check_base(path), '.') == NULL)
		return true;
	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++)
		if (check_has_ext(path, exts[i]))
			return true;
	return false;
}

static bool
check_place_is(const struct check_place *p, const struct scan_change *c)
{
	uint32_t mode = c->status == 'D' ? c->old_mode : c->new_mode;

	if ((mode & SCAN_MODE_TYPE) == SCAN_MODE_LINK &&
	    check_link_is(p, c->path))
		return true;
	if (p->where == CHECK_PART)
		return check_has_folder(c->path, p->pattern);
	if (p->where == CHECK_HOOK && !check_may_hook(c->path))
		return false;
	return p->where == CHECK_PATH || p->where == CHECK_HOOK
	    ? check_has_end(c->path, p->pattern)
	    : check_match(p->pattern, check_base(c->path));
}

static const struct check_place *
check_place_of(const struct scan_change *c)
{
	const struct check_place *p;

	for (size_t i = 0; (p = check_place_at(i)) != NULL; i++)
		if (check_place_is(p, c))
			return p;
	return NULL;
}

/* Text about agents, among the documents, in letters that no agent looks for,
 * though where case does not matter it is found all the same; or of a kind that
 * agents look for in other folders, unless they are told. */
static bool
check_is_about(const struct check_place *p, const char *path)
{
	static const char *const folders[] = { "doc", "docs", "documentation" };

	if (strncmp(p->pattern, "*.", 2) == 0
		? !check_has_ext(p->pattern, ".md")
		: p->where != CHECK_NAME ||
		    strcmp(check_base(path), p->pattern) == 0)
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (check_has_folder(path, folders[i]))
			return true;
	return false;
}

/* That a file goes away runs nothing; what it kept may be gone with it. */
static void
check_autorun_gone(const struct check_place *p, const struct scan_change *c,
    struct findings *out)
{
	static const struct {
		const char *of, *id;
	} kinds[] = { { "ci-file", "ci-removed" }, { "hook", "ci-removed" },
		{ "build-file", "config-removed" },
		{ "tool-config", "config-removed" } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(p->id, kinds[i].of) == 0)
			finding_add(out, kinds[i].id, c->path, 0,
			    "a file that %s obeys is deleted", p->what);
}

void
check_autorun(const struct scan_change *c, struct findings *out)
{
	const char *verb = c->status == 'A' ? "added" : "changed";
	const struct check_place *p = check_place_of(c);

	if (p == NULL)
		return;
	if (c->status == 'D')
		check_autorun_gone(p, c, out);
	else if (check_is_about(p, c->path))
		finding_add(out, "agent-name", c->path, 0,
		    "%s may obey it, going by its name; it is %s", p->what,
		    verb);
	else
		finding_add(out, p->id, c->path, 0,
		    "a file that %s obeys is %s", p->what, verb);
}

/* Going by its own name: how those who run tests find it. */
bool
check_is_named_test(const char *path)
{
	static const char *const names[] = { "test_*", "*_test.*", "*.test.*",
		"*_spec.*", "*.spec.*", "*Test.java", "*Tests.cs", "*.t" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (check_match(names[i], check_base(path)))
			return true;
	return false;
}

size_t
check_test_folder(const char *path)
{
	static const char *const folders[] = { "test", "tests", "spec", "specs",
		"__tests__", "testing" };
	struct view rest = view_of(path), part;

	while (view_split(&rest, '/', &part))
		for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]);
		     i++)
			if (rest.len > 0 && part.len == strlen(folders[i]) &&
			    strncasecmp(part.p, folders[i], part.len) == 0)
				return (size_t)(rest.p - path);
	return 0;
}

bool
check_is_test(const char *path)
{
	return check_test_folder(path) > 0 || check_is_named_test(path);
}
