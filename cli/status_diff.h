/* status_diff: what an agent changed in the clones of a sandbox's session, as
 * git says it in there. */
#ifndef CLI_STATUS_DIFF_H
#define CLI_STATUS_DIFF_H

struct cli;

/* Returns the exit code. */
int status_diff(struct cli *c, const char *project);

#endif
