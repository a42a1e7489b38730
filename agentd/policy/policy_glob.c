/* policy_glob: patterns of rules against texts, and against the patterns of a
 * shell. */
#include <string.h>

#include "agentd/policy/policy_rule.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/view.h"

bool
policy_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text != '\0') {
		bool plain = *pattern == '\\' && pattern[1] != '\0';

		if (*pattern == '*') {
			star = pattern++;
			back = text;
		} else if (plain ? pattern[1] == *text
				 : *pattern == '?' || *pattern == *text) {
			pattern += plain ? 2 : 1;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool
policy_glob_any(const char *patterns, const char *text)
{
	struct view rest = view_of(patterns), one;

	while (view_split(&rest, '|', &one)) {
		AUTO_FREE char *alone = view_dup(one);

		if (policy_glob(alone, text))
			return true;
	}
	return false;
}

/* Where in a pattern one may be: on[i] is before its byte i. */
struct policy_places {
	struct view pattern;
	bool *on, *next, *were;
};

/* What a shell's pattern asks for next. */
struct policy_step {
	bool any;   /* a byte but /, else the byte c */
	bool first; /* of a name, where it is no dot */
	bool whole; /* a name of which nothing is known: a rule names none */
	char c;
};

static bool
policy_step_is(const struct policy_step *s, char c)
{
	if (s->any)
		return !s->whole && c != '/' && !(s->first && c == '.');
	return c == s->c;
}

/* A star may stand for nothing. */
static void
policy_places_close(struct policy_places *p)
{
	for (size_t i = 0; i < p->pattern.len; i++)
		if (p->on[i] && p->pattern.p[i] == '*')
			p->on[i + 1] = true;
}

/* keep: those that it was at stay. True: there is a new one. */
static bool
policy_places_go(
    struct policy_places *p, const struct policy_step *s, bool keep)
{
	const char *at = p->pattern.p;
	size_t n = p->pattern.len;
	bool grew = false;

	memset(p->next, 0, n + 1);
	for (size_t i = 0; i < n; i++) {
		size_t plain = at[i] == '\\' && i + 1 < n ? 1 : 0;

		if (!p->on[i])
			continue;
		if (at[i] == '*')
			p->next[i] = true;
		else if (at[i] == '?' || policy_step_is(s, at[i + plain]))
			p->next[i + plain + 1] = true;
	}
	for (size_t i = 0; i <= n; i++) {
		grew = grew || (p->next[i] && !p->on[i]);
		p->on[i] = p->next[i] || (keep && p->on[i]);
	}
	policy_places_close(p);
	return grew;
}

/* At a [: behind its ], or behind it when there is none. */
static const char *
policy_bracket_end(const char *at)
{
	const char *end = at[1] != '\0' ? strchr(at + 2, ']') : NULL;

	return end != NULL ? end + 1 : at + 1;
}

/* Any bytes of a name, or none. */
static void
policy_places_star(struct policy_places *p, bool first, char behind)
{
	struct policy_step s = { .any = true,
		.first = first,
		.whole = first && (behind == '/' || behind == '\0') };

	memcpy(p->were, p->on, p->pattern.len + 1);
	(void)policy_places_go(p, &s, false);
	s.first = false;
	while (policy_places_go(p, &s, true))
		;
	for (size_t i = 0; i <= p->pattern.len; i++)
		p->on[i] = p->on[i] || p->were[i];
}

static bool
policy_meets(struct policy_places *p, const char *names)
{
	struct policy_step s = { .first = true };

	p->on[0] = true;
	policy_places_close(p);
	while (*names != '\0') {
		s.c = *names;
		s.any = s.c == '?' || s.c == '[';
		names = s.c == '[' ? policy_bracket_end(names) : names + 1;
		if (s.c == '*')
			policy_places_star(p, s.first, *names);
		else
			(void)policy_places_go(p, &s, false);
		s.first = s.c == '/';
	}
	return p->on[p->pattern.len];
}

bool
policy_glob_meets(const char *patterns, const char *names)
{
	struct view rest = view_of(patterns), one;

	while (view_split(&rest, '|', &one)) {
		AUTO_FREE bool *on = xcalloc(one.len + 2, sizeof(*on));
		AUTO_FREE bool *next = xcalloc(one.len + 2, sizeof(*next));
		AUTO_FREE bool *were = xcalloc(one.len + 2, sizeof(*were));
		struct policy_places p = {
			.pattern = one, .on = on, .next = next, .were = were
		};

		if (policy_meets(&p, names))
			return true;
	}
	return false;
}
