/*
 * own: the user's own programs, as if he had typed them: his environment, his
 * settings, his terminal.  Only for what he asked for by name; nothing of a
 * quarantine runs like this.
 */
#ifndef CLI_FETCH_OWN_H
#define CLI_FETCH_OWN_H

struct cli;
struct err;

/* argv[0] is absolute; *code: its status. */
int own_run(struct cli *c, const char *const *argv, const char *cwd, int *code,
    struct err *e);

#endif
