#include "server/domain/approval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "server/domain/net_rule.h"
#include "server/domain/net_seen.h"
#include "server/domain/word.h"

static const char *const approval_kinds[] = {
	[APPROVAL_DOMAIN] = "domain",
	[APPROVAL_BUDGET] = "budget",
	[APPROVAL_COMMAND] = "command",
	[APPROVAL_TOOL] = "tool",
};

static const char *const approval_states[] = {
	[APPROVAL_OPEN] = "open",
	[APPROVAL_ALLOWED] = "allowed",
	[APPROVAL_DENIED] = "denied",
	[APPROVAL_EXPIRED] = "expired",
	[APPROVAL_WITHDRAWN] = "withdrawn",
};

const char *
approval_kind_name(enum approval_kind v)
{
	return word_name(approval_kinds, WORD_COUNT(approval_kinds), v);
}

int
approval_kind_parse(const char *s)
{
	return word_find(approval_kinds, WORD_COUNT(approval_kinds), s);
}

const char *
approval_state_name(enum approval_state v)
{
	return word_name(approval_states, WORD_COUNT(approval_states), v);
}

int
approval_state_parse(const char *s)
{
	return word_find(approval_states, WORD_COUNT(approval_states), s);
}

void
approval_release(struct approval *a)
{
	free(a->subject);
	free(a->reason);
	*a = (struct approval){ .id = 0 };
}

void
approval_list_release(struct approval_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		approval_release(&l->at[i]);
	free(l->at);
	*l = (struct approval_list){ .n = 0 };
}

bool
approval_of_seen(const struct net_seen *s)
{
	static const char *const verdicts[] = { "name-unlisted",
		"denied-unlisted" };
	struct net_rule r = { .list = NET_ALLOW };
	struct err ignored = ERR_INIT;

	return word_find(verdicts, WORD_COUNT(verdicts), s->verdict) != -1 &&
	    strchr(s->name, '*') == NULL && strchr(s->name, '.') != NULL &&
	    net_rule_set_domain(&r, view_of(s->name), &ignored) == 0 &&
	    net_rule_warning(&r) == NULL;
}

static int
approval_words_id(struct view v, struct approval_words *out, struct err *e)
{
	AUTO_FREE char *text = NULL;

	if (view_starts(v, "#"))
		v = view_from(v, 1);
	text = view_dup(v);
	if (out->n == APPROVAL_WORDS_MAX)
		return err_set(
		    e, ERR_INVALID, "at most %d at a time", APPROVAL_WORDS_MAX);
	if (num_i64(text, 1, INT64_MAX, &out->ids[out->n], e) == -1)
		return err_set(e, ERR_INVALID,
		    "want the number of an approval, and `for` a time");
	out->n++;
	return 0;
}

static int
approval_words_for(struct view v, bool allow, int64_t *out, struct err *e)
{
	AUTO_FREE char *text = view_dup(v);

	if (!allow)
		return err_set(e, ERR_INVALID, "a no has no time");
	if (num_duration_ms(
		text, APPROVAL_SPAN_MIN_MS, APPROVAL_SPAN_MAX_MS, out, e) == -1)
		return err_set(e, ERR_INVALID,
		    "`for` wants a time of a minute to a year, like `1h` or "
		    "`7d`");
	return 0;
}

int
approval_words_parse(
    struct view args, bool allow, struct approval_words *out, struct err *e)
{
	struct view rest = args, line = { .p = "" }, word;
	bool wants = false;

	*out = (struct approval_words){ .n = 0 };
	if (args.p != NULL)
		(void)view_split(&rest, '\n', &line);
	while (view_split(&line, ' ', &word)) {
		word = view_trim(word);
		if (word.len == 0)
			continue;
		if (out->for_ms != 0)
			return err_set(e, ERR_INVALID, "the time comes last");
		if (wants) {
			if (approval_words_for(word, allow, &out->for_ms, e) ==
			    -1)
				return -1;
			wants = false;
		} else if (out->n > 0 && view_is(word, "for")) {
			wants = true;
		} else if (approval_words_id(word, out, e) == -1) {
			return -1;
		}
	}
	if (out->n == 0 || wants)
		return err_set(e, ERR_INVALID,
		    wants ? "`for` how long?"
			  : "want the number of an approval");
	return 0;
}

static size_t
approval_ticks(struct view v)
{
	size_t longest = 0, now = 0;

	for (size_t i = 0; i < v.len; i++) {
		now = v.p[i] == '`' ? now + 1 : 0;
		if (now > longest)
			longest = now;
	}
	return longest;
}

static void
approval_ticks_add(struct str *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addc(out, '`');
}

/* What a reader would not see as it is, he sees as its name. */
static void
approval_seen(struct view v, struct str *out)
{
	for (size_t at = 0; at < v.len;) {
		const char *line = memchr(v.p + at, '\n', v.len - at);
		size_t n = line != NULL ? (size_t)(line - v.p) - at
					: v.len - at;

		esc_term(out, (struct view){ .p = v.p + at, .len = n });
		if (line != NULL)
			str_add(out, "<U+000A>");
		at += n + (line != NULL ? 1 : 0);
	}
}

void
approval_quote(const struct approval *a, struct str *out)
{
	struct view v = view_trim(view_of(a->subject));
	struct view cut = utf8_cut(v, APPROVAL_SHOWN_MAX);
	AUTO_STR struct str shown = STR_INIT;
	size_t n;

	approval_seen(cut, &shown);
	if (shown.len == 0)
		str_add(&shown, "<nothing>");
	n = approval_ticks(str_view(&shown)) + 1;
	approval_ticks_add(out, n);
	str_add(out, n > 1 ? " " : "");
	str_addv(out, str_view(&shown));
	str_add(out, n > 1 ? " " : "");
	approval_ticks_add(out, n);
	if (cut.len < v.len)
		str_addf(out, " (and %zu bytes more)", v.len - cut.len);
}

/* As the gateway calls its scopes. */
static const struct {
	const char *name, *text;
} approval_moneys[] = {
	[APPROVAL_OF_RUN] = { "", "" },
	[APPROVAL_OF_ITEM] = { "item ", " for all runs of this item" },
	[APPROVAL_OF_PROJECT] = { "project ", " for the whole project" },
	[APPROVAL_OF_PROJECT_DAY] = { "project_day ",
	    " for the whole project today" },
	[APPROVAL_OF_DAY] = { "day ", " for all projects today" },
	[APPROVAL_OF_ALL] = { "all ", " for all projects" },
};

int
approval_money_parse(const char *subject, enum approval_money *of,
    int64_t *micros, struct err *e)
{
	const size_t n = sizeof(approval_moneys) / sizeof(approval_moneys[0]);

	for (size_t i = n; i-- > 0;) {
		const char *name = approval_moneys[i].name;

		if (strncmp(subject, name, strlen(name)) != 0)
			continue;
		*of = (enum approval_money)i;
		return num_i64(subject + strlen(name), 1, INT64_MAX, micros, e);
	}
	return err_set(e, ERR_INVALID, "no budget");
}

static enum approval_money
approval_money_of(enum approval_kind kind, const char *subject)
{
	enum approval_money of = APPROVAL_OF_RUN;
	struct err ignored = ERR_INIT;
	int64_t micros;

	if (kind == APPROVAL_BUDGET)
		(void)approval_money_parse(subject, &of, &micros, &ignored);
	return of;
}

bool
approval_is_shared(enum approval_kind kind, const char *subject)
{
	return kind == APPROVAL_DOMAIN ||
	    approval_money_of(kind, subject) >= APPROVAL_OF_PROJECT;
}

bool
approval_is_global(enum approval_kind kind, const char *subject)
{
	return approval_money_of(kind, subject) >= APPROVAL_OF_DAY;
}

void
approval_about(const struct approval *a, struct str *out)
{
	enum approval_money of = APPROVAL_OF_RUN;
	struct err ignored = ERR_INIT;
	int64_t micros = 0;

	if (a->kind != APPROVAL_BUDGET) {
		str_add(out,
		    a->kind == APPROVAL_DOMAIN        ? "to reach "
			: a->kind == APPROVAL_COMMAND ? "to run "
						      : "to use ");
		approval_quote(a, out);
		return;
	}
	(void)approval_money_parse(a->subject, &of, &micros, &ignored);
	str_addf(out,
	    "to spend %" PRId64 ".%02" PRId64 " dollars more on models%s",
	    micros / 1000000, micros % 1000000 / 10000,
	    approval_moneys[of].text);
}
