#include "cli/confirm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

bool
confirm_possible(const struct cli *c, bool yes, const char *command)
{
	if (yes || c->g.dry_run || isatty(STDIN_FILENO) == 1)
		return true;
	(void)cli_usage("%s: not a terminal; confirm with --yes", command);
	return false;
}

bool
confirm_ask(
    const struct cli *c, bool yes, const char *word, const char *fmt, ...)
{
	const char *name = strchr(word, '/');
	char line[256] = "";
	va_list ap;

	if (yes || c->g.dry_run)
		return true;
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(
	    stderr, ".\nType %s to go on: ", name == NULL ? word : "its name");
	if (fgets(line, sizeof(line), stdin) == NULL)
		(void)fprintf(stderr, "\n");
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, word) == 0 ||
	    (name != NULL && strcmp(line, name + 1) == 0))
		return true;
	cli_note("nothing was changed");
	return false;
}
