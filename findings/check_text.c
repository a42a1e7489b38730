#include <string.h>

#include "findings/check_priv.h"
#include "findings/unicode.h"
#include "lib/base/secret.h"

enum {
	CHECK_LONG_LINE = 1000,
	CHECK_PADDING = 120
};

static const struct {
	const char *needle; /* without case */
	const char *id;
	const char *what;
	bool tests_only;
} check_phrases[] = {
	{ "@pytest.mark.skip", "test-skipped", "a test is skipped", true },
	{ "@pytest.mark.xfail", "test-skipped", "a test may fail", true },
	{ "pytest.skip(", "test-skipped", "a test is skipped", true },
	{ "@unittest.skip", "test-skipped", "a test is skipped", true },
	{ "self.skiptest(", "test-skipped", "a test is skipped", true },
	{ "it.skip(", "test-skipped", "a test is skipped", true },
	{ "test.skip(", "test-skipped", "a test is skipped", true },
	{ "describe.skip(", "test-skipped", "tests are skipped", true },
	{ "xit(", "test-skipped", "a test is skipped", true },
	{ "xdescribe(", "test-skipped", "tests are skipped", true },
	{ "t.skip(", "test-skipped", "a test is skipped", true },
	{ "#[ignore", "test-skipped", "a test is ignored", true },
	{ "@ignore", "test-skipped", "a test is ignored", true },
	{ "@disabled", "test-skipped", "a test is disabled", true },
	{ "skip();", "test-skipped", "a test is skipped", true },
	{ "# skip ", "test-skipped", "a test is skipped", true },
	{ "continue-on-error: true", "test-skipped", "a step of CI may fail",
	    false },
	{ "allow_failure: true", "test-skipped", "a step of CI may fail",
	    false },
	{ "| sh", "pipe-to-shell", "a download is piped to a shell", false },
	{ "| bash", "pipe-to-shell", "a download is piped to a shell", false },
	{ "|sh", "pipe-to-shell", "a download is piped to a shell", false },
	{ "|bash", "pipe-to-shell", "a download is piped to a shell", false },
	{ "ignore previous instructions", "prompt-injection",
	    "the text talks to a reviewing model", false },
	{ "ignore all previous", "prompt-injection",
	    "the text talks to a reviewing model", false },
	{ "disregard previous", "prompt-injection",
	    "the text talks to a reviewing model", false },
	{ "<|im_start|>", "prompt-injection",
	    "the text has a model's control marks", false },
	{ "[inst]", "prompt-injection", "the text has a model's control marks",
	    false },
	{ "version https://git-lfs", "lfs",
	    "the content is stored elsewhere (git-lfs)", false },
};

static bool
check_contains(struct view text, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; i + n <= text.len; i++)
		if (strncasecmp(text.p + i, needle, n) == 0)
			return true;
	return false;
}

static void
check_unicode(const struct scan_line *l, struct findings *out)
{
	static const struct {
		const char *id, *what;
	} kinds[] = {
		[UNICODE_MIXED] = { "mixed-scripts",
		    "a word mixes letters that look alike" },
		[UNICODE_MALFORMED] = { "encoding", "not UTF-8" },
		[UNICODE_CONTROL] = { "control-character",
		    "a control character" },
		[UNICODE_INVISIBLE] = { "invisible", "an invisible character" },
		[UNICODE_BIDI] = { "bidi",
		    "a character that turns the direction of text" },
	};
	struct view text = l->text;
	struct unicode_hit hit;

	/* The mark at the start of a file is usual. */
	if (l->line == 1 && view_starts(text, "\xef\xbb\xbf"))
		text = view_from(text, 3);
	hit = unicode_scan(text);
	if (hit.kind != UNICODE_CLEAN)
		finding_add(out, kinds[hit.kind].id, l->path, l->line,
		    "%s, U+%04X in column %zu", kinds[hit.kind].what, hit.cp,
		    hit.column);
}

static bool
check_is_program(struct view text)
{
	static const char *const magic[] = { "\177ELF", "MZ",
		"\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe" };

	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (view_starts(text, magic[i]))
			return true;
	return false;
}

bool
check_binary(const struct check_file *f, const struct check_content *b,
    struct findings *out)
{
	if (b->head.len == 0 || memchr(b->head.p, '\0', b->head.len) == NULL)
		return false;
	if (check_is_program(b->head))
		finding_add(out, "executable-binary", f->path, 0,
		    "a program in machine code is added");
	else
		finding_add(out, "binary", f->path, 0, "the content is binary");
	return true;
}

static void
check_lengths(const struct scan_line *l, struct findings *out)
{
	size_t blanks = 0;

	if (l->text.len > CHECK_LONG_LINE)
		finding_add(out, "long-line", l->path, l->line,
		    "a line of %zu bytes", l->text.len);
	for (size_t i = 0; i < l->text.len; i++) {
		char c = l->text.p[i];

		if (c != ' ' && c != '\t') {
			if (blanks > CHECK_PADDING) {
				finding_add(out, "hidden-code", l->path,
				    l->line,
				    "text after %zu blanks is off the "
				    "screen",
				    blanks);
				return;
			}
			blanks = 0;
		} else {
			blanks += c == '\t' ? 8 : 1;
		}
	}
}

bool
check_injection(struct view text)
{
	for (size_t i = 0; i < sizeof(check_phrases) / sizeof(check_phrases[0]);
	     i++)
		if (strcmp(check_phrases[i].id, "prompt-injection") == 0 &&
		    check_contains(text, check_phrases[i].needle))
			return true;
	return false;
}

void
check_text_end(struct check_file *file, struct findings *out)
{
	(void)file;
	(void)out;
}

bool
check_manifest_wants(const struct scan_change *c)
{
	(void)c;
	return false;
}

void
check_manifest_both(const struct scan_change *c, struct view was,
    struct view is, struct findings *out)
{
	(void)c;
	(void)was;
	(void)is;
	(void)out;
}

void
check_text(
    const struct scan_line *l, struct check_file *file, struct findings *out)
{
	bool key = false;
	const char *secret;

	if (l->kind != '+' || file->binary || l->text.len == 0)
		return;
	if (memchr(l->text.p, '\0', l->text.len) != NULL) {
		file->binary = true;
		finding_add(out, "binary", l->path, 0, "the content is binary");
		return;
	}
	secret = secret_find(l->text, &key);
	if (secret != NULL)
		finding_add(out, key ? "private-key" : "secret", l->path,
		    l->line, "this looks like a %s", secret);
	check_unicode(l, out);
	check_lengths(l, out);
	for (size_t i = 0; i < sizeof(check_phrases) / sizeof(check_phrases[0]);
	     i++) {
		if (check_phrases[i].tests_only && !file->is_test)
			continue;
		if (strcmp(check_phrases[i].id, "pipe-to-shell") == 0 &&
		    !check_contains(l->text, "curl ") &&
		    !check_contains(l->text, "wget "))
			continue;
		if (check_contains(l->text, check_phrases[i].needle)) {
			finding_add(out, check_phrases[i].id, l->path, l->line,
			    "%s", check_phrases[i].what);
			return;
		}
	}
}
