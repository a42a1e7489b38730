/*
 * sandbox_args: the options that say what a sandbox is made of, for every
 * command that makes one, and the settings they become.  What no sandbox gets
 * is an option as well: it is refused with the reason.
 */
#ifndef CLI_SANDBOX_ARGS_H
#define CLI_SANDBOX_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"

struct err;
struct jw;
struct json;

struct sandbox_args {
	const char *profile, *branch, *network, *agent, *driver, *runtime;
	const char *gpus;
	struct opt_list command, entrypoint, ro;
	uint64_t memory, cpus, pids, disk;
	int64_t wall_ms;
	bool docker;
	/* Refused: */
	struct opt_list rw, devices, caps, publish;
	const char *pid_of, *ipc_of, *userns;
	bool privileged;
};

/* argv: the agent's command after "--".  Members of an open object. */
void sandbox_args_write(
    struct jw *w, const struct sandbox_args *a, int argc, char **argv);
/* ERR_DENIED with the reason for what no sandbox gets. */
int sandbox_args_check(const struct sandbox_args *a, struct err *e);
bool sandbox_args_any(const struct sandbox_args *a);

/* The rows for a struct with a member `sandbox` of the above. */
#define SANDBOX_AT(T, field) offsetof(T, sandbox.field)
/* clang-format off */
#define SANDBOX_ARGS_ROWS(T) \
	{ 'p', OPT_STR, "profile", SANDBOX_AT(T, profile), "NAME", \
	    "root file system (coffer profile list); default: the host's" }, \
	{ 'b', OPT_STR, "branch", SANDBOX_AT(T, branch), "BRANCH", \
	    "what it works on (default: the default branch)" }, \
	{ 0, OPT_STR, "network", SANDBOX_AT(T, network), "MODE", \
	    "off, none, web (default), locked or open" }, \
	{ 0, OPT_STR, "agent", SANDBOX_AT(T, agent), "NAME", \
	    "the agent's adapter (default: command)" }, \
	{ 0, OPT_LIST, "agent-command", SANDBOX_AT(T, command), "WORD", \
	    "program in the sandbox; repeat for arguments, or after --" }, \
	{ 0, OPT_LIST, "entrypoint", SANDBOX_AT(T, entrypoint), "WORD", \
	    "program that a session begins with; repeat for arguments" }, \
	{ 0, OPT_SIZE, "memory", SANDBOX_AT(T, memory), "SIZE", "default 2G" },\
	{ 0, OPT_U64, "cpus", SANDBOX_AT(T, cpus), "N", "default 2" }, \
	{ 0, OPT_U64, "pids", SANDBOX_AT(T, pids), "N", "default 512" }, \
	{ 0, OPT_SIZE, "disk", SANDBOX_AT(T, disk), "SIZE", "default 4G" }, \
	{ 0, OPT_MS, "wall", SANDBOX_AT(T, wall_ms), "TIME", \
	    "longest run (default 1h)" }, \
	{ 0, OPT_LIST, "ro", SANDBOX_AT(T, ro), "PATH", \
	    "of the host, to be seen as /mnt/NAME; may be repeated" }, \
	{ 0, OPT_STR, "driver", SANDBOX_AT(T, driver), "NAME", \
	    "oci or engine (default: agentd's)" }, \
	{ 0, OPT_STR, "runtime", SANDBOX_AT(T, runtime), "NAME", \
	    "OCI runtime (default: the driver's)" }, \
	{ 0, OPT_STR, "gpus", SANDBOX_AT(T, gpus), "N|all", \
	    "needs a driver that has them" }, \
	{ 0, OPT_FLAG, "docker", SANDBOX_AT(T, docker), NULL, \
	    "an engine inside; with --runtime sysbox-runc alone" }, \
	{ 0, OPT_LIST, "rw", SANDBOX_AT(T, rw), "PATH", "refused" }, \
	{ 0, OPT_LIST, "device", SANDBOX_AT(T, devices), "PATH", "refused" }, \
	{ 0, OPT_LIST, "cap-add", SANDBOX_AT(T, caps), "NAME", "refused" }, \
	{ 0, OPT_LIST, "publish", SANDBOX_AT(T, publish), "PORT", "refused" },\
	{ 0, OPT_STR, "pid", SANDBOX_AT(T, pid_of), "OF", "refused" }, \
	{ 0, OPT_STR, "ipc", SANDBOX_AT(T, ipc_of), "OF", "refused" }, \
	{ 0, OPT_STR, "userns", SANDBOX_AT(T, userns), "OF", "refused" }, \
	{ 0, OPT_FLAG, "privileged", SANDBOX_AT(T, privileged), NULL, \
	    "refused" }
/* clang-format on */

#endif
