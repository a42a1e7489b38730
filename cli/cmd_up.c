#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/layout.h"
#include "cli/out.h"
#include "cli/probe.h"
#include "cli/program.h"
#include "cli/remote.h"
#include "cli/supervise.h"
#include "cli/svcstate.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "lib/wire/json.h"

enum {
	UP_SERVICES = 5,
	UP_ARGS = 8,
	UP_LEFT_GRACE_MS = 10 * 1000,
	UP_READY_FD = 3, /* of the daemon: where it says that it is ready */
	UP_SAYS_MAX = 16 << 10
};

static const char up_ready_env[] = "COFFER_UP_READY";

struct up_args {
	const char *listen;
	bool detach, no_sandboxes;
};

static const struct {
	const char *name, *program;
	enum probe_kind probe;
	bool root;
} up_programs[UP_SERVICES] = {
	{ "cofferd", "cofferd", PROBE_HTTP, false },
	{ "router", "coffer-router", PROBE_ROUTER, true },
	{ "gateway", "coffer-gateway", PROBE_GATEWAY, true },
	{ "agentd", "coffer-agentd", PROBE_AGENTD, true },
	{ "runner", "coffer-runner", PROBE_RUNNER, true },
};

struct up {
	struct cli *c;
	struct loop *loop;
	struct supervisor *sup;
	struct supervise_service services[UP_SERVICES];
	char *programs[UP_SERVICES];
	const char *argv[UP_SERVICES][UP_ARGS];
	size_t n;
	int ready_fd; /* of the launcher that waits, or -1 */
	bool failed;
};

/* One message to the launcher: "ready URL" or "failed TEXT". */
static void
up_say(struct up *u, const char *word, const char *text)
{
	AUTO_FREE char *line = xasprintf("%s %s", word, text);

	if (u->ready_fd == -1)
		return;
	if (write(u->ready_fd, line, strlen(line)) == -1)
		log_warn("up launcher-gone errno=%d", errno);
	(void)close(u->ready_fd);
	u->ready_fd = -1;
}

static void
up_on_ready(void *arg)
{
	struct up *u = arg;
	AUTO_FREE char *url = probe_url(u->c->home);

	log_info("up ready url=%s services=%zu",
	    log_val(url == NULL ? "?" : url), u->n);
	up_say(u, "ready", url == NULL ? u->c->url : url);
}

static void
up_on_end(const char *why, void *arg)
{
	struct up *u = arg;

	if (why != NULL) {
		struct err e = ERR_INIT;

		u->failed = true;
		if (u->ready_fd != -1)
			up_say(u, "failed", why);
		else {
			(void)cli_fail(
			    u->c, &e, "up: %.*s", (int)strcspn(why, "\n"), why);
			(void)fprintf(stderr, "%s\n", why + strcspn(why, "\n"));
		}
	}
	loop_stop(u->loop);
}

static void
up_on_signal(void *arg)
{
	struct up *u = arg;

	log_info("up stop reason=signal");
	supervise_stop(u->sup);
}

static int
up_prepare(struct up *u, const struct up_args *a, struct err *e)
{
	for (size_t i = 0; i < UP_SERVICES; i++) {
		const char **argv = u->argv[u->n];
		size_t n = 0;

		if (up_programs[i].root && (a->no_sandboxes || geteuid() != 0))
			continue;
		u->programs[u->n] = program_find_own(up_programs[i].program, e);
		if (u->programs[u->n] == NULL)
			return -1;
		argv[n++] = u->programs[u->n];
		argv[n++] = "--home";
		argv[n++] = u->c->home;
		if (a->listen != NULL && up_programs[i].probe == PROBE_HTTP) {
			argv[n++] = "--listen";
			argv[n++] = a->listen;
		}
		u->services[u->n] = (struct supervise_service){
			.name = up_programs[i].name,
			.argv = argv,
			.probe = up_programs[i].probe,
		};
		u->n++;
	}
	return 0;
}

/* In the foreground, or in the daemon: until everything has stopped. */
static int
up_serve(struct up *u, struct err *e)
{
	char **env = program_env();
	struct supervise_spec spec = {
		.home = u->c->home,
		.services = u->services,
		.n = u->n,
		.envp = (const char *const *)env,
		.on_ready = up_on_ready,
		.on_end = up_on_end,
		.arg = u,
	};
	int rc = -1;

	u->loop = remote_loop(u->c, e);
	spec.loop = u->loop;
	spec.net = remote_net(u->c, e);
	if (spec.net != NULL &&
	    loop_on_signal(u->loop, SIGTERM, up_on_signal, u, e) == 0 &&
	    loop_on_signal(u->loop, SIGINT, up_on_signal, u, e) == 0 &&
	    loop_on_signal(u->loop, SIGHUP, up_on_signal, u, e) == 0 &&
	    (u->sup = supervise_start(&spec, e)) != NULL)
		rc = loop_run(u->loop, e);
	supervise_free(u->sup);
	program_env_free(env);
	return rc;
}

static void
up_release(struct up *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->programs[i]);
	if (u->ready_fd != -1)
		(void)close(u->ready_fd);
}

static int
up_foreground(struct cli *c, const struct up_args *a)
{
	const char *env = getenv(up_ready_env);
	struct up u = { .c = c, .ready_fd = env != NULL ? UP_READY_FD : -1 };
	AUTO_CLOSE int lock = -1;
	struct err e = ERR_INIT;
	int rc;

	if (u.ready_fd != -1)
		(void)fcntl(u.ready_fd, F_SETFD, FD_CLOEXEC);
	rc = svcstate_lock(c->home, &lock, &e);
	if (rc == 1)
		(void)err_set(&e, ERR_EXISTS,
		    "%s is already up (pid %d); `coffer down` stops it",
		    c->home, (int)svcstate_holder(c->home));
	if (rc == 0) {
		svcstate_reap(c->home, UP_LEFT_GRACE_MS);
		rc = up_prepare(&u, a, &e);
	}
	if (rc == 0)
		rc = up_serve(&u, &e);
	if (rc != 0) {
		up_say(&u, "failed", e.msg);
		rc = cli_fail(c, &e, "up");
	} else {
		rc = u.failed ? CLI_FAILED : CLI_OK;
	}
	up_release(&u);
	return rc;
}

static int
up_open_log(const struct cli *c, struct err *e)
{
	AUTO_FREE char *path = path_join(c->home, "log/coffer.log");
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		err_sys(e, ERR_IO, "open %s", path);
	return fd;
}

/* Starts this program again, detached; *says is where it reports. */
static int
up_launch(struct cli *c, const struct up_args *a, int *says, struct err *e)
{
	const char *argv[UP_ARGS + 2] = { "/proc/self/exe", "--home", c->home,
		"up" };
	size_t n = 4, env_n = 0;
	char **env = program_env();
	AUTO_FREE const char **envp = NULL;
	AUTO_FREE char *mark = xasprintf("%s=1", up_ready_env);
	AUTO_CLOSE int log = up_open_log(c, e);
	AUTO_CLOSE int theirs = -1;
	struct loop *loop = remote_loop(c, e);
	struct child *child;
	int p[2], rc;
	struct child_spec spec = {
		.argv = argv,
		.in = CHILD_NULL,
		.out = CHILD_FD,
		.err = CHILD_FD,
		.out_fd = log,
		.err_fd = log,
		.pass_fds = &theirs,
		.n_pass_fds = 1,
	};

	if (a->listen != NULL) {
		argv[n++] = "--listen";
		argv[n++] = a->listen;
	}
	if (a->no_sandboxes)
		argv[n++] = "--no-sandboxes";
	while (env[env_n] != NULL)
		env_n++;
	envp = xcalloc(env_n + 2, sizeof(*envp));
	for (size_t i = 0; i < env_n; i++)
		envp[i] = env[i];
	envp[env_n] = mark;
	spec.envp = envp;
	if (log == -1 || loop == NULL) {
		rc = -1;
	} else if (pipe2(p, O_CLOEXEC) == -1) {
		rc = err_sys(e, ERR_IO, "pipe");
	} else {
		theirs = p[1];
		*says = p[0];
		rc = child_start(loop, &spec, &child, e);
	}
	program_env_free(env);
	return rc;
}

static void
up_tell_ready(const struct cli *c, const char *url, bool all)
{
	if (c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		struct jw w;

		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_bool(&w, "ready", true);
		jw_str(&w, "url", url);
		jw_bool(&w, "sandboxes", all);
		jw_end(&w);
		out_json_line(&out);
	} else {
		(void)printf("ready at %s\n", url);
	}
}

/* The daemon outlives this process, so the loop that started it is not freed
 * (that would end it): leave by _exit. */
static int
up_detach(struct cli *c, const struct up_args *a)
{
	AUTO_STR struct str says = STR_INIT_MAX(UP_SAYS_MAX);
	AUTO_CLOSE int fd = -1;
	struct err e = ERR_INIT;
	char buf[4096];
	ssize_t n;
	int rc = CLI_FAILED;

	if (up_launch(c, a, &fd, &e) == -1)
		return cli_fail(c, &e, "up");
	while (
	    (n = read(fd, buf, sizeof(buf))) > 0 || (n == -1 && errno == EINTR))
		if (n > 0)
			str_addn(&says, buf, (size_t)n);
	if (view_starts(str_view(&says), "ready ")) {
		up_tell_ready(c, str_cstr(&says) + strlen("ready "),
		    geteuid() == 0 && !a->no_sandboxes);
		rc = CLI_OK;
	} else if (view_starts(str_view(&says), "failed ")) {
		(void)fprintf(stderr, "coffer: up: %s\n",
		    str_cstr(&says) + strlen("failed "));
	} else {
		(void)fprintf(stderr,
		    "coffer: up: the supervisor ended at once; see "
		    "%s/log/coffer.log\n",
		    c->home);
	}
	(void)fflush(NULL);
	_exit(rc);
}

static int
up_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct up_args *a = args;
	struct sock_addr addr;
	struct err e = ERR_INIT;
	pid_t holder;

	(void)argc;
	(void)argv;
	if (a->listen != NULL && sock_parse(a->listen, &addr, &e) == -1)
		return cli_usage("up: --listen: %s", e.msg);
	if (!layout_is_ready(c->home)) {
		(void)err_set(&e, ERR_INTERNAL,
		    "%s is not set up; run `coffer --home %s setup` first",
		    c->home, c->home_word);
		return cli_fail(c, &e, "up");
	}
	holder = svcstate_holder(c->home);
	if (holder != 0) {
		(void)err_set(&e, ERR_EXISTS,
		    "%s is already up (pid %d); `coffer down` stops it",
		    c->home, (int)holder);
		return cli_fail(c, &e, "up");
	}
	if (c->g.dry_run) {
		(void)printf("would start cofferd%s for %s\n",
		    geteuid() == 0 && !a->no_sandboxes
			? ", coffer-router, coffer-gateway, coffer-agentd, "
			  "coffer-runner"
			: "",
		    c->home);
		return CLI_OK;
	}
	if (geteuid() != 0 && !a->no_sandboxes && getenv(up_ready_env) == NULL)
		cli_note("not root: only cofferd is started, no sandboxes");
	return a->detach ? up_detach(c, a) : up_foreground(c, a);
}

#define UP(field) offsetof(struct up_args, field)

static const struct command_option up_options[] = {
	{ 'd', OPT_FLAG, "detach", UP(detach), NULL,
	    "in the background; returns when everything is ready" },
	{ 'l', OPT_STR, "listen", UP(listen), "ADDR:PORT",
	    "instead of 127.0.0.1:3000" },
	{ 0, OPT_FLAG, "no-sandboxes", UP(no_sandboxes), NULL, "cofferd only" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_up[] = {
	{ .name = "up",
	    .group = "Service",
	    .summary = "start everything and keep it running",
	    .usage = "[-d] [--listen ADDR:PORT] [--no-sandboxes]",
	    .args_size = sizeof(struct up_args),
	    .options = up_options,
	    .run = up_run },
	{ .name = NULL },
};
