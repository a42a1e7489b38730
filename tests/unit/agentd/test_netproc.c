#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agentd/sandbox/host.h"
#include "agentd/watch/netproc.h"

static const char table[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode\n"
    "   0: 0801D60A:A3E4 05710BCB:0016 06 00000000:00000000 03:00001732 "
    "00000000     0        0 0 3 0000000000000000\n"
    "   1: 0801D60A:A3E4 05710BCB:0016 01 00000000:00000000 00:00000000 "
    "00000000  1000        0 48151 1 0000000000000000 20 4 24 10 -1\n"
    "   2: 0000000000000000FFFF00000801D60A:B001 "
    "0000000000000000FFFF000005710BCB:01BB 01 00000000:00000000 00:00000000 "
    "00000000  1000        0 48152 1 0000000000000000 20 4 24 10 -1\n";

static void
a_port_has_the_inode_of_its_socket(void **state)
{
	struct view v = VIEW_LIT(table);

	(void)state;
	assert_int_equal(netproc_inode(v, 0xa3e4, 0), 48151);
	assert_int_equal(netproc_inode(v, 0xb001, 0), 48152);
	assert_int_equal(netproc_inode(v, 22, 0), 0);
	/* Any piece of it is read without a fault. */
	for (size_t n = 0; n < v.len; n++)
		(void)netproc_inode((struct view){ table, n }, 0xb001, 0);
	assert_int_equal(netproc_inode(VIEW_LIT(""), 22, 0), 0);
	assert_int_equal(
	    netproc_inode(VIEW_LIT("\nx\n:\n 0: :16\n"), 22, 0), 0);
}

static void
an_address_has_the_inode_of_who_is_connected(void **state)
{
	struct view v = VIEW_LIT(table);

	(void)state;
	assert_int_equal(netproc_inode(v, 0, 0x05710bcb), 48151);
	assert_int_equal(netproc_inode(v, 0, 0x05710bcc), 0);
	for (size_t n = 0; n < v.len; n++)
		(void)netproc_inode((struct view){ table, n }, 0, 0x05710bcb);
	assert_int_equal(
	    netproc_inode(VIEW_LIT("\nx\n:\n 0: : 5:16\n"), 0, 5), 0);
}

/* A program calls itself what it likes. */
static void
a_name_forges_nothing(void **state)
{
	static const struct {
		const char *text, *name;
		int parent;
	} rows[] = {
		{ "7 (perl) S 5 7 7 0 -1", "perl", 5 },
		{ "7 (a\n\"},{\"count\":9) R 5 7", "a?\"},{\"count\":9", 5 },
		{ "7 (b\033[2J\033]0;t\a\r) S 5 7", "b?[2J?]0;t??", 5 },
		{ "7 (c\xff\xfe\xc3(\x9b) S 5 7",
		    "c??"
		    "?(?",
		    5 },
		{ "7 (\xe2\x80\xaexx\x7f) S 5 7", "???xx?", 5 },
		{ "7 (x < sshd < init) S 5 7", "x ? sshd ? init", 5 },
		{ "7 (x) S 1 () S 5 7", "x) S 1 (", 5 },
		{ "7 (longer than any is) S 5 7", "longer than any ", 5 },
		{ "7 () S 5 7", "", 5 },
		{ "7 )x( S 5", "", 0 },
		{ "7 (x)", "", 0 },
		{ "7 (x) S", "", 0 },
		{ "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);
		char name[NETPROC_COMM_MAX + 1];

		assert_int_equal(
		    netproc_stat_read(
			(struct view){ .p = rows[i].text, .len = len }, name),
		    rows[i].parent);
		assert_string_equal(name, rows[i].name);
		for (size_t n = 0; n < len; n++)
			(void)netproc_stat_read(
			    (struct view){ rows[i].text, n }, name);
	}
}

static void
what_is_not_there_has_no_name(void **state)
{
	const struct sandbox_host h = { .inst = "zzzz",
		.home = "/nonexistent" };
	struct netproc *p = netproc_new(&h);

	(void)state;
	for (int i = 0; i < NETPROC_MAX + 5; i++)
		netproc_add(p, i, 4000, "203.0.113.5");
	assert_false(netproc_step(p));
	assert_string_equal(netproc_name(p, 0), "");
	assert_string_equal(netproc_name(p, NETPROC_MAX + 4), "");
	netproc_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_has_the_inode_of_its_socket),
		cmocka_unit_test(an_address_has_the_inode_of_who_is_connected),
		cmocka_unit_test(a_name_forges_nothing),
		cmocka_unit_test(what_is_not_there_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
