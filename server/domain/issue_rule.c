#include "server/domain/issue_rule.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "server/domain/items.h"

int
issue_rule_title(const char *title, struct err *e)
{
	size_t n = strlen(title);

	if (n == 0 || view_trim(view_of(title)).len == 0)
		return err_set(e, ERR_INVALID, "title: it is empty");
	if (n > TITLE_LEN_MAX)
		return err_set(
		    e, ERR_INVALID, "title: over %d bytes", TITLE_LEN_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)title[i] < ' ' || title[i] == 0x7f)
			return err_set(
			    e, ERR_INVALID, "title: no control characters");
	return 0;
}

int
issue_rule_body(const char *body, struct err *e)
{
	if (strlen(body) > BODY_LEN_MAX)
		return err_set(
		    e, ERR_INVALID, "body: over %d bytes", BODY_LEN_MAX);
	return 0;
}

int
issue_rule_comment(const char *body, struct err *e)
{
	if (view_trim(view_of(body)).len == 0)
		return err_set(e, ERR_INVALID, "body: it is empty");
	return issue_rule_body(body, e);
}

static const char *const issue_rule_words[] = { "close", "closes", "closed",
	"fix", "fixes", "fixed", "resolve", "resolves", "resolved" };

static bool
issue_rule_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool
issue_rule_closes(struct view word)
{
	for (size_t i = 0;
	     i < sizeof(issue_rule_words) / sizeof(issue_rule_words[0]); i++)
		if (word.len == strlen(issue_rule_words[i]) &&
		    strncasecmp(word.p, issue_rule_words[i], word.len) == 0)
			return true;
	return false;
}

/* " #12" or ": #12" after the word; 0 when it is none. */
static int64_t
issue_rule_number(struct view rest)
{
	size_t i = 0;
	int64_t n = 0;

	if (i < rest.len && rest.p[i] == ':')
		i++;
	while (i < rest.len && (rest.p[i] == ' ' || rest.p[i] == '\t'))
		i++;
	if (i == 0 || i >= rest.len || rest.p[i] != '#')
		return 0;
	for (i++; i < rest.len && rest.p[i] >= '0' && rest.p[i] <= '9'; i++) {
		if (n > 100000000)
			return 0;
		n = n * 10 + (rest.p[i] - '0');
	}
	if (i < rest.len && issue_rule_is_letter(rest.p[i]))
		return 0;
	return n;
}

static size_t
issue_rule_add(int64_t out[ISSUE_FIXES_MAX], size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (out[i] == number)
			return n;
	out[n] = number;
	return n + 1;
}

size_t
issue_rule_fixes(struct view body, int64_t out[ISSUE_FIXES_MAX])
{
	size_t n = 0, i = 0;

	while (i < body.len && n < ISSUE_FIXES_MAX) {
		size_t start = i;
		int64_t number;

		if (!issue_rule_is_letter(body.p[i])) {
			i++;
			continue;
		}
		while (i < body.len && issue_rule_is_letter(body.p[i]))
			i++;
		if (!issue_rule_closes(
			(struct view){ body.p + start, i - start }))
			continue;
		number = issue_rule_number(view_from(body, i));
		if (number > 0)
			n = issue_rule_add(out, n, number);
	}
	return n;
}
