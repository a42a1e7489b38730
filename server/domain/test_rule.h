/*
 * test_rule: which files are tests, and what a changed line of one says:
 * that a test is skipped, that there is one, that a threshold is lower.  Pure;
 * guesses by the common ways of writing, for people to look at.
 */
#ifndef SERVER_DOMAIN_TEST_RULE_H
#define SERVER_DOMAIN_TEST_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

/* patterns as in struct checks; NULL or "": by the usual names. */
bool test_path_is(const char *patterns, struct view path);
/* Files that hold the thresholds of tests and coverage. */
bool test_path_has_thresholds(struct view path);

bool test_line_skips(struct view line);
bool test_line_defines(struct view line);
/* A line that sets a threshold: what stands before its number, and that in
 * thousandths. */
bool test_line_threshold(struct view line, struct view *key, int64_t *milli);

#endif
