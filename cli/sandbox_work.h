/* sandbox_work: what would be lost with a sandbox; coffer-agentd looks. */
#ifndef CLI_SANDBOX_WORK_H
#define CLI_SANDBOX_WORK_H

#include <stdint.h>

struct cli;
struct err;
struct json;

/*
 * 0 when there is nothing.  ERR_DENIED when there is work that exists nowhere
 * else: it is listed on stderr; also when nobody could look.
 */
int sandbox_work_check(
    struct cli *c, const struct json *project, struct err *e);
/* The sequence of the newest event of a project: where waiting starts. */
int sandbox_work_newest(
    struct cli *c, int64_t project, int64_t *seq, struct err *e);

#endif
