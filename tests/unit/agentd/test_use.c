#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/sandbox/cgroup.h"
#include "agentd/watch/use_net.h"
#include "lib/base/view.h"

static void
a_field_of_a_cgroup_file_is_found_by_its_whole_name(void **state)
{
	const struct view v2 = view_of("usage_usec 12\nuser_usec 7\nusage 3\n");
	const struct view v1 = view_of(
	    "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");

	(void)state;
	assert_int_equal(cgroup_field(v2, "usage_usec"), 12);
	assert_int_equal(cgroup_field(v2, "usage"), 3);
	assert_int_equal(cgroup_field(v2, "user"), -1);
	assert_int_equal(cgroup_field(v1, "oom_kill"), 5);
	assert_int_equal(cgroup_field(view_of("max max\n"), "max"), -1);
	assert_int_equal(cgroup_field(view_of(""), "max"), -1);
	assert_int_equal(cgroup_field(view_of("max -3\n"), "max"), -1);
}

static void
what_is_not_there_is_not_known(void **state)
{
	struct cgroup_use use;

	(void)state;
	cgroup_read_use("coffer-none/such", &use);
	assert_int_equal(use.memory, -1);
	assert_int_equal(use.pids, -1);
	assert_int_equal(use.cpu_us, -1);
	assert_int_equal(use.ooms, -1);
}

static void
bytes_of_a_link_are_those_of_its_line(void **state)
{
	const struct view v = view_of(
	    "Inter-|   Receive                |  Transmit\n"
	    " face |bytes    packets errs\n"
	    "    lo:     100       1    0    0    0     0          0         0"
	    "      100       1    0    0    0     0       0          0\n"
	    "cf12abp70:  1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n"
	    "cf12abp7:  5000      12    0    0    0     0          0         0"
	    "  7000000       9    0    0    0     0       0          0\n");
	int64_t sent, received;

	(void)state;
	use_net_find(v, "cf12abp7", &sent, &received);
	assert_int_equal(sent, 5000);
	assert_int_equal(received, 7000000);
	use_net_find(v, "cf12abp", &sent, &received);
	assert_int_equal(sent, -1);
	assert_int_equal(received, -1);
	use_net_find(view_of(""), "cf12abp7", &sent, &received);
	assert_int_equal(sent, -1);
	use_net_find(view_of("cf12abp7: x"), "cf12abp7", &sent, &received);
	assert_int_equal(sent, -1);
	assert_int_equal(received, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_field_of_a_cgroup_file_is_found_by_its_whole_name),
		cmocka_unit_test(what_is_not_there_is_not_known),
		cmocka_unit_test(bytes_of_a_link_are_those_of_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
