/*
 * gitmodules: what a .gitmodules file says, read without git and without the
 * file system.  The bytes are hostile: lines and the list are bounded, what is
 * malformed is skipped.  Nothing here is ever fetched.  Pure.
 */
#ifndef SERVER_GIT_GITMODULES_H
#define SERVER_GIT_GITMODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct str;

enum {
	GITMODULES_MAX = 1000,
	GITMODULES_TEXT_MAX = 1024, /* of a name, path or URL */
	GITMODULES_FILE_MAX = 256 << 10
};

struct gitmodule {
	char *name;
	char *path; /* NULL: it has none */
	char *url;
};

struct gitmodules {
	struct gitmodule *v;
	size_t n;
	bool truncated;
};

void gitmodules_read(struct view text, struct gitmodules *out);
void gitmodules_release(struct gitmodules *m);

/* What a relative URL ("../x.git") means under the upstream's; false when it
 * is not relative, or leaves the host. */
bool gitmodules_resolve(const char *upstream, const char *url, struct str *out);

#endif
