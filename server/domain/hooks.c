#include "server/domain/hooks.h"

#include <stdlib.h>
#include <string.h>

static void
hooks_wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
hook_release(struct hook *x)
{
	free(x->type);
	free(x->name);
	free(x->url);
	free(x->events);
	free(x->branch_filter);
	hooks_wipe(x->secret);
	hooks_wipe(x->authorization);
	*x = (struct hook){ .id = 0 };
}

void
hook_list_release(struct hook_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		hook_release(&l->at[i]);
	free(l->at);
	*l = (struct hook_list){ .n = 0 };
}

bool
hook_wants(const struct hook *h, enum hook_type t)
{
	const char *p = h->events;

	while (*p != '\0') {
		char word[HOOK_WORD_MAX + 1];
		const char *one[] = { word };
		size_t n = strcspn(p, "\n");

		if (n <= HOOK_WORD_MAX) {
			memcpy(word, p, n);
			word[n] = '\0';
			if (hook_rule_wants(t, one, 1))
				return true;
		}
		p += n;
		p += *p == '\n';
	}
	return false;
}

const char *
delivery_state_name(enum delivery_state v)
{
	static const char *const names[] = { [DELIVERY_WAITS] = "waiting",
		[DELIVERY_OK] = "delivered",
		[DELIVERY_FAILED] = "failed" };

	return (size_t)v < sizeof(names) / sizeof(names[0]) && names[v] != NULL
	    ? names[v]
	    : "";
}

void
delivery_release(struct delivery *x)
{
	free(x->error);
	free(x->request);
	free(x->response_headers);
	free(x->response_body);
	free(x->payload);
	*x = (struct delivery){ .id = 0 };
}

void
delivery_list_release(struct delivery_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		delivery_release(&l->at[i]);
	free(l->at);
	*l = (struct delivery_list){ .n = 0 };
}
