#include "server/api/api_words.h"

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "server/api/api.h"
#include "server/store/words_target.h"

static int
api_words_time(struct call *c, const char *name, int64_t *out)
{
	const char *text = call_query(c, name);
	struct err e = ERR_INIT;

	*out = 0;
	if (text == NULL || text[0] == '\0' || clock_parse(text, out, &e) == 0)
		return 0;
	call_reply_error(c, 422, "%s: want an RFC 3339 time", name);
	return -1;
}

int
api_words_times(struct call *c, int64_t *since, int64_t *before)
{
	if (api_words_time(c, "since", since) == -1)
		return -1;
	return api_words_time(c, "before", before);
}

int
api_words_target(struct call *c, enum api_words_on on, struct words_target *out,
    struct words_state *state)
{
	struct words_state ignored;
	struct err e = ERR_INIT;

	*out = (struct words_target){ .project_id = api_project_id(
					  c, PERM_READ) };
	if (out->project_id == 0)
		return -1;
	if (on == API_WORDS_ITEM)
		out->item = call_arg_id(c, 2);
	else
		out->comment_id = call_arg_id(c, 2);
	if (words_target_get(
		api_reader(c), out, state != NULL ? state : &ignored, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}
