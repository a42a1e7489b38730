#include "agentd/gateway/tally.h"

#include <stdio.h>
#include <string.h>

#include "agentd/gateway/record.h"
#include "lib/wire/json.h"

static void
tally_count(struct tally *t, const char *word)
{
	size_t i = 0;

	while (i < t->n && strcmp(t->at[i].word, word) != 0)
		i++;
	if (i == TALLY_WORDS - 1)
		word = "other";
	if (i == t->n) {
		(void)snprintf(
		    t->at[i].word, sizeof(t->at[i].word), "%s", word);
		t->n++;
	}
	t->at[i].n++;
}

void
tally_add(struct tally *t, const struct record_line *line)
{
	const char *word = line->result;

	if (strcmp(word, "done") == 0 && line->status >= 500)
		word = "provider_5xx";
	else if (strcmp(word, "done") == 0 && line->status >= 400)
		word = "provider_4xx";
	tally_count(t, word);
	t->all_ms += line->all_ms;
	t->own_ms += line->own_ms > 0 ? line->own_ms : 0;
	t->micros += line->cost;
}

void
tally_write(const struct tally *t, struct jw *w)
{
	jw_object(w, "results");
	for (size_t i = 0; i < t->n; i++)
		jw_u64(w, t->at[i].word, t->at[i].n);
	jw_end(w);
	jw_i64(w, "ms", t->all_ms);
	jw_i64(w, "own_ms", t->own_ms);
	jw_i64(w, "micros", t->micros);
}
