#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/view.h"

struct demo {
	char *listen;
	char *name;
	uint64_t limit;
	int64_t wait_ms;
	uint64_t size;
	bool open;
};

static const struct conf_key demo_keys[] = {
	{ "listen", CONF_STR, offsetof(struct demo, listen), "127.0.0.1:3000",
	    0, 0, NULL },
	{ "name", CONF_STR, offsetof(struct demo, name), NULL, 0, 0, NULL },
	{ "limit", CONF_U64, offsetof(struct demo, limit), "7", 1, 9, NULL },
	{ "wait", CONF_MS, offsetof(struct demo, wait_ms), "30s", 0, 0, NULL },
	{ "size", CONF_SIZE, offsetof(struct demo, size), "10M", 0, 0, NULL },
	{ "open", CONF_BOOL, offsetof(struct demo, open), "yes", 0, 0, NULL },
	{ NULL, CONF_STR, 0, NULL, 0, 0, NULL },
};

static const char *const demo_known[] = { "agent", "router", NULL };

static const struct conf_spec demo_spec = {
	.section = "server",
	.keys = demo_keys,
	.known = demo_known,
};

static int
parse(const char *text, struct demo *d, struct err *e)
{
	memset(d, 0x5a, sizeof(*d));
	return conf_parse("demo.conf", text, strlen(text), &demo_spec, d, e);
}

static void
conf_sets_defaults_over_garbage(void **state)
{
	struct err e = ERR_INIT;
	struct demo d;

	(void)state;
	assert_int_equal(parse("", &d, &e), 0);
	assert_string_equal(d.listen, "127.0.0.1:3000");
	assert_null(d.name);
	assert_int_equal(d.limit, 7);
	assert_int_equal(d.wait_ms, 30000);
	assert_int_equal(d.size, 10 << 20);
	assert_true(d.open);
	conf_release(&demo_spec, &d);
	assert_null(d.listen);
}

static void
conf_reads_its_section_and_skips_known_ones(void **state)
{
	struct err e = ERR_INIT;
	struct demo d;

	(void)state;
	assert_int_equal(parse("# top\n\n[agent]\nanything = 1\n[server]\r\n"
			       "  listen =  [::1]:80 \n"
			       "name=a = b # not a comment\n"
			       "[router]\nlimit = x\n[server]\nlimit = 9\n"
			       "open = off\nwait = 2h",
			     &d, &e),
	    0);
	assert_string_equal(d.listen, "[::1]:80");
	assert_string_equal(d.name, "a = b # not a comment");
	assert_int_equal(d.limit, 9);
	assert_int_equal(d.wait_ms, 7200000);
	assert_false(d.open);
	conf_release(&demo_spec, &d);
}

static void
conf_errors_name_the_exact_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "[server]\n\nlimt = 1\n",
		    "demo.conf:3: unknown key limt in [server]" },
		{ "[server]\nlimit = 1\n#\nlimit = 2\n",
		    "demo.conf:4: key limit is set a second time" },
		{ "[server]\nlimit = 1\n[agent]\nx = y\n[server]\nlimit = 1\n",
		    "demo.conf:6: key limit is set a second time" },
		{ "[server]\nlimit = 10\n",
		    "demo.conf:2: key limit: 10 is not in the range 1 to 9" },
		{ "[server]\nopen = maybe\n",
		    "demo.conf:2: key open: maybe is not yes or no" },
		{ "\n[sever]\n", "demo.conf:2: unknown section [sever]" },
		{ "[server\n", "demo.conf:1: section is not [name]" },
		{ "listen = x\n",
		    "demo.conf:1: key before the first section; "
		    "write [server] above it" },
		{ "[server]\nlisten\n",
		    "demo.conf:2: line is not key = value" },
		{ "[agent]\nnonsense\n",
		    "demo.conf:2: line is not key = value" },
		{ "[server]\nname = a\x01"
		  "b\n",
		    "demo.conf:2: control byte or malformed UTF-8" },
		{ "[server]\nname = \xff\n",
		    "demo.conf:2: control byte or malformed UTF-8" },
	};
	struct demo d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(parse(rows[i].text, &d, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
		assert_string_equal(e.msg, rows[i].want);
		assert_null(d.listen);
	}
}

static void
conf_refuses_a_very_long_line(void **state)
{
	static char text[6000];
	const struct view head = VIEW_LIT("[server]\nname = ");
	struct err e = ERR_INIT;
	struct demo d;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	for (size_t i = 0; i < head.len; i++)
		text[i] = head.p[i];
	assert_int_equal(parse(text, &d, &e), -1);
	assert_string_equal(e.msg, "demo.conf:2: line is over 4096 bytes");
}

static void
conf_load_takes_a_missing_file_as_empty(void **state)
{
	char dir[] = "/tmp/test-conf-XXXXXX";
	struct err e = ERR_INIT;
	struct demo d;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(conf_load("x.conf", &demo_spec, &d, &e), 0);
	assert_int_equal(d.limit, 7);
	conf_release(&demo_spec, &d);
	assert_int_equal(
	    path_write_atomic("x.conf", "[server]\nlimit=2\nx=1", 20, 0600, &e),
	    0);
	assert_int_equal(conf_load("x.conf", &demo_spec, &d, &e), -1);
	assert_string_equal(e.msg, "x.conf:3: unknown key x in [server]");
	assert_int_equal(conf_load(".", &demo_spec, &d, &e), -1);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(path_rmtree(dir, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_sets_defaults_over_garbage),
		cmocka_unit_test(conf_reads_its_section_and_skips_known_ones),
		cmocka_unit_test(conf_errors_name_the_exact_line),
		cmocka_unit_test(conf_refuses_a_very_long_line),
		cmocka_unit_test(conf_load_takes_a_missing_file_as_empty),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
