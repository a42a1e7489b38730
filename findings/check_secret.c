#include "lib/base/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "findings/check_body.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"

enum {
	CHECK_VALUE_MIN = 16,
	CHECK_VALUE_MAX = 200,
	CHECK_VALUES = 8, /* looked at in one line */
	CHECK_PEM_LINE = 40
};

/* What stands for a secret in texts that have none. */
static bool
check_is_placeholder(struct view v)
{
	static const char *const words[] = { "example", "xxxx", "your",
		"change", "dummy", "test", "placeholder", "sample", "0000",
		"12345", "abcdef", "secret", "password", "redacted", "****",
		"fake", "foobar" };
	char low[CHECK_VALUE_MAX + 1];
	size_t n = v.len < CHECK_VALUE_MAX ? v.len : CHECK_VALUE_MAX;

	for (size_t i = 0; i < n; i++)
		low[i] = (char)tolower((unsigned char)v.p[i]);
	low[n] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(low, words[i]) != NULL)
			return true;
	return false;
}

static bool
check_is_value(char c)
{
	return isalnum((unsigned char)c) ||
	    (c != '\0' && strchr("+/_.~=!@#%^&*-", c) != NULL);
}

/* Random by its look: letters and digits mixed, no word and no path. */
static bool
check_is_random(struct view v)
{
	size_t digits = 0, upper = 0, lower = 0, changes = 0, marks = 0;

	if (v.len < CHECK_VALUE_MIN || v.len > CHECK_VALUE_MAX)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];

		digits += isdigit(c) != 0;
		upper += isupper(c) != 0;
		lower += islower(c) != 0;
		marks += c == '.' || c == '/' || c == '_' || c == '-';
		changes += i > 0 &&
		    !isdigit(c) != !isdigit((unsigned char)v.p[i - 1]);
	}
	return digits >= 2 && upper + lower >= 4 && changes >= 4 &&
	    marks * 6 <= v.len && check_entropy(v) >= 3.3 &&
	    !check_is_placeholder(v);
}

/* KEY = "VALUE", or KEY: VALUE where values are not quoted. */
static void
check_values(struct check_body *b)
{
	struct view v = b->line->text;
	bool bare = !(b->traits & CHECK_IS_CODE);
	int left = CHECK_VALUES;

	for (size_t i = 0; i < v.len && left > 0; i++) {
		size_t start, end;
		bool quoted = false;

		if (v.p[i] != '=' && v.p[i] != ':' && v.p[i] != '"' &&
		    v.p[i] != '\'')
			continue;
		left--;
		for (start = i;
		     start < v.len && strchr("=:\"' \t", v.p[start]) != NULL &&
		     v.p[start] != '\0';
		     start++)
			quoted = v.p[start] == '"' || v.p[start] == '\'';
		for (end = start; end < v.len && check_is_value(v.p[end]);
		     end++)
			;
		if ((quoted || bare) &&
		    check_is_random(
			(struct view){ v.p + start, end - start })) {
			check_say(b, "secret-likely", b->line->line,
			    "a word like password, and what looks like one");
			return;
		}
		if (end > i)
			i = end - 1;
	}
}

/* A word that is NAME:PASSWORD. */
static bool
check_is_basic_word(struct view v)
{
	AUTO_STR struct str text = STR_INIT_MAX(CHECK_VALUE_MAX);
	const char *colon;
	struct err e;
	size_t n = 0;

	while (v.len > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_from(v, 1);
	while (n < v.len && n < CHECK_VALUE_MAX &&
	    (isalnum((unsigned char)v.p[n]) || strchr("+/=", v.p[n]) != NULL) &&
	    v.p[n] != '\0')
		n++;
	if (n < CHECK_VALUE_MIN ||
	    esc_base64_decode((struct view){ v.p, n }, &text, &e) == -1)
		return false;
	colon = memchr(text.p, ':', text.len);
	return colon != NULL && colon > text.p &&
	    (size_t)(text.p + text.len - colon) > 6 &&
	    !check_is_placeholder(str_view(&text));
}

/* "Authorization: Basic WORD", wherever in the line. */
static bool
check_is_basic(struct view v)
{
	for (; v.len > 6; v = view_from(v, 1))
		if (strncasecmp(v.p, "basic ", 6) == 0 &&
		    check_is_basic_word(view_from(v, 6)))
			return true;
	return false;
}

/* A key that opens a sandbox of its maker only. */
static bool
check_is_test_key(struct view v)
{
	static const char *const names[] = { "sk_test_", "rk_test_" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct view rest = v;
		const char *at;

		while ((at = memmem(rest.p, rest.len, names[i], 8)) != NULL) {
			size_t n = 0, digits = 0;

			rest = view_from(rest, (size_t)(at - rest.p) + 8);
			for (;
			     n < rest.len && isalnum((unsigned char)rest.p[n]);
			     n++)
				digits += isdigit((unsigned char)rest.p[n]) !=
				    0;
			if (n >= 24 && digits >= 2 &&
			    !check_is_placeholder((struct view){ rest.p, n }))
				return true;
		}
	}
	return false;
}

static void
check_likely(struct check_body *b)
{
	const char *what = NULL;

	if (check_is_basic(b->line->text))
		what = "a name and a password, in the form that HTTP has";
	else if (check_is_test_key(b->line->text))
		what = "this looks like a Stripe key for tests";
	if (what != NULL)
		check_say(b, "secret-likely", b->line->line, "%s", what);
	else
		check_values(b);
}

/* In a program, a header of PEM is what it looks for, unless a key's text
 * follows. */
static bool
check_is_key_text(struct view v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.len && n < CHECK_PEM_LINE; i++)
		n = isalnum((unsigned char)v.p[i]) || v.p[i] == '+' ||
			v.p[i] == '/' || v.p[i] == '='
		    ? n + 1
		    : 0;
	return n >= CHECK_PEM_LINE;
}

/* Tests have keys of their own, which open nothing. */
static void
check_secret_found(struct check_body *b, bool key, const char *what)
{
	const struct scan_line *l = b->line;

	if (l->kind == '-')
		check_note(b, "secret-removed", l->path, l->line,
		    "a %s goes away here, and stays in the history", what);
	else if (b->traits & CHECK_IS_TEST)
		check_say(b, "secret-likely", l->line,
		    "this looks like a %s, in a test", what);
	else
		check_say(b, key ? "private-key" : "secret", l->line,
		    "this looks like a %s", what);
}

void
check_line_secret(struct check_body *b)
{
	const struct scan_line *l = b->line;
	bool key = false;
	const char *what = NULL;

	if (b->longest >= CHECK_VALUE_MIN || (b->line_tags & CHECK_TAG_PEM))
		what = secret_find(l->text, &key);
	if (l->kind == '+' && b->pem_line > 0 && l->line == b->pem_line + 1 &&
	    check_is_key_text(l->text))
		check_secret_found(b, true, "private key");
	b->pem_line = 0;
	if (key && (b->traits & CHECK_IS_CODE) && !check_is_key_text(l->text))
		b->pem_line = l->line;
	else if (what != NULL)
		check_secret_found(b, key, what);
	else if (l->kind == '+' && b->longest >= CHECK_VALUE_MIN &&
	    secret_has_example(l->text))
		check_note(b, "secret-example", l->path, l->line,
		    "a key that documents show as an example");
	else if (l->kind == '+' && (b->line_tags & CHECK_TAG_KEYWORD) &&
	    !(b->traits & (CHECK_IS_TEST | CHECK_IS_LOCK | CHECK_IS_DOC)))
		check_likely(b);
}
