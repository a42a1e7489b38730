/*
 * swagger: what the API is, as OpenAPI 2.0 ("Swagger") says it.  Which calls
 * there are and what their paths take comes from the route tables; the rows
 * here add what a table of routes does not know.  A call without a row is told
 * all the same, without shapes.
 *
 * Fields and parameters are "name:type" with commas between: int, str, bool,
 * time, any, map (of texts), a definition's name; then [] for a list, ! when it
 * must be there, ? when a reply may lack it, (a|b) the words that a str may be.
 */
#ifndef SERVER_API_SWAGGER_H
#define SERVER_API_SWAGGER_H

#include "lib/base/str.h"
#include "server/http/route.h"

struct swagger_op {
	const char *method; /* NULL ends the list */
	const char *pattern;
	const char *id;
	const char *query;
	const char *body;  /* a definition, "multipart", or "" */
	const char *reply; /* "200:Issue[] 404", codes of success */
};

struct swagger_def {
	const char *name; /* NULL ends the list */
	const char *fields;
};

extern const struct swagger_op swagger_ops[];
extern const struct swagger_def swagger_defs[];

/* Of the routes below base ("/api/v1"), as a JSON document. */
void swagger_write(struct str *out, const struct route *const *tables,
    const char *base, const char *title);

#endif
