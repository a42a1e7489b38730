/*
 * checks: what a project's `.coffer/checks.yml` says, as plain data with hard
 * bounds.  server/git parses the file (checks_parse); the gate, the queue and
 * the API read it.  A zeroed struct is "no checks".
 */
#ifndef SERVER_DOMAIN_CHECKS_H
#define SERVER_DOMAIN_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "server/domain/types.h"

enum {
	CHECKS_MAX = 16,
	CHECK_NAME_MAX = 64, /* with the NUL: [a-z0-9._-], lower case */
	CHECK_COMMAND_MAX = 4096,
	CHECK_ROOT_MAX = 64,     /* bytes of an image's or a profile's name */
	CHECK_PRESETS_MAX = 16,  /* of one check */
	CHECK_PATTERNS_MAX = 64, /* of one list */
	CHECKS_FILE_MAX = 256 << 10, /* bytes of the file */
	CHECK_TIMEOUT_DEFAULT_S = 600,
	CHECK_TIMEOUT_MAX_S = 6 * 3600
};

#define CHECK_MEMORY_DEFAULT (UINT64_C(2) << 30)
#define CHECK_MEMORY_MIN (UINT64_C(64) << 20)
#define CHECK_MEMORY_MAX (UINT64_C(64) << 30)

#define CHECK_DISK_MIN (UINT64_C(64) << 20)
#define CHECK_DISK_MAX (UINT64_C(1) << 40)

struct check {
	char name[CHECK_NAME_MAX];
	char *setup;                     /* NULL: none */
	char *test;                      /* never NULL in a parsed check */
	char *image;                     /* NULL as the next: none is named */
	char *profile;                   /* not both */
	enum network_mode network_setup; /* default locked */
	enum network_mode network_test;  /* default off */
	char *presets; /* names, a blank between; NULL: the languages' */
	int64_t timeout_s;
	uint64_t memory; /* bytes */
	uint64_t disk;   /* bytes; 0, as the next: the runner's own */
	int64_t cpus;
	int64_t pids;
	char *labels; /* as presets: what its runner must have; NULL: none */
	char *paths;  /* patterns, a newline after each; NULL: any file */
	char *paths_ignore;
	bool required;
};

/* Must the tests that a pull request brings fail without it? */
enum checks_new_tests {
	NEW_TESTS_ADVISORY,
	NEW_TESTS_OFF,
	NEW_TESTS_REQUIRED
};

struct checks {
	struct check v[CHECKS_MAX];
	size_t n;
	char *tests; /* as paths: which files are tests; NULL: by their names */
	enum checks_new_tests new_tests;
};

/* What stands for the tests of a pull request, and for its checks.yml. */
#define CHECK_NEW_TESTS "new-tests"
#define CHECK_FILE "checks.yml"

#define CHECKS_INIT ((struct checks){ .n = 0 })
#define AUTO_CHECKS __attribute__((cleanup(checks_release)))

void checks_release(struct checks *c);
const struct check *checks_find(const struct checks *c, const char *name);
/* 1..63 of [a-z0-9._-], beginning with a letter or digit. */
bool check_name_ok(const char *name);
/* Names of contexts that are not a check's: the server writes them. */
bool check_name_taken(const char *name);
/* Is the file one of these patterns?  NULL and "": none. */
bool check_path_is(const char *patterns, struct view path);
/* Does it look at this changed file? */
bool check_wants(const struct check *c, struct view path);
/* The preset of the language whose projects have that file at the top, or
 * NULL. */
const char *check_language(const char *file);
/* A name of HOME/images or of an engine's image: no option, no path up. */
bool check_root_ok(const char *name);

#endif
