/* cmd_cp: files between the user's disk and a project's sandbox. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/copy.h"
#include "cli/copy_local.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/ssh/sftp.h"
#include "cli/ssh/ssh.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	CP_SHOWN = 20, /* of what was left out */
	CP_ENTRIES = 200000
};

static const uint64_t cp_bytes = 4ull << 30;

struct cp_args {
	bool force, git;
	uint64_t max;
};

struct cp {
	const struct cp_args *args;
	struct ssh *ssh;
	struct sftp *sftp;
	struct copy_local *local;
	uint64_t told;
};

/* "PROJECT:path": a colon before which there is a project's name. */
static const char *
cp_sandbox_path(const char *arg)
{
	const char *colon = strchr(arg, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - arg);

	if (n == 0 || arg[0] == '/' || arg[0] == '.' || arg[0] == '-')
		return NULL;
	return strspn(arg,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789._-/") == n
	    ? colon + 1
	    : NULL;
}

/* Absolute, without slashes at its end; the workspace is where one begins. */
static char *
cp_absolute(const char *path)
{
	char *p = path[0] == '/' ? xstrdup(path)
	    : path[0] == '\0'    ? xstrdup("/work")
				 : xasprintf("/work/%s", path);
	size_t n = strlen(p);

	while (n > 1 && p[n - 1] == '/')
		p[--n] = '\0';
	return p;
}

/* Splits an absolute path in place; the name is "" for the root. */
static const char *
cp_split(char *path, char **folder)
{
	char *slash = strrchr(path, '/');

	*folder = slash == path ? xstrdup("/")
				: xasprintf("%.*s", (int)(slash - path), path);
	return slash + 1;
}

static void
cp_on_skip(const char *where, const char *why, void *arg)
{
	struct cp *p = arg;

	if (p->told++ < CP_SHOWN)
		cli_note("left out: %s: %s", where, why);
}

/* Where the user's word leads; a link that it names itself is refused. */
static char *
cp_real(const char *word, struct err *e)
{
	AUTO_FREE char *bare = xstrdup(word);
	size_t n = strlen(bare);
	struct stat st;
	char *real;

	while (n > 1 && bare[n - 1] == '/')
		bare[--n] = '\0';
	if (lstat(bare, &st) == -1) {
		(void)err_sys(e, ERR_NOTFOUND, "%s", word);
		return NULL;
	}
	if (S_ISLNK(st.st_mode)) {
		(void)err_set(e, ERR_INVALID,
		    "%s is a symbolic link: name what it leads to", word);
		return NULL;
	}
	real = realpath(bare, NULL);
	if (real == NULL)
		(void)err_sys(e, ERR_IO, "%s", word);
	return real;
}

static int
cp_run(struct cp *p, struct copy_spec *s, const struct copy_entry *what,
    struct copy_result *r, struct err *e)
{
	s->limits.bytes = p->args->max != 0 ? p->args->max : cp_bytes;
	s->limits.entries = CP_ENTRIES;
	s->keep_git = p->args->git;
	s->on_skip = cp_on_skip;
	s->arg = p;
	return copy_run(s, what, r, e);
}

/* From the sandbox: into a folder that is there, or under a new name. */
static int
cp_out(struct cp *p, const char *from, const char *to, struct copy_result *r,
    struct err *e)
{
	AUTO_FREE char *path = cp_absolute(from);
	AUTO_FREE char *folder = NULL;
	AUTO_FREE char *bare = xstrdup(to);
	struct copy_entry what = { .kind = COPY_OTHER };
	struct copy_spec s = {
		.from = &sftp_source, .src = p->sftp, .to = &copy_local_sink
	};
	const char *name = cp_split(path, &folder);
	const char *into = to;
	struct stat st;
	char *slash;

	if (!copy_name_ok(name))
		return err_set(e, ERR_INVALID, "%s has no name", from);
	if (sftp_look(p->sftp, path, &what, e) == -1)
		return -1;
	(void)snprintf(what.name, sizeof(what.name), "%s", name);
	s.as = name;
	if (stat(to, &st) == -1 || !S_ISDIR(st.st_mode)) {
		slash = strrchr(bare, '/');
		s.as = slash == NULL ? to : to + (slash - bare) + 1;
		if (slash != NULL)
			slash[slash == bare ? 1 : 0] = '\0';
		into = slash == NULL ? "." : bare;
	}
	if (!copy_name_ok(s.as))
		return err_set(e, ERR_NOTFOUND, "%s is not there", to);
	sftp_begin(p->sftp, folder);
	p->local = copy_local_new(into, p->args->force, e);
	s.dst = p->local;
	return p->local == NULL ? -1 : cp_run(p, &s, &what, r, e);
}

static int
cp_in(struct cp *p, const char *from, const char *to, struct copy_result *r,
    struct err *e)
{
	AUTO_FREE char *real = cp_real(from, e);
	AUTO_FREE char *path = cp_absolute(to);
	AUTO_FREE char *here = NULL;
	AUTO_FREE char *there = NULL;
	struct copy_entry what = { .kind = COPY_OTHER };
	struct copy_entry into = { .kind = COPY_OTHER };
	struct copy_spec s = {
		.from = &copy_local_source, .to = &sftp_sink, .dst = p->sftp
	};
	struct err absent = ERR_INIT;
	const char *name;

	if (real == NULL)
		return -1;
	name = cp_split(real, &here);
	if (!copy_name_ok(name))
		return err_set(e, ERR_INVALID, "%s has no name", from);
	p->local = copy_local_new(here, false, e);
	s.src = p->local;
	if (p->local == NULL || copy_local_look(p->local, name, &what, e) == -1)
		return -1;
	s.as = name;
	if (sftp_look(p->sftp, path, &into, &absent) == 0 &&
	    into.kind == COPY_DIR) {
		sftp_begin(p->sftp, path);
	} else {
		s.as = cp_split(path, &there);
		sftp_begin(p->sftp, there);
	}
	return cp_run(p, &s, &what, r, e);
}

static void
cp_show(const struct cli *c, const struct copy_result *r, uint64_t told)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	if (told > CP_SHOWN)
		cli_note("left out: %" PRIu64 " more", told - CP_SHOWN);
	if (!c->g.json) {
		cli_note("%" PRIu64 " files, %" PRIu64 " folders, %" PRIu64
			 " bytes",
		    r->files, r->folders, r->bytes);
		return;
	}
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_u64(&w, "files", r->files);
	jw_u64(&w, "folders", r->folders);
	jw_u64(&w, "bytes", r->bytes);
	jw_u64(&w, "skipped", r->skipped);
	jw_end(&w);
	out_json_line(&text);
}

static int
cp_start(struct cli *c, const void *args, int argc, char **argv)
{
	const char *out = cp_sandbox_path(argv[0]);
	const char *in = cp_sandbox_path(argv[1]);
	const char *named = out != NULL ? argv[0] : argv[1];
	AUTO_FREE char *project = xstrdup(named);
	char full[TARGET_FULL_MAX];
	struct cp p = { .args = args };
	struct copy_result r = { .files = 0 };
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	if ((out == NULL) == (in == NULL))
		return cli_usage(
		    "cp: one of the two is PROJECT:PATH, the other "
		    "a file here (./a:b if it has a colon)");
	*strchr(project, ':') = '\0';
	if (target_project(c, project, full, &e) == -1)
		return cli_fail(c, &e, "cp %s", named);
	rc = ssh_open(c, full, &p.ssh, &e);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	if (rc == 0)
		rc = sftp_new(p.ssh, &p.sftp, &e);
	if (rc == 0)
		rc = out != NULL ? cp_out(&p, out, argv[1], &r, &e)
				 : cp_in(&p, argv[0], in, &r, &e);
	copy_local_free(p.local);
	sftp_free(p.sftp);
	ssh_free(p.ssh);
	if (rc == -1)
		return cli_fail(c, &e, "cp %s", named);
	cp_show(c, &r, p.told);
	return CLI_OK;
}

static const struct command_option cp_options[] = {
	{ 'f', OPT_FLAG, "force", offsetof(struct cp_args, force), NULL,
	    "here: replace files, write into folders that are there" },
	{ 0, OPT_FLAG, "git", offsetof(struct cp_args, git), NULL,
	    "with .git, whose hooks and settings git here would obey" },
	{ 0, OPT_SIZE, "max", offsetof(struct cp_args, max), "SIZE",
	    "at most this much in all (4G)" },
	{ .name = NULL },
};

const struct command cmd_cp[] = {
	{ .name = "cp",
	    .group = "Sandboxes",
	    .summary = "copy files from or to a project's sandbox",
	    .usage = "PROJECT:PATH HERE | HERE PROJECT:PATH",
	    .min = 2,
	    .max = 2,
	    .args_size = sizeof(struct cp_args),
	    .options = cp_options,
	    .run = cp_start,
	    .more = "Folders are copied whole; a path in the sandbox begins at "
		    "/work.  Links and special files are left out, on either "
		    "side,\nas is what the sandbox's user may not read.  To "
		    "take over commits use `coffer fetch`." },
	{ .name = NULL },
};
