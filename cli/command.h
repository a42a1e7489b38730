/*
 * command: the table of commands and what is done with it: lookup, options,
 * help, "did you mean".  A command is one const row beside its code; options
 * are rows too, with the offset of their value in the command's own struct of
 * arguments, which the frame allocates, fills and passes.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "lib/base/opt.h"

struct cli;
struct err;

struct command_option {
	char letter; /* 0: none */
	enum opt_type type;
	const char *name;
	size_t offset; /* of the value in the struct of arguments */
	const char *arg;
	const char *help;
};

/* argc/argv: what is left after options, without the command's words. */
typedef int command_fn(struct cli *c, const void *args, int argc, char **argv);

enum {
	COMMAND_MANY = 1 << 20 /* for max: any number of arguments */
};

struct command {
	const char *name; /* one or two words: "issue new" */
	const char *group;
	const char *summary;
	const char *usage; /* what follows "coffer NAME" */
	int min, max;      /* how many arguments */
	size_t args_size;
	const struct command_option *options; /* ends with a NULL name */
	command_fn *run;
	const char *more; /* further help text, may be NULL */
};

/* All tables, each ending with a NULL name; commands.c. */
extern const struct command *const command_tables[];

/* What a row's group is for, in the order of `coffer help`. */
struct command_group {
	const char *name, *task;
};
extern const struct command_group command_groups[];
/* What every command takes, ending with a NULL name. */
extern const struct command_option command_globals[];

/* words[0..n): finds by two words, then by one; *used says how many. */
const struct command *command_find(
    const struct command *const *tables, char *const *words, int n, int *used);
/* The nearest name by edit distance, NULL when nothing is near. */
const struct command *command_nearest(
    const struct command *const *tables, const char *name);
size_t command_distance(const char *a, const char *b);
/* The long option (without "--") that one like `name` is, or NULL. */
const char *command_option_nearest(const struct command *c, const char *name);

void command_help_all(FILE *f, const struct command *const *tables);
void command_help(FILE *f, const struct command *cmd);
/* Sub-commands of a first word, such as `issue`; 0 if there are none. */
int command_help_family(
    FILE *f, const struct command *const *tables, const char *word);

/* No command has these words: says so, and which is like them; CLI_USAGE. */
int command_unknown(const struct command *const *tables, int n, char **words);

/* The whole program: parse, run, clean up; returns the exit code. */
int command_main(const struct command *const *tables, int argc, char **argv);

#endif
