#include "cli/fetch/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fetch/files.h"
#include "cli/fetch/shelf.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	PLAN_FILE_MAX = 64 << 20
};

static const char *const plan_states[] = { [PLAN_APPLYING] = "applying",
	[PLAN_DONE] = "done",
	[PLAN_UNDOING] = "undoing" };
static const char *const plan_steps[] = {
	[PLAN_HELD] = "held", [PLAN_TODO] = "todo", [PLAN_PUT] = "put"
};
/* Why a file is held: ids of findings, which are constants. */
static const char *const plan_whys[] = { "agent-config", "build-file",
	"ci-file", "editor-config", "gitattributes", "gitmodules", "hook",
	"tool-config" };

static int
plan_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

#define PLAN_WORD(words, word) \
	plan_word(words, sizeof(words) / sizeof((words)[0]), word)

int
plan_begin(struct plan *p, const char *dir, struct err *e)
{
	*p = (struct plan){ .dir = xstrdup(dir) };
	if (path_rmtree(dir, e) == -1)
		return -1;
	return path_mkdirs(dir, 0700, e);
}

static struct plan_entry *
plan_push(struct plan *p)
{
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 64 : 2 * p->cap;
		p->list = xrealloc(p->list, p->cap * sizeof(*p->list));
	}
	p->list[p->n] = (struct plan_entry){ .path = NULL };
	return &p->list[p->n++];
}

void
plan_add(struct plan *p, const struct scan_change *c, const char *why)
{
	struct plan_entry *x = plan_push(p);
	int known = why == NULL ? -1 : PLAN_WORD(plan_whys, why);

	x->path = xstrdup(c->path);
	x->step = why == NULL ? PLAN_TODO : PLAN_HELD;
	x->why = known == -1 ? "" : plan_whys[known];
	x->old_mode = c->old_mode;
	x->new_mode = c->new_mode;
	memcpy(x->old_id, c->old_id, sizeof(x->old_id));
	memcpy(x->new_id, c->new_id, sizeof(x->new_id));
}

size_t
plan_count(const struct plan *p, enum plan_step step)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->list[i].step == step;
	return n;
}

static int
plan_id(
    const struct json *j, const char *key, char out[SCAN_ID + 1], struct err *e)
{
	const char *s = json_str_or(j, key, "");

	if (strlen(s) > SCAN_ID)
		return err_set(e, ERR_INVALID, "%s: no id", key);
	(void)snprintf(out, SCAN_ID + 1, "%s", s);
	return 0;
}

static int
plan_read_entry(struct plan *p, const struct json *j, struct err *e)
{
	struct plan_entry *x = plan_push(p);
	int step = PLAN_WORD(plan_steps, json_str_or(j, "step", ""));
	int why = PLAN_WORD(plan_whys, json_str_or(j, "why", ""));

	x->path = xstrdup(json_str_or(j, "path", ""));
	if (!files_path_ok(x->path) || step == -1)
		return err_set(e, ERR_INVALID, "an entry is damaged");
	x->step = (enum plan_step)step;
	x->why = why == -1 ? "" : plan_whys[why];
	x->old_mode = (uint32_t)json_i64_or(j, "old_mode", 0);
	x->new_mode = (uint32_t)json_i64_or(j, "new_mode", 0);
	x->kept = (size_t)json_i64_or(j, "kept", 0);
	x->later = json_bool_or(j, "later", false);
	if (plan_id(j, "old", x->old_id, e) == -1 ||
	    plan_id(j, "new", x->new_id, e) == -1)
		return -1;
	return 0;
}

static int
plan_read(struct plan *p, const struct json *j, struct err *e)
{
	const struct json *list = json_get(j, "files");
	int state = PLAN_WORD(plan_states, json_str_or(j, "state", ""));

	if (state == -1)
		return err_set(e, ERR_INVALID, "no state");
	p->state = (enum plan_state)state;
	p->index = json_bool_or(j, "index", false);
	/* Over, it is a part of the apply as any other. */
	p->taking = state == PLAN_APPLYING && json_bool_or(j, "taking", false);
	p->top = xstrdup(json_str_or(j, "top", ""));
	p->tree = xstrdup(json_str_or(j, "tree", ""));
	p->what = xstrdup(json_str_or(j, "what", ""));
	p->branch = xstrdup(json_str_or(j, "branch", ""));
	p->pull = json_i64_or(j, "pull", 0);
	(void)snprintf(p->ref, sizeof(p->ref), "%.*s", PLAN_REF_MAX,
	    json_str_or(j, "ref", ""));
	if (plan_id(j, "head", p->head, e) == -1 ||
	    plan_id(j, "commit", p->commit, e) == -1 ||
	    plan_id(j, "ref_before", p->ref_before, e) == -1 ||
	    plan_id(j, "ref_after", p->ref_after, e) == -1)
		return -1;
	for (const struct json *f = json_first(list); f != NULL;
	     f = json_next(f))
		if (plan_read_entry(p, f, e) == -1)
			return -1;
	return 0;
}

int
plan_load(struct plan *p, const char *dir, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "plan.json");
	AUTO_STR struct str text = STR_INIT_MAX(PLAN_FILE_MAX);
	struct json *j;
	int rc;

	*p = (struct plan){ .dir = xstrdup(dir) };
	if (path_read(path, PLAN_FILE_MAX, &text, e) == -1)
		return e->code == ERR_NOTFOUND ? 1 : -1;
	if ((j = json_parse(str_view(&text), PLAN_FILE_MAX, e)) == NULL)
		return err_wrap(e, "%s", path);
	rc = plan_read(p, j, e);
	json_free(j);
	return rc == -1 ? err_wrap(e, "%s", path) : 0;
}

static void
plan_write_entry(const struct plan_entry *x, struct jw *w)
{
	jw_object(w, NULL);
	jw_str(w, "path", x->path);
	jw_str(w, "step", plan_steps[x->step]);
	if (x->why[0] != '\0')
		jw_str(w, "why", x->why);
	jw_i64(w, "old_mode", x->old_mode);
	jw_i64(w, "new_mode", x->new_mode);
	jw_str(w, "old", x->old_id);
	jw_str(w, "new", x->new_id);
	if (x->kept > 0)
		jw_u64(w, "kept", x->kept);
	if (x->later)
		jw_bool(w, "later", true);
	jw_end(w);
}

int
plan_save(struct plan *p, enum plan_state state, struct err *e)
{
	AUTO_FREE char *path = path_join(p->dir, "plan.json");
	AUTO_STR struct str text = STR_INIT_MAX(PLAN_FILE_MAX);
	struct jw w;

	p->state = state;
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "state", plan_states[state]);
	jw_str(&w, "top", p->top);
	jw_str(&w, "tree", p->tree);
	jw_str(&w, "what", p->what);
	jw_str(&w, "branch", p->branch);
	jw_str(&w, "commit", p->commit);
	jw_i64(&w, "pull", p->pull);
	jw_bool(&w, "index", p->index);
	jw_bool(&w, "taking", p->taking);
	jw_str(&w, "head", p->head);
	jw_str(&w, "ref", p->ref);
	jw_str(&w, "ref_before", p->ref_before);
	jw_str(&w, "ref_after", p->ref_after);
	jw_array(&w, "files");
	for (size_t i = 0; i < p->n; i++)
		plan_write_entry(&p->list[i], &w);
	jw_end(&w);
	jw_end(&w);
	if (!str_ok(&text))
		return err_set(e, ERR_LIMIT, "the plan is too large");
	return path_write_atomic(path, str_cstr(&text), text.len, 0600, e);
}

/* In one step, and by a name that says to whom comes next what it was. */
int
plan_remove(struct plan *p, struct err *e)
{
	AUTO_FREE char *gone = xasprintf("%s.gone", p->dir);

	if (path_rmtree(gone, e) == -1)
		return -1;
	if (rename(p->dir, gone) == -1)
		return err_sys(e, ERR_IO, "remove %s", p->dir);
	FAIL_POINT(fetch_plan_gone);
	if (shelf_take(p->dir, e) == -1)
		return -1;
	FAIL_POINT(fetch_unshelved);
	return path_rmtree(gone, e);
}

void
plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i].path);
	free(p->list);
	free(p->dir);
	free(p->top);
	free(p->tree);
	free(p->what);
	free(p->branch);
	*p = (struct plan){ .dir = NULL };
}
