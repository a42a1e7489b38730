#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/err.h"
#include "router/dns.h"

static struct view
bytes(const void *p, size_t n)
{
	return (struct view){ p, n };
}

/* A query of one question, by hand. */
static size_t
query(uint8_t out[600], const char *labels, size_t n, unsigned type)
{
	static const uint8_t head[] = { 0x12, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0,
		0 };

	memcpy(out, head, sizeof(head));
	memcpy(out + 12, labels, n);
	out[12 + n] = 0;
	out[13 + n] = (uint8_t)(type >> 8);
	out[14 + n] = (uint8_t)type;
	out[15 + n] = 0;
	out[16 + n] = 1;
	return 17 + n;
}

#define LABELS(s) s, sizeof(s) - 1

static void
names_have_one_spelling(void **state)
{
	static const struct {
		const char *labels;
		size_t n;
		const char *want;
	} rows[] = {
		{ LABELS("\2ok\4test"), "ok.test" },
		{ LABELS("\2OK\4TesT"), "ok.test" },
		{ LABELS("\4_dmA\2ok\4test"), "_dma.ok.test" },
		{ LABELS("\3o-k\4test"), "o-k.test" },
		{ LABELS("\6coffer"), "coffer" },
		{ LABELS(""), "" },
		{ LABELS("\3o k\4test"), "" },
		{ LABELS("\12evil.test\0\2ok\4test"), "" },
		{ LABELS("\7evil.ok\4test"), "" },
		{ LABELS("\4\303\274ok\4test"), "" },
		{ LABELS("\2*k\4test"), "" },
	};
	uint8_t m[600];
	struct dns_query q;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = query(m, rows[i].labels, rows[i].n, DNS_TYPE_A);

		assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_OK);
		assert_string_equal(q.name, rows[i].want);
		assert_int_equal(q.id, 0x1267);
		assert_int_equal(q.type, DNS_TYPE_A);
	}
}

static void
long_names_are_refused(void **state)
{
	char labels[300];
	uint8_t m[600];
	struct dns_query q;

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		labels[n * 64] = 63;
		memset(labels + n * 64 + 1, 'a', 63);
	}
	/* 63.63.63.61 is 253 letters and dots; one more is too long. */
	labels[192] = 61;
	assert_int_equal(
	    dns_read_query(bytes(m, query(m, labels, 254, 1)), &q), DNS_OK);
	assert_int_equal(strlen(q.name), DNS_NAME_MAX);
	labels[192] = 62;
	assert_int_equal(dns_read_query(bytes(m, query(m, labels, 255, 1)), &q),
	    DNS_FORMERR);
	labels[0] = 64;
	assert_int_equal(
	    dns_read_query(bytes(m, query(m, labels, 65, 1)), &q), DNS_FORMERR);
}

static void
messages_that_are_no_query_are_told_apart(void **state)
{
	uint8_t m[600];
	struct dns_query q;
	size_t n = query(m, LABELS("\2ok\4test"), DNS_TYPE_A);

	(void)state;
	assert_int_equal(dns_read_query(bytes(m, 11), &q), DNS_DROP);
	for (size_t i = 12; i < n; i++)
		assert_int_equal(dns_read_query(bytes(m, i), &q), DNS_FORMERR);
	m[2] = 0x80; /* a reply */
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_DROP);
	m[2] = 0x28; /* an update */
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_NOTIMP);
	assert_int_equal(q.id, 0x1267);
	m[2] = 1;
	m[5] = 2; /* two questions */
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_FORMERR);
	m[5] = 1;
	m[7] = 1; /* an answer */
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_FORMERR);
	m[7] = 0;
	m[12] = 0xc0; /* a pointer in a question */
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_FORMERR);
}

static void
edns_sets_the_size_of_a_reply(void **state)
{
	static const uint8_t opt[] = { 0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t m[600], out[DNS_REPLY_MAX];
	struct dns_query q;
	struct dns_answer a = { .n_addrs = DNS_ADDRS_MAX, .ttl = 60 };
	const struct dns_reply full = { .answer = &a };
	size_t n = query(m, LABELS("\2ok\4test"), DNS_TYPE_A);

	(void)state;
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_OK);
	assert_int_equal(q.udp_max, DNS_UDP_MIN);
	m[11] = 1;
	memcpy(m + n, opt, sizeof(opt));
	assert_int_equal(dns_read_query(bytes(m, n + sizeof(opt)), &q), DNS_OK);
	assert_true(q.edns);
	assert_int_equal(q.udp_max, DNS_UDP_MAX);
	assert_true(dns_put_reply(out, &q, true, &full) <= DNS_UDP_MAX);
	assert_int_equal(out[2] & 2, 0);
	m[n + 2] = 1; /* another record than OPT */
	assert_int_equal(
	    dns_read_query(bytes(m, n + sizeof(opt)), &q), DNS_FORMERR);
}

static void
a_refusal_says_why_to_who_can_read_it(void **state)
{
	static const uint8_t opt[] = { 0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0 };
	const struct dns_reply no = { .rcode = DNS_RCODE_NXDOMAIN,
		.why = DNS_EDE_BLOCKED,
		.why_text = "why" };
	uint8_t m[600], out[DNS_REPLY_MAX];
	struct dns_query q;
	size_t n = query(m, LABELS("\2ok\4test"), DNS_TYPE_A), plain;

	(void)state;
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_OK);
	plain = dns_put_reply(out, &q, true, &no);
	assert_int_equal(plain, n);
	m[11] = 1;
	memcpy(m + n, opt, sizeof(opt));
	assert_int_equal(dns_read_query(bytes(m, n + sizeof(opt)), &q), DNS_OK);
	n = dns_put_reply(out, &q, true, &no);
	assert_int_equal(n, plain + sizeof(opt) + 4 + 2 + 3);
	/* RFC 8914: option 15, length, info code, text; no NUL. */
	assert_memory_equal(out + n - 11, "\0\11\0\17\0\5\0\17why", 11);
}

static void
a_reply_that_does_not_fit_is_cut(void **state)
{
	char labels[254];
	uint8_t m[600], out[DNS_REPLY_MAX];
	struct dns_query q;
	struct dns_answer a = { .n_addrs = DNS_ADDRS_MAX, .ttl = 60 };
	const struct dns_reply full = { .answer = &a };
	size_t n;

	(void)state;
	for (n = 0; n < 4; n++) {
		labels[n * 64] = n < 3 ? 63 : 61;
		memset(labels + n * 64 + 1, 'a', n < 3 ? 63 : 61);
	}
	n = query(m, labels, 254, DNS_TYPE_A);
	assert_int_equal(dns_read_query(bytes(m, n), &q), DNS_OK);
	n = dns_put_reply(out, &q, true, &full);
	assert_true(n <= DNS_UDP_MIN);
	assert_int_equal(out[2] & 2, 2);
	n = dns_put_reply(out, &q, false, &full);
	assert_true(n <= DNS_REPLY_MAX);
	assert_int_equal(out[2] & 2, 0);
	assert_int_equal(out[7], DNS_ADDRS_MAX);
}

/* A reply to ok.test with these records after the question. */
static size_t
answer(uint8_t out[600], unsigned flags, unsigned count, const void *records,
    size_t n)
{
	size_t len = dns_put_query(out, 77, "ok.test");

	out[2] = (uint8_t)(flags >> 8);
	out[3] = (uint8_t)flags;
	out[7] = (uint8_t)count;
	memcpy(out + len, records, n);
	return len + n;
}

#define A_REC(ttl, a, b, c, d) \
	0xc0, 12, 0, 1, 0, 1, 0, 0, (ttl) >> 8, (ttl)&255, 0, 4, a, b, c, d

static void
answers_are_reduced_to_addresses_of_the_chain(void **state)
{
	/* ok.test CNAME x.test; x.test A; evil.test A; ok.test TXT */
	static const uint8_t recs[] = { 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 5, 0, 4,
		1, 'x', 0xc0, 15, 0xc0, 37, 0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 9, 9,
		9, 9, 4, 'e', 'v', 'i', 'l', 0xc0, 15, 0, 1, 0, 1, 0, 0, 0, 9,
		0, 4, 1, 2, 3, 4, 0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 2, 1,
		'z' };
	uint8_t m[600];
	struct dns_answer a;
	struct err e = ERR_INIT;
	size_t n = answer(m, 0x8180, 4, recs, sizeof(recs));

	(void)state;
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 77, "ok.test", &a, &e), 0);
	assert_int_equal(a.n_addrs, 1);
	assert_int_equal(a.addrs[0], 0x09090909);
	assert_int_equal(a.ttl, DNS_TTL_MIN); /* of the alias, raised */
	for (size_t i = 12; i < n; i++)
		assert_int_equal(
		    dns_read_answer(bytes(m, i), 77, "ok.test", &a, &e), -1);
}

static void
ttl_is_clamped(void **state)
{
	static const uint8_t high[] = { A_REC(65535, 9, 9, 9, 9) };
	static const uint8_t mid[] = { A_REC(100, 9, 9, 9, 9) };
	static const uint8_t minus[] = { 0xc0, 12, 0, 1, 0, 1, 0xff, 0, 0, 0, 0,
		4, 9, 9, 9, 9 };
	uint8_t m[600];
	struct dns_answer a;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    dns_read_answer(bytes(m, answer(m, 0x8180, 1, high, sizeof(high))),
		77, "ok.test", &a, &e),
	    0);
	assert_int_equal(a.ttl, DNS_TTL_MAX);
	assert_int_equal(
	    dns_read_answer(bytes(m, answer(m, 0x8180, 1, mid, sizeof(mid))),
		77, "ok.test", &a, &e),
	    0);
	assert_int_equal(a.ttl, 100);
	assert_int_equal(
	    dns_read_answer(
		bytes(m, answer(m, 0x8180, 1, minus, sizeof(minus))), 77,
		"ok.test", &a, &e),
	    0);
	assert_int_equal(a.ttl, DNS_TTL_MIN);
}

static void
loops_and_forgeries_are_refused(void **state)
{
	static const uint8_t self[] = { 0xc0, 25, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4,
		1, 2, 3, 4 };
	/* ok.test CNAME ok.test */
	static const uint8_t loop[] = { 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 5, 0, 2,
		0xc0, 12 };
	uint8_t m[600];
	struct dns_answer a;
	struct err e = ERR_INIT;
	size_t n = answer(m, 0x8180, 1, self, sizeof(self));

	(void)state;
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 77, "ok.test", &a, &e), -1);
	n = answer(m, 0x8180, 1, loop, sizeof(loop));
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 77, "ok.test", &a, &e), 0);
	assert_int_equal(a.n_addrs, 0);
	n = answer(m, 0x8180, 0, loop, 0);
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 78, "ok.test", &a, &e), -1);
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 77, "no.test", &a, &e), -1);
	n = answer(m, 0x0100, 0, loop, 0); /* a query */
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 77, "ok.test", &a, &e), -1);
	n = answer(m, 0x8183, 0, loop, 0);
	assert_int_equal(
	    dns_read_answer(bytes(m, n), 77, "ok.test", &a, &e), 0);
	assert_int_equal(a.rcode, DNS_RCODE_NXDOMAIN);
}

static void
the_stub_passes_our_questions_only(void **state)
{
	uint8_t m[600], r[600];
	size_t n = dns_put_query(m, 5, "ok.test");

	(void)state;
	assert_true(dns_is_query(bytes(m, n)));
	assert_false(dns_is_query(bytes(m, n - 1)));
	assert_false(dns_is_query(bytes(m, n + 1)));
	m[n - 3] = 16; /* TXT */
	assert_false(dns_is_query(bytes(m, n)));
	m[n - 3] = 1;
	memcpy(r, m, n);
	assert_false(dns_replies_to(bytes(r, n), 5, bytes(m, n)));
	r[2] |= 0x80;
	assert_true(dns_replies_to(bytes(r, n), 5, bytes(m, n)));
	assert_false(dns_replies_to(bytes(r, n), 6, bytes(m, n)));
	assert_false(dns_replies_to(bytes(r, n - 1), 5, bytes(m, n)));
	r[14] ^= 0x20;
	assert_false(dns_replies_to(bytes(r, n), 5, bytes(m, n)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_one_spelling),
		cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(messages_that_are_no_query_are_told_apart),
		cmocka_unit_test(edns_sets_the_size_of_a_reply),
		cmocka_unit_test(a_refusal_says_why_to_who_can_read_it),
		cmocka_unit_test(a_reply_that_does_not_fit_is_cut),
		cmocka_unit_test(answers_are_reduced_to_addresses_of_the_chain),
		cmocka_unit_test(ttl_is_clamped),
		cmocka_unit_test(loops_and_forgeries_are_refused),
		cmocka_unit_test(the_stub_passes_our_questions_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
