/* A request target: the route matcher on its path, the readers of numbers,
 * pages and ranges on its query. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/http/param.h"
#include "server/http/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_handler(struct call *c)
{
	(void)c;
}

static const struct route fuzz_routes[] = {
	{ "GET", "/api/v1/version", ROUTE_ANON, fuzz_handler },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}", ROUTE_USER, fuzz_handler },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}.diff", ROUTE_USER,
	    fuzz_handler },
	{ "GET", "/api/v1/repos/{o}/{r}/statuses/{sha}", ROUTE_USER,
	    fuzz_handler },
	{ "GET", "/api/v1/repos/{o}/{r}/commits/{ref...}/status", ROUTE_USER,
	    fuzz_handler },
	{ "GET", "/api/v1/repos/{o}/{r}/raw/{path...}", ROUTE_USER,
	    fuzz_handler },
	{ "PUT", "/api/v1/users/{name}", ROUTE_USER, fuzz_handler },
	{ .method = NULL },
};
static const struct route *const fuzz_tables[] = { fuzz_routes, NULL };

static void
fuzz_path(const char *path)
{
	struct route_match m;

	route_find(fuzz_tables, "GET", path, &m);
	for (unsigned i = 0; i < m.n; i++)
		if (m.args[i][0] == '\0' || strcmp(m.args[i], "..") == 0)
			die("an argument that no segment may be");
	if (m.route == NULL && m.n != 0)
		die("arguments without a route");
	route_match_release(&m);
}

static void
fuzz_query(const char *text)
{
	struct param_page p;
	struct err e = ERR_INIT;
	struct str link = STR_INIT;
	int64_t a = 0, b = 0;

	if (param_page(text, text, &p, &e) == 0) {
		if (p.page == 0 || p.limit == 0 || p.limit > PARAM_LIMIT_MAX)
			die("a page out of bounds");
		param_link(&link, "http://h/", "", &p, 12345);
	}
	if (param_range(text, &a, &b, &e) == 0 && (a < 0 || b < a))
		die("a range that is none");
	(void)param_bool(text);
	str_release(&link);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *query;

	if (size > 8192)
		return 0;
	text = xstrndup((const char *)data, size);
	query = strchr(text, '?');
	if (query != NULL)
		*query++ = '\0';
	fuzz_path(text);
	if (query != NULL)
		fuzz_query(query);
	free(text);
	return 0;
}
