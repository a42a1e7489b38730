#include "agentd/recorder/recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/gateway/confine.h"
#include "agentd/record/record.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/ustar.h"

enum {
	RECORDER_NOBODY = 65534,
	RECORDER_SECRETS_MAX = 64 << 10
};

struct recorder {
	struct record record;
	int from[RECORD_FOUND]; /* -1: it is not there */
	int to[RECORD_PARTS];   /* the same */
	int steps, facts, archive;
	struct str secrets;
};

static int
recorder_read(int fd, struct str *out, bool *cut, struct err *e)
{
	char buf[8 << 10];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "read");
		str_addn(out, buf,
		    (size_t)n > out->max - out->len ? out->max - out->len
						    : (size_t)n);
		if (out->len == out->max) {
			*cut = read(fd, buf, 1) == 1;
			break;
		}
	}
	return 0;
}

static int
recorder_write(int fd, struct view v, struct err *e)
{
	while (v.len > 0) {
		ssize_t n = write(fd, v.p, v.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "write");
		v = view_from(v, (size_t)n);
	}
	return 0;
}

/* Absent is fine: -1. */
static int
recorder_open_from(int dir, const char *name, int *fd, struct err *e)
{
	struct stat st;

	*fd = path_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0, e);
	if (*fd == -1 && e->code == ERR_NOTFOUND) {
		*e = ERR_INIT;
		return 0;
	}
	if (*fd == -1 || fstat(*fd, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s cannot be read", name);
	return 0;
}

static int
recorder_open_to(int dir, const char *name, int *fd, struct err *e)
{
	*fd = path_open_beneath(
	    dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600, e);
	return *fd == -1 ? -1 : 0;
}

static int
recorder_open(struct recorder *x, const char *path, struct err *e)
{
	AUTO_CLOSE int run = open(
	    path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSE int dir = -1;

	if (run == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	dir = path_open_beneath(
	    run, "record.new", O_RDONLY | O_DIRECTORY, 0, e);
	if (dir == -1)
		return -1;
	for (size_t i = 0; i < RECORD_PARTS; i++) {
		x->to[i] = -1;
		if (i < RECORD_FOUND &&
		    recorder_open_from(
			run, record_names[i].from, &x->from[i], e) == -1)
			return -1;
		/* The events are made of the steps, too. */
		if ((i >= RECORD_FOUND || i == RECORD_EVENTS ||
			x->from[i] != -1) &&
		    recorder_open_to(dir, record_names[i].name, &x->to[i], e) ==
			-1)
			return -1;
	}
	if (recorder_open_from(run, "steps.jsonl", &x->steps, e) == -1 ||
	    recorder_open_from(run, "facts.json", &x->facts, e) == -1 ||
	    recorder_open_to(dir, "record.tar", &x->archive, e) == -1)
		return -1;
	if (geteuid() != 0)
		return 0;
	if (fchdir(dir) == -1 || chroot(".") == -1)
		return err_sys(e, ERR_DENIED, "leave the host's files");
	return confine_become(RECORDER_NOBODY, RECORDER_NOBODY, e);
}

static int
recorder_secrets(struct recorder *x, struct err *e)
{
	struct view rest, line;
	bool cut = false;

	x->secrets = STR_INIT_MAX(RECORDER_SECRETS_MAX);
	if (recorder_read(STDIN_FILENO, &x->secrets, &cut, e) == -1)
		return -1;
	rest = str_view(&x->secrets);
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		mask_add(&x->record.mask, line);
	return 0;
}

static int
recorder_load(struct recorder *x, struct err *e)
{
	struct record *r = &x->record;
	bool cut = false;

	for (size_t i = 0; i < RECORD_FOUND; i++) {
		r->part[i].there = x->from[i] != -1;
		if (x->from[i] != -1 &&
		    recorder_read(
			x->from[i], &r->part[i].text, &r->part[i].cut, e) == -1)
			return err_wrap(e, "%s", record_names[i].from);
	}
	if ((x->steps != -1 &&
		recorder_read(x->steps, &r->steps, &cut, e) == -1) ||
	    (x->facts != -1 &&
		recorder_read(x->facts, &r->facts, &cut, e) == -1))
		return -1;
	return 0;
}

static int
recorder_put(struct recorder *x, enum record_id i, struct err *e)
{
	const struct record_part *p = &x->record.part[i];
	AUTO_STR struct str head = STR_INIT, pad = STR_INIT;

	if (x->to[i] == -1)
		return 0;
	if (recorder_write(x->to[i], str_view(&p->text), e) == -1 ||
	    fsync(x->to[i]) == -1)
		return err_set(
		    e, ERR_IO, "%s cannot be written", record_names[i].name);
	if (!p->there)
		return 0;
	ustar_head(&head, record_names[i].name, p->text.len);
	ustar_pad(&pad, p->text.len);
	if (recorder_write(x->archive, str_view(&head), e) == -1 ||
	    recorder_write(x->archive, str_view(&p->text), e) == -1 ||
	    recorder_write(x->archive, str_view(&pad), e) == -1)
		return err_wrap(e, "the archive");
	return 0;
}

static int
recorder_make(struct recorder *x, const char *path, struct err *e)
{
	if (recorder_secrets(x, e) == -1 || recorder_open(x, path, e) == -1 ||
	    confine_filter(false, e) == -1 || recorder_load(x, e) == -1)
		return -1;
	record_make(&x->record);
	for (int i = 0; i < RECORD_PARTS; i++)
		if (recorder_put(x, (enum record_id)i, e) == -1)
			return -1;
	(void)printf("%s\n", x->record.part[RECORD_MANIFEST].sha);
	return fflush(stdout) == 0 ? 0 : err_sys(e, ERR_IO, "tell the hash");
}

int
recorder_run(const char *dir, struct err *e)
{
	struct recorder x;
	int rc;

	memset(&x, 0, sizeof(x));
	record_init(&x.record);
	x.record.now = clock_now_ms();
	rc = recorder_make(&x, dir, e);
	record_release(&x.record);
	if (x.secrets.p != NULL)
		explicit_bzero(x.secrets.p, x.secrets.len);
	str_release(&x.secrets);
	return rc;
}
