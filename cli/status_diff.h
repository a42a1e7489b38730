/* status_diff: what an agent changed, as git says it in the sandbox: the run's
 * that is at work, else in the clones of the session. */
#ifndef CLI_STATUS_DIFF_H
#define CLI_STATUS_DIFF_H

struct cli;

/* Returns the exit code. */
int status_diff(struct cli *c, const char *project);

#endif
