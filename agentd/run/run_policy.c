/* run_policy: the rules of the repository itself, .coffer/policy on its default
 * branch as cofferd serves it.  They come behind the operator's, and only
 * tighten. */
#include <stdlib.h>
#include <string.h>

#include "agentd/policy/policy.h"
#include "agentd/run/run_priv.h"
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

#define RUN_POLICY_FILE ".coffer/policy"

static int
run_policy_check(struct view text, struct err *e)
{
	struct policy *p = policy_new();
	int rc = policy_add(p, text, POLICY_REPOSITORY, e);

	policy_free(p);
	return rc == 0 ? 0 : err_wrap(e, RUN_POLICY_FILE);
}

static int
run_policy_read(struct run *r, const struct json *j, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(POLICY_FILE_MAX);
	const char *content = json_str_or(j, "content", NULL);

	if (strcmp(json_str_or(j, "type", ""), "file") != 0 ||
	    json_i64_or(j, "size", 0) > POLICY_FILE_MAX || content == NULL)
		return err_set(e, ERR_INVALID,
		    RUN_POLICY_FILE ": is no plain file of at most %d bytes",
		    POLICY_FILE_MAX);
	if (esc_base64_decode(view_of(content), &text, e) == -1 ||
	    !str_ok(&text))
		return err_set(e, ERR_PROTO,
		    RUN_POLICY_FILE ": cofferd gave no text of it");
	if (run_policy_check(str_view(&text), e) == -1)
		return -1;
	free(r->own_policy);
	r->own_policy = str_steal(&text);
	return 0;
}

static void
run_policy_on_file(struct run *r, const struct err *fail, const struct json *j)
{
	struct err e = ERR_INIT;

	if (fail != NULL && fail->code == ERR_NOTFOUND)
		fail = NULL;
	else if (fail == NULL && run_policy_read(r, j, &e) == -1)
		fail = &e;
	r->on_policy(r, fail, NULL);
}

void
run_policy_ask(struct run *r, run_reply_fn *next)
{
	AUTO_STR struct str path = STR_INIT;

	r->on_policy = next;
	str_addf(
	    &path, "/api/v1/repos/%s/contents/" RUN_POLICY_FILE, r->full_name);
	run_ask(
	    r, RUN_Q_POLICY, "GET", str_cstr(&path), NULL, run_policy_on_file);
}

int
run_policy_write(const struct run *r, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (r->own_policy == NULL)
		return 0;
	str_add(&text, r->own_policy);
	return run_file_put(r, "task/policy", 0644, &text, e);
}
