/*
 * file_rule: what an uploaded file is called, what it is, and whether it is
 * taken.  Pure.  A type comes from the first bytes alone, never from the name
 * or the client, and is one that a browser may show safely, "text/plain" for
 * all other text, or "application/octet-stream".
 */
#ifndef SERVER_DOMAIN_FILE_RULE_H
#define SERVER_DOMAIN_FILE_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

enum {
	FILE_RULE_HEAD = 512, /* bytes looked at */
	FILE_RULE_NAME_MAX = 255
};

const char *file_rule_type(struct view head);
/* The last component, valid UTF-8 without control characters, at most
 * FILE_RULE_NAME_MAX bytes; false when nothing is left. */
bool file_rule_name(struct view given, char out[FILE_RULE_NAME_MAX + 1]);
/*
 * types: ".png,.tar.gz,image/<star>,text/plain" and "<star>/<star>"; a star is
 * '*'.  "" takes all.
 */
bool file_rule_taken(const char *types, const char *name, const char *type);
/* Shown in a page rather than saved. */
bool file_rule_inline(const char *type);

#endif
