#include "agentd/command/command.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

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

int
commands_add(struct commands *all, struct command *c, struct err *e)
{
	struct command *slot = commands_slot(all, c->name, e);

	if (slot == NULL) {
		command_release(c);
		return -1;
	}
	*slot = *c;
	*c = (struct command){ .access = COMMAND_READ };
	return 0;
}

static int
commands_load_file(struct commands *out, const char *dir, const char *file,
    const char *name, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_STR struct str text = STR_INIT;
	struct command parsed;

	if (path_read(path, COMMAND_FILE_MAX, &text, e) == -1 ||
	    command_parse(path, name, str_view(&text), &parsed, e) == -1)
		return -1;
	return commands_add(out, &parsed, e);
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

		if (command_file_name(entry->d_name, name))
			rc = commands_load_file(
			    out, dir, entry->d_name, name, e);
	}
	(void)closedir(d);
	return rc;
}

static int
commands_cmp(const void *a, const void *b)
{
	const struct command *x = a, *y = b;

	return strcmp(x->name, y->name);
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
	qsort(out->v, out->n, sizeof(out->v[0]), commands_cmp);
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
