/* What the default branch has that a mirror does not bring: asked after a sync
 * that moved it, shown on the project, never followed. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/git_pool.h"
#include "server/git/gitmodules.h"
#include "server/service/svc_mirror_priv.h"
#include "server/store/db.h"
#include "server/store/upstream.h"

enum {
	CONTENTS_SHOWN_MAX = 100
};

/* Where the default branch is now, NULL when it is not known. */
static const char *
contents_tip(const struct mirror_job *j)
{
	const char *branch = refname_branch(j->head);

	if (branch == NULL)
		branch = j->project.default_branch;
	for (size_t i = 0; i < j->n; i++) {
		const struct mirror_item *x = &j->items[i];
		const char *name = refname_branch(x->ref);
		const char *sha = x->target[0] != '\0' ? x->target : x->local;

		if (name == NULL || strcmp(name, branch) != 0)
			continue;
		return x->failed || sha[0] == '\0' || gitpool_sha_is_zero(sha)
		    ? NULL
		    : sha;
	}
	return NULL;
}

static int
contents_job(struct txn *t, void *arg, struct err *e)
{
	const struct mirror_job *j = arg;

	return mirror_memo_set(
	    t, j->project.id, MIRROR_MEMO_CONTENTS, str_cstr(&j->contents), e);
}

static void
contents_on_written(const struct err *fail, void *arg)
{
	struct mirror_job *j = arg;

	j->writing = false;
	if (j->closed) {
		mirror_job_free(j);
		return;
	}
	if (fail != NULL)
		log_error("mirror contents project=%" PRId64 " err=%s",
		    j->project.id, log_val(fail->msg));
	mirror_job_verify(j);
}

static void
contents_submodule(
    struct jw *w, const struct mirror_job *j, const struct json *m)
{
	const char *url = json_str_or(m, "url", "");
	AUTO_STR struct str resolved = STR_INIT;

	jw_object(w, NULL);
	jw_str(w, "name", json_str_or(m, "name", ""));
	jw_str(w, "path", json_str_or(m, "path", ""));
	jw_str(w, "url", url);
	if (gitmodules_resolve(j->project.upstream, url, &resolved))
		jw_str(w, "resolved", str_cstr(&resolved));
	jw_end(w);
}

static void
contents_make(struct mirror_job *j, const struct json *r)
{
	AUTO_STR struct str lfs = STR_INIT;
	const struct json *list = json_get(r, "submodules");
	size_t n = 0;
	struct jw w;

	json_print(json_get(r, "lfs"), &lfs);
	jw_init(&w, &j->contents);
	jw_object(&w, NULL);
	jw_str(&w, "sha", json_str_or(r, "sha", NULL));
	jw_array(&w, "submodules");
	for (const struct json *m = json_first(list);
	     m != NULL && n < CONTENTS_SHOWN_MAX; m = json_next(m), n++)
		contents_submodule(&w, j, m);
	jw_end(&w);
	jw_bool(&w, "submodules_truncated",
	    json_count(list) > n ||
		json_bool_or(r, "submodules_truncated", false));
	jw_i64(&w, "gitlinks", json_i64_or(r, "gitlinks", 0));
	jw_raw(&w, "lfs", str_view(&lfs));
	jw_end(&w);
}

static void
contents_on_read(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	if (r->fail != NULL) {
		log_warn("mirror contents project=%" PRId64 " err=%s",
		    j->project.id, log_val(r->fail->msg));
		mirror_job_verify(j);
		return;
	}
	contents_make(j, r->j);
	j->writing = true;
	db_write(j->m->spec.db, contents_job, contents_on_written, j);
}

void
mirror_job_contents(struct mirror_job *j)
{
	const char *tip = contents_tip(j);

	if (tip == NULL || strcmp(tip, j->contents_sha) == 0)
		mirror_job_verify(j);
	else
		gitpool_contents(
		    j->m->spec.pool, j->project.id, tip, contents_on_read, j);
}
