#include "agentd/sandbox/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/seq.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"

enum {
	WORKSPACE_POLL_MS = 20,
	WORKSPACE_WAIT_MS = 5000
};

struct workspace {
	int64_t id;
	uint64_t size_mib;
	uint32_t uid;
	char *dir; /* HOME/sandboxes/ID */
	char *image;
	char *fresh; /* the image while it is being made */
	char *mount;
	bool made;       /* by this call: undo removes it */
	bool mounted;    /* before this call */
	char device[32]; /* the loop device of the image; "" when there is none
			  */
	struct timer *timer;
	struct seq *seq; /* waiting for the device to go */
	int64_t until;
};

char *
workspace_dir(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64, h->home, id);
}

char *
workspace_mount(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/ws", h->home, id);
}

static bool
workspace_is_mount(const char *dir, const char *mount)
{
	struct stat up;
	struct stat st;

	return lstat(dir, &up) == 0 && lstat(mount, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_dev != up.st_dev;
}

bool
workspace_is_mounted(const struct sandbox_host *h, int64_t id)
{
	AUTO_FREE char *dir = workspace_dir(h, id);
	AUTO_FREE char *mount = workspace_mount(h, id);

	return workspace_is_mount(dir, mount);
}

/*
 * The loop device that has the image, if any.  It can outlive an unmount for a
 * moment: a mount namespace that was copied meanwhile has the mount as well.
 * Checking or mounting the image anew then would be two kernels' views of one
 * file system.
 */
static bool
workspace_find_device(struct workspace *w)
{
	DIR *d = opendir("/sys/block");
	const struct dirent *ent;

	w->device[0] = '\0';
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *path = NULL;
		AUTO_STR struct str text = STR_INIT;
		struct err e = ERR_INIT;

		if (strncmp(ent->d_name, "loop", 4) != 0 ||
		    strlen(ent->d_name) > 16)
			continue;
		path = xasprintf(
		    "/sys/block/%s/loop/backing_file", ent->d_name);
		if (path_read(path, 4096, &text, &e) == 0 &&
		    view_is(view_trim(str_view(&text)), w->image))
			(void)snprintf(w->device, sizeof(w->device),
			    "/dev/%.16s", ent->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return w->device[0] != '\0';
}

static void
workspace_on_time(void *arg)
{
	struct workspace *w = arg;

	if (workspace_find_device(w) && clock_mono_ms() < w->until)
		timer_set(w->timer, WORKSPACE_POLL_MS);
	else
		seq_resume(NULL, w->seq);
}

/* Until nothing uses the image, or for WORKSPACE_WAIT_MS. */
static int
workspace_step_settle(struct seq *s, void *ctx, struct err *e)
{
	struct workspace *w = ctx;

	(void)e;
	if (w->mounted || !workspace_find_device(w))
		return SEQ_DONE;
	w->seq = s;
	w->until = clock_mono_ms() + WORKSPACE_WAIT_MS;
	w->timer = timer_new(seq_loop(s), workspace_on_time, w);
	timer_set(w->timer, WORKSPACE_POLL_MS);
	return SEQ_WAIT;
}

static struct workspace *
workspace_new(const struct sandbox_host *h, int64_t id, uint64_t size_mib)
{
	struct workspace *w = xcalloc(1, sizeof(*w));

	w->id = id;
	w->size_mib = size_mib != 0 ? size_mib : WORKSPACE_DEFAULT_MIB;
	w->uid = host_project_uid_base(id) + HOST_AGENT_UID;
	w->dir = workspace_dir(h, id);
	w->mount = workspace_mount(h, id);
	w->image = xasprintf("%s/ws.img", w->dir);
	w->fresh = xasprintf("%s/ws.img.new", w->dir);
	return w;
}

static void
workspace_release(void *ctx)
{
	struct workspace *w = ctx;

	timer_free(w->timer);
	free(w->dir);
	free(w->mount);
	free(w->image);
	free(w->fresh);
	free(w);
}

static int
workspace_step_look(struct seq *s, void *ctx, struct err *e)
{
	struct workspace *w = ctx;

	(void)s;
	if (host_project_uid_base(w->id) == 0)
		return err_set(
		    e, ERR_LIMIT, "project ids end at %d", HOST_MAX_PROJECT);
	if (w->size_mib < WORKSPACE_MIN_MIB || w->size_mib > WORKSPACE_MAX_MIB)
		return err_set(e, ERR_INVALID,
		    "workspace size must be %d MiB to %d MiB",
		    WORKSPACE_MIN_MIB, WORKSPACE_MAX_MIB);
	if (path_mkdirs(w->mount, 0711, e) == -1)
		return -1;
	if (chmod(w->dir, 0711) == -1)
		return err_sys(e, ERR_IO, "%s", w->dir);
	w->mounted = workspace_is_mount(w->dir, w->mount);
	w->made = !w->mounted && access(w->image, F_OK) == -1;
	return SEQ_DONE;
}

static int
workspace_undo_look(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;

	(void)s;
	if (w->made && unlink(w->fresh) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "remove %s", w->fresh);
	return SEQ_DONE;
}

static int
workspace_step_make(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;
	AUTO_FREE char *owner = xasprintf(
	    "root_owner=%u:%u,lazy_itable_init=1,lazy_journal_init=1,"
	    "nodiscard",
	    w->uid, w->uid);
	const char *const argv[] = { "/usr/sbin/mkfs.ext4", "-q", "-F", "-m",
		"0", "-E", owner, w->fresh, NULL };
	AUTO_CLOSE int fd = -1;

	if (!w->made)
		return SEQ_DONE;
	fd = open(w->fresh,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_sys(e, ERR_IO, "create %s", w->fresh);
	if (ftruncate(fd, (off_t)(w->size_mib << 20)) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "size of %s", w->fresh);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static int
workspace_step_name(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;

	(void)s;
	if (w->made && rename(w->fresh, w->image) == -1)
		return err_sys(e, ERR_IO, "rename %s", w->fresh);
	return SEQ_DONE;
}

static int
workspace_undo_make(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;

	(void)s;
	if (w->made && unlink(w->image) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "remove %s", w->image);
	return SEQ_DONE;
}

static int
workspace_step_check(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;
	const char *const argv[] = { "/usr/sbin/e2fsck", "-p", w->image, NULL };

	if (w->made || w->mounted || w->device[0] != '\0')
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, true, e);
}

/* e2fsck(8): 1 is repaired; 2 and more is not usable. */
static int
workspace_step_mount(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;
	bool used = w->device[0] != '\0';
	const char *const argv[] = { "/usr/bin/mount", "-t", "ext4", "-o",
		used ? "nosuid,nodev" : "loop,nosuid,nodev",
		used ? w->device : w->image, w->mount, NULL };

	if (w->mounted)
		return SEQ_DONE;
	if (!w->made && !used && seq_status(s) > 1)
		return err_set(e, ERR_IO,
		    "%s is damaged (e2fsck -p: status %d); run e2fsck on it",
		    w->image, seq_status(s));
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

/*
 * The sandbox writes here by its group; the owner is root and the folder
 * sticky, so that it cannot rename what is root's: the folder of runs.
 */
static int
workspace_step_own(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;
	AUTO_FREE char *lost = path_join(w->mount, "lost+found");
	AUTO_FREE char *runs = path_join(w->mount, "runs");

	(void)s;
	if (w->mounted)
		return SEQ_DONE;
	if (w->made)
		(void)rmdir(lost);
	if (chown(w->mount, 0, w->uid) == -1 || chmod(w->mount, 01770) == -1)
		return err_sys(e, ERR_IO, "%s", w->mount);
	if (mkdir(runs, 0700) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "%s", runs);
	return SEQ_DONE;
}

static int
workspace_step_umount(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;
	const char *const argv[] = { "/usr/bin/umount", w->mount, NULL };

	if (w->mounted || !workspace_is_mount(w->dir, w->mount))
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static int
workspace_step_delete(struct seq *s, void *ctx, struct err *e)
{
	const struct workspace *w = ctx;

	(void)s;
	if (workspace_is_mount(w->dir, w->mount))
		return err_set(e, ERR_BUSY, "%s is still mounted", w->mount);
	if (access(w->dir, F_OK) == -1 && errno == ENOENT)
		return SEQ_DONE;
	return path_rmtree(w->dir, e);
}

static const struct seq_step workspace_up_steps[] = {
	{ "workspace", workspace_step_look, workspace_undo_look },
	{ "workspace", workspace_step_settle, NULL },
	{ "make the workspace", workspace_step_make, NULL },
	{ "make the workspace", workspace_step_name, workspace_undo_make },
	{ "check the workspace", workspace_step_check, NULL },
	{ "mount the workspace", workspace_step_mount, workspace_step_umount },
	{ "own the workspace", workspace_step_own, NULL },
};
static const struct seq_step workspace_down_steps[] = {
	{ "unmount the workspace", workspace_step_umount, NULL },
	{ "unmount the workspace", workspace_step_settle, NULL },
	{ "delete the workspace", workspace_step_delete, NULL },
};

static void
workspace_start(const struct sandbox_host *h, struct workspace *w,
    const struct seq_step *steps, size_t n, sandbox_done_fn *done, void *arg)
{
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = steps,
	    .n = n,
	    .ctx = w,
	    .release = workspace_release,
	    .done = done,
	    .arg = arg });
}

void
workspace_up(const struct sandbox_host *h, int64_t id, uint64_t size_mib,
    sandbox_done_fn *done, void *arg)
{
	workspace_start(h, workspace_new(h, id, size_mib), workspace_up_steps,
	    7, done, arg);
}

void
workspace_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	workspace_start(
	    h, workspace_new(h, id, 0), workspace_down_steps, 2, done, arg);
}

void
workspace_remove(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	workspace_start(
	    h, workspace_new(h, id, 0), workspace_down_steps, 3, done, arg);
}

#define WORKSPACE_ASIDE "ws.img.old-"

static char *
workspace_aside(const struct sandbox_host *h, int64_t id, int64_t generation)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/" WORKSPACE_ASIDE "%" PRId64,
	    h->home, id, generation);
}

static char *
workspace_image(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/ws.img", h->home, id);
}

int
workspace_set_aside(
    const struct sandbox_host *h, int64_t id, int64_t generation, struct err *e)
{
	AUTO_FREE char *image = workspace_image(h, id);
	AUTO_FREE char *aside = workspace_aside(h, id, generation);

	if (workspace_is_mounted(h, id))
		return err_set(e, ERR_BUSY, "%s is still mounted", image);
	if (rename(image, aside) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "rename %s", image);
	return 0;
}

int
workspace_put_back(
    const struct sandbox_host *h, int64_t id, int64_t generation, struct err *e)
{
	AUTO_FREE char *image = workspace_image(h, id);
	AUTO_FREE char *aside = workspace_aside(h, id, generation);

	if (rename(aside, image) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "rename %s", aside);
	return 0;
}

void
workspace_drop_aside(const struct sandbox_host *h, int64_t id)
{
	AUTO_FREE char *dir = workspace_dir(h, id);
	DIR *d = opendir(dir);
	const struct dirent *ent;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *path = NULL;

		if (strncmp(ent->d_name, WORKSPACE_ASIDE,
			sizeof(WORKSPACE_ASIDE) - 1) != 0)
			continue;
		path = path_join(dir, ent->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
}

int
workspace_recover(
    const struct sandbox_host *h, int64_t id, int64_t generation, struct err *e)
{
	AUTO_FREE char *aside = workspace_aside(h, id, generation);

	if (access(aside, F_OK) == -1 || workspace_is_mounted(h, id))
		return 0;
	return workspace_put_back(h, id, generation, e);
}
