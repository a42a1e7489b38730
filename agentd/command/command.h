/*
 * command: what a slash command means: a Markdown file with a front matter.
 *
 *   ---
 *   description: Plan a change, without making it
 *   arguments: what to look at (optional)
 *   access: read            (read, scratch or write)
 *   tools: read, search     (absent: those of the access)
 *   network: off            (absent: the project's)
 *   wall: 30m               (absent: the project's)
 *   turns: 40               (absent: no limit of its own; budget: too)
 *   budget: 2.50            (dollars)
 *   output: comment         (comment, pr, review or structured)
 *   schema: {"type": ...}   (of what is structured)
 *   ---
 *   The prompt.
 *
 * A line that begins with a blank goes on with the value above it.  Pure.
 */
#ifndef AGENTD_COMMAND_COMMAND_H
#define AGENTD_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slash.h"
#include "lib/base/view.h"
#include "lib/net/sha256.h"

struct err;
struct str;

enum command_access {
	COMMAND_READ,    /* read-only tree, token cannot push */
	COMMAND_SCRATCH, /* a copy that is thrown away, token cannot push */
	COMMAND_WRITE    /* the item's branch */
};

enum command_output {
	COMMAND_COMMENT,   /* its answer is the run's comment */
	COMMAND_PULL,      /* and a pull request of its branch: COMMAND_WRITE */
	COMMAND_REVIEW,    /* a review with comments on lines */
	COMMAND_STRUCTURED /* a JSON value that fits `schema` */
};

enum {
	COMMAND_FILE_MAX = 64 << 10,
	COMMAND_MAX = 64,
	COMMAND_SCHEMA_MAX = 16 << 10,
	COMMAND_TURNS_MAX = 10000
};

struct command {
	char name[SLASH_NAME_MAX + 1];
	char *description;
	char *arguments;
	enum command_access access;
	unsigned tools;  /* of AGENT_READS ...; 0: those of the access */
	bool offline;    /* the agent's container has loopback only */
	int64_t wall_ms; /* 0: the project's */
	int64_t turns;   /* 0: no limit of its own */
	int64_t budget;  /* millionths of a dollar; 0: the same */
	enum command_output output;
	char *schema; /* NULL: none */
	char *prompt;
	bool access_given, output_given; /* by the file, else as here */
	char sha[SHA256_HEX]; /* of a repository's file; "": the operator's */
};

struct commands {
	struct command v[COMMAND_MAX];
	size_t n;
};

const char *command_access_name(enum command_access a);
int command_access_parse(const char *name); /* -1: none */
const char *command_output_name(enum command_output o);
/* Words that cofferd or agentd itself answer: no file can mean them. */
bool command_is_reserved(const char *name);
/* file is used in messages: "file:line: what is wrong". */
int command_parse(const char *file, const char *name, struct view text,
    struct command *out, struct err *e);
/* "plan.md" gives "plan"; false for what is no command file. */
bool command_file_name(const char *file, char name[SLASH_NAME_MAX + 1]);
/*
 * A repository's file of a name that the operator has: nothing in it may reach
 * further than his (`most`); ERR_DENIED names what does.  What it leaves out is
 * as his.
 */
int command_narrow(const char *file, const struct command *most,
    struct command *c, struct err *e);
/* As a file that means the same. */
void command_print(const struct command *c, struct str *out);
void command_release(struct command *c);

/* commands.c */

/* dirs ends with NULL; a folder that is not there is skipped, a file that is
 * wrong is an error; a later folder overrides an earlier one. */
int commands_load(struct commands *out, const char *const *dirs, struct err *e);
/* Takes *c, over one of the same name. */
int commands_add(struct commands *all, struct command *c, struct err *e);
void commands_release(struct commands *c);
const struct command *commands_find(const struct commands *c, const char *name);
/* The answer to an unknown command: Markdown. */
void commands_help(const struct commands *c, struct str *out);

#endif
