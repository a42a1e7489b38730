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

/* Many texts, one behind the other; {sizes}: of the tokens of each. */
static int
worker_op_markdowns(struct worker_call *c, struct err *e)
{
	AUTO_STR struct str out = STR_INIT_MAX(MD_TOKENS_MAX);
	struct view rest = c->raw_in;

	jw_array(c->w, "sizes");
	for (const struct json *n = json_first(json_get(c->in, "sizes"));
	     n != NULL; n = json_next(n)) {
		size_t size = (size_t)json_integer(n, 0), was = out.len;

		if (size > rest.len)
			return err_set(e, ERR_INVALID, "a text is missing");
		if (md_parse((struct view){ rest.p, size }, &out, e) == -1)
			return -1;
		jw_u64(c->w, NULL, out.len - was);
		rest = view_from(rest, size);
	}
	jw_end(c->w);
	str_addv(c->raw, str_view(&out));
	return 0;
}

const struct worker_op worker_ops_text[] = {
	{ "markdowns", worker_op_markdowns },
	{ "markdown", worker_op_markdown },
	{ NULL, NULL },
};
