/*
 * confirm: a question before what cannot be taken back.  `yes` is the
 * command's --yes; nobody is asked with it, nor with --dry-run.
 */
#ifndef CLI_CONFIRM_H
#define CLI_CONFIRM_H

#include <stdbool.h>

struct cli;

/* false, with what to do on standard error, where nobody can be asked; the
 * command ends with CLI_USAGE then. */
bool confirm_possible(const struct cli *c, bool yes, const char *command);
/* Asks on standard error; false, and said so, when the answer is not `word`,
 * or of OWNER/NAME the name.  The command ends with CLI_FAILED then. */
bool confirm_ask(const struct cli *c, bool yes, const char *word,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
