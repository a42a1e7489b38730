#include "server/git/git_ask.h"

#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool_priv.h"

/* Fields are built as an object, then sent without its braces. */
struct gitask {
	struct git_ask ask;
	struct str text;
	struct jw w;
};

static void
gitask_begin(struct gitask *a, const char *op)
{
	*a = (struct gitask){ .ask = { .op = op, .raw = { .p = "" } } };
	jw_init(&a->w, &a->text);
	jw_object(&a->w, NULL);
}

static void
gitask_text(struct gitask *a, const char *key, const char *v)
{
	if (v != NULL)
		jw_str(&a->w, key, v);
}

static void
gitask_send(struct gitask *a, struct git_pool *p, int64_t project,
    git_done_fn *done, void *arg)
{
	jw_end(&a->w);
	a->ask.fields = view_from(str_view(&a->text), 1);
	a->ask.fields.len--;
	gitpool_call(p, project, &a->ask, done, arg);
	str_release(&a->text);
}

static void
gitask_want(struct gitask *a, const struct git_ask_want *want)
{
	jw_bool(&a->w, "stat", want->stat);
	jw_bool(&a->w, "files", want->files);
	jw_bool(&a->w, "verify", want->verify);
}

static void
gitask_person(struct gitask *a, const char *key, const struct git_person *p)
{
	jw_object(&a->w, key);
	jw_str(&a->w, "name", p->name);
	jw_str(&a->w, "email", p->email);
	jw_i64(&a->w, "at", p->at);
	jw_end(&a->w);
}

void
gitask_history(struct git_pool *p, int64_t project,
    const struct git_ask_history *spec, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "history");
	gitask_text(&a, "rev", spec->rev);
	gitask_text(&a, "path_in", spec->path);
	gitask_text(&a, "not", spec->without);
	jw_i64(&a.w, "since", spec->since / 1000);
	jw_i64(&a.w, "until", spec->until / 1000);
	jw_u64(&a.w, "skip", spec->skip);
	jw_u64(&a.w, "limit", spec->limit);
	jw_bool(&a.w, "count", spec->count);
	gitask_want(&a, &spec->want);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_range(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "range");
	gitask_text(&a, "base", base);
	gitask_text(&a, "head", head);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_objects(struct git_pool *p, int64_t project,
    const struct git_ask_objects *spec, git_done_fn *done, void *arg)
{
	AUTO_STR struct str raw = STR_INIT;
	struct gitask a;

	for (size_t i = 0; i < spec->n; i++)
		str_addf(&raw, "%s\n", spec->ids[i]);
	gitask_begin(&a, "objects");
	a.ask.raw = str_view(&raw);
	jw_bool(&a.w, "commits", spec->commits);
	gitask_want(&a, &spec->want);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_tags(struct git_pool *p, int64_t project, const char *name,
    uint32_t skip, uint32_t limit, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "tags");
	gitask_text(&a, "name", name);
	jw_u64(&a.w, "skip", skip);
	jw_u64(&a.w, "limit", limit);
	jw_bool(&a.w, "commits", true);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_tag_make(struct git_pool *p, int64_t project,
    const struct git_ask_tag *spec, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "tag_make");
	a.ask.writes = true;
	gitask_text(&a, "name", spec->name);
	gitask_text(&a, "target", spec->target);
	gitask_text(&a, "message", spec->message);
	gitask_person(&a, "tagger", &spec->tagger);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_tree(struct git_pool *p, int64_t project,
    const struct git_ask_tree *spec, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "tree");
	gitask_text(&a, "rev", spec->rev);
	jw_bool(&a.w, "recursive", spec->recursive);
	jw_u64(&a.w, "skip", spec->skip);
	jw_u64(&a.w, "limit", spec->limit);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_entry(struct git_pool *p, int64_t project,
    const struct git_ask_entry *spec, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "entry");
	gitask_text(&a, "rev", spec->rev);
	gitask_text(&a, "path_in", spec->path);
	jw_u64(&a.w, "max", spec->max);
	jw_u64(&a.w, "skip", spec->skip);
	jw_u64(&a.w, "limit", spec->limit);
	jw_bool(&a.w, "last", spec->last);
	jw_bool(&a.w, "leading", spec->leading);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_blob(struct git_pool *p, int64_t project, const char *sha, size_t max,
    git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "blob_by_id");
	gitask_text(&a, "sha", sha);
	jw_u64(&a.w, "max", max);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_show(struct git_pool *p, int64_t project,
    const struct git_ask_show *spec, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "show");
	gitask_text(&a, "base", spec->base);
	gitask_text(&a, "head", spec->head);
	jw_bool(&a.w, "direct", spec->direct);
	jw_bool(&a.w, "patch", spec->patch);
	gitask_text(&a, "only", spec->path);
	jw_bool(&a.w, "heads", spec->heads);
	gitask_send(&a, p, project, done, arg);
}

static void
gitask_file(struct gitask *a, const struct git_ask_file *f, struct str *raw)
{
	jw_object(&a->w, NULL);
	jw_str(&a->w, "op", f->op);
	jw_str(&a->w, "path", f->path);
	gitask_text(a, "from", f->from);
	gitask_text(a, "sha", f->sha);
	if (f->has_bytes) {
		jw_u64(&a->w, "at", raw->len);
		jw_u64(&a->w, "n", f->bytes.len);
		str_addv(raw, f->bytes);
	}
	jw_end(&a->w);
}

void
gitask_write(struct git_pool *p, int64_t project,
    const struct git_ask_write *spec, git_done_fn *done, void *arg)
{
	AUTO_STR struct str raw = STR_INIT;
	struct gitask a;

	gitask_begin(&a, "write_files");
	a.ask.writes = true;
	gitask_text(&a, "base", spec->base);
	gitask_text(&a, "message", spec->message);
	gitask_person(&a, "author", &spec->author);
	gitask_person(&a, "committer", &spec->committer);
	jw_array(&a.w, "files");
	for (size_t i = 0; i < spec->n; i++)
		gitask_file(&a, &spec->files[i], &raw);
	jw_end(&a.w);
	a.ask.raw = str_view(&raw);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_markdown(struct git_pool *p, int64_t project, struct view text,
    git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "markdown");
	a.ask.raw = text;
	gitask_send(&a, p, project, done, arg);
}

void
gitask_blame(struct git_pool *p, int64_t project, const char *rev,
    const char *path, git_done_fn *done, void *arg)
{
	struct gitask a;

	gitask_begin(&a, "blame");
	gitask_text(&a, "rev", rev);
	gitask_text(&a, "path_in", path);
	gitask_send(&a, p, project, done, arg);
}

void
gitask_markdowns(struct git_pool *p, int64_t project, const struct view *texts,
    size_t n, git_done_fn *done, void *arg)
{
	AUTO_STR struct str raw = STR_INIT;
	struct gitask a;

	gitask_begin(&a, "markdowns");
	jw_array(&a.w, "sizes");
	for (size_t i = 0; i < n; i++) {
		jw_u64(&a.w, NULL, texts[i].len);
		str_addv(&raw, texts[i]);
	}
	jw_end(&a.w);
	if (raw.len > 0)
		a.ask.raw = str_view(&raw);
	gitask_send(&a, p, project, done, arg);
}
