/*
 * sandbox_options: what a project's sandbox is made of beside its limits, as
 * rows: a text or a list of texts with a name in the API, a bound and a rule.
 * An empty one means agentd's default.  Pure.
 */
#ifndef SERVER_DOMAIN_SANDBOX_OPTIONS_H
#define SERVER_DOMAIN_SANDBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum {
	SANDBOX_LIST_MAX = 16,
	SANDBOX_TEXT_MAX = 512
};

struct text_list {
	char **v; /* NULL-terminated, NULL when empty */
	size_t n;
};

struct sandbox_options {
	char *profile; /* "": the host's own system */
	char *branch;  /* "": the default branch */
	char *driver;
	char *runtime;
	char *gpus; /* "", "all" or how many */
	struct text_list entrypoint;
	struct text_list ro; /* folders and files of the host */
	bool docker;
};

/* Either `at` is a char * or a struct text_list in the struct. */
struct sandbox_option {
	const char *name;
	size_t offset;
	bool list;
	bool host; /* reaches the host: an administrator's alone to change */
	int (*check)(const char *name, const char *text, struct err *e);
};
extern const struct sandbox_option sandbox_option_rows[]; /* ends with NULL */

void sandbox_options_init(struct sandbox_options *o);
void sandbox_options_release(struct sandbox_options *o);
void sandbox_options_copy(
    struct sandbox_options *dst, const struct sandbox_options *src);
/* By a row; copies; replaces what was there. */
void sandbox_options_set_text(struct sandbox_options *o,
    const struct sandbox_option *row, const char *text);
void sandbox_options_set_list(struct sandbox_options *o,
    const struct sandbox_option *row, const char *const *v, size_t n);
const char *sandbox_options_text(
    const struct sandbox_options *o, const struct sandbox_option *row);
const struct text_list *sandbox_options_list(
    const struct sandbox_options *o, const struct sandbox_option *row);

/* ERR_INVALID that names the setting and says what it may be. */
int sandbox_options_check(const struct sandbox_options *o, struct err *e);
/* Do they ask the same of the host? */
bool sandbox_options_same_host(
    const struct sandbox_options *a, const struct sandbox_options *b);

#endif
