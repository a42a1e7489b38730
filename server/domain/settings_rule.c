#include "server/domain/settings_rule.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/domain/look.h"

#define SETTINGS_AT(field) offsetof(struct project_settings, field)

const struct settings_number settings_numbers[] = {
	{ "interval_s", SETTINGS_AT(interval_s), 1, 86400 },
	{ "keep_days", SETTINGS_AT(keep_days), 1, 3650 },
	{ "approvals", SETTINGS_AT(approvals), 0, 20 },
	{ "max_wakes", SETTINGS_AT(max_wakes), 0, 100 },
	{ "memory", SETTINGS_AT(memory), INT64_C(64) << 20, INT64_C(1) << 40 },
	{ "cpus", SETTINGS_AT(cpus), 1, 512 },
	{ "pids", SETTINGS_AT(pids), 32, 32768 },
	{ "disk", SETTINGS_AT(disk), INT64_C(64) << 20, INT64_C(1) << 44 },
	{ "wall_s", SETTINGS_AT(wall_s), 10, INT64_C(604800) },
	{ "max_retries", SETTINGS_AT(max_retries), 0, 10 },
	{ "retry_s", SETTINGS_AT(retry_s), 1, 3600 },
	{ "max_item_runs", SETTINGS_AT(max_item_runs), 1, 10000 },
	{ "max_day_runs", SETTINGS_AT(max_day_runs), 1, 100000 },
	{ .name = NULL },
};

/* The adapters of agentd/agent. */
static const char *const settings_agents[] = { "command", "claude", "codex",
	"goose", "opencode", NULL };

static int
settings_rule_agent(const char *agent, struct err *e)
{
	for (size_t i = 0; settings_agents[i] != NULL; i++)
		if (strcmp(agent, settings_agents[i]) == 0)
			return 0;
	return err_set(e, ERR_INVALID,
	    "settings.agent: want command, claude, codex, goose or opencode");
}

int
settings_rule_arg(const char *arg, struct err *e)
{
	if (strlen(arg) > SETTINGS_ARG_MAX)
		return err_set(e, ERR_INVALID,
		    "settings.agent_command: an argument is over %d bytes",
		    SETTINGS_ARG_MAX);
	return 0;
}

int
settings_rule_check(const struct project_settings *s, struct err *e)
{
	for (const struct settings_number *r = settings_numbers;
	     r->name != NULL; r++) {
		int64_t v;

		memcpy(&v, (const char *)s + r->offset, sizeof(v));
		if (v < r->min || v > r->max)
			return err_set(e, ERR_INVALID,
			    "settings.%s: want %" PRId64 " to %" PRId64,
			    r->name, r->min, r->max);
	}
	if (s->network < NETWORK_OFF || s->network > NETWORK_OPEN)
		return err_set(e, ERR_INVALID,
		    "settings.network: want off, none, web, locked or open");
	if (s->agent_command_n > SETTINGS_ARGV_MAX)
		return err_set(e, ERR_INVALID,
		    "settings.agent_command: over %d arguments",
		    SETTINGS_ARGV_MAX);
	for (size_t i = 0; i < s->agent_command_n; i++)
		if (settings_rule_arg(s->agent_command[i], e) == -1)
			return -1;
	if (s->agent_command_n > 0 && s->agent_command[0][0] == '\0')
		return err_set(e, ERR_INVALID,
		    "settings.agent_command: the program is empty");
	if (sandbox_options_check(&s->sandbox, e) == -1)
		return -1;
	return settings_rule_agent(s->agent != NULL ? s->agent : "", e);
}

static int64_t
settings_get_approvals(const struct project_settings *s)
{
	return s->approvals;
}

static int64_t
settings_get_current(const struct project_settings *s)
{
	return s->current;
}

static int64_t
settings_get_conversations(const struct project_settings *s)
{
	return s->conversations;
}

static int64_t
settings_get_test_merge(const struct project_settings *s)
{
	return s->test_merge;
}

static int64_t
settings_get_findings(const struct project_settings *s)
{
	return s->findings;
}

static const char *
settings_findings_word(int64_t v)
{
	return look_gate_name((enum look_gate)v);
}

const struct settings_gate settings_gates[] = {
	{ "approvals", settings_get_approvals, false, NULL },
	{ "current", settings_get_current, true, NULL },
	{ "conversations", settings_get_conversations, true, NULL },
	{ "test_merge_result", settings_get_test_merge, true, NULL },
	{ "findings", settings_get_findings, false, settings_findings_word },
	{ .name = NULL },
};

void
settings_rule_keep_gate(
    const struct project_settings *from, struct project_settings *to)
{
	to->approvals = from->approvals;
	to->current = from->current;
	to->conversations = from->conversations;
	to->test_merge = from->test_merge;
	to->findings = from->findings;
}

const struct settings_gate *
settings_rule_gate_differs(
    const struct project_settings *a, const struct project_settings *b)
{
	for (const struct settings_gate *g = settings_gates; g->name != NULL;
	     g++)
		if (g->get(a) != g->get(b))
			return g;
	return NULL;
}
