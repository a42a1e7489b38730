#include "cli/gate.h"

#include <inttypes.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

struct json *
gate_load(struct cli *c, const char *full, int64_t n, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/repos/%s/pulls/%" PRId64 "/gate", full, n);
	struct json *j = NULL;

	if (remote_get(c, path, &j, e) == -1)
		return NULL;
	if (!json_is_array(json_get(j, "requirements"))) {
		json_free(j);
		(void)err_set(e, ERR_PROTO, "cofferd sent no requirements");
		return NULL;
	}
	return j;
}

void
gate_print(const struct cli *c, FILE *f, const struct json *gate)
{
	const struct json *list = json_get(gate, "requirements");
	bool open = json_bool_or(gate, "open", false);

	(void)fprintf(f, "gate: ");
	out_paint(c, f, open ? OUT_GOOD : OUT_BAD, open ? "open" : "closed");
	(void)fprintf(f, "\n");
	for (const struct json *r = json_first(list); r != NULL;
	     r = json_next(r)) {
		bool met = json_bool_or(r, "met", false);
		const char *why = json_str_or(r, "why", "");

		(void)fprintf(f, "  ");
		out_paint(
		    c, f, met ? OUT_GOOD : OUT_BAD, met ? "met  " : "unmet");
		(void)fprintf(f, "  ");
		out_text(f, json_str_or(r, "title", json_str_or(r, "id", "?")));
		if (why[0] != '\0') {
			(void)fprintf(f, ": ");
			out_text(f, why);
		}
		(void)fprintf(f, "\n");
	}
}
