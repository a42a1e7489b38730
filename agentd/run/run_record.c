/* run_record: the record of a run: its steps and samples as it goes, then the
 * sealed whole (agentd/record/record.h), signed, and brought to cofferd. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/record/record.h"
#include "agentd/run/run_priv.h"
#include "agentd/run/upload.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/ustar.h"
#include "lib/io/child.h"
#include "lib/io/timer.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

enum {
	RUN_SAMPLE_MS = 250,
	RUN_SAMPLE_SLOW = 8,       /* then each 2 s */
	RUN_SAMPLES_DOUBLE = 1000, /* then half as often, and so on */
	RUN_SEAL_MS = 5 * 60 * 1000,
	RUN_SEAL_DATA = 512 << 20,
	RUN_SECRET_MAX = 4096,
	RUN_SIG_MAX = 4096,
	RUN_REPORT_MAX = 128 << 10
};

struct run_record {
	struct run *run;
	struct timer *timer;
	uint64_t samples;
	int64_t every;
	struct child *child;
	struct upload *upload;
	run_next_fn *next;
	char sha[SHA256_HEX], sig[SIGNED_HEX]; /* "": there is no record */
};

/* ---- as it goes ---- */

static void
run_record_append(const struct run *r, const char *leaf, const struct str *line)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);
	AUTO_CLOSE int fd = open(
	    path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1) {
		log_warn("run record run=%lld file=%s why=%s", (long long)r->id,
		    leaf, strerror(errno));
		return;
	}
	if (!str_ok(line) || st.st_size + (off_t)line->len > RECORD_STEPS_MAX)
		return;
	if (write(fd, line->p, line->len) != (ssize_t)line->len)
		log_warn("run record run=%lld file=%s why=%s", (long long)r->id,
		    leaf, "a write failed");
}

void
run_step(const struct run *r, const char *kind, const char *name,
    const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(1024), line = STR_INIT;
	struct jw w;
	va_list ap;

	if (r->env->recorder == NULL)
		return;
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	jw_init(&w, &line);
	jw_object(&w, NULL);
	jw_i64(&w, "at_ms", clock_now_ms());
	jw_str(&w, "source", "agentd");
	jw_str(&w, "kind", kind);
	jw_str(&w, "name", name);
	jw_str(&w, "text", str_cstr(&text));
	jw_end(&w);
	str_addc(&line, '\n');
	run_record_append(r, "steps.jsonl", &line);
}

static struct run_record *
run_record_of(struct run *r)
{
	if (r->record == NULL) {
		r->record = xcalloc(1, sizeof(*r->record));
		r->record->run = r;
	}
	return r->record;
}

static void
run_record_sample(void *arg)
{
	struct run_record *x = arg;
	const struct run *r = x->run;
	AUTO_STR struct str line = STR_INIT;
	struct err e = ERR_INIT;
	char id[HOST_NAME_MAX];
	struct cgroup_use u;
	struct jw w;

	run_container_name(r, id);
	if (r->env->driver->use(r->env->host, id, &u, &e) == 0) {
		jw_init(&w, &line);
		jw_object(&w, NULL);
		jw_i64(&w, "at_ms", clock_now_ms());
		jw_i64(&w, "memory", u.memory);
		jw_i64(&w, "cpu_ms", u.cpu_us < 0 ? -1 : u.cpu_us / 1000);
		jw_i64(&w, "pids", u.pids);
		jw_i64(&w, "ooms", u.ooms);
		jw_end(&w);
		str_addc(&line, '\n');
		run_record_append(r, "resources.jsonl", &line);
		x->samples++;
	}
	if (x->samples == RUN_SAMPLE_SLOW)
		x->every = RUN_SAMPLE_MS * RUN_SAMPLE_SLOW;
	else if (x->samples > 0 && x->samples % RUN_SAMPLES_DOUBLE == 0)
		x->every *= 2;
	timer_set(x->timer, x->every);
}

void
run_record_watch(struct run *r)
{
	struct run_record *x;

	if (r->env->recorder == NULL || r->env->driver->use == NULL)
		return;
	x = run_record_of(r);
	if (x->timer == NULL)
		x->timer = timer_new(r->env->host->loop, run_record_sample, x);
	x->every = RUN_SAMPLE_MS;
	timer_set(x->timer, x->every);
}

void
run_record_unwatch(struct run *r)
{
	if (r->record == NULL)
		return;
	timer_free(r->record->timer);
	r->record->timer = NULL;
}

/* ---- sealing ---- */

static void
run_record_done(struct run_record *x)
{
	run_next_fn *next = x->next;

	x->next = NULL;
	upload_free(x->upload);
	x->upload = NULL;
	next(x->run);
}

static void
run_record_broken(struct run_record *x, const struct err *e)
{
	/* It has to be told all the same. */
	log_error("run record run=%lld why=%s", (long long)x->run->id,
	    log_val(e->msg));
	x->sha[0] = '\0';
	run_record_done(x);
}

/* Without it at cofferd the folder is all there is. */
static void
run_record_on_brought(const struct err *fail, void *arg)
{
	struct run_record *x = arg;
	AUTO_FREE char *tar = path_join(x->run->dir, "record/record.tar");

	/* Not there: it was brought before a crash, or the run is gone. */
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_error("run record-kept-here run=%lld why=%s",
		    (long long)x->run->id, log_val(fail->msg));
	if (unlink(tar) == -1 && errno != ENOENT)
		log_warn("run record run=%lld why=%s", (long long)x->run->id,
		    strerror(errno));
	run_record_done(x);
}

static void
run_record_bring(struct run_record *x)
{
	const struct run *r = x->run;
	AUTO_FREE char *file = path_join(r->dir, "record/record.tar");
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs/%lld/record", (long long)r->id);
	const struct upload_spec spec = {
		.loop = r->env->host->loop,
		.api = r->env->api,
		.file = file,
		.path = path,
		.on_done = run_record_on_brought,
		.arg = x,
	};

	x->upload = upload_new(&spec);
}

/* manifest.sig, in the folder and at the end of the archive. */
static int
run_record_sign(struct run_record *x, struct err *e)
{
	const struct run *r = x->run;
	AUTO_FREE char *tar = path_join(r->dir, "record.new/record.tar");
	AUTO_FREE char *leaf = path_join(r->dir, "record.new/manifest.sig");
	AUTO_STR struct str text = STR_INIT, doc = STR_INIT, end = STR_INIT;
	AUTO_CLOSE int fd = -1;
	struct jw w;

	str_addf(&text, RECORD_SIGNED "%lld %s", (long long)r->id, x->sha);
	if (signed_make(r->env->host->home, str_view(&text), x->sig, e) == -1)
		return -1;
	jw_init(&w, &doc);
	jw_object(&w, NULL);
	jw_str(&w, "manifest", x->sha);
	jw_str(&w, "signature", x->sig);
	jw_end(&w);
	str_addc(&doc, '\n');
	ustar_add(&end, "manifest.sig", str_view(&doc));
	ustar_end(&end);
	fd = open(tar, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || write(fd, end.p, end.len) != (ssize_t)end.len ||
	    fsync(fd) == -1)
		return err_sys(e, ERR_IO, "write %s", tar);
	return path_write_atomic(leaf, doc.p, doc.len, 0600, e);
}

/* Whole or not at all: the name says which. */
static int
run_record_keep(struct run_record *x, struct err *e)
{
	const struct run *r = x->run;
	AUTO_FREE char *from = path_join(r->dir, "record.new");
	AUTO_FREE char *to = path_join(r->dir, "record");
	AUTO_CLOSE int dir = open(
	    r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (run_record_sign(x, e) == -1)
		return -1;
	if (rename(from, to) == -1 || dir == -1 || fsync(dir) == -1)
		return err_sys(e, ERR_IO, "keep %s", to);
	return 0;
}

static void
run_record_on_exit(const struct child_exit *c, void *arg)
{
	struct run_record *x = arg;
	struct view sha = view_trim(view_of(c->out));
	struct err e = ERR_INIT;

	x->child = NULL;
	if (child_check(c, "coffer-record", &e) == 0 &&
	    sha.len == SHA256_HEX - 1) {
		memcpy(x->sha, sha.p, sha.len);
		x->sha[sha.len] = '\0';
	}
	if (e.code == ERR_NONE && !sha256_is_hex(x->sha))
		(void)err_set(&e, ERR_PROTO, "coffer-record told no hash");
	if (e.code != ERR_NONE || run_record_keep(x, &e) == -1)
		run_record_broken(x, &e);
	else
		run_record_bring(x);
}

/* Its tokens die before it is told, and a record that is made later must not
 * have them either. */
void
run_record_mask(const struct run *r)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	if (r->env->recorder == NULL)
		return;
	str_addf(&text, "%s\n%s\n", r->token, r->models.token);
	if (run_file_put(r, "mask", 0600, &text, &e) == -1)
		log_warn("run record run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
	explicit_bzero(text.p, text.len);
}

/* Files whose text no record may have, too. */
void
run_record_secrets(const struct run *r, struct str *out)
{
	static const char *const files[] = { "secrets/admin.token",
		"secrets/agentd.token", "secrets/runner.token" };
	static const char *const own[] = { "token", "model", "mask", "env" };
	struct err e = ERR_INIT;

	str_addf(out, "%s\n%s\n", r->token, r->models.token);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		AUTO_FREE char *path = path_join(r->dir, own[i]);

		if (path_read(path, RUN_SECRET_MAX, out, &e) == 0)
			str_addc(out, '\n');
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		AUTO_FREE char *path = path_join(r->env->host->home, files[i]);

		if (path_read(path, RUN_SECRET_MAX, out, &e) == 0)
			str_addc(out, '\n');
	}
}

static int
run_record_start(struct run_record *x, struct err *e)
{
	const struct run *r = x->run;
	AUTO_FREE char *dir = path_join(r->dir, "record.new");
	AUTO_STR struct str secrets = STR_INIT;
	const char *const argv[] = { r->env->recorder, r->dir, NULL };
	const char *const envp[] = { "PATH=/usr/bin:/bin", NULL };
	struct child_spec spec = {
		.argv = argv,
		.envp = envp,
		.in = CHILD_BYTES,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.limit_ms = RUN_SEAL_MS,
		.max_data = RUN_SEAL_DATA,
		.on_exit = run_record_on_exit,
		.arg = x,
	};
	int rc;

	if (path_rmtree(dir, e) == -1 || path_mkdirs(dir, 0700, e) == -1)
		return -1;
	run_record_secrets(r, &secrets);
	spec.in_bytes = secrets.p;
	spec.in_len = secrets.len;
	rc = child_start(r->env->host->loop, &spec, &x->child, e);
	if (secrets.p != NULL)
		explicit_bzero(secrets.p, secrets.len);
	return rc;
}

/* It was sealed before a crash: only bring it. */
static bool
run_record_again(struct run_record *x)
{
	const struct run *r = x->run;
	AUTO_FREE char *path = path_join(r->dir, "record/manifest.sig");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (path_read(path, RUN_SIG_MAX, &text, &e) == 0)
		j = json_parse(str_view(&text), RUN_SIG_MAX, &e);
	(void)snprintf(
	    x->sha, sizeof(x->sha), "%s", json_str_or(j, "manifest", ""));
	(void)snprintf(
	    x->sig, sizeof(x->sig), "%s", json_str_or(j, "signature", ""));
	json_free(j);
	return x->sha[0] != '\0';
}

void
run_record_make(struct run *r, run_next_fn *next)
{
	struct run_record *x = run_record_of(r);
	struct err e = ERR_INIT;

	run_record_unwatch(r);
	x->next = next;
	if (r->env->recorder == NULL)
		run_record_done(x);
	else if (run_record_again(x))
		run_record_bring(x);
	else if (run_record_start(x, &e) == -1)
		run_record_broken(x, &e);
}

void
run_record_close(struct run *r)
{
	struct run_record *x = r->record;

	r->record = NULL;
	if (x == NULL)
		return;
	if (x->child != NULL)
		child_forget(x->child);
	timer_free(x->timer);
	upload_free(x->upload);
	free(x);
}

/* ---- what is told of it ---- */

static void
run_record_members(
    const struct run_record *x, const struct json *was, struct jw *w)
{
	AUTO_STR struct str text = STR_INIT;

	jw_object(w, "record");
	for (const struct json *m = json_first(was); m != NULL;
	     m = json_next(m)) {
		str_reset(&text);
		json_print(m, &text);
		jw_raw(w, json_key(m), str_view(&text));
	}
	jw_str(w, "manifest", x->sha);
	jw_str(w, "signature", x->sig);
	jw_end(w);
}

/* The result with what is known of the record, and the report. */
static void
run_record_merge(
    const struct run *r, const struct json *result, struct str *out)
{
	AUTO_FREE char *path = path_join(r->dir, "record/report.md");
	AUTO_STR struct str report = STR_INIT, text = STR_INIT;
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	for (const struct json *m = json_first(result); m != NULL;
	     m = json_next(m)) {
		if (strcmp(json_key(m), "record") == 0)
			continue;
		str_reset(&text);
		json_print(m, &text);
		jw_raw(&w, json_key(m), str_view(&text));
	}
	run_record_members(r->record, json_get(result, "record"), &w);
	if (path_read(path, RUN_REPORT_MAX, &report, &e) == 0)
		jw_view(&w, "report", str_view(&report));
	jw_end(&w);
}

void
run_record_tell(const struct run *r, struct str *result)
{
	struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j;

	if (r->record == NULL || r->record->sha[0] == '\0')
		return;
	j = json_parse(str_view(result), 0, &e);
	if (j == NULL)
		return;
	run_record_merge(r, j, &out);
	json_free(j);
	str_release(result);
	*result = out;
}

/* What was not masked: the sealed copies stay. */
void
run_record_clean(const struct run *r)
{
	static const char *const leaves[] = { "agent/out.log", "agent/err.log",
		"prepare/out.log", "prepare/err.log", "finish/out.log",
		"finish/err.log", "events.jsonl", "live.log", "steps.jsonl",
		"resources.jsonl", "task/prompt.md", "task/task.json",
		"facts.json", "policy.json", "agent.json", "base" };

	AUTO_FREE char *mask = path_join(r->dir, "mask");

	(void)unlink(mask);
	if (!run_has(r, "record/manifest.sig"))
		return;
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		AUTO_FREE char *path = path_join(r->dir, leaves[i]);

		if (unlink(path) == -1 && errno != ENOENT && errno != ENOTDIR)
			log_warn("run record run=%lld why=%s", (long long)r->id,
			    strerror(errno));
	}
}
