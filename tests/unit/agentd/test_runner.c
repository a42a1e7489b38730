#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>

#include "agentd/connect.h"
#include "agentd/runner/config.h"
#include "agentd/runner/runner.h"
#include "tests/unit/agentd/cofferd_loop.h"
#include "tests/unit/agentd/job_fake.h"

#define JOB_ROW(lease)                                             \
	"{\"id\":4,\"lease\":\"" lease "\",\"project\":{\"id\":7," \
	"\"full_name\":\"own/app\"},\"name\":\"test\",\"check\":{" \
	"\"test\":\"make check\",\"timeout_s\":60,\"memory\":1048576}}"
#define JOB_POLL "POST /api/coffer/v1/ci/poll?wait=50"

struct fake_driver fake_driver_state;
static struct driver fix_driver;

const struct driver *
driver_open(
    struct sandbox_host *h, const struct driver_choice *c, struct err *e)
{
	(void)h;
	(void)c;
	(void)e;
	return &fix_driver;
}

void
driver_close(struct sandbox_host *h)
{
	(void)h;
}

struct routerctl *
routerctl_new(struct loop *l, const char *socket_path)
{
	(void)l;
	(void)socket_path;
	return NULL;
}

void
routerctl_free(struct routerctl *c)
{
	(void)c;
}

bool
routerctl_is_there(const struct routerctl *c)
{
	(void)c;
	return true;
}

void
routerctl_hello(struct routerctl *c, routerctl_fn *fn, void *arg)
{
	(void)c;
	fn(NULL, NULL, arg);
}

/* The first one that is told to end is the last one that stays. */
static int
fix_kill(const char *dir, bool now, struct err *e)
{
	fake_driver_state.plan[0].stays = false;
	return fake_kill(dir, now, e);
}

static bool
fix_has_result(void *arg)
{
	return fake_saw(arg, "/ci/jobs/4/result");
}

/* cofferd in a process of its own: the runner has its own loop. */
static pid_t
fix_cofferd(const char *home)
{
	AUTO_FREE char *path = path_join(home, "run/cofferd.addr");
	struct cofferd c;
	struct err e = ERR_INIT;
	int ready[2];
	pid_t pid;
	char byte;
	bool good;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid > 0) {
		(void)close(ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		(void)close(ready[0]);
		return pid;
	}
	fake_init(&c);
	fake_rule(&c, 204, JOB_POLL, "");
	fake_times(&c, 1, 200, JOB_POLL, JOB_ROW("new"));
	/* The runner's pause after it lets the first one get to its test. */
	fake_times(&c, 1, 204, JOB_POLL, "");
	fake_times(&c, 1, 200, JOB_POLL, JOB_ROW("old"));
	fake_rule(&c, 200, "GET /api/coffer/v1/ci/jobs/4/tree.tar", "a tar");
	good = path_write_atomic(path, c.addr, strlen(c.addr), 0644, &e) == 0;
	good = write(ready[1], "", 1) == 1 && good;
	good = fake_until(&c, fix_has_result, &c) && good;
	good = good &&
	    fake_saw(&c,
		"result {\"lease\":\"new\",\"state\":"
		"\"passed\"") &&
	    !fake_saw(&c, "{\"lease\":\"old\",\"state\"") &&
	    fake_saw(&c, "\"network\":true");
	(void)kill(getppid(), SIGTERM);
	_exit(good ? 0 : 1);
}

static void
a_job_that_is_leased_anew_replaces_the_old_one(void **state)
{
	char home[] = "/tmp/coffer-runner-XXXXXX";
	struct connection c = { .home = home, .inst = "0000", .lock = -1 };
	const struct runner_config cfg = { .name = NULL,
		.slots = 2,
		.disk = 64 << 20,
		.cpus = 1,
		.pids = 64 };
	AUTO_FREE char *run = NULL, *secrets = NULL, *token = NULL;
	struct err e = ERR_INIT;
	int status = -1;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(home));
	assert_int_equal(chmod(home, 0711), 0);
	run = path_join(home, "run");
	secrets = path_join(home, "secrets");
	token = path_join(secrets, "runner.token");
	assert_int_equal(mkdir(run, 0755), 0);
	assert_int_equal(mkdir(secrets, 0711), 0);
	assert_int_equal(path_write_atomic(token, "tok", 3, 0600, &e), 0);
	fix_driver = fake_driver;
	fix_driver.kill = fix_kill;
	fake_driver_state.plan[0] = (struct fake_plan){
		.phase = "test", .stays = true, .exit = { .started_at = 1 }
	};
	pid = fix_cofferd(home);
	if (runner_serve(&c, &cfg, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* The first lease's test was ended, then the second one's began. */
	assert_string_equal(str_cstr(&fake_driver_state.killed), "test\n");
	assert_string_equal(str_cstr(&fake_driver_state.started),
	    "unpack net=0 /work/tree:rw\ntest net=0 /work/tree:rw\n"
	    "unpack net=0 /work/tree:rw\ntest net=0 /work/tree:rw\n");
	fake_driver_reset();
	if (c.lock != -1)
		(void)close(c.lock);
	free(c.base);
	free(c.token);
	assert_int_equal(path_rmtree(home, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_job_that_is_leased_anew_replaces_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
