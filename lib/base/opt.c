#include "lib/base/opt.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

enum {
	OPT_ROWS_MAX = 64,
	OPT_LONG_BASE = 256, /* getopt's value for row i is this plus i */
	OPT_COLUMN = 28
};

struct opt_table {
	struct option rows[OPT_ROWS_MAX + 1];
	char letters[2 * OPT_ROWS_MAX + 3];
	int n;
};

/* Leading ':' tells a missing value apart from an unknown option. */
static void
opt_build(struct opt_table *t, const struct opt *opts)
{
	size_t at = 0;

	memset(t, 0, sizeof(*t));
	t->letters[at++] = ':';
	for (; opts[t->n].name != NULL; t->n++) {
		const struct opt *o = &opts[t->n];
		bool flag = o->type == OPT_FLAG;

		if (t->n == OPT_ROWS_MAX)
			die("opt too-many rows=%d", t->n);
		t->rows[t->n] = (struct option){
			.name = o->name,
			.has_arg = flag ? no_argument : required_argument,
			.val = OPT_LONG_BASE + t->n,
		};
		if (o->letter != '\0') {
			t->letters[at++] = o->letter;
			if (!flag)
				t->letters[at++] = ':';
		}
	}
}

static int
opt_list_add(struct opt_list *l, const char *v, struct err *e)
{
	if (l->n == OPT_LIST_MAX)
		return err_set(e, ERR_LIMIT, "given more than %d times",
		    (int)OPT_LIST_MAX);
	l->v[l->n++] = v;
	return 0;
}

static int
opt_set(const struct opt *o, const char *v, struct err *e)
{
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->out = true;
		return 0;
	case OPT_STR:
		*(const char **)o->out = v;
		return 0;
	case OPT_U64:
		return num_u64(v, 0, UINT64_MAX, o->out, e);
	case OPT_MS:
		return num_duration_ms(v, 0, INT64_MAX, o->out, e);
	case OPT_SIZE:
		return num_size(v, 0, UINT64_MAX, o->out, e);
	case OPT_LIST:
		return opt_list_add(o->out, v, e);
	}
	die("opt bad-type name=%s", o->name);
}

static const struct opt *
opt_find(const struct opt_table *t, const struct opt *opts, int c)
{
	if (c >= OPT_LONG_BASE && c < OPT_LONG_BASE + t->n)
		return &opts[c - OPT_LONG_BASE];
	for (int i = 0; i < t->n; i++)
		if (opts[i].letter != '\0' && opts[i].letter == c)
			return &opts[i];
	return NULL;
}

/* The argument that getopt stopped at, as the user wrote it. */
static int
opt_refuse(int c, const char *word, struct err *e)
{
	char letter[] = { '-', (char)optopt, '\0' };
	bool is_long = strncmp(word, "--", 2) == 0;

	return err_set(e, ERR_INVALID, "%s %s (see --help)",
	    c == ':' ? "a value must follow" : "unknown option",
	    log_val(is_long || optopt == 0 ? word : letter));
}

int
opt_parse(int *argc, char ***argv, const struct opt *opts, struct err *e)
{
	struct opt_table t;
	int c;

	opt_build(&t, opts);
	opterr = 0;
	optind = 0; /* glibc: start afresh, forget the last vector */
	while ((c = getopt_long(*argc, *argv, t.letters, t.rows, NULL)) != -1) {
		const struct opt *o = opt_find(&t, opts, c);

		if (c == '?' || c == ':' || o == NULL)
			return opt_refuse(c, (*argv)[optind - 1], e);
		if (opt_set(o, optarg, e) == -1)
			return err_wrap(e, "--%s", o->name);
	}
	*argc -= optind;
	*argv += optind;
	return 0;
}

void
opt_usage(FILE *f, const char *usage, const struct opt *opts)
{
	(void)fprintf(f, "usage: %s\n", usage);
	for (; opts->name != NULL; opts++) {
		char left[128], letter[8] = "   ";
		bool has_arg = opts->type != OPT_FLAG;

		if (opts->letter != '\0')
			(void)snprintf(
			    letter, sizeof(letter), "-%c,", opts->letter);
		(void)snprintf(left, sizeof(left), "  %s --%s%s%s", letter,
		    opts->name, has_arg ? " " : "",
		    !has_arg                ? ""
			: opts->arg == NULL ? "VALUE"
					    : opts->arg);
		(void)fprintf(f, "%-*s %s\n", OPT_COLUMN, left,
		    opts->help == NULL ? "" : opts->help);
	}
}
