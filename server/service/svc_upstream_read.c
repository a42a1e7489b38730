#include "server/service/svc_upstream_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"
#include "server/store/upstream.h"

enum {
	READ_REPLY_MAX = 1 << 20,
	READ_NAME_MAX = 255,
	READ_TEXT_MAX = 1024,
	READ_ANY_MAX = 64 * 1024
};

struct read_facts {
	const char *full_name, *description, *default_branch, *pushed_at,
	    *parent;
	bool archived, is_private, disabled;
};

static int
read_members(const struct json *j, struct read_facts *f, struct err *e)
{
	const struct json *parent = json_get(j, "parent");

	if (json_str(j, "full_name", READ_NAME_MAX, &f->full_name, e) != 0)
		return err_set(e, ERR_PROTO,
		    "the API's reply has no full_name: is it a repository?");
	if (json_str(j, "description", READ_ANY_MAX, &f->description, e) ==
		-1 ||
	    json_str(j, "default_branch", READ_NAME_MAX, &f->default_branch,
		e) == -1 ||
	    json_str(j, "pushed_at", READ_NAME_MAX, &f->pushed_at, e) == -1 ||
	    json_bool(j, "archived", &f->archived, e) == -1 ||
	    json_bool(j, "private", &f->is_private, e) == -1 ||
	    json_bool(j, "disabled", &f->disabled, e) == -1)
		return err_wrap(e, "the API's reply");
	if (json_is_object(parent) &&
	    json_str(parent, "full_name", READ_NAME_MAX, &f->parent, e) == -1)
		return err_wrap(e, "the API's reply: parent");
	return 0;
}

/* A copy of at most max bytes that ends with a whole character. */
static char *
read_cut(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n > max) {
		n = max;
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	return view_dup((struct view){ .p = s, .len = n });
}

static void
read_set(char **at, const char *s)
{
	char *copy = read_cut(s != NULL ? s : "", READ_TEXT_MAX);

	free(*at);
	*at = copy;
}

int
upstream_read(struct view body, struct upstream_info *out, struct err *e)
{
	struct json *j = json_parse(body, READ_REPLY_MAX, e);
	struct read_facts f = { .full_name = NULL };

	if (j == NULL)
		return err_wrap(e, "the API's reply");
	if (read_members(j, &f, e) == -1) {
		json_free(j);
		return -1;
	}
	read_set(&out->full_name, f.full_name);
	read_set(&out->description, f.description);
	read_set(&out->default_branch, f.default_branch);
	read_set(&out->pushed_at, f.pushed_at);
	read_set(&out->parent, f.parent);
	out->archived = f.archived;
	out->is_private = f.is_private;
	out->disabled = f.disabled;
	json_free(j);
	return 0;
}

char *
upstream_read_message(struct view body)
{
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(body, READ_REPLY_MAX, &ignored);
	char *text = read_cut(json_str_or(j, "message", ""), READ_NAME_MAX);

	json_free(j);
	return text;
}

enum upstream_hook
upstream_hook_of(const char *event)
{
	static const char *const moves[] = { "push", "create", "delete",
		"repository", "release", NULL };

	if (event == NULL)
		return UPSTREAM_HOOK_OTHER;
	if (strcmp(event, "ping") == 0)
		return UPSTREAM_HOOK_PING;
	for (size_t i = 0; moves[i] != NULL; i++)
		if (strcmp(event, moves[i]) == 0)
			return UPSTREAM_HOOK_SYNC;
	return UPSTREAM_HOOK_OTHER;
}
