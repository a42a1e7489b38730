#include <stdio.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/weigh.h"
#include "findings/sarif.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

int
fetch_sarif_in(struct fetch_job *j, const struct opt_list *files, struct err *e)
{
	for (int i = 0; i < files->n; i++) {
		AUTO_STR struct str text = STR_INIT;

		if (path_read(files->v[i], SARIF_MAX, &text, e) == 0 &&
		    sarif_read(str_view(&text), &j->findings, e) == 0)
			continue;
		e->code = ERR_DENIED;
		return err_wrap(e, "--sarif-in %s", files->v[i]);
	}
	return 0;
}

int
fetch_sarif_out(struct fetch_job *j, const char *file, struct err *e)
{
	AUTO_FREE char *url = xasprintf("%s/%s", j->c->url, j->full);
	const struct sarif_spec spec = { .base = j->base,
		.head = j->head,
		.url = url,
		.reason = j->args->reason };
	AUTO_STR struct str out = STR_INIT;

	sarif_write(&spec, &j->findings, &out);
	str_addc(&out, '\n');
	if (path_write_atomic(file, str_cstr(&out), out.len, 0644, e) == -1)
		return err_wrap(e, "--sarif %s", file);
	return 0;
}
