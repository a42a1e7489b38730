#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/session.h"
#include "agentd/sandbox/shim.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static const struct sandbox_host host = { .home = "/srv/coffer",
	.inst = "beef",
	.gateway = "10.214.0.1",
	.range = "10.214.0.0" };
static const char *const argv_ls[] = { "/bin/ls", "-l", "a b", NULL };

static struct sandbox_spec
spec(void)
{
	return (struct sandbox_spec){ .id = "coffer-beef-run-7-agent",
		.argv = argv_ls,
		.uid_base = host_project_uid_base(7) };
}

static struct json *
config_of(const struct sandbox_spec *s)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j;

	bundle_config(&host, s, &text);
	assert_true(str_ok(&text));
	j = json_parse(str_view(&text), 0, &e);
	if (j == NULL)
		fail_msg("%s", e.msg);
	return j;
}

static const struct json *
at(const struct json *j, const char *a, const char *b)
{
	const struct json *x = json_get(json_get(j, a), b);

	assert_non_null(x);
	return x;
}

static void
every_capability_set_is_empty_and_privileges_stay(void **state)
{
	static const char *const sets[] = { "bounding", "effective",
		"inheritable", "permitted", "ambient" };
	const struct sandbox_spec s = spec();
	struct json *j = config_of(&s);
	const struct json *caps = at(j, "process", "capabilities");

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_true(json_is_array(json_get(caps, sets[i])));
		assert_int_equal(json_count(json_get(caps, sets[i])), 0);
	}
	assert_true(
	    json_bool_or(json_get(j, "process"), "noNewPrivileges", false));
	assert_int_equal(
	    json_i64_or(at(j, "process", "user"), "uid", -1), 1000);
	assert_true(json_bool_or(json_get(j, "root"), "readonly", false));
	assert_int_equal(json_count(at(j, "process", "args")), 3);
	json_free(j);
}

static void
a_user_namespace_is_always_there_and_never_maps_the_host(void **state)
{
	const struct sandbox_spec s = spec();
	struct json *j = config_of(&s);
	const struct json *list = at(j, "linux", "namespaces");
	const struct json *map = at(j, "linux", "uidMappings");
	unsigned seen = 0;

	(void)state;
	for (const struct json *n = json_first(list); n != NULL;
	     n = json_next(n)) {
		const char *t = json_str_or(n, "type", "");

		seen |= strcmp(t, "user") == 0;
		seen |= (unsigned)(strcmp(t, "pid") == 0) << 1;
		seen |= (unsigned)(strcmp(t, "mount") == 0) << 2;
		seen |= (unsigned)(strcmp(t, "network") == 0) << 3;
		seen |= (unsigned)(strcmp(t, "ipc") == 0) << 4;
		seen |= (unsigned)(strcmp(t, "uts") == 0) << 5;
		seen |= (unsigned)(strcmp(t, "cgroup") == 0) << 6;
		assert_null(json_get(n, "path"));
	}
	assert_int_equal(seen, 0x7f);
	assert_int_equal(json_count(map), 1);
	assert_int_equal(json_i64_or(json_at(map, 0), "hostID", 0), 658752);
	assert_int_equal(json_i64_or(json_at(map, 0), "containerID", -1), 0);
	json_free(j);
}

static void
a_network_to_join_is_the_shim_s_to_enter(void **state)
{
	struct sandbox_spec s = spec();
	AUTO_STR struct str conf = STR_INIT;
	struct json *j;
	const struct json *list;

	(void)state;
	s.net = SPEC_NET_JOIN;
	s.netns = "coffer-beef-p7";
	j = config_of(&s);
	list = at(j, "linux", "namespaces");
	for (const struct json *n = json_first(list); n != NULL;
	     n = json_next(n))
		assert_string_not_equal(json_str_or(n, "type", ""), "network");
	json_free(j);
	shim_config(&host, &s, &conf);
	assert_non_null(
	    strstr(str_cstr(&conf), "\"netns\":\"coffer-beef-p7\""));
	str_reset(&conf);
	s.net = SPEC_NET_OFF;
	shim_config(&host, &s, &conf);
	assert_non_null(strstr(str_cstr(&conf), "\"netns\":null"));
}

static void
mounts_are_nosuid_nodev_and_never_from_a_path_that_can_change(void **state)
{
	const struct spec_mount m[] = { { .source = "/srv/coffer/runs/7/tree",
					    .target = "/work",
					    .ro = true },
		{ .source = "/srv/coffer/runs/7/home",
		    .target = "/home/agent",
		    .ro = false } };
	struct sandbox_spec s = spec();
	struct json *j;
	const struct json *list;
	int binds = 0;
	int homes = 0;

	(void)state;
	s.mounts = m;
	s.n_mounts = 2;
	j = config_of(&s);
	list = json_get(j, "mounts");
	for (const struct json *n = json_first(list); n != NULL;
	     n = json_next(n)) {
		const struct json *o = json_get(n, "options");
		const char *to = json_str_or(n, "destination", "");
		unsigned flags = 0;

		for (const struct json *x = json_first(o); x != NULL;
		     x = json_next(x)) {
			flags |= strcmp(json_string(x), "nosuid") == 0;
			flags |= (unsigned)(strcmp(json_string(x), "nodev") ==
				     0)
			    << 1;
			flags |= (unsigned)(strcmp(json_string(x), "ro") == 0)
			    << 2;
		}
		assert_true((flags & 1) != 0);
		/* Only /dev and /dev/pts may hold devices. */
		assert_true((flags & 2) != 0 || strncmp(to, "/dev", 4) == 0);
		homes += strcmp(to, "/home/agent") == 0;
		if (strncmp(json_str_or(n, "source", ""), "source/", 7) != 0)
			continue;
		binds++;
		assert_int_equal((flags & 4) != 0, strcmp(to, "/work") == 0);
	}
	assert_int_equal(binds, 2);
	assert_int_equal(homes, 1);
	json_free(j);
}

static void
limits_reach_the_cgroup_and_swap_is_none(void **state)
{
	struct sandbox_spec s = spec();
	struct json *j;
	const struct json *r;

	(void)state;
	s.limits = (struct spec_limits){
		.memory = 64 << 20, .cpu_milli = 500, .pids = 33
	};
	j = config_of(&s);
	r = at(j, "linux", "resources");
	assert_int_equal(
	    json_i64_or(json_get(r, "memory"), "limit", 0), 64 << 20);
	assert_int_equal(
	    json_i64_or(json_get(r, "memory"), "swap", 0), 64 << 20);
	assert_int_equal(json_i64_or(json_get(r, "cpu"), "quota", 0), 50000);
	assert_int_equal(json_i64_or(json_get(r, "pids"), "limit", 0), 33);
	assert_string_equal(
	    json_str_or(json_get(j, "linux"), "cgroupsPath", ""),
	    "/coffer-beef/coffer-beef-run-7-agent");
	json_free(j);
}

static void
the_filter_denies_by_default_and_lists_nothing_dangerous(void **state)
{
	static const char *const never[] = { "mount", "umount2", "unshare",
		"setns", "pivot_root", "bpf", "perf_event_open", "keyctl",
		"add_key", "request_key", "userfaultfd", "io_uring_setup",
		"io_uring_enter", "memfd_secret", "kexec_load", "init_module",
		"finit_module", "open_by_handle_at", "fsopen", "move_mount",
		"open_tree", "mount_setattr", "reboot", "syslog", "swapon",
		"quotactl", "process_vm_readv", "process_vm_writev", "kcmp",
		"modify_ldt", "iopl", "acct", "chroot", "settimeofday",
		"clock_settime", "sethostname", NULL };
	const struct sandbox_spec s = spec();
	struct json *j = config_of(&s);
	const struct json *f = at(j, "linux", "seccomp");
	const struct json *rules = json_get(f, "syscalls");

	(void)state;
	assert_string_equal(
	    json_str_or(f, "defaultAction", ""), "SCMP_ACT_ERRNO");
	for (const struct json *r = json_first(rules); r != NULL;
	     r = json_next(r)) {
		const struct json *names = json_get(r, "names");

		for (const struct json *n = json_first(names); n != NULL;
		     n = json_next(n)) {
			for (size_t i = 0; never[i] != NULL; i++)
				assert_string_not_equal(
				    json_string(n), never[i]);
		}
	}
	json_free(j);
}

static void
an_exit_is_read_as_it_was_written(void **state)
{
	const struct shim_exit x = { .exit_code = -1,
		.signal = 9,
		.timed_out = true,
		.oom = true,
		.stopped = true,
		.started_at = 1000,
		.ended_at = 2000,
		.bytes = 5000000000,
		.dropped = 4,
		.error = "runc: \"x\"\n" };
	struct shim_exit y;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	shim_exit_write(&x, &text);
	assert_int_equal(shim_exit_parse(str_view(&text), &y, &e), 0);
	assert_int_equal(y.exit_code, -1);
	assert_int_equal(y.signal, 9);
	assert_true(y.timed_out && y.oom && y.stopped && !y.lost);
	assert_int_equal(y.bytes, 5000000000);
	assert_int_equal(y.dropped, 4);
	assert_int_equal(y.ended_at - y.started_at, 1000);
	assert_string_equal(y.error, x.error);
}

static void
a_broken_exit_is_refused(void **state)
{
	static const char *const rows[] = { "", "{}", "[]", "{\"exit_code\":1",
		"{\"exit_code\":256}", "{\"exit_code\":\"0\"}",
		"{\"exit_code\":0,\"signal\":-1}",
		"{\"exit_code\":0,\"bytes\":-1}",
		"{\"exit_code\":0,\"oom\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shim_exit x;
		struct err e = ERR_INIT;

		assert_int_equal(shim_exit_parse(view_of(rows[i]), &x, &e), -1);
		assert_int_not_equal(e.code, ERR_NONE);
	}
}

static void
a_desired_state_is_read_as_it_was_written(void **state)
{
	const struct sandbox_project p = { .id = 7,
		.name = "o/p",
		.mode = "none",
		.gitconfig = "[user]\n",
		.disk_mib = 100,
		.limits = { .memory = 1 << 30, .pids = 99 } };
	struct session s = { .wanted = true };
	struct session t = { .wanted = false };
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	session_set(&s, &p);
	s.wanted = true;
	session_write(&s, &text);
	assert_int_equal(session_parse(str_view(&text), &t, &e), 0);
	assert_true(t.wanted);
	assert_int_equal(t.p.id, 7);
	assert_string_equal(t.p.name, "o/p");
	assert_string_equal(t.p.mode, "none");
	assert_string_equal(t.p.gitconfig, "[user]\n");
	assert_int_equal(t.p.disk_mib, 100);
	assert_int_equal(t.p.limits.memory, 1 << 30);
	assert_int_equal(t.p.limits.pids, 99);
	session_release(&s);
	session_release(&t);
	assert_int_equal(session_parse(view_of("{\"id\":7}"), &t, &e), -1);
	assert_int_equal(session_parse(view_of("{}"), &t, &e), -1);
	assert_int_equal(session_parse(view_of("x"), &t, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_capability_set_is_empty_and_privileges_stay),
		cmocka_unit_test(
		    a_user_namespace_is_always_there_and_never_maps_the_host),
		cmocka_unit_test(a_network_to_join_is_the_shim_s_to_enter),
		cmocka_unit_test(
		    mounts_are_nosuid_nodev_and_never_from_a_path_that_can_change),
		cmocka_unit_test(limits_reach_the_cgroup_and_swap_is_none),
		cmocka_unit_test(
		    the_filter_denies_by_default_and_lists_nothing_dangerous),
		cmocka_unit_test(an_exit_is_read_as_it_was_written),
		cmocka_unit_test(a_broken_exit_is_refused),
		cmocka_unit_test(a_desired_state_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
