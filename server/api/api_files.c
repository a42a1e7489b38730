/* api_files: files of a repository, written: each call is one commit. */
#include "server/api/api_git.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/domain/rev_text.h"
#include "server/service/svc_write.h"

enum {
	API_FILES_BODY_MAX = JSON_MAX_BYTES
};

/* A call that becomes a commit, until it is answered. */
struct api_files {
	struct api_git *x;
	struct svc_file *v; /* what was done, of the op */
	size_t n;
	bool many; /* the form with `files` */
	bool removes;
};

static void
api_files_free(struct api_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		free(f->v[i].from);
		free(f->v[i].sha);
		str_release(&f->v[i].bytes);
	}
	free(f->v);
	api_git_free(f->x);
	free(f);
}

/* What there is of a file now, as an entry of git_ask_entry. */
static void
api_files_entry(struct shape_git *g, const char *key, const struct svc_file *f,
    const char *ref, const struct json *last)
{
	const char *slash = strrchr(f->path, '/');
	AUTO_STR struct str text = STR_INIT;
	struct view bytes = str_view(&f->bytes);
	struct shape_git_entry row = { .ref = ref };
	struct err e = ERR_INIT;
	struct json *entry;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "name", slash != NULL ? slash + 1 : f->path);
	jw_str(&w, "path", f->path);
	jw_str(&w, "sha", f->now);
	jw_str(&w, "type", "file");
	jw_i64(&w, "size", f->size);
	jw_object(&w, "last");
	jw_str(&w, "sha", json_str_or(last, "sha", ""));
	jw_i64(&w, "at", json_i64_or(json_get(last, "committer"), "at", 0));
	jw_i64(&w, "author_at", json_i64_or(json_get(last, "author"), "at", 0));
	jw_str(&w, "message", json_str_or(last, "message", ""));
	jw_end(&w);
	jw_end(&w);
	entry = json_parse(str_view(&text), 0, &e);
	row.entry = entry;
	if (f->has_bytes)
		row.bytes = &bytes;
	shape_git_contents(g, key, &row);
	json_free(entry);
}

static void
api_files_content(
    struct shape_git *g, const struct api_files *f, const struct json *commit)
{
	jw_array(&g->s.w, "files");
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].now[0] == '\0')
			jw_null(&g->s.w, NULL);
		else
			api_files_entry(g, NULL, &f->v[i], f->x->rev, commit);
	}
	jw_end(&g->s.w);
}

static void
api_files_on_commit(const struct git_result *res, void *arg)
{
	struct api_files *f = arg;
	const struct json *commit = json_at(json_get(res->j, "commits"), 0);
	struct shape_git g;

	if (api_failed(f->x->c, res->fail)) {
		api_files_free(f);
		return;
	}
	shape_git_init(&g, f->x->c);
	jw_object(&g.s.w, NULL);
	if (f->many) {
		api_files_content(&g, f, commit);
	} else if (f->removes) {
		jw_null(&g.s.w, "content");
	} else {
		api_files_entry(&g, "content", &f->v[0], f->x->rev, commit);
	}
	shape_git_file_commit(&g, "commit", commit);
	shape_git_verification(&g, "verification", commit);
	jw_end(&g.s.w);
	shape_git_reply(&g, f->x->c, f->x->status);
	api_files_free(f);
}

static void
api_files_on_done(const struct err *fail, void *arg_op, void *arg)
{
	struct svc_write *op = arg_op;
	struct api_files *f = arg;
	const struct git_ask_history one = {
		.rev = op->commit, .limit = 1, .want = { .verify = true }
	};

	if (api_failed(f->x->c, fail)) {
		api_files_free(f);
		return;
	}
	/* The rows go on to the reply. */
	f->v = STEAL(op->v);
	f->n = op->n;
	op->n = 0;
	f->x->rev = xstrdup(
	    op->new_branch != NULL ? op->new_branch : op->branch);
	gitask_history(
	    api_svc(f->x->c)->git, f->x->p.id, &one, api_files_on_commit, f);
}

/* {name, email} and its time of `dates`. */
static int
api_files_person(struct call *c, const struct json *j, const char *key,
    struct svc_person *out)
{
	const struct json *who = json_get(j, key);
	const char *when = json_str_or(json_get(j, "dates"), key, NULL);
	struct err e = ERR_INIT;

	if (who != NULL && !json_is_null(who) && !json_is_object(who)) {
		call_reply_error(c, 422, "%s: want an object", key);
		return -1;
	}
	if (api_text(c, who, "name", SVC_WRITE_PERSON_MAX, &out->name) == -1 ||
	    api_text(c, who, "email", SVC_WRITE_PERSON_MAX, &out->email) == -1)
		return -1;
	if (out->name != NULL && out->name[0] == '\0')
		free(STEAL(out->name));
	if (out->email != NULL && out->email[0] == '\0')
		free(STEAL(out->email));
	if (when == NULL || when[0] == '\0' ||
	    clock_parse(when, &out->at, &e) == 0)
		return 0;
	call_reply_error(c, 422, "dates.%s: %s", key, e.msg);
	return -1;
}

/* Who is not told is as the other one. */
static void
api_files_same(struct svc_person *a, const struct svc_person *b)
{
	if (a->name != NULL || a->email != NULL || b->name == NULL ||
	    b->email == NULL)
		return;
	a->name = xstrdup(b->name);
	a->email = xstrdup(b->email);
}

static int
api_files_common(struct call *c, const struct json *j, struct svc_write *op)
{
	if (api_text(c, j, "branch", REFNAME_MAX, &op->branch) == -1 ||
	    api_text(c, j, "new_branch", REFNAME_MAX, &op->new_branch) == -1 ||
	    api_text(c, j, "message", BODY_LEN_MAX / 2, &op->message) == -1 ||
	    api_bool(c, j, "signoff", &op->signoff) == -1 ||
	    api_files_person(c, j, "author", &op->author) == -1 ||
	    api_files_person(c, j, "committer", &op->committer) == -1)
		return -1;
	api_files_same(&op->author, &op->committer);
	api_files_same(&op->committer, &op->author);
	if (op->branch != NULL && op->branch[0] == '\0')
		free(STEAL(op->branch));
	if (op->new_branch != NULL && op->new_branch[0] == '\0')
		free(STEAL(op->new_branch));
	return 0;
}

/* A text of at most REV_PATH_MAX, NULL when absent or empty. */
static int
api_files_text(
    struct call *c, const struct json *j, const char *key, char **out)
{
	if (api_text(c, j, key, REV_PATH_MAX, out) == -1)
		return -1;
	if (*out != NULL && (*out)[0] == '\0')
		free(STEAL(*out));
	return 0;
}

/* RFC 2045: a client may have broken it into lines. */
static int
api_files_decode(const char *text, struct str *out, struct err *e)
{
	AUTO_STR struct str plain = STR_INIT_MAX(API_FILES_BODY_MAX);
	size_t n;

	if (text[strcspn(text, "\r\n")] == '\0')
		return esc_base64_decode(view_of(text), out, e);
	for (; *text != '\0'; text += n + strspn(text + n, "\r\n")) {
		n = strcspn(text, "\r\n");
		str_addn(&plain, text, n);
	}
	return esc_base64_decode(str_view(&plain), out, e);
}

static int
api_files_bytes(
    struct call *c, const struct json *j, bool must, struct svc_file *f)
{
	const char *text = NULL;
	struct err e = ERR_INIT;
	int rc = json_str(j, "content", API_FILES_BODY_MAX, &text, &e);

	f->bytes = STR_INIT_MAX(API_FILES_BODY_MAX);
	if (rc == 0)
		rc = api_files_decode(text, &f->bytes, &e);
	if (rc == -1) {
		call_reply_error(c, 422, "content: %s", e.msg);
		return -1;
	}
	f->has_bytes = rc == 0;
	if (rc == 0 || !must)
		return 0;
	call_reply_error(c, 422, "[Content]: Required");
	return -1;
}

static struct svc_file *
api_files_add(struct svc_write *op, const char *what, const char *path)
{
	struct svc_file *f = &op->v[op->n++];

	*f = (struct svc_file){ .what = what, .path = xstrdup(path) };
	return f;
}

/* One of `files`. */
static int
api_files_one(struct call *c, const struct json *j, struct svc_write *op)
{
	static const char *const words[] = { "create", "update", "upload",
		"rename", "delete" };
	const char *what = json_str_or(j, "operation", "");
	AUTO_FREE char *path = NULL;
	struct svc_file *f = NULL;

	if (api_need(c, j, "path", REV_PATH_MAX, &path) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], what) == 0)
			f = api_files_add(op, words[i], path);
	if (f == NULL) {
		call_reply_error(c, 422, "operation: not one of its words");
		return -1;
	}
	if (api_files_text(c, j, "from_path", &f->from) == -1 ||
	    api_files_text(c, j, "sha", &f->sha) == -1)
		return -1;
	if (strcmp(what, "rename") == 0 && f->from == NULL) {
		call_reply_error(c, 422, "[FromPath]: Required");
		return -1;
	}
	if (strcmp(what, "delete") == 0)
		return 0;
	return api_files_bytes(c, j, strcmp(what, "rename") != 0, f);
}

static int
api_files_list(struct call *c, const struct json *j, struct svc_write *op)
{
	const struct json *list = json_get(j, "files"), *v;

	if (!json_is_array(list) || json_count(list) == 0) {
		call_reply_error(c, 422, "[Files]: Required");
		return -1;
	}
	if (json_count(list) > SVC_WRITE_MAX) {
		call_reply_error(
		    c, 422, "files: at most %d", (int)SVC_WRITE_MAX);
		return -1;
	}
	op->v = xcalloc(json_count(list), sizeof(*op->v));
	for (v = json_first(list); v != NULL; v = json_next(v))
		if (api_files_one(c, v, op) == -1)
			return -1;
	return 0;
}

/* The file of the path. */
static int
api_files_single(struct call *c, const struct json *j, const char *what,
    struct svc_write *op)
{
	struct svc_file *f;

	op->v = xcalloc(1, sizeof(*op->v));
	f = api_files_add(op, what, call_arg(c, 2));
	if (api_files_text(c, j, "sha", &f->sha) == -1)
		return -1;
	if (strcmp(what, "delete") == 0) {
		if (f->sha != NULL)
			return 0;
		call_reply_error(c, 422, "[SHA]: Required");
		return -1;
	}
	if (strcmp(what, "update") == 0 &&
	    api_files_text(c, j, "from_path", &f->from) == -1)
		return -1;
	/* Without what is to be replaced it is a new file. */
	if (strcmp(what, "update") == 0 && f->sha == NULL && f->from == NULL)
		f->what = "create";
	return api_files_bytes(c, j, true, f);
}

static void
api_files_say(struct svc_write *op)
{
	static const struct {
		const char *what, *word;
	} words[] = { { "create", "Add" }, { "upload", "Add" },
		{ "update", "Update" }, { "rename", "Rename" },
		{ "delete", "Delete" } };

	if (op->message != NULL && op->message[0] != '\0')
		return;
	free(op->message);
	op->message = NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].what, op->v[0].what) == 0)
			op->message = xasprintf(
			    "%s %s", words[i].word, op->v[0].path);
}

/* what NULL: the form with `files`. */
static void
api_files_run(struct call *c, const struct json *j, const char *what)
{
	struct api_git *x = api_git_new(c, PERM_WRITE);
	struct svc_write *op;
	struct api_files *f;
	int rc;

	if (x == NULL)
		return;
	op = svc_write_new(api_svc(c), call_who(c));
	op->project_id = x->p.id;
	rc = api_files_common(c, j, op);
	if (rc == 0)
		rc = what == NULL ? api_files_list(c, j, op)
				  : api_files_single(c, j, what, op);
	if (rc == -1) {
		svc_op_drop(op);
		api_git_free(x);
		return;
	}
	api_files_say(op);
	op->noreply = api_git_noreply(c);
	f = xcalloc(1, sizeof(*f));
	f->x = x;
	f->many = what == NULL;
	f->removes = strcmp(op->v[0].what, "delete") == 0;
	x->status = f->many || strcmp(op->v[0].what, "create") == 0 ? 201 : 200;
	svc_write(op, api_files_on_done, f);
}

/* Bodies are larger here than elsewhere. */
static struct json *
api_files_json(struct call *c)
{
	struct err e = ERR_INIT;
	struct json *j;

	if (call_request(c) == NULL)
		return NULL;
	if (!call_type_is_json(c)) {
		call_reply_error(c, 415, "Content-Type: want application/json");
		return NULL;
	}
	j = json_parse(call_body(c), API_FILES_BODY_MAX, &e);
	if (j != NULL && json_is_object(j))
		return j;
	call_reply_error(
	    c, 400, "body: %s", j == NULL ? e.msg : "want a JSON object");
	json_free(j);
	return NULL;
}

static void
api_files_take(struct call *c, const char *what)
{
	struct json *j = api_files_json(c);

	if (j != NULL)
		api_files_run(c, j, what);
	json_free(j);
}

static void
api_files_on_create(struct call *c)
{
	api_files_take(c, "create");
}

static void
api_files_on_update(struct call *c)
{
	api_files_take(c, "update");
}

static void
api_files_on_delete(struct call *c)
{
	api_files_take(c, "delete");
}

static void
api_files_on_many(struct call *c)
{
	api_files_take(c, NULL);
}

static void
api_files_create(struct call *c)
{
	call_take_raw(c, API_FILES_BODY_MAX, api_files_on_create);
}

static void
api_files_update(struct call *c)
{
	call_take_raw(c, API_FILES_BODY_MAX, api_files_on_update);
}

static void
api_files_delete(struct call *c)
{
	call_take_raw(c, API_FILES_BODY_MAX, api_files_on_delete);
}

static void
api_files_many(struct call *c)
{
	call_take_raw(c, API_FILES_BODY_MAX, api_files_on_many);
}

const struct route api_files_routes[] = {
	{ "POST", "/api/v1/repos/{o}/{r}/contents", ROUTE_USER,
	    api_files_many },
	{ "POST", "/api/v1/repos/{o}/{r}/contents/{path...}", ROUTE_USER,
	    api_files_create },
	{ "PUT", "/api/v1/repos/{o}/{r}/contents/{path...}", ROUTE_USER,
	    api_files_update },
	{ "DELETE", "/api/v1/repos/{o}/{r}/contents/{path...}", ROUTE_USER,
	    api_files_delete },
	{ .method = NULL },
};
