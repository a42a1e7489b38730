#include "server/domain/merge_text.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

static const char merge_text_own[] = "Gate-Override";

/* The word of a line "Word: text", as git finds it, and behind blanks, too,
 * which people do not see; empty: it is no such line. */
static struct view
merge_text_word(struct view line)
{
	size_t n = 0, end;

	while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = view_from(line, 1);
	while (n < line.len &&
	    ((line.p[n] >= 'a' && line.p[n] <= 'z') ||
		(line.p[n] >= 'A' && line.p[n] <= 'Z') ||
		(line.p[n] >= '0' && line.p[n] <= '9') || line.p[n] == '-'))
		n++;
	end = n;
	while (n < line.len && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	return (
	    struct view){ line.p, n < line.len && line.p[n] == ':' ? end : 0 };
}

static bool
merge_text_is_own(struct view word)
{
	size_t n = sizeof(merge_text_own) - 1;

	return word.len == n && strncasecmp(word.p, merge_text_own, n) == 0;
}

/* Signed-off-by, Co-authored-by, Reviewed-by, ...: in the name of a person. */
static bool
merge_text_is_name(struct view word)
{
	return word.len > 3 &&
	    strncasecmp(word.p + word.len - 3, "-by", 3) == 0;
}

/* How many bytes of a control character are at p, C1 (of two bytes in UTF-8)
 * among them; 0: none.  LF and TAB are none. */
static size_t
merge_text_control(const char *p)
{
	unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1];

	if ((a < ' ' && a != '\n' && a != '\t') || a == 0x7f)
		return 1;
	return a == 0xc2 && b >= 0x80 && b <= 0x9f ? 2 : 0;
}

int
merge_text_check(const char *field, const char *text, struct err *e)
{
	struct view rest = view_of(text), line;

	for (const char *p = text; *p != '\0'; p++)
		if ((p[0] != '\r' || p[1] != '\n') && merge_text_control(p) > 0)
			return err_set(
			    e, ERR_INVALID, "%s: no control characters", field);
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		if (merge_text_is_own(merge_text_word(line)))
			return err_set(e, ERR_INVALID,
			    "%s: %s is what the server writes", field,
			    merge_text_own);
	return 0;
}

void
merge_text_add(struct str *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (p[0] != '\r' || p[1] != '\n')
			str_addc(out, *p);
}

/* A CR alone ends a line for a terminal, and so it does here. */
static void
merge_text_clean(struct str *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		size_t n = merge_text_control(p);

		if (n == 0)
			str_addc(out, *p);
		else if (*p == '\r' && p[1] != '\n')
			str_addc(out, '\n');
		else
			p += n - 1;
	}
}

void
merge_text_clean_line(char *line)
{
	char *to = line;

	for (const char *p = line; *p != '\0'; p++) {
		size_t n = merge_text_control(p);

		if (n == 0)
			*to++ = *p;
		else
			p += n - 1;
	}
	*to = '\0';
}

void
merge_text_quote(struct str *out, const char *text)
{
	AUTO_STR struct str clean = STR_INIT;
	struct view rest, line, word;
	bool first = true;

	merge_text_clean(&clean, text);
	rest = str_view(&clean);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (!first)
			str_addc(out, '\n');
		first = false;
		word = merge_text_word(line);
		if (merge_text_is_own(word) || merge_text_is_name(word))
			str_add(out, "> ");
		str_addv(out, line);
	}
}
