#include "server/domain/mirror_plan.h"

#include <stddef.h>
#include <string.h>

enum {
	MIRROR_WAIT_MAX_MS = 3600 * 1000,
	MIRROR_WAIT_FAILED_MS = 10 * 1000, /* at least, after a failure */
	MIRROR_SPREAD = 1000,
	MIRROR_STALE_MIN_MS = 300 * 1000,
	MIRROR_STALE_INTERVALS = 3
};

int64_t
mirror_plan_next(
    int64_t now, int64_t interval_s, int64_t failures, uint64_t roll)
{
	int64_t wait = interval_s > 0 ? interval_s * 1000 : 1000;

	if (failures > 0 && wait < MIRROR_WAIT_FAILED_MS)
		wait = MIRROR_WAIT_FAILED_MS;
	for (int64_t i = 0; i < failures && wait < MIRROR_WAIT_MAX_MS; i++)
		wait *= 2;
	if (failures > 0 && wait > MIRROR_WAIT_MAX_MS)
		wait = MIRROR_WAIT_MAX_MS;
	wait += wait / 10 *
	    ((int64_t)(roll % (2 * MIRROR_SPREAD + 1)) - MIRROR_SPREAD) /
	    MIRROR_SPREAD;
	return now + wait;
}

static bool
mirror_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
mirror_ask(struct mirror_step *s, unsigned ask)
{
	s->action = MIRROR_ASK;
	s->ask = ask;
	s->why = "history must be asked";
}

static void
mirror_hold(struct mirror_step *s, const char *why)
{
	s->action = MIRROR_NOTHING;
	s->notice = true;
	s->held = true;
	s->why = why;
}

/* Upstream has no such ref any more, or never had. */
static void
mirror_plan_gone(const struct mirror_branch *b, struct mirror_step *s)
{
	s->why = "upstream does not have it";
	if (b->old_up == NULL || b->local == NULL)
		return;
	if (b->is_default) {
		mirror_hold(s, "upstream deleted the default branch");
		return;
	}
	if (b->open_pull && !b->accept) {
		mirror_hold(
		    s, "upstream deleted a branch of an open pull request");
		return;
	}
	if (b->hold && !b->accept) {
		mirror_hold(s, "upstream deleted it; the project holds");
		return;
	}
	s->action = MIRROR_DELETE;
	s->keep = true;
	s->notice = !mirror_same(b->local, b->old_up);
	s->why = s->notice ? "upstream deleted a branch that has local commits"
			   : "upstream deleted it";
}

/* The local ref is exactly what upstream was. */
static void
mirror_plan_follow(const struct mirror_branch *b, struct mirror_step *s)
{
	if (b->is_tag && b->hold) {
		mirror_hold(s, "upstream moved the tag; the project holds");
		return;
	}
	s->action = MIRROR_SET;
	if (b->is_tag) {
		s->keep = true;
		s->forced = true;
		s->why = "upstream moved the tag";
		return;
	}
	if (b->old_in_new == MIRROR_UNKNOWN) {
		mirror_ask(s, MIRROR_ASK_OLD_IN_NEW);
		return;
	}
	if (b->old_in_new == MIRROR_YES) {
		s->why = "fast-forward";
		return;
	}
	if (b->hold) {
		mirror_hold(s, "upstream was force-pushed; the project holds");
		return;
	}
	s->keep = true;
	s->forced = true;
	s->why = "upstream was force-pushed";
}

/* The local branch has commits that upstream has not. */
static void
mirror_plan_diverged(
    const struct mirror_branch *b, bool went_back, struct mirror_step *s)
{
	if (b->hold) {
		mirror_hold(s,
		    "upstream and the local branch have diverged; "
		    "the project holds");
		return;
	}
	if (b->same == MIRROR_UNKNOWN) {
		mirror_ask(s, MIRROR_ASK_SAME);
		return;
	}
	s->action = MIRROR_SET;
	s->keep = true;
	s->forced = true;
	if (b->same == MIRROR_YES) {
		s->why = "the local change is already upstream";
		return;
	}
	s->notice = true;
	/* A merge would bring back what upstream dropped. */
	if (went_back) {
		s->why = "upstream was force-pushed; upstream is taken and the "
			 "local tip kept";
		return;
	}
	if (b->clean == MIRROR_UNKNOWN) {
		*s = (struct mirror_step){ .action = MIRROR_NOTHING };
		mirror_ask(s, MIRROR_ASK_CLEAN);
		return;
	}
	if (b->clean == MIRROR_YES) {
		*s = (struct mirror_step){ .action = MIRROR_MERGE,
			.why = "upstream merged into the local branch" };
		return;
	}
	s->why = "the local branch conflicts with upstream; upstream is taken "
		 "and the local tip kept";
}

/* The local ref is neither what upstream was nor what it is. */
static void
mirror_plan_differs(const struct mirror_branch *b, struct mirror_step *s)
{
	bool moved = b->old_up != NULL && !mirror_same(b->old_up, b->new_up);
	unsigned ask = 0;

	if (b->is_tag && b->hold) {
		mirror_hold(
		    s, "upstream has the tag elsewhere; the project holds");
		return;
	}
	if (b->is_tag) {
		s->action = MIRROR_SET;
		s->keep = true;
		s->forced = true;
		s->why = "upstream has the tag elsewhere";
		return;
	}
	if (b->local_in_new == MIRROR_UNKNOWN)
		ask |= MIRROR_ASK_LOCAL_IN_NEW;
	if (b->new_in_local == MIRROR_UNKNOWN)
		ask |= MIRROR_ASK_NEW_IN_LOCAL;
	if (moved && b->old_in_new == MIRROR_UNKNOWN)
		ask |= MIRROR_ASK_OLD_IN_NEW;
	if (ask != 0) {
		mirror_ask(s, ask);
		return;
	}
	if (b->local_in_new == MIRROR_YES) {
		s->action = MIRROR_SET;
		s->why = "fast-forward";
		return;
	}
	moved = moved && b->old_in_new == MIRROR_NO;
	/* Held, and then merged here by a person; but a branch that upstream
	 * took back is always contained. */
	if (b->hold && moved && b->new_in_local == MIRROR_YES) {
		if (b->new_in_old == MIRROR_UNKNOWN) {
			mirror_ask(s, MIRROR_ASK_NEW_IN_OLD);
			return;
		}
		moved = b->new_in_old == MIRROR_YES;
	}
	if (b->new_in_local == MIRROR_YES && !moved) {
		s->why = "the local branch is ahead";
		return;
	}
	mirror_plan_diverged(b, moved, s);
}

void
mirror_plan_branch(const struct mirror_branch *b, struct mirror_step *out)
{
	*out = (struct mirror_step){ .why = "the same as upstream" };
	if (b->new_up == NULL) {
		mirror_plan_gone(b, out);
		return;
	}
	if (mirror_same(b->local, b->new_up))
		return;
	if (b->local == NULL && b->collides) {
		mirror_hold(out,
		    "its name cannot live beside a local branch; rename or "
		    "delete that one");
		return;
	}
	if (b->local == NULL) {
		out->action = MIRROR_SET;
		out->why = "new upstream";
		return;
	}
	if (b->accept) {
		*out = (struct mirror_step){ .action = MIRROR_SET,
			.keep = true,
			.forced = true,
			.why = "upstream was taken by request" };
		return;
	}
	if (mirror_same(b->local, b->old_up))
		mirror_plan_follow(b, out);
	else
		mirror_plan_differs(b, out);
}

bool
mirror_plan_stale(int64_t now, int64_t last_ok_at, int64_t interval_s)
{
	int64_t limit = interval_s * 1000 * MIRROR_STALE_INTERVALS;

	if (limit < MIRROR_STALE_MIN_MS)
		limit = MIRROR_STALE_MIN_MS;
	return last_ok_at > 0 && now - last_ok_at > limit;
}
