/*
 * command: what a slash command means: a Markdown file with a front matter.
 *
 *   ---
 *   description: Plan a change, without making it
 *   arguments: what to look at (optional)
 *   access: read            (read, scratch or write)
 *   network: off            (absent: the project's)
 *   wall: 30m               (absent: the project's)
 *   ---
 *   The prompt.
 *
 * Files NAME.md of the given folders; a later folder overrides an earlier one.
 */
#ifndef AGENTD_COMMAND_COMMAND_H
#define AGENTD_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/command/slash.h"
#include "lib/base/view.h"

struct err;
struct str;

enum command_access {
	COMMAND_READ,    /* read-only tree, token cannot push */
	COMMAND_SCRATCH, /* a copy that is thrown away, token cannot push */
	COMMAND_WRITE    /* the item's branch */
};

enum {
	COMMAND_FILE_MAX = 64 << 10,
	COMMAND_MAX = 64
};

struct command {
	char name[SLASH_NAME_MAX + 1];
	char *description;
	char *arguments;
	enum command_access access;
	bool offline;    /* the agent's container has loopback only */
	int64_t wall_ms; /* 0: the project's */
	char *prompt;
};

struct commands {
	struct command v[COMMAND_MAX];
	size_t n;
};

const char *command_access_name(enum command_access a);
/* file is used in messages: "file:line: what is wrong". */
int command_parse(const char *file, const char *name, struct view text,
    struct command *out, struct err *e);
void command_release(struct command *c);

/* dirs ends with NULL; a folder that is not there is skipped, a file that is
 * wrong is an error. */
int commands_load(struct commands *out, const char *const *dirs, struct err *e);
void commands_release(struct commands *c);
const struct command *commands_find(const struct commands *c, const char *name);
/* The answer to an unknown command: Markdown. */
void commands_help(const struct commands *c, struct str *out);

#endif
