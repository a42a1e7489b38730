#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/io/child.h"
#include "lib/io/timer.h"

enum {
	CHILDREN = 200,
	GUARD_MS = 30000
};

struct tally {
	struct loop *loop;
	int want;
	int exits;
	int chld_calls;
	bool guard_hit;
	struct child_exit last;
	char out[2048], err[2048];
	struct err check;
	int check_rc;
};

static void
count_exit(const struct child_exit *x, void *arg)
{
	struct tally *t = arg;

	t->exits++;
	t->last = *x;
	(void)snprintf(t->out, sizeof(t->out), "%s", x->out);
	(void)snprintf(t->err, sizeof(t->err), "%s", x->err);
	t->check_rc = child_check(x, "job", &t->check);
	if (t->exits == t->want)
		loop_stop(t->loop);
}

static void
on_guard(void *arg)
{
	struct tally *t = arg;

	t->guard_hit = true;
	loop_stop(t->loop);
}

static void
open_loop(struct tally *t)
{
	struct err e = ERR_INIT;

	memset(t, 0, sizeof(*t));
	t->loop = loop_new(&e);
	assert_non_null(t->loop);
}

static struct child *
add(struct tally *t, struct child_spec spec)
{
	struct err e = ERR_INIT;
	struct child *c = NULL;

	spec.on_exit = count_exit;
	spec.arg = t;
	if (child_start(t->loop, &spec, &c, &e) == -1)
		fail_msg("%s", e.msg);
	t->want++;
	return c;
}

static void
wait_all(struct tally *t)
{
	struct timer *guard = timer_new(t->loop, on_guard, t);
	struct err e = ERR_INIT;

	timer_set(guard, GUARD_MS);
	assert_int_equal(loop_run(t->loop, &e), 0);
	timer_free(guard);
	loop_free(t->loop);
	assert_false(t->guard_hit);
	assert_int_equal(t->exits, t->want);
}

#define SH(script) ((const char *const[]){ "/bin/sh", "-c", (script), NULL })

static void
child_loses_no_exit(void **state)
{
	const char *const argv[] = { "/bin/true", NULL };
	struct tally t;

	(void)state;
	open_loop(&t);
	for (int i = 0; i < CHILDREN; i++)
		add(&t,
		    (struct child_spec){ .argv = argv,
			.out = CHILD_COLLECT,
			.err = CHILD_COLLECT });
	wait_all(&t);
	assert_int_equal(t.last.status, 0);
	assert_int_equal(t.check_rc, 0);
}

static void
count_chld(void *arg)
{
	struct tally *t = arg;

	t->chld_calls++;
}

static void
child_shares_sigchld_with_a_handler(void **state)
{
	struct err e = ERR_INIT;
	struct tally t;

	(void)state;
	open_loop(&t);
	assert_int_equal(
	    loop_on_signal(t.loop, SIGCHLD, count_chld, &t, &e), 0);
	add(&t, (struct child_spec){ .argv = SH("exit 0") });
	add(&t, (struct child_spec){ .argv = SH("exit 0") });
	wait_all(&t);
	assert_true(t.chld_calls > 0);
}

static void
child_reports_status_and_both_streams(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){
		.argv = SH("echo out; echo a >&2; printf "
			   "'last \\033 line\\n\\n' >&2; exit 7"),
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT });
	wait_all(&t);
	assert_int_equal(WEXITSTATUS(t.last.status), 7);
	assert_string_equal(t.out, "out\n");
	assert_string_equal(t.err, "a\nlast \033 line\n\n");
	assert_false(t.last.truncated);
	assert_int_equal(t.check_rc, -1);
	assert_string_equal(t.check.msg, "job: exit 7: last ? line");
}

static void
child_merges_stderr_in_order(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("echo 1; echo 2 >&2; echo 3"),
		.out = CHILD_COLLECT,
		.err = CHILD_MERGE });
	wait_all(&t);
	assert_string_equal(t.out, "1\n2\n3\n");
}

static void
child_cuts_long_output(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("head -c 100000 /dev/zero"),
		.out = CHILD_COLLECT,
		.max_output = 4096 });
	wait_all(&t);
	assert_true(t.last.truncated);
	assert_int_equal(t.last.outlen, 4096);
	assert_int_equal(t.last.status, 0);
}

static void
child_inherits_nothing(void **state)
{
	struct tally t;
	int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */
	sigset_t usr1, old;
	char *ignored;

	(void)state;
	assert_true(stray > 2);
	assert_int_equal(setenv("STRAY_VARIABLE", "x", 1), 0);
	(void)sigemptyset(&usr1);
	(void)sigaddset(&usr1, SIGUSR1);
	open_loop(&t); /* ignores SIGPIPE */
	(void)sigprocmask(SIG_BLOCK, &usr1, &old);
	add(&t,
	    (struct child_spec){
		.argv = SH("/usr/bin/env | grep -c STRAY; pwd;"
			   "ls /proc/self/fd | wc -l;"
			   "grep -E 'Sig(Blk|Ign)' /proc/self/status"),
		.out = CHILD_COLLECT });
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	wait_all(&t);
	(void)close(stray);
	/* 0, 1, 2 and the one that ls reads the directory with. */
	ignored = strstr(t.out, "SigIgn:");
	assert_non_null(ignored);
	/* 32 and 33 belong to the C library, which hides them. */
	assert_true((strtoull(ignored + 7, NULL, 16) & ~(3ULL << 31)) == 0);
	*ignored = '\0';
	assert_string_equal(t.out, "0\n/\n4\nSigBlk:\t0000000000000000\n");
}

static void
child_gets_environment_and_folder(void **state)
{
	static const char *const envp[] = { "COFFER=1", NULL };
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("echo $COFFER; pwd"),
		.envp = envp,
		.cwd = "/usr",
		.out = CHILD_COLLECT });
	wait_all(&t);
	assert_string_equal(t.out, "1\n/usr\n");
}

static void
child_feeds_stdin_beyond_a_pipe(void **state)
{
	static char bytes[300000];
	struct tally t;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("wc -c"),
		.in = CHILD_BYTES,
		.in_bytes = bytes,
		.in_len = sizeof(bytes),
		.out = CHILD_COLLECT });
	add(&t,
	    (struct child_spec){ .argv = SH("exit 0"), /* does not read */
		.in = CHILD_BYTES,
		.in_bytes = bytes,
		.in_len = sizeof(bytes) });
	wait_all(&t);
}

static void
child_feeds_an_empty_stdin(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){
		.argv = SH("wc -c"), .in = CHILD_BYTES, .out = CHILD_COLLECT });
	wait_all(&t);
	assert_string_equal(t.out, "0\n");
}

static void
child_gives_pipe_ends(void **state)
{
	AUTO_CLOSE int in = -1, out = -1;
	struct child *c;
	struct tally t;
	char buf[16] = "";

	(void)state;
	open_loop(&t);
	c = add(&t,
	    (struct child_spec){ .argv = SH("read a; echo got $a"),
		.in = CHILD_PIPE,
		.out = CHILD_PIPE });
	in = child_take_in(c);
	out = child_take_out(c);
	assert_int_equal(child_take_in(c), -1);
	assert_int_equal(child_take_err(c), -1);
	assert_true((fcntl(in, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(out, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(write(in, "milk\n", 5), 5);
	wait_all(&t);
	assert_int_equal(read(out, buf, sizeof(buf)), 9);
	assert_memory_equal(buf, "got milk\n", 9);
}

/* A reader that ends at EAGAIN would lose what comes later. */
static void
child_end_of_a_pipe_blocks(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){
		.argv = SH(
		    "grep flags: /proc/self/fdinfo/0 /proc/self/fdinfo/1"),
		.in = CHILD_PIPE,
		.out = CHILD_COLLECT });
	wait_all(&t);
	assert_string_equal(t.out,
	    "/proc/self/fdinfo/0:flags:\t00\n"
	    "/proc/self/fdinfo/1:flags:\t01\n");
}

/* Source numbers that overlap the target numbers, in the worst order. */
static void
child_passes_descriptors_from_three(void **state)
{
	struct tally t;
	int a[2], b[2], pass[2];

	(void)state;
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	pass[0] = b[1]; /* becomes 3, which is or may be a[0] */
	pass[1] = a[1]; /* becomes 4 */
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("echo three >&3; echo four >&4;"
					    "ls /proc/self/fd | wc -l"),
		.out = CHILD_COLLECT,
		.pass_fds = pass,
		.n_pass_fds = 2 });
	wait_all(&t);
	assert_string_equal(t.out, "6\n");
	assert_int_equal(read(b[0], t.err, 16), 6);
	assert_memory_equal(t.err, "three\n", 6);
	assert_int_equal(read(a[0], t.err, 16), 5);
	assert_memory_equal(t.err, "four\n", 5);
	for (int i = 0; i < 2; i++) {
		(void)close(a[i]);
		(void)close(b[i]);
	}
}

static void
child_uses_given_descriptors(void **state)
{
	struct tally t;
	char buf[16];
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	open_loop(&t);
	add(&t,
	    (struct child_spec){
		.argv = SH("echo hi >&2"), .err = CHILD_FD, .err_fd = p[1] });
	wait_all(&t);
	assert_int_equal(read(p[0], buf, sizeof(buf)), 3);
	(void)close(p[0]);
	(void)close(p[1]);
}

/* The grandchild holds the output open: only killing the group ends it. */
static void
child_time_limit_kills_the_group(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("sleep 60 & echo $!; wait"),
		.out = CHILD_COLLECT,
		.limit_ms = 300 });
	wait_all(&t);
	assert_true(t.last.timed_out);
	assert_int_equal(t.check_rc, -1);
	assert_int_equal(t.check.code, ERR_TIMEOUT);
	assert_true(WIFSIGNALED(t.last.status));
	assert_int_equal(WTERMSIG(t.last.status), SIGTERM);
}

/* The leader is gone, its group is not: the limit still reaches it. */
static void
child_time_limit_reaches_orphans(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){ .argv = SH("sleep 60 & exit 0"),
		.out = CHILD_COLLECT,
		.limit_ms = 300 });
	wait_all(&t);
	assert_true(t.last.timed_out);
	assert_int_equal(t.last.status, 0);
}

static void
child_has_no_more_memory_than_allowed(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	/* From its first byte on; and what it starts is bound, too. */
	add(&t,
	    (struct child_spec){
		.argv = SH("read x; ulimit -d; sh -c 'ulimit -d'"),
		.out = CHILD_COLLECT,
		.in = CHILD_BYTES,
		.in_bytes = "\n",
		.in_len = 1,
		.max_data = 64 << 20 });
	wait_all(&t);
	assert_string_equal(t.out, "65536\n65536\n");
}

static void
child_kill_reports_the_signal(void **state)
{
	struct tally t;
	struct child *c;

	(void)state;
	open_loop(&t);
	c = add(&t, (struct child_spec){ .argv = SH("sleep 60 & wait") });
	assert_int_equal(kill(child_pid(c), 0), 0);
	child_kill(c, SIGKILL);
	wait_all(&t);
	assert_string_equal(t.check.msg, "job: killed by signal 9");
}

static void
child_start_says_what_is_missing(void **state)
{
	const char *const argv[] = { "/no/such/program", NULL };
	struct child_spec spec = {
		.argv = argv, .out = CHILD_COLLECT, .on_exit = count_exit
	};
	struct err e = ERR_INIT;
	struct tally t;

	(void)state;
	open_loop(&t);
	assert_int_equal(child_start(t.loop, &spec, NULL, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_string_equal(
	    e.msg, "start /no/such/program in /: No such file or directory");
	spec.argv = SH("exit 0");
	spec.cwd = "/no/folder";
	assert_int_equal(child_start(t.loop, &spec, NULL, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	spec.in = CHILD_MERGE;
	assert_int_equal(child_start(t.loop, &spec, NULL, &e), -1);
	assert_int_equal(e.code, ERR_INTERNAL);
	loop_free(t.loop);
	/* Nothing was left behind to be reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
loop_free_kills_what_still_runs(void **state)
{
	struct tally t;

	(void)state;
	open_loop(&t);
	add(&t,
	    (struct child_spec){
		.argv = SH("sleep 60 & wait"), .out = CHILD_COLLECT });
	loop_free(t.loop);
	assert_int_equal(t.exits, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_loses_no_exit),
		cmocka_unit_test(child_shares_sigchld_with_a_handler),
		cmocka_unit_test(child_reports_status_and_both_streams),
		cmocka_unit_test(child_merges_stderr_in_order),
		cmocka_unit_test(child_cuts_long_output),
		cmocka_unit_test(child_inherits_nothing),
		cmocka_unit_test(child_gets_environment_and_folder),
		cmocka_unit_test(child_feeds_stdin_beyond_a_pipe),
		cmocka_unit_test(child_feeds_an_empty_stdin),
		cmocka_unit_test(child_gives_pipe_ends),
		cmocka_unit_test(child_end_of_a_pipe_blocks),
		cmocka_unit_test(child_passes_descriptors_from_three),
		cmocka_unit_test(child_uses_given_descriptors),
		cmocka_unit_test(child_time_limit_kills_the_group),
		cmocka_unit_test(child_time_limit_reaches_orphans),
		cmocka_unit_test(child_has_no_more_memory_than_allowed),
		cmocka_unit_test(child_kill_reports_the_signal),
		cmocka_unit_test(child_start_says_what_is_missing),
		cmocka_unit_test(loop_free_kills_what_still_runs),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
