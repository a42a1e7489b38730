/*
 * run_keep: what a CLI keeps of its session, so that the next run of the same
 * item, agent and access goes on with it: ws/runs/keep/NAME, which the agent
 * writes, and HOME/sandboxes/ID/sessions/NAME, root's, with the session's id.
 * Only a run that did its work is gone on with; what is too large, strange or
 * without that session is taken away, and the next run starts anew.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/agent/stream.h"
#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

static const char run_keep_letters[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-_";

static bool
run_keep_name(const struct run *r, char out[WORKDIR_KEEP_MAX])
{
	const struct agent *agent = run_given_agent(r);

	if (r->item == 0 || agent == NULL || agent->keeps == NULL)
		return false;
	(void)snprintf(out, WORKDIR_KEEP_MAX, "%lld-%s-%s", (long long)r->item,
	    agent->name, r->access);
	return true;
}

/* What has to be among its files for a session to be there. */
static const char *
run_keep_file(const struct run *r, const char *id)
{
	const struct agent *agent = run_given_agent(r);

	return agent != NULL && agent->keeps_in != NULL ? agent->keeps_in : id;
}

/* It becomes an argument: nothing but the letters of an id. */
static bool
run_keep_is_id(const char *id)
{
	return id[0] != '\0' && id[0] != '-' &&
	    id[strspn(id, run_keep_letters)] == '\0';
}

static char *
run_keep_record(const struct run *r, const char *name)
{
	return xasprintf("%s/sandboxes/%lld/sessions%s%s", r->env->host->home,
	    (long long)r->project, name[0] != '\0' ? "/" : "", name);
}

static void
run_keep_on_removed(const struct err *e, void *arg)
{
	(void)arg;
	if (e != NULL)
		log_warn("run keep-remove why=%s", log_val(e->msg));
}

static void
run_keep_drop(struct run *r, const char *name)
{
	AUTO_FREE char *record = run_keep_record(r, name);

	(void)unlink(record);
	workdir_keep_remove(
	    r->env->host, r->project, name, run_keep_on_removed, NULL);
}

void
run_keep_open(struct run *r, bool began)
{
	AUTO_FREE char *record = NULL;
	AUTO_STR struct str id = STR_INIT;
	char name[WORKDIR_KEEP_MAX];
	struct err e = ERR_INIT;
	bool goes_on;

	if (!run_keep_name(r, name))
		return;
	if (began) {
		(void)snprintf(r->keep, sizeof(r->keep), "keep/%s", name);
		return;
	}
	if (workdir_keep_make(r->env->host, r->project, name,
		run_keep_on_removed, &e) == -1) {
		log_warn("run keep run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
		return;
	}
	record = run_keep_record(r, name);
	goes_on = path_read(record, AGENT_WORD_MAX - 1, &id, &e) == 0 &&
	    run_keep_is_id(str_cstr(&id)) &&
	    workdir_keep_look(r->env->host, r->project, name,
		run_keep_file(r, str_cstr(&id)), &e) == 0;
	/* A session that nobody knows is nobody's; an empty folder is fine. */
	if (!goes_on &&
	    workdir_keep_look(r->env->host, r->project, name, "", &e) == -1) {
		log_info("run keep-anew run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
		run_keep_drop(r, name);
		return;
	}
	(void)snprintf(r->keep, sizeof(r->keep), "keep/%s", name);
	if (goes_on)
		(void)snprintf(
		    r->session, sizeof(r->session), "%s", str_cstr(&id));
}

void
run_keep_close(struct run *r)
{
	const struct agent_report *report = run_agent_report(r);
	const struct agent *agent = run_given_agent(r);
	const char *id;
	char name[WORKDIR_KEEP_MAX];
	AUTO_FREE char *folder = run_keep_record(r, "");
	AUTO_FREE char *record = NULL;
	struct err e = ERR_INIT;

	if (r->keep[0] == '\0' || !r->agent_ended || !run_keep_name(r, name))
		return;
	record = run_keep_record(r, name);
	id = agent->keeps_as != NULL ? agent->keeps_as
	    : report != NULL         ? report->session
				     : "";
	if (strcmp(r->end, "done") == 0 && run_keep_is_id(id) &&
	    workdir_keep_look(r->env->host, r->project, name,
		run_keep_file(r, id), &e) == 0 &&
	    path_mkdirs(folder, 0700, &e) == 0 &&
	    path_write_atomic(record, id, strlen(id), 0600, &e) == 0)
		return;
	if (e.code != ERR_NONE)
		log_info("run keep-not run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
	run_keep_drop(r, name);
}
