#include "cli/confcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/program.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	CONFCHECK_LIMIT_MS = 20 * 1000,
	CONFCHECK_MSG_MAX = 300
};

const struct confcheck_section confcheck_sections[] = {
	{ "server", "cofferd" },
	{ "agentd", "coffer-agentd" },
	{ "router", "coffer-router" },
	{ "gateway", "coffer-gateway" },
	{ "runner", "coffer-runner" },
	{ NULL, NULL },
};

const struct confcheck_section *
confcheck_find(const char *section)
{
	for (const struct confcheck_section *s = confcheck_sections;
	     s->section != NULL; s++)
		if (strcmp(s->section, section) == 0)
			return s;
	return NULL;
}

int
confcheck_home(struct cli *c, const struct confcheck_section *s,
    const char *home, struct err *e)
{
	AUTO_FREE char *program = program_find_own(s->program, e);
	const char *const argv[] = { program, "--home", home, "-n", NULL };
	const struct program_spec spec = { .argv = argv,
		.limit_ms = CONFCHECK_LIMIT_MS };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view why;
	int rc;

	if (program == NULL)
		return -1;
	rc = program_run(c, &spec, &r, e);
	if (rc == 0 && r.code != 0) {
		why = view_trim(str_view(&r.err));
		rc = err_set(e, ERR_INVALID, "%.*s",
		    (int)(why.len > CONFCHECK_MSG_MAX ? CONFCHECK_MSG_MAX
						      : why.len),
		    why.p);
	}
	program_result_release(&r);
	return rc;
}

static int
confcheck_in(struct cli *c, const char *dir, struct view text, struct err *e)
{
	AUTO_FREE char *conf = path_join(dir, "coffer.conf");
	AUTO_FREE char *instance = path_join(dir, "instance");

	if (path_replace(conf, text.p, text.len, 0644, e) == -1 ||
	    path_replace(instance, "0000\n", strlen("0000\n"), 0644, e) == -1)
		return -1;
	for (const struct confcheck_section *s = confcheck_sections;
	     s->section != NULL; s++) {
		struct err sub = ERR_INIT;
		char *at;

		if (confcheck_home(c, s, dir, &sub) == 0)
			continue;
		/* Without the folder, which nobody knows. */
		at = strstr(sub.msg, conf);
		return err_set(e, sub.code, "%s",
		    at == NULL ? sub.msg : at + strlen(dir) + 1);
	}
	return 0;
}

int
confcheck_text(struct cli *c, struct view text, struct err *e)
{
	char dir[] = "/tmp/coffer-conf.XXXXXX";
	struct err sub = ERR_INIT;
	int rc;

	if (mkdtemp(dir) == NULL)
		return err_sys(e, ERR_IO, "make a folder in /tmp");
	rc = confcheck_in(c, dir, text, e);
	if (path_rmtree(dir, &sub) == -1)
		cli_note("%s stays: %s", dir, sub.msg);
	return rc;
}
