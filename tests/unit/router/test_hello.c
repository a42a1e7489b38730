#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/str.h"
#include "router/hello.h"

static void
u16(struct str *s, size_t n)
{
	str_addc(s, (char)(n >> 8));
	str_addc(s, (char)n);
}

static void
ext(struct str *s, unsigned type, const void *body, size_t n)
{
	u16(s, type);
	u16(s, n);
	str_addn(s, body, n);
}

static void
ext_name(struct str *s, const char *name, size_t n)
{
	AUTO_STR struct str body = STR_INIT;

	u16(&body, n + 3);
	str_addc(&body, 0);
	u16(&body, n);
	str_addn(&body, name, n);
	ext(s, 0, body.p, body.len);
}

/* The message with these extensions; NULL: with none at all. */
static void
message(struct str *out, const struct str *exts)
{
	AUTO_STR struct str body = STR_INIT;

	str_addn(&body, "\3\3", 2);
	for (int i = 0; i < 32; i++)
		str_addc(&body, (char)i);
	str_addc(&body, 0);
	str_addn(&body, "\0\4\x13\1\x13\2", 6);
	str_addn(&body, "\1\0", 2);
	if (exts != NULL) {
		u16(&body, exts->len);
		str_addv(&body, str_view(exts));
	}
	str_addn(out, "\1\0", 2);
	u16(out, body.len);
	str_addv(out, str_view(&body));
}

/* In records of at most size bytes. */
static void
records(struct str *out, struct view m, size_t size)
{
	while (m.len > 0) {
		size_t n = m.len < size ? m.len : size;

		str_addn(out, "\x16\3\1", 3);
		u16(out, n);
		str_addn(out, m.p, n);
		m = view_from(m, n);
	}
}

static void
hello_for(struct str *out, const char *name, size_t record)
{
	AUTO_STR struct str exts = STR_INIT, m = STR_INIT;

	ext(&exts, 10, "\0\2\0\x17", 4);
	if (name != NULL)
		ext_name(&exts, name, strlen(name));
	ext(&exts, 43, "\2\3\4", 3);
	message(&m, &exts);
	records(out, str_view(&m), record);
}

static enum hello_state
read_exts(const struct str *exts, struct hello *h)
{
	AUTO_STR struct str m = STR_INIT, all = STR_INIT;

	message(&m, exts);
	records(&all, str_view(&m), 4096);
	return hello_read(str_view(&all), h);
}

static void
the_name_is_read(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct hello h;

	(void)state;
	hello_for(&s, "ok.test", 4096);
	assert_int_equal(hello_read(str_view(&s), &h), HELLO_OK);
	assert_int_equal(h.name_len, 7);
	assert_memory_equal(h.name, "ok.test", 7);
	assert_false(h.encrypted);
}

static void
any_pieces_and_records_are_the_same_hello(void **state)
{
	(void)state;
	for (size_t size = 1; size < 40; size++) {
		AUTO_STR struct str s = STR_INIT;
		struct hello h;

		hello_for(&s, "ok.test", size);
		for (size_t n = 0; n < s.len; n++)
			assert_int_equal(
			    hello_read((struct view){ .p = s.p, .len = n }, &h),
			    HELLO_MORE);
		/* Early data may follow, in records of its own. */
		str_addn(&s, "\x17\3\3\0\1x", 6);
		assert_int_equal(hello_read(str_view(&s), &h), HELLO_OK);
		assert_memory_equal(h.name, "ok.test", 7);
	}
}

static void
a_hello_may_have_no_name(void **state)
{
	AUTO_STR struct str s = STR_INIT, m = STR_INIT, old = STR_INIT;
	struct hello h;

	(void)state;
	hello_for(&s, NULL, 4096);
	assert_int_equal(hello_read(str_view(&s), &h), HELLO_OK);
	assert_int_equal(h.name_len, 0);
	message(&m, NULL);
	records(&old, str_view(&m), 4096);
	assert_int_equal(hello_read(str_view(&old), &h), HELLO_OK);
	assert_int_equal(h.name_len, 0);
}

static void
the_name_is_given_byte_by_byte(void **state)
{
	AUTO_STR struct str exts = STR_INIT;
	struct hello h;

	(void)state;
	ext_name(&exts, "evil.test\0.ok.test", 18);
	assert_int_equal(read_exts(&exts, &h), HELLO_OK);
	assert_int_equal(h.name_len, 18);
}

static void
an_encrypted_hello_shows_its_outer_name(void **state)
{
	AUTO_STR struct str exts = STR_INIT;
	struct hello h;

	(void)state;
	ext(&exts, 0xfe0d, "\0\0\1\0\1\0", 6);
	ext_name(&exts, "outer.test", 10);
	assert_int_equal(read_exts(&exts, &h), HELLO_OK);
	assert_true(h.encrypted);
	assert_memory_equal(h.name, "outer.test", 10);
}

static void
what_could_be_read_in_two_ways_is_bad(void **state)
{
	AUTO_STR struct str twice = STR_INIT, two = STR_INIT, type = STR_INIT,
			    none = STR_INIT, tail = STR_INIT, m = STR_INIT,
			    all = STR_INIT;
	struct hello h;

	(void)state;
	ext_name(&twice, "ok.test", 7);
	ext_name(&twice, "evil.test", 9);
	assert_int_equal(read_exts(&twice, &h), HELLO_BAD);
	assert_int_equal(h.name_len, 0);
	ext(&two, 0, "\0\10\0\0\1a\0\0\1b", 10);
	assert_int_equal(read_exts(&two, &h), HELLO_BAD);
	ext(&type, 0, "\0\4\1\0\1a", 6);
	assert_int_equal(read_exts(&type, &h), HELLO_BAD);
	ext(&none, 0, "\0\3\0\0\0", 5);
	assert_int_equal(read_exts(&none, &h), HELLO_BAD);
	ext_name(&tail, "ok.test", 7);
	str_addc(&tail, 0);
	assert_int_equal(read_exts(&tail, &h), HELLO_BAD);
	/* A second message in the same record. */
	message(&m, NULL);
	message(&m, NULL);
	records(&all, str_view(&m), 4096);
	assert_int_equal(hello_read(str_view(&all), &h), HELLO_BAD);
}

static void
what_is_no_hello_is_bad_at_once(void **state)
{
	const struct view bad[] = {
		VIEW_LIT("G"),
		VIEW_LIT("SSH-2.0-x\r\n"),
		VIEW_LIT("\x80\x2e\1\3\1"),           /* of SSL 2 */
		VIEW_LIT("\x16\2\0\0\5\1\0\0\1\0"),   /* not of TLS */
		VIEW_LIT("\x16\3\1\0\0"),             /* an empty record */
		VIEW_LIT("\x16\3\1\0\5\2\0\0\1\0"),   /* a server's */
		VIEW_LIT("\x16\3\1\0\5\1\0\x40\0\0"), /* of 16 KiB */
		VIEW_LIT("\x16\3\1\0\5\1\1\0\0\0"),   /* of 64 KiB */
		VIEW_LIT("\x17\3\1\0\5\1\0\0\1\0"),
		VIEW_LIT("\0"),
	};
	struct hello h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hello_read(bad[i], &h), HELLO_BAD);
	assert_int_equal(hello_read(VIEW_LIT(""), &h), HELLO_MORE);
}

static void
records_of_one_byte_end_at_the_limit(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	static const char m[HELLO_MAX] = { 1, 0, 0x3f, (char)0xfc };
	struct hello h;

	(void)state;
	records(&s, (struct view){ .p = m, .len = sizeof(m) }, 1);
	s.len = HELLO_MAX - 1;
	assert_int_equal(hello_read(str_view(&s), &h), HELLO_MORE);
	s.len = HELLO_MAX;
	assert_int_equal(hello_read(str_view(&s), &h), HELLO_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_read),
		cmocka_unit_test(any_pieces_and_records_are_the_same_hello),
		cmocka_unit_test(a_hello_may_have_no_name),
		cmocka_unit_test(the_name_is_given_byte_by_byte),
		cmocka_unit_test(an_encrypted_hello_shows_its_outer_name),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_bad),
		cmocka_unit_test(what_is_no_hello_is_bad_at_once),
		cmocka_unit_test(records_of_one_byte_end_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
