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

#include "server/domain/types.h"

enum {
	CHECKS_MAX = 16,
	CHECK_NAME_MAX = 64, /* with the NUL: [a-z0-9._-], lower case */
	CHECK_COMMAND_MAX = 4096,
	CHECKS_FILE_MAX = 256 << 10, /* bytes of the file */
	CHECK_TIMEOUT_DEFAULT_S = 600,
	CHECK_TIMEOUT_MAX_S = 6 * 3600
};

#define CHECK_MEMORY_DEFAULT (UINT64_C(2) << 30)
#define CHECK_MEMORY_MIN (UINT64_C(64) << 20)
#define CHECK_MEMORY_MAX (UINT64_C(64) << 30)

struct check {
	char name[CHECK_NAME_MAX];
	char *setup;                     /* NULL: none */
	char *test;                      /* never NULL in a parsed check */
	enum network_mode network_setup; /* default none */
	enum network_mode network_test;  /* default off */
	int64_t timeout_s;
	uint64_t memory; /* bytes */
	bool required;
};

struct checks {
	struct check v[CHECKS_MAX];
	size_t n;
};

#define CHECKS_INIT ((struct checks){ .n = 0 })
#define AUTO_CHECKS __attribute__((cleanup(checks_release)))

void checks_release(struct checks *c);
const struct check *checks_find(const struct checks *c, const char *name);
/* 1..63 of [a-z0-9._-], beginning with a letter or digit. */
bool check_name_ok(const char *name);

#endif
