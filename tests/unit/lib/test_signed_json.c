#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"

static const char domain[] = "test\n";

struct place {
	char dir[64];
	char *key;
};

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/signed-json-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	p->key = path_join(p->dir, "key");
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	int rc = path_rmtree(p->dir, &e);

	free(p->key);
	free(p);
	return rc;
}

static void
make(const struct place *p, const char *value, struct str *out)
{
	struct err e = ERR_INIT;
	struct jw w;

	*out = STR_INIT_MAX(4096);
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "a", value);
	if (signed_json_end(&w, p->key, domain, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
what_was_signed_is_read(void **state)
{
	const struct place *p = *state;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct stat st;
	struct json *j;

	make(p, "x,\"signature\":\"", &text);
	assert_int_equal(text.p[text.len - 1], '\n');
	j = signed_json_read(str_view(&text), domain, 4096, &e);
	assert_non_null(j);
	assert_string_equal(json_str_or(j, "a", ""), "x,\"signature\":\"");
	assert_int_equal(strlen(json_str_or(j, "key", "")), 64);
	json_free(j);
	assert_int_equal(stat(p->key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
no_byte_of_it_can_be_changed(void **state)
{
	AUTO_STR struct str text = STR_INIT;

	make(*state, "value", &text);
	for (size_t i = 0; i < text.len; i++) {
		struct err e = ERR_INIT;

		text.p[i] ^= 1;
		assert_null(
		    signed_json_read(str_view(&text), domain, 4096, &e));
		assert_true(e.code == ERR_DENIED || e.code == ERR_INVALID ||
		    e.code == ERR_LIMIT);
		text.p[i] ^= 1;
	}
}

static void
another_kind_of_text_is_not_it(void **state)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	make(*state, "value", &text);
	assert_null(signed_json_read(str_view(&text), "other\n", 4096, &e));
	assert_int_equal(e.code, ERR_DENIED);
	assert_null(signed_json_read(str_view(&text), domain, 40, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_null(signed_json_read(view_of(""), domain, 4096, &e));
	assert_null(signed_json_read(view_of("{\"a\":1}\n"), domain, 4096, &e));
	assert_int_equal(e.code, ERR_INVALID);
}

/* The key that counts is the one that the reader takes: there is but one. */
static void
a_second_key_is_refused(void **state)
{
	AUTO_STR struct str text = STR_INIT_MAX(4096);
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "key", "00");
	assert_int_equal(
	    signed_json_end(&w, ((struct place *)*state)->key, domain, &e), 0);
	assert_null(signed_json_read(str_view(&text), domain, 4096, &e));
}

static void
what_does_not_fit_is_told(void **state)
{
	AUTO_STR struct str text = STR_INIT_MAX(100);
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	assert_int_equal(
	    signed_json_end(&w, ((struct place *)*state)->key, domain, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_was_signed_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    no_byte_of_it_can_be_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    another_kind_of_text_is_not_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_second_key_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_does_not_fit_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
