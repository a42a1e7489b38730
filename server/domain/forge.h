/*
 * forge: which repository of which forge an upstream's URL names, and where
 * that forge's API is, by the map of the configuration: "HOST=URL" with commas
 * between, HOST as in the upstream's URL with its port if it has one, URL
 * without a slash at the end.  Pure.
 */
#ifndef SERVER_DOMAIN_FORGE_H
#define SERVER_DOMAIN_FORGE_H

#include <stdbool.h>

#include "lib/base/view.h"

struct err;

enum {
	FORGE_HOST_MAX = 255,
	FORGE_NAME_MAX = 100
};

struct forge_repo {
	char host[FORGE_HOST_MAX + 1]; /* lower case; with ":PORT" */
	char owner[FORGE_NAME_MAX + 1];
	char name[FORGE_NAME_MAX + 1]; /* without .git */
};

/* False: the URL does not have the form HOST, OWNER, NAME. */
bool forge_parse(const char *url, struct forge_repo *out);
/* The API's address for that host; an empty view when the map has none. */
struct view forge_api(const char *map, const char *host);
/* ERR_INVALID that says what is wrong with the map. */
int forge_check(const char *map, struct err *e);

#endif
