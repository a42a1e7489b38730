#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	LOGS_PROGRAMS = 6,
	LOGS_READ_MAX = 8 << 20, /* the end of each file; one is at most 10M */
	LOGS_LINES = 100,
	LOGS_LINES_MAX = 1000000,
	LOGS_WHEN = 24, /* "2026-01-02T03:04:05.678Z" */
	LOGS_PIECE = 64 << 10,
	LOGS_POLL_US = 200 * 1000
};

/* The files that `coffer up` writes, in the order of its starts. */
static const char *const logs_programs[LOGS_PROGRAMS] = { "coffer", "cofferd",
	"router", "gateway", "agentd", "runner" };

struct logs_args {
	bool follow;
	int64_t since_ms;
	uint64_t lines;
};

struct logs_file {
	const char *name;
	char *path;
	struct str text; /* read so far and, while following, not yet shown */
	int fd;          /* -1: not there (yet) */
	ino_t inode;
};

struct logs_line {
	const char *name, *p;
	size_t len, at; /* at: keeps the order of lines of one moment */
	char when[LOGS_WHEN + 1];
};

struct logs {
	struct cli *c;
	struct logs_file files[LOGS_PROGRAMS];
	size_t n;
};

static bool
logs_is_when(const char *p, size_t len)
{
	static const char form[] = "0000-00-00T00:00:00.000Z";

	if (len < LOGS_WHEN)
		return false;
	for (int i = 0; i < LOGS_WHEN; i++)
		if (form[i] == '0' ? p[i] < '0' || p[i] > '9' : p[i] != form[i])
			return false;
	return true;
}

static void
logs_show(struct logs *l, const char *name, const char *p, size_t len)
{
	AUTO_FREE char *text = xstrndup(p, len);

	if (l->c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		struct jw w;

		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "program", name);
		jw_str(&w, "line", text);
		jw_end(&w);
		out_json_line(&out);
		return;
	}
	if (l->n > 1) {
		char word[32];

		(void)snprintf(word, sizeof(word), "%-8s ", name);
		out_paint(l->c, stdout, OUT_DIM, word);
	}
	out_text(stdout, text);
	(void)printf("\n");
}

/* From its end at most LOGS_READ_MAX; the descriptor stays for following. */
static int
logs_open(struct logs_file *f, struct err *e)
{
	struct stat st;
	off_t from;

	f->fd = open(
	    f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (f->fd == -1)
		return errno == ENOENT
		    ? 0
		    : err_sys(e, errno == EACCES ? ERR_DENIED : ERR_IO,
			  "open %s", f->path);
	if (fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s is no file", f->path);
	f->inode = st.st_ino;
	from = st.st_size > LOGS_READ_MAX ? st.st_size - LOGS_READ_MAX : 0;
	if (lseek(f->fd, from, SEEK_SET) == -1)
		return err_sys(e, ERR_IO, "seek in %s", f->path);
	return 0;
}

/* What is there now; false at its end. */
static bool
logs_read(struct logs_file *f)
{
	char buf[LOGS_PIECE / 8];
	ssize_t n;

	if (f->fd == -1 || f->text.len > 2 * (size_t)LOGS_READ_MAX)
		return false;
	n = read(f->fd, buf, sizeof(buf));
	if (n <= 0)
		return false;
	str_addn(&f->text, buf, (size_t)n);
	return true;
}

static int
logs_compare(const void *a, const void *b)
{
	const struct logs_line *x = a, *y = b;
	int d = strcmp(x->when, y->when);

	return d != 0 ? d : x->at < y->at ? -1 : x->at > y->at;
}

/* The lines of a file; one without a time has that of the one before. */
static struct logs_line *
logs_split(const struct logs_file *f, struct logs_line *lines, size_t *n)
{
	struct view rest = str_view(&f->text), line;
	char when[LOGS_WHEN + 1] = "";

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (logs_is_when(line.p, line.len))
			(void)snprintf(
			    when, sizeof(when), "%.*s", LOGS_WHEN, line.p);
		if (line.len == 0)
			continue;
		if ((*n & (*n - 1)) == 0) /* a power of two, or 0 */
			lines = xrealloc(
			    lines, (*n == 0 ? 1 : *n * 2) * sizeof(*lines));
		lines[*n] = (struct logs_line){
			.name = f->name, .p = line.p, .len = line.len, .at = *n
		};
		memcpy(lines[*n].when, when, sizeof(when));
		(*n)++;
	}
	return lines;
}

static void
logs_show_past(struct logs *l, const struct logs_args *a)
{
	struct logs_line *lines = NULL;
	uint64_t most = a->lines != 0 ? a->lines
	    : a->since_ms != 0        ? LOGS_LINES_MAX
				      : LOGS_LINES;
	char since[CLOCK_TEXT_MAX] = "";
	size_t n = 0, from = 0;

	for (size_t i = 0; i < l->n; i++) {
		while (logs_read(&l->files[i]))
			continue;
		lines = logs_split(&l->files[i], lines, &n);
	}
	if (n > 0)
		qsort(lines, n, sizeof(*lines), logs_compare);
	if (a->since_ms != 0)
		(void)clock_rfc3339(clock_now_ms() - a->since_ms, since);
	while (from < n && a->since_ms != 0 &&
	    strncmp(lines[from].when, since, strlen("2026-01-02T03:04:05")) < 0)
		from++;
	if (n - from > most)
		from = n - (size_t)most;
	for (size_t i = from; i < n; i++)
		logs_show(l, lines[i].name, lines[i].p, lines[i].len);
	free(lines);
	for (size_t i = 0; i < l->n; i++)
		str_reset(&l->files[i].text);
}

/* The whole lines of what has come. */
static void
logs_show_new(struct logs *l, struct logs_file *f)
{
	const char *nl;

	while (logs_read(f))
		continue;
	while ((nl = memchr(str_cstr(&f->text), '\n', f->text.len)) != NULL) {
		size_t len = (size_t)(nl - str_cstr(&f->text));

		logs_show(l, f->name, str_cstr(&f->text), len);
		str_drop(&f->text, len + 1);
	}
}

static int
logs_follow(struct logs *l, struct err *e)
{
	while (fflush(stdout) == 0 && ferror(stdout) == 0) {
		(void)usleep(LOGS_POLL_US);
		for (size_t i = 0; i < l->n; i++) {
			struct logs_file *f = &l->files[i];
			struct stat st;

			logs_show_new(l, f);
			if (lstat(f->path, &st) == -1 ||
			    (f->fd != -1 && st.st_ino == f->inode))
				continue;
			/* It is new, or became NAME.log.1. */
			if (f->fd != -1)
				(void)close(f->fd);
			if (logs_open(f, e) == -1)
				return -1;
		}
	}
	return 0;
}

static void
logs_release(struct logs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->files[i].path);
		str_release(&l->files[i].text);
		if (l->files[i].fd != -1)
			(void)close(l->files[i].fd);
	}
}

static int
logs_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct logs_args *a = args;
	struct logs l = { .c = c };
	struct err e = ERR_INIT;
	bool any = false;
	int rc = CLI_OK;

	for (size_t i = 0; i < LOGS_PROGRAMS; i++) {
		AUTO_FREE char *file = xasprintf(
		    "log/%s.log", logs_programs[i]);

		if (argc == 1 && strcmp(argv[0], logs_programs[i]) != 0)
			continue;
		l.files[l.n++] = (struct logs_file){ .name = logs_programs[i],
			.path = path_join(c->home, file),
			.text = STR_INIT,
			.fd = -1 };
	}
	if (l.n == 0)
		return cli_usage("logs: no program %s; there are coffer (the "
				 "supervisor), cofferd, router, gateway, "
				 "agentd, runner; `coffer run logs ID` has "
				 "what a run wrote",
		    argv[0]);
	if (a->lines > LOGS_LINES_MAX)
		return cli_usage(
		    "logs: --lines: at most %d", (int)LOGS_LINES_MAX);
	for (size_t i = 0; i < l.n && rc == CLI_OK; i++) {
		if (logs_open(&l.files[i], &e) == -1)
			rc = cli_fail(c, &e, "logs");
		any |= l.files[i].fd != -1;
	}
	if (rc == CLI_OK && !any && !a->follow) {
		(void)err_set(&e, ERR_NOTFOUND,
		    "nothing in %s/log; `coffer up` writes it", c->home);
		rc = cli_fail(c, &e, "logs");
	} else if (rc == CLI_OK) {
		logs_show_past(&l, a);
		if (a->follow && logs_follow(&l, &e) == -1)
			rc = cli_fail(c, &e, "logs");
	}
	logs_release(&l);
	return rc;
}

#define LOGS(field) offsetof(struct logs_args, field)

static const struct command_option logs_options[] = {
	{ 'f', OPT_FLAG, "follow", LOGS(follow), NULL, "what comes, too" },
	{ 0, OPT_MS, "since", LOGS(since_ms), "TIME",
	    "of the last TIME, such as 10m" },
	{ 'n', OPT_U64, "lines", LOGS(lines), "N",
	    "at most the last N (100; all with --since)" },
	{ .name = NULL },
};

const struct command cmd_logs[] = {
	{ .name = "logs",
	    .group = "Service",
	    .summary = "what Cofferdam's programs log, by time",
	    .usage = "[coffer|cofferd|router|gateway|agentd|runner] [-f] "
		     "[--since TIME]",
	    .max = 1,
	    .args_size = sizeof(struct logs_args),
	    .options = logs_options,
	    .run = logs_run,
	    .more = "Of the files HOME/log/NAME.log that `coffer up` writes, "
		    "the last 8 MiB\nof each.  What a run or a CI job wrote: "
		    "`coffer run logs ID`,\n`coffer check logs JOB`." },
	{ .name = NULL },
};
