#include "server/domain/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

void
runner_release(struct runner *x)
{
	free(x->labels);
	memset(x, 0, sizeof(*x));
}

void
runner_list_release(struct runner_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		runner_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

static bool
runner_word_ok(const char *s, size_t max)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(s);

	return n > 0 && n <= max && s[0] != '.' && s[0] != '-' && s[0] != '_' &&
	    strspn(s, set) == n;
}

bool
runner_name_ok(const char *name)
{
	return runner_word_ok(name, RUNNER_NAME_MAX);
}

bool
runner_label_ok(const char *label)
{
	return runner_word_ok(label, RUNNER_LABEL_MAX);
}

const char *
runner_state(const struct runner *r, int64_t now)
{
	if (r->account_id == 0)
		return "invited";
	if (r->paused)
		return "paused";
	if (r->running > 0)
		return "busy";
	return now - r->seen_at < RUNNER_AWAY_MS ? "waiting" : "away";
}

#define RUNNER_WAITS "waits for a runner: "

/* The next label of a JSON list; they have nothing that is escaped. */
static bool
runner_next_label(struct view *rest, struct view *out)
{
	const char *from = memchr(rest->p, '"', rest->len), *to;

	if (from == NULL)
		return false;
	*rest = view_from(*rest, (size_t)(from + 1 - rest->p));
	to = memchr(rest->p, '"', rest->len);
	if (to == NULL)
		return false;
	*out = (struct view){ rest->p, (size_t)(to - rest->p) };
	*rest = view_from(*rest, out->len + 1);
	return true;
}

static bool
runner_has(const struct runner *r, struct view label)
{
	struct view rest = view_of(r->labels), one;

	while (runner_next_label(&rest, &one))
		if (view_eq(one, label))
			return true;
	return false;
}

static bool
runner_has_all(const struct runner *r, const char *labels)
{
	struct view rest = view_of(labels), one;

	while (runner_next_label(&rest, &one))
		if (!runner_has(r, one))
			return false;
	return true;
}

static bool
runner_is_there(const struct runner *r, int64_t now)
{
	const char *state = runner_state(r, now);

	return strcmp(state, "waiting") == 0 || strcmp(state, "busy") == 0;
}

static void
runner_wait_labels(const char *labels, char out[RUNNER_WAIT_MAX])
{
	AUTO_STR struct str words = STR_INIT;
	struct view rest = view_of(labels), one;

	while (runner_next_label(&rest, &one)) {
		str_addc(&words, ' ');
		str_addv(&words, one);
	}
	(void)snprintf(out, RUNNER_WAIT_MAX, RUNNER_WAITS "none has%.150s",
	    str_cstr(&words));
}

void
runner_wait_text(const struct runner_list *l, int64_t now, const char *labels,
    bool network, char out[RUNNER_WAIT_MAX])
{
	const struct runner *last = NULL;
	size_t registered = 0, fit = 0, able = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		const struct runner *r = &l->at[i];

		registered += r->account_id != 0;
		if (r->account_id == 0 || !runner_has_all(r, labels))
			continue;
		fit++;
		if (network && !r->network)
			continue;
		able++;
		last = r;
		if (runner_is_there(r, now))
			return;
	}
	if (registered == 0)
		(void)snprintf(
		    out, RUNNER_WAIT_MAX, RUNNER_WAITS "there is none");
	else if (fit == 0)
		runner_wait_labels(labels, out);
	else if (able == 0)
		(void)snprintf(out, RUNNER_WAIT_MAX,
		    RUNNER_WAITS "none%s has a network",
		    fit < registered ? " that has its labels" : "");
	else if (able == 1)
		(void)snprintf(out, RUNNER_WAIT_MAX, RUNNER_WAITS "%s is %s",
		    last->name, runner_state(last, now));
	else
		(void)snprintf(out, RUNNER_WAIT_MAX,
		    RUNNER_WAITS "the %zu that could run it are away or paused",
		    able);
}

bool
runner_wait_is_text(const char *s)
{
	return strncmp(s, RUNNER_WAITS, strlen(RUNNER_WAITS)) == 0;
}
