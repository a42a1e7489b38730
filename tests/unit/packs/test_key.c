#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/str.h"
#include "packs/crc.h"
#include "packs/request.h"

static const char *const no_env[] = { NULL };
static const struct request_place here = {
	.dev = 1, .ino = 2, .tags = { 3, 4, 5, 6 }, .env = no_env
};

/* Writes what each argument list of strings gives as a key. */
static void
key_of(char key[ENTRY_KEY_HEX + 1], const struct request_place *p,
    const char *input, const char *const *args)
{
	struct request r = { .input = STR_INIT };
	char *argv[REQUEST_ARGS_MAX];
	char text[REQUEST_ARGS_MAX][64];
	unsigned n = 0;

	for (; args[n] != NULL; n++) {
		(void)snprintf(text[n], sizeof(text[n]), "%s", args[n]);
		argv[n] = text[n];
	}
	argv[n] = NULL;
	r.argv = argv;
	str_add(&r.input, input);
	request_key(&r, p, key);
	request_release(&r);
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
equal_requests_have_one_key(void **state)
{
	char a[ENTRY_KEY_HEX + 1], b[ENTRY_KEY_HEX + 1];

	(void)state;
	key_of(a, &here, "x\n", ARGS("git", "pack-objects", "--revs"));
	key_of(b, &here, "x\n", ARGS("git", "pack-objects", "--revs"));
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), ENTRY_KEY_HEX);
	assert_int_equal(strspn(a, "0123456789abcdef"), ENTRY_KEY_HEX);
}

static void
progress_is_not_in_the_key(void **state)
{
	char a[ENTRY_KEY_HEX + 1], b[ENTRY_KEY_HEX + 1];

	(void)state;
	key_of(a, &here, "x\n", ARGS("git", "pack-objects", "--revs"));
	key_of(b, &here, "x\n",
	    ARGS("git", "pack-objects", "--progress", "--revs"));
	assert_string_equal(a, b);
}

static void
every_part_changes_the_key(void **state)
{
	struct request_place p = here;
	char a[ENTRY_KEY_HEX + 1], b[8][ENTRY_KEY_HEX + 1];

	(void)state;
	key_of(a, &here, "x\n", ARGS("git", "pack-objects", "--revs"));
	key_of(b[0], &here, "y\n", ARGS("git", "pack-objects", "--revs"));
	key_of(b[1], &here, "x\n", ARGS("git", "pack-objects", "--rev", "s"));
	key_of(b[2], &here, "x\n",
	    ARGS("git", "pack-objects", "--revs", "--thin"));
	key_of(b[3], &here, "x\n",
	    ARGS("git", "--shallow-file", "", "pack-objects", "--revs"));
	p.ino = 3;
	key_of(b[4], &p, "x\n", ARGS("git", "pack-objects", "--revs"));
	p = here;
	p.dev = 9;
	key_of(b[5], &p, "x\n", ARGS("git", "pack-objects", "--revs"));
	/* What is an argument here is a revision there. */
	key_of(b[6], &here, "", ARGS("git", "pack-objects", "--revs", "x\n"));
	key_of(b[7], &here, "x\n",
	    ARGS("git", "pack-objects", "--revs", "--filter=blob:none"));
	for (int i = 0; i < 8; i++) {
		assert_string_not_equal(a, b[i]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(b[k], b[i]);
	}
}

static void
of_the_environment_only_what_git_reads_counts(void **state)
{
	const char *const one[] = { "GIT_CONFIG_COUNT=1",
		"GIT_PROTOCOL=version=2", "COFFER_PACKS=/a", "PATH=/bin",
		NULL };
	const char *const two[] = { "GIT_CONFIG_COUNT=1", "COFFER_PACKS=/b",
		NULL };
	const char *const other[] = { "GIT_CONFIG_COUNT=2", NULL };
	const char *const space[] = { "GIT_CONFIG_COUNT=1",
		"GIT_NAMESPACE=upstream", NULL };
	struct request_place p = here;
	char a[ENTRY_KEY_HEX + 1], b[ENTRY_KEY_HEX + 1];

	(void)state;
	p.env = one;
	key_of(a, &p, "x\n", ARGS("git", "pack-objects"));
	p.env = two;
	key_of(b, &p, "x\n", ARGS("git", "pack-objects"));
	assert_string_equal(a, b);
	p.env = other;
	key_of(b, &p, "x\n", ARGS("git", "pack-objects"));
	assert_string_not_equal(a, b);
	p.env = space;
	key_of(b, &p, "x\n", ARGS("git", "pack-objects"));
	assert_string_not_equal(a, b);
}

static void
tags_count_where_they_are_included(void **state)
{
	struct request_place p = here;
	char a[ENTRY_KEY_HEX + 1], b[ENTRY_KEY_HEX + 1];

	(void)state;
	p.tags[3]++;
	key_of(a, &here, "x\n", ARGS("git", "pack-objects"));
	key_of(b, &p, "x\n", ARGS("git", "pack-objects"));
	assert_string_equal(a, b);
	key_of(a, &here, "x\n", ARGS("git", "pack-objects", "--include-tag"));
	key_of(b, &p, "x\n", ARGS("git", "pack-objects", "--include-tag"));
	assert_string_not_equal(a, b);
}

static void
crc_is_the_one_of_the_rfc(void **state)
{
	uint8_t b[1000];

	(void)state;
	assert_int_equal(crc_add(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc_add_soft(0, "123456789", 9), 0xe3069283);
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(b); i += 37) {
		uint32_t whole = crc_add_soft(0, b, sizeof(b));

		assert_int_equal(
		    crc_add(crc_add(0, b, i), b + i, sizeof(b) - i), whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_requests_have_one_key),
		cmocka_unit_test(progress_is_not_in_the_key),
		cmocka_unit_test(every_part_changes_the_key),
		cmocka_unit_test(of_the_environment_only_what_git_reads_counts),
		cmocka_unit_test(tags_count_where_they_are_included),
		cmocka_unit_test(crc_is_the_one_of_the_rfc),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
