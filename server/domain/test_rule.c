#include "server/domain/test_rule.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "server/domain/checks.h"

static const char test_rule_names
    [] = "test/**\ntests/**\n**/test/**\n**/tests/**\nspec/**\n**/spec/**\n"
	 "**/__tests__/**\n**/testdata/**\nt/**\ntest_*\n*_test.*\n*_tests.*\n"
	 "*.test.*\n*.spec.*\n*_spec.*\n*Test.java\n*Tests.java\n*Test.kt\n"
	 "*Tests.cs\n*.t\n*.bats\nconftest.py\n";

static const char test_rule_config
    [] = "*.toml\n*.cfg\n*.ini\n*.json\n*.yml\n*.yaml\n.coveragerc\n.nycrc\n"
	 "*.config.*\nMakefile\n*.mk\npom.xml\n*.gradle\n*.gradle.kts\n";

bool
test_path_is(const char *patterns, struct view path)
{
	return check_path_is(patterns != NULL && patterns[0] != '\0'
		? patterns
		: test_rule_names,
	    path);
}

bool
test_path_has_thresholds(struct view path)
{
	return check_path_is(test_rule_config, path);
}

static bool
test_rule_has(struct view line, const char *word)
{
	return memmem(line.p, line.len, word, strlen(word)) != NULL;
}

bool
test_line_skips(struct view line)
{
	static const char *const words[] = { "mark.skip", "mark.xfail",
		"pytest.skip(", "unittest.skip", "self.skipTest(", "@skip",
		"it.skip", "test.skip", "describe.skip", "test.todo", "it.todo",
		"xit(", "xdescribe(", "xtest(", "t.Skip(", "t.SkipNow(",
		"t.Skipf(", "#[ignore", "@Ignore", "@Disabled", "GTEST_SKIP",
		"DISABLED_", "skip_all", "tap_skip", "plan skip", "[Ignore",
		"Skip = \"" };

	line = view_trim(line);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (line.len > 0 && test_rule_has(line, words[i]))
			return true;
	return false;
}

bool
test_line_defines(struct view line)
{
	static const char *const words[] = { "def test", "async def test",
		"it(", "it.each", "test(", "test.each", "func Test", "#[test]",
		"#[tokio::test]", "@Test", "@ParameterizedTest", "TEST(",
		"TEST_F(", "TEST_P(", "TEST_CASE(", "void test",
		"public void test", "cmocka_unit_test(", "@test ", "subtest " };

	line = view_trim(line);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (view_starts(line, words[i]))
			return true;
	return false;
}

static bool
test_rule_is_threshold(struct view key)
{
	static const char *const words[] = { "fail_under", "fail-under",
		"threshold", "coverage", "min_cov", "min-cov", "statements",
		"branches", "functions", "lines", "minimum" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= key.len; at++)
			if (strncasecmp(key.p + at, words[i], n) == 0)
				return true;
	}
	return false;
}

bool
test_line_threshold(struct view line, struct view *key, int64_t *milli)
{
	int64_t whole = 0, part = 0, unit = 100;
	size_t i = 0;

	line = view_trim(line);
	while (i < line.len && !isdigit((unsigned char)line.p[i]))
		i++;
	*key = (struct view){ line.p, i };
	if (i == line.len || i > 200 || !test_rule_is_threshold(*key))
		return false;
	for (; i < line.len && isdigit((unsigned char)line.p[i]); i++)
		if (whole < 1000000000)
			whole = whole * 10 + (line.p[i] - '0');
	if (i < line.len && line.p[i] == '.')
		for (i++; i < line.len && isdigit((unsigned char)line.p[i]) &&
		     unit > 0;
		     i++, unit /= 10)
			part += unit * (line.p[i] - '0');
	*milli = whole * 1000 + part;
	return true;
}
