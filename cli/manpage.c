#include "cli/manpage.h"

#include <ctype.h>
#include <string.h>

#include "cli/command.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	MANPAGE_MODE = 0644,
	MANPAGE_DIR_MODE = 0755
};

/* Text that roff takes as it is; a line never begins with a request. */
static void
manpage_text(struct str *out, const char *s)
{
	bool begin = true;

	for (; *s != '\0'; s++) {
		if (begin && (*s == '.' || *s == '\''))
			str_add(out, "\\&");
		begin = *s == '\n';
		switch (*s) {
		case '\\':
			str_add(out, "\\e");
			break;
		case '-':
			str_add(out, "\\-");
			break;
		case '\'':
			str_add(out, "\\(aq");
			break;
		case '`':
			str_add(out, "\\(ga");
			break;
		case '^':
			str_add(out, "\\(ha");
			break;
		case '~':
			str_add(out, "\\(ti");
			break;
		default:
			str_addc(out, *s);
			break;
		}
	}
}

static void
manpage_line(struct str *out, const char *s)
{
	manpage_text(out, s);
	str_addc(out, '\n');
}

/* "issue new" is coffer-issue-new. */
static char *
manpage_name(const struct command *c)
{
	char *name = xasprintf("coffer-%s", c->name);

	for (char *p = name; *p != '\0'; p++)
		if (*p == ' ')
			*p = '-';
	return name;
}

static void
manpage_head(struct str *out, const char *name)
{
	str_add(out, ".\\\" Made by `coffer help --man`; do not edit.\n.TH ");
	for (; *name != '\0'; name++)
		str_addc(out, (char)toupper((unsigned char)*name));
	str_add(out, " 1 \"\" \"Cofferdam\" \"Cofferdam\"\n.nh\n.ad l\n");
}

static void
manpage_options(struct str *out, const struct command_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		str_add(out, ".TP\n");
		if (o->letter != '\0')
			str_addf(out, "\\fB\\-%c\\fR, ", o->letter);
		str_add(out, "\\fB\\-\\-");
		manpage_text(out, o->name);
		str_add(out, "\\fR");
		if (o->type != OPT_FLAG) {
			str_add(out, " \\fI");
			manpage_text(out, o->arg == NULL ? "VALUE" : o->arg);
			str_add(out, "\\fR");
		}
		str_addc(out, '\n');
		manpage_line(out, o->help == NULL ? "" : o->help);
	}
}

void
manpage_command(struct str *out, const struct command *c)
{
	AUTO_FREE char *name = manpage_name(c);

	manpage_head(out, name);
	str_add(out, ".SH NAME\n");
	manpage_text(out, name);
	str_add(out, " \\- ");
	manpage_line(out, c->summary);
	str_add(out, ".SH SYNOPSIS\n\\fBcoffer ");
	manpage_text(out, c->name);
	str_add(out, "\\fR ");
	manpage_line(out, c->usage);
	if (c->more != NULL) {
		str_add(out, ".SH DESCRIPTION\n.nf\n");
		manpage_line(out, c->more);
		str_add(out, ".fi\n");
	}
	str_add(out, ".SH OPTIONS\n");
	manpage_options(out, c->options);
	manpage_options(out, command_globals);
	str_add(out,
	    ".SH SEE ALSO\n"
	    "\\fBcoffer\\fR(1), which has the exit codes and where coffer "
	    "looks.\n");
}

static void
manpage_commands(struct str *out, const struct command *const *tables,
    const struct command_group *g)
{
	str_add(out, ".SS ");
	manpage_text(out, g->name);
	str_add(out, ": ");
	manpage_line(out, g->task);
	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct command *c = tables[t]; c->name != NULL;
		     c++) {
			if (strcmp(c->group, g->name) != 0)
				continue;
			str_add(out, ".TP\n\\fB");
			manpage_text(out, c->name);
			str_add(out, "\\fR ");
			manpage_line(out, c->usage);
			manpage_line(out, c->summary);
		}
	}
}

void
manpage_main(struct str *out, const struct command *const *tables)
{
	static const char *const codes[][2] = {
		{ "0", "done" },
		{ "1", "failed" },
		{ "2", "bad usage" },
		{ "3", "refused: by a permission, the gate, a check of fetch" },
		{ "4", "not found" },
		{ "5", "nobody answers at the address" },
		{ "30", "a run failed (run start)" },
		{ "40", "its verification failed (run start --verify)" },
		{ "80",
		    "a folder that was only to be read is not as it was "
		    "(run start --repo)" },
		{ "124", "timed out" },
	};

	manpage_head(out, "coffer");
	str_add(out,
	    ".SH NAME\n"
	    "coffer \\- coding agents in sealed sandboxes\n"
	    ".SH SYNOPSIS\n"
	    "\\fBcoffer\\fR [\\fIGLOBAL OPTION\\fR...] \\fICOMMAND\\fR "
	    "[\\fIARGUMENT\\fR...]\n"
	    ".SH DESCRIPTION\n"
	    "Coding agents work in sealed sandboxes; nothing merges that did "
	    "not pass.\n"
	    "Each command has a page: \\fBman coffer\\-issue\\-new\\fR is "
	    "\\fBcoffer issue new\\fR.\n"
	    ".SH COMMANDS\n");
	for (const struct command_group *g = command_groups; g->name != NULL;
	     g++)
		manpage_commands(out, tables, g);
	str_add(out, ".SH GLOBAL OPTIONS\nBefore or after the command.\n");
	manpage_options(out, command_globals);
	str_add(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		str_addf(out, ".TP\n%s\n", codes[i][0]);
		manpage_line(out, codes[i][1]);
	}
	str_add(out,
	    ".SH ENVIRONMENT\n"
	    ".TP\nCOFFER_HOME\nas \\fB\\-\\-home\\fR\n"
	    ".TP\nCOFFER_URL\nas \\fB\\-\\-url\\fR\n"
	    ".TP\nCOFFER_TOKEN\nwho asks; else HOME/secrets/admin.token\n"
	    ".TP\nNO_COLOR\nas \\fB\\-\\-no\\-colour\\fR\n");
}

static int
manpage_put(
    const char *dir, const char *name, const struct str *text, struct err *e)
{
	AUTO_FREE char *file = xasprintf("%s.1", name);
	AUTO_FREE char *path = path_join(dir, file);

	return path_replace(path, str_cstr(text), text->len, MANPAGE_MODE, e);
}

int
manpage_write_all(
    const char *dir, const struct command *const *tables, int *n, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	*n = 0;
	manpage_main(&text, tables);
	if (path_mkdirs(dir, MANPAGE_DIR_MODE, e) == -1 ||
	    manpage_put(dir, "coffer", &text, e) == -1)
		return -1;
	(*n)++;
	for (size_t t = 0; tables[t] != NULL; t++) {
		for (const struct command *c = tables[t]; c->name != NULL;
		     c++) {
			AUTO_FREE char *name = manpage_name(c);

			str_reset(&text);
			manpage_command(&text, c);
			if (manpage_put(dir, name, &text, e) == -1)
				return -1;
			(*n)++;
		}
	}
	return 0;
}
