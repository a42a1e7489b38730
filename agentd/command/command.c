#include "agentd/command/command.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

enum {
	COMMAND_WALL_MIN_MS = 1000,
	COMMAND_WALL_MAX_MS = 24 * 3600 * 1000
};

static const char *const command_access_names[] = {
	[COMMAND_READ] = "read",
	[COMMAND_SCRATCH] = "scratch",
	[COMMAND_WRITE] = "write",
};

const char *
command_access_name(enum command_access a)
{
	return command_access_names[a];
}

static int
command_set_text(char **field, struct view v, struct err *e)
{
	if (*field != NULL)
		return err_set(e, ERR_INVALID, "the key is given twice");
	*field = view_dup(v);
	return 0;
}

static int
command_set_description(struct command *c, struct view v, struct err *e)
{
	return command_set_text(&c->description, v, e);
}

static int
command_set_arguments(struct command *c, struct view v, struct err *e)
{
	return command_set_text(&c->arguments, v, e);
}

static int
command_set_access(struct command *c, struct view v, struct err *e)
{
	for (size_t i = 0; i <= COMMAND_WRITE; i++) {
		if (view_is(v, command_access_names[i])) {
			c->access = (enum command_access)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "access is read, scratch or write");
}

static int
command_set_network(struct command *c, struct view v, struct err *e)
{
	if (!view_is(v, "off"))
		return err_set(e, ERR_INVALID,
		    "network is off, or left out for the project's");
	c->offline = true;
	return 0;
}

static int
command_set_wall(struct command *c, struct view v, struct err *e)
{
	AUTO_FREE char *s = view_dup(v);

	return num_duration_ms(
	    s, COMMAND_WALL_MIN_MS, COMMAND_WALL_MAX_MS, &c->wall_ms, e);
}

static const struct {
	const char *key;
	int (*set)(struct command *c, struct view v, struct err *e);
} command_keys[] = {
	{ "description", command_set_description },
	{ "arguments", command_set_arguments },
	{ "access", command_set_access },
	{ "network", command_set_network },
	{ "wall", command_set_wall },
};

static int
command_set(struct command *c, struct view line, struct err *e)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct view key, value;

	if (colon == NULL)
		return err_set(e, ERR_INVALID, "expected `key: value`");
	key = view_trim(
	    (struct view){ .p = line.p, .len = (size_t)(colon - line.p) });
	value = view_trim(view_from(line, (size_t)(colon - line.p) + 1));
	if (value.len == 0)
		return err_set(e, ERR_INVALID, "the value is missing");
	for (size_t i = 0; i < sizeof(command_keys) / sizeof(command_keys[0]);
	     i++) {
		if (view_is(key, command_keys[i].key))
			return command_keys[i].set(c, value, e);
	}
	return err_set(e, ERR_INVALID, "unknown key `%.*s`",
	    key.len > 40 ? 40 : (int)key.len, key.p);
}

/* Parse the front matter, leaving *rest behind its closing line. */
static int
command_front(
    const char *file, struct view *rest, struct command *c, struct err *e)
{
	struct view line;
	unsigned lineno = 1;

	if (!view_split(rest, '\n', &line) || !view_is(view_trim(line), "---"))
		return err_set(e, ERR_INVALID,
		    "%s:1: a command file starts with a line `---`", file);
	while (view_split(rest, '\n', &line)) {
		lineno++;
		line = view_trim(line);
		if (view_is(line, "---"))
			return 0;
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (command_set(c, line, e) == -1)
			return err_wrap(e, "%s:%u", file, lineno);
	}
	return err_set(e, ERR_INVALID,
	    "%s:%u: the front matter has no closing line `---`", file, lineno);
}

int
command_parse(const char *file, const char *name, struct view text,
    struct command *out, struct err *e)
{
	struct view rest = text;

	*out = (struct command){ .access = COMMAND_READ };
	if (text.len > COMMAND_FILE_MAX)
		return err_set(
		    e, ERR_LIMIT, "%s: over %d bytes", file, COMMAND_FILE_MAX);
	if (text.len == 0 || memchr(text.p, '\0', text.len) != NULL ||
	    !utf8_valid(text))
		return err_set(e, ERR_INVALID, "%s: not a text in UTF-8", file);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	if (command_front(file, &rest, out, e) == -1)
		goto fail;
	if (out->description == NULL) {
		err_set(e, ERR_INVALID, "%s: no `description:`", file);
		goto fail;
	}
	rest = view_trim(rest);
	if (rest.len == 0) {
		err_set(e, ERR_INVALID, "%s: no prompt after `---`", file);
		goto fail;
	}
	out->prompt = view_dup(rest);
	return 0;

fail:
	command_release(out);
	return -1;
}

void
command_release(struct command *c)
{
	free(c->description);
	free(c->arguments);
	free(c->prompt);
	*c = (struct command){ .access = COMMAND_READ };
}

static struct command *
commands_slot(struct commands *c, const char *name, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->v[i].name, name) == 0) {
			command_release(&c->v[i]);
			return &c->v[i];
		}
	}
	if (c->n == COMMAND_MAX) {
		(void)err_set(
		    e, ERR_LIMIT, "more than %d commands", COMMAND_MAX);
		return NULL;
	}
	return &c->v[c->n++];
}

/* "plan.md" gives "plan"; false for what is no command file. */
static bool
commands_name(const char *file, char name[SLASH_NAME_MAX + 1])
{
	size_t n = strlen(file);
	struct slash s;
	char text[SLASH_NAME_MAX + 2] = "/";

	if (n < 4 || strcmp(file + n - 3, ".md") != 0 || n - 3 > SLASH_NAME_MAX)
		return false;
	memcpy(text + 1, file, n - 3);
	text[n - 2] = '\0';
	if (!slash_parse(view_of(text), &s) || strcmp(s.name, text + 1) != 0)
		return false;
	memcpy(name, s.name, sizeof(s.name));
	return true;
}

static int
commands_load_file(struct commands *out, const char *dir, const char *file,
    const char *name, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_STR struct str text = STR_INIT;
	struct command parsed;
	struct command *slot;

	if (path_read(path, COMMAND_FILE_MAX, &text, e) == -1 ||
	    command_parse(path, name, str_view(&text), &parsed, e) == -1)
		return -1;
	slot = commands_slot(out, name, e);
	if (slot == NULL) {
		command_release(&parsed);
		return -1;
	}
	*slot = parsed;
	return 0;
}

static int
commands_load_dir(struct commands *out, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int rc = 0;

	if (d == NULL) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, ERR_IO, "open %s", dir);
	}
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		char name[SLASH_NAME_MAX + 1];

		if (commands_name(entry->d_name, name))
			rc = commands_load_file(
			    out, dir, entry->d_name, name, e);
	}
	(void)closedir(d);
	return rc;
}

int
commands_load(struct commands *out, const char *const *dirs, struct err *e)
{
	*out = (struct commands){ .n = 0 };
	for (; *dirs != NULL; dirs++) {
		if (commands_load_dir(out, *dirs, e) == -1) {
			commands_release(out);
			return -1;
		}
	}
	return 0;
}

void
commands_release(struct commands *c)
{
	for (size_t i = 0; i < c->n; i++)
		command_release(&c->v[i]);
	c->n = 0;
}

const struct command *
commands_find(const struct commands *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	}
	return NULL;
}

void
commands_help(const struct commands *c, struct str *out)
{
	str_add(out, "| command | access | what it does |\n|---|---|---|\n");
	for (size_t i = 0; i < c->n; i++) {
		const struct command *k = &c->v[i];

		str_addf(out, "| `/%s%s%s%s` | %s | %s |\n", k->name,
		    k->arguments != NULL ? " <" : "",
		    k->arguments != NULL ? k->arguments : "",
		    k->arguments != NULL ? ">" : "",
		    command_access_name(k->access), k->description);
	}
}
