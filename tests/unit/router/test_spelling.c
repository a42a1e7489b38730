#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "router/dns.h"
#include "router/egress.h"
#include "router/hello.h"
#include "router/http_head.h"

/* One name, four ways in: question, rule, SNI, Host. */

static void
u16(struct str *s, size_t n)
{
	str_addc(s, (char)(n >> 8));
	str_addc(s, (char)n);
}

static bool
by_sni(struct view text, char out[EGRESS_NAME_MAX])
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct hello h;
	size_t n = text.len;

	out[0] = '\0';
	str_addn(&s, "\x16\3\1", 3);
	u16(&s, n + 56);
	str_addn(&s, "\1\0", 2);
	u16(&s, n + 52);
	str_addn(&s, "\3\3", 2);
	for (int i = 0; i < 32; i++)
		str_addc(&s, 'r');
	str_addn(&s, "\0\0\2\x13\1\1\0", 7);
	u16(&s, n + 9);
	u16(&s, 0);
	u16(&s, n + 5);
	u16(&s, n + 3);
	str_addc(&s, 0);
	u16(&s, n);
	str_addv(&s, text);
	if (hello_read(str_view(&s), &h) != HELLO_OK)
		return false;
	return egress_name_parse(
		   (struct view){ .p = h.name, .len = h.name_len }, out, &e) ==
	    0;
}

static bool
by_host(struct view text, char out[EGRESS_NAME_MAX])
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct http_head h;

	out[0] = '\0';
	str_add(&s, "GET / HTTP/1.1\r\nHost: ");
	str_addv(&s, text);
	str_add(&s, "\r\n\r\n");
	if (http_head_read(str_view(&s), &h) != HTTP_OK)
		return false;
	return egress_name_parse(
		   (struct view){ .p = h.host, .len = h.host_len }, out, &e) ==
	    0;
}

static bool
by_rule(struct view text, char out[EGRESS_NAME_MAX])
{
	struct egress_rule r = { .below = false };
	struct err e = ERR_INIT;

	out[0] = '\0';
	if (egress_rule_domain(&r, text, &e) == -1 || r.below)
		return false;
	memcpy(out, r.domain, sizeof(r.domain));
	return true;
}

/* A question spells labels, so the text is cut at its dots. */
static bool
by_question(struct view text, char out[EGRESS_NAME_MAX])
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct dns_query q;
	struct view rest = text, label;

	out[0] = '\0';
	if (view_ends(text, ".") && text.len > 1)
		rest.len--;
	str_addn(&s, "\0\1\1\0\0\1\0\0\0\0\0\0", 12);
	while (view_split(&rest, '.', &label)) {
		if (label.len == 0 || label.len > 63)
			return false;
		str_addc(&s, (char)label.len);
		str_addv(&s, label);
	}
	str_addn(&s, "\0\0\1\0\1", 5);
	if (dns_read_query(str_view(&s), &q) != DNS_OK || q.name[0] == '\0')
		return false;
	/* As the resolver decides it. */
	return egress_name_parse(view_of(q.name), out, &e) == 0;
}

static void
check(struct view text)
{
	static bool (*const ways[])(struct view,
	    char[EGRESS_NAME_MAX]) = { by_sni, by_host, by_question };
	char want[EGRESS_NAME_MAX], got[EGRESS_NAME_MAX];
	bool ok = by_rule(text, want);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i](text, got) != ok || strcmp(got, want) != 0)
			fail_msg("%.*s: way %zu gives %s, the rule %s",
			    (int)text.len, text.p, i, got, want);
	}
}

static void
every_spelling_is_the_same_name_everywhere(void **state)
{
	static const char *const texts[] = { "ok.test", "OK.test", "oK.TeSt",
		"ok.test.", "OK.TEST.", "ok.test..", ".ok.test", "ok..test",
		".", "..", "a", "a.", "_dmarc.ok.test", "a_b.ok.test",
		"-a.ok.test", "a-.ok.test", "a--b.ok.test",
		"xn--bcher-kva.test", "XN--BCHER-KVA.test", "b\xc3\xbc.test",
		"\xef\xbd\x8f\xef\xbd\x8b.test", "ok\xe3\x80\x82test",
		"ok\xc2\xad.test", "o\xe2\x80\x8bk.test", "ok.test%00",
		"ok%2etest", "ok.test/", "ok.test?", "ok.test#", "ok.test\\",
		"a@ok.test", "ok.test@evil.test", "ok.test,evil.test",
		"ok.test;evil.test", "ok.test evil.test", "ok!test", "ok$.test",
		"ok*.test", "ok.*.test", "(ok.test)", "[ok.test]", "ok=test",
		"ok+test", "1.2.3.4", "1.2.3.4.", "1", "0x7f000001", "0x7f.1",
		"127.1", "0177.0.0.1", "1.2.3.4.5", "a.1", "a.0x1", "a.1x",
		"1a.test", "127.0.0.1.test", "localhost", "ok.test.evil.test",
		"notok.test", "ok.testevil", "\"ok.test\"", "'ok.test'",
		"<ok.test>", "ok|test", "~ok.test", "ok\x7f.test", "\x80.test",
		"\xff\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(view_of(texts[i]));
}

static void
a_nul_ends_no_name(void **state)
{
	(void)state;
	check(VIEW_LIT("evil.test\0.ok.test"));
	check(VIEW_LIT("ok.test\0"));
	check(VIEW_LIT("\0ok.test"));
	check(VIEW_LIT("ok.test\n"));
	check(VIEW_LIT("ok\r\n.test"));
}

static void
lengths_end_where_they_end(void **state)
{
	(void)state;
	for (size_t n = 1; n < 300; n++) {
		AUTO_STR struct str one = STR_INIT, many = STR_INIT;

		for (size_t i = 0; i < n; i++) {
			str_addc(&one, 'a');
			str_addc(&many, i % 8 == 7 ? '.' : 'a');
		}
		str_add(&one, ".test");
		str_add(&many, "z");
		check(str_view(&one));
		check(str_view(&many));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_the_same_name_everywhere),
		cmocka_unit_test(a_nul_ends_no_name),
		cmocka_unit_test(lengths_end_where_they_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
