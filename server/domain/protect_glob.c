#include "server/domain/protect_glob.h"

#include <string.h>

#include "lib/base/err.h"

bool
protect_glob_is_plain(struct view pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (strchr("*?[]{}\\", pattern.p[i]) != NULL)
			return false;
	return true;
}

/* The index after a set that begins at i, or 0 when it does not end. */
static size_t
protect_glob_set_end(struct view p, size_t i)
{
	size_t k = i + 1;

	if (k < p.len && (p.p[k] == '!' || p.p[k] == '^'))
		k++;
	if (k < p.len && p.p[k] == ']')
		k++;
	for (; k < p.len; k++) {
		if (p.p[k] == '\\')
			k++;
		else if (p.p[k] == ']')
			return k + 1;
	}
	return 0;
}

int
protect_glob_check(struct view p, struct err *e)
{
	size_t either = 1, here = 0;

	if (p.len == 0 || p.len > PROTECT_GLOB_MAX)
		return err_set(e, ERR_INVALID, "a pattern has 1 to %d bytes",
		    PROTECT_GLOB_MAX);
	for (size_t i = 0; i < p.len; i++) {
		unsigned char c = (unsigned char)p.p[i];

		if (c < ' ' || c == 0x7f)
			return err_set(e, ERR_INVALID,
			    "a pattern has no control characters");
		if (c == '\\' && ++i == p.len)
			return err_set(
			    e, ERR_INVALID, "a pattern ends with \\");
		if (c == '[') {
			size_t end = protect_glob_set_end(p, i);

			if (end == 0)
				return err_set(e, ERR_INVALID,
				    "a pattern has a [ without its ]");
			i = end - 1;
		} else if (c == '{' && here == 0) {
			here = 1;
		} else if (c == '{') {
			return err_set(e, ERR_INVALID,
			    "a pattern has braces inside braces");
		} else if (c == ',' && here > 0) {
			here++;
		} else if (c == '}' && here > 0) {
			either *= here;
			here = 0;
		}
		if (either > PROTECT_GLOB_EITHER_MAX)
			return err_set(e, ERR_INVALID,
			    "a pattern's braces stand for more than %d",
			    PROTECT_GLOB_EITHER_MAX);
	}
	if (here > 0)
		return err_set(
		    e, ERR_INVALID, "a pattern has a { without its }");
	return 0;
}

static unsigned char
protect_glob_byte(char c, bool fold)
{
	if (fold && c >= 'A' && c <= 'Z')
		return (unsigned char)(c - 'A' + 'a');
	return (unsigned char)c;
}

/* Is c in the set p.p[i..end)? */
static bool
protect_glob_in_set(
    struct view p, size_t i, size_t end, unsigned char c, bool fold)
{
	bool no = false, in = false, first = true;

	i++;
	if (p.p[i] == '!' || p.p[i] == '^') {
		no = true;
		i++;
	}
	for (; i < end - 1 || first; i++, first = false) {
		unsigned char from, to;

		if (p.p[i] == '\\' && i + 1 < end - 1)
			i++;
		from = to = protect_glob_byte(p.p[i], fold);
		if (i + 2 < end - 1 && p.p[i + 1] == '-') {
			i += 2;
			to = protect_glob_byte(p.p[i], fold);
		}
		if (c >= from && c <= to)
			in = true;
	}
	return in != no;
}

struct protect_glob_step {
	size_t next;  /* of the pattern */
	bool star;    /* any number of bytes */
	bool slashes; /* '/' among them */
	bool skip;    /* "**" with the slash behind it: also nothing */
};

static struct protect_glob_step
protect_glob_step(struct view p, size_t i)
{
	struct protect_glob_step s = { .next = i + 1 };

	if (p.p[i] == '\\' && i + 1 < p.len) {
		s.next = i + 2;
	} else if (p.p[i] == '[') {
		size_t end = protect_glob_set_end(p, i);

		s.next = end != 0 ? end : i + 1;
	} else if (p.p[i] == '*') {
		s.star = true;
		while (s.next < p.len && p.p[s.next] == '*') {
			s.slashes = true;
			s.next++;
		}
		s.skip = s.slashes && s.next < p.len && p.p[s.next] == '/' &&
		    (i == 0 || p.p[i - 1] == '/');
	}
	return s;
}

/* Does the one sign at p.p[i..next) take this byte? */
static bool
protect_glob_takes(struct view p, size_t i, size_t next, char byte, bool fold)
{
	unsigned char c = protect_glob_byte(byte, fold);

	if (p.p[i] == '?')
		return c != '/';
	if (p.p[i] == '[' && next > i + 1)
		return c != '/' && protect_glob_in_set(p, i, next, c, fold);
	if (p.p[i] == '\\' && next == i + 2)
		i++;
	return protect_glob_byte(p.p[i], fold) == c;
}

/* Which places of the pattern can follow what was read: on[i] is "the pattern
 * from i on is still to come".  edge: a part of the path begins here. */
static void
protect_glob_close(struct view p, bool *on, bool edge)
{
	for (size_t i = 0; i < p.len; i++) {
		struct protect_glob_step s;

		if (!on[i])
			continue;
		s = protect_glob_step(p, i);
		if (!s.star)
			continue;
		on[s.next] = true;
		if (s.skip && edge)
			on[s.next + 1] = true;
	}
}

static bool
protect_glob_plain(struct view p, struct view text, bool fold)
{
	bool on[PROTECT_GLOB_MAX + 2] = { [0] = true };

	protect_glob_close(p, on, true);
	for (size_t t = 0; t < text.len; t++) {
		bool to[PROTECT_GLOB_MAX + 2] = { false };
		bool any = false;

		for (size_t i = 0; i < p.len; i++) {
			struct protect_glob_step s;

			if (!on[i])
				continue;
			s = protect_glob_step(p, i);
			if (s.star && (s.slashes || text.p[t] != '/'))
				to[i] = any = true;
			else if (!s.star &&
			    protect_glob_takes(p, i, s.next, text.p[t], fold))
				to[s.next] = any = true;
		}
		if (!any)
			return false;
		memcpy(on, to, sizeof(on));
		protect_glob_close(p, on, text.p[t] == '/');
	}
	return on[p.len];
}

/* The first brace that is not taken as it is, from i on. */
static size_t
protect_glob_brace(struct view p, size_t i)
{
	for (; i < p.len; i++) {
		if (p.p[i] == '\\') {
			i++;
		} else if (p.p[i] == '[') {
			size_t end = protect_glob_set_end(p, i);

			i = end != 0 ? end - 1 : i;
		} else if (p.p[i] == '{') {
			return i;
		}
	}
	return p.len;
}

/* Where the alternative that begins at i ends: at ',' or '}', or p.len. */
static size_t
protect_glob_part(struct view p, size_t i)
{
	for (; i < p.len && p.p[i] != ',' && p.p[i] != '}'; i++) {
		size_t end = p.p[i] == '[' ? protect_glob_set_end(p, i) : 0;

		if (end != 0)
			i = end - 1;
		else if (p.p[i] == '\\')
			i++;
	}
	return i < p.len ? i : p.len;
}

/* How many alternatives the braces at `open` have; *end is after them, 0 when
 * they do not end. */
static size_t
protect_glob_count(struct view p, size_t open, size_t *end)
{
	size_t n = 0, at = open;

	do {
		at = protect_glob_part(p, at + 1);
		n++;
	} while (at < p.len && p.p[at] == ',');
	*end = at < p.len ? at + 1 : 0;
	return n;
}

static bool
protect_glob_put(
    char buf[PROTECT_GLOB_MAX], size_t *len, const char *from, size_t n)
{
	if (*len + n > PROTECT_GLOB_MAX)
		return false;
	memcpy(buf + *len, from, n);
	*len += n;
	return true;
}

/* The pattern of the k-th choice; false when there are not so many. */
static bool
protect_glob_choice(
    struct view p, size_t k, char buf[PROTECT_GLOB_MAX], size_t *len)
{
	size_t i = 0;

	*len = 0;
	for (;;) {
		size_t open = protect_glob_brace(p, i), n, from, end, pick;

		if (!protect_glob_put(buf, len, p.p + i, open - i))
			return false;
		if (open == p.len)
			return k == 0;
		n = protect_glob_count(p, open, &end);
		if (end == 0)
			return false; /* it is no pattern */
		pick = k % n;
		k /= n;
		for (from = open + 1; pick > 0; pick--)
			from = protect_glob_part(p, from) + 1;
		if (!protect_glob_put(buf, len, p.p + from,
			protect_glob_part(p, from) - from))
			return false;
		i = end;
	}
}

void
protect_glob_expand(struct view pattern, protect_glob_fn *fn, void *arg)
{
	char buf[PROTECT_GLOB_MAX];
	size_t len;

	if (pattern.len == 0 || pattern.len > PROTECT_GLOB_MAX)
		return;
	for (size_t k = 0; k < PROTECT_GLOB_EITHER_MAX; k++)
		if (!protect_glob_choice(pattern, k, buf, &len) ||
		    !fn((struct view){ buf, len }, arg))
			return;
}

struct protect_glob_ask {
	struct view text;
	bool fold;
	bool yes;
};

static bool
protect_glob_try(struct view plain, void *arg)
{
	struct protect_glob_ask *a = arg;

	a->yes = protect_glob_plain(plain, a->text, a->fold);
	return !a->yes;
}

bool
protect_glob(struct view pattern, struct view text, bool fold)
{
	struct protect_glob_ask a = { .text = text, .fold = fold };

	protect_glob_expand(pattern, protect_glob_try, &a);
	return a.yes;
}
