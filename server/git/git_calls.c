#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/checks.h"
#include "server/git/git_env.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool_priv.h"

enum {
	GITCALL_CHANGES_MAX = 100000,
	GITCALL_REV_MAX = 4096
};

bool
gitpool_sha_ok(const char *s)
{
	return strlen(s) == GIT_SHA_TEXT - 1 &&
	    strspn(s, "0123456789abcdef") == GIT_SHA_TEXT - 1;
}

int
gitpool_rev_told(const char *rev, struct err *e)
{
	AUTO_STR struct str name = STR_INIT_MAX(GITCALL_REV_MAX);

	/* libgit2 takes a row of slashes for one. */
	for (const char *p = rev; *p != '\0'; p++)
		if (p[0] != '/' || p[1] != '/')
			str_addc(&name, *p);
	if (str_ok(&name) && !gitenv_hides(GIT_UPLOAD_PACK, str_view(&name)))
		return 0;
	return err_set(e, ERR_NOTFOUND, "no such ref: %.120s", rev);
}

bool
gitpool_sha_is_zero(const char *s)
{
	return strcmp(s, GIT_ZERO_SHA) == 0;
}

void
gitpool_sha(const struct git_result *r, const char *key, char out[GIT_SHA_TEXT])
{
	snprintf(out, GIT_SHA_TEXT, "%s", json_str_or(r->j, key, ""));
}

bool
gitpool_ref_next(struct view *rest, struct git_ref *out)
{
	struct view line;

	if (rest->len == 0 || !view_split(rest, '\n', &line) ||
	    line.len <= GIT_SHA_TEXT)
		return false;
	memcpy(out->sha, line.p, GIT_SHA_TEXT - 1);
	out->sha[GIT_SHA_TEXT - 1] = '\0';
	out->name = view_from(line, GIT_SHA_TEXT);
	return true;
}

/* Fields are built as an object, then sent without its braces. */
struct gitcall {
	struct str text;
	struct jw w;
};

static void
gitcall_begin(struct gitcall *c)
{
	c->text = STR_INIT;
	jw_init(&c->w, &c->text);
	jw_object(&c->w, NULL);
}

static void
gitcall_send(struct gitcall *c, struct git_pool *p, int64_t project,
    struct git_ask *ask, git_done_fn *done, void *arg)
{
	jw_end(&c->w);
	ask->fields = str_view(&c->text);
	ask->fields.p++;
	ask->fields.len -= 2;
	gitpool_call(p, project, ask, done, arg);
	str_release(&c->text);
}

/* Most questions are one or two texts. */
struct gitcall_text {
	const char *key, *value;
};

static void
gitcall_texts(struct git_pool *p, int64_t project, const char *op,
    const struct gitcall_text *t, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = op, .raw = { .p = "" } };
	struct gitcall c;

	gitcall_begin(&c);
	for (; t->key != NULL; t++)
		jw_str(&c.w, t->key, t->value);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_pushed(struct git_pool *p, int64_t project, const char *rev,
    const char *const *hide, uint32_t limit, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "pushed", .raw = { .p = "" } };
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "rev", rev);
	jw_array(&c.w, "hide");
	for (; *hide != NULL; hide++)
		jw_str(&c.w, NULL, *hide);
	jw_end(&c.w);
	jw_u64(&c.w, "limit", limit);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_resolve(struct git_pool *p, int64_t project, const char *rev,
    git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "rev", rev }, { NULL, NULL } };

	gitcall_texts(p, project, "resolve", t, done, arg);
}

void
gitpool_refs(struct git_pool *p, int64_t project, const char *prefix,
    git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "prefix", prefix },
		{ NULL, NULL } };

	gitcall_texts(p, project, "refs", t, done, arg);
}

void
gitpool_list(struct git_pool *p, int64_t project, const char *known,
    git_done_fn *done, void *arg)
{
	struct git_ask ask = {
		.op = "ref_list", .raw = { .p = "" }, .quick = true
	};
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "known", known);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_compare(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "base", base }, { "head", head },
		{ NULL, NULL } };

	gitcall_texts(p, project, "compare", t, done, arg);
}

void
gitpool_is_ancestor(struct git_pool *p, int64_t project, const char *old,
    const char *new_rev, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "old", old }, { "new", new_rev },
		{ NULL, NULL } };

	gitcall_texts(p, project, "is_ancestor", t, done, arg);
}

void
gitpool_mergeable(struct git_pool *p, int64_t project, const char *base,
    const char *head, bool tree, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "mergeable", .raw = { .p = "" } };
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "base", base);
	jw_str(&c.w, "head", head);
	jw_bool(&c.w, "tree", tree);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_merge_tree(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg)
{
	struct git_ask ask = {
		.op = "merge_tree", .raw = { .p = "" }, .writes = true
	};
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "base", base);
	jw_str(&c.w, "head", head);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_same_change(struct git_pool *p, int64_t project, const char *upstream,
    const char *local, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "upstream", upstream },
		{ "local", local }, { NULL, NULL } };

	gitcall_texts(p, project, "same_change", t, done, arg);
}

void
gitpool_checks(struct git_pool *p, int64_t project, const char *rev,
    const char *text, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "checks", .raw = view_of(text) };
	struct gitcall c;

	if (ask.raw.p == NULL)
		ask.raw.p = "";
	gitcall_begin(&c);
	jw_str(&c.w, "rev", rev);
	jw_bool(&c.w, "given", text != NULL);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_tests(struct git_pool *p, int64_t project,
    const struct git_tests_spec *spec, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "base", spec->base },
		{ "tip", spec->tip != NULL ? spec->tip : spec->base },
		{ "head", spec->head },
		{ "patterns", spec->patterns != NULL ? spec->patterns : "" },
		{ "words", spec->words != NULL ? spec->words : "" },
		{ NULL, NULL } };

	gitcall_texts(p, project, "tests", t, done, arg);
}

void
gitpool_contents(struct git_pool *p, int64_t project, const char *rev,
    git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "rev", rev }, { NULL, NULL } };

	gitcall_texts(p, project, "contents", t, done, arg);
}

void
gitpool_clean(struct git_pool *p, int64_t project, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { NULL, NULL } };

	gitcall_texts(p, project, "clean", t, done, arg);
}

void
gitpool_clean_all(
    struct git_pool *p, int64_t project, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "age", "any" }, { NULL, NULL } };

	gitcall_texts(p, project, "clean", t, done, arg);
}

void
gitpool_unlock(struct git_pool *p, int64_t project, const char *ref,
    git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { "ref", ref }, { NULL, NULL } };

	gitcall_texts(p, project, "unlock", t, done, arg);
}

void
gitpool_survey(
    struct git_pool *p, int64_t project, git_done_fn *done, void *arg)
{
	const struct gitcall_text t[] = { { NULL, NULL } };

	gitcall_texts(p, project, "survey", t, done, arg);
}

void
gitpool_blob(struct git_pool *p, int64_t project, const char *rev,
    const char *path, size_t max, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "blob", .raw = { .p = "" } };
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "rev", rev);
	jw_str(&c.w, "path_in", path);
	jw_u64(&c.w, "max", max);
	gitcall_send(&c, p, project, &ask, done, arg);
}

static void
gitcall_person(struct jw *w, const char *key, const struct git_person *p)
{
	jw_object(w, key);
	jw_str(w, "name", p->name);
	jw_str(w, "email", p->email);
	jw_i64(w, "at", p->at);
	jw_end(w);
}

void
gitpool_merge(struct git_pool *p, int64_t project,
    const struct git_merge_spec *spec, git_done_fn *done, void *arg)
{
	struct git_ask ask = {
		.op = "merge", .raw = { .p = "" }, .writes = true
	};
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "base", spec->base);
	jw_str(&c.w, "head", spec->head);
	jw_str(&c.w, "style", spec->style);
	jw_str(&c.w, "message", spec->message);
	jw_bool(&c.w, "same_tree", spec->same_tree);
	gitcall_person(&c.w, "author", &spec->author);
	gitcall_person(&c.w, "committer", &spec->committer);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_refs_update(struct git_pool *p, int64_t project,
    const struct git_refs_spec *spec, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "refs_update",
		.raw = { .p = "" },
		.moves = true,
		.writes = true };
	AUTO_STR struct str raw = STR_INIT;
	struct gitcall c;

	for (size_t i = 0; i < spec->n && i < GITCALL_CHANGES_MAX + 1; i++)
		str_addf(&raw, "%s %s %s\n", spec->v[i].ref,
		    spec->v[i].old[0] == '\0' ? "-" : spec->v[i].old,
		    spec->v[i].new_sha);
	ask.raw = str_view(&raw);
	gitcall_begin(&c);
	jw_bool(&c.w, "atomic", spec->atomic);
	if (spec->head != NULL)
		jw_str(&c.w, "head", spec->head);
	if (spec->upstream_head != NULL)
		jw_str(&c.w, "upstream_head", spec->upstream_head);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_sync(struct git_pool *p, int64_t project, const char *const *refs,
    size_t n, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "sync", .raw = { .p = "" } };
	AUTO_STR struct str raw = STR_INIT;
	struct gitcall c;

	for (size_t i = 0; i < n && i < GITCALL_CHANGES_MAX; i++)
		str_addf(&raw, "%s\n", refs[i]);
	ask.raw = str_view(&raw);
	gitcall_begin(&c);
	gitcall_send(&c, p, project, &ask, done, arg);
}

void
gitpool_diff(struct git_pool *p, int64_t project, const char *base,
    const char *head, size_t max, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = "diff", .raw = { .p = "" } };
	struct gitcall c;

	gitcall_begin(&c);
	jw_str(&c.w, "base", base);
	jw_str(&c.w, "head", head);
	jw_u64(&c.w, "max", max);
	gitcall_send(&c, p, project, &ask, done, arg);
}

static char *
gitcall_dup(const struct json *j, const char *key)
{
	const char *s = json_str_or(j, key, NULL);

	return s != NULL ? xstrdup(s) : NULL;
}

static int
gitcall_check(const struct json *j, struct check *k, struct err *e)
{
	const char *name = json_str_or(j, "name", "");
	int64_t memory = 0, disk = 0, a = 0, b = 0;

	if (!check_name_ok(name) || json_str_or(j, "test", NULL) == NULL)
		return err_set(e, ERR_PROTO, "git worker: malformed check");
	if (json_i64(j, "timeout_s", 1, CHECK_TIMEOUT_MAX_S, &k->timeout_s,
		e) != 0 ||
	    json_i64(j, "memory", (int64_t)CHECK_MEMORY_MIN,
		(int64_t)CHECK_MEMORY_MAX, &memory, e) != 0 ||
	    json_i64(j, "disk", 0, (int64_t)CHECK_DISK_MAX, &disk, e) != 0 ||
	    json_i64(j, "cpus", 0, INT32_MAX, &k->cpus, e) != 0 ||
	    json_i64(j, "pids", 0, INT32_MAX, &k->pids, e) != 0 ||
	    json_i64(j, "network_setup", NETWORK_OFF, NETWORK_LOCKED, &a, e) !=
		0 ||
	    json_i64(j, "network_test", NETWORK_OFF, NETWORK_LOCKED, &b, e) !=
		0)
		return err_set(e, ERR_PROTO, "git worker: malformed check");
	memcpy(k->name, name, strlen(name) + 1);
	k->setup = gitcall_dup(j, "setup");
	k->test = gitcall_dup(j, "test");
	k->image = gitcall_dup(j, "image");
	k->profile = gitcall_dup(j, "profile");
	k->presets = gitcall_dup(j, "presets");
	k->labels = gitcall_dup(j, "labels");
	k->paths = gitcall_dup(j, "paths");
	k->paths_ignore = gitcall_dup(j, "paths_ignore");
	k->network_setup = (enum network_mode)a;
	k->network_test = (enum network_mode)b;
	k->memory = (uint64_t)memory;
	k->disk = (uint64_t)disk;
	k->required = json_bool_or(j, "required", true);
	return 0;
}

int
gitpool_result_checks(
    const struct git_result *r, struct checks *out, struct err *e)
{
	const struct json *list = json_get(r->j, "checks");
	int64_t mode = json_i64_or(r->j, "new_tests", NEW_TESTS_ADVISORY);

	*out = CHECKS_INIT;
	if (mode < NEW_TESTS_ADVISORY || mode > NEW_TESTS_REQUIRED)
		return err_set(e, ERR_PROTO, "git worker: malformed checks");
	out->new_tests = (enum checks_new_tests)mode;
	out->tests = gitcall_dup(r->j, "tests");
	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j)) {
		if (out->n == CHECKS_MAX) {
			checks_release(out);
			return err_set(
			    e, ERR_PROTO, "git worker: too many checks");
		}
		if (gitcall_check(j, &out->v[out->n], e) == -1) {
			checks_release(out);
			return -1;
		}
		out->n++;
	}
	return 0;
}
