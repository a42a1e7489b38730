#include "server/domain/pull_rule.h"

#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"

bool
pull_rule_is_wip(const char *title)
{
	return strncasecmp(title, "WIP:", 4) == 0 ||
	    strncasecmp(title, "[WIP]", 5) == 0;
}

const char *
pull_rule_head(const char *head, const char *owner, const char *name)
{
	const char *colon = strchr(head, ':');
	size_t n = strlen(owner);
	struct view who;

	if (colon == NULL)
		return head;
	who = (struct view){ .p = head, .len = (size_t)(colon - head) };
	if (who.len < n || strncasecmp(who.p, owner, n) != 0)
		return NULL;
	who = view_from(who, n);
	if (who.len == 0)
		return colon + 1;
	if (who.len != strlen(name) + 1 || who.p[0] != '/' ||
	    strncasecmp(who.p + 1, name, who.len - 1) != 0)
		return NULL;
	return colon + 1;
}

/* The length of a line's fence of at least three, 0: none. */
static size_t
pull_rule_fence(struct view line, struct view *rest)
{
	size_t n = 0;

	for (size_t i = 0; i < 3 && line.len > 0 && line.p[0] == ' '; i++)
		line = view_from(line, 1);
	if (line.len == 0 || (line.p[0] != '`' && line.p[0] != '~'))
		return 0;
	while (n < line.len && line.p[n] == line.p[0])
		n++;
	*rest = view_trim(view_from(line, n));
	return n >= 3 ? n : 0;
}

static struct view
pull_rule_line(struct view line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static char
pull_rule_fence_char(struct view line)
{
	return view_trim(line).p[0];
}

bool
pull_rule_suggestion(struct view body, struct str *out)
{
	struct view block;

	return pull_rule_suggestion_in(body, out, &block);
}

bool
pull_rule_suggestion_in(struct view body, struct str *out, struct view *block)
{
	struct view rest = body, line, info = { .p = "" };
	size_t open = 0;
	bool wanted = false;
	char mark = '\0';

	if (body.p == NULL)
		return false;
	while (view_split(&rest, '\n', &line)) {
		size_t n = pull_rule_fence(line, &info);

		if (open == 0) {
			open = n;
			block->p = line.p;
			mark = n > 0 ? pull_rule_fence_char(line) : '\0';
			wanted = n > 0 && view_is(info, "suggestion");
			continue;
		}
		if (n >= open && info.len == 0 &&
		    pull_rule_fence_char(line) == mark) {
			block->len = (rest.p != NULL
				? (size_t)(rest.p - block->p)
				: body.len - (size_t)(block->p - body.p));
			if (wanted)
				return str_ok(out);
			open = 0;
			continue;
		}
		if (!wanted)
			continue;
		str_addv(out, pull_rule_line(line));
		str_addc(out, '\n');
		if (out->len > PULL_SUGGESTION_MAX)
			return false;
	}
	return false;
}

/* The lines with the file's own ends; the last as `end` has it. */
static void
pull_rule_put(struct view lines, bool cr, struct view end, struct str *out)
{
	const char *nl;

	while ((nl = memchr(lines.p, '\n', lines.len)) != NULL) {
		size_t n = (size_t)(nl - lines.p);

		str_addn(out, lines.p, n);
		lines = view_from(lines, n + 1);
		if (lines.len == 0)
			str_addv(out, end);
		else
			str_add(out, cr ? "\r\n" : "\n");
	}
}

bool
pull_rule_replace(
    struct view file, long long line, struct view lines, struct str *out)
{
	size_t from = 0, to, n;

	if (line < 1 || file.len == 0)
		return false;
	while (--line > 0) {
		const char *nl = memchr(file.p + from, '\n', file.len - from);

		if (nl == NULL)
			return false;
		from = (size_t)(nl - file.p) + 1;
	}
	if (from == file.len)
		return false;
	for (to = from; to < file.len && file.p[to] != '\n'; to++)
		continue;
	n = to;
	if (n > from && n < file.len && file.p[n - 1] == '\r')
		n--;
	if (to < file.len)
		to++;
	str_addn(out, file.p, from);
	if (lines.len > 0)
		pull_rule_put(lines, n + 1 < to,
		    (struct view){ .p = file.p + n, .len = to - n }, out);
	str_addn(out, file.p + to, file.len - to);
	return str_ok(out);
}
