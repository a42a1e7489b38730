/*
 * audit_list: the newest rows of the audit log for a person, a table, or for a
 * program, an array of JSON.
 */
#ifndef CLI_AUDIT_LIST_H
#define CLI_AUDIT_LIST_H

#include <stdint.h>

struct audit_ask;
struct cli;
struct err;

int audit_list_table(
    struct cli *c, const struct audit_ask *a, int64_t n, struct err *e);
int audit_list_json(
    struct cli *c, const struct audit_ask *a, int64_t n, struct err *e);

#endif
