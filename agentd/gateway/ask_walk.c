#include <string.h>

#include "agentd/gateway/ask_scan.h"
#include "lib/base/err.h"

#define WALK_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a value is; of a container, what its members may be. */
enum walk_role {
	WALK_SKIP,
	WALK_CONTENT,
	WALK_TOOL,
	WALK_TYPE,      /* of a piece of content */
	WALK_TOOL_TYPE, /* of a tool */
	WALK_URL,
	WALK_ID, /* of what the provider keeps */
	WALK_TTL,
	WALK_ROLE_BITS = 15,
	WALK_OBJECT = 16,
	WALK_TYPED = 32 /* an object that says what it is */
};

struct walk {
	struct ask_scan *s;
	struct ask *a;
	bool items;
	size_t depth;
	unsigned char stack[ASK_DEPTH_MAX];
};

static const struct {
	const char *name;
	enum walk_role role;
} walk_content_names[] = {
	{ "type", WALK_TYPE },
	{ "role", WALK_SKIP },
	{ "url", WALK_URL },
	{ "image_url", WALK_URL },
	{ "file_url", WALK_URL },
	{ "file_id", WALK_ID },
	{ "ttl", WALK_TTL },
	/* The model's own words to a tool. */
	{ "input", WALK_SKIP },
	{ "arguments", WALK_SKIP },
	{ "action", WALK_SKIP },
	{ "operation", WALK_SKIP },
};

static const struct {
	const char *name;
	enum walk_role role;
} walk_tool_names[] = {
	{ "type", WALK_TOOL_TYPE },
	{ "environment", WALK_TOOL },
	{ "tools", WALK_TOOL },
	{ "cache_control", WALK_CONTENT },
};

/* Content that has all of its tokens in the body. */
static const char *const walk_plain[] = { "text", "input_text", "output_text",
	"refusal", "summary_text", "reasoning_text", "reasoning", "thinking",
	"redacted_thinking", "tool_use", "tool_result", "tool_reference",
	"message", "function", "custom", "function_call",
	"function_call_output", "custom_tool_call", "custom_tool_call_output",
	"local_shell_call", "local_shell_call_output", "shell_call",
	"shell_call_output", "apply_patch_call", "apply_patch_call_output",
	"reasoning.text", "reasoning.summary", "reasoning.encrypted",
	"search_result", "ephemeral", "web_search_call", "content", "exit",
	"timeout" };

/* Tools that the sandbox itself runs; with _ at its end a version follows. */
static const char *const walk_tools[] = { "function", "custom", "local",
	"local_shell", "shell", "apply_patch", "namespace", "tool_search",
	"tool_search_tool_", "bash_", "text_editor_", "computer_", "memory_" };

static const char *const walk_web[] = { "web_search", "web_search_",
	"web_fetch", "web_fetch_" };

static bool
walk_in(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);

		if (list[i][len - 1] == '_' ? strncmp(word, list[i], len) == 0
					    : strcmp(word, list[i]) == 0)
			return true;
	}
	return false;
}

static int
walk_type(struct ask *a, const char *word, struct err *e)
{
	if (strcmp(word, "item_reference") == 0)
		return err_set(e, ERR_DENIED,
		    "item_reference: what the provider keeps does not pass "
		    "the gateway");
	if (!walk_in(word, walk_plain, WALK_COUNT(walk_plain)))
		a->whole = true;
	return 0;
}

static int
walk_tool_type(struct ask *a, const char *word, struct err *e)
{
	if (walk_in(word, walk_tools, WALK_COUNT(walk_tools)))
		return 0;
	if (!walk_in(word, walk_web, WALK_COUNT(walk_web)))
		return err_set(e, ERR_DENIED,
		    "a tool that the provider runs does not pass the gateway");
	a->whole = a->web = true;
	return 0;
}

static int
walk_string(struct walk *w, enum walk_role role, struct view raw, struct err *e)
{
	char word[ASK_WORD_MAX];

	if (role <= WALK_TOOL)
		return 0;
	ask_scan_word(raw, word);
	if (role == WALK_TYPE)
		return walk_type(w->a, word, e);
	if (role == WALK_TOOL_TYPE)
		return walk_tool_type(w->a, word, e);
	if (role == WALK_ID)
		return err_set(e, ERR_DENIED,
		    "file_id: what the provider keeps does not pass the "
		    "gateway");
	if (role == WALK_TTL) {
		w->a->long_cache = true;
		return 0;
	}
	w->a->whole = true;
	if (strncmp(word, "data:", 5) != 0)
		w->a->web = true;
	return 0;
}

/* What the member of an object is. */
static enum walk_role
walk_member(struct walk *w, struct view name)
{
	unsigned char *top = &w->stack[w->depth - 1];
	enum walk_role in = *top & WALK_ROLE_BITS;
	char word[ASK_WORD_MAX];

	if (in != WALK_CONTENT && in != WALK_TOOL)
		return WALK_SKIP;
	ask_scan_word(name, word);
	for (char *p = word; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	if (in == WALK_TOOL) {
		for (size_t i = 0; i < WALK_COUNT(walk_tool_names); i++)
			if (strcmp(word, walk_tool_names[i].name) == 0)
				return walk_tool_names[i].role;
		return WALK_SKIP;
	}
	if (strcmp(word, "role") == 0)
		*top |= WALK_TYPED;
	for (size_t i = 0; i < WALK_COUNT(walk_content_names); i++)
		if (strcmp(word, walk_content_names[i].name) == 0)
			return walk_content_names[i].role;
	return WALK_CONTENT;
}

/* The role of the next value; of an object's member after its name. */
static int
walk_element(struct walk *w, enum walk_role *role, struct err *e)
{
	struct view name;

	*role = w->stack[w->depth - 1] & WALK_ROLE_BITS;
	if ((w->stack[w->depth - 1] & WALK_OBJECT) == 0)
		return 0;
	ask_scan_space(w->s);
	if (ask_scan_string(w->s, &name, e) == -1)
		return -1;
	*role = walk_member(w, name);
	ask_scan_space(w->s);
	if (ask_scan_peek(w->s) != ':')
		return ask_scan_bad(w->s, e);
	w->s->pos++;
	return 0;
}

/* *more: an element follows. */
static int
walk_open(struct walk *w, enum walk_role role, int c, bool *more, struct err *e)
{
	if (w->depth == ASK_DEPTH_MAX)
		return err_set(e, ERR_LIMIT,
		    "the body is nested deeper than %d", ASK_DEPTH_MAX);
	if (role == WALK_ID)
		return walk_string(w, role, VIEW_LIT(""), e);
	if (role == WALK_URL || role == WALK_TYPE)
		role = WALK_CONTENT;
	else if (role > WALK_TOOL)
		role = WALK_SKIP;
	w->stack[w->depth++] = (unsigned char)(role |
	    (c == '{' ? WALK_OBJECT : 0));
	w->s->pos++;
	ask_scan_space(w->s);
	*more = ask_scan_peek(w->s) != (c == '{' ? '}' : ']');
	return 0;
}

static int
walk_value(struct walk *w, enum walk_role role, bool *more, struct err *e)
{
	struct view v;
	int c;

	ask_scan_space(w->s);
	c = ask_scan_peek(w->s);
	*more = false;
	if (c == '{' || c == '[')
		return walk_open(w, role, c, more, e);
	if (c != '"')
		return ask_scan_bare(w->s, e);
	if ((role == WALK_TYPE) && w->depth > 0)
		w->stack[w->depth - 1] |= WALK_TYPED;
	if (ask_scan_string(w->s, &v, e) == -1)
		return -1;
	return walk_string(w, role, v, e);
}

/* Closes what ends here; *more: a comma, and an element follows. */
static int
walk_after(struct walk *w, bool *more, struct err *e)
{
	*more = false;
	while (w->depth > 0) {
		unsigned char top = w->stack[w->depth - 1];
		int c;

		ask_scan_space(w->s);
		c = ask_scan_peek(w->s);
		if (c != ',' && c != ((top & WALK_OBJECT) != 0 ? '}' : ']'))
			return ask_scan_bad(w->s, e);
		w->s->pos++;
		if (c == ',') {
			*more = true;
			return 0;
		}
		w->depth--;
		/* It would stand for what the provider keeps under its id. */
		if (w->items && w->depth == 1 && (top & WALK_OBJECT) != 0 &&
		    (top & WALK_TYPED) == 0)
			return err_set(e, ERR_DENIED,
			    "input: an item does not say its type");
	}
	return 0;
}

int
ask_walk(struct ask_scan *s, enum ask_part part, struct ask *a, struct err *e)
{
	static const enum walk_role roles[] = {
		[ASK_PART_NONE] = WALK_SKIP,
		[ASK_PART_CONTENT] = WALK_CONTENT,
		[ASK_PART_ITEMS] = WALK_CONTENT,
		[ASK_PART_TOOLS] = WALK_TOOL,
	};
	struct walk w = { .s = s, .a = a, .items = part == ASK_PART_ITEMS };
	enum walk_role role = roles[part];
	bool more;

	for (;;) {
		if (walk_value(&w, role, &more, e) == -1 ||
		    (!more && walk_after(&w, &more, e) == -1))
			return -1;
		if (!more)
			return 0;
		if (walk_element(&w, &role, e) == -1)
			return -1;
	}
}
