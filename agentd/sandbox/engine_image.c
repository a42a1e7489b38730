#include "agentd/sandbox/engine_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/rootfs.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/spec.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	ENGINE_ID_MAX = 128,
	ENGINE_RECORD_MAX = 512
};

struct engine_image {
	const struct sandbox_host *h;
	char *root;   /* NULL: the host's system */
	char *ref;    /* localhost/coffer-INST-NAME:STAMP */
	char *record; /* HOME/run/engine/image-NAME: "REF ID", of the last */
	char *work;   /* HOME/run/engine/.RANDOM: while it is made */
	char *tar;
	bool known; /* the engine has it */
	char id[ENGINE_ID_MAX];
	struct seq *seq;
	engine_image_fn *fn;
	void *arg;
};

/* "sha256:HEX", or HEX, which every call takes. */
static int
engine_image_set_id(struct engine_image *i, const char *id, struct err *e)
{
	if (strncmp(id, "sha256:", 7) == 0)
		id += 7;
	if (strlen(id) != 64 || strspn(id, "0123456789abcdef") != 64)
		return err_set(
		    e, ERR_PROTO, "the engine: image %s has no id", i->ref);
	(void)snprintf(i->id, sizeof(i->id), "%s", id);
	return 0;
}

static void
engine_image_stamp(
    struct engine_image *i, const char *name, const struct stat *st)
{
	i->ref = xasprintf("localhost/coffer-%s-%s:%" PRIx64 "-%" PRIx64
			   "-%" PRIx64,
	    i->h->inst, name, (uint64_t)st->st_ino,
	    (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec);
	i->record = xasprintf("%s/run/engine/image-%s", i->h->home, name);
}

/*
 * An image of ours is known by its id, as the engine told it when it was
 * imported: whoever gives our name to another changes nothing.
 */
static void
engine_image_recall(struct engine_image *i)
{
	AUTO_STR struct str text = STR_INIT;
	struct err bad = ERR_INIT;
	size_t n = strlen(i->ref);

	if (path_read(i->record, ENGINE_RECORD_MAX, &text, &bad) == 0 &&
	    strncmp(str_cstr(&text), i->ref, n) == 0 && text.p[n] == ' ')
		(void)engine_image_set_id(i, text.p + n + 1, &bad);
}

/* What is there now: a new folder in its place is a new image, and so is the
 * skeleton of a new version of these programs. */
static int
engine_image_name(struct engine_image *i, struct err *e)
{
	AUTO_FREE char *name = NULL;
	struct stat st;

	if (i->root == NULL) {
		if (stat(i->h->shim, &st) == -1)
			return err_sys(e, ERR_NOTFOUND, "%s", i->h->shim);
		engine_image_stamp(i, "host", &st);
		return 0;
	}
	if (stat(i->root, &st) == -1)
		return err_set(e, ERR_NOTFOUND,
		    "image %.150s is not there: coffer profile build makes one",
		    i->root);
	/* Names of images have small letters only. */
	name = xasprintf("root-%.60s", strrchr(i->root, '/') + 1);
	for (char *c = name; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (strchr("abcdefghijklmnopqrstuvwxyz0123456789", *c) ==
		    NULL)
			*c = '-';
	}
	engine_image_stamp(i, name, &st);
	return 0;
}

static void
engine_image_on_seen(const struct engine_reply *r, void *arg)
{
	struct engine_image *i = arg;
	const char *id = json_str_or(r->json, "Id", "");
	const struct json *volumes = json_get(
	    json_get(r->json, "Config"), "Volumes");
	struct err e = ERR_INIT;

	if (r->e != NULL && r->status != 404) {
		seq_resume(r->e, i->seq);
		return;
	}
	i->known = r->e == NULL;
	if (i->known && json_count(volumes) > 0)
		(void)err_set(&e, ERR_INVALID,
		    "image %s declares volumes, which have no limit", i->ref);
	else if (i->known)
		(void)engine_image_set_id(i, id, &e);
	seq_resume(e.code != ERR_NONE ? &e : NULL, i->seq);
}

static int
engine_image_look(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;
	AUTO_FREE char *path = NULL;

	i->seq = s;
	if (i->ref == NULL) {
		if (engine_image_name(i, e) == -1)
			return -1;
		engine_image_recall(i);
	}
	if (i->id[0] == '\0')
		return SEQ_DONE;
	path = xasprintf("/images/%s/json", i->id);
	(void)engine_ask(
	    i->h->engine, "GET", path, NULL, 0, engine_image_on_seen, i);
	return SEQ_WAIT;
}

static int
engine_image_skeleton(struct engine_image *i, const char *dir, struct err *e)
{
	const struct sandbox_spec s = { .net = SPEC_NET_OFF };
	mode_t old = umask(022);
	int r = rootfs_write(i->h, &s, dir, e);

	(void)umask(old);
	return r;
}

static int
engine_image_pack(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;
	AUTO_FREE char *up = path_join(i->h->home, "run/engine");
	AUTO_FREE char *skeleton = NULL;
	char name[24] = ".image-";
	const char *argv[] = { "/usr/bin/tar", "--one-file-system",
		"--numeric-owner", "-C", NULL, "-cf", NULL, ".", NULL };

	if (i->known)
		return SEQ_DONE;
	rnd_hex(name + strlen(name), 6);
	if (path_mkdirs(up, 0711, e) == -1)
		return -1;
	i->work = path_join(up, name);
	if (mkdir(i->work, 0700) == -1)
		return err_sys(e, ERR_IO, "mkdir %s", i->work);
	i->tar = path_join(i->work, "image.tar");
	skeleton = path_join(i->work, "root");
	if (i->root == NULL && engine_image_skeleton(i, skeleton, e) == -1)
		return -1;
	argv[4] = i->root != NULL ? i->root : skeleton;
	argv[6] = i->tar;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static int
engine_image_clear(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;

	(void)s;
	if (i->work == NULL)
		return SEQ_DONE;
	return path_rmtree(i->work, e);
}

/* Its id, which Docker tells as the status.  Some failures come as a line in
 * a success. */
static void
engine_image_on_sent(const struct engine_reply *r, void *arg)
{
	struct engine_image *i = arg;
	struct err e = ERR_INIT;

	if (r->e != NULL)
		e = *r->e;
	else if (json_get(r->json, "error") != NULL)
		(void)err_set(&e, ERR_INTERNAL, "the engine: %.200s",
		    json_str_or(r->json, "error", ""));
	else
		(void)engine_image_set_id(
		    i, json_str_or(r->json, "status", ""), &e);
	seq_resume(e.code != ERR_NONE ? &e : NULL, i->seq);
}

static int
engine_image_send(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;
	struct stat st;
	int fd;

	(void)s;
	if (i->known)
		return SEQ_DONE;
	fd = open(i->tar, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return err_sys(e, ERR_IO, "%s", i->tar);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return err_set(e, ERR_INVALID, "%s is no file", i->tar);
	}
	log_info("engine import image=%s", log_val(i->ref));
	(void)engine_send_file(i->h->engine, "/images/create?fromSrc=-", fd,
	    st.st_size, engine_image_on_sent, i);
	return SEQ_WAIT;
}

static void
engine_image_on_named(const struct engine_reply *r, void *arg)
{
	struct engine_image *i = arg;

	seq_resume(r->e, i->seq);
}

static int
engine_image_tag(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;
	const char *colon = strrchr(i->ref, ':');
	AUTO_FREE char *path = NULL;

	(void)s;
	(void)e;
	if (i->known)
		return SEQ_DONE;
	path = xasprintf("/images/%s/tag?repo=%.*s&tag=%s", i->id,
	    (int)(colon - i->ref), i->ref, colon + 1);
	(void)engine_ask(
	    i->h->engine, "POST", path, NULL, 0, engine_image_on_named, i);
	return SEQ_WAIT;
}

/* What it declares. */
static int
engine_image_confirm(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;

	if (i->known)
		return SEQ_DONE;
	return engine_image_look(s, ctx, e);
}

static int
engine_image_keep(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;
	AUTO_FREE char *text = xasprintf("%s %s", i->ref, i->id);

	(void)s;
	if (i->work == NULL || !i->known)
		return SEQ_DONE;
	return path_write_atomic(i->record, text, strlen(text), 0600, e);
}

static void
engine_image_on_dropped(const struct engine_reply *r, void *arg)
{
	(void)r; /* one that is in use stays until the next import */
	(void)arg;
}

static void
engine_image_on_listed(const struct engine_reply *r, void *arg)
{
	struct engine_image *i = arg;
	size_t n = (size_t)(strrchr(i->ref, ':') + 1 - i->ref);

	for (const struct json *m = r->e == NULL ? json_first(r->json) : NULL;
	     m != NULL; m = json_next(m)) {
		for (const struct json *t = json_first(json_get(m, "RepoTags"));
		     t != NULL; t = json_next(t)) {
			const char *tag = json_string(t);
			AUTO_FREE char *path = NULL;

			if (tag == NULL || strncmp(tag, i->ref, n) != 0 ||
			    strcmp(tag, i->ref) == 0 || strlen(tag) > 200)
				continue;
			path = xasprintf("/images/%s", tag);
			(void)engine_ask(i->h->engine, "DELETE", path, NULL, 0,
			    engine_image_on_dropped, NULL);
		}
	}
	seq_resume(NULL, i->seq);
}

/* What the name meant before. */
static int
engine_image_drop_old(struct seq *s, void *ctx, struct err *e)
{
	struct engine_image *i = ctx;

	(void)s;
	(void)e;
	if (i->work == NULL)
		return SEQ_DONE;
	(void)engine_ask(i->h->engine, "GET", "/images/json", NULL, 0,
	    engine_image_on_listed, i);
	return SEQ_WAIT;
}

static const struct seq_step engine_image_steps[] = {
	{ "look for the image", engine_image_look, NULL },
	{ "pack the image", engine_image_pack, NULL },
	{ "import the image", engine_image_send, NULL },
	{ "name the image", engine_image_tag, NULL },
	{ "look at the image", engine_image_confirm, NULL },
	{ "remember the image", engine_image_keep, NULL },
	{ "forget old images", engine_image_drop_old, NULL },
	{ "tidy up", engine_image_clear, NULL },
};

static void
engine_image_done(const struct err *e, void *arg)
{
	struct engine_image *i = arg;
	struct err bad = ERR_INIT;

	if (e != NULL && i->work != NULL && path_rmtree(i->work, &bad) == -1)
		log_warn("engine tidy why=%s", log_val(bad.msg));
	if (e == NULL && !i->known) {
		(void)err_set(&bad, ERR_NOTFOUND,
		    "the engine does not know image %s after its import",
		    i->ref);
		e = &bad;
	}
	i->fn(e == NULL ? i->id : NULL, e, i->arg);
	free(i->root);
	free(i->ref);
	free(i->record);
	free(i->work);
	free(i->tar);
	free(i);
}

void
engine_image_get(const struct sandbox_host *h, const char *root,
    engine_image_fn *fn, void *arg)
{
	struct engine_image *i = xcalloc(1, sizeof(*i));

	i->h = h;
	i->root = root != NULL ? xstrdup(root) : NULL;
	i->fn = fn;
	i->arg = arg;
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = engine_image_steps,
	    .n = sizeof(engine_image_steps) / sizeof(engine_image_steps[0]),
	    .ctx = i,
	    .done = engine_image_done,
	    .arg = i });
}
