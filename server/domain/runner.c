#include "server/domain/runner.h"

#include <stdlib.h>
#include <string.h>

void
runner_release(struct runner *x)
{
	free(x->labels);
	memset(x, 0, sizeof(*x));
}

void
runner_list_release(struct runner_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		runner_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

static bool
runner_word_ok(const char *s, size_t max)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(s);

	return n > 0 && n <= max && s[0] != '.' && s[0] != '-' && s[0] != '_' &&
	    strspn(s, set) == n;
}

bool
runner_name_ok(const char *name)
{
	return runner_word_ok(name, RUNNER_NAME_MAX);
}

bool
runner_label_ok(const char *label)
{
	return runner_word_ok(label, RUNNER_LABEL_MAX);
}

const char *
runner_state(const struct runner *r, int64_t now)
{
	if (r->account_id == 0)
		return "invited";
	if (r->paused)
		return "paused";
	if (r->running > 0)
		return "busy";
	return now - r->seen_at < RUNNER_AWAY_MS ? "waiting" : "away";
}
