#include "agentd/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent/agent.h"
#include "agentd/command/schema.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	COMMAND_WALL_MIN_MS = 1000,
	COMMAND_WALL_MAX_MS = 24 * 3600 * 1000,
	COMMAND_MICROS = 1000000,
	COMMAND_DOLLARS_MAX = 1000
};

static const char *const command_access_names[] = {
	[COMMAND_READ] = "read",
	[COMMAND_SCRATCH] = "scratch",
	[COMMAND_WRITE] = "write",
};

static const char *const command_output_names[] = {
	[COMMAND_COMMENT] = "comment",
	[COMMAND_PULL] = "pr",
	[COMMAND_REVIEW] = "review",
	[COMMAND_STRUCTURED] = "structured",
};

static const struct {
	const char *name;
	unsigned kind;
} command_tools[] = {
	{ "read", AGENT_READS },
	{ "search", AGENT_SEARCHES },
	{ "shell", AGENT_SHELL },
	{ "edit", AGENT_EDITS },
	{ "web", AGENT_WEB },
};

static const char *const command_reserved[] = { "allow", "approve", "deny",
	"help", "merge", "retry", "status", "stop", "test-pr", "test-pr-bug" };

const char *
command_access_name(enum command_access a)
{
	return command_access_names[a];
}

int
command_access_parse(const char *name)
{
	for (int i = 0; i <= COMMAND_WRITE; i++) {
		if (strcmp(command_access_names[i], name) == 0)
			return i;
	}
	return -1;
}

const char *
command_output_name(enum command_output o)
{
	return command_output_names[o];
}

bool
command_is_reserved(const char *name)
{
	for (size_t i = 0;
	     i < sizeof(command_reserved) / sizeof(command_reserved[0]); i++) {
		if (strcmp(command_reserved[i], name) == 0)
			return true;
	}
	return false;
}

/* ---- the keys ---- */

static int
command_set_description(struct command *c, const char *v, struct err *e)
{
	(void)e;
	c->description = xstrdup(v);
	return 0;
}

static int
command_set_arguments(struct command *c, const char *v, struct err *e)
{
	(void)e;
	c->arguments = xstrdup(v);
	return 0;
}

static int
command_set_access(struct command *c, const char *v, struct err *e)
{
	const int a = command_access_parse(v);

	if (a == -1)
		return err_set(
		    e, ERR_INVALID, "access is read, scratch or write");
	c->access = (enum command_access)a;
	c->access_given = true;
	return 0;
}

static unsigned
command_tool(struct view name)
{
	for (size_t i = 0; i < sizeof(command_tools) / sizeof(command_tools[0]);
	     i++) {
		if (view_is(name, command_tools[i].name))
			return command_tools[i].kind;
	}
	return 0;
}

static int
command_set_tools(struct command *c, const char *v, struct err *e)
{
	struct view rest = view_of(v), word;

	while (view_split(&rest, ',', &word)) {
		const unsigned kind = command_tool(view_trim(word));

		if (kind == 0)
			return err_set(e, ERR_INVALID,
			    "tools are some of read, search, shell, edit and "
			    "web, with commas between");
		c->tools |= kind;
	}
	return 0;
}

static int
command_set_network(struct command *c, const char *v, struct err *e)
{
	if (strcmp(v, "off") != 0)
		return err_set(e, ERR_INVALID,
		    "network is off, or left out for the project's");
	c->offline = true;
	return 0;
}

static int
command_set_wall(struct command *c, const char *v, struct err *e)
{
	return num_duration_ms(
	    v, COMMAND_WALL_MIN_MS, COMMAND_WALL_MAX_MS, &c->wall_ms, e);
}

static int
command_set_turns(struct command *c, const char *v, struct err *e)
{
	return num_i64(v, 1, COMMAND_TURNS_MAX, &c->turns, e);
}

/* "2", "0.5", "2.50": dollars, and at most six digits of one. */
static int
command_set_budget(struct command *c, const char *v, struct err *e)
{
	const char *dot = strchr(v, '.');
	AUTO_FREE char *whole = dot == NULL ? xstrdup(v)
					    : xstrndup(v, (size_t)(dot - v));
	const char *part = dot == NULL ? "0" : dot + 1;
	int64_t dollars = 0, micros = 0;
	size_t digits = strlen(part);
	struct err bad = ERR_INIT;

	if (digits > 6 ||
	    num_i64(whole, 0, COMMAND_DOLLARS_MAX, &dollars, &bad) == -1 ||
	    part[0] == '-' ||
	    num_i64(part, 0, COMMAND_MICROS, &micros, &bad) == -1)
		dollars = micros = 0;
	else
		for (; digits < 6; digits++)
			micros *= 10;
	c->budget = dollars * COMMAND_MICROS + micros;
	if (c->budget == 0)
		return err_set(e, ERR_INVALID,
		    "budget is dollars: a number over 0, up to %d",
		    COMMAND_DOLLARS_MAX);
	return 0;
}

static int
command_set_output(struct command *c, const char *v, struct err *e)
{
	for (int i = 0; i <= COMMAND_STRUCTURED; i++) {
		if (strcmp(command_output_names[i], v) == 0) {
			c->output = (enum command_output)i;
			c->output_given = true;
			return 0;
		}
	}
	return err_set(
	    e, ERR_INVALID, "output is comment, pr, review or structured");
}

static int
command_set_schema(struct command *c, const char *v, struct err *e)
{
	struct json *j = json_parse(view_of(v), COMMAND_SCHEMA_MAX, e);
	int rc = j == NULL ? -1 : schema_check(j, e);

	json_free(j);
	if (rc == -1)
		return err_wrap(e, "schema");
	c->schema = xstrdup(v);
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct command *c, const char *v, struct err *e);
} command_keys[] = {
	{ "description", command_set_description },
	{ "arguments", command_set_arguments },
	{ "access", command_set_access },
	{ "tools", command_set_tools },
	{ "network", command_set_network },
	{ "wall", command_set_wall },
	{ "turns", command_set_turns },
	{ "budget", command_set_budget },
	{ "output", command_set_output },
	{ "schema", command_set_schema },
};

/* ---- the file ---- */

/* One key with its value, which may go over lines. */
struct command_entry {
	unsigned line;
	struct view key;
	struct str value;
};

/* What was collected is set; a bit of *seen says which keys there were. */
static int
command_set(struct command *c, const struct command_entry *x, unsigned *seen,
    struct err *e)
{
	const struct view v = view_trim(str_view(&x->value));
	AUTO_FREE char *value = view_dup(v);

	if (v.len == 0)
		return err_set(e, ERR_INVALID, "the value is missing");
	for (size_t i = 0; i < sizeof(command_keys) / sizeof(command_keys[0]);
	     i++) {
		if (!view_is(x->key, command_keys[i].key))
			continue;
		if ((*seen & 1u << i) != 0)
			return err_set(
			    e, ERR_INVALID, "the key is given twice");
		*seen |= 1u << i;
		return command_keys[i].set(c, value, e);
	}
	return err_set(e, ERR_INVALID, "unknown key `%.*s`",
	    x->key.len > 40 ? 40 : (int)x->key.len, x->key.p);
}

static int
command_begin(struct command_entry *x, struct view line, struct err *e)
{
	const char *colon = memchr(line.p, ':', line.len);

	if (colon == NULL || colon == line.p)
		return err_set(e, ERR_INVALID, "expected `key: value`");
	x->key = view_trim(
	    (struct view){ .p = line.p, .len = (size_t)(colon - line.p) });
	str_reset(&x->value);
	str_addv(&x->value, view_from(line, (size_t)(colon - line.p) + 1));
	return 0;
}

/* One line; *done at the closing one. */
static int
command_line(struct command *c, struct command_entry *x, struct view line,
    unsigned *seen, bool *done, struct err *e)
{
	const bool goes_on = line.len > 0 &&
	    (line.p[0] == ' ' || line.p[0] == '\t');

	line = view_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return 0;
	if (goes_on && x->key.len > 0) {
		str_addc(&x->value, ' ');
		str_addv(&x->value, line);
		return 0;
	}
	if (x->key.len > 0 && command_set(c, x, seen, e) == -1)
		return -1;
	x->key.len = 0;
	*done = view_is(line, "---");
	return *done ? 0 : command_begin(x, line, e);
}

/* Parse the front matter, leaving *rest behind its closing line. */
static int
command_front(
    const char *file, struct view *rest, struct command *c, struct err *e)
{
	struct command_entry x = { .line = 1,
		.value = STR_INIT_MAX(COMMAND_FILE_MAX) };
	unsigned lineno = 1, seen = 0;
	struct view line;
	bool done = false;
	int rc = 0;

	if (!view_split(rest, '\n', &line) || !view_is(view_trim(line), "---"))
		return err_set(e, ERR_INVALID,
		    "%s:1: a command file starts with a line `---`", file);
	while (rc == 0 && !done && view_split(rest, '\n', &line)) {
		lineno++;
		rc = command_line(c, &x, line, &seen, &done, e);
		/* What was wrong with a key is of the line that it began at. */
		if (rc == -1)
			(void)err_wrap(
			    e, "%s:%u", file, x.key.len > 0 ? x.line : lineno);
		else if (x.key.p >= line.p && x.key.len > 0)
			x.line = lineno;
	}
	str_release(&x.value);
	if (rc == 0 && !done)
		return err_set(e, ERR_INVALID,
		    "%s:%u: the front matter has no closing line `---`", file,
		    lineno);
	return rc;
}

/* What one key alone cannot tell. */
static int
command_fits(struct command *c, struct err *e)
{
	if (c->description == NULL)
		return err_set(e, ERR_INVALID, "no `description:`");
	if ((c->tools & AGENT_EDITS) != 0 && c->access == COMMAND_READ)
		return err_set(e, ERR_INVALID,
		    "tools: edit needs access scratch or write");
	if (!c->output_given)
		c->output = c->access == COMMAND_WRITE ? COMMAND_PULL
						       : COMMAND_COMMENT;
	if ((c->output == COMMAND_PULL) != (c->access == COMMAND_WRITE))
		return err_set(e, ERR_INVALID,
		    "output: pr is what access write gives, and nothing else "
		    "does");
	if ((c->output == COMMAND_STRUCTURED) != (c->schema != NULL))
		return err_set(e, ERR_INVALID,
		    "schema: is what output structured needs, and nothing "
		    "else does");
	return 0;
}

static int
command_read(
    const char *file, struct view text, struct command *out, struct err *e)
{
	struct view rest = text;

	if (command_front(file, &rest, out, e) == -1)
		return -1;
	if (command_fits(out, e) == -1)
		return err_wrap(e, "%s", file);
	rest = view_trim(rest);
	if (rest.len == 0)
		return err_set(
		    e, ERR_INVALID, "%s: no prompt after `---`", file);
	out->prompt = view_dup(rest);
	return 0;
}

int
command_parse(const char *file, const char *name, struct view text,
    struct command *out, struct err *e)
{
	*out = (struct command){ .access = COMMAND_READ };
	if (text.len > COMMAND_FILE_MAX)
		return err_set(
		    e, ERR_LIMIT, "%s: over %d bytes", file, COMMAND_FILE_MAX);
	if (text.len == 0 || memchr(text.p, '\0', text.len) != NULL ||
	    !utf8_valid(text))
		return err_set(e, ERR_INVALID, "%s: not a text in UTF-8", file);
	if (command_is_reserved(name))
		return err_set(e, ERR_INVALID,
		    "%s: /%s is Cofferdam's own word: take another name", file,
		    name);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	if (command_read(file, text, out, e) == 0)
		return 0;
	command_release(out);
	return -1;
}

bool
command_file_name(const char *file, char name[SLASH_NAME_MAX + 1])
{
	size_t n = strlen(file);
	struct slash s;
	char text[SLASH_NAME_MAX + 2] = "/";

	if (n < 4 || strcmp(file + n - 3, ".md") != 0 || n - 3 > SLASH_NAME_MAX)
		return false;
	memcpy(text + 1, file, n - 3);
	text[n - 2] = '\0';
	if (!slash_parse(view_of(text), &s) || strcmp(s.name, text + 1) != 0)
		return false;
	memcpy(name, s.name, sizeof(s.name));
	return true;
}

/* The smaller one, where 0 is none. */
static int64_t
command_least(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static unsigned
command_kinds(const struct command *c)
{
	const struct agent_bounds b = { .tools = c->tools };

	return agent_tools(c->access != COMMAND_READ, &b);
}

/* NULL: nothing reaches further. */
static const char *
command_wider(const struct command *most, const struct command *c)
{
	if (c->access > most->access)
		return "access";
	if (c->tools != 0 && (c->tools & ~command_kinds(most)) != 0)
		return "tools";
	if (most->wall_ms > 0 && c->wall_ms > most->wall_ms)
		return "wall";
	if (most->turns > 0 && c->turns > most->turns)
		return "turns";
	if (most->budget > 0 && c->budget > most->budget)
		return "budget";
	return NULL;
}

int
command_narrow(const char *file, const struct command *most, struct command *c,
    struct err *e)
{
	const char *what;

	if (!c->access_given)
		c->access = most->access;
	if (!c->output_given) {
		c->output = c->access == COMMAND_WRITE ? COMMAND_PULL
		    : most->output == COMMAND_PULL     ? COMMAND_COMMENT
						       : most->output;
		if (c->output == COMMAND_STRUCTURED && c->schema == NULL)
			c->schema = xstrdup(most->schema);
	}
	what = command_wider(most, c);
	if (what != NULL)
		return err_set(e, ERR_DENIED,
		    "%s: its `%s` reaches further than the operator allows for "
		    "/%s",
		    file, what, most->name);
	if (c->tools == 0)
		c->tools = command_kinds(most);
	if (c->access == COMMAND_READ)
		c->tools &= ~(unsigned)AGENT_EDITS;
	if (c->tools == 0)
		return err_set(e, ERR_DENIED,
		    "%s: no tool is left of what the operator allows for /%s",
		    file, most->name);
	c->offline = c->offline || most->offline;
	c->wall_ms = command_least(c->wall_ms, most->wall_ms);
	c->turns = command_least(c->turns, most->turns);
	c->budget = command_least(c->budget, most->budget);
	if (command_fits(c, e) == -1)
		return err_wrap(e, "%s", file);
	return 0;
}

static void
command_print_tools(const struct command *c, struct str *out)
{
	const char *between = "tools: ";

	for (size_t i = 0; i < sizeof(command_tools) / sizeof(command_tools[0]);
	     i++) {
		if ((c->tools & command_tools[i].kind) == 0)
			continue;
		str_addf(out, "%s%s", between, command_tools[i].name);
		between = ", ";
	}
	if (c->tools != 0)
		str_addc(out, '\n');
}

void
command_print(const struct command *c, struct str *out)
{
	str_addf(out, "---\ndescription: %s\n", c->description);
	if (c->arguments != NULL)
		str_addf(out, "arguments: %s\n", c->arguments);
	str_addf(out, "access: %s\noutput: %s\n",
	    command_access_name(c->access), command_output_name(c->output));
	command_print_tools(c, out);
	if (c->offline)
		str_add(out, "network: off\n");
	if (c->wall_ms > 0)
		str_addf(out, "wall: %lldms\n", (long long)c->wall_ms);
	if (c->turns > 0)
		str_addf(out, "turns: %lld\n", (long long)c->turns);
	if (c->budget > 0)
		str_addf(out, "budget: %lld.%06lld\n",
		    (long long)(c->budget / COMMAND_MICROS),
		    (long long)(c->budget % COMMAND_MICROS));
	if (c->schema != NULL)
		str_addf(out, "schema: %s\n", c->schema);
	str_addf(out, "---\n%s\n", c->prompt);
}

void
command_release(struct command *c)
{
	free(c->description);
	free(c->arguments);
	free(c->schema);
	free(c->prompt);
	*c = (struct command){ .access = COMMAND_READ };
}
