/*
 * opt: command-line options from a table, over getopt_long(3).  `--help` is
 * printed by opt_usage from the same table.
 */
#ifndef LIB_BASE_OPT_H
#define LIB_BASE_OPT_H

#include <stdio.h>

struct err;

enum opt_type {
	OPT_FLAG, /* bool *, set true */
	OPT_STR,  /* const char **, borrowed from argv */
	OPT_U64,  /* uint64_t * */
	OPT_MS,   /* int64_t *, "30s" */
	OPT_SIZE, /* uint64_t *, "2G" */
	OPT_LIST  /* struct opt_list *, may be repeated */
};

enum {
	OPT_LIST_MAX = 32
};

struct opt_list {
	const char *v[OPT_LIST_MAX];
	int n;
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct opt {
	char letter; /* 0: none */
	const char *name;
	enum opt_type type;
	void *out;
	const char *arg; /* name of the value in the usage text */
	const char *help;
};

/*
 * Options may stand anywhere among the arguments; "--" ends them.  On return
 * *argc/argv hold the rest, without argv[0].  opts ends with a NULL name.
 */
int opt_parse(int *argc, char ***argv, const struct opt *opts, struct err *e);
void opt_usage(FILE *f, const char *usage, const struct opt *opts);

#endif
