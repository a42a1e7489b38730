#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"
#include "lib/base/err.h"

#define HOME "/srv/coffer"

static const char *const true_argv[] = { "/bin/true", NULL };

static struct sandbox_spec
good(void)
{
	return (struct sandbox_spec){ .id = "coffer-beef-run-7-agent",
		.argv = true_argv,
		.uid_base = host_project_uid_base(7) };
}

static void
a_plain_spec_is_fine(void **state)
{
	struct sandbox_spec s = good();
	const struct spec_mount m[] = { { .source = HOME "/runs/7/tree",
					    .target = "/work",
					    .ro = true },
		{ .source = HOME "/runs/7/out",
		    .target = "/work/out",
		    .ro = false },
		{ .source = HOME "/agents",
		    .target = "/opt/coffer/agents",
		    .ro = true },
		{ .source = "/usr/share/perl5",
		    .target = "/opt/perl5",
		    .ro = true } };
	const struct spec_pair env[] = { { "A_1", "x" }, { "_B", "" } };
	const struct spec_file files[] = { { "/etc/gitconfig", "" } };
	struct err e = ERR_INIT;

	(void)state;
	s.mounts = m;
	s.n_mounts = 4;
	s.env = env;
	s.n_env = 2;
	s.files = files;
	s.n_files = 1;
	s.net = SPEC_NET_JOIN;
	s.netns = "coffer-beef-p7";
	s.cwd = "/work";
	s.stdin_path = HOME "/runs/7/prompt";
	s.root = HOME "/images/debian";
	if (spec_validate(&s, HOME, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
dangerous_mount_sources_are_refused_with_a_reason(void **state)
{
	static const char *const rows[][2] = {
		{ "/", "outside" },
		{ "/etc", "outside" },
		{ "/etc/shadow", "outside" },
		{ "/proc", "outside" },
		{ "/sys/fs/cgroup", "outside" },
		{ "/dev", "outside" },
		{ "/dev/kvm", "outside" },
		{ "/root/.ssh", "outside" },
		{ "/home/me/project", "outside" },
		{ "/srv/coffer-other/x", "outside" },
		{ "/usrlocal", "outside" },
		{ "/var/run/docker.sock", "socket" },
		{ "/run/docker.sock", "socket" },
		{ "/run/containerd/containerd.sock", "socket" },
		{ HOME "/run/agentd.sock", "socket" },
		{ HOME, "whole home" },
		{ HOME "/db", "private" },
		{ HOME "/db/coffer.db", "private" },
		{ HOME "/secrets/admin.token", "private" },
		{ HOME "/repos/1.git", "private" },
		{ HOME "/run/front", "private" },
		{ HOME "/agentd", "private" },
		{ HOME "/coffer.conf", "private" },
		{ HOME "/sandboxes/7", "private to agentd" },
		{ HOME "/sandboxes/7/state.json", "private to agentd" },
		{ HOME "/sandboxes/7/ws.img", "private to agentd" },
		{ HOME "/sandboxes/7/session", "private to agentd" },
		{ HOME "/sandboxes/7/wsx", "private to agentd" },
		{ HOME "/sandboxes", "more than one" },
		{ HOME "/runs", "more than one" },
		{ HOME "/runs/../db", ".." },
		{ HOME "/runs/..", ".." },
		{ HOME "/./runs/1", ".." },
		{ HOME "//runs/1", "empty" },
		{ HOME "/runs/1/", "empty" },
		{ HOME "/runs/1\n", "control" },
		{ "runs/1", "absolute" },
		{ "", "absolute" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sandbox_spec s = good();
		const struct spec_mount m = {
			.source = rows[i][0], .target = "/work", .ro = true
		};
		struct err e = ERR_INIT;

		s.mounts = &m;
		s.n_mounts = 1;
		if (spec_validate(&s, HOME, &e) == 0)
			fail_msg("%s was taken", rows[i][0]);
		if (strstr(e.msg, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], e.msg);
	}
}

static void
what_is_shared_of_the_host_is_judged_row_by_row(void **state)
{
	static const struct {
		const char *path, *why; /* NULL: fine */
	} rows[] = {
		{ "/srv/data", NULL },
		{ "/home/me/data", NULL },
		{ "/opt/models", NULL },
		{ "/usr/share/dict", NULL },
		{ "/mnt/disk/set", NULL },
		{ "/", "whole host" },
		{ "/etc", "secrets" },
		{ "/etc/shadow", "secrets" },
		{ "/root", "secrets" },
		{ "/root/x", "secrets" },
		{ "/proc", "kernel" },
		{ "/proc/1/root", "kernel" },
		{ "/sys/fs/cgroup", "kernel" },
		{ "/dev", "devices" },
		{ "/dev/kvm", "devices" },
		{ "/dev/nvidia0", "devices" },
		{ "/boot", "host" },
		{ "/run", "sockets" },
		{ "/run/user/1000", "sockets" },
		{ "/var/run", "sockets" },
		{ "/var", "is in it" },
		{ "/var/lib", "is in it" },
		{ "/var/lib/docker/overlay2", "engine" },
		{ "/var/lib/containers", "engine" },
		{ "/var/lib/containerd", "engine" },
		{ "/var/lib/libvirt", "hypervisor" },
		{ "/var/spool/cron", "host" },
		{ "/var/backups", "secrets" },
		{ "/var/log", "host" },
		{ "/run/docker.sock", "socket" },
		{ "/srv/docker.sock", "socket" },
		{ "/srv/podman.sock", "socket" },
		{ "/home", "whole" },
		{ "/home/me", "person's home" },
		{ "/home/me/.ssh", "begins with a dot" },
		{ "/home/me/.aws/credentials", "begins with a dot" },
		{ "/home/me/.gnupg", "begins with a dot" },
		{ "/home/me/.docker/config.json", "begins with a dot" },
		{ "/home/me/.config", "begins with a dot" },
		{ "/home/me/../you", "begins with a dot" },
		{ "/home/me/./x", "begins with a dot" },
		{ "/tmp", "whole" },
		{ "/mnt", "whole" },
		{ HOME, "home of coffer" },
		{ HOME "/secrets", "home of coffer" },
		{ HOME "/sandboxes/7/ws", "home of coffer" },
		{ "/srv", "home of coffer" },
		{ "/srv//data", "empty" },
		{ "/srv/data/", "empty" },
		{ "/srv/data", "control" },
		{ "srv/data", "absolute" },
		{ "", "absolute" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sandbox_spec s = good();
		const struct spec_mount m = { .source = rows[i].path,
			.target = "/mnt/x",
			.ro = true,
			.share = true };
		struct err e = ERR_INIT;
		int r;

		s.mounts = &m;
		s.n_mounts = 1;
		r = spec_validate(&s, HOME, &e);
		if ((r == 0) != (rows[i].why == NULL))
			fail_msg("%s: %s", rows[i].path, e.msg);
		if (r == -1 && strstr(e.msg, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].path, e.msg);
	}
}

static void
nothing_is_shared_for_writing(void **state)
{
	struct sandbox_spec s = good();
	const struct spec_mount m = {
		.source = "/srv/data", .target = "/mnt/data", .share = true
	};
	struct err e = ERR_INIT;

	(void)state;
	s.mounts = &m;
	s.n_mounts = 1;
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
	assert_non_null(strstr(e.msg, "for writing"));
}

static void
a_shared_folder_holds_files_alone(void **state)
{
	char dir[] = "/tmp/coffer-share-XXXXXX";
	char fifo[64], sub[64];
	char target[64];
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(sub, sizeof(sub), "%s/sub", dir);
	(void)snprintf(fifo, sizeof(fifo), "%s/sub/pipe", dir);
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(spec_share_look(dir, &e), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(spec_share_look(dir, &e), -1);
	assert_non_null(strstr(e.msg, "pipe"));
	e = ERR_INIT;
	assert_int_equal(spec_share_look("/dev/null", &e), -1);
	assert_non_null(strstr(e.msg, "device"));
	spec_share_target("/srv/data", target, sizeof(target));
	assert_string_equal(target, "/mnt/data");
	(void)unlink(fifo);
	(void)rmdir(sub);
	(void)rmdir(dir);
}

static void
an_engine_inside_has_one_runtime(void **state)
{
	struct sandbox_spec s = good();
	struct err e = ERR_INIT;

	(void)state;
	s.docker = true;
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
	s.runtime = "runc";
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
	assert_non_null(strstr(e.msg, "sysbox-runc"));
	s.runtime = "sysbox-runc";
	assert_int_equal(spec_validate(&s, HOME, &e), 0);
	s.runtime = "../runc";
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
}

static void
a_writable_system_folder_is_refused(void **state)
{
	struct sandbox_spec s = good();
	const struct spec_mount m = {
		.source = "/usr/share", .target = "/opt/share", .ro = false
	};
	struct err e = ERR_INIT;

	(void)state;
	s.mounts = &m;
	s.n_mounts = 1;
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
}

static void
mount_targets_that_hide_the_system_are_refused(void **state)
{
	static const char *const rows[] = { "/", "/proc", "/proc/sys", "/sys",
		"/dev", "/dev/shm", "/usr", "/usr/bin", "/bin", "/lib64/x",
		"/etc", "/etc/passwd", "/run", "/tmp", "/home", "/var", "work",
		"/work/../etc", "/work//x", "/work/", "/work/.", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sandbox_spec s = good();
		const struct spec_mount m = {
			.source = HOME "/runs/1", .target = rows[i], .ro = true
		};
		struct err e = ERR_INIT;

		s.mounts = &m;
		s.n_mounts = 1;
		if (spec_validate(&s, HOME, &e) == 0)
			fail_msg("%s was taken", rows[i]);
	}
}

static void
a_target_that_is_there_twice_is_refused(void **state)
{
	struct sandbox_spec s = good();
	const struct spec_mount m[] = {
		{ .source = HOME "/runs/1", .target = "/work", .ro = true },
		{ .source = HOME "/runs/2", .target = "/work", .ro = true }
	};
	struct err e = ERR_INIT;

	(void)state;
	s.mounts = m;
	s.n_mounts = 2;
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
	assert_non_null(strstr(e.msg, "twice"));
	s.n_mounts = SPEC_MAX_MOUNTS + 1;
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void
bad_variables_are_refused(void **state)
{
	static const char *const names[] = { "", "a", "1A", "A-B", "A=B", "A B",
		"PATH\n", "LD_PRELOAD", "LD_LIBRARY_PATH", "\xc3\x84" };
	static char big[SPEC_MAX_ENV_BYTES + 2];
	struct spec_pair v = { "BIG", big };
	struct sandbox_spec s = good();
	struct err e = ERR_INIT;

	(void)state;
	s.env = &v;
	s.n_env = 1;
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(spec_validate(&s, HOME, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_null(strstr(e.msg, "xxx"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		v = (struct spec_pair){ names[i], "v" };
		if (spec_validate(&s, HOME, &e) == 0)
			fail_msg("%s was taken", names[i]);
	}
}

static void
refused(const struct sandbox_spec *s)
{
	struct err e = ERR_INIT;

	assert_int_equal(spec_validate(s, HOME, &e), -1);
	assert_int_not_equal(e.code, ERR_NONE);
}

static void
names_argv_files_and_limits_are_bounded(void **state)
{
	struct sandbox_spec s;

	(void)state;
#define REFUSED(field, value) (s = good(), s.field = (value), refused(&s))
	REFUSED(id, NULL);
	REFUSED(id, "x");
	REFUSED(id, "coffer-../x");
	REFUSED(id, "-coffer-1");
	REFUSED(hostname, "a_b");
	REFUSED(argv, NULL);
	REFUSED(cwd, "work");
	REFUSED(cwd, "/a/../b");
	REFUSED(stdin_path, "/etc/shadow");
	REFUSED(root, "/");
	REFUSED(root, "/srv");
	REFUSED(uid_base, 0);
	REFUSED(uid_base, 1000);
	REFUSED(uid_base, UINT32_MAX);
	REFUSED(limits.memory, 4096);
	REFUSED(limits.pids, 1);
	REFUSED(limits.cpu_milli, 1);
	REFUSED(limits.tmp, 1);
	REFUSED(limits.wall_ms, -1);
#undef REFUSED
}

static void
namespaces_and_files_are_of_a_project_and_of_etc(void **state)
{
	static const char *const paths[] = { "/etc/../x", "/etc/a/b/c",
		"/usr/x", "/root/.bashrc" };
	static const char *const netns[] = { NULL, "coffer-beef-router",
		"../1/ns/net", "coffer-" };
	struct err e = ERR_INIT;
	struct sandbox_spec s = good();

	(void)state;
	s.net = SPEC_NET_JOIN;
	for (size_t i = 0; i < 4; i++) {
		s.netns = netns[i];
		assert_int_equal(spec_validate(&s, HOME, &e), -1);
	}
	for (size_t i = 0; i < 4; i++) {
		const struct spec_file f = { paths[i], "" };

		s = good();
		s.files = &f;
		s.n_files = 1;
		assert_int_equal(spec_validate(&s, HOME, &e), -1);
	}
}

static void
names_and_addresses_fit_and_do_not_meet(void **state)
{
	const struct sandbox_host h = { .inst = "00af",
		.home = "/tmp",
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	char name[HOST_NAME_MAX];
	char dev[HOST_IF_MAX];
	char addr[HOST_ADDR_MAX];
	struct err e = ERR_INIT;

	(void)state;
	host_project_netns(&h, 7, name);
	assert_string_equal(name, "coffer-00af-p7");
	host_router_netns(&h, name);
	assert_string_equal(name, "coffer-00af-router");
	host_project_link(&h, HOST_MAX_PROJECT, dev);
	assert_string_equal(dev, "cf00afp65278");
	host_run_id(&h, 41, "agent", name);
	assert_string_equal(name, "coffer-00af-run-41-agent");
	host_job_id(&h, 41, "test", name);
	assert_string_equal(name, "coffer-00af-job-41-test");
	host_session_id(&h, 7, name);
	assert_string_equal(name, "coffer-00af-session-p7");
	assert_int_equal(host_project_address(&h, 7, addr, &e), 0);
	assert_string_equal(addr, "10.214.1.7");
	assert_int_equal(
	    host_project_address(&h, HOST_MAX_PROJECT, addr, &e), 0);
	assert_string_equal(addr, "10.214.255.254");
	assert_int_equal(
	    host_project_address(&h, HOST_MAX_PROJECT + 1, addr, &e), -1);
	assert_int_equal(host_project_address(&h, 0, addr, &e), -1);
	assert_int_equal(host_project_uid_base(0), 0);
	assert_int_equal(host_project_uid_base(1), 265536);
	assert_int_equal(host_job_uid_base(HOST_MAX_JOB_SLOT), 0);
	assert_int_equal(host_job_uid_base(-1), 0);
	assert_true(
	    host_job_uid_base(0) > host_project_uid_base(HOST_MAX_PROJECT));
	assert_true(host_job_uid_base(HOST_MAX_JOB_SLOT - 1) <
	    UINT32_MAX - HOST_UID_SPAN);
	assert_int_equal(host_check(&h, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_spec_is_fine),
		cmocka_unit_test(
		    dangerous_mount_sources_are_refused_with_a_reason),
		cmocka_unit_test(
		    what_is_shared_of_the_host_is_judged_row_by_row),
		cmocka_unit_test(nothing_is_shared_for_writing),
		cmocka_unit_test(a_shared_folder_holds_files_alone),
		cmocka_unit_test(an_engine_inside_has_one_runtime),
		cmocka_unit_test(a_writable_system_folder_is_refused),
		cmocka_unit_test(
		    mount_targets_that_hide_the_system_are_refused),
		cmocka_unit_test(a_target_that_is_there_twice_is_refused),
		cmocka_unit_test(bad_variables_are_refused),
		cmocka_unit_test(names_argv_files_and_limits_are_bounded),
		cmocka_unit_test(
		    namespaces_and_files_are_of_a_project_and_of_etc),
		cmocka_unit_test(names_and_addresses_fit_and_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
