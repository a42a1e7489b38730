#include "server/domain/tracker.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void
label_release(struct label *x)
{
	free(x->name);
	free(x->description);
	memset(x, 0, sizeof(*x));
}

void
label_list_release(struct label_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		label_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
milestone_release(struct milestone *x)
{
	free(x->title);
	free(x->description);
	memset(x, 0, sizeof(*x));
}

void
milestone_list_release(struct milestone_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		milestone_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
item_fields_release(struct item_fields *f)
{
	for (size_t i = 0; i < f->n_assignees; i++)
		free(f->assignees[i]);
	free(f->ref);
	memset(f, 0, sizeof(*f));
}

size_t
label_scope(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL || slash[1] == '\0' ? 0 : (size_t)(slash - name);
}

bool
label_color(const char *text, char out[LABEL_COLOR_HEX + 1])
{
	size_t n;

	if (*text == '#')
		text++;
	n = strlen(text);
	if (n != 3 && n != LABEL_COLOR_HEX)
		return false;
	for (size_t i = 0; i < LABEL_COLOR_HEX; i++) {
		char c = text[n == 3 ? i / 2 : i];

		if (!isxdigit((unsigned char)c))
			return false;
		out[i] = (char)tolower((unsigned char)c);
	}
	out[LABEL_COLOR_HEX] = '\0';
	return true;
}
