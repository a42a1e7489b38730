/*
 * route: which row of the tables answers a method and a path.  Pure: no
 * request, no reply.  A path is split at '/', then each segment is percent-
 * decoded once, so an encoded slash stays inside its segment.  One slash at the
 * end is ignored (SDKs ask for "contents/" of no path), but not by DELETE,
 *where a name that is empty by mistake would name the parent.  Empty segments,
 *"." and "..", NUL and broken escapes match nothing.
 *
 * A pattern's segments are literal text or a placeholder, which may have a
 * literal suffix ("{n}.diff"):
 *	{o} {r}		a name (path_component_ok)
 *	{owner}		the same, but "api" and "-": of a page
 *	{n} {id}	a positive integer
 *	{sha}		4 to 40 hex digits
 *	{path...}	one or more segments, up to those of the rest of the
 *			pattern; once in a pattern
 *	other		any text of at most ROUTE_ARG_MAX bytes
 */
#ifndef SERVER_HTTP_ROUTE_H
#define SERVER_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

struct call;

typedef void route_fn(struct call *c);

/* Who may call at all; what he may do to the object is the use case's to say.
 * An admin passes every rule. */
enum route_access {
	ROUTE_ANON,
	ROUTE_USER,   /* a person */
	ROUTE_MEMBER, /* a person, ci or service: whoever reads projects */
	ROUTE_ADMIN,
	ROUTE_SERVICE,
	ROUTE_CI,
	ROUTE_RUN_OK,     /* ROUTE_MEMBER and the tokens of runs and sessions */
	ROUTE_SESSION_OK, /* ROUTE_USER and the tokens of sessions */
	/* Pages: who asks is the session of the cookie, and nothing else; not
	 * through a door for sandboxes.  What writes must come from a page of
	 * ours (origin.h). */
	ROUTE_PAGE,     /* a person, else router_spec.sign_in answers */
	ROUTE_PAGE_ANON /* signed in or not */
};

struct route {
	const char *method; /* NULL ends a table */
	const char *pattern;
	enum route_access access;
	route_fn *fn;
};

enum {
	ROUTE_PATH_MAX = 4096,
	ROUTE_ARGS = 6,
	ROUTE_ARG_MAX = 1024
};

struct route_match {
	const struct route *route; /* NULL: nothing matched */
	struct str allow; /* with a NULL route: "GET, POST", or empty */
	unsigned n;
	char *args[ROUTE_ARGS]; /* decoded, owned */
};

/* tables ends with NULL.  Release the match whatever it says. */
void route_find(const struct route *const *tables, const char *method,
    const char *raw_path, struct route_match *m);
void route_match_release(struct route_match *m);
bool route_is_page(const struct route *r);

#endif
