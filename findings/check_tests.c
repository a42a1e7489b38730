/* Tests that prove less than before, and notices that go away. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check_body.h"
#include "lib/base/str.h"

enum {
	CHECK_LIMIT_LINE = 300
};

/* The first number of a line, and a hash of what is around it. */
static bool
check_limit_of(struct view v, struct check_limit *out)
{
	char text[CHECK_LIMIT_LINE + 1], *end = NULL;
	size_t i = 0, stop;

	v = view_trim(v);
	if (v.len > CHECK_LIMIT_LINE)
		return false;
	memcpy(text, v.p, v.len);
	text[v.len] = '\0';
	while (i < v.len && !isdigit((unsigned char)text[i]))
		i++;
	if (i == v.len)
		return false;
	out->value = strtod(text + i, &end);
	stop = (size_t)(end - text);
	out->key = check_hash((struct view){ text, i }) ^
	    (check_hash(view_of(text + stop)) << 1);
	return true;
}

/* Code has limits of its own; what configures tests does not look like it. */
static bool
check_is_config(const struct check_body *b)
{
	const char *base = check_path_base(b->file->path);

	return !(b->traits & CHECK_IS_CODE) || strstr(base, "conf") != NULL ||
	    (b->traits & (CHECK_IS_CI | CHECK_IS_BUILD)) != 0;
}

static void
check_limit(struct check_body *b)
{
	struct check_limit now;

	if (!check_is_config(b) || !check_limit_of(b->line->text, &now))
		return;
	if (b->line->kind == '-') {
		if (b->limits_n < CHECK_LIMITS_MAX)
			b->limits[b->limits_n++] = now;
		return;
	}
	for (size_t i = 0; i < b->limits_n; i++)
		if (b->limits[i].key == now.key &&
		    now.value < b->limits[i].value)
			check_say(b, "threshold-lowered", b->line->line,
			    "a limit goes from %g to %g", b->limits[i].value,
			    now.value);
}

static bool
check_ends_in(struct view v, const char *const *ends)
{
	for (; *ends != NULL; ends++)
		if (view_ends(v, *ends))
			return true;
	return false;
}

static size_t
check_column(struct view v)
{
	size_t n = 0;

	while (n < v.len && (v.p[n] == ' ' || v.p[n] == '\t'))
		n++;
	return n;
}

/* It opens a block within the test: what is in there is not done always. */
static bool
check_is_branch(const struct check_body *b, struct view v)
{
	static const char *const always[] = { "if True", "if true", "if (true)",
		"if 1", "if (1)", NULL };

	if (check_column(b->line->text) <= b->case_column || v.len < 2 ||
	    (!view_ends(v, "{") && !view_ends(v, ":")))
		return false;
	for (size_t i = 0; always[i] != NULL; i++)
		if (view_starts(v, always[i]))
			return false;
	return true;
}

/* Not deeper than what a function does first: what is around it is unknown. */
static bool
check_is_shallow(struct view text)
{
	size_t n = check_column(text);

	return n <= 1 || (n <= 4 && memchr(text.p, '\t', n) == NULL);
}

/* Between the head of a test and what it does first. */
static bool
check_is_head(const struct check_body *b, struct view v)
{
	static const char *const ends[] = { "{", ":", "\"\"\"", "'''", "]",
		NULL };
	static const char *const starts[] = { "#", "//", "/*", "*", "\"", "@",
		NULL };

	for (size_t i = 0; starts[i] != NULL; i++)
		if (view_starts(v, starts[i]))
			return true;
	return v.len == 0 || (check_ends_in(v, ends) && !check_is_branch(b, v));
}

/* A test that ends where it begins, or one that was put to an end: a return by
 * itself between lines that were there. */
static void
check_hollow(struct check_body *b)
{
	static const char *const always[] = { " or 1", " or 1)", "|| 1)",
		"|| 1);", "|| true)", "|| true);", NULL };
	struct view v = view_trim(b->line->text);
	uint32_t line = b->line->line;
	bool next = line == b->case_last + 1;
	bool ends = view_is(v, "return") || view_is(v, "return;");

	if (ends &&
	    (b->case_head ||
		(!next && !b->case_gone && check_is_shallow(b->line->text))))
		check_say(b, "test-hollow", line, "a test ends before its end");
	if ((b->line_tags & CHECK_TAG_ASSERT) && check_ends_in(v, always))
		check_say(b, "test-hollow", line, "a test that cannot fail");
	if (b->line_tags & CHECK_TAG_CASE) {
		b->case_head = true;
		b->case_column = check_column(b->line->text);
	} else {
		b->case_head = b->case_head && next && check_is_head(b, v);
	}
	b->case_last = line;
	b->case_gone = false;
}

void
check_line_tests(struct check_body *b)
{
	size_t side = b->line->kind == '+';

	b->asserts[side] += (b->line_tags & CHECK_TAG_ASSERT) != 0;
	b->cases[side] += (b->line_tags & CHECK_TAG_CASE) != 0;
	b->licences[side] += (b->line_tags & CHECK_TAG_LICENCE) != 0;
	if (b->line_tags & CHECK_TAG_THRESHOLD)
		check_limit(b);
	if (!side)
		b->case_gone = true;
	else if (b->traits & CHECK_IS_TEST)
		check_hollow(b);
}

void
check_file_tests(struct check_body *b)
{
	if (b->status == 'D')
		return;
	if (b->cases[0] > b->cases[1])
		check_say(b, "test-removed", 0, "%zu cases of tests fewer",
		    b->cases[0] - b->cases[1]);
	if (b->steps[0] > b->steps[1])
		check_say(b, "test-skipped", 0,
		    "%zu lines of CI fewer that test or check",
		    b->steps[0] - b->steps[1]);
	if (b->asserts[0] > b->asserts[1])
		check_say(b, "assert-removed", 0, "%zu assertions fewer",
		    b->asserts[0] - b->asserts[1]);
	if (b->licences[0] > b->licences[1])
		check_say(b, "licence-removed", 0,
		    "a notice of copyright or licence goes away");
	if (b->pins[0] > b->pins[1])
		check_say(b, "pin-lost", 0,
		    "what was pinned to exact contents is not any more");
}

/* Files that hold keys, by their names. */
static bool
check_is_key_file(const char *path)
{
	static const char *const exts[] = { ".pem", ".p12", ".pfx", ".kdbx",
		".jks", ".keystore", ".ppk", ".key", ".ovpn", ".tfstate",
		".p8" };
	static const char *const names[] = { "id_rsa", "id_dsa", "id_ecdsa",
		"id_ed25519", ".netrc", "_netrc", ".htpasswd", ".pgpass",
		".git-credentials", "credentials.json", "kubeconfig",
		".dockercfg" };
	const char *base = check_path_base(path);

	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++)
		if (check_has_ext(base, exts[i]))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(base, names[i]) == 0)
			return true;
	return false;
}

void
check_change_content(struct check_body *b, const struct scan_change *c)
{
	if (c->status != 'D' && check_is_key_file(c->path))
		finding_add(b->out, "key-file", c->path, 0,
		    "a file for keys or passwords");
	if (check_traits(c->path) & CHECK_IS_SNAPSHOT)
		b->snapshots++;
	else
		b->others++;
}

void
check_end_tests(struct check_body *b)
{
	if (b->snapshots > 0 && b->others == 0)
		finding_add(b->out, "snapshot-only", "", 0,
		    "what tests expect changes, and nothing else does");
}
