#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "server/git/sha1.h"

static void
text(const struct sha1 *of, char out[SHA1_BYTES * 2 + 1])
{
	struct sha1 s = *of;
	unsigned char sum[SHA1_BYTES];

	sha1_end(&s, sum);
	for (unsigned i = 0; i < SHA1_BYTES; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", sum[i]);
}

/* RFC 3174, 7.3, and the empty text. */
static void
the_known_answers_are_given(void **state)
{
	static const struct {
		const char *text;
		unsigned times;
		const char *sum;
	} v[] = {
		{ "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
		{ "01234567012345670123456701234567", 20,
		    "dea356a2cddd90c7a7ecedc5ebb563934f460452" },
	};
	char got[SHA1_BYTES * 2 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct sha1 s;

		sha1_init(&s);
		for (unsigned n = 0; n < v[i].times; n++)
			sha1_add(&s, v[i].text, strlen(v[i].text));
		text(&s, got);
		assert_string_equal(got, v[i].sum);
	}
}

static void
any_cut_gives_the_same(void **state)
{
	unsigned char bytes[300];
	char whole[SHA1_BYTES * 2 + 1], cut[SHA1_BYTES * 2 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct sha1 a, b;

		sha1_init(&a);
		sha1_add(&a, bytes, sizeof(bytes));
		sha1_init(&b);
		sha1_add(&b, bytes, n);
		sha1_add(&b, bytes + n, sizeof(bytes) - n);
		text(&a, whole);
		text(&b, cut);
		assert_string_equal(whole, cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_known_answers_are_given),
		cmocka_unit_test(any_cut_gives_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
