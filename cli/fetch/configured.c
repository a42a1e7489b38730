/* configured: the files that the configuration of the user's git names. */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "cli/fetch/hooks.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	CONFIGURED_MAX = 4 << 20
};

enum configured_kind {
	CONFIGURED_COMMAND,
	CONFIGURED_ALIAS, /* a command behind `!` */
	CONFIGURED_PATH,
	CONFIGURED_INCLUDE /* a path from the folder of its own file */
};

/* Keys as git lists them: the first and the last word in lower case. */
static const struct {
	const char *from, *to;
	enum configured_kind kind;
} configured_keys[] = {
	{ "filter.", ".clean", CONFIGURED_COMMAND },
	{ "filter.", ".smudge", CONFIGURED_COMMAND },
	{ "filter.", ".process", CONFIGURED_COMMAND },
	{ "diff.", ".command", CONFIGURED_COMMAND },
	{ "diff.", ".textconv", CONFIGURED_COMMAND },
	{ "diff.external", "", CONFIGURED_COMMAND },
	{ "merge.", ".driver", CONFIGURED_COMMAND },
	{ "difftool.", ".cmd", CONFIGURED_COMMAND },
	{ "difftool.", ".path", CONFIGURED_COMMAND },
	{ "mergetool.", ".cmd", CONFIGURED_COMMAND },
	{ "mergetool.", ".path", CONFIGURED_COMMAND },
	{ "core.fsmonitor", "", CONFIGURED_COMMAND },
	{ "core.editor", "", CONFIGURED_COMMAND },
	{ "core.pager", "", CONFIGURED_COMMAND },
	{ "core.sshcommand", "", CONFIGURED_COMMAND },
	{ "core.askpass", "", CONFIGURED_COMMAND },
	{ "core.gitproxy", "", CONFIGURED_COMMAND },
	{ "core.alternaterefscommand", "", CONFIGURED_COMMAND },
	{ "sequence.editor", "", CONFIGURED_COMMAND },
	{ "interactive.difffilter", "", CONFIGURED_COMMAND },
	{ "pager.", "", CONFIGURED_COMMAND },
	{ "hook.", ".command", CONFIGURED_COMMAND },
	{ "trailer.", ".cmd", CONFIGURED_COMMAND },
	{ "trailer.", ".command", CONFIGURED_COMMAND },
	{ "submodule.", ".update", CONFIGURED_COMMAND },
	{ "uploadpack.packobjectshook", "", CONFIGURED_COMMAND },
	{ "gc.recentobjectshook", "", CONFIGURED_COMMAND },
	{ "credential.", "helper", CONFIGURED_COMMAND },
	{ "gpg.", "program", CONFIGURED_COMMAND },
	{ "gpg.ssh.defaultkeycommand", "", CONFIGURED_COMMAND },
	{ "alias.", "", CONFIGURED_ALIAS },
	{ "core.attributesfile", "", CONFIGURED_PATH },
	{ "gpg.ssh.allowedsignersfile", "", CONFIGURED_PATH },
	{ "include.path", "", CONFIGURED_INCLUDE },
	{ "includeif.", ".path", CONFIGURED_INCLUDE },
};

struct configured {
	struct fetch_job *j;
	hooks_take *take;
	struct view origin; /* the file that it is at */
};

/* As the shell and git have it: from the home of the user, else from there. */
static char *
configured_from(const char *folder, const char *text)
{
	static const char *const homes[] = { "~/", "$HOME/", "${HOME}/" };
	const char *home = getenv("HOME");

	for (size_t i = 0; home != NULL && i < sizeof(homes) / sizeof(homes[0]);
	     i++)
		if (strncmp(text, homes[i], strlen(homes[i])) == 0)
			return path_join(home, text + strlen(homes[i]));
	return text[0] == '/' ? xstrdup(text) : path_join(folder, text);
}

/* What stands between the words of a command. */
static const char configured_between[] = " \t\n\"'`;|&()<>=!";

/* From the top: what is behind $PWD, $(git rev-parse ...) or the way up from
 * the folder of hooks; NULL: the word has nothing of that kind. */
static char *
configured_behind(const char *top, const char *word)
{
	const char *at = strchr(word, '/');

	if (at == NULL || (word[0] != '/' && word[0] != '$'))
		return NULL;
	for (at++; strncmp(at, "../", 3) == 0;)
		at += 3;
	return path_join(top, at);
}

/* A word of a command.  One without a slash names a file only where it is not
 * the command itself, which is looked for elsewhere. */
static void
configured_word(struct configured *c, const char *word, bool first)
{
	AUTO_FREE char *path = configured_from(c->j->top, word);
	AUTO_FREE char *behind = NULL;
	const char *slash = strchr(word, '/');
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISREG(st.st_mode) && (slash != NULL || !first))
			c->take(c->j, path, HOOKS_FILE);
		return;
	}
	if (slash == NULL)
		return;
	c->take(c->j, path, HOOKS_FILE);
	behind = configured_behind(c->j->top, word);
	if (behind != NULL)
		c->take(c->j, behind, HOOKS_FILE);
}

static void
configured_command(struct configured *c, const char *text)
{
	const char *at = text + strspn(text, configured_between);

	/* Its words are its own, and name no file of the tree. */
	if (strncmp(text, "git-lfs ", 8) == 0 ||
	    strncmp(text, "git lfs ", 8) == 0)
		return;
	fetch_script(
	    c->j, c->j->top, view_of(text[0] == '!' ? text + 1 : text));
	for (bool first = true; *at != '\0'; first = false) {
		size_t n = strcspn(at, configured_between);
		AUTO_FREE char *word = view_dup((struct view){ at, n });

		configured_word(c, word, first);
		at += n;
		at += strspn(at, configured_between);
	}
}

/* A file that a shell or an interpreter is started with. */
static bool
configured_is_script(const char *path)
{
	static const char *const ends[] = { ".sh", ".bash", ".py", ".js",
		".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua" };
	struct stat st;

	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (view_ends(view_of(path), ends[i]))
			return true;
	return (st.st_mode & 0111) != 0;
}

static void
configured_script_word(struct configured *c, const char *word)
{
	AUTO_FREE char *path = configured_from(c->j->top, word);
	AUTO_FREE char *behind = configured_behind(c->j->top, word);

	if (strchr(word, '/') == NULL)
		return;
	if (configured_is_script(path))
		c->take(c->j, path, HOOKS_FILE | HOOKS_READ);
	else if (behind != NULL && configured_is_script(behind))
		c->take(c->j, behind, HOOKS_FILE | HOOKS_READ);
}

void
fetch_script_names(struct fetch_job *j, struct view text, hooks_take *take)
{
	struct configured c = { .j = j, .take = take };
	struct view line;

	while (text.len > 0 && view_split(&text, '\n', &line)) {
		AUTO_FREE char *words = view_dup(view_trim(line));
		char *rest = words, *word;

		if (words[0] == '#')
			continue;
		while ((word = strsep(&rest, configured_between)) != NULL)
			if (word[0] != '\0')
				configured_script_word(&c, word);
	}
}

static void
configured_path(struct configured *c, const char *folder, const char *text)
{
	AUTO_FREE char *path = configured_from(folder, text);

	c->take(c->j, path, HOOKS_ALL);
}

static void
configured_value(struct configured *c, struct view key, const char *text)
{
	AUTO_FREE char *at = view_dup(c->origin);
	AUTO_FREE char *file = configured_from(c->j->top, at);

	*strrchr(file, '/') = '\0';
	for (size_t i = 0;
	     i < sizeof(configured_keys) / sizeof(configured_keys[0]); i++) {
		const enum configured_kind kind = configured_keys[i].kind;

		if (!view_starts(key, configured_keys[i].from) ||
		    !view_ends(key, configured_keys[i].to))
			continue;
		if (kind == CONFIGURED_ALIAS && text[0] != '!')
			return;
		if (kind == CONFIGURED_COMMAND || kind == CONFIGURED_ALIAS)
			configured_command(c, text);
		else
			configured_path(c,
			    kind == CONFIGURED_INCLUDE ? file : c->j->top,
			    text);
		return;
	}
}

/* ORIGIN NUL KEY NEWLINE VALUE NUL ..., as `git config --list` has them. */
static void
configured_list(struct configured *c, struct view rest)
{
	struct view origin, entry, key;

	while (rest.len > 0 && view_split(&rest, '\0', &origin) &&
	    rest.len > 0 && view_split(&rest, '\0', &entry)) {
		AUTO_FREE char *text = NULL;

		/* What coffer itself says to git has none. */
		if (!view_starts(origin, "file:"))
			continue;
		origin = view_from(origin, 5);
		if (!view_eq(origin, c->origin)) {
			AUTO_FREE char *file = view_dup(origin);

			configured_path(c, c->j->top, file);
		}
		c->origin = origin;
		if (!view_split(&entry, '\n', &key) || entry.len == 0)
			continue;
		text = view_dup(entry);
		configured_value(c, key, text);
	}
}

int
fetch_configured(struct fetch_job *j, hooks_take *take, struct err *e)
{
	static const char *const argv[] = { "config", "--list", "-z",
		"--show-origin", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE,
		.argv = argv,
		.own_hooks = true,
		.max_output = CONFIGURED_MAX };
	struct configured c = { .j = j, .take = take };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	if (rc == 0)
		configured_list(&c, str_view(&r.out));
	program_result_release(&r);
	return rc;
}
