#include "server/domain/look.h"

#include <stdlib.h>
#include <string.h>

#include "server/domain/word.h"

static const char *const look_gate_words[] = {
	[LOOK_OFF] = "off",
	[LOOK_BLOCK] = "block",
	[LOOK_ASK] = "ask",
};

static const char *const look_severity_words[] = {
	[LOOK_SEVERITY_NOTE] = "note",
	[LOOK_SEVERITY_ASK] = "ask",
	[LOOK_SEVERITY_BLOCK] = "block",
};

const char *
look_gate_name(enum look_gate g)
{
	return word_name(
	    look_gate_words, WORD_COUNT(look_gate_words), (unsigned)g);
}

int
look_gate_parse(const char *s)
{
	return word_find(look_gate_words, WORD_COUNT(look_gate_words), s);
}

const char *
look_severity_name(enum look_severity s)
{
	return word_name(
	    look_severity_words, WORD_COUNT(look_severity_words), (unsigned)s);
}

int
look_severity_parse(const char *s)
{
	return word_find(
	    look_severity_words, WORD_COUNT(look_severity_words), s);
}

bool
look_is_open(enum look_gate g, enum look_severity s, bool dismissed)
{
	if (g == LOOK_OFF || dismissed)
		return false;
	return s == LOOK_SEVERITY_BLOCK ||
	    (g == LOOK_ASK && s == LOOK_SEVERITY_ASK);
}

bool
look_may_dismiss(const char *rule)
{
	return strncmp(rule, "too-", 4) != 0;
}

void
look_list_release(struct look_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i].rule);
		free(l->at[i].file);
		free(l->at[i].message);
		free(l->at[i].reason);
	}
	free(l->at);
	*l = (struct look_list){ .at = NULL };
}
