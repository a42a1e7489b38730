#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>

#include <cmocka.h>

#include "agentd/sandbox/cgroup.h"
#include "lib/base/clock.h"
#include "tests/unit/agentd/sandbox_container.h"

static void
the_driver_is_there_and_usable(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	if (f->driver->probe(&f->host, &e) == -1)
		fail_msg("%s", e.msg);
	assert_ptr_equal(driver_find(NULL), &oci_driver);
	assert_ptr_equal(driver_find("oci"), &oci_driver);
	assert_ptr_equal(driver_find("engine"), &engine_driver);
	assert_null(driver_find("none"));
}

static void
a_command_runs_as_uid_1000_without_any_privilege(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = { "CapInh:\t0000000000000000",
		"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
		"CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000",
		"NoNewPrivs:\t1", "Seccomp:\t2" };
	struct sandbox_spec s = { .hostname = "box" };
	AUTO_FREE char *who = NULL;

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "a=$(id -u; id -g; hostname; cat /proc/self/status "
	    "/proc/self/uid_map; pwd); echo \"$a\"; echo err >&2; exit 7");
	assert_int_equal(f->exit.exit_code, 7);
	assert_int_equal(f->exit.signal, 0);
	assert_false(f->exit.oom);
	assert_string_equal(f->exit.error, "");
	assert_true(f->exit.ended_at >= f->exit.started_at);
	who = xasprintf("%u\n%u\nbox\n", fixture_uid(f, 1), fixture_uid(f, 1));
	/* An engine has two pipes: err may come first, but not between, for it
	 * is one write. */
	fixture_has(f, who);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fixture_has(f, lines[i]);
	/* The range of Docker's userns-remap is its own. */
	if (f->host.engine == NULL || engine_facts(f->host.engine)->podman)
		fixture_has(f, "265536      65536");
	fixture_has(f, "/home/agent");
	fixture_has(f, "err\n");
}

static void
a_command_that_is_not_there_is_an_error_with_a_reason(void **state)
{
	struct fixture *f = *state;
	const char *const argv[] = { "/no/such/program", NULL };
	struct sandbox_spec s = { .argv = argv };

	FIXTURE_NEEDS_ROOT(f);
	fixture_run_spec(f, &s);
	assert_int_equal(f->exit.exit_code, -1);
	assert_non_null(strstr(f->exit.error, "/no/such/program"));
}

static void
a_signal_is_told_and_with_init_a_zombie_is_reaped(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .init = true };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "p=$( (sleep 0 >/dev/null & echo $!) ); while [ -e /proc/$p ]; "
	    "do :; done; echo reaped; kill -9 $$");
	fixture_has(f, "reaped\n");
	assert_int_equal(f->exit.exit_code, 137);
}

static void
mount_and_namespaces_are_refused(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .cwd = NULL };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "mount -t tmpfs x /tmp && echo BAD; umount /tmp && echo BAD;"
	    "for n in user mount net pid ipc uts cgroup; do "
	    "unshare --$n true && echo BAD $n; done 2>&1;"
	    "nsenter -t 1 -m true && echo BAD;"
	    "perl -e 'print \"clone3 \", syscall(435, 0, 0) == -1 && "
	    "$!{ENOSYS} "
	    "? \"ok\" : \"BAD\", \"\\n\"'; exit 0");
	assert_null(strstr(str_cstr(&f->out), "BAD"));
	fixture_has(f, "clone3 ok");
}

static void
dangerous_calls_and_sockets_are_refused_and_plain_ones_work(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .cwd = NULL };

	FIXTURE_NEEDS_ROOT(f);
	/* vsock packet alg key rds bluetooth xdp tipc; generic netlink;
	 * io_uring userfaultfd keyctl bpf perf memfd_secret kexec fsopen
	 * open_tree setns pivot_root open_by_handle init_module kcmp. */
	(void)fixture_sh(f, &s,
	    "perl -e 'for my $d (40,17,38,15,21,31,44,30) {"
	    " socket(my $s, $d, 3, 0) and print \"BAD socket $d\\n\" }"
	    "socket(my $n, 16, 3, 16) and print \"BAD genl\\n\";"
	    "for my $c (425,323,250,248,321,298,447,246,430,428,308,155,304,"
	    "175,312) { my $r = syscall($c,0,0,0,0,0); $r == -1 && "
	    "($!{EPERM} || $!{ENOSYS}) or print \"BAD call $c $r $!\\n\" }"
	    "for my $d (1,2,10) { socket(my $s, $d, 1, 0) or print \"BAD no "
	    "$d $!\\n\" }"
	    "socket(my $r, 16, 3, 0) or print \"BAD rtnl $!\\n\";"
	    "syscall(444, 0, 0, 1) >= 1 or $!{EOPNOTSUPP} or $!{ENOSYS} or "
	    "print \"BAD landlock $!\\n\";"
	    "print \"end\\n\"' 2>&1");
	assert_string_equal(str_cstr(&f->out), "end\n");
}

static void
the_kernel_s_files_cannot_be_written_and_sys_is_empty(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .cwd = NULL };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "for p in sysrq-trigger sys/kernel/core_pattern sys/vm/drop_caches "
	    "sys/kernel/hostname irq/default_smp_affinity; do "
	    "(echo 1 >/proc/$p) 2>/dev/null && echo BAD $p; done;"
	    "test -s /proc/kallsyms && echo BAD; test -s /proc/keys && echo "
	    "BAD; head -c1 /proc/kcore 2>/dev/null | grep -q . && echo BAD;"
	    "find /sys ! -type d; ls /dev | grep -vE 'core|mqueue' | sort | tr "
	    "'\\n' ' '; echo;"
	    "mknod /tmp/d c 1 1 2>/dev/null && echo BAD mknod; echo end");
	assert_null(strstr(str_cstr(&f->out), "BAD"));
	assert_string_equal(str_cstr(&f->out),
	    "fd full null ptmx pts random shm stderr stdin stdout tty "
	    "urandom zero \nend\n");
}

static void
the_root_is_read_only_and_nothing_of_the_host_is_in_it(void **state)
{
	struct fixture *f = *state;
	const struct spec_file files[] = { { "/etc/gitconfig",
	    "[user]\n\tname = agent\n" } };
	const struct spec_pair env[] = { { "TOKEN", "s3cret" },
		{ "LANG", "C" } };
	struct sandbox_spec s = {
		.files = files, .n_files = 1, .env = env, .n_env = 2
	};

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "for p in / /etc /usr /usr/bin /bin /var /home /opt /root; do "
	    "touch $p/x 2>/dev/null && echo BAD $p; done;"
	    "for p in /tmp /var/tmp /home/agent /dev/shm; do touch $p/x || "
	    "echo "
	    "BAD $p; done;"
	    "test -e /etc/shadow && echo BAD; test -e /var/run/docker.sock && "
	    "echo BAD;"
	    "cat /etc/gitconfig /etc/hosts; echo $TOKEN $LANG; cat "
	    "/etc/resolv.conf; git config user.name");
	assert_string_equal(str_cstr(&f->out),
	    "[user]\n\tname = agent\n127.0.0.1 localhost sandbox\n"
	    "s3cret C\nagent\n");
}

/* A folder of the home for mounts, owned by the sandbox's uid. */
static char *
make_tree(struct fixture *f, const char *name)
{
	char *dir = xasprintf("%s/runs/%s", f->home, name);
	uint32_t uid = host_project_uid_base(1) + HOST_AGENT_UID;
	struct err e = ERR_INIT;

	assert_int_equal(path_mkdirs(dir, 0755, &e), 0);
	assert_int_equal(chown(dir, uid, uid), 0);
	return dir;
}

static void
a_read_only_mount_refuses_writes_and_setuid_is_ignored(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *ro = NULL;
	AUTO_FREE char *rw = NULL;
	AUTO_FREE char *id = NULL;
	const char *cp[] = { "/usr/bin/install", "-m", "6755", "/usr/bin/id",
		NULL, NULL };

	FIXTURE_NEEDS_ROOT(f);
	ro = make_tree(f, "ro");
	rw = make_tree(f, "rw");
	id = path_join(rw, "id");
	cp[4] = id;
	fixture_program(f, cp);
	{
		const struct spec_mount mounts[] = {
			{ .source = ro, .target = "/work/tree", .ro = true },
			{ .source = rw, .target = "/work/out", .ro = false }
		};
		struct sandbox_spec s = {
			.mounts = mounts, .n_mounts = 2, .cwd = "/work/out"
		};

		(void)fixture_sh(f, &s,
		    "touch /work/tree/x 2>/dev/null && echo BAD; "
		    "mkdir /work/tree/d 2>/dev/null && echo BAD; "
		    "/work/out/id -u; su -c id root </dev/null 2>/dev/null && "
		    "echo BAD; echo hello >here; pwd");
	}
	{
		AUTO_FREE char *want = xasprintf(
		    "%u\n/work/out\n", fixture_uid(f, 1));

		assert_string_equal(str_cstr(&f->out), want);
	}
	{
		AUTO_FREE char *here = path_join(rw, "here");
		AUTO_STR struct str text = STR_INIT;
		struct err e = ERR_INIT;

		assert_int_equal(path_read(here, 64, &text, &e), 0);
		assert_string_equal(str_cstr(&text), "hello\n");
	}
}

static void
a_link_in_place_of_a_mount_source_is_refused(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *tree = NULL;
	AUTO_FREE char *link = NULL;

	FIXTURE_NEEDS_ROOT(f);
	tree = make_tree(f, "outer");
	link = path_join(tree, "tree");
	assert_int_equal(symlink("/etc", link), 0);
	{
		const struct spec_mount mounts[] = {
			{ .source = link, .target = "/work/t", .ro = true }
		};
		const char *const argv[] = { "/bin/true", NULL };
		struct sandbox_spec s = { .id = "coffer-test-link",
			.mounts = mounts,
			.n_mounts = 1,
			.argv = argv,
			.uid_base = host_project_uid_base(1) };

		dir = fixture_dir(f);
		f->driver->start(&f->host, &s, dir, fixture_on_done, f);
		assert_int_equal(fixture_wait(f), -1);
		assert_non_null(strstr(f->e.msg, "symbolic link"));
	}
}

static void
a_file_is_standard_input_and_stderr_can_be_apart(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *in = NULL;
	struct err e = ERR_INIT;
	struct sandbox_spec s = { .split_stderr = true };

	FIXTURE_NEEDS_ROOT(f);
	dir = make_tree(f, "in");
	in = path_join(dir, "prompt");
	assert_int_equal(path_write_atomic(in, "do it\n", 6, 0600, &e), 0);
	s.stdin_path = in;
	(void)fixture_sh(f, &s, "cat; echo no >&2; echo out >/dev/stdout");
	assert_string_equal(str_cstr(&f->out), "do it\nout\n");
}

static void
too_many_processes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .limits = { .pids = 20 } };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "perl -e 'my $n = 0; for (1..100) { my $p = fork(); "
	    "last unless defined $p; if (!$p) { sleep 30; exit } $n++ } "
	    "print $n < 20 && $n > 10 ? \"ok\" : \"BAD $n\"'");
	assert_string_equal(str_cstr(&f->out), "ok");
}

static void
too_much_memory_is_told_as_oom(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .limits = { .memory = 48 << 20 } };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s, "exec perl -e 'my $x = \"a\" x (200 << 20)'");
	assert_true(f->exit.oom);
	assert_int_equal(f->exit.signal, SIGKILL);
	assert_int_equal(f->exit.exit_code, -1);
}

static void
a_full_tmpfs_says_so(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .limits = { .tmp = 2 << 20 } };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "head -c 4194304 /dev/zero >/tmp/x; head -c 4194304 /dev/zero "
	    ">/home/agent/x; head -c 33554432 /dev/zero >/run/x; stat -c %s "
	    "/tmp/x");
	fixture_has(f, "No space left on device");
	fixture_has(f, "2097152");
}

static void
without_a_network_there_is_only_loopback(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .net = SPEC_NET_OFF };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; "
	    "tail -n +2 /proc/net/route; cat /proc/net/unix | grep -c docker");
	assert_string_equal(str_cstr(&f->out), "lo\n0\n");
}

static void
the_wall_clock_ends_it(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .limits = { .wall_ms = 300 } };
	int64_t t0;

	FIXTURE_NEEDS_ROOT(f);
	t0 = clock_mono_ms();
	(void)fixture_sh(f, &s, "echo begin; exec sleep 1000");
	assert_true(f->exit.timed_out);
	assert_int_equal(f->exit.signal, SIGKILL);
	assert_true(clock_mono_ms() - t0 < 9000);
	assert_string_equal(str_cstr(&f->out), "begin\n");
	/* One that listens may tidy up, once it does. */
	s.limits.wall_ms = 1500;
	(void)fixture_sh(
	    f, &s, "trap 'echo tidy; exit 4' TERM; sleep 1000 & wait");
	assert_true(f->exit.timed_out);
	assert_int_equal(f->exit.exit_code, 4);
	assert_string_equal(str_cstr(&f->out), "tidy\n");
}

static void
output_over_the_limit_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .limits = { .output = 1 << 20 } };

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s, "head -c 5242880 /dev/zero");
	assert_int_equal(f->exit.exit_code, 0);
	assert_int_equal(f->exit.bytes, 5 << 20);
	assert_int_equal(f->exit.dropped, 4 << 20);
	assert_int_equal(f->out.len, 1 << 20);
}

/* Start one that runs until it is stopped; id and dir are filled. */
static void
start_long(
    struct fixture *f, const char *script, char id[HOST_NAME_MAX], char **dir)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct sandbox_spec s = { .argv = argv,
		.uid_base = host_project_uid_base(1) };

	*dir = fixture_dir(f);
	host_run_id(&f->host, f->runs, "long", id);
	s.id = id;
	f->driver->start(&f->host, &s, *dir, fixture_on_done, f);
	fixture_ok(f);
}

static void
on_running(void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	loop_stop(f->host.loop);
}

static struct shim_watch *
wait_running(struct fixture *f, const char *dir)
{
	struct err e = ERR_INIT;
	struct shim_watch *w = shim_watch_open(f->host.loop,
	    &(struct shim_watch_spec){ .dir = dir,
		.on_running = on_running,
		.on_exit = fixture_on_exit,
		.arg = f },
	    &e);

	assert_non_null(w);
	f->done = false;
	fixture_loop(f);
	assert_true(f->done);
	return w;
}

/* Made to wait; `told` lets it go, else it is killed as it waits. */
static void
run_held(struct fixture *f, bool told)
{
	const char *const argv[] = { "/bin/sh", "-c", "echo ran; sleep 9",
		NULL };
	struct sandbox_spec s = { .argv = argv,
		.uid_base = host_project_uid_base(1),
		.hold = true,
		.limits.wall_ms = 300 };
	AUTO_FREE char *dir = fixture_dir(f);
	AUTO_FREE char *started = path_join(dir, "started");
	char id[HOST_NAME_MAX], state[16];
	struct err e = ERR_INIT;

	host_run_id(&f->host, f->runs, "held", id);
	s.id = id;
	f->driver->start(&f->host, &s, dir, fixture_on_done, f);
	fixture_ok(f);
	/* Longer than its wall clock, which counts from go on. */
	do {
		fixture_program(
		    f, (const char *const[]){ "/bin/sleep", "0.5", NULL });
		assert_int_equal(fixture_state(f, id, state), 0);
	} while (strcmp(state, "created") != 0);
	assert_int_not_equal(access(started, F_OK), 0);
	assert_int_equal(
	    told ? f->driver->go(dir, &e) : f->driver->kill(dir, true, &e), 0);
	fixture_follow(f, dir);
	fixture_destroy(f, id, dir);
}

static void
one_that_waits_runs_only_after_go(void **state)
{
	struct fixture *f = *state;

	FIXTURE_NEEDS_ROOT(f);
	run_held(f, true);
	fixture_has(f, "ran");
	assert_true(f->exit.timed_out);
	assert_true(f->exit.started_at != 0);
}

static void
one_that_waits_can_be_ended_without_a_trace(void **state)
{
	struct fixture *f = *state;

	FIXTURE_NEEDS_ROOT(f);
	run_held(f, false);
	assert_int_equal(f->out.len, 0);
	assert_true(f->exit.stopped);
	assert_int_equal(f->exit.started_at, 0);
}

static void
two_runs_do_not_see_each_other(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .cwd = NULL };
	AUTO_FREE char *dir = NULL;
	char id[HOST_NAME_MAX];
	char what[16];
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	start_long(f, "echo x >/tmp/mine; exec sleep 4321", id, &dir);
	shim_watch_close(wait_running(f, dir));
	assert_int_equal(fixture_state(f, id, what), 0);
	assert_string_equal(what, "running");
	(void)fixture_sh(f, &s,
	    "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '4321$'; "
	    "ls /tmp; ls -d /proc/[0-9]* | wc -l; ipcs -m | grep -c 0x; "
	    "kill -9 -1; true");
	assert_null(strstr(str_cstr(&f->out), "mine"));
	assert_int_equal(fixture_state(f, id, what), 0);
	assert_string_equal(what, "running");
	assert_int_equal(f->driver->kill(dir, true, &e), 0);
	fixture_follow(f, dir);
	assert_true(f->exit.stopped);
	assert_int_equal(f->exit.signal, SIGKILL);
	assert_false(shim_alive(dir));
	fixture_destroy(f, id, dir);
	assert_int_equal(fixture_state(f, id, what), -1);
}

static void
a_paused_one_is_frozen_and_can_still_be_stopped(void **state)
{
	struct fixture *f = *state;
	struct cgroup_use use;
	AUTO_FREE char *dir = NULL;
	char id[HOST_NAME_MAX];
	char what[16];
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	start_long(f, "exec sleep 1000", id, &dir);
	shim_watch_close(wait_running(f, dir));
	assert_int_equal(f->driver->use(&f->host, id, &use, &e), 0);
	assert_true(use.pids >= 1 && use.pids_max == 512);
	assert_true(use.memory > 0 && use.memory_max == 2ll << 30);
	f->driver->pause(&f->host, id, true, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(fixture_state(f, id, what), 0);
	assert_string_equal(what, "paused");
	f->driver->pause(&f->host, id, false, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(fixture_state(f, id, what), 0);
	assert_string_equal(what, "running");
	f->driver->pause(&f->host, id, true, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(f->driver->kill(dir, true, &e), 0);
	fixture_follow(f, dir);
	assert_int_equal(f->exit.signal, SIGKILL);
	fixture_destroy(f, id, dir);
	assert_int_equal(f->driver->use(&f->host, id, &use, &e), -1);
}

static void
on_started_die(const struct err *e, void *arg)
{
	(void)arg;
	_exit(e == NULL ? 0 : 1);
}

static void
the_shim_survives_its_parent_and_is_adopted(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *go = NULL;
	AUTO_FREE char *tree = NULL;
	char id[HOST_NAME_MAX];
	int status;
	pid_t pid;

	FIXTURE_NEEDS_ROOT(f);
	tree = make_tree(f, "go");
	go = path_join(tree, "go");
	dir = fixture_dir(f);
	host_run_id(&f->host, f->runs, "adopt", id);
	pid = fork();
	if (pid == 0) {
		/* An agentd of its own, which dies right after the start. */
		const struct spec_mount m[] = {
			{ .source = tree, .target = "/work/go", .ro = true }
		};
		const char *const argv[] = { "/bin/sh", "-c",
			"echo one; while [ ! -e /work/go/go ]; do sleep 0.02; "
			"done; echo two; exit 5",
			NULL };
		struct sandbox_spec s = { .id = id,
			.argv = argv,
			.mounts = m,
			.n_mounts = 1,
			.uid_base = host_project_uid_base(1) };
		struct err e = ERR_INIT;

		f->host.loop = loop_new(&e);
		f->host.engine = NULL;
		if (fixture_driver(f, &e) == -1)
			_exit(3);
		f->driver->start(&f->host, &s, dir, on_started_die, NULL);
		(void)loop_run(f->host.loop, &e);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(shim_alive(dir));
	(void)close(open(go, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	fixture_follow(f, dir);
	assert_int_equal(f->exit.exit_code, 5);
	assert_string_equal(str_cstr(&f->out), "one\ntwo\n");
	/* Once more, long after: the same answer. */
	fixture_follow(f, dir);
	assert_int_equal(f->exit.exit_code, 5);
	assert_string_equal(str_cstr(&f->out), "one\ntwo\n");
	fixture_destroy(f, id, dir);
}

static void
after_a_reboot_it_is_lost(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *alive = NULL;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	dir = fixture_dir(f);
	alive = path_join(dir, "alive");
	assert_null(shim_watch_open(f->host.loop,
	    &(struct shim_watch_spec){
		.dir = dir, .on_exit = fixture_on_exit, .arg = f },
	    &e));
	assert_int_equal(path_mkdirs(dir, 0711, &e), 0);
	fixture_follow(f, dir);
	assert_true(f->exit.lost);
	assert_int_equal(mkfifo(alive, 0600), 0);
	fixture_follow(f, dir);
	assert_true(f->exit.lost);
	assert_int_equal(shim_send(dir, SHIM_STOP, &e), -1);
}

static void
on_exec_exit(int status, const struct err *e, void *arg)
{
	struct fixture *f = arg;

	if (e != NULL)
		str_addf(&f->out, "exec: %s", e->msg);
	f->exit.exit_code = status;
	f->done = true;
	loop_stop(f->host.loop);
}

/* What is in the terminal's buffer, after the process has ended. */
static void
read_all(int fd, struct str *out)
{
	char buf[512];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		str_addn(out, buf, (size_t)n);
}

static void
exec_gives_a_terminal_in_a_running_one(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *dir = NULL;
	char id[HOST_NAME_MAX];
	struct err e = ERR_INIT;
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *who = NULL;
	const char *const argv[] = { "/bin/sh", "-c",
		/* runc passes the size on a moment after the start. */
		"n=0; while [ \"$(stty size)\" = '0 0' ] && [ $n -lt 200 ]; "
		"do n=$((n+1)); sleep 0.05; done; "
		"tty; stty size; id -u; grep -E 'CapEff|Seccomp:|NoNew' "
		"/proc/self/status; exit 9",
		NULL };
	struct sandbox_spec like = { .argv = argv,
		.uid_base = host_project_uid_base(1) };

	FIXTURE_NEEDS_ROOT(f);
	start_long(f, "exec sleep 1000", id, &dir);
	shim_watch_close(wait_running(f, dir));
	like.id = id;
	str_reset(&f->out);
	if (f->driver->exec(&f->host,
		&(struct driver_exec_spec){ .like = &like,
		    .dir = dir,
		    .terminal = true,
		    .cols = 101,
		    .rows = 33,
		    .on_exit = on_exec_exit,
		    .arg = f },
		&fd, &e) == NULL)
		fail_msg("%s", e.msg);
	f->done = false;
	fixture_loop(f);
	read_all(fd, &f->out);
	assert_int_equal(f->exit.exit_code, 9);
	fixture_has(f, "/dev/pts/0");
	fixture_has(f, "33 101");
	who = xasprintf("%u", fixture_uid(f, 1));
	fixture_has(f, who);
	fixture_has(f, "CapEff:\t0000000000000000");
	fixture_has(f, "Seccomp:\t2");
	fixture_has(f, "NoNewPrivs:\t1");
	fixture_destroy(f, id, dir);
	assert_false(shim_alive(dir));
}

/* Does any line of a file have the text? */
static bool
file_has(const char *path, const char *text)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	if (path_read(path, 16 << 20, &s, &e) == -1)
		return false;
	return strstr(str_cstr(&s), text) != NULL;
}

static void
nothing_is_left_afterwards(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *state_dir = NULL;
	AUTO_FREE char *places = NULL;
	AUTO_FREE char *seccomp = NULL;
	AUTO_FREE char *image = NULL;
	AUTO_FREE char *cgroup = NULL;
	AUTO_FREE char *v2 = NULL;

	FIXTURE_NEEDS_ROOT(f);
	oci_sweep_cgroups(&f->host);
	state_dir = path_join(f->home, "run/runc");
	places = path_join(f->home, "run/engine");
	seccomp = path_join(places, "seccomp.json");
	image = path_join(places, "image-host");
	/* Of the installation, not of a sandbox. */
	(void)unlink(seccomp);
	(void)unlink(image);
	assert_int_equal(
	    rmdir(f->host.engine == NULL ? state_dir : places), 0); /* empty */
	cgroup = xasprintf("/sys/fs/cgroup/memory/coffer-%s", f->inst);
	v2 = xasprintf("/sys/fs/cgroup/coffer-%s", f->inst);
	assert_int_equal(access(cgroup, F_OK), -1);
	assert_int_equal(access(v2, F_OK), -1);
	assert_false(file_has("/proc/self/mountinfo", f->home));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_driver_is_there_and_usable),
		cmocka_unit_test(
		    a_command_runs_as_uid_1000_without_any_privilege),
		cmocka_unit_test(
		    a_command_that_is_not_there_is_an_error_with_a_reason),
		cmocka_unit_test(
		    a_signal_is_told_and_with_init_a_zombie_is_reaped),
		cmocka_unit_test(mount_and_namespaces_are_refused),
		cmocka_unit_test(
		    dangerous_calls_and_sockets_are_refused_and_plain_ones_work),
		cmocka_unit_test(
		    the_kernel_s_files_cannot_be_written_and_sys_is_empty),
		cmocka_unit_test(
		    the_root_is_read_only_and_nothing_of_the_host_is_in_it),
		cmocka_unit_test(
		    a_read_only_mount_refuses_writes_and_setuid_is_ignored),
		cmocka_unit_test(a_link_in_place_of_a_mount_source_is_refused),
		cmocka_unit_test(
		    a_file_is_standard_input_and_stderr_can_be_apart),
		cmocka_unit_test(too_many_processes_are_refused),
		cmocka_unit_test(too_much_memory_is_told_as_oom),
		cmocka_unit_test(a_full_tmpfs_says_so),
		cmocka_unit_test(without_a_network_there_is_only_loopback),
		cmocka_unit_test(the_wall_clock_ends_it),
		cmocka_unit_test(output_over_the_limit_is_dropped_and_counted),
		cmocka_unit_test(one_that_waits_runs_only_after_go),
		cmocka_unit_test(one_that_waits_can_be_ended_without_a_trace),
		cmocka_unit_test(two_runs_do_not_see_each_other),
		cmocka_unit_test(
		    a_paused_one_is_frozen_and_can_still_be_stopped),
		cmocka_unit_test(the_shim_survives_its_parent_and_is_adopted),
		cmocka_unit_test(after_a_reboot_it_is_lost),
		cmocka_unit_test(exec_gives_a_terminal_in_a_running_one),
		cmocka_unit_test(nothing_is_left_afterwards),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
