#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent/stream.h"
#include "agentd/record/record.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

#define GHP "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
#define STARS "****************************************"
#define ZEROS "0000000000000000000000000000000000000000"
#define TREE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
mask_is(const char *in, const char *out, size_t n)
{
	struct mask m = { .n = 0 };
	char buf[512];

	mask_add(&m, VIEW_LIT("run-token-1"));
	mask_add(&m, VIEW_LIT("short"));
	(void)snprintf(buf, sizeof(buf), "%s", in);
	assert_int_equal(mask_text(&m, buf, strlen(buf)), n);
	assert_string_equal(buf, out);
}

static void
a_secret_becomes_as_many_asterisks(void **state)
{
	(void)state;
	mask_is(
	    "a run-token-1, run-token-1!", "a ***********, ***********!", 2);
	mask_is("short is in any text", "short is in any text", 0);
	mask_is("k=" GHP ".", "k=****************************************.", 1);
	/* Behind an escape of JSON begins a word. */
	mask_is("\"x\\n" GHP "\"",
	    "\"x\\n****************************************\"", 1);
	mask_is("in_the_middle" GHP, "in_the_middle" GHP, 0);
	mask_is("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n"
		"-----END RSA PRIVATE KEY-----\nx",
	    "-----BEGIN RSA PRIVATE KEY-----\n****\n***\n"
	    "-----END RSA PRIVATE KEY-----\nx",
	    1);
	mask_is("{\"t\":\"-----BEGIN PRIVATE KEY-----\\nMIIE\"}",
	    "{\"t\":\"-----BEGIN PRIVATE KEY-----\\n****\"}", 1);
	/* What colours, JSON and URLs put before a word. */
	mask_is("\033[32m" GHP, "\033[32m" STARS, 1);
	mask_is("\033[01;31m\033[K" GHP, "\033[01;31m\033[K" STARS, 1);
	mask_is("\"\\u003c" GHP "\"", "\"\\u003c" STARS "\"", 1);
	mask_is("a%3A" GHP, "a%3A" STARS, 1);
	mask_is("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n"
		"-----END PGP PRIVATE KEY BLOCK-----\n",
	    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n**\n"
	    "-----END PGP PRIVATE KEY BLOCK-----\n",
	    1);
}

/* JSON that speaks of keys stays JSON. */
static void
masked_json_is_json(void **state)
{
	static const char *const texts[] = {
		"{\"b\":\"has \\\"-----BEGIN PRIVATE KEY-----\\\" in it\"}",
		"{\"b\":\"-----BEGIN PRIVATE KEY-----\\\\\\t\\u0041x\"}",
		"{\"b\":\"-----BEGIN PRIVATE "
		"KEY-----\\\\\\\"y\\\"\",\"c\":\"\\\\\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct mask m = { .n = 0 };
		struct err e = ERR_INIT;
		char buf[512];
		struct json *j;

		(void)snprintf(buf, sizeof(buf), "%s", texts[i]);
		assert_int_equal(mask_text(&m, buf, strlen(buf)), 1);
		j = json_parse(view_of(buf), 0, &e);
		assert_non_null(j);
		assert_non_null(json_str_or(j, "b", NULL));
		json_free(j);
	}
}

/* Nothing is longer than a key may be, whatever its first line says. */
static void
a_first_line_alone_hides_no_more_than_a_key(void **state)
{
	static const char first[] = "-----BEGIN PRIVATE KEY-----\n";
	const size_t n = 64 << 10;
	struct mask m = { .n = 0 };
	AUTO_FREE char *p = xmalloc(n);

	(void)state;
	memset(p, 'x', n);
	memcpy(p, first, sizeof(first) - 1);
	memcpy(p + n - 9, "-----END ", 9);
	assert_int_equal(mask_text(&m, p, n), 1);
	assert_int_equal(p[100], '*');
	assert_int_equal(p[MASK_PEM_MAX + 100], 'x');
}

/* Whatever parts it comes in, what leaves is what the whole would be. */
static void
mask_in_parts(const struct mask *m, const char *text, size_t step)
{
	const size_t n = strlen(text);
	AUTO_FREE char *want = xstrdup(text);
	AUTO_STR struct str got = STR_INIT;
	size_t sent = 0;

	(void)mask_text(m, want, n);
	for (size_t end = step < n ? step : n;;
	     end = end + step < n ? end + step : n) {
		AUTO_FREE char *part = xstrndup(text + sent, end - sent);
		size_t len = end == n ? end - sent
				      : mask_whole(m, part, end - sent);

		if (len > 0)
			(void)mask_text(m, part, len);
		str_addn(&got, part, len);
		sent += len;
		if (end == n)
			break;
	}
	assert_string_equal(str_cstr(&got), want);
}

static void
a_text_in_parts_is_masked_as_the_whole(void **state)
{
	static const char text
	    [] = "at work: sk-ant-abcdefghijklmnopqrstuvwx0 and\n"
		 "{\"k\":\"a\\nghp_abcdefghijklmnopqrstuvwxyz0123456789\"}\n"
		 "\x1b[31mghp_abcdefghijklmnopqrstuvwxyz0123456789\x1b[0m "
		 "a word of words, and a word of words again, a word of\n"
		 "-----BEGIN RSA PRIVATE KEY-----\nabc def\nghi\n"
		 "-----END RSA PRIVATE KEY-----\nthe end of it\n";
	struct mask m = { .n = 0 };

	(void)state;
	mask_add(&m, VIEW_LIT("a word of words"));
	for (size_t step = 1; step < sizeof(text); step++)
		mask_in_parts(&m, text, step);
}

static void
what_is_no_key_does_not_wait_for_ever(void **state)
{
	struct mask m = { .n = 0 };
	AUTO_STR struct str text = STR_INIT;

	(void)state;
	assert_int_equal(mask_whole(&m, "a line\n", 7), 7);
	assert_int_equal(mask_whole(&m, "a li", 4), 2);
	str_add(&text, "-----BEGIN PRIVATE KEY-----\n");
	while (text.len < 32 << 10)
		str_add(&text, "x");
	assert_int_equal(mask_whole(&m, text.p, text.len), text.len);
	str_reset(&text);
	while (text.len < 256 << 10)
		str_add(&text, "-----BEGIN PRIVATE KEY-----\nx\n");
	assert_true(mask_whole(&m, text.p, text.len) > 128 << 10);
	str_reset(&text);
	mask_add(&m, VIEW_LIT("a-known-word-"));
	while (text.len < 256 << 10)
		str_add(&text, "a-known-word-----BEGIN PRIVATE KEY-----\nx\n");
	assert_true(mask_whole(&m, text.p, text.len) > 128 << 10);
}

static void
record_of(struct record *r, enum record_id i, const char *text)
{
	str_add(&r->part[i].text, text);
	r->part[i].there = true;
}

static void
events_are_a_chain_in_the_order_of_their_time(void **state)
{
	struct record r;
	char first[SHA256_HEX];
	const char line[] = "{\"at_ms\":5,\"kind\":\"begin\",\"prev\":\"" ZEROS
			    "000000000000000000000000\"}";

	(void)state;
	record_init(&r);
	str_add(&r.steps,
	    "{\"at_ms\":5,\"kind\":\"begin\"}\n"
	    "{\"at_ms\":9,\"kind\":\"end\"}\n");
	record_of(&r, RECORD_EVENTS,
	    "{\"at_ms\":7,\"kind\":\"text\"}\nnot one\n{\"at_ms\":8,\"ki");
	record_chain(&r);
	assert_int_equal(r.events, 3);
	assert_true(view_starts(str_view(&r.part[RECORD_EVENTS].text), line));
	sha256_hex(view_of(line), first);
	assert_non_null(strstr(str_cstr(&r.part[RECORD_EVENTS].text),
	    "{\"at_ms\":7,\"kind\":\"text\",\"prev\":\""));
	assert_non_null(strstr(str_cstr(&r.part[RECORD_EVENTS].text), first));
	record_release(&r);
}

static void
a_chain_that_ends_too_early_says_so(void **state)
{
	struct record r;

	(void)state;
	record_init(&r);
	record_of(&r, RECORD_EVENTS,
	    "{\"at_ms\":7,\"kind\":\"text\",\"text\":\"\\\"kind\\\":"
	    "\\\"cut\\\"\"}\n");
	record_chain(&r);
	assert_false(r.part[RECORD_EVENTS].cut);
	record_release(&r);
	record_init(&r);
	record_of(&r, RECORD_EVENTS, "{\"at_ms\":7,\"kind\":\"text\"}\n");
	agent_event_cut(8, &r.part[RECORD_EVENTS].text);
	record_chain(&r);
	assert_int_equal(r.events, 2);
	assert_true(r.part[RECORD_EVENTS].cut);
	record_release(&r);
}

static void
a_patch_is_counted_by_its_hunks(void **state)
{
	struct record r;

	(void)state;
	record_init(&r);
	record_of(&r, RECORD_PATCH,
	    "coffer-patch " ZEROS " " TREE " -\ndiff --git a/x b/x\n"
	    "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@ f\n a\n--- b\n-c\n+++ d\n"
	    "\\ No newline at end of file\ndiff --git a/y b/y\n"
	    "@@ -0,0 +1 @@\n+y\n");
	record_read_patch(&r);
	assert_true(r.patch.is);
	assert_string_equal(r.patch.tree, TREE);
	assert_string_equal(r.patch.commit, "");
	assert_int_equal(r.patch.files, 2);
	assert_int_equal(r.patch.added, 2);
	assert_int_equal(r.patch.deleted, 2);
	assert_true(view_starts(
	    str_view(&r.part[RECORD_PATCH].text), "diff --git a/x"));
	record_release(&r);
	record_init(&r);
	record_of(&r, RECORD_PATCH, "fatal: not a git repository\n");
	record_read_patch(&r);
	assert_false(r.patch.is);
	assert_false(r.part[RECORD_PATCH].there);
	record_release(&r);
}

static void
a_record_says_what_it_is_made_of(void **state)
{
	struct err e = ERR_INIT;
	struct json *j;
	struct record r;
	const char *html;

	(void)state;
	record_init(&r);
	mask_add(&r.mask, VIEW_LIT("run-token-1"));
	str_add(&r.facts, "{\"run\":7,\"project\":\"a/b\"}");
	record_of(&r, RECORD_RESULT,
	    "{\"state\":\"failed\",\"why\":\"<script>alert(1)</script>\","
	    "\"message\":\"</pre><script>x</script>\",\"exit_code\":1}");
	record_of(&r, RECORD_OUT, "run-token-1 \x1b[31m</pre><script>\n");
	record_of(&r, RECORD_RESOURCES,
	    "{\"at_ms\":1,\"memory\":10,\"cpu_ms\":3,\"pids\":2}\n"
	    "{\"at_ms\":2,\"memory\":7,\"cpu_ms\":9,\"pids\":1}\nx\n");
	record_make(&r);
	j = json_parse(str_view(&r.part[RECORD_MANIFEST].text), 0, &e);
	assert_non_null(j);
	assert_string_equal(json_str_or(j, "state", ""), "failed");
	assert_int_equal(
	    json_i64_or(json_get(j, "resources"), "memory_peak", 0), 10);
	assert_int_equal(json_i64_or(json_get(j, "resources"), "cpu_ms", 0), 9);
	assert_null(json_get(j, "patch"));
	assert_string_equal(
	    json_str_or(json_at(json_get(j, "files"), 0), "name", ""),
	    "out.log");
	json_free(j);
	html = str_cstr(&r.part[RECORD_HTML].text);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "run-token-1"));
	assert_null(strchr(html, '\x1b'));
	assert_non_null(strstr(html, "&lt;/pre&gt;"));
	assert_non_null(
	    strstr(str_cstr(&r.part[RECORD_MD].text), "\\<script\\>"));
	record_release(&r);
}

/* A run that was over before there was anything of it. */
static void
a_record_of_nothing_is_one(void **state)
{
	struct record r;

	(void)state;
	record_init(&r);
	record_make(&r);
	assert_non_null(strstr(
	    str_cstr(&r.part[RECORD_MANIFEST].text), "\"state\":\"unknown\""));
	assert_int_equal(r.events, 0);
	record_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_becomes_as_many_asterisks),
		cmocka_unit_test(masked_json_is_json),
		cmocka_unit_test(a_text_in_parts_is_masked_as_the_whole),
		cmocka_unit_test(what_is_no_key_does_not_wait_for_ever),
		cmocka_unit_test(a_first_line_alone_hides_no_more_than_a_key),
		cmocka_unit_test(events_are_a_chain_in_the_order_of_their_time),
		cmocka_unit_test(a_chain_that_ends_too_early_says_so),
		cmocka_unit_test(a_patch_is_counted_by_its_hunks),
		cmocka_unit_test(a_record_says_what_it_is_made_of),
		cmocka_unit_test(a_record_of_nothing_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
