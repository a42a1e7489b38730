/* gate: what a merge still needs, fetched and shown the same way everywhere. */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include <stdint.h>
#include <stdio.h>

struct cli;
struct err;
struct json;

/* cofferd's answer for a pull request; json_free. */
struct json *gate_load(
    struct cli *c, const char *full, int64_t n, struct err *e);
void gate_print(const struct cli *c, FILE *f, const struct json *gate);

#endif
