/*
 * cli: what one start of `coffer` knows: where HOME and cofferd are, how to
 * print, and the exit codes (docs/cli.md lists them).  Strings live as long as
 * the struct.  Everything a command prints about a failure goes through
 * cli_fail, so that message, hint and exit code always agree.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

struct err;
struct remote;

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_REFUSED = 3, /* by policy or gate */
	CLI_NOTFOUND = 4,
	CLI_UNREACHABLE = 5,
	/* Of runs: */
	CLI_RUN_FAILED = 30,
	CLI_VERIFY_FAILED = 40,
	CLI_SOURCE_CHANGED = 80, /* what was only to be read */
	CLI_TIMEOUT = 124
};

/* Global options, read from the command line by command.c. */
struct cli_globals {
	const char *home;
	const char *url;
	bool json;
	bool dry_run;
	bool no_colour;
	bool help;
};

struct cli {
	struct cli_globals g;
	char *home;
	char *home_word;       /* as a shell takes it, for messages */
	char *url;             /* without a slash at the end */
	const char *url_at;    /* where it came from, for messages */
	char *token;           /* NULL: none found */
	const char *token_at;  /* where it came from, for messages */
	int token_why;         /* errno of its file, if that is there */
	bool terminal;         /* stdout is one */
	bool colour;           /* and may have colours */
	int stopped;           /* by this signal, while a program worked */
	struct remote *remote; /* made at first use */
};

int cli_init(struct cli *c, struct err *e);
void cli_release(struct cli *c);

/* $COFFER_HOME, --home or the default; free(3). */
char *cli_default_home(void) __attribute__((returns_nonnull));

/* A failure that means "nobody answers there": exit code 5. */
int cli_err_unreachable(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), cold, nonnull(1, 2)));
enum cli_exit cli_exit_of(const struct err *e);

/*
 * "coffer: what: why" on stderr, a hint where one is known; returns the exit
 * code of e.
 */
int cli_fail(const struct cli *c, const struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));
/* With --json and nothing printed yet: {"error":"...","exit":rc} on stdout, of
 * what cli_fail or cli_usage said last. */
void cli_fail_json(int rc);
/* Wrong usage: message, "see coffer help"; returns CLI_USAGE. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
/* A line of progress or a remark on stderr. */
void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
