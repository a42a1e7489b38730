#include "server/domain/job_lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"

static struct job_lease *
job_leases_find(const struct job_leases *l, int64_t id)
{
	struct job_lease *x;

	TAILQ_FOREACH(x, l, entry)
	if (x->id == id)
		return x;
	return NULL;
}

static void
job_lease_cut(struct job_lease *x, int64_t over)
{
	if (x->over > over)
		x->over = over;
	if (x->until > x->over)
		x->until = x->over;
}

void
job_leases_beat(struct job_leases *l, int64_t id, const char *lease,
    int64_t timeout_s, int64_t now)
{
	struct job_lease *x = job_leases_find(l, id);

	if (x == NULL) {
		x = xcalloc(1, sizeof(*x));
		x->id = id;
		TAILQ_INSERT_TAIL(l, x, entry);
	}
	if (strcmp(x->lease, lease) != 0) {
		(void)snprintf(x->lease, sizeof(x->lease), "%s", lease);
		x->over = now + timeout_s * 1000 + JOB_GRACE_MS;
	}
	x->until = now + JOB_LEASE_MS;
	job_lease_cut(x, x->over);
}

void
job_leases_stop(struct job_leases *l, int64_t id, int64_t now)
{
	struct job_lease *x = job_leases_find(l, id);

	if (x != NULL)
		job_lease_cut(x, now + JOB_STOP_MS);
}

void
job_leases_drop(struct job_leases *l, int64_t id, const char *lease)
{
	struct job_lease *x = job_leases_find(l, id);

	if (x == NULL || (lease != NULL && strcmp(lease, x->lease) != 0))
		return;
	TAILQ_REMOVE(l, x, entry);
	free(x);
}

void
job_leases_release(struct job_leases *l)
{
	struct job_lease *x, *next;

	TAILQ_FOREACH_SAFE(x, l, entry, next)
	free(x);
	TAILQ_INIT(l);
}

int64_t
job_leases_left(const struct job_leases *l, int64_t id, int64_t now)
{
	const struct job_lease *x = job_leases_find(l, id);
	int64_t left = x != NULL ? x->over - now : JOB_LEASE_MS;

	if (left < 0)
		return 0;
	return left < JOB_LEASE_MS ? left : JOB_LEASE_MS;
}

size_t
job_leases_ended(const struct job_leases *l, int64_t now,
    struct job_lease_end *out, size_t max)
{
	const struct job_lease *x;
	size_t n = 0;

	TAILQ_FOREACH(x, l, entry)
	{
		if (x->until > now || n == max)
			continue;
		out[n].id = x->id;
		out[n].over = x->until == x->over;
		memcpy(out[n].lease, x->lease, sizeof(out[n].lease));
		n++;
	}
	return n;
}
