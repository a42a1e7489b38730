#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/opt.h"

struct wishes {
	bool help;
	const char *config;
	uint64_t n;
	int64_t wait_ms;
	uint64_t size;
	struct opt_list labels;
};

enum {
	ARGS_MAX = 48
};

/* Runs opt_parse over the words; what is left replaces them, n is returned. */
static int
parse(const char **words, struct wishes *w, struct err *e)
{
	const struct opt opts[] = {
		{ 'h', "help", OPT_FLAG, &w->help, NULL, "show this" },
		{ 'c', "config", OPT_STR, &w->config, "FILE", "read FILE" },
		{ 'n', "number", OPT_U64, &w->n, NULL, NULL },
		{ 0, "wait", OPT_MS, &w->wait_ms, "TIME", NULL },
		{ 0, "size", OPT_SIZE, &w->size, NULL, NULL },
		{ 'l', "label", OPT_LIST, &w->labels, NULL, NULL },
		{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
	};
	char *vector[ARGS_MAX + 1] = { 0 }, **argv = vector;
	int argc = 0;

	memset(w, 0, sizeof(*w));
	for (; words[argc] != NULL; argc++)
		memcpy(&vector[argc], &words[argc], sizeof(char *));
	if (opt_parse(&argc, &argv, opts, e) == -1)
		return -1;
	for (int i = 0; i <= argc; i++)
		words[i] = argv[i];
	return argc;
}

static void
opt_takes_options_anywhere(void **state)
{
	const char *words[] = { "prog", "list", "-c", "f", "a", "--number=5",
		"--wait", "2s", "--size", "4k", "-lx", "--label", "y", "--",
		"-h", NULL };
	struct err e = ERR_INIT;
	struct wishes w;

	(void)state;
	assert_int_equal(parse(words, &w, &e), 3);
	assert_string_equal(words[0], "list");
	assert_string_equal(words[1], "a");
	assert_string_equal(words[2], "-h");
	assert_null(words[3]);
	assert_string_equal(w.config, "f");
	assert_int_equal(w.n, 5);
	assert_int_equal(w.wait_ms, 2000);
	assert_int_equal(w.size, 4096);
	assert_int_equal(w.labels.n, 2);
	assert_string_equal(w.labels.v[1], "y");
	assert_false(w.help);
}

static void
opt_names_what_it_refuses(void **state)
{
	static const struct {
		const char *words[4];
		const char *want;
	} rows[] = {
		{ { "p", "--nope", NULL },
		    "unknown option --nope (see --help)" },
		{ { "p", "-x", NULL }, "unknown option -x (see --help)" },
		{ { "p", "-hx", NULL }, "unknown option -x (see --help)" },
		{ { "p", "--config", NULL },
		    "a value must follow --config (see --help)" },
		{ { "p", "-c", NULL }, "a value must follow -c (see --help)" },
		{ { "p", "-n", "five", NULL },
		    "--number: five is not a number" },
		{ { "p", "--wait", "5", NULL },
		    "--wait: 5 is not a duration (write 250ms, 30s, 5m, 2h or "
		    "7d)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *words[4];
		struct err e = ERR_INIT;
		struct wishes w;

		memcpy(words, rows[i].words, sizeof(words));
		assert_int_equal(parse(words, &w, &e), -1);
		assert_string_equal(e.msg, rows[i].want);
	}
}

static void
opt_bounds_a_repeated_option(void **state)
{
	const char *words[ARGS_MAX + 1] = { "prog" };
	struct err e = ERR_INIT;
	struct wishes w;

	(void)state;
	for (int i = 1; i <= OPT_LIST_MAX + 1; i++)
		words[i] = "-lx";
	assert_int_equal(parse(words, &w, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void
opt_usage_lists_every_row(void **state)
{
	bool help = false;
	const char *config = NULL;
	const struct opt opts[] = {
		{ 'h', "help", OPT_FLAG, &help, NULL, "show this" },
		{ 0, "config", OPT_STR, &config, "FILE", "read FILE" },
		{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
	};
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	opt_usage(f, "prog [options]", opts);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text,
	    "usage: prog [options]\n"
	    "  -h, --help                 show this\n"
	    "      --config FILE          read FILE\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opt_takes_options_anywhere),
		cmocka_unit_test(opt_names_what_it_refuses),
		cmocka_unit_test(opt_bounds_a_repeated_option),
		cmocka_unit_test(opt_usage_lists_every_row),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
