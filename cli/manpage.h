/*
 * manpage: the table of commands as pages for man(1): coffer(1) and one for
 * each command.  No date and no path of a build is in them, so that two builds
 * make the same bytes.
 */
#ifndef CLI_MANPAGE_H
#define CLI_MANPAGE_H

struct command;
struct err;
struct str;

void manpage_main(struct str *out, const struct command *const *tables);
void manpage_command(struct str *out, const struct command *c);
/* Writes all of them to a folder, which is made; *n says how many. */
int manpage_write_all(const char *dir, const struct command *const *tables,
    int *n, struct err *e);

#endif
