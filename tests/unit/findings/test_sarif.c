#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "findings/finding.h"
#include "findings/policy.h"
#include "findings/rule.h"
#include "findings/sarif.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

#define RUN(results)                                                           \
	"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":"    \
	"\"semgrep OSS\",\"rules\":[{\"id\":\"r0\",\"defaultConfiguration\":"  \
	"{\"level\":\"error\"}},{\"id\":\"r1\",\"shortDescription\":{"         \
	"\"text\":\"of the rule\"}}]}},\"artifacts\":[{\"location\":{\"uri\":" \
	"\"by/index.c\"}}],\"results\":" results "}]}"

static int
sarif_of(const char *text, struct findings *f, struct err *e)
{
	*e = ERR_INIT;
	return sarif_read(view_of(text), f, e);
}

static void
results_of_other_tools_become_findings(void **state)
{
	static const struct {
		const char *result, *id, *severity, *file, *message;
		uint32_t line;
	} cases[] = {
		{ "{\"ruleId\":\"a.b c\",\"level\":\"error\",\"message\":{"
		  "\"text\":\"m\"},\"locations\":[{\"physicalLocation\":{"
		  "\"artifactLocation\":{\"uri\":\"./src/a%20b.c\"},\"region\":"
		  "{\"startLine\":12}}}]}",
		    "sarif:semgrep_OSS/a.b_c", "block", "src/a b.c", "m", 12 },
		{ "{\"ruleId\":\"x\",\"message\":{\"text\":\"m\"}}",
		    "sarif:semgrep_OSS/x", "ask", "", "m", 0 },
		{ "{\"ruleId\":\"r0\",\"message\":{\"text\":\"m\"}}",
		    "sarif:semgrep_OSS/r0", "block", "", "m", 0 },
		{ "{\"ruleIndex\":1,\"message\":{\"id\":\"default\"}}",
		    "sarif:semgrep_OSS/r1", "ask", "", "of the rule", 0 },
		{ "{\"rule\":{\"id\":\"y\"},\"level\":\"none\",\"message\":{"
		  "\"text\":\"m\"},\"locations\":[{\"physicalLocation\":{"
		  "\"artifactLocation\":{\"index\":0}}}]}",
		    "sarif:semgrep_OSS/y", "note", "by/index.c", "m", 0 },
		{ "{\"ruleId\":\"a/\",\"message\":{\"text\":\"m\"}}",
		    "sarif:semgrep_OSS/a_", "ask", "", "m", 0 },
		/* A suppression stands in the branch's own source. */
		{ "{\"ruleId\":\"r0\",\"message\":{\"text\":\"m\"},"
		  "\"suppressions\":[{\"kind\":\"inSource\"}]}",
		    "sarif:semgrep_OSS/r0", "block", "", "m", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_STR struct str text = STR_INIT;
		struct findings f = { .list = NULL };
		struct err e;

		str_addf(&text, RUN("[%s]"), cases[i].result);
		assert_int_equal(sarif_of(text.p, &f, &e), 0);
		assert_int_equal(f.n, 1);
		assert_string_equal(f.list[0].id, cases[i].id);
		assert_true(sarif_id_ok(f.list[0].id));
		assert_string_equal(finding_severity_name(f.list[0].severity),
		    cases[i].severity);
		assert_string_equal(f.list[0].file, cases[i].file);
		assert_string_equal(f.list[0].message, cases[i].message);
		assert_int_equal(f.list[0].line, cases[i].line);
		findings_release(&f);
	}
}

static void
what_is_no_problem_is_no_finding(void **state)
{
	static const char *const none[] = {
		RUN("[]"),
		RUN("[{\"ruleId\":\"x\",\"kind\":\"pass\",\"message\":{\"text\""
		    ":\"m\"}}]"),
		RUN("[{\"ruleId\":\"x\",\"baselineState\":\"absent\","
		    "\"message\":{\"text\":\"m\"}}]"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct findings f = { .list = NULL };
		struct err e;

		assert_int_equal(sarif_of(none[i], &f, &e), 0);
		assert_int_equal(f.n, 0);
	}
}

static void
what_cannot_be_read_whole_is_refused(void **state)
{
	static const char *const bad[] = { "", "[]", "{}", "null",
		"{\"version\":\"2.0.0\",\"runs\":[]}",
		"{\"version\":\"2.1.0\"}",
		"{\"version\":\"2.1.0\",\"runs\":[]}",
		"{\"version\":\"2.1.0\",\"runs\":{}}",
		"{\"version\":\"2.1.0\",\"runs\":[{}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
		"\"name\":\"\"}},\"results\":[]}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
		"\"name\":\"t\"}}}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
		"\"name\":\"t\"}},\"results\":null}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
		"\"name\":\"t\"}},\"invocations\":[{\"executionSuccessful\":"
		"false}],\"results\":[]}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
		"\"name\":\"t\"}},\"invocations\":[{}],\"results\":[]}]}",
		RUN("[{}]"), RUN("[1]"), RUN("[{\"ruleId\":\"x\"}]"),
		RUN("[{\"message\":{\"text\":\"m\"}}]"),
		RUN("[{\"ruleIndex\":7,\"message\":{\"text\":\"m\"}}]"),
		RUN("[{\"ruleId\":\"x\",\"level\":\"fatal\",\"message\":{"
		    "\"text\":\"m\"}}]"),
		RUN("[{\"ruleId\":\"x\",\"level\":1,\"message\":{\"text\":"
		    "\"m\"}}]"),
		RUN("[{\"ruleId\":\"x\",\"kind\":\"maybe\",\"message\":{"
		    "\"text\":\"m\"}}]"),
		RUN("[{\"ruleId\":\"x\",\"message\":{\"text\":\"m\"},"
		    "\"locations\":[{\"physicalLocation\":{\"region\":{"
		    "\"startLine\":-4}}}]}]"),
		RUN("[{\"ruleId\":\"x\",\"message\":{\"text\":\"m\"},"
		    "\"locations\":[{\"physicalLocation\":{"
		    "\"artifactLocation\":{\"uri\":\"a%00b\"}}}]}]"),
		RUN("[") };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct findings f = { .list = NULL };
		struct err e;

		if (sarif_of(bad[i], &f, &e) == 0)
			fail_msg("%zu: %s", i, bad[i]);
		assert_true(e.msg[0] != '\0');
		findings_release(&f);
	}
}

static void
another_tool_only_adds(void **state)
{
	struct findings_policy *p = findings_policy_new();
	struct findings f = { .policy = p };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    findings_policy_read(p,
		view_of("rule sarif:semgrep_OSS/r0 note path old.c"), "u", &e),
	    0);
	finding_add(&f, "hook", "h", 0, "x");
	assert_int_equal(
	    sarif_of(RUN("[{\"ruleId\":\"hook\",\"level\":\"none\","
			 "\"message\":{\"text\":\"m\"},\"locations\":[{"
			 "\"physicalLocation\":{\"artifactLocation\":{\"uri\":"
			 "\"h\"}}}]}]"),
		&f, &e),
	    0);
	assert_int_equal(f.n, 2);
	assert_int_equal(findings_worst(&f), FINDING_BLOCK);
	assert_int_equal(f.list[0].severity, FINDING_BLOCK);
	findings_release(&f);
	findings_policy_free(p);
}

/* The members that the schema of SARIF 2.1.0 requires, and their types. */
static void
sarif_check_result(const struct json *r)
{
	const struct json *place;

	assert_true(json_is_string(json_get(r, "ruleId")));
	assert_true(json_is_string(json_get(r, "level")));
	assert_true(json_is_string(json_get(json_get(r, "message"), "text")));
	if (json_get(r, "locations") == NULL)
		return;
	place = json_get(
	    json_at(json_get(r, "locations"), 0), "physicalLocation");
	assert_true(json_is_string(
	    json_get(json_get(place, "artifactLocation"), "uri")));
	if (json_get(place, "region") != NULL)
		assert_true(
		    json_i64_or(json_get(place, "region"), "startLine", 0) > 0);
}

static void
what_is_written_has_what_the_schema_requires(void **state)
{
	static const struct sarif_spec spec = { .base = "b",
		.head = "h",
		.url = "http://127.0.0.1/a/b",
		.reason = "known" };
	struct findings f = { .list = NULL }, again = { .list = NULL };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	const struct json *run, *rules, *r;
	struct json *log;
	size_t n;

	(void)state;
	findings_look_at(&f, view_of("if (x) \342\200\256"));
	findings_point(&f, 7);
	finding_add(&f, "bidi", "a b/\303\244.c", 3, "m\033[2J");
	findings_look_at(&f, (struct view){ .p = NULL });
	finding_add(&f, "hook", "h", 0, "x");
	finding_add(&f, "too-large", "", 0, "x");
	finding_add_review(&f, FINDING_NOTE, "a", 1, "odd");
	findings_allow(&f, "hook");
	sarif_write(&spec, &f, &out);
	log = json_parse(str_view(&out), 0, &e);
	assert_non_null(log);
	assert_string_equal(json_str_or(log, "version", ""), "2.1.0");
	assert_non_null(strstr(json_str_or(log, "$schema", ""), "sarif-2.1.0"));
	run = json_at(json_get(log, "runs"), 0);
	assert_string_equal(
	    json_str_or(json_get(json_get(run, "tool"), "driver"), "name", ""),
	    "coffer fetch");
	rules = json_get(json_get(json_get(run, "tool"), "driver"), "rules");
	(void)finding_rules(&n);
	assert_int_equal(json_count(rules), n);
	assert_true(json_is_bool(json_get(
	    json_at(json_get(run, "invocations"), 0), "executionSuccessful")));
	assert_true(json_is_string(
	    json_get(json_at(json_get(run, "versionControlProvenance"), 0),
		"repositoryUri")));
	assert_int_equal(json_count(json_get(run, "results")), 4);
	for (r = json_first(json_get(run, "results")); r != NULL;
	     r = json_next(r)) {
		int64_t i = json_i64_or(r, "ruleIndex", -1);

		sarif_check_result(r);
		if (i >= 0)
			assert_string_equal(
			    json_str_or(json_at(rules, (size_t)i), "id", ""),
			    json_str_or(r, "ruleId", "?"));
	}
	r = json_at(json_get(run, "results"), 0);
	assert_string_equal(
	    json_str_or(json_get(r, "message"), "text", ""), "m<U+001B>[2J");
	assert_string_equal(
	    json_str_or(json_get(json_get(json_at(json_get(r, "locations"), 0),
				     "physicalLocation"),
			    "artifactLocation"),
		"uri", ""),
	    "a%20b/%C3%A4.c");
	r = json_at(json_get(run, "results"), 1);
	assert_string_equal(
	    json_str_or(json_at(json_get(r, "suppressions"), 0), "kind", ""),
	    "external");
	json_free(log);
	/* Its own reader takes it. */
	assert_int_equal(sarif_read(str_view(&out), &again, &e), 0);
	assert_int_equal(again.n, 4);
	assert_string_equal(again.list[0].id, "sarif:coffer_fetch/bidi");
	assert_string_equal(again.list[0].file, "a b/\303\244.c");
	findings_release(&again);
	findings_release(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_of_other_tools_become_findings),
		cmocka_unit_test(what_is_no_problem_is_no_finding),
		cmocka_unit_test(what_cannot_be_read_whole_is_refused),
		cmocka_unit_test(another_tool_only_adds),
		cmocka_unit_test(what_is_written_has_what_the_schema_requires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
