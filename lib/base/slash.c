#include "lib/base/slash.h"

#include <string.h>

static bool
slash_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static char
slash_lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

bool
slash_parse(struct view body, struct slash *out)
{
	struct view rest;
	size_t n = 0;

	*out = (struct slash){ .name = "" };
	/* Four spaces make a code block in Markdown, so only blank lines go. */
	for (;;) {
		const char *nl = body.len == 0 ? NULL
					       : memchr(body.p, '\n', body.len);
		size_t len = nl == NULL ? body.len : (size_t)(nl - body.p);

		if (view_trim((struct view){ .p = body.p, .len = len }).len > 0)
			break;
		if (nl == NULL)
			return false;
		body = view_from(body, len + 1);
	}
	if (body.p[0] != '/')
		return false;
	rest = view_from(body, 1);
	while (n < rest.len && n < SLASH_NAME_MAX &&
	    slash_name_char(slash_lower(rest.p[n]))) {
		out->name[n] = slash_lower(rest.p[n]);
		n++;
	}
	out->name[n] = '\0';
	if (n == 0 || out->name[0] == '-')
		return false;
	rest = view_from(rest, n);
	if (rest.len > 0 && strchr(" \t\r\n", rest.p[0]) == NULL) {
		out->name[0] = '\0';
		return false;
	}
	out->args = view_trim(rest);
	return true;
}
