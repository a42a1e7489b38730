/* main of cofferd: its options, then app. */
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/opt.h"
#include "server/app.h"
#include "server/auth/password.h"
#include "server/backup/backup.h"
#include "server/config.h"
#include "server/git/git_pool.h"
#include "server/git/pack_check.h"
#include "server/home.h"

enum {
	MAIN_FAILED = 1,
	MAIN_USAGE = 2,
	MAIN_WORKER_FD = 3
};

struct main_options {
	const char *home;
	const char *listen;
	const char *repo;
	const char *job;
	bool check;
	bool init;
	bool worker;
	bool password;
	bool version;
	bool help;
};

static int
main_fail(int status, const struct err *e)
{
	fprintf(stderr, "cofferd: %s\n", e->msg);
	return status;
}

static int
main_init(const char *home)
{
	struct err e = ERR_INIT;

	return home_check_whole(home, &e) == -1 ||
		home_init(home, stdout, &e) == -1
	    ? main_fail(MAIN_FAILED, &e)
	    : 0;
}

static int
main_run(const char *home, struct config *cfg, const char *listen)
{
	struct err e = ERR_INIT;
	struct app *app;
	int rc;

	if (listen != NULL) {
		free(cfg->listen);
		cfg->listen = xstrdup(listen);
	}
	log_init("cofferd", cfg->level);
	if (home_enter(home, &e) == -1)
		return main_fail(MAIN_FAILED, &e);
	app = app_new(home, cfg, &e);
	if (app == NULL)
		return main_fail(MAIN_FAILED, &e);
	rc = app_run(app, &e);
	app_free(app);
	return rc == -1 ? main_fail(MAIN_FAILED, &e) : 0;
}

static int
main_with_config(const struct main_options *o, const char *home)
{
	struct config cfg;
	struct err e = ERR_INIT;
	int status;

	if (home_check_whole(home, &e) == -1)
		return main_fail(MAIN_FAILED, &e);
	if (config_load(home, &cfg, &e) == -1)
		status = main_fail(MAIN_USAGE, &e);
	else if (o->check)
		status = home_check_files(home, &cfg, &e) == -1
		    ? main_fail(MAIN_USAGE, &e)
		    : 0;
	else
		status = main_run(home, &cfg, o->listen);
	config_release(&cfg);
	return status;
}

int
main(int argc, char **argv)
{
	struct main_options o = { .home = NULL };
	const struct opt opts[] = {
		{ 0, "home", OPT_STR, &o.home, "DIR",
		    "where everything is kept" },
		{ 0, "listen", OPT_STR, &o.listen, "ADDR:PORT",
		    "instead of the file's; port 0 is any free one" },
		{ 'n', "check", OPT_FLAG, &o.check, NULL,
		    "check the configuration and end" },
		{ 0, "init", OPT_FLAG, &o.init, NULL,
		    "make the home, its users and secrets, and end" },
		{ 0, "git-worker", OPT_FLAG, &o.worker, NULL,
		    "serve cofferd's questions about repositories" },
		{ 0, "password-worker", OPT_FLAG, &o.password, NULL,
		    "check one password for cofferd" },
		{ 0, "git-check", OPT_STR, &o.repo, "PATH",
		    "check a repository's files against their checksums" },
		{ 0, "admin", OPT_STR, &o.job, "JOB",
		    "backup, backup-secrets, restore, check" },
		{ 0, "version", OPT_FLAG, &o.version, NULL, "say it and end" },
		{ 'h', "help", OPT_FLAG, &o.help, NULL, "this text" },
		{ .name = NULL },
	};
	AUTO_FREE char *home = NULL;
	struct err e = ERR_INIT;

	if (opt_parse(&argc, &argv, opts, &e) == -1)
		return main_fail(MAIN_USAGE, &e);
	if (o.help || argc > 0) {
		opt_usage(
		    o.help ? stdout : stderr, "cofferd [OPTION]...", opts);
		return o.help ? 0 : MAIN_USAGE;
	}
	if (o.version) {
		puts("cofferd " APP_VERSION);
		return 0;
	}
	umask(022);
	if (o.worker)
		return gitworker_main(MAIN_WORKER_FD);
	if (o.password)
		return passwordworker_main();
	if (o.repo != NULL)
		return packcheck_main(o.repo);
	home = home_path(o.home);
	if (o.init)
		return main_init(home);
	if (o.job != NULL)
		return backup_main(o.job, home);
	return main_with_config(&o, home);
}
