/*
 * The files that people attached to the item and its comments, as files beside
 * the prompt: at most so many, so large, and of types that an agent reads.
 * They are fetched one after the other; one that cannot be had is named and
 * left out.  Their bytes are written down and never looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	RUN_ATTACH_MAX = 12,        /* files */
	RUN_ATTACH_SEEN = 100,      /* named in the prompt */
	RUN_ATTACH_BYTES = 5 << 20, /* of one */
	RUN_ATTACH_ALL = 20 << 20,  /* together */
	RUN_ATTACH_MS = 30 * 1000,  /* for one */
	RUN_ATTACH_NAME = 120,
	RUN_ATTACH_UUID = 36
};

static const char *const run_attach_types[] = { "bmp", "cfg", "conf", "csv",
	"diff", "gif", "ini", "jpeg", "jpg", "json", "jsonl", "log", "md",
	"patch", "pdf", "png", "svg", "toml", "txt", "webp", "xml", "yaml",
	"yml" };

struct run_attach_file {
	char uuid[RUN_ATTACH_UUID + 1];
	char name[RUN_ATTACH_NAME]; /* as it was given */
	char file[RUN_ATTACH_NAME + 8];
	char by[RUN_NAME_MAX + 64];
	const char *why; /* it was not taken; constant */
};

struct run_attach {
	struct run *run;
	run_next_fn *next;
	struct run_attach_file *v;
	size_t n, at, taken;
	size_t bytes;
};

static bool
run_attach_is_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL &&
	     i < sizeof(run_attach_types) / sizeof(run_attach_types[0]);
	     i++) {
		if (strcasecmp(dot + 1, run_attach_types[i]) == 0)
			return true;
	}
	return false;
}

static bool
run_attach_is_uuid(const char *s)
{
	return strlen(s) == RUN_ATTACH_UUID &&
	    s[strspn(s, "0123456789abcdef-")] == '\0';
}

/* Its name as a name in a folder: letters that mean nothing anywhere. */
static void
run_attach_place(struct run_attach_file *f, size_t i)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	int n = snprintf(f->file, sizeof(f->file), "%02zu-%s", i + 1, f->name);

	for (int k = 0; k < n && f->file[k] != '\0'; k++) {
		if (strchr(fine, f->file[k]) == NULL)
			f->file[k] = '_';
	}
}

static void
run_attach_add(struct run_attach *a, const struct json *list, const char *by)
{
	for (const struct json *j = json_first(list);
	     j != NULL && a->n < RUN_ATTACH_SEEN; j = json_next(j)) {
		const char *uuid = json_str_or(j, "uuid", "");
		const char *name = json_str_or(j, "name", "file");
		const struct view cut = utf8_cut(
		    view_of(name), RUN_ATTACH_NAME - 1);
		const int64_t size = json_i64_or(j, "size", 0);
		struct run_attach_file *f;

		if (!run_attach_is_uuid(uuid))
			continue;
		f = &a->v[a->n++];
		(void)snprintf(f->uuid, sizeof(f->uuid), "%s", uuid);
		(void)snprintf(
		    f->name, sizeof(f->name), "%.*s", (int)cut.len, cut.p);
		(void)snprintf(f->by, sizeof(f->by), "%s", by);
		if (size < 0 || size > RUN_ATTACH_BYTES)
			f->why = "it is over 5 MiB";
		else if (!run_attach_is_type(name))
			f->why = "it is of no type that is handed on";
		else if (a->taken == RUN_ATTACH_MAX)
			f->why = "there are 12 before it";
		else
			run_attach_place(f, a->taken++);
	}
}

static const char *
run_attach_login(const struct json *j)
{
	return json_str_or(json_get(j, "user"), "login", "somebody");
}

/* What the prompt says of them. */
static void
run_attach_told(struct run *r, const struct run_attach *a)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_array(&w, NULL);
	for (size_t i = 0; i < a->n; i++) {
		const struct run_attach_file *f = &a->v[i];

		jw_object(&w, NULL);
		jw_str(&w, "name", f->name);
		jw_str(&w, "file", f->why == NULL ? f->file : "-");
		jw_str(&w, "by", f->by);
		jw_str(&w, "why", f->why);
		jw_end(&w);
	}
	jw_end(&w);
	json_free(r->attached);
	r->attached = json_parse(str_view(&text), 0, &e);
}

static void
run_attach_end(struct run *r)
{
	run_next_fn *next = r->attach->next;

	run_attach_told(r, r->attach);
	run_attach_free(r);
	next(r);
}

static void run_attach_step(struct run_attach *a);

static void
run_attach_on_bytes(const struct err *fail, struct view body, void *arg)
{
	struct run_attach *a = arg;
	struct run_attach_file *f = &a->v[a->at++];
	AUTO_FREE char *path = xasprintf(
	    "%s/task/attachments/%s", a->run->dir, f->file);
	struct err e = ERR_INIT;

	if (a->run->over)
		return;
	if (fail == NULL && body.len > (size_t)RUN_ATTACH_ALL - a->bytes)
		f->why = "together they are over 20 MiB";
	else if (fail != NULL ||
	    path_write_atomic(path, body.p, body.len, 0644, &e) == -1)
		f->why = "it could not be had";
	else
		a->bytes += body.len;
	if (fail != NULL || e.code != ERR_NONE)
		log_warn("run attach run=%lld why=%s", (long long)a->run->id,
		    log_val(fail != NULL ? fail->msg : e.msg));
	run_attach_step(a);
}

static void
run_attach_step(struct run_attach *a)
{
	AUTO_FREE char *path = NULL;
	struct api_call call = { .method = "GET",
		.bytes = run_attach_on_bytes,
		.max_bytes = RUN_ATTACH_BYTES,
		.limit_ms = RUN_ATTACH_MS,
		.arg = a };

	while (a->at < a->n && a->v[a->at].why != NULL)
		a->at++;
	if (a->at == a->n) {
		run_attach_end(a->run);
		return;
	}
	path = xasprintf("/attachments/%s", a->v[a->at].uuid);
	call.path = path;
	(void)api_start(a->run->env->api, &call);
}

void
run_attach(struct run *r, run_next_fn *next)
{
	AUTO_FREE char *task = path_join(r->dir, "task");
	AUTO_FREE char *dir = path_join(task, "attachments");
	struct run_attach *a = xcalloc(1, sizeof(*a));
	struct err e = ERR_INIT;

	run_attach_free(r);
	r->attach = a;
	a->run = r;
	a->next = next;
	a->v = xcalloc(RUN_ATTACH_SEEN, sizeof(*a->v));
	run_attach_add(
	    a, json_get(r->issue, "assets"), run_attach_login(r->issue));
	/* What a run told has its report: people's files would have no place.
	 */
	for (const struct json *c = json_first(r->comments); c != NULL;
	     c = json_next(c)) {
		if (json_i64_or(c, "run", 0) == 0)
			run_attach_add(
			    a, json_get(c, "assets"), run_attach_login(c));
	}
	if (a->n > 0 &&
	    (path_mkdirs(task, 0750, &e) == -1 ||
		path_mkdirs(dir, 0755, &e) == -1)) {
		run_end(r, "failed", "%s", e.msg);
		return;
	}
	run_attach_step(a);
}

void
run_attach_free(struct run *r)
{
	struct run_attach *a = r->attach;

	r->attach = NULL;
	if (a == NULL)
		return;
	apiclient_forget(r->env->api, a);
	free(a->v);
	free(a);
}
