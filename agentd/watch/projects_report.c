/* projects_report: what cofferd is told of a sandbox, and asked for it. */
#include <stdio.h>
#include <string.h>

#include "agentd/call.h"
#include "agentd/watch/projects_priv.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	PROJECTS_TOKEN_HEX = 40
};

static void projects_tell(struct project_entry *x);
static void projects_mint(struct project_entry *x);

static void
projects_on_gone(struct project_entry *x)
{
	struct err e = ERR_INIT;

	(void)map_del_u64(x->all->by_id, (uint64_t)x->p.id);
	(void)err_set(&e, ERR_NOTFOUND, "the project is gone");
	projects_answer(x, &e);
	projects_entry_free(x);
}

void
projects_on_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_entry *x = arg;

	(void)status;
	(void)j;
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_warn("project report-refused id=%lld why=%s",
		    (long long)x->p.id, log_val(fail->msg));
	if (x->untold)
		projects_tell(x);
	else if (x->gone)
		projects_on_gone(x);
	else if (x->mint_next)
		projects_mint(x);
}

static void
projects_tell(struct project_entry *x)
{
	AUTO_STR struct str body = STR_INIT;
	char path[PROJECTS_PATH_MAX], address[HOST_ADDR_MAX] = "";
	struct err e = ERR_INIT;
	struct jw w;

	x->untold = call_busy(x->report);
	if (x->untold)
		return;
	(void)host_project_address(x->all->host, x->p.id, address, &e);
	(void)snprintf(path, sizeof(path), "/api/coffer/v1/projects/%s/sandbox",
	    x->p.full_name);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "state", x->state);
	jw_str(&w, "cause", x->cause);
	jw_str(&w, "reason", x->reason);
	jw_str(&w, "address", address);
	/* Which one is meant: what was refused, or what there is. */
	jw_i64(&w, "generation",
	    strcmp(x->cause, "refused") == 0
		? x->refused
		: sandbox_generation(x->all->sandboxes, x->p.id));
	if (strcmp(x->cause, "refused") == 0)
		jw_i64(
		    &w, "kept", sandbox_generation(x->all->sandboxes, x->p.id));
	jw_end(&w);
	call_start(x->report, "PUT", path, str_cstr(&body));
}

void
projects_report(struct project_entry *x, const char *state, const char *cause,
    const char *reason)
{
	log_info("project sandbox id=%lld state=%s cause=%s reason=%s",
	    (long long)x->p.id, state, log_val(cause), log_val(reason));
	x->state = state;
	(void)snprintf(x->cause, sizeof(x->cause), "%s", cause);
	(void)snprintf(x->reason, sizeof(x->reason), "%s", reason);
	projects_tell(x);
}

/* The session's /etc/gitconfig: who commits, and the token; without one git
 * works, but not towards cofferd. */
static void
projects_gitconfig(struct str *out, const char *token)
{
	str_add(out,
	    "[user]\n\tname = agent\n\temail = agent@cofferd.invalid\n"
	    "[init]\n\tdefaultBranch = main\n"
	    "[credential]\n\thelper =\n");
	if (strspn(token, "0123456789abcdef") == PROJECTS_TOKEN_HEX &&
	    token[PROJECTS_TOKEN_HEX] == '\0')
		str_addf(out,
		    "[http \"http://coffer/\"]\n\textraHeader = "
		    "Authorization: Bearer %s\n",
		    token);
}

void
projects_on_minted(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_entry *x = arg;
	struct str text = STR_INIT;

	(void)status;
	if (fail != NULL)
		log_warn("project session-token id=%lld why=%s",
		    (long long)x->p.id, log_val(fail->msg));
	if (projects_start_is_off(x))
		return;
	projects_gitconfig(
	    &text, fail == NULL ? json_str_or(j, "token", "") : "");
	projects_models_ask(x, str_cstr(&text));
	explicit_bzero(text.p, text.len);
	str_release(&text);
}

static void
projects_mint(struct project_entry *x)
{
	char path[PROJECTS_PATH_MAX];
	struct err e = ERR_INIT;

	x->mint_next = false;
	if (!x->renewing &&
	    sandbox_drop_token(x->all->sandboxes, x->p.id, &e) == -1) {
		projects_on_step(&e, x);
		return;
	}
	(void)snprintf(path, sizeof(path),
	    "/api/coffer/v1/projects/%s/session-token", x->p.full_name);
	call_start(x->mint, "POST", path, NULL);
}
