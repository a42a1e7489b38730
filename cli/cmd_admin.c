/* cmd_admin: a home as a whole: backed up, restored, checked.  The work is
 * cofferd's (--admin), which has the right to it; records are checked here. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/busy.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"

enum {
	ADMIN_FOUND = 3, /* cofferd's exit status */
	ADMIN_LINES_MAX = 64 << 20
};

struct admin_args {
	bool secrets;
};

struct admin_wait {
	struct loop *loop;
	struct str *out;
	int code;
};

static void
admin_on_exit(const struct child_exit *x, void *arg)
{
	struct admin_wait *w = arg;

	w->code = WIFEXITED(x->status) ? WEXITSTATUS(x->status)
				       : 128 + WTERMSIG(x->status);
	if (w->out != NULL)
		str_addn(w->out, x->out, x->outlen);
	loop_stop(w->loop);
}

/* How much of an archive is written; of one that is read, how much of all: the
 * place in the file is the child's and ours. */
static void
admin_far(const void *arg, char far[BUSY_FAR_MAX])
{
	const struct child_spec *s = arg;
	struct stat st;

	if (s->in == CHILD_FD && fstat(s->in_fd, &st) == 0)
		busy_bar(lseek(s->in_fd, 0, SEEK_CUR), st.st_size, far);
	else if (s->out == CHILD_FD && fstat(s->out_fd, &st) == 0)
		(void)snprintf(far, BUSY_FAR_MAX, "%" PRId64 " MiB",
		    (int64_t)st.st_size >> 20);
}

/* in, out: descriptors or -1; without out, what it prints is added to *text.
 * Its messages go to ours.  0, ADMIN_FOUND or -1. */
static int
admin_cofferd(struct cli *c, const char *const *args, int in, int out,
    struct str *text, struct err *e)
{
	AUTO_FREE char *program = program_find_own("cofferd", e);
	struct admin_wait w = { .loop = remote_loop(c, e), .out = text };
	const char *argv[] = { program, "--home", c->home, args[0], args[1],
		NULL };
	char **env = program_env();
	const struct child_spec spec = { .argv = argv,
		.envp = (const char *const *)env,
		.in = in == -1 ? CHILD_NULL : CHILD_FD,
		.in_fd = in,
		.out = out == -1 ? CHILD_COLLECT : CHILD_FD,
		.out_fd = out,
		.err = CHILD_FD,
		.err_fd = STDERR_FILENO,
		.max_output = ADMIN_LINES_MAX,
		.on_exit = admin_on_exit,
		.arg = &w };
	struct child *child;
	int rc = -1;

	if (program != NULL && w.loop != NULL &&
	    child_start(w.loop, &spec, &child, e) == 0) {
		struct busy *busy = busy_begin(c, args[1], admin_far, &spec);
		struct program_stop *stop = program_stop_begin(c, child);

		rc = loop_run(w.loop, e);
		if (program_stop_end(stop, e) == -1)
			rc = -1;
		busy_end(busy);
	}
	program_env_free(env);
	if (rc == 0 && w.code != 0 && w.code != ADMIN_FOUND)
		return err_set(e, ERR_INTERNAL,
		    "cofferd %s ended with status %d", args[1], w.code);
	return rc == 0 ? w.code : -1;
}

/* ---- backup ---- */

/* FILE, or a name made of the time in an existing folder; free(3). */
static char *
admin_backup_path(const char *arg)
{
	char when[CLOCK_TEXT_MAX];
	struct stat st;

	if (stat(arg, &st) == -1 || !S_ISDIR(st.st_mode))
		return xstrdup(arg);
	(void)clock_rfc3339(clock_now_ms(), when);
	for (char *p = when; *p != '\0'; p++)
		if (*p == ':')
			*p = '-';
	return xasprintf("%s/coffer-%s.tar", arg, when);
}

/* Its folder, so that the name is there after a power cut. */
static int
admin_sync_folder(const char *path, struct err *e)
{
	AUTO_FREE char *dir = xstrdup(path);
	AUTO_CLOSE int fd = -1;
	char *slash = strrchr(dir, '/');

	if (slash != NULL)
		slash[slash == dir] = '\0';
	fd = open(
	    slash == NULL ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		return err_sys(e, ERR_IO, "sync the folder of %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

/* Under its name when it is whole; never in the place of another file. */
static int
admin_backup_to(
    struct cli *c, const struct admin_args *a, const char *path, struct err *e)
{
	const char *args[] = { "--admin",
		a->secrets ? "backup-secrets" : "backup" };
	AUTO_FREE char *part = xasprintf("%s.part", path);
	AUTO_CLOSE int fd = -1;
	int rc;

	if (access(path, F_OK) == 0)
		return err_set(e, ERR_EXISTS, "%s is there already", path);
	fd = open(
	    part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(e, ERR_IO,
		    errno == EEXIST ? "%s: of a backup that was cut off, or "
				      "is being made; remove it"
				    : "make %s",
		    part);
	rc = admin_cofferd(c, args, -1, fd, NULL, e);
	if (rc != -1 && fsync(fd) == -1)
		rc = err_sys(e, ERR_IO, "sync %s", part);
	if (rc != -1 && link(part, path) == -1)
		rc = err_sys(e, ERR_IO, "make %s", path);
	(void)unlink(part);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return rc == -1 || admin_sync_folder(path, e) == 0 ? rc : -1;
}

static int
admin_backup(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *path = admin_backup_path(argv[0]);
	struct err e = ERR_INIT;
	struct stat st;
	int rc;

	(void)argc;
	if (c->g.dry_run) {
		(void)printf("would write %s\n", path);
		return CLI_OK;
	}
	rc = admin_backup_to(c, args, path, &e);
	if (rc == -1)
		return cli_fail(c, &e, "backup");
	if (stat(path, &st) == -1)
		st.st_size = 0;
	if (c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		struct jw w;

		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "file", path);
		jw_i64(&w, "bytes", st.st_size);
		jw_bool(&w, "whole", rc == 0);
		jw_end(&w);
		out_json_line(&out);
	} else {
		(void)printf("%s\n", path);
	}
	return rc == 0 ? CLI_OK : CLI_REFUSED;
}

/* ---- check ---- */

static void
admin_found(
    struct str *lines, const char *kind, const char *name, const char *what)
{
	struct jw w;

	jw_init(&w, lines);
	jw_object(&w, NULL);
	jw_str(&w, "kind", kind);
	jw_str(&w, "project", NULL);
	jw_str(&w, "name", name);
	jw_str(&w, "what", what);
	jw_end(&w);
	str_addc(lines, '\n');
}

/* The run of a file "ID.tar", else 0. */
static int64_t
admin_record_run(const char *name)
{
	const char *dot = strchr(name, '.');
	AUTO_FREE char *id = NULL;
	struct err ignored = ERR_INIT;
	int64_t run;

	if (dot == NULL || strcmp(dot, ".tar") != 0)
		return 0;
	id = view_dup((struct view){ name, (size_t)(dot - name) });
	return num_i64(id, 1, INT64_MAX, &run, &ignored) == -1 ? 0 : run;
}

static void
admin_check_record(
    const struct cli *c, int dir, const char *file, struct str *lines)
{
	struct record r = { .run = admin_record_run(file),
		.tar = STR_INIT_MAX(RECORD_BYTES_MAX) };
	AUTO_FREE char *name = xasprintf("logs/runs/%s", file);
	struct err e = ERR_INIT;

	if (r.run == 0)
		return;
	if (path_read_beneath(dir, file, RECORD_BYTES_MAX, &r.tar, &e) == -1 ||
	    record_open(&r, &e) == -1 || record_check(&r, c->home, &e) == -1)
		admin_found(lines, "record", name, e.msg);
	record_release(&r);
}

static int
admin_check_records(const struct cli *c, struct str *lines, struct err *e)
{
	AUTO_FREE char *path = path_join(c->home, "logs/runs");
	AUTO_FREE struct dirent **names = NULL;
	AUTO_CLOSE int dir = open(
	    path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int n = dir == -1 ? -1 : scandirat(dir, ".", &names, NULL, alphasort);

	if (n == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "read %s", path);
	for (int i = 0; i < n; i++) {
		admin_check_record(c, dir, names[i]->d_name, lines);
		free(names[i]);
	}
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

/* *lines: an object of JSON on each. */
static int
admin_check_all(struct cli *c, struct str *lines, struct err *e)
{
	static const char *const args[] = { "--admin", "check" };

	if (admin_cofferd(c, args, -1, -1, lines, e) == -1)
		return -1;
	if (admin_check_records(c, lines, e) == -1)
		return -1;
	return str_ok(lines) ? 0 : err_set(e, ERR_LIMIT, "too much is wrong");
}

static void
admin_print_line(struct view line)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(line, 0, &e);
	const char *project = json_str_or(j, "project", "");

	out_fmt(stdout, "%s ", json_str_or(j, "kind", "?"));
	out_text(stdout, project);
	(void)printf("%s", project[0] == '\0' ? "" : " ");
	out_text(stdout, json_str_or(j, "name", ""));
	(void)printf(": ");
	out_text(stdout, json_str_or(j, "what", ""));
	(void)printf("\n");
	json_free(j);
}

static int
admin_tell(const struct cli *c, const struct str *lines)
{
	struct view rest = str_view(lines), line;
	size_t n = 0;

	if (c->g.json)
		(void)printf("{\"findings\":[");
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (c->g.json) {
			(void)printf("%s", n > 0 ? "," : "");
			out_json_text(line);
		} else {
			admin_print_line(line);
		}
		n++;
	}
	if (c->g.json)
		(void)printf("],\"whole\":%s}\n", n == 0 ? "true" : "false");
	else if (n == 0)
		(void)printf("%s is whole\n", c->home);
	return n == 0 ? CLI_OK : CLI_REFUSED;
}

static int
admin_check(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str lines = STR_INIT_MAX(ADMIN_LINES_MAX);
	struct err e = ERR_INIT;

	(void)args;
	(void)argc;
	(void)argv;
	if (admin_check_all(c, &lines, &e) == -1)
		return cli_fail(c, &e, "check of %s", c->home);
	return admin_tell(c, &lines);
}

/* ---- restore ---- */

static int
admin_restore_from(struct cli *c, int fd, struct err *e)
{
	static const char *const restore[] = { "--admin", "restore" };
	static const char *const init[] = { "--init", NULL };
	AUTO_STR struct str told = STR_INIT;

	if (admin_cofferd(c, restore, fd, -1, &told, e) == -1)
		return -1;
	/* Tokens of this home become known to its database, which becomes
	 * one of this program. */
	return admin_cofferd(c, init, -1, -1, &told, e);
}

static int
admin_restore(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str lines = STR_INIT_MAX(ADMIN_LINES_MAX);
	AUTO_CLOSE int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	struct err e = ERR_INIT;

	(void)args;
	(void)argc;
	if (fd == -1) {
		(void)err_sys(&e, ERR_NOTFOUND, "%s", argv[0]);
		return cli_fail(c, &e, "restore");
	}
	if (c->g.dry_run) {
		(void)printf("would restore %s into %s\n", argv[0], c->home);
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return CLI_OK;
	}
	if (admin_restore_from(c, fd, &e) == -1 ||
	    admin_check_all(c, &lines, &e) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return cli_fail(c, &e, "restore into %s", c->home);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return admin_tell(c, &lines);
}

#define ADMIN(field) offsetof(struct admin_args, field)

static const struct command_option admin_backup_options[] = {
	{ 0, OPT_FLAG, "secrets", ADMIN(secrets), NULL,
	    "also tokens and keys: the file is then worth as much" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_admin[] = {
	{ .name = "admin backup",
	    .group = "Service",
	    .summary = "everything of this home in one file, while it runs",
	    .usage = "FILE.tar|DIR [--secrets]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct admin_args),
	    .options = admin_backup_options,
	    .run = admin_backup,
	    .more = "Database, repositories, attachments, logs and records as "
		    "of one moment.  Exit status 3: it was made, but "
		    "something in this home is damaged and not in it." },
	{ .name = "admin restore",
	    .group = "Service",
	    .summary = "a new home out of a backup, and check it",
	    .usage = "FILE.tar",
	    .min = 1,
	    .max = 1,
	    .run = admin_restore,
	    .more = "--home names the new home, which must be empty or not "
		    "there.  Until all was read and right it has no database "
		    "and cannot be started; remove it and begin again then." },
	{ .name = "admin check",
	    .group = "Service",
	    .summary = "is everything there that the database names?",
	    .usage = "",
	    .run = admin_check,
	    .more = "Refs, objects, attachments, logs and the records of runs "
		    "with their hashes and signatures.  Exit status 3: "
		    "something is wrong." },
	{ .name = NULL },
};
