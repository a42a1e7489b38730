#include "server/service/svc_fetch.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/branchname.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/sha256.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"
#include "server/domain/own_url.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"

enum {
	SVC_FETCH_PULL_MAX = 1000000000
};

/* As cli/fetch signs it. */
static const char svc_fetch_domain[] = "coffer fetch record\n";

static const char *const svc_fetch_results[] = { "applied", "taken", "blocked",
	"review-failed", "not-confirmed", "not-applied", "refused", "undone" };
static const char *const svc_fetch_hows[] = { "", "unstaged", "staged",
	"branch", "merge" };
/* As cli/fetch/record.c writes them; "": of a text that is of no review. */
static const char *const svc_fetch_reviews[] = { "",
	"none: no reviewer configured", "not asked: blocked before", "skipped",
	"ok", "findings", "incomplete", "failed" };

#define SVC_FETCH_ONE_OF(list, word) \
	svc_fetch_one_of(list, sizeof(list) / sizeof((list)[0]), word)

static bool
svc_fetch_one_of(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static void
svc_fetch_release(void *arg)
{
	struct svc_fetch *op = arg;

	fetched_release(&op->f);
}

struct svc_fetch *
svc_fetch_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_fetch), who, svc_fetch_release);
}

static bool
svc_fetch_is_id(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return s[n] == '\0' && (n == 40 || n == 64 || n == 0);
}

static int
svc_fetch_word(const struct json *j, const char *key, char *out, size_t size,
    struct err *e)
{
	const char *s = json_str_or(j, key, "");

	if (strlen(s) >= size)
		return err_set(e, ERR_INVALID, "record: %s is too long", key);
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(
			    e, ERR_INVALID, "record: %s has a control", key);
	(void)snprintf(out, size, "%s", s);
	return 0;
}

static int
svc_fetch_fill(struct fetched *f, const struct json *j, struct err *e)
{
	static const struct {
		const char *key;
		size_t offset, size;
	} words[] = {
#define WORD(key, member) \
	{ key, offsetof(struct fetched, member), sizeof(f->member) }
		WORD("key", key),
		WORD("at", at),
		WORD("result", result),
		WORD("apply", how),
		WORD("review", review),
		WORD("branch", branch),
		WORD("head", head),
		WORD("base", base),
#undef WORD
	};
	int64_t ms;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (svc_fetch_word(j, words[i].key, (char *)f + words[i].offset,
			words[i].size, e) == -1)
			return -1;
	/* They are shown to whoever reads the project: words that are known. */
	if (!SVC_FETCH_ONE_OF(svc_fetch_results, f->result))
		return err_set(e, ERR_INVALID, "record: no such result");
	if (!SVC_FETCH_ONE_OF(svc_fetch_hows, f->how))
		return err_set(e, ERR_INVALID, "record: no such apply");
	if (!SVC_FETCH_ONE_OF(svc_fetch_reviews, f->review))
		return err_set(e, ERR_INVALID, "record: no such review");
	/* Also one that no push may make: an upstream has others. */
	if (f->branch[0] != '\0' && !branchname_ok(f->branch, NULL))
		return err_set(e, ERR_INVALID, "record: no name of a branch");
	if (clock_parse(f->at, &ms, e) == -1)
		return err_wrap(e, "record: at");
	if (!svc_fetch_is_id(f->head) || !svc_fetch_is_id(f->base))
		return err_set(e, ERR_INVALID, "record: no id of a commit");
	return json_i64(j, "pull", 0, SVC_FETCH_PULL_MAX, &f->item, e) == -1
	    ? -1
	    : 0;
}

int
svc_fetch_read(struct svc_fetch *op, const char *text, const char *full_name,
    struct err *e)
{
	struct view v = view_of(text);
	struct json *j = signed_json_read(
	    v, svc_fetch_domain, SVC_FETCH_TEXT_MAX, e);
	int rc;

	if (j == NULL)
		return err_wrap(e, "record");
	/* Signed for one project it says nothing of another. */
	op->named = strcasecmp(
			json_str_or(j, "account", ""), op->op.who.login) == 0;
	op->ours = own_url_is(json_str_or(j, "url", ""), op->op.svc->own_url);
	rc = json_get(j, "account") != NULL && !op->named
	    ? err_set(e, ERR_DENIED, "record: it names another account")
	    : strcasecmp(json_str_or(j, "project", ""), full_name) == 0
	    ? svc_fetch_fill(&op->f, j, e)
	    : err_set(e, ERR_DENIED, "record: it is of another project");
	json_free(j);
	if (rc == -1)
		return -1;
	sha256_hex(v, op->f.sha256);
	op->f.text = xstrdup(text);
	return 0;
}

static int
svc_fetch_event(struct txn *t, const struct svc_fetch *op, struct err *e)
{
	const struct fetched *f = &op->f;
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event x = { .kind = "fetch.recorded",
		.project_id = f->project_id,
		.item = f->item,
		.is_pull = f->item != 0,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "id", f->id);
	jw_str(&w, "result", f->result);
	jw_str(&w, "apply", f->how);
	jw_str(&w, "branch", f->branch);
	jw_str(&w, "head", f->head);
	jw_end(&w);
	return svc_event_add(t, &op->op.who, op->op.now, &x, e);
}

/* A key is his who came with it first, and he has a few. */
static int
svc_fetch_key(struct txn *t, const struct svc_fetch *op, struct err *e)
{
	int64_t owner = 0, n = 0;
	bool fresh = false;

	if (fetches_take_key(t, op->f.key, op->op.who.user_id, op->op.now,
		&owner, &fresh, e) == -1)
		return -1;
	if (fresh && !op->named)
		return err_set(e, ERR_DENIED,
		    "record: the first one of a key names its account");
	/* No refusal for good: the server may learn what its address is. */
	if (fresh && !op->ours)
		return err_set(e, ERR_EXISTS,
		    "record: the first one of a key is of this server, which "
		    "is %s: use that address, or an administrator sets "
		    "public_url",
		    op->op.svc->public_url);
	if (owner != op->op.who.user_id)
		return err_set(e, ERR_DENIED, "record: the key is another's");
	if (fetches_keys(t, owner, &n, e) == -1)
		return -1;
	if (n > SVC_FETCH_KEYS_MAX)
		return err_set(e, ERR_DENIED, "record: more than %d keys",
		    (int)SVC_FETCH_KEYS_MAX);
	return 0;
}

static int
svc_fetch_item(struct txn *t, struct fetched *f, struct err *e)
{
	struct pull pull = { .run_id = 0 };
	int rc;

	if (f->item == 0)
		return f->branch[0] == '\0'
		    ? 0
		    : fetches_pull_of(t, f->project_id, f->branch, &f->item, e);
	rc = pulls_get(t, f->project_id, f->item, &pull, e);
	pull_release(&pull);
	return rc;
}

static int
svc_fetch_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_fetch *op = arg;
	struct project p = { .id = 0 };
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->f.project_id, PERM_READ, &p, e) == -1)
		return -1;
	op->f.by.id = op->op.who.user_id;
	op->f.received_at = op->op.now;
	rc = p.state == PROJECT_ACTIVE
	    ? svc_fetch_key(t, op, e)
	    : err_set(e, ERR_EXISTS, "the project is being deleted");
	if (rc == 0)
		rc = svc_fetch_item(t, &op->f, e);
	if (rc == 0)
		rc = fetches_add(t, &op->f, &op->f.id, &op->fresh, e);
	if (rc == 0 && op->fresh)
		rc = svc_fetch_event(t, op, e);
	project_release(&p);
	return rc;
}

void
svc_fetch(struct svc_fetch *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_fetch_job, done, arg);
}
