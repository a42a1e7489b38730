/*
 * checks_yaml: `.coffer/checks.yml` to struct checks.  Pure.  The file comes
 * from a repository and is hostile: its size, depth, number of events and every
 * string are bounded, aliases and tags are refused, an unknown or repeated key
 * is an error.  Errors are ERR_INVALID and begin with "line N: ".
 */
#ifndef SERVER_GIT_CHECKS_YAML_H
#define SERVER_GIT_CHECKS_YAML_H

#include "lib/base/view.h"
#include "server/domain/checks.h"

struct err;

/* On success the caller releases *out. */
int checks_parse(struct view text, struct checks *out, struct err *e);

#endif
