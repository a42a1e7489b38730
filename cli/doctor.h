/*
 * doctor: what `coffer doctor` looks at.  A check adds rows: what was looked
 * at, how it is, and for what is not right the words that make it so.  Nothing
 * is changed on the host; doctor_host and doctor_home start nothing of ours
 * but programs that check their configuration.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

struct cli;

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NONE, /* not looked at; said why */
	DOCTOR_WARN, /* works without */
	DOCTOR_FAIL,
	DOCTOR_STATES
};

enum {
	DOCTOR_ROWS_MAX = 64
};

struct doctor_row {
	enum doctor_state state;
	const char *group, *name;
	char *what, *fix; /* fix may be NULL */
};

struct doctor {
	struct cli *c;
	struct doctor_row rows[DOCTOR_ROWS_MAX];
	size_t n;
	const char *group; /* of the rows to come */
};

__attribute__((format(printf, 5, 6))) void doctor_add(struct doctor *d,
    enum doctor_state state, const char *name, const char *fix,
    const char *what, ...);
void doctor_release(struct doctor *d);
const char *doctor_word(enum doctor_state state);

void doctor_host(struct doctor *d);    /* kernel, programs */
void doctor_home(struct doctor *d);    /* files, settings, disk */
void doctor_service(struct doctor *d); /* programs that run, the token */
/* A command in a throw-away sandbox on an empty folder. */
void doctor_sandbox(struct doctor *d);

#endif
