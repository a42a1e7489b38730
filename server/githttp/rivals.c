/* The names that pushes bring at the same time: neither is there yet when the
 * other is judged. */
#include <stdio.h>

#include "server/domain/push_names.h"
#include "server/git/git_pool.h"
#include "server/githttp/githttp_priv.h"

static bool
rivals_are_on_the_way(const struct xch *x, const struct xch *y)
{
	return y != x && y->kind == XCH_RECEIVE && y->project == x->project &&
	    (y->push.phase == PUSH_PACK || y->push.phase == PUSH_SETTLE ||
		y->push.phase == PUSH_DONE);
}

static bool
rivals_makes(const struct push_state *s, size_t i)
{
	return s->v[i].ok && gitpool_sha_is_zero(s->h.c[i].old) &&
	    !gitpool_sha_is_zero(s->h.c[i].new_sha);
}

static size_t
rivals_refuse(struct push_state *s, const struct push_names *names)
{
	size_t refused = 0;

	for (size_t i = 0; i < s->h.n; i++) {
		const char *ref = s->h.c[i].ref, *rival;

		if (!rivals_makes(s, i) || push_names_here(names, ref))
			continue;
		rival = push_names_rival(names, ref);
		if (rival == NULL)
			continue;
		refused++;
		s->v[i].ok = false;
		(void)snprintf(s->v[i].reason, sizeof(s->v[i].reason),
		    "the name collides with %.60s, which another push brings; "
		    "choose another",
		    rival);
	}
	return refused;
}

void
rivals_judge(struct xch *x)
{
	struct push_state *s = &x->push;
	struct push_names *names = NULL;
	const struct xch *y;

	TAILQ_FOREACH(y, &x->g->all, link)
	{
		if (!rivals_are_on_the_way(x, y))
			continue;
		if (names == NULL)
			names = push_names_new(s->h.c, s->h.n);
		for (size_t i = 0; i < y->push.h.n; i++)
			if (rivals_makes(&y->push, i))
				push_names_enter(names, y->push.h.c[i].ref);
	}
	if (names == NULL)
		return;
	if (rivals_refuse(s, names) > 0 && s->h.atomic)
		for (size_t i = 0; i < s->h.n; i++) {
			if (!s->v[i].ok)
				continue;
			s->v[i].ok = false;
			(void)snprintf(s->v[i].reason, sizeof(s->v[i].reason),
			    "atomic push: another ref was refused");
		}
	push_names_free(names);
}
