#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <zlib.h>

#include "lib/base/str.h"
#include "server/web/csrf.h"
#include "server/web/gzip.h"

static void
gzip_is_taken_when_it_is_named_and_not_refused(void **state)
{
	static const char *const yes[] = { "gzip", "GZip", " gzip ",
		"gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8", "gzip;q=1",
		"gzip ; q=0.001", "gzip;x=0", "deflate,gzip", "gzip;q=1.000" };
	static const char *const no[] = { "", "identity", "deflate, br", "*",
		"gzip;q=0", "gzip; q=0.0", "gzip ;Q=0.000", "gzip;q=", "xgzip",
		"gzipx", "x-gzip", "gzip;q=0, br;q=1", "gzip;x=1;q=0", ";", ",",
		"gzip;q=0,identity;q=0.5" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!gzip_is_in(yes[i]))
			fail_msg("%s is not taken", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (gzip_is_in(no[i]))
			fail_msg("%s is taken", no[i]);
	assert_false(gzip_is_in(NULL));
	assert_false(gzip_taken(NULL));
}

/* What a client makes of it; "" when it is no whole gzip. */
static void
unpack(const struct str *packed, struct str *out)
{
	z_stream z = { .avail_in = (uInt)packed->len };
	char buf[4096];
	int rc;

	memcpy(&z.next_in, &packed->p, sizeof(z.next_in));
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	do {
		z.next_out = (Bytef *)buf;
		z.avail_out = sizeof(buf);
		rc = inflate(&z, Z_NO_FLUSH);
		str_addn(out, buf, sizeof(buf) - z.avail_out);
	} while (rc == Z_OK);
	assert_int_equal(rc, Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(inflateEnd(&z), Z_OK);
}

static void
what_is_packed_comes_out_the_same_whatever_the_pad(void **state)
{
	struct str in = STR_INIT, packed = STR_INIT, out = STR_INIT;
	size_t least = SIZE_MAX, most = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		str_addf(&in, "<tr id=\"L%d\"><td>%d</td></tr>", i, i * i);
	for (int i = 0; i < 200; i++) {
		gzip_put(str_view(&in), GZIP_FAST, GZIP_PAD_MAX, &packed);
		unpack(&packed, &out);
		assert_int_equal(out.len, in.len);
		assert_memory_equal(out.p, in.p, in.len);
		least = packed.len < least ? packed.len : least;
		most = packed.len > most ? packed.len : most;
		str_reset(&packed);
		str_reset(&out);
	}
	assert_in_range(most - least, 1, GZIP_PAD_MAX + 1);
	str_release(&in);
	str_release(&packed);
	str_release(&out);
}

static void
what_grows_is_left_as_it_is(void **state)
{
	struct str packed = STR_INIT;

	(void)state;
	gzip_put(VIEW_LIT(""), GZIP_FAST, 0, &packed);
	gzip_put(VIEW_LIT("abc"), GZIP_SMALL, 0, &packed);
	assert_int_equal(packed.len, 0);
	str_release(&packed);
}

static void
a_value_is_of_its_session_alone(void **state)
{
	const struct view mine = VIEW_LIT("0123456789abcdef0123456789abcdef");
	const struct view other = VIEW_LIT("0123456789abcdef0123456789abcdee");
	char a[CSRF_TEXT];

	(void)state;
	csrf_put(mine, a);
	assert_int_equal(strlen(a), CSRF_TEXT - 1);
	assert_true(csrf_ok(mine, view_of(a)));
	assert_false(csrf_ok(other, view_of(a)));
	for (size_t i = 0; i + 1 < CSRF_TEXT; i++) {
		char bad[CSRF_TEXT];

		memcpy(bad, a, sizeof(bad));
		bad[i] = bad[i] == '0' ? '1' : '0';
		assert_false(csrf_ok(mine, view_of(bad)));
		bad[i] = 'g';
		assert_false(csrf_ok(mine, view_of(bad)));
		bad[i] = '\0';
		assert_false(csrf_ok(mine, view_of(bad)));
	}
	assert_false(csrf_ok(mine, VIEW_LIT("")));
	assert_false(csrf_ok(mine, (struct view){ a, CSRF_TEXT - 3 }));
}

/* Its two halves are a mask and what is masked: on no two pages is a part of
 * them the same, and all of them are good. */
static void
each_page_has_another_value(void **state)
{
	const struct view mine = VIEW_LIT("0123456789abcdef0123456789abcdef");
	char seen[64][CSRF_TEXT];
	const size_t half = (CSRF_TEXT - 1) / 2;

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		csrf_put(mine, seen[i]);
		assert_true(csrf_ok(mine, view_of(seen[i])));
		assert_memory_not_equal(seen[i], seen[i] + half, half);
		for (size_t k = 0; k < i; k++) {
			assert_memory_not_equal(seen[i], seen[k], half);
			assert_memory_not_equal(
			    seen[i] + half, seen[k] + half, half);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    gzip_is_taken_when_it_is_named_and_not_refused),
		cmocka_unit_test(
		    what_is_packed_comes_out_the_same_whatever_the_pad),
		cmocka_unit_test(what_grows_is_left_as_it_is),
		cmocka_unit_test(a_value_is_of_its_session_alone),
		cmocka_unit_test(each_page_has_another_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
