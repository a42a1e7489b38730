/* settings_rows: the settings that a project keeps as fields (docs/api.md,
 * "settings"), by a table: a row is a field of a page's form. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/domain/look.h"
#include "server/domain/settings_rule.h"
#include "server/service/svc_project.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

enum rows_kind {
	ROWS_NUMBER, /* of settings_numbers */
	ROWS_SIZE,   /* the same, as "4G" */
	ROWS_TICK,
	ROWS_WORD,  /* an enum */
	ROWS_AGENT, /* the word of its adapter */
	ROWS_COMMAND,
	ROWS_LABEL,
	ROWS_OPTION /* of sandbox_option_rows */
};

struct rows_row {
	const char *at; /* its page */
	enum rows_kind kind;
	const char *name, *label, *help;
	size_t offset; /* of a tick or word */
	const struct settings_word *words;
	int (*parse)(const char *word);
};

#define ROWS_AT(field) offsetof(struct project_settings, field)

const struct settings_word settings_networks[] = {
	{ "off", "off: no network at all" },
	{ "none", "none: this server alone" },
	{ "web", "web: the open web" },
	{ "locked", "locked: what rules allow" },
	{ "open", "open: everything" },
	{ NULL, NULL },
};
static const struct settings_word rows_findings[] = {
	{ "off", "for none" },
	{ "block", "for those that block" },
	{ "ask", "for those that block or ask" },
	{ NULL, NULL },
};
const struct settings_word settings_agents[] = {
	{ "command", "a command of one's own" },
	{ "claude", "claude" },
	{ "codex", "codex" },
	{ "goose", "goose" },
	{ "opencode", "opencode" },
	{ NULL, NULL },
};

static const struct rows_row rows[] = {
	{ "mirror", ROWS_NUMBER, "interval_s",
	    "Seconds between looks at upstream", "", 0, NULL, NULL },
	{ "mirror", ROWS_TICK, "hold",
	    "Hold branches that upstream would move back",
	    "Upstream then only moves them forward.", ROWS_AT(hold), NULL,
	    NULL },
	{ "mirror", ROWS_NUMBER, "keep_days", "Days that a lost tip is kept",
	    "", 0, NULL, NULL },
	{ "agent", ROWS_AGENT, "agent", "Agent", "", 0, settings_agents, NULL },
	{ "agent", ROWS_COMMAND, "agent_command", "Its command",
	    "The program and its arguments, a line each; empty: the usual.", 0,
	    NULL, NULL },
	{ "agent", ROWS_TICK, "pickup", "It takes issues up by itself", "",
	    ROWS_AT(pickup), NULL, NULL },
	{ "agent", ROWS_LABEL, "trigger_label", "Label that is an order",
	    "Setting it on an issue starts a run; empty: none does.", 0, NULL,
	    NULL },
	{ "agent", ROWS_TICK, "runs_paused", "Pause: orders wait", "",
	    ROWS_AT(runs_paused), NULL, NULL },
	{ "agent", ROWS_NUMBER, "wall_s", "Seconds that a run may take", "", 0,
	    NULL, NULL },
	{ "agent", ROWS_NUMBER, "max_wakes",
	    "How often a run may be woken by what comes later", "", 0, NULL,
	    NULL },
	{ "agent", ROWS_NUMBER, "max_retries",
	    "How often it is tried again after a passing failure", "", 0, NULL,
	    NULL },
	{ "agent", ROWS_NUMBER, "retry_s", "Seconds before the first of these",
	    "", 0, NULL, NULL },
	{ "agent", ROWS_NUMBER, "max_item_runs",
	    "Runs on one issue within a day", "", 0, NULL, NULL },
	{ "agent", ROWS_NUMBER, "max_day_runs",
	    "Runs in the project within a day", "", 0, NULL, NULL },
	{ "sandbox", ROWS_WORD, "network", "Network",
	    "What a name may be reached by is said by the network's rules.",
	    ROWS_AT(network), settings_networks, network_parse },
	{ "sandbox", ROWS_SIZE, "memory", "Memory", "As 512M or 4G.", 0, NULL,
	    NULL },
	{ "sandbox", ROWS_NUMBER, "cpus", "Processors", "", 0, NULL, NULL },
	{ "sandbox", ROWS_NUMBER, "pids", "Processes", "", 0, NULL, NULL },
	{ "sandbox", ROWS_SIZE, "disk", "Disk", "As 10G.", 0, NULL, NULL },
	{ "sandbox", ROWS_OPTION, "profile", "Profile",
	    "The system inside; empty: the host's own.", 0, NULL, NULL },
	{ "sandbox", ROWS_OPTION, "branch", "Branch of its workspace",
	    "Empty: the default branch.", 0, NULL, NULL },
	{ "sandbox", ROWS_OPTION, "driver", "Driver",
	    "oci or engine; empty: the host's. An administrator's to change, "
	    "as the next ones.",
	    0, NULL, NULL },
	{ "sandbox", ROWS_OPTION, "runtime", "Runtime", "", 0, NULL, NULL },
	{ "sandbox", ROWS_OPTION, "gpus", "GPUs", "A number, or all.", 0, NULL,
	    NULL },
	{ "sandbox", ROWS_OPTION, "entrypoint", "Entry point",
	    "The program and its arguments, a line each.", 0, NULL, NULL },
	{ "sandbox", ROWS_OPTION, "ro", "Of the host, to read",
	    "Folders and files, a line each.", 0, NULL, NULL },
	{ "sandbox", ROWS_TICK, "docker", "It may run containers of its own",
	    "", ROWS_AT(sandbox) + offsetof(struct sandbox_options, docker),
	    NULL, NULL },
	{ "gate", ROWS_NUMBER, "approvals", "Approvals of maintainers",
	    "Of exactly the head that is merged.", 0, NULL, NULL },
	{ "gate", ROWS_TICK, "current",
	    "It has every commit of its base branch", "", ROWS_AT(current),
	    NULL, NULL },
	{ "gate", ROWS_TICK, "conversations",
	    "Conversations of maintainers are resolved", "",
	    ROWS_AT(conversations), NULL, NULL },
	{ "gate", ROWS_TICK, "test_merge_result",
	    "Checks run on what the merge would leave", "", ROWS_AT(test_merge),
	    NULL, NULL },
	{ "gate", ROWS_WORD, "findings", "It waits for findings", "",
	    ROWS_AT(findings), rows_findings, look_gate_parse },
	{ .at = NULL },
};

static const struct settings_number *
rows_number(const char *name)
{
	const struct settings_number *n = settings_numbers;

	while (n->name != NULL && strcmp(n->name, name) != 0)
		n++;
	return n->name != NULL ? n : NULL;
}

static const struct sandbox_option *
rows_option(const char *name)
{
	const struct sandbox_option *o = sandbox_option_rows;

	while (o->name != NULL && strcmp(o->name, name) != 0)
		o++;
	return o->name != NULL ? o : NULL;
}

/* ---- the page ---- */

static void
rows_lines(struct web *w, const struct field *f, char *const *v, size_t n)
{
	AUTO_STR struct str text = STR_INIT;

	for (size_t i = 0; i < n; i++)
		str_addf(&text, "%s\n", v[i]);
	field_area(w, f, str_cstr(&text), 4);
}

static void
rows_size(struct web *w, const struct field *f, int64_t v)
{
	char text[32];

	if (v % (INT64_C(1) << 30) == 0)
		(void)snprintf(text, sizeof(text), "%" PRId64 "G", v >> 30);
	else if (v % (INT64_C(1) << 20) == 0)
		(void)snprintf(text, sizeof(text), "%" PRId64 "M", v >> 20);
	else
		(void)snprintf(text, sizeof(text), "%" PRId64, v);
	field_text(w, f, text);
}

static void
rows_select(struct web *w, const struct field *f, const struct rows_row *r,
    const struct project_settings *s)
{
	int have = 0;

	if (r->parse != NULL)
		memcpy(&have, (const char *)s + r->offset, sizeof(have));
	field_select(w, f);
	for (const struct settings_word *x = r->words; x->word != NULL; x++)
		field_option(w, x->word, x->text,
		    r->parse != NULL
			? r->parse(x->word) == have
			: strcmp(x->word, svc_text(s->agent)) == 0);
	html_end(&w->h);
}

static void
rows_option_put(
    struct web *w, const struct field *f, const struct sandbox_options *o)
{
	const struct sandbox_option *row = rows_option(f->name);
	const struct text_list *list;

	if (row == NULL)
		return;
	if (!row->list) {
		field_text(w, f, sandbox_options_text(o, row));
		return;
	}
	list = sandbox_options_list(o, row);
	rows_lines(w, f, list->v, list->n);
}

static void
rows_field(
    struct web *w, const struct rows_row *r, const struct project_settings *s)
{
	const struct field f = {
		.name = r->name, .label = r->label, .help = r->help
	};
	const struct settings_number *n = rows_number(r->name);
	int64_t v = 0;

	if (n != NULL)
		memcpy(&v, (const char *)s + n->offset, sizeof(v));
	switch (r->kind) {
	case ROWS_NUMBER:
		field_number(
		    w, &f, v, n != NULL ? n->min : 0, n != NULL ? n->max : 0);
		return;
	case ROWS_SIZE:
		rows_size(w, &f, v);
		return;
	case ROWS_TICK:
		field_tick(w, &f, *(const bool *)((const char *)s + r->offset));
		return;
	case ROWS_WORD:
	case ROWS_AGENT:
		rows_select(w, &f, r, s);
		html_text(&w->h, "");
		if (r->help[0] != '\0')
			HTML_LEAF(&w->h, "p", "hint", r->help);
		return;
	case ROWS_COMMAND:
		rows_lines(w, &f, s->agent_command, s->agent_command_n);
		return;
	case ROWS_LABEL:
		field_text(w, &f, s->trigger_label);
		return;
	case ROWS_OPTION:
	default:
		rows_option_put(w, &f, &s->sandbox);
		return;
	}
}

static void
rows_get(struct call *c, const char *at, const char *title)
{
	struct project p;
	struct web w;

	if (settings_begin(&w, c, at, &p) == -1)
		return;
	settings_form(&w, &p, "card say", at, "rows");
	HTML_LEAF(&w.h, "h2", "", title);
	for (const struct rows_row *r = rows; r->at != NULL; r++)
		if (strcmp(r->at, at) == 0)
			rows_field(&w, r, &p.settings);
	field_button(&w, "primary", NULL, NULL, "Save");
	post_form_end(&w);
	if (strcmp(at, "mirror") == 0)
		settings_upstream(&w, &p);
	project_release(&p);
	web_reply(&w, 200);
}

void
settings_mirror_get(struct call *c)
{
	rows_get(c, "mirror", "How upstream is followed");
}

static void
rows_get_agent(struct call *c)
{
	rows_get(c, "agent", "The agent and its runs");
}

static void
rows_get_sandbox(struct call *c)
{
	rows_get(c, "sandbox", "What the sandbox is made of");
}

static void
rows_get_gate(struct call *c)
{
	rows_get(c, "gate", "What a pull request must have to be merged");
}

/* ---- the form ---- */

/* Lines of a text into v; the text is theirs.  -1: over max. */
static int
rows_split(char *text, const char **v, size_t max, size_t *n, struct err *e)
{
	*n = 0;
	for (char *p = text; *p != '\0';) {
		char *end = p + strcspn(p, "\n");
		bool last = *end == '\0';

		*end = '\0';
		if (*p != '\0' && *n == max)
			return err_set(
			    e, ERR_INVALID, "want at most %zu lines", max);
		if (*p != '\0')
			v[(*n)++] = p;
		p = last ? end : end + 1;
	}
	return 0;
}

static int
rows_read_lines(const struct form *form, const struct rows_row *r,
    struct project_settings *s, struct err *e)
{
	AUTO_FREE char *text = form_text(form, r->name);
	const char *v[SETTINGS_ARGV_MAX];
	size_t n;

	if (r->kind == ROWS_COMMAND) {
		if (rows_split(text, v, SETTINGS_ARGV_MAX, &n, e) == -1)
			return -1;
		project_settings_set_command(s, v, n);
		return 0;
	}
	if (rows_split(text, v, SANDBOX_LIST_MAX, &n, e) == -1)
		return -1;
	sandbox_options_set_list(&s->sandbox, rows_option(r->name), v, n);
	return 0;
}

static int
rows_read_number(const char *given, const struct rows_row *r,
    struct project_settings *s, struct err *e)
{
	const struct settings_number *n = rows_number(r->name);
	uint64_t size = 0;
	int64_t v = 0;

	if (n == NULL)
		return 0;
	if (r->kind == ROWS_SIZE) {
		if (num_size(given, (uint64_t)n->min, (uint64_t)n->max, &size,
			e) == -1)
			return -1;
		v = (int64_t)size;
	} else if (num_i64(given, n->min, n->max, &v, e) == -1) {
		return -1;
	}
	memcpy((char *)s + n->offset, &v, sizeof(v));
	return 0;
}

static int
rows_read_word(const char *given, const struct rows_row *r,
    struct project_settings *s, struct err *e)
{
	int v = r->parse(given);

	if (v <= 0)
		return err_set(e, ERR_INVALID, "there is no such word");
	memcpy((char *)s + r->offset, &v, sizeof(v));
	return 0;
}

static int
rows_read_text(const char *given, const struct rows_row *r,
    struct project_settings *s, struct err *e)
{
	const struct sandbox_option *o = rows_option(r->name);

	if (r->kind == ROWS_AGENT) {
		project_settings_set_agent(s, given);
	} else if (r->kind == ROWS_OPTION && o != NULL) {
		if (strlen(given) > SANDBOX_TEXT_MAX)
			return err_set(e, ERR_INVALID, "it is too long");
		sandbox_options_set_text(&s->sandbox, o, given);
	} else {
		if (strlen(given) >= sizeof(s->trigger_label))
			return err_set(e, ERR_INVALID, "it is too long");
		memcpy(s->trigger_label, given, strlen(given) + 1);
	}
	return 0;
}

static int
rows_read(const struct form *form, const struct rows_row *r,
    struct project_settings *s, struct err *e)
{
	const char *given = form_get(form, r->name);
	const struct sandbox_option *o = rows_option(r->name);

	if (r->kind == ROWS_TICK) {
		*(bool *)((char *)s + r->offset) = given[0] != '\0';
		return 0;
	}
	if (r->kind == ROWS_NUMBER || r->kind == ROWS_SIZE)
		return rows_read_number(given, r, s, e);
	if (r->kind == ROWS_WORD)
		return rows_read_word(given, r, s, e);
	if (r->kind == ROWS_COMMAND || (o != NULL && o->list))
		return rows_read_lines(form, r, s, e);
	return rows_read_text(given, r, s, e);
}

static void
rows_save(struct call *c, const struct project *p, const struct form *f,
    const char *at, route_fn *page, svc_done_fn *done)
{
	struct svc_project_edit *op = svc_project_edit_new(
	    call_app(c), call_who(c));
	struct err e = ERR_INIT;
	int rc = 0;

	op->project_id = p->id;
	op->set_settings = true;
	op->set_gate = strcmp(at, "gate") == 0;
	project_settings_copy(&op->settings, &p->settings);
	for (const struct rows_row *r = rows; r->at != NULL && rc == 0; r++) {
		if (strcmp(r->at, at) != 0)
			continue;
		rc = rows_read(f, r, &op->settings, &e);
		if (rc == -1)
			(void)err_wrap(&e, "%s", r->label);
	}
	if (rc == -1) {
		svc_op_drop(op);
		post_refused(c, page, 422, e.msg);
		return;
	}
	call_hold(c);
	svc_project_edit(op, done, c);
}

#define ROWS_PAGE(name, page)                                              \
	static void rows_saved_##name(                                     \
	    const struct err *fail, void *op, void *call)                  \
	{                                                                  \
		(void)op;                                                  \
		settings_done(fail, call, page, #name);                    \
	}                                                                  \
	static void rows_save_##name(                                      \
	    struct call *c, const struct project *p, const struct form *f) \
	{                                                                  \
		rows_save(c, p, f, #name, page, rows_saved_##name);        \
	}                                                                  \
	static void rows_on_##name(struct call *c)                         \
	{                                                                  \
		post_project(c, PERM_WRITE, rows_save_##name);             \
	}                                                                  \
	static void rows_post_##name(struct call *c)                       \
	{                                                                  \
		web_take_form(c, rows_on_##name);                          \
	}

ROWS_PAGE(mirror, settings_mirror_get)
ROWS_PAGE(agent, rows_get_agent)
ROWS_PAGE(sandbox, rows_get_sandbox)
ROWS_PAGE(gate, rows_get_gate)

#define SETTINGS "/{owner}/{r}/settings/"

const struct route web_settings_rows_routes[] = {
	{ "GET", SETTINGS "mirror", ROUTE_PAGE, settings_mirror_get },
	{ "POST", SETTINGS "mirror", ROUTE_PAGE, rows_post_mirror },
	{ "GET", SETTINGS "agent", ROUTE_PAGE, rows_get_agent },
	{ "POST", SETTINGS "agent", ROUTE_PAGE, rows_post_agent },
	{ "GET", SETTINGS "sandbox", ROUTE_PAGE, rows_get_sandbox },
	{ "POST", SETTINGS "sandbox", ROUTE_PAGE, rows_post_sandbox },
	{ "GET", SETTINGS "gate", ROUTE_PAGE, rows_get_gate },
	{ "POST", SETTINGS "gate", ROUTE_PAGE, rows_post_gate },
	{ .method = NULL },
};
