#include "server/domain/mentions.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	MENTION_SPAN_MAX = 4096 /* bytes of a code span */
};

/* Where the scan is: at most one pass over the text. */
struct mention_scan {
	struct view text;
	size_t at;
	struct mention *out;
	size_t n;
	struct view word; /* the last word, when only blanks came after it */
	bool line_start;  /* nothing but blanks so far */
};

struct mention_verb {
	const char *word;
	enum mention_action action;
};

static const struct mention_verb mention_verbs[] = {
	{ "close", MENTION_CLOSES },
	{ "closes", MENTION_CLOSES },
	{ "closed", MENTION_CLOSES },
	{ "fix", MENTION_CLOSES },
	{ "fixes", MENTION_CLOSES },
	{ "fixed", MENTION_CLOSES },
	{ "resolve", MENTION_CLOSES },
	{ "resolves", MENTION_CLOSES },
	{ "resolved", MENTION_CLOSES },
	{ "reopen", MENTION_REOPENS },
	{ "reopens", MENTION_REOPENS },
	{ "reopened", MENTION_REOPENS },
};

static bool
mention_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
mention_is_hex(char c)
{
	return mention_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Bytes of UTF-8 beyond ASCII are part of a word. */
static bool
mention_is_word(char c)
{
	return mention_is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
	    (unsigned char)c >= 0x80;
}

/* What a user's or repository's name is made of. */
static bool
mention_is_name(char c)
{
	return (mention_is_word(c) && (unsigned char)c < 0x80) || c == '.';
}

static char
mention_peek(const struct mention_scan *s, size_t skip)
{
	if (s->at + skip >= s->text.len)
		return '\0';
	return s->text.p[s->at + skip];
}

static bool
mention_same(struct view a, struct view b)
{
	return a.len == b.len &&
	    (a.len == 0 || strncasecmp(a.p, b.p, a.len) == 0);
}

static void
mention_add(struct mention_scan *s, const struct mention *m)
{
	for (size_t i = 0; i < s->n; i++) {
		struct mention *x = &s->out[i];

		if (x->kind != m->kind || x->number != m->number ||
		    !mention_same(x->word, m->word) ||
		    !mention_same(x->owner, m->owner) ||
		    !mention_same(x->name, m->name))
			continue;
		if (x->action == MENTION_REFERS)
			x->action = m->action;
		return;
	}
	if (s->n < MENTIONS_MAX)
		s->out[s->n++] = *m;
}

static enum mention_action
mention_action_of(struct view word)
{
	for (size_t i = 0; i < sizeof(mention_verbs) / sizeof(mention_verbs[0]);
	     i++)
		if (mention_same(word, view_of(mention_verbs[i].word)))
			return mention_verbs[i].action;
	return MENTION_REFERS;
}

/* At '#' or '!': the digits after it, 0 for none; moves past them. */
static int64_t
mention_number(struct mention_scan *s)
{
	int64_t n = 0;
	size_t i = s->at + 1;

	while (i < s->text.len && mention_is_digit(s->text.p[i])) {
		if (n <= MENTION_NUMBER_MAX)
			n = n * 10 + (s->text.p[i] - '0');
		i++;
	}
	if (n > MENTION_NUMBER_MAX ||
	    (i < s->text.len && mention_is_word(s->text.p[i])))
		n = 0;
	s->at = i;
	return n;
}

/* "owner/name" that ends where the scan is; false for anything else. */
static bool
mention_repository(struct view token, struct view *owner, struct view *name)
{
	const char *slash = memchr(token.p, '/', token.len);

	if (slash == NULL)
		return false;
	*owner = (struct view){ token.p, (size_t)(slash - token.p) };
	*name = view_from(token, owner->len + 1);
	return owner->len > 0 && name->len > 0 &&
	    memchr(name->p, '/', name->len) == NULL;
}

static void
mention_item(struct mention_scan *s, struct view token)
{
	struct mention m = { .kind = MENTION_ITEM };

	if (token.len > 0 && !mention_repository(token, &m.owner, &m.name)) {
		(void)mention_number(s);
		return;
	}
	m.action = mention_action_of(s->word);
	m.number = mention_number(s);
	if (m.number > 0)
		mention_add(s, &m);
}

static void
mention_user(struct mention_scan *s)
{
	size_t start = s->at + 1, end = start;

	while (end < s->text.len && mention_is_name(s->text.p[end]))
		end++;
	s->at = end > start ? end : start;
	/* A full stop ends the sentence, not the name. */
	while (end > start && s->text.p[end - 1] == '.')
		end--;
	if (end > start && s->text.p[start] != '-' && s->text.p[start] != '.')
		mention_add(s,
		    &(struct mention){ .kind = MENTION_USER,
			.word = { s->text.p + start, end - start } });
}

static bool
mention_is_commit(struct view v)
{
	bool digit = false;

	if (v.len < 7 || v.len > 40)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		if (!mention_is_hex(v.p[i]))
			return false;
		digit = digit || mention_is_digit(v.p[i]);
	}
	return digit;
}

/* A run of name characters and slashes, and what it says with what follows. */
static void
mention_token(struct mention_scan *s)
{
	size_t start = s->at;
	struct view token;
	char next;

	while (s->at < s->text.len &&
	    (mention_is_name(s->text.p[s->at]) ||
		mention_is_word(s->text.p[s->at]) || s->text.p[s->at] == '/'))
		s->at++;
	token = (struct view){ s->text.p + start, s->at - start };
	next = mention_peek(s, 0);
	if (next == '#' || next == '!') {
		mention_item(s, token);
		s->word = (struct view){ .p = NULL };
		return;
	}
	/* An address, "me@example.org", names nobody. */
	if (next == '@')
		s->at++;
	if (mention_is_commit(token))
		mention_add(s,
		    &(struct mention){ .kind = MENTION_COMMIT, .word = token });
	s->word = token;
}

static size_t
mention_run(const struct mention_scan *s, char c)
{
	size_t n = 0;

	while (mention_peek(s, n) == c)
		n++;
	return n;
}

static void
mention_skip_line(struct mention_scan *s)
{
	while (s->at < s->text.len && s->text.p[s->at] != '\n')
		s->at++;
}

/* A fence: up to the line that closes it, or to the end. */
static void
mention_skip_fence(struct mention_scan *s, char c, size_t n)
{
	for (;;) {
		mention_skip_line(s);
		if (s->at >= s->text.len)
			return;
		s->at++;
		while (mention_peek(s, 0) == ' ')
			s->at++;
		if (mention_peek(s, 0) == c && mention_run(s, c) >= n) {
			mention_skip_line(s);
			return;
		}
	}
}

/* A code span ends at a run of as many backticks, in the same line and not far
 * away: runs that nothing closes are looked at only so often. */
static void
mention_skip_span(struct mention_scan *s)
{
	size_t n = mention_run(s, '`'), start = s->at + n;

	for (size_t i = start; i < s->text.len && i < start + MENTION_SPAN_MAX;
	     i++) {
		size_t run = 0;

		if (s->text.p[i] == '\n')
			break;
		while (i + run < s->text.len && s->text.p[i + run] == '`')
			run++;
		if (run == n) {
			s->at = i + run;
			return;
		}
		if (run > 0)
			i += run - 1;
	}
	s->at = start;
}

/* What a line begins with decides about all of it; true: it was skipped. */
static bool
mention_line(struct mention_scan *s)
{
	char c = mention_peek(s, 0);
	size_t n;

	if (c == '>') {
		mention_skip_line(s);
		return true;
	}
	if (c != '`' && c != '~')
		return false;
	n = mention_run(s, c);
	if (n < 3)
		return false;
	mention_skip_fence(s, c, n);
	return true;
}

static void
mention_step(struct mention_scan *s)
{
	char c = mention_peek(s, 0);

	if (c == '\n') {
		s->line_start = true;
		s->word = (struct view){ .p = NULL };
		s->at++;
		return;
	}
	if (c == ' ' || c == '\t' || c == '\r') {
		s->at++;
		return;
	}
	if (s->line_start && mention_line(s))
		return;
	s->line_start = false;
	if (mention_is_word(c)) {
		mention_token(s);
		return;
	}
	if (c == '#' || c == '!')
		mention_item(s, (struct view){ .p = NULL });
	else if (c == '@')
		mention_user(s);
	else if (c == '`')
		mention_skip_span(s);
	else if (c == '&' && mention_peek(s, 1) == '#')
		s->at += 2; /* an entity */
	else
		s->at++;
	/* "fixes: #1" and "fixes #1, #2": the first alone is closed. */
	if (c != ':')
		s->word = (struct view){ .p = NULL };
}

size_t
mentions_scan(struct view text, struct mention out[MENTIONS_MAX])
{
	struct mention_scan s = {
		.text = text, .out = out, .line_start = true
	};

	while (s.at < s.text.len && s.n < MENTIONS_MAX)
		mention_step(&s);
	return s.n;
}
