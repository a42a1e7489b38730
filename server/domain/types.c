#include "server/domain/types.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/domain/word.h"

static const char *const user_kind_words[] = {
	[USER_ADMIN] = "admin",
	[USER_PERSON] = "user",
	[USER_AGENT] = "agent",
	[USER_CI] = "ci",
	[USER_SERVICE] = "service",
};

static const char *const role_words[] = {
	[ROLE_NONE] = "none",
	[ROLE_READER] = "reader",
	[ROLE_MAINTAINER] = "maintainer",
	[ROLE_ADMIN] = "admin",
};

static const char *const access_words[] = {
	[ACCESS_NONE] = "none",
	[ACCESS_READ] = "read",
	[ACCESS_SCRATCH] = "scratch",
	[ACCESS_WRITE] = "write",
};

static const char *const network_words[] = {
	[NETWORK_OFF] = "off",
	[NETWORK_NONE] = "none",
	[NETWORK_WEB] = "web",
	[NETWORK_LOCKED] = "locked",
	[NETWORK_OPEN] = "open",
};

static const char *const project_state_words[] = {
	[PROJECT_ACTIVE] = "active",
	[PROJECT_DELETING] = "deleting",
};

static const char *const mirror_status_words[] = {
	[MIRROR_NEW] = "new",
	[MIRROR_SYNCING] = "syncing",
	[MIRROR_OK] = "ok",
	[MIRROR_FAILED] = "failed",
	[MIRROR_PAUSED] = "paused",
	[MIRROR_NONE] = "none",
};

static const char *const sandbox_want_words[] = {
	[WANT_RUNNING] = "running",
	[WANT_STOPPED] = "stopped",
	[WANT_GONE] = "gone",
	[WANT_PAUSED] = "paused",
};

static const char *const sandbox_status_words[] = {
	[SANDBOX_ABSENT] = "absent",
	[SANDBOX_STARTING] = "starting",
	[SANDBOX_RUNNING] = "running",
	[SANDBOX_STOPPED] = "stopped",
	[SANDBOX_FAILED] = "failed",
	[SANDBOX_PAUSED] = "paused",
	[SANDBOX_STOPPING] = "stopping",
};

const char *
user_kind_name(enum user_kind v)
{
	return word_name(
	    user_kind_words, WORD_COUNT(user_kind_words), (unsigned)v);
}

const char *
role_name(enum role v)
{
	return word_name(role_words, WORD_COUNT(role_words), (unsigned)v);
}

const char *
access_name(enum access_level v)
{
	return word_name(access_words, WORD_COUNT(access_words), (unsigned)v);
}

int
access_parse(const char *s)
{
	return word_find(access_words, WORD_COUNT(access_words), s);
}

const char *
network_name(enum network_mode v)
{
	return word_name(network_words, WORD_COUNT(network_words), (unsigned)v);
}

int
network_parse(const char *s)
{
	return word_find(network_words, WORD_COUNT(network_words), s);
}

const char *
project_state_name(enum project_state v)
{
	return word_name(
	    project_state_words, WORD_COUNT(project_state_words), (unsigned)v);
}

const char *
mirror_status_name(enum mirror_status v)
{
	return word_name(
	    mirror_status_words, WORD_COUNT(mirror_status_words), (unsigned)v);
}

const char *
sandbox_want_name(enum sandbox_want v)
{
	return word_name(
	    sandbox_want_words, WORD_COUNT(sandbox_want_words), (unsigned)v);
}

int
sandbox_want_parse(const char *s)
{
	return word_find(sandbox_want_words, WORD_COUNT(sandbox_want_words), s);
}

const char *
sandbox_status_name(enum sandbox_status v)
{
	return word_name(sandbox_status_words, WORD_COUNT(sandbox_status_words),
	    (unsigned)v);
}

int
sandbox_status_parse(const char *s)
{
	return word_find(
	    sandbox_status_words, WORD_COUNT(sandbox_status_words), s);
}

void
user_list_release(struct user_list *l)
{
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
token_release(struct token *x)
{
	free(x->branch);
	free(x->project_name);
	memset(x, 0, sizeof(*x));
}

void
token_list_release(struct token_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		token_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
project_settings_init(struct project_settings *s)
{
	*s = (struct project_settings){
		.interval_s = 60,
		.network = NETWORK_WEB,
		.agent = xstrdup("command"),
		.keep_days = 90,
		.approvals = 1,
		.conversations = true,
		.findings = LOOK_BLOCK,
		.max_wakes = 3,
		.memory = INT64_C(2) << 30,
		.cpus = 2,
		.pids = 512,
		.disk = INT64_C(4) << 30,
		.wall_s = 3600,
		.trigger_label = "agent",
		.max_retries = 2,
		.retry_s = 30,
		.max_item_runs = 20,
		.max_day_runs = 200,
	};
	sandbox_options_init(&s->sandbox);
}

static void
project_settings_drop_command(struct project_settings *s)
{
	for (size_t i = 0; i < s->agent_command_n; i++)
		free(s->agent_command[i]);
	free(s->agent_command);
	s->agent_command = NULL;
	s->agent_command_n = 0;
}

void
project_settings_release(struct project_settings *s)
{
	free(s->agent);
	project_settings_drop_command(s);
	sandbox_options_release(&s->sandbox);
	memset(s, 0, sizeof(*s));
}

void
project_settings_set_agent(struct project_settings *s, const char *agent)
{
	char *copy = xstrdup(agent);

	free(s->agent);
	s->agent = copy;
}

void
project_settings_set_command(
    struct project_settings *s, const char *const *argv, size_t n)
{
	char **copy = NULL;

	if (n > 0) {
		copy = xcalloc(n + 1, sizeof(*copy));
		for (size_t i = 0; i < n; i++)
			copy[i] = xstrdup(argv[i]);
	}
	project_settings_drop_command(s);
	s->agent_command = copy;
	s->agent_command_n = n;
}

void
project_settings_copy(
    struct project_settings *dst, const struct project_settings *src)
{
	struct project_settings copy = *src;

	copy.agent = xstrdup(src->agent == NULL ? "" : src->agent);
	copy.agent_command = NULL;
	copy.agent_command_n = 0;
	project_settings_set_command(&copy,
	    (const char *const *)src->agent_command, src->agent_command_n);
	sandbox_options_copy(&copy.sandbox, &src->sandbox);
	*dst = copy;
}

void
project_release(struct project *x)
{
	free(x->upstream);
	free(x->default_branch);
	free(x->mirror.last_error);
	free(x->sandbox.reason);
	free(x->sandbox.address);
	free(x->sandbox.cause);
	project_settings_release(&x->settings);
	repo_profile_release(&x->profile);
	memset(x, 0, sizeof(*x));
}

void
project_list_release(struct project_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		project_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}
