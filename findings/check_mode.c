#include <string.h>

#include "findings/check_priv.h"

enum {
	CHECK_FILE = 0100644,
	CHECK_PROGRAM = 0100755
};

static bool
check_mode_known(uint32_t mode)
{
	return mode == 0 || mode == CHECK_FILE || mode == CHECK_PROGRAM ||
	    mode == SCAN_MODE_LINK || mode == SCAN_MODE_SUBMODULE;
}

void
check_mode(const struct scan_change *c, struct findings *out)
{
	uint32_t type = c->new_mode & SCAN_MODE_TYPE;

	if (!check_mode_known(c->new_mode))
		finding_add(
		    out, "unusual-mode", c->path, 0, "mode %o", c->new_mode);
	if (c->status == 'D')
		return;
	if (type == SCAN_MODE_SUBMODULE)
		finding_add(out, "submodule", c->path, 0,
		    "a submodule is %s: it brings code that is not shown",
		    c->status == 'A' ? "added" : "moved");
	if (type == SCAN_MODE_LINK)
		finding_add(out, "symlink", c->path, 0, "a symbolic link is %s",
		    c->status == 'A' ? "added" : "changed");
	if (type == 0)
		return; /* said above */
	if (c->new_mode == CHECK_PROGRAM && c->old_mode != CHECK_PROGRAM)
		finding_add(out, "executable", c->path, 0,
		    c->status == 'A' ? "an executable file is added"
				     : "the file becomes executable");
	if (c->status == 'T')
		finding_add(
		    out, "file-type", c->path, 0, "the kind of file changes");
}

/* Does a/b/../../.. leave the tree, when read in the link's folder? */
static bool
check_link_leaves(const char *path, struct view target)
{
	struct view rest = target, part;
	int depth = 0;

	for (const char *p = path; *p != '\0'; p++)
		if (*p == '/')
			depth++;
	while (view_split(&rest, '/', &part)) {
		if (view_is(part, ".."))
			depth--;
		else if (part.len > 0 && !view_is(part, "."))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

static bool
check_link_into_git(struct view target)
{
	struct view rest = target, part;

	while (view_split(&rest, '/', &part))
		if (check_part_is_git(part))
			return true;
	return false;
}

void
check_link(const char *path, struct view target, struct findings *out)
{
	const char *why = NULL;

	if (target.len == 0)
		why = "an empty place";
	else if (target.len >= SCAN_PATH_MAX)
		why = "a path that is too long";
	else if (target.p[0] == '/' || target.p[0] == '~')
		why = "an absolute path";
	else if (memchr(target.p, '\\', target.len) != NULL ||
	    memchr(target.p, '\0', target.len) != NULL)
		why = "a path with a backslash or NUL";
	else if (check_link_into_git(target))
		why = "a .git folder";
	else if (check_link_leaves(path, target))
		why = "a place outside of the tree";
	if (why != NULL)
		finding_add(out, "symlink-escape", path, 0,
		    "the link points to %s: %.*s", why,
		    (int)(target.len > 120 ? 120 : target.len), target.p);
}
