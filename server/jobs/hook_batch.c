/* hook_batch: what hook_loop writes in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "server/jobs/hook_priv.h"
#include "server/store/deliveries.h"

enum {
	HOOKBATCH_BYTES = 2 << 20,   /* of payloads written at once */
	HOOKBATCH_AGAIN_MS = 1000,   /* after the first failure */
	HOOKBATCH_AGAIN_MAX = 64000, /* four times as long after each */
};

/* A payload and which hooks are told it; without one, they fall behind. */
struct hook_row {
	struct hook_say say;
	int64_t project_id;
	int64_t seq;
	char *payload;
	int64_t wait_ms;
	int64_t *hooks;
	bool *told; /* each of them */
	size_t n;
};

struct hook_batch {
	struct hook_row *rows;
	size_t n, cap;
	size_t bytes;
	int64_t *created; /* projects whose default hooks are copied */
	size_t n_created;
	struct hook_batch_end end;
};

struct hook_batch *
hook_batch_new(void)
{
	return xcalloc(1, sizeof(struct hook_batch));
}

void
hook_batch_free(struct hook_batch *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++) {
		free(b->rows[i].payload);
		free(b->rows[i].hooks);
		free(b->rows[i].told);
	}
	free(b->rows);
	free(b->created);
	free(b);
}

static struct hook_row *
hookbatch_row(struct hook_batch *b, const int64_t *hooks, size_t n)
{
	struct hook_row *r;

	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 16 : 2 * b->cap;
		b->rows = xrealloc(b->rows, b->cap * sizeof(*b->rows));
	}
	r = &b->rows[b->n++];
	*r = (struct hook_row){ .n = n };
	r->hooks = xcalloc(n + 1, sizeof(*r->hooks));
	r->told = xcalloc(n + 1, sizeof(*r->told));
	if (n > 0)
		memcpy(r->hooks, hooks, n * sizeof(*hooks));
	return r;
}

void
hook_batch_tell(struct hook_batch *b, const struct hook_payload *p,
    char *payload, const int64_t *hooks, size_t n)
{
	struct hook_row *r = hookbatch_row(b, hooks, n);

	r->say = *p->say;
	r->project_id = p->project->id;
	r->seq = p->event->seq;
	r->payload = payload;
	b->bytes += strlen(payload);
}

void
hook_batch_late(struct hook_batch *b, int64_t seq, int64_t tries,
    const int64_t *hooks, size_t n)
{
	struct hook_row *r = hookbatch_row(b, hooks, n);

	r->seq = seq;
	r->wait_ms = HOOKBATCH_AGAIN_MS;
	for (int64_t i = 0; i < tries && r->wait_ms < HOOKBATCH_AGAIN_MAX; i++)
		r->wait_ms *= 4;
}

void
hook_batch_created(struct hook_batch *b, int64_t project_id)
{
	b->created = xrealloc(
	    b->created, (b->n_created + 1) * sizeof(*b->created));
	b->created[b->n_created++] = project_id;
}

bool
hook_batch_full(const struct hook_batch *b)
{
	return b->bytes >= HOOKBATCH_BYTES || b->n_created > 0;
}

bool
hook_batch_empty(const struct hook_batch *b)
{
	return b->n == 0 && b->n_created == 0;
}

void
hook_batch_set_end(struct hook_batch *b, const struct hook_batch_end *end)
{
	b->end = *end;
}

static int
hookbatch_deliver(struct txn *t, const struct hook_batch *b,
    const struct hook_row *r, int64_t hook, int64_t *payload, struct err *e)
{
	char uuid[HOOK_UUID + 1];
	struct delivery_new n = { .hook_id = hook,
		.project_id = r->project_id,
		.uuid = uuid,
		.type = r->say.type,
		.action = r->say.action,
		.now = b->end.now };

	if (*payload == 0 &&
	    deliveries_payload(t, r->payload, payload, e) == -1)
		return -1;
	n.payload_id = *payload;
	svc_hook_uuid(uuid);
	if (deliveries_insert(t, &n, NULL, e) == -1)
		return -1;
	return hooks_wake(t, hook, b->end.now, false, e);
}

/* What one event says is told as a whole: `before` is the row before. */
static bool
hookbatch_begun(
    const struct hook_row *before, const struct hook_row *r, int64_t hook)
{
	if (before == NULL || before->seq != r->seq)
		return false;
	for (size_t i = 0; i < before->n; i++)
		if (before->hooks[i] == hook)
			return before->told[i];
	return false;
}

static int
hookbatch_late(struct txn *t, const struct hook_batch *b,
    const struct hook_row *r, struct err *e)
{
	const struct hook_batch_end *end = &b->end;

	for (size_t i = 0; i < r->n; i++)
		if (hooks_behind_failed(t, r->hooks[i], end->behind, r->seq,
			end->now + r->wait_ms, e) == -1)
			return -1;
	return 0;
}

/* *told: all of them were. */
static int
hookbatch_write_row(struct txn *t, const struct hook_batch *b, size_t at,
    bool *told, struct err *e)
{
	const struct hook_row *before = at > 0 ? &b->rows[at - 1] : NULL;
	struct hook_row *r = &b->rows[at];
	int64_t payload = 0;

	*told = r->payload != NULL;
	if (!*told)
		return hookbatch_late(t, b, r, e);
	for (size_t i = 0; i < r->n; i++) {
		r->told[i] = hookbatch_begun(before, r, r->hooks[i]);
		if (!r->told[i] &&
		    hooks_takes(t, r->hooks[i], b->end.behind, r->seq,
			&r->told[i], e) == -1)
			return -1;
		if (r->told[i] &&
		    hookbatch_deliver(t, b, r, r->hooks[i], &payload, e) == -1)
			return -1;
		*told = *told && r->told[i];
	}
	return 0;
}

/* One hook, that is behind: as far as it has room and can be told. */
static int
hookbatch_write_behind(struct txn *t, const struct hook_batch *b, struct err *e)
{
	const struct hook_batch_end *end = &b->end;
	struct hook now = { .id = 0 };
	bool same, told = true;

	if (hooks_by_id(t, end->only, &now, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	same = now.active && now.behind == end->behind;
	hook_release(&now);
	if (!same)
		return 0;
	for (size_t i = 0; i < b->n; i++)
		if (hookbatch_write_row(t, b, i, &told, e) == -1)
			return -1;
		else if (!told)
			return 0;
	if (!end->caught_up)
		return hooks_set_behind(
		    t, end->only, end->until + 1, end->now, e);
	/* The cursor, too: after a crash nothing is read twice for it. */
	if (hooks_set_cursor(t, end->until, e) == -1)
		return -1;
	return hooks_set_behind(t, end->only, 0, 0, e);
}

int
hook_batch_write(struct txn *t, const struct hook_batch *b, struct err *e)
{
	const struct hook_batch_end *end = &b->end;
	bool told;

	if (end->only != 0)
		return hookbatch_write_behind(t, b, e);
	for (size_t i = 0; i < b->n_created; i++)
		if (hooks_copy_defaults(
			t, b->created[i], end->now, end->until, e) == -1)
			return -1;
	for (size_t i = 0; i < b->n; i++)
		if (hookbatch_write_row(t, b, i, &told, e) == -1)
			return -1;
	FAIL_POINT(hook_made);
	return hooks_set_cursor(t, end->until, e);
}
