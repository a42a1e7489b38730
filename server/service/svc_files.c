#include "server/service/svc_attachment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/io/timer.h"
#include "server/service/svc_files_priv.h"
#include "server/store/attachments.h"

enum {
	SVC_FILES_STEP_MS = 10, /* of the sweep at the start */
	SVC_FILES_STEP = 200,   /* names looked at in one */
	SVC_FILES_EVERY_MS = 30000,
	SVC_FILES_GONE = 100 /* removed at a time */
};

struct svc_files *
svc_files_new(const struct svc_files_spec *spec, struct err *e)
{
	AUTO_FREE char *path = path_join(spec->svc->home, "attachments");
	struct svc_files *f;
	int fd;

	if (mkdir(path, 0700) == -1 && errno != EEXIST) {
		(void)err_sys(e, ERR_IO, "make %s: run cofferd --init", path);
		return NULL;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		(void)err_sys(e, ERR_IO, "open %s", path);
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->spec = *spec;
	f->dir = fd;
	return f;
}

void
svc_files_free(struct svc_files *f)
{
	if (f == NULL)
		return;
	timer_free(f->timer);
	if (f->sweep != NULL)
		(void)closedir(f->sweep);
	if (f->gone != NULL)
		f->gone->files = NULL;
	close(f->dir);
	free(f);
}

uint64_t
svc_files_max(const struct svc_files *f)
{
	return f->spec.max;
}

const char *
svc_files_types(const struct svc_files *f)
{
	return f->spec.types;
}

int
svc_files_open(const struct svc_files *f, const char *uuid, struct err *e)
{
	return path_open_beneath(f->dir, uuid, O_RDONLY, 0, e);
}

int
svc_files_room(const struct svc_files *f, struct err *e)
{
	struct statvfs st;

	if (fstatvfs(f->dir, &st) == -1)
		return err_sys(e, ERR_IO, "attachments: free space");
	if ((uint64_t)st.f_bavail * st.f_frsize < f->spec.min_free)
		return err_set(
		    e, ERR_BUSY, "attachments: the server's disk is full");
	return 0;
}

void
svc_files_unlink(const struct svc_files *f, const char *name)
{
	if (unlinkat(f->dir, name, 0) == -1 && errno != ENOENT)
		log_warn("attachment unlink name=%s reason=%s", log_val(name),
		    strerror(errno));
}

/* A file that is older than this process and that no row knows. */
static void
svc_files_sweep_one(struct svc_files *f, const char *name)
{
	struct err e = ERR_INIT;
	struct stat st;
	bool known = false;

	if (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode) ||
	    (int64_t)st.st_mtime * 1000 >= f->spec.svc->started_at - 1000)
		return;
	if (attachments_known(db_reader(f->spec.svc->db), name, &known, &e) ==
		-1 ||
	    known)
		return;
	svc_files_unlink(f, name);
	f->swept++;
}

static bool
svc_files_sweep(struct svc_files *f)
{
	const struct dirent *d;

	for (int i = 0; i < SVC_FILES_STEP; i++) {
		d = readdir(f->sweep);
		if (d == NULL) {
			(void)closedir(f->sweep);
			f->sweep = NULL;
			if (f->swept > 0)
				log_info("attachments swept n=%u", f->swept);
			return false;
		}
		if (d->d_name[0] != '.' ||
		    strncmp(d->d_name, SVC_FILES_PART, 4) == 0)
			svc_files_sweep_one(f, d->d_name);
	}
	return true;
}

static int
svc_files_forget_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_files_gone *g = arg;

	for (size_t i = 0; i < g->list.n; i++)
		if (attachments_forget(t, g->list.at[i].uuid, e) == -1)
			return -1;
	return 0;
}

static void
svc_files_forgot(const struct err *fail, void *arg)
{
	struct svc_files_gone *g = arg;

	if (fail != NULL)
		log_warn("attachments forget reason=%s", log_val(fail->msg));
	if (g->files != NULL)
		g->files->gone = NULL;
	free(g->list.at);
	free(g);
}

/* What rows left behind: first the bytes, then the note of them. */
static void
svc_files_clean(struct svc_files *f)
{
	struct svc *s = f->spec.svc;
	struct uuid_list list = { .n = 0 };
	struct err e = ERR_INIT;

	if (f->gone != NULL)
		return;
	if (attachments_gone(db_reader(s->db), SVC_FILES_GONE, &list, &e) ==
	    -1) {
		log_warn("attachments gone reason=%s", log_val(e.msg));
		return;
	}
	if (list.n == 0)
		return;
	for (size_t i = 0; i < list.n; i++)
		svc_files_unlink(f, list.at[i].uuid);
	f->gone = xcalloc(1, sizeof(*f->gone));
	f->gone->files = f;
	f->gone->list = list;
	db_write(s->db, svc_files_forget_job, svc_files_forgot, f->gone);
}

static void
svc_files_on_timer(void *arg)
{
	struct svc_files *f = arg;

	if (f->sweep != NULL && svc_files_sweep(f)) {
		timer_set(f->timer, SVC_FILES_STEP_MS);
		return;
	}
	svc_files_clean(f);
	timer_set(f->timer, SVC_FILES_EVERY_MS);
}

void
svc_files_soon(struct svc_files *f)
{
	if (f != NULL && f->timer != NULL)
		timer_set(f->timer, SVC_FILES_STEP_MS);
}

void
svc_files_start(struct svc_files *f)
{
	int fd = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	f->sweep = fd == -1 ? NULL : fdopendir(fd);
	if (f->sweep == NULL && fd != -1)
		close(fd);
	f->timer = timer_new(f->spec.svc->loop, svc_files_on_timer, f);
	timer_set(f->timer, SVC_FILES_STEP_MS);
}
