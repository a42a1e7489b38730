#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/doctor.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct doctor_args {
	bool no_sandbox;
};

static void
doctor_print(const struct cli *c, const struct doctor *d)
{
	static const enum out_colour colours[DOCTOR_STATES] = {
		[DOCTOR_OK] = OUT_GOOD,
		[DOCTOR_NONE] = OUT_DIM,
		[DOCTOR_WARN] = OUT_WARN,
		[DOCTOR_FAIL] = OUT_BAD,
	};
	const char *group = "";

	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_row *r = &d->rows[i];

		if (strcmp(group, r->group) != 0)
			(void)printf("%s%s\n", i == 0 ? "" : "\n", r->group);
		group = r->group;
		(void)printf("  ");
		out_paint(c, stdout, colours[r->state], doctor_word(r->state));
		(void)printf("%*s%-16s ",
		    (int)(9 - strlen(doctor_word(r->state))), "", r->name);
		out_text(stdout, r->what);
		(void)printf("\n");
		if (r->fix != NULL) {
			(void)printf("%28sfix: ", "");
			out_text(stdout, r->fix);
			(void)printf("\n");
		}
	}
}

static void
doctor_json(const struct doctor *d, bool good)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", good);
	jw_array(&w, "checks");
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_row *r = &d->rows[i];

		jw_object(&w, NULL);
		jw_str(&w, "group", r->group);
		jw_str(&w, "name", r->name);
		jw_str(&w, "state", doctor_word(r->state));
		jw_str(&w, "what", r->what);
		if (r->fix != NULL)
			jw_str(&w, "fix", r->fix);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	out_json_line(&out);
}

static int
cmd_doctor_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct doctor_args *a = args;
	struct doctor d = { .c = c };
	size_t bad = 0, warned = 0;

	(void)argc;
	(void)argv;
	doctor_host(&d);
	doctor_home(&d);
	doctor_service(&d);
	if (a->no_sandbox || c->g.dry_run)
		doctor_add(&d, DOCTOR_NONE, "sandbox", NULL, "not asked for");
	else
		doctor_sandbox(&d);
	for (size_t i = 0; i < d.n; i++) {
		bad += d.rows[i].state == DOCTOR_FAIL;
		warned += d.rows[i].state == DOCTOR_WARN;
	}
	if (c->g.json) {
		doctor_json(&d, bad == 0);
	} else {
		doctor_print(c, &d);
		(void)printf("\n%zu checks, %zu failed, %zu warnings\n", d.n,
		    bad, warned);
	}
	doctor_release(&d);
	return bad == 0 ? CLI_OK : CLI_FAILED;
}

static const struct command_option doctor_options[] = {
	{ 0, OPT_FLAG, "no-sandbox", offsetof(struct doctor_args, no_sandbox),
	    NULL, "do not run a command in a throw-away sandbox" },
	{ .name = NULL },
};

const struct command cmd_doctor[] = {
	{ .name = "doctor",
	    .group = "Service",
	    .summary = "what this host lacks, and what would mend it",
	    .usage = "[--no-sandbox]",
	    .args_size = sizeof(struct doctor_args),
	    .options = doctor_options,
	    .run = cmd_doctor_run,
	    .more = "Looks at the host, HOME, the programs that run, and runs "
		    "a command in\na sandbox.  Exit code 0: nothing failed." },
	{ .name = NULL },
};
