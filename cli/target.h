/*
 * target: the project and item arguments of commands.  A project is
 * OWNER/NAME, or NAME alone when cofferd has only one of that name.
 */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wire/json.h"

struct cli;
struct err;
struct str;

enum {
	TARGET_NAME_MAX = 100,
	TARGET_FULL_MAX = 2 * TARGET_NAME_MAX + 2,
	TARGET_ITEM_MAX = 1000000000
};

/* A number, with or without '#'; ERR_INVALID otherwise. */
int target_item(const char *s, int64_t *n, struct err *e);
/* Fills OWNER/NAME.  Asks cofferd only when the owner is missing. */
int target_project(
    struct cli *c, const char *s, char full[TARGET_FULL_MAX], struct err *e);
/* The Project; json_free. */
struct json *target_load(struct cli *c, const char *s, struct err *e);
/* The list of all projects, an array; json_free. */
struct json *target_list(struct cli *c, struct err *e);
/*
 * The text of a body: `literal`, or the file, or standard input for "-".
 * At most 64 KiB.
 */
int target_body(
    const char *literal, const char *file, struct str *out, struct err *e);

#endif
