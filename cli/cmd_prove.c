/* cmd_prove: the barriers of a project's sandbox, tried. */
#include <stdio.h>
#include <string.h>

#include "cli/agentlink.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "cli/verdict.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"

enum {
	PROVE_LINE_MAX = 1 << 20,
	PROVE_ID_WIDTH = 14
};

struct proving {
	const struct cli *c;
	struct loop *loop;
	struct str in; /* lines that are not read yet */
	struct verdict verdict;
	bool said; /* it told why it could not be done */
	bool failed;
	int status;
	struct err fail;
};

static void
prove_show(struct proving *v, const struct json *row)
{
	const char *result = json_str_or(row, "result", "untestable");
	const char *id = json_str_or(row, "id", "");
	int pad = PROVE_ID_WIDTH - (int)strlen(id);

	(void)printf("  ");
	out_paint(v->c, stdout,
	    strcmp(result, "pass") == 0       ? OUT_GOOD
		: strcmp(result, "fail") == 0 ? OUT_BAD
					      : OUT_WARN,
	    result);
	(void)printf("%*s ", 11 - (int)strlen(result), "");
	out_text(stdout, id);
	(void)printf("%*s ", pad > 0 ? pad : 0, "");
	out_text(stdout, json_str_or(row, "what", ""));
	(void)printf("\n%14s", "");
	out_text(stdout, json_str_or(row, "evidence", ""));
	(void)printf("\n");
	(void)fflush(stdout);
}

static void
prove_line(struct proving *v, struct view line)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(line, PROVE_LINE_MAX, &e);

	if (json_get(j, "error") != NULL) {
		v->said = true;
		(void)err_set(
		    &v->fail, ERR_INTERNAL, "%s", json_str_or(j, "error", ""));
	} else if (json_get(j, "verdict") != NULL) {
		verdict_parse(v->c->home, j, &v->verdict);
	} else if (j != NULL && !v->c->g.json) {
		prove_show(v, j);
	}
	json_free(j);
}

static void
prove_on_frame(uint8_t type, struct view payload, void *arg)
{
	struct proving *v = arg;
	struct view rest, line;
	size_t used = 0;

	if (type != AGENTLINK_DATA || v->in.len > PROVE_LINE_MAX)
		return;
	str_addv(&v->in, payload);
	rest = str_view(&v->in);
	while (memchr(rest.p, '\n', rest.len) != NULL &&
	    view_split(&rest, '\n', &line)) {
		prove_line(v, line);
		used += line.len + 1;
	}
	str_drop(&v->in, used);
}

static void
prove_on_end(int status, const struct err *e, void *arg)
{
	struct proving *v = arg;

	v->status = status;
	if (e != NULL) {
		v->failed = true;
		v->fail = *e;
	}
	loop_stop(v->loop);
}

static int
prove_tell(struct cli *c, const char *full, struct proving *v)
{
	if (v->failed || v->said || v->verdict.j == NULL) {
		if (!v->failed && !v->said)
			(void)err_set(&v->fail, ERR_INTERNAL,
			    "no verdict came; see HOME/log/agentd.log");
		return cli_fail(c, &v->fail, "prove %s", full);
	}
	if (!v->verdict.good)
		return cli_fail(c, &v->verdict.why, "prove %s", full);
	if (c->g.json) {
		out_json(v->verdict.j);
	} else {
		(void)printf("%s: ", full);
		verdict_show(c, &v->verdict);
		(void)printf("\n");
	}
	return verdict_is(&v->verdict, "pass") ? CLI_OK
	    : verdict_is(&v->verdict, "fail")  ? CLI_REFUSED
					       : CLI_FAILED;
}

static int
prove_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct proving v = { .c = c, .in = STR_INIT, .fail = ERR_INIT };
	char full[TARGET_FULL_MAX];
	const struct agentlink_spec spec = { .project = full,
		.verb = "prove",
		.on_frame = prove_on_frame,
		.on_end = prove_on_end,
		.arg = &v };
	struct agentlink *link = NULL;
	struct err e = ERR_INIT;
	int rc;

	(void)args;
	(void)argc;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "prove %s", argv[0]);
	v.loop = remote_loop(c, &e);
	rc = v.loop == NULL ? -1 : agentlink_open(c, &spec, &link, &e);
	if (rc == 0)
		rc = loop_run(v.loop, &e);
	agentlink_free(link);
	str_release(&v.in);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	rc = rc == -1 ? cli_fail(c, &e, "prove %s", full)
		      : prove_tell(c, full, &v);
	verdict_release(&v.verdict);
	return rc;
}

const struct command cmd_prove[] = {
	{ .name = "prove",
	    .group = "Sandboxes",
	    .summary = "try the barriers of a project's running sandbox",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = prove_run,
	    .more = "A program in the sandbox tries to get out; what counts is "
		    "what is seen outside.  The verdict is signed and kept, "
		    "`coffer status PROJECT` shows it.  Exit status 0: nothing "
		    "failed; 3: something did.  What cannot be tried is "
		    "untestable and has not passed." },
	{ .name = NULL },
};
