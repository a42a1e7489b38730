/* sandbox_use: what sandboxes use, for people: `status` and its --watch. */
#ifndef CLI_SANDBOX_USE_H
#define CLI_SANDBOX_USE_H

#include <stdint.h>

struct cli;
struct json;

/* Bytes as "123M", "1.5G"; "-" for -1. */
const char *sandbox_use_size(int64_t bytes, char buf[32]);
/* A line "  use       ..." of a project; nothing when nothing is known. */
void sandbox_use_line(const struct json *project);
/* For who starts one: what its driver does not have. */
void sandbox_use_warn(const struct json *project);
/* The table of all, or of the project of that name, until interrupted or
 * `times` times (0: for ever); returns the exit code. */
int sandbox_use_watch(
    struct cli *c, const char *project, int64_t every_ms, uint64_t times);

#endif
