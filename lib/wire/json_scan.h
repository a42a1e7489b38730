/*
 * json_scan: the checks on JSON text (RFC 8259) before the reader sees it:
 * grammar, nesting, number of values, UTF-8, no NUL in a string.  For
 * lib/wire, and for a program that must not need the reader.
 */
#ifndef LIB_WIRE_JSON_SCAN_H
#define LIB_WIRE_JSON_SCAN_H

#include <stddef.h>

#include "lib/base/view.h"

struct err;

struct json_scan_limits {
	size_t depth; /* at most JSON_MAX_DEPTH */
	size_t values;
};

int json_scan(
    struct view text, const struct json_scan_limits *limits, struct err *e);

#endif
