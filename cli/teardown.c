#include "cli/teardown.h"

#include <unistd.h>

#include "cli/cli.h"
#include "cli/layout.h"
#include "cli/program.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	TEARDOWN_LIMIT_MS = 120 * 1000
};

static int
teardown_one(struct cli *c, const char *name, struct err *e)
{
	struct err missing = ERR_INIT;
	AUTO_FREE char *program = program_find_own(name, &missing);
	const char *argv[] = { program, "--home", c->home, "--teardown", NULL };
	const struct program_spec spec = { .argv = argv,
		.limit_ms = TEARDOWN_LIMIT_MS };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (program == NULL)
		return 0;
	rc = program_check(c, &spec, &r, e);
	program_result_release(&r);
	return rc == -1 ? err_wrap(e, "%s --teardown", name) : 0;
}

int
teardown_all(struct cli *c, const char *what)
{
	static const char *const order[] = { "coffer-agentd", "coffer-router" };
	int rc = CLI_OK;

	/* What never was set up has left nothing. */
	if (geteuid() != 0 || !layout_is_home(c->home))
		return CLI_OK;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct err e = ERR_INIT;

		if (teardown_one(c, order[i], &e) == -1)
			rc = cli_fail(c, &e, "%s", what);
	}
	return rc;
}
