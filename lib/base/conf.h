/*
 * conf: a configuration file from one table per section.
 *
 *   # comment
 *   [server]
 *   listen = 127.0.0.1:3000
 *
 * A program reads its own section and checks it strictly: an unknown key, a
 * repeated key, a bad value are errors that name file and line.  Sections that
 * are not asked for are skipped, if they are listed as known.
 */
#ifndef LIB_BASE_CONF_H
#define LIB_BASE_CONF_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum conf_type {
	CONF_STR,  /* char *, owned by the struct: conf_release */
	CONF_U64,  /* uint64_t */
	CONF_BOOL, /* bool: yes no true false on off */
	CONF_MS,   /* int64_t milliseconds, written "30s" */
	CONF_SIZE  /* uint64_t bytes, written "10M" */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;     /* of the field in the program's config struct */
	const char *def;   /* default, in the file's notation; NULL: NULL/0 */
	uint64_t min, max; /* for numbers; max 0 means no bound */
	const char *help;
};

/* keys and known end with a row or entry whose name is NULL. */
struct conf_spec {
	const char *section;
	const struct conf_key *keys;
	const char *const *known; /* other sections that may be there */
};

/*
 * Set the defaults, then read path; a missing file leaves the defaults.  On
 * -1 nothing is owned by cfg: there is nothing to release.
 */
int conf_load(
    const char *path, const struct conf_spec *spec, void *cfg, struct err *e);
/* The same from memory; name is used in messages. */
int conf_parse(const char *name, const char *text, size_t len,
    const struct conf_spec *spec, void *cfg, struct err *e);
void conf_release(const struct conf_spec *spec, void *cfg);

#endif
