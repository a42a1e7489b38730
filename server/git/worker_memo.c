#include "server/git/worker_memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"

struct memo_row {
	char *key; /* NULL: free */
	char *value;
	size_t len;
	uint64_t used;
};

struct worker_memo {
	struct memo_row row[WORKER_MEMO_ROWS];
	uint64_t turn;
	size_t bytes;
};

static void
memo_drop(struct worker_memo *m, struct memo_row *r)
{
	m->bytes -= r->len;
	free(r->key);
	free(r->value);
	*r = (struct memo_row){ .key = NULL };
}

void
worker_memo_free(struct worker_memo *m)
{
	for (size_t i = 0; m != NULL && i < WORKER_MEMO_ROWS; i++)
		memo_drop(m, &m->row[i]);
	free(m);
}

static struct memo_row *
memo_find(struct worker_memo *m, const char *key)
{
	for (size_t i = 0; m != NULL && i < WORKER_MEMO_ROWS; i++)
		if (m->row[i].key != NULL && strcmp(m->row[i].key, key) == 0)
			return &m->row[i];
	return NULL;
}

bool
worker_memo_get(struct worker_memo *m, const char *key, struct view *value)
{
	struct memo_row *r = memo_find(m, key);

	if (r == NULL)
		return false;
	r->used = ++m->turn;
	*value = (struct view){ r->value, r->len };
	return true;
}

/* A free row, or the one that was not used for longest. */
static struct memo_row *
memo_oldest(struct worker_memo *m, bool taken)
{
	struct memo_row *old = NULL;

	for (size_t i = 0; i < WORKER_MEMO_ROWS; i++) {
		struct memo_row *r = &m->row[i];

		if (r->key == NULL && taken)
			continue;
		if (old == NULL || r->used < old->used)
			old = r;
	}
	return old;
}

void
worker_memo_put(struct worker_memo **at, const char *key, struct view value)
{
	struct worker_memo *m = *at;
	struct memo_row *r;

	if (value.len > WORKER_MEMO_BYTES / 2)
		return;
	if (m == NULL)
		m = *at = xcalloc(1, sizeof(*m));
	r = memo_find(m, key);
	if (r != NULL)
		memo_drop(m, r);
	while (m->bytes + value.len > WORKER_MEMO_BYTES)
		memo_drop(m, memo_oldest(m, true));
	r = memo_oldest(m, false);
	if (r->key != NULL)
		memo_drop(m, r);
	*r = (struct memo_row){ .key = xstrdup(key),
		.value = xmalloc(value.len + 1),
		.len = value.len,
		.used = ++m->turn };
	memcpy(r->value, value.p, value.len);
	m->bytes += value.len;
}
