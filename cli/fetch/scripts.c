/* scripts: what the scripts start that the user's git runs. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch/files.h"
#include "cli/fetch/gitstream.h"
#include "cli/fetch/hooks.h"
#include "cli/fetch/started.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "lib/base/path.h"

enum {
	SCRIPTS_DEPTH_MAX = 4,
	SCRIPTS_TEXT_MAX = 64 << 10
};

struct scripts {
	struct fetch_job *j;
	const char *folder; /* of the text */
	struct map *ids;    /* of changed files as they will be */
	struct blobs *blobs;
	int top;
};

static void
scripts_from(struct scripts *s, const char *base, const char *word, int how)
{
	const char *home = getenv("HOME");
	AUTO_FREE char *path = NULL;

	if (word[0] == '/')
		path = xstrdup(word);
	else if (word[0] != '~')
		path = path_join(base, word);
	else if (home != NULL && word[1] == '/')
		path = path_join(home, word + 2);
	if (path != NULL)
		fetch_obeyed(s->j, path, how);
}

/* A name without unknown parts but the first, from wherever it may be. */
static void
scripts_name(struct scripts *s, const char *cwd, const char *word, int how)
{
	const char *top = s->j->top;
	AUTO_FREE char *at = NULL;

	/* Of the top, the folder of the script or git's own: none is known. */
	if (word[0] == '$') {
		if ((word = strchr(word, '/')) == NULL)
			return;
		scripts_from(s, s->folder, ++word, how);
		while (strncmp(word, "../", 3) == 0)
			word += 3;
		scripts_from(s, top, word, how);
		return;
	}
	scripts_from(s, top, word, how);
	if (word[0] == '/' || word[0] == '~')
		return;
	scripts_from(s, s->folder, word, how);
	if (cwd[0] != '\0') {
		at = path_join(cwd, word);
		scripts_name(s, "", at, how);
	}
}

static void
scripts_module(struct scripts *s, const char *cwd, const char *name)
{
	AUTO_FREE char *folder = xstrdup(name);
	AUTO_FREE char *file = NULL;

	for (char *p = folder; (p = strchr(p, '.')) != NULL;)
		*p = '/';
	file = xasprintf("%s.py", folder);
	scripts_name(s, cwd, file, HOOKS_FILE);
	scripts_name(s, cwd, folder, HOOKS_FOLDER);
}

static void
scripts_take(
    enum started_kind kind, const char *cwd, const char *word, void *arg)
{
	struct scripts *s = arg;
	AUTO_FREE char *folder = xstrdup(word);
	AUTO_FREE char *main = xasprintf("%s/__main__.py", word);
	char *slash = strrchr(folder, '/');
	const char *last = slash == NULL ? folder : slash + 1;

	if (kind == STARTED_MODULE) {
		scripts_module(s, cwd, word);
	} else if (kind == STARTED_FOLDER) {
		scripts_name(s, cwd, word, HOOKS_FOLDER);
	} else if (strpbrk(last, "$*?[") == NULL) {
		scripts_name(s, cwd, word, HOOKS_FILE | HOOKS_READ);
		scripts_name(s, cwd, main, HOOKS_FILE);
	} else if (slash != NULL) {
		/* Which one is not known: each of its folder. */
		*slash = '\0';
		if (strcmp(folder, "$") == 0 && strchr(last, '$') == NULL)
			fetch_obeyed(s->j, s->folder, HOOKS_FOLDER);
		else
			scripts_name(s, cwd, folder, HOOKS_FOLDER);
	} else if (cwd[0] != '\0' && strchr(last, '$') == NULL) {
		scripts_name(s, "", cwd, HOOKS_FOLDER);
	}
}

/* For a shell, by its first line or else by its name. */
static bool
scripts_is_shell(struct view text, const char *path)
{
	static const char *const others[] = { ".py", ".js", ".mjs", ".cjs",
		".ts", ".rb", ".pl", ".php", ".lua" };
	struct view line, word;
	bool shell = false;

	if (view_starts(text, "#!")) {
		(void)view_split(&text, '\n', &line);
		while (line.len > 0 && view_split(&line, ' ', &word))
			shell = shell || view_ends(view_trim(word), "sh");
		return shell;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (view_ends(view_of(path), others[i]))
			return false;
	return true;
}

static void
scripts_text(struct scripts *s, struct view text, const char *path)
{
	if (memchr(text.p == NULL ? "" : text.p, '\0', text.len) != NULL)
		return;
	if (scripts_is_shell(text, path))
		started_scan(text, scripts_take, s);
	else
		fetch_script_names(s->j, text, fetch_obeyed);
}

void
fetch_script(struct fetch_job *j, const char *folder, struct view text)
{
	struct scripts s = { .j = j, .folder = folder };

	scripts_text(&s, text, "");
}

static void
scripts_on_change(const struct scan_change *c, void *arg)
{
	struct scripts *s = arg;
	AUTO_FREE char *path = path_join(s->j->top, c->path);

	if ((c->new_mode & SCAN_MODE_TYPE) !=
	    (SCAN_MODE_PROGRAM & SCAN_MODE_TYPE))
		return;
	free(map_put(s->ids, c->path, xstrdup(c->new_id)));
	if (fetch_is_hook(s->j, c->path))
		fetch_obeyed(s->j, path, HOOKS_FILE | HOOKS_READ);
}

static int
scripts_changes(struct scripts *s, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", s->j->from, s->j->to, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(s->j, &g, &r, e);

	if (rc == 0)
		rc = scan_raw(str_view(&r.out), scripts_on_change, s, e);
	program_result_release(&r);
	return rc;
}

/* One, as it is and as it will be. */
static int
scripts_read(struct scripts *s, const char *path, struct err *e)
{
	AUTO_STR struct str now = STR_INIT_MAX(SCRIPTS_TEXT_MAX);
	AUTO_STR struct str later = STR_INIT_MAX(SCRIPTS_TEXT_MAX);
	AUTO_FREE char *folder = path_join(s->j->top, path);
	const char *id = map_get(s->ids, path);
	struct err none = ERR_INIT;

	*strrchr(folder, '/') = '\0';
	s->folder = folder;
	if (path_read_beneath(s->top, path, SCRIPTS_TEXT_MAX, &now, &none) == 0)
		scripts_text(s, str_view(&now), path);
	if (id == NULL)
		return 0;
	if (blobs_text(s->blobs, id, SCRIPTS_TEXT_MAX, &later, e) == 0)
		scripts_text(s, str_view(&later), path);
	else if (e->code != ERR_LIMIT)
		return -1;
	return 0;
}

static int
scripts_read_all(struct scripts *s, struct err *e)
{
	struct fetch_job *j = s->j;
	size_t i = 0;

	for (int depth = 0; depth < SCRIPTS_DEPTH_MAX; depth++)
		for (const size_t n = j->nscripts; i < n; i++)
			if (scripts_read(s, j->scripts[i], e) == -1)
				return -1;
	return 0;
}

int
fetch_load_scripts(struct fetch_job *j, struct err *e)
{
	struct scripts s = { .j = j, .ids = map_new(), .top = -1 };
	size_t cursor = 0;
	void *id;
	int rc = -1;

	fetch_follow_hooks(j);
	if (scripts_changes(&s, e) == 0 &&
	    (s.blobs = blobs_open(j, e)) != NULL &&
	    (s.top = files_open_tree(j->top, e)) != -1)
		rc = scripts_read_all(&s, e);
	fetch_follow_hooks(j);
	blobs_close(s.blobs);
	if (s.top != -1)
		(void)close(s.top);
	while (map_next(s.ids, &cursor, NULL, &id))
		free(id);
	map_free(s.ids);
	return rc;
}
