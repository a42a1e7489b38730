#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agentd/prove/prove.h"

static void
what_succeeded_inside_is_counted(void **state)
{
	struct prove_count c;

	(void)state;
	prove_count("tcp a,1=ECONNREFUSED b,2=open c,3=silent d,4=answer", &c);
	assert_int_equal(c.all, 4);
	assert_int_equal(c.good, 2);
	assert_string_equal(c.first, "b,2=open");
	prove_count("sock 40:1:0=EPERM 17:2:0=EAFNOSUPPORT", &c);
	assert_int_equal(c.all, 2);
	assert_int_equal(c.good, 0);
}

/* The second probe's answer stands behind the first one's. */
static void
what_both_probes_say_counts(void **state)
{
	static const char both[] = "tcp a,1=EPERM | tcp a,1=open b,2=EPERM";
	struct prove_count c;

	(void)state;
	prove_count(both, &c);
	assert_int_equal(c.all, 3);
	assert_int_equal(c.good, 1);
	assert_string_equal(c.first, "a,1=open");
	assert_string_equal(prove_twins(both), "tcp a,1=open b,2=EPERM");
	assert_null(prove_twins("tcp a,1=open"));
	prove_count("tcp a,1=EPERM |", &c);
	assert_int_equal(c.all, 1);
	prove_count("tcp a,1=EPERM | tcp", &c);
	assert_int_equal(c.all, 1);
}

/* A name that is made up to look harmless counts as a success. */
static void
what_is_no_errno_is_a_success(void **state)
{
	struct prove_count c;

	(void)state;
	prove_count("call x=silently y=done", &c);
	assert_int_equal(c.good, 2);
	prove_count("tcp", &c);
	assert_int_equal(c.all, 0);
	prove_count("", &c);
	assert_int_equal(c.good, 0);
	prove_count("tcp  = =open =", &c);
	assert_int_equal(c.good, 1);
}

static void
a_failure_stays_and_what_was_not_tried_spoils(void **state)
{
	struct prove p = { .why = STR_INIT };

	(void)state;
	prove_say(&p, PROVE_PASS, "one");
	prove_say(&p, PROVE_PASS, "two");
	assert_int_equal(p.result, PROVE_PASS);
	assert_string_equal(str_cstr(&p.why), "one");
	prove_say(&p, PROVE_UNTESTABLE, "three");
	prove_say(&p, PROVE_PASS, "four");
	assert_int_equal(p.result, PROVE_UNTESTABLE);
	prove_say(&p, PROVE_FAIL, "five");
	prove_say(&p, PROVE_UNTESTABLE, "six");
	prove_say(&p, PROVE_PASS, "seven");
	assert_int_equal(p.result, PROVE_FAIL);
	assert_string_equal(str_cstr(&p.why), "five");
	str_release(&p.why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_succeeded_inside_is_counted),
		cmocka_unit_test(what_both_probes_say_counts),
		cmocka_unit_test(what_is_no_errno_is_a_success),
		cmocka_unit_test(a_failure_stays_and_what_was_not_tried_spoils),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
