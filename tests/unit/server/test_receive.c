#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/git_env.h"
#include "server/git/pktline.h"
#include "server/git/receive.h"
#include "server/githttp/sideframe.h"

#define A "1111111111111111111111111111111111111111"
#define Z "0000000000000000000000000000000000000000"

static void
pktline_reads_what_it_writes(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct pktline p;

	(void)state;
	pktline_putf(&s, "hello %d\n", 7);
	pktline_flush(&s);
	str_add(&s, "00010002");
	assert_string_equal(str_cstr(&s), "000chello 7\n000000010002");
	assert_int_equal(pktline_get(str_view(&s), &p, &e), 12);
	assert_true(view_is(pktline_text(&p), "hello 7"));
	str_drop(&s, 12);
	assert_int_equal(pktline_get(str_view(&s), &p, &e), 4);
	assert_int_equal(p.kind, PKTLINE_FLUSH);
	str_drop(&s, 4);
	assert_int_equal(pktline_get(str_view(&s), &p, &e), 4);
	assert_int_equal(p.kind, PKTLINE_DELIM);
}

static void
pktline_waits_for_more_and_refuses_nonsense(void **state)
{
	static const char *const bad[] = { "0003", "fff1", "00g0", "ffff",
		"-001", "zzzz" };
	static const char *const part[] = { "", "0", "000", "000c", "000chel" };
	struct err e = ERR_INIT;
	struct pktline p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pktline_get(view_of(bad[i]), &p, &e), -1);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		assert_int_equal(pktline_get(view_of(part[i]), &p, &e), 0);
	/* The least and the most. */
	assert_int_equal(pktline_get(view_of("0004"), &p, &e), 4);
	assert_int_equal(p.kind, PKTLINE_DATA);
	assert_int_equal(pktline_get(view_of("fff0"), &p, &e), 0);
}

static void
pktline_splits_bands(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	static char big[PKTLINE_BAND_MAX + 10];
	struct err e = ERR_INIT;
	struct pktline p;
	long n;

	(void)state;
	memset(big, 'x', sizeof(big));
	pktline_band(&s, 2, big, sizeof(big));
	n = pktline_get(str_view(&s), &p, &e);
	assert_int_equal(n, PKTLINE_MAX);
	assert_int_equal(p.data.p[0], 2);
	str_drop(&s, (size_t)n);
	assert_int_equal(pktline_get(str_view(&s), &p, &e), 15);
}

static void
put_head(struct str *s)
{
	static const char first[] = Z
	    " " A " refs/heads/a\0 report-status side-band-64k atomic "
	    "push-options agent=git/2.39";

	pktline_putf(s, "shallow " A "\n");
	pktline_put(s, first, sizeof(first) - 1);
	pktline_putf(s, "%s", A " " Z " refs/heads/b\n");
	pktline_flush(s);
	pktline_putf(s, "key=value");
	pktline_flush(s);
}

static void
head_is_read_whole_and_byte_by_byte(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct receive_head h = { .c = NULL };
	struct err e = ERR_INIT;
	size_t head;

	(void)state;
	put_head(&s);
	head = s.len;
	str_add(&s, "PACK....");
	for (size_t n = 0; n < head; n++) {
		struct view part = { .p = s.p, .len = n };

		h = (struct receive_head){ .c = NULL };
		assert_int_equal(receive_head_get(part, &h, &e), 0);
		assert_null(h.c);
	}
	assert_int_equal(receive_head_get(str_view(&s), &h, &e), (long)head);
	assert_int_equal(h.n, 2);
	assert_true(h.report_status && h.side_band && h.atomic &&
	    h.push_options && !h.report_status_v2);
	assert_string_equal(h.c[0].ref, "refs/heads/a");
	assert_string_equal(h.c[0].old, Z);
	assert_string_equal(h.c[1].new_sha, Z);
	assert_string_equal(h.c[1].ref, "refs/heads/b");
	receive_head_release(&h);
	assert_int_equal(receive_head_get(view_of("0000"), &h, &e), 4);
	assert_int_equal(h.n, 0);
}

static void
head_refuses(const char *line, size_t n, enum err_code code)
{
	AUTO_STR struct str s = STR_INIT;
	struct receive_head h = { .c = NULL };
	struct err e = ERR_INIT;

	pktline_put(&s, line, n);
	pktline_flush(&s);
	assert_int_equal(receive_head_get(str_view(&s), &h, &e), -1);
	assert_int_equal(e.code, code);
	assert_null(h.c);
}

#define REFUSES(s) head_refuses((s), sizeof(s) - 1, ERR_PROTO)

static void
head_refuses_malformed_commands(void **state)
{
	(void)state;
	REFUSES("x");
	REFUSES(A);
	REFUSES(A " " A);
	REFUSES(A " " A " ");
	REFUSES(A "x" A " refs/heads/a");
	REFUSES("g111111111111111111111111111111111111111 " A " refs/heads/a");
	REFUSES(A " " A " refs/heads/a b");
	REFUSES(A " " A " refs/heads/a\nok refs/heads/main");
	REFUSES(A " " A " refs/heads/a\x7f");
	REFUSES("push-cert\0x");
}

static void
head_bounds_the_number_of_commands(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct receive_head h = { .c = NULL };
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < PUSH_COMMANDS_MAX; i++)
		pktline_putf(&s, "%s refs/heads/x%d\n", Z " " A, i);
	pktline_flush(&s);
	assert_true(receive_head_get(str_view(&s), &h, &e) > 0);
	assert_int_equal(h.n, PUSH_COMMANDS_MAX);
	receive_head_release(&h);
	s.len -= 4;
	pktline_putf(&s, "%s refs/heads/y\n", Z " " A);
	assert_int_equal(receive_head_get(str_view(&s), &h, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void
refusal_is_a_report_in_the_band(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	AUTO_STR struct str verdicts = STR_INIT;
	struct receive_head h = { .c = NULL };
	struct push_verdict v[2] = { { .ok = false, .reason = "no, never" },
		{ .ok = true, .reason = "" } };
	struct err e = ERR_INIT;

	(void)state;
	put_head(&s);
	assert_true(receive_head_get(str_view(&s), &h, &e) > 0);
	receive_refusal(&out, &h, v);
	assert_non_null(
	    strstr(str_cstr(&out), "\002cofferd: refs/heads/a: no, never\n"));
	assert_non_null(strstr(str_cstr(&out), "000eunpack ok\n"));
	assert_non_null(strstr(str_cstr(&out), "ng refs/heads/a no, never\n"));
	assert_true(view_ends(str_view(&out), "00000000"));
	str_reset(&out);
	h.side_band = false;
	receive_refusal(&out, &h, v);
	assert_true(view_starts(str_view(&out), "000eunpack ok\n"));
	receive_verdicts(&verdicts, &h, v);
	assert_string_equal(str_cstr(&verdicts),
	    "no refs/heads/a no, never\nok refs/heads/b\n");
	str_reset(&verdicts);
	receive_judged(&verdicts, &h);
	assert_true(view_starts(str_view(&verdicts), "as "));
	assert_true(view_ends(str_view(&verdicts), " refs/heads/b\n"));
	receive_head_release(&h);
}

static void
a_failure_keeps_the_capabilities(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	struct receive_head h = { .c = NULL };
	struct err e = ERR_INIT;

	(void)state;
	put_head(&s);
	s.len -= 4; /* without the flush */
	str_add(&s, "zzzz");
	assert_int_equal(receive_head_get(str_view(&s), &h, &e), -1);
	assert_int_equal(h.n, 0);
	assert_true(h.side_band);
	receive_failure(&out, &h, "too much");
	assert_non_null(strstr(str_cstr(&out), "\002cofferd: too much\n"));
	assert_non_null(strstr(str_cstr(&out), "unpack too much\n"));
	receive_head_release(&h);
}

static void
pack_head_is_read(void **state)
{
	static const char pack[] = "PACK\0\0\0\2\0\1\0\5";
	char other[] = "PACK\0\0\0\4\0\1\0\5";
	struct view v = { .p = pack, .len = RECEIVE_PACK_HEAD };
	struct err e = ERR_INIT;
	uint32_t n = 0;

	(void)state;
	for (size_t i = 0; i < RECEIVE_PACK_HEAD; i++)
		assert_int_equal(
		    receive_pack_get(
			(struct view){ .p = pack, .len = i }, &n, &e),
		    0);
	assert_int_equal(receive_pack_get(v, &n, &e), 1);
	assert_int_equal(n, 65541);
	v.p = other;
	assert_int_equal(receive_pack_get(v, &n, &e), -1);
	other[7] = 3;
	assert_int_equal(receive_pack_get(v, &n, &e), 1);
	other[0] = 'K';
	assert_int_equal(receive_pack_get(v, &n, &e), -1);
}

static void
intents_name_what_is_allowed(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	AUTO_STR struct str want = STR_INIT;
	struct receive_head h = { .c = NULL };
	struct push_verdict v[2] = { { .ok = false, .reason = "no" },
		{ .ok = true } };
	struct err e = ERR_INIT;

	(void)state;
	put_head(&s);
	assert_true(receive_head_get(str_view(&s), &h, &e) > 0);
	receive_intents(&out, &h, v, 7, 12);
	str_addf(&want, "by 7 12 %s refs/heads/b\n", h.c[1].new_sha);
	assert_string_equal(str_cstr(&out), str_cstr(&want));
	receive_head_release(&h);
}

static void
frame_ends_an_answer_where_it_stands(void **state)
{
	static const char whole[] = "000dpackfile\n0009\001abcd";
	struct sideframe f = { .banded = false };
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	/* Before the pack: an error of the protocol. */
	sideframe_feed(&f, "0008NAK\n", 8);
	sideframe_fail(&f, &out, "why");
	assert_string_equal(str_cstr(&out), "000bERR why0000");
	str_reset(&out);
	/* In it, byte by byte, with a packet that is open. */
	for (size_t i = 0; i < sizeof(whole) - 3; i++)
		sideframe_feed(&f, &whole[i], 1);
	assert_true(f.banded);
	assert_int_equal(f.left, 2);
	sideframe_fail(&f, &out, "why");
	assert_int_equal(out.len, 2 + 8 + 4);
	assert_memory_equal(out.p,
	    "\0\0"
	    "0008\003why0000",
	    14);
	str_reset(&out);
	/* Amid a length, or in what is no packet, nothing can be told. */
	sideframe_feed(&f, "xy00", 4);
	sideframe_fail(&f, &out, "why");
	assert_int_equal(out.len, 0);
	sideframe_feed(&f, "zzzz", 4);
	assert_true(f.lost);
	sideframe_fail(&f, &out, "why");
	assert_int_equal(out.len, 0);
}

static void
protocol_header_is_checked(void **state)
{
	(void)state;
	assert_true(gitenv_protocol_ok("version=2"));
	assert_true(gitenv_protocol_ok("version=1:key=Value9"));
	assert_false(gitenv_protocol_ok(""));
	assert_false(gitenv_protocol_ok("version"));
	assert_false(gitenv_protocol_ok("version="));
	assert_false(gitenv_protocol_ok("=2"));
	assert_false(gitenv_protocol_ok("version=2:"));
	assert_false(gitenv_protocol_ok("version=2 x"));
	assert_false(gitenv_protocol_ok("a=b;c"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pktline_reads_what_it_writes),
		cmocka_unit_test(pktline_waits_for_more_and_refuses_nonsense),
		cmocka_unit_test(pktline_splits_bands),
		cmocka_unit_test(head_is_read_whole_and_byte_by_byte),
		cmocka_unit_test(head_refuses_malformed_commands),
		cmocka_unit_test(head_bounds_the_number_of_commands),
		cmocka_unit_test(refusal_is_a_report_in_the_band),
		cmocka_unit_test(a_failure_keeps_the_capabilities),
		cmocka_unit_test(pack_head_is_read),
		cmocka_unit_test(intents_name_what_is_allowed),
		cmocka_unit_test(frame_ends_an_answer_where_it_stands),
		cmocka_unit_test(protocol_header_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
