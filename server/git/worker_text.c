/* Texts for people: what costs time with hostile ones. */
#include "lib/base/auto.h"
#include "server/git/worker_priv.h"
#include "server/text/md.h"

static int
worker_op_markdown(struct worker_call *c, struct err *e)
{
	AUTO_STR struct str out = STR_INIT_MAX(MD_TOKENS_MAX);

	if (md_parse(c->raw_in, &out, e) == -1)
		return -1;
	str_addv(c->raw, str_view(&out));
	return 0;
}

const struct worker_op worker_ops_text[] = {
	{ "markdown", worker_op_markdown },
	{ NULL, NULL },
};
