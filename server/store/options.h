/* options: a sandbox's options as JSON members, for their column and the API.
 */
#ifndef SERVER_STORE_OPTIONS_H
#define SERVER_STORE_OPTIONS_H

#include "server/domain/sandbox_options.h"

struct err;
struct json;
struct jw;

/* Every member, into the object that is open. */
void options_write(struct jw *w, const struct sandbox_options *o);
/* Members of j laid over *o; absent or null: as it was.  ERR_INVALID. */
int options_read(
    const struct json *j, struct sandbox_options *o, struct err *e);

#endif
