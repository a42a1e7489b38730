#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>

#include <cmocka.h>

#include "agentd/sandbox/look.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/sandbox.h"
#include "agentd/sandbox/workspace.h"
#include "lib/io/watch.h"
#include "lib/wire/json.h"
#include "tests/unit/agentd/router_fake.h"
#include "tests/unit/agentd/sandbox_container.h"

static struct look seen;

static void
on_reply(const struct json *reply, const struct err *e, void *arg)
{
	struct fixture *f = arg;

	assert_true((reply == NULL) == (e != NULL));
	fixture_on_done(e, f);
}

static void
the_router_is_asked_in_order_and_its_no_is_an_error(void **state)
{
	struct fixture *f = *state;
	const char *const addrs[] = { "192.0.2.1" };

	FIXTURE_NEEDS_ROOT(f);
	router_up(f);
	routerctl_hello(router.ctl, NULL, NULL);
	routerctl_host_set(router.ctl, addrs, 1, NULL, NULL);
	routerctl_project_set(router.ctl, 7, "web", NULL, on_reply, f);
	fixture_ok(f);
	assert_string_equal(str_cstr(&router.heard),
	    "{\"op\":\"hello\"}\n"
	    "{\"op\":\"host.set\",\"addresses\":[\"192.0.2.1\"]}\n"
	    "{\"op\":\"project.set\",\"id\":7,\"mode\":\"web\"}\n");
	router.refuse = "no such mode";
	routerctl_project_set(router.ctl, 7, "x", NULL, on_reply, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "no such mode"));
	router.refuse = NULL;
}

/* Up while it is up, down, and up with the same image. */
static void
workspace_again(struct fixture *f)
{
	workspace_up(&f->host, 9, 32, fixture_on_done, f);
	fixture_ok(f);
	workspace_down(&f->host, 9, fixture_on_done, f);
	fixture_ok(f);
	assert_false(workspace_is_mounted(&f->host, 9));
	workspace_up(&f->host, 9, 32, fixture_on_done, f);
	fixture_ok(f);
}

static void
a_workspace_has_a_hard_limit_and_keeps_its_files(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *who = NULL;
	AUTO_FREE char *ws = NULL;
	AUTO_FREE char *dir = NULL;
	struct err e = ERR_INIT;
	struct stat st;

	FIXTURE_NEEDS_ROOT(f);
	ws = workspace_mount(&f->host, 9);
	dir = workspace_dir(&f->host, 9);
	workspace_up(&f->host, 9, 1, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	workspace_up(&f->host, 9, 32, fixture_on_done, f);
	fixture_ok(f);
	assert_true(workspace_is_mounted(&f->host, 9));
	assert_int_equal(stat(ws, &st), 0);
	/* Its own folder is not the sandbox's, nor is that of the runs. */
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, host_project_uid_base(9) + HOST_AGENT_UID);
	assert_int_equal(st.st_mode & 07777, 01770);
	{
		const struct spec_mount m = {
			.source = ws, .target = "/work", .ro = false
		};
		struct sandbox_spec s = { .mounts = &m,
			.n_mounts = 1,
			.uid_base = host_project_uid_base(9),
			.cwd = "/work" };

		(void)fixture_sh(f, &s,
		    "mv runs mine; ls runs; head -c 67108864 /dev/zero >big; "
		    "rm big; echo kept >file; ls -ln file | cut -d' ' -f3; "
		    "mount | grep ' /work '");
		fixture_has(f, "cannot move 'runs'");
		fixture_has(f, "cannot open directory 'runs'");
		fixture_has(f, "No space left on device");
		who = xasprintf("%u\n", fixture_uid(f, 9));
		fixture_has(f, who);
		fixture_has(f, "nosuid,nodev");
		workspace_again(f);
		(void)fixture_sh(f, &s, "cat file");
		assert_string_equal(str_cstr(&f->out), "kept\n");
	}
	workspace_remove(&f->host, 9, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(access(dir, F_OK), -1);
	(void)e;
}

static void
a_damaged_image_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *image = NULL;
	struct err e = ERR_INIT;
	char zero[4096] = { 0 };

	FIXTURE_NEEDS_ROOT(f);
	image = xasprintf("%s/sandboxes/9/ws.img", f->home);
	{
		AUTO_FREE char *dir = workspace_dir(&f->host, 9);

		assert_int_equal(path_mkdirs(dir, 0711, &e), 0);
	}
	assert_int_equal(
	    path_write_atomic(image, zero, sizeof(zero), 0600, &e), 0);
	workspace_up(&f->host, 9, 32, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "ws.img"));
	assert_int_equal(access(image, F_OK), 0);
	workspace_remove(&f->host, 9, fixture_on_done, f);
	fixture_ok(f);
}

static void
on_lost(int64_t id, const char *cause, const char *why, void *arg)
{
	struct fixture *f = arg;

	str_addf(&f->out, "lost %d %s: %s", (int)id, cause, why);
	f->done = true;
	loop_stop(f->host.loop);
}

static struct sandboxes *
new_sandboxes(struct fixture *f)
{
	return sandboxes_new(&f->host, router.ctl, f->driver, on_lost, f);
}

static const struct sandbox_project project = { .id = 7,
	.name = "o/p",
	.mode = "web",
	.gitconfig = "[user]\n\tname = agent\n",
	.disk_mib = 64 };

static bool
mount_has(const char *text)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(
	    path_read("/proc/self/mountinfo", 16 << 20, &s, &e), 0);
	return strstr(str_cstr(&s), text) != NULL;
}

static void
a_refused_start_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	char name[HOST_NAME_MAX];
	char netns[HOST_NAME_MAX];
	struct sandbox_project bad = project;

	FIXTURE_NEEDS_ROOT(f);
	m = new_sandboxes(f);
	bad.mode = "everything";
	sandbox_start(m, &bad, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	router.refuse = "full";
	sandbox_start(m, &project, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	router.refuse = NULL;
	assert_non_null(strstr(f->e.msg, "full"));
	host_project_netns(&f->host, 7, name);
	assert_false(netns_exists(name));
	assert_false(workspace_is_mounted(&f->host, 7));
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STOPPED);
	assert_int_equal(sandbox_netns(m, 7, netns, &f->e), -1);
	sandboxes_free(m);
}

static void
on_pty(int fd, int what, void *arg)
{
	struct fixture *f = arg;
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	if (n > 0)
		str_addn(&f->out, buf, (size_t)n);
	if (strstr(str_cstr(&f->out), "o/p-42") != NULL) {
		f->done = true;
		loop_stop(f->host.loop);
	}
}

static void
on_exec_exit(int status, const struct err *e, void *arg)
{
	struct fixture *f = arg;

	(void)e;
	f->exit.exit_code = status;
	f->done = true;
	loop_stop(f->host.loop);
}

/* Type into the session's byobu, see it on its screen, leave. */
static void
attach_and_type(struct fixture *f, struct sandboxes *m)
{
	static const char typed[] = "echo o/p-$((6*7))\n";
	struct err e = ERR_INIT;
	struct driver_exec *x;
	struct watch *w;
	int fd;

	str_reset(&f->out);
	x = sandbox_attach(m, 7,
	    &(struct driver_exec_spec){ .terminal = true,
		.cols = 90,
		.rows = 30,
		.on_exit = on_exec_exit,
		.arg = f },
	    &fd, &e);
	if (x == NULL)
		fail_msg("%s", e.msg);
	w = watch_new(f->host.loop, fd, on_pty, f);
	watch_set(w, WATCH_READ);
	assert_int_equal(
	    write(fd, typed, sizeof(typed) - 1), sizeof(typed) - 1);
	f->done = false;
	fixture_loop(f);
	assert_true(f->done);
	watch_free(w);
	f->driver->exec_kill(x, SIGTERM);
	f->done = false;
	fixture_loop(f);
	assert_true(f->done);
	(void)close(fd);
}

static void
a_project_s_sandbox_starts_and_can_be_attached_to(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	char netns[HOST_NAME_MAX];
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	m = new_sandboxes(f);
	str_reset(&router.heard);
	sandbox_start(m, &project, fixture_on_done, f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STARTING);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	assert_string_equal(str_cstr(&router.heard),
	    "{\"op\":\"project.set\",\"id\":7,\"mode\":\"web\"}\n");
	assert_int_equal(sandbox_netns(m, 7, netns, &e), 0);
	assert_true(netns_exists(netns));
	attach_and_type(f, m);
	sandbox_set_mode(m, 7, "none", fixture_on_done, f);
	fixture_ok(f);
	assert_non_null(strstr(str_cstr(&router.heard), "\"none\""));
	sandboxes_free(m);
}

/* What of it is on disk and is replaced when it is written. */
static ino_t
saved_files(const struct fixture *f)
{
	AUTO_FREE char *state = path_join(f->home, "sandboxes/7/state.json");
	AUTO_FREE char *branch = path_join(f->home, "sandboxes/7/live/branch");
	struct stat a = { .st_ino = 0 };
	struct stat b = { .st_ino = 0 };

	(void)stat(state, &a);
	(void)stat(branch, &b);
	return a.st_ino ^ b.st_ino << 20;
}

static void
it_is_adopted_by_the_next_agentd_with_its_session(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	AUTO_FREE char *pidfile = NULL;
	AUTO_STR struct str before = STR_INIT;
	AUTO_STR struct str after = STR_INIT;
	ino_t files = saved_files(f);
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	pidfile = path_join(f->home, "sandboxes/7/session/pid");
	assert_int_equal(path_read(pidfile, 32, &before, &e), 0);
	m = new_sandboxes(f);
	str_reset(&router.heard);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	assert_int_equal(path_read(pidfile, 32, &after, &e), 0);
	assert_string_equal(str_cstr(&before), str_cstr(&after));
	assert_string_equal(str_cstr(&router.heard),
	    "{\"op\":\"project.set\",\"id\":7,\"mode\":\"none\"}\n");
	/* With a home that is full as well: nothing is written. */
	assert_int_equal(saved_files(f), files);
	assert_true(sandbox_is_up(m, 7));
	sandboxes_free(m);
}

/* Its token died with the next one: it is not brought back with that. */
static void
one_whose_token_was_dropped_waits_for_another(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	AUTO_FREE char *dir = NULL;
	char id[HOST_NAME_MAX];
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	dir = path_join(f->home, "sandboxes/7/session");
	host_session_id(&f->host, 7, id);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_drop_token(m, 7, &e), 0);
	sandboxes_free(m);
	fixture_destroy(f, id, dir);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STOPPED);
	assert_false(sandbox_is_up(m, 7));
	sandbox_start(m, &project, fixture_on_done, f);
	fixture_ok(f);
	assert_string_equal(sandbox_gitconfig(m, 7), project.gitconfig);
	sandboxes_free(m);
}

/* What a reboot leaves: the image and state.json, no mount, no process. */
static void
it_comes_back_after_a_reboot(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	AUTO_FREE char *dir = NULL;
	char id[HOST_NAME_MAX];

	FIXTURE_NEEDS_ROOT(f);
	dir = path_join(f->home, "sandboxes/7/session");
	host_session_id(&f->host, 7, id);
	fixture_destroy(f, id, dir);
	netns_project_down(&f->host, 7, fixture_on_done, f);
	fixture_ok(f);
	workspace_down(&f->host, 7, fixture_on_done, f);
	fixture_ok(f);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	assert_true(workspace_is_mounted(&f->host, 7));
	assert_true(shim_alive(dir));
	sandboxes_free(m);
}

static void
a_session_that_dies_is_told_and_can_be_started_again(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	AUTO_FREE char *dir = NULL;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	dir = path_join(f->home, "sandboxes/7/session");
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	str_reset(&f->out);
	assert_int_equal(shim_send(dir, SHIM_KILL, &e), 0);
	fixture_loop(f);
	fixture_has(f, "lost 7 ended: the session ended");
	assert_int_equal(sandbox_state(m, 7), SANDBOX_FAILED);
	sandbox_start(m, &project, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	sandboxes_free(m);
}

static void
what_is_paused_stays_so_until_it_is_resumed(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	char id[HOST_NAME_MAX];
	char is[16];
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	host_session_id(&f->host, 7, id);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	sandbox_pause(m, 7, true, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_PAUSED);
	assert_int_equal(fixture_state(f, id, is), 0);
	assert_string_equal(is, "paused");
	assert_int_equal(sandbox_netns(m, 7, id, &e), -1);
	assert_non_null(strstr(e.msg, "paused"));
	/* Once more is fine, and so is another agentd. */
	sandbox_pause(m, 7, true, fixture_on_done, f);
	fixture_ok(f);
	sandboxes_free(m);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_PAUSED);
	sandbox_pause(m, 7, false, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	host_session_id(&f->host, 7, id);
	assert_int_equal(fixture_state(f, id, is), 0);
	assert_string_equal(is, "running");
	sandboxes_free(m);
}

static bool
home_has(const struct fixture *f, const char *rel)
{
	AUTO_FREE char *path = path_join(f->home, rel);

	return access(path, F_OK) == 0;
}

static void
mark_workspace(const struct fixture *f)
{
	AUTO_FREE char *path = path_join(f->home, "sandboxes/7/ws/marker");
	struct err e = ERR_INIT;

	assert_int_equal(path_write_atomic(path, "x", 1, 0644, &e), 0);
}

static void
on_looked(const struct err *e, const struct look *look, void *arg)
{
	struct fixture *f = arg;

	seen = look != NULL ? *look : (struct look){ .n = 0 };
	fixture_on_done(e, f);
}

/* What a session would do, as its user. */
static void
in_workspace(struct fixture *f, struct sandboxes *m, const char *script)
{
	const char *const argv[] = { "/bin/sh", "-euc", script, NULL };
	const struct sandbox_spec like = { .argv = argv, .cwd = "/work" };
	struct err e = ERR_INIT;
	int fd;

	if (sandbox_attach(m, 7,
		&(struct driver_exec_spec){
		    .like = &like, .on_exit = on_exec_exit, .arg = f },
		&fd, &e) == NULL)
		fail_msg("%s", e.msg);
	f->done = false;
	fixture_loop(f);
	(void)close(fd);
	assert_int_equal(f->exit.exit_code, 0);
}

static void
work_that_exists_nowhere_else_is_seen(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;

	FIXTURE_NEEDS_ROOT(f);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	sandbox_look(m, 7, on_looked, f);
	fixture_ok(f);
	assert_int_equal(seen.n, 0);
	assert_int_equal(seen.files, 0);
	in_workspace(f, m,
	    "git init -q --bare /tmp/up.git; "
	    "git clone -q /tmp/up.git /work/app 2>/dev/null; cd /work/app; "
	    "git config user.name a; git config user.email a@b.invalid; "
	    "echo 1 >f; git add f; git commit -qm one; "
	    "git push -q origin HEAD; cd /work; cp -R app clean; "
	    "cd app; echo 2 >g; git add g; git commit -qm two; echo 3 >h; "
	    "echo note >/work/note.txt");
	sandbox_look(m, 7, on_looked, f);
	fixture_ok(f);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.clones[0].path, "app");
	assert_int_equal(seen.clones[0].uncommitted, 1);
	assert_int_equal(seen.clones[0].unpushed, 1);
	assert_int_equal(seen.files, 1);
	/* The same of one that is stopped, which stays so. */
	sandbox_stop(m, 7, fixture_on_done, f);
	fixture_ok(f);
	sandbox_look(m, 7, on_looked, f);
	fixture_ok(f);
	assert_int_equal(seen.n, 1);
	assert_false(mount_has(f->home));
	sandbox_start(m, &project, fixture_on_done, f);
	fixture_ok(f);
	in_workspace(f, m, "cd /work; rm -rf app clean note.txt");
	/* More than are looked at, the last of which may have any work. */
	in_workspace(f, m,
	    "mkdir /work/many; cd /work/many; seq -f %g/.git 501 | "
	    "xargs mkdir -p");
	sandbox_look(m, 7, on_looked, f);
	fixture_ok(f);
	assert_int_equal(seen.n, LOOK_CLONES);
	assert_string_equal(seen.clones[0].path, "(more than 500 clones)");
	in_workspace(f, m, "rm -rf /work/many");
	sandboxes_free(m);
}

static void
one_that_cannot_be_made_anew_stays_as_it_is(void **state)
{
	static const char *const etc[] = { "/etc", NULL };
	struct fixture *f = *state;
	struct sandboxes *m;
	struct sandbox_project p = project;

	FIXTURE_NEEDS_ROOT(f);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	mark_workspace(f);
	p.generation = 1;
	p.ro = etc;
	sandbox_recreate(m, &p, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "/etc is not shared"));
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	assert_true(home_has(f, "sandboxes/7/ws/marker"));
	/* A start that gives it what was asked for besides makes no other. */
	sandbox_start(m, &p, fixture_on_done, f);
	(void)fixture_wait(f);
	assert_int_equal(sandbox_generation(m, 7), 0);
	p.ro = NULL;
	p.profile = "never-built";
	sandbox_recreate(m, &p, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "coffer profile build never-built"));
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	/* A step after the old one was taken down: it is put back. */
	p.profile = NULL;
	router.refuse = "full";
	sandbox_recreate(m, &p, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	router.refuse = NULL;
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STOPPED);
	assert_int_equal(sandbox_generation(m, 7), 0);
	assert_false(home_has(f, "sandboxes/7/ws.img.old-0"));
	sandbox_start(m, &project, fixture_on_done, f);
	fixture_ok(f);
	assert_true(home_has(f, "sandboxes/7/ws/marker"));
	sandboxes_free(m);
}

static void
one_made_anew_is_empty_and_has_its_identity(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	struct sandbox_project p = project;
	AUTO_FREE char *ws = NULL;
	struct stat st;

	FIXTURE_NEEDS_ROOT(f);
	ws = path_join(f->home, "sandboxes/7/ws");
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	mark_workspace(f);
	p.generation = 1;
	sandbox_recreate(m, &p, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_RUNNING);
	assert_int_equal(sandbox_generation(m, 7), 1);
	assert_false(home_has(f, "sandboxes/7/ws/marker"));
	assert_false(home_has(f, "sandboxes/7/ws.img.old-0"));
	assert_int_equal(stat(ws, &st), 0);
	assert_int_equal(st.st_gid, host_project_uid_base(7) + HOST_AGENT_UID);
	sandboxes_free(m);
}

/* A crash with the old image set aside: before, and after the new one had
 * been written down; then only a session that runs takes its place. */
static void
an_image_that_a_crash_left_aside_is_put_back_or_kept(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *image = NULL;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	dir = path_join(f->home, "sandboxes/8");
	image = path_join(dir, "ws.img");
	assert_int_equal(path_mkdirs(dir, 0711, &e), 0);
	assert_int_equal(path_write_atomic(image, "old", 3, 0600, &e), 0);
	assert_int_equal(workspace_set_aside(&f->host, 8, 4, &e), 0);
	assert_false(home_has(f, "sandboxes/8/ws.img"));
	assert_int_equal(workspace_recover(&f->host, 8, 4, &e), 0);
	assert_true(home_has(f, "sandboxes/8/ws.img"));
	assert_int_equal(workspace_set_aside(&f->host, 8, 4, &e), 0);
	assert_int_equal(workspace_recover(&f->host, 8, 5, &e), 0);
	assert_false(home_has(f, "sandboxes/8/ws.img"));
	assert_true(home_has(f, "sandboxes/8/ws.img.old-4"));
	assert_int_equal(path_rmtree(dir, &e), 0);
}

static void
an_old_image_goes_when_a_session_runs(void **state)
{
	struct fixture *f = *state;
	struct sandbox_project p = project;
	struct sandboxes *m;
	AUTO_FREE char *aside = NULL;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	aside = path_join(f->home, "sandboxes/7/ws.img.old-0");
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	sandbox_stop(m, 7, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(path_write_atomic(aside, "old", 3, 0600, &e), 0);
	p.generation = 1;
	router.refuse = "full";
	sandbox_start(m, &p, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	router.refuse = NULL;
	assert_int_equal(access(aside, F_OK), 0);
	sandbox_start(m, &p, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(access(aside, F_OK), -1);
	sandboxes_free(m);
}

static void
stop_keeps_the_image_and_destroy_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct sandboxes *m;
	AUTO_FREE char *image = NULL;
	AUTO_FREE char *all = NULL;
	char netns[HOST_NAME_MAX];

	FIXTURE_NEEDS_ROOT(f);
	image = path_join(f->home, "sandboxes/7/ws.img");
	all = path_join(f->home, "sandboxes/7");
	host_project_netns(&f->host, 7, netns);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	sandbox_stop(m, 7, fixture_on_done, f);
	sandbox_stop(m, 7, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1); /* the second: busy */
	assert_int_equal(f->e.code, ERR_BUSY);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STOPPED);
	assert_int_equal(access(image, F_OK), 0);
	assert_false(mount_has(f->home));
	assert_false(netns_exists(netns));
	/* A stopped one stays stopped. */
	sandboxes_free(m);
	m = new_sandboxes(f);
	sandboxes_adopt(m, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STOPPED);
	sandbox_start(m, &project, fixture_on_done, f);
	fixture_ok(f);
	/* Without a router as well, which hears of it when it is back. */
	router_leave(f);
	sandbox_stop(m, 7, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(sandbox_state(m, 7), SANDBOX_STOPPED);
	assert_false(netns_exists(netns));
	str_reset(&router.heard);
	router_listen(f);
	routerctl_hello(router.ctl, on_reply, f);
	fixture_ok(f);
	assert_non_null(strstr(
	    str_cstr(&router.heard), "{\"op\":\"project.del\",\"id\":7}"));
	sandbox_start(m, &project, fixture_on_done, f);
	fixture_ok(f);
	sandbox_destroy(m, 7, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(access(all, F_OK), -1);
	assert_false(mount_has(f->home));
	assert_false(netns_exists(netns));
	sandboxes_free(m);
	router_down(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_router_is_asked_in_order_and_its_no_is_an_error),
		cmocka_unit_test(
		    a_workspace_has_a_hard_limit_and_keeps_its_files),
		cmocka_unit_test(a_damaged_image_is_refused_by_name),
		cmocka_unit_test(a_refused_start_leaves_nothing),
		cmocka_unit_test(
		    a_project_s_sandbox_starts_and_can_be_attached_to),
		cmocka_unit_test(
		    it_is_adopted_by_the_next_agentd_with_its_session),
		cmocka_unit_test(one_whose_token_was_dropped_waits_for_another),
		cmocka_unit_test(it_comes_back_after_a_reboot),
		cmocka_unit_test(
		    a_session_that_dies_is_told_and_can_be_started_again),
		cmocka_unit_test(what_is_paused_stays_so_until_it_is_resumed),
		cmocka_unit_test(work_that_exists_nowhere_else_is_seen),
		cmocka_unit_test(one_that_cannot_be_made_anew_stays_as_it_is),
		cmocka_unit_test(one_made_anew_is_empty_and_has_its_identity),
		cmocka_unit_test(
		    an_image_that_a_crash_left_aside_is_put_back_or_kept),
		cmocka_unit_test(an_old_image_goes_when_a_session_runs),
		cmocka_unit_test(
		    stop_keeps_the_image_and_destroy_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
