/* sandbox_work: calls that take a sandbox away; cofferd asks coffer-agentd
 * what would be lost. */
#ifndef CLI_SANDBOX_WORK_H
#define CLI_SANDBOX_WORK_H

struct cli;
struct err;
struct json;
struct remote_call;

/*
 * remote_send with the time that looking into a sandbox takes.  ERR_DENIED
 * when something would be lost, or nobody could look: what it is goes to
 * stderr.
 */
int sandbox_work_send(struct cli *c, const struct remote_call *call,
    struct json **out, struct err *e);

#endif
