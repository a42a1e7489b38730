/*
 * form: a body of application/x-www-form-urlencoded (URL Standard, section
 * 5.1), as bytes of a stranger.  Pure.
 */
#ifndef SERVER_WEB_FORM_H
#define SERVER_WEB_FORM_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	/* Bytes of a body: 60,000 letters of a script come as %E4%B8%80
	 * each.  What is then too long to be kept comes back. */
	FORM_MAX = 640 << 10,
	FORM_FIELDS_MAX = 32,
	FORM_NAME_MAX = 64
};

struct form {
	unsigned n;
	struct {
		char *name;
		char *value;
	} field[FORM_FIELDS_MAX];
};

struct err;

/* ERR_INVALID: it is none; *out is empty then. */
int form_parse(struct view body, struct form *out, struct err *e);
void form_release(struct form *f); /* wipes the values */
/* The first of that name, "" when absent. */
const char *form_get(const struct form *f, const char *name)
    __attribute__((returns_nonnull));
/* The same, NULL when absent. */
const char *form_find(const struct form *f, const char *name);

/* The same with lines that end as elsewhere: browsers send CR LF.  free(3). */
char *form_text(const struct form *f, const char *name);

/* Is this a path of this server that may be gone to after signing in? */
bool form_next_ok(const char *path);

#endif
