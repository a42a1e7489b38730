#include <string.h>

#include "findings/policy.h"

/* Which places of the pattern are reached: all at once, so that no pattern
 * takes longer than its length for a byte of the path. */
struct glob_state {
	bool at[FINDINGS_POLICY_GLOB + 2];
};

/* From i also what stands behind stars that take nothing. */
static void
glob_reach(struct glob_state *s, const char *g, size_t i, bool part_start)
{
	for (;;) {
		s->at[i] = true;
		if (g[i] != '*')
			return;
		if (g[i + 1] != '*') {
			i++;
		} else if (g[i + 2] == '/' && part_start) {
			s->at[i + 2] = true;
			i += 3; /* no folder at all */
		} else {
			i += 2;
		}
	}
}

static void
glob_step(const struct glob_state *s, const char *g, size_t n, char c,
    struct glob_state *next)
{
	bool start = c == '/';

	*next = (struct glob_state){ .at = { false } };
	for (size_t i = 0; i < n; i++) {
		if (!s->at[i])
			continue;
		if (g[i] == '*' && g[i + 1] == '*')
			glob_reach(next, g, i, start);
		else if (g[i] == '*' && c != '/')
			glob_reach(next, g, i, start);
		else if (g[i] == '?' ? c != '/' : g[i] != '*' && g[i] == c)
			glob_reach(next, g, i + 1, start);
	}
}

static bool
glob_fits(const char *g, const char *path)
{
	size_t n = strlen(g);
	struct glob_state now = { .at = { false } }, next;

	glob_reach(&now, g, 0, true);
	for (; *path != '\0'; path++) {
		/* Below a folder that is named with its slash. */
		if (n > 0 && g[n - 1] == '/' && now.at[n])
			return true;
		glob_step(&now, g, n, *path, &next);
		now = next;
	}
	return now.at[n];
}

bool
findings_glob(const char *glob, const char *path)
{
	const char *slash;

	if (strlen(glob) > FINDINGS_POLICY_GLOB)
		return false;
	if (strchr(glob, '/') == NULL && (slash = strrchr(path, '/')) != NULL)
		path = slash + 1;
	return glob_fits(glob, path);
}
