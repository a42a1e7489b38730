#include "cli/conffile.h"

#include <string.h>

#include "lib/base/str.h"

/* A line "key = value"; false for remarks, sections and nothing. */
static bool
conffile_pair(struct view line, struct view *key, struct view *value)
{
	line = view_trim(line);
	if (line.len == 0 || line.p[0] == '#' || line.p[0] == '[' ||
	    memchr(line.p, '=', line.len) == NULL)
		return false;
	(void)view_split(&line, '=', key);
	*key = view_trim(*key);
	*value = view_trim(line);
	return true;
}

static bool
conffile_section(struct view line, struct view *name)
{
	line = view_trim(line);
	if (line.len < 3 || line.p[0] != '[' || line.p[line.len - 1] != ']')
		return false;
	line.len--;
	*name = view_trim(view_from(line, 1));
	return true;
}

void
conffile_each(struct view text, conffile_fn *fn, void *arg)
{
	struct view line, section = VIEW_LIT(""), key, value;

	while (view_split(&text, '\n', &line))
		if (!conffile_section(line, &section) &&
		    conffile_pair(line, &key, &value) &&
		    !fn(section, key, value, arg))
			return;
}

bool
conffile_get(
    struct view text, const char *section, const char *key, struct view *value)
{
	struct view line, in = VIEW_LIT(""), name;

	while (view_split(&text, '\n', &line))
		if (!conffile_section(line, &in) &&
		    conffile_pair(line, &name, value) && view_is(in, section) &&
		    view_is(name, key))
			return true;
	return false;
}

/* Is it the remark that stands for the key: "#key = what it is else"? */
static bool
conffile_remark(struct view line, const char *key)
{
	struct view name, value;

	line = view_trim(line);
	if (line.len == 0 || line.p[0] != '#')
		return false;
	return conffile_pair(view_from(line, 1), &name, &value) &&
	    view_is(name, key);
}

enum {
	CONFFILE_NOWHERE = -1
};

/* Behind which line the key goes: its own, its remark, or its section's last
 * that is not empty. */
static long
conffile_place(
    struct view text, const char *section, const char *key, bool *replace)
{
	long n = 0, end = CONFFILE_NOWHERE, remark = CONFFILE_NOWHERE;
	struct view line, in = VIEW_LIT(""), name, value;

	*replace = false;
	for (; view_split(&text, '\n', &line); n++) {
		bool head = conffile_section(line, &in);

		if (!view_is(in, section))
			continue;
		if (!head && conffile_pair(line, &name, &value) &&
		    view_is(name, key)) {
			*replace = true;
			return n;
		}
		if (conffile_remark(line, key))
			remark = n;
		if (view_trim(line).len > 0)
			end = n;
	}
	return remark != CONFFILE_NOWHERE ? remark : end;
}

void
conffile_set(struct str *out, struct view text, const char *section,
    const char *key, const char *value)
{
	bool replace;
	long place = conffile_place(text, section, key, &replace), n = 0;
	struct view line;

	if (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	for (; text.len > 0 && view_split(&text, '\n', &line); n++) {
		if (n != place || !replace)
			str_addf(out, "%.*s\n", (int)line.len, line.p);
		if (n == place && value != NULL)
			str_addf(out, "%s = %s\n", key, value);
	}
	if (place == CONFFILE_NOWHERE && value != NULL)
		str_addf(out, "%s[%s]\n%s = %s\n", n == 0 ? "" : "\n", section,
		    key, value);
}
