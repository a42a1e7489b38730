#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/prom.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/audit_row.h"
#include "lib/wire/json.h"

static const struct audit_row row = { .seq = 7,
	.at = -1,
	.who = "ann",
	.via = "",
	.origin = "::1",
	.request = "r",
	.project = "",
	.what = "token.created",
	.subject = "1:a,",
	.old = "",
	.new_ = "{}",
	.hash = AUDIT_HASH_NONE };

static void
bytes_are_netstrings_in_order(void **state)
{
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	audit_row_bytes(&row, "h", &out);
	assert_string_equal(str_cstr(&out),
	    "1:h,1:7,2:-1,1:0,3:ann,0:,3:::1,1:r,1:0,0:,13:token.created,"
	    "4:1:a,,1:0,0:,2:{},");
}

/* What one member loses another cannot gain. */
static void
no_two_rows_have_the_same_bytes(void **state)
{
	AUTO_STR struct str a = STR_INIT;
	AUTO_STR struct str b = STR_INIT;
	struct audit_row other = row;

	(void)state;
	other.who = "an";
	other.via = "n";
	audit_row_bytes(&row, "h", &a);
	audit_row_bytes(&other, "h", &b);
	assert_string_not_equal(str_cstr(&a), str_cstr(&b));
}

static int
read_of(const char *text)
{
	struct err e = ERR_INIT;
	struct audit_row r;
	struct json *j = json_parse(view_of(text), 0, &e);
	int rc;

	assert_non_null(j);
	rc = audit_row_read(j, &r, &e);
	json_free(j);
	return rc;
}

static void
what_is_no_row_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_of("{}"), -1);
	assert_int_equal(read_of("[]"), -1);
	assert_int_equal(read_of("{\"seq\":1,\"at_ms\":1,\"what\":\"a\","
				 "\"hash\":\"short\"}"),
	    -1);
	assert_int_equal(read_of("{\"seq\":0,\"at_ms\":1,\"what\":\"a\","
				 "\"hash\":\"" AUDIT_HASH_NONE "\"}"),
	    -1);
	assert_int_equal(read_of("{\"seq\":1,\"at_ms\":1,\"what\":\"a\","
				 "\"hash\":\"" AUDIT_HASH_NONE "\"}"),
	    0);
}

static void
samples_are_escaped_and_thousandths_are_seconds(void **state)
{
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	prom_head(&out, "a_total", "counter", "what it is");
	prom_i64(&out, "a_total", NULL, -3);
	prom_i64(&out, "a_total", PROM_LABELS("x", "q\"\\\n", "y", ""), 4);
	prom_milli(&out, "b", PROM_LABELS("x", "1"), 12005);
	prom_milli(&out, "b", NULL, -5);
	assert_string_equal(str_cstr(&out),
	    "# HELP a_total what it is\n# TYPE a_total counter\n"
	    "a_total -3\na_total{x=\"q\\\"\\\\\\n\",y=\"\"} 4\n"
	    "b{x=\"1\"} 12.005\nb -0.005\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_netstrings_in_order),
		cmocka_unit_test(no_two_rows_have_the_same_bytes),
		cmocka_unit_test(what_is_no_row_is_refused),
		cmocka_unit_test(
		    samples_are_escaped_and_thousandths_are_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
