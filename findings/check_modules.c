/* .gitmodules, as git reads it: what its values make git do. */
#include <ctype.h>
#include <string.h>

#include "findings/check_priv.h"
#include "lib/base/str.h"

enum {
	MODULES_VALUE_MAX = 4096,
	MODULES_SHOW = 100
};

struct modules {
	const char *path;
	struct findings *out;
	uint32_t line;
};

static void
modules_say(struct modules *m, const char *why, struct view what)
{
	finding_add(m->out, "gitmodules-danger", m->path, m->line, "%s: %.*s",
	    why, (int)(what.len > MODULES_SHOW ? MODULES_SHOW : what.len),
	    what.len == 0 ? "" : what.p);
}

static bool
modules_has_control(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
			return true;
	return false;
}

static bool
modules_climbs(struct view v)
{
	struct view rest = v, part;

	while (rest.len > 0 && view_split(&rest, '/', &part))
		if (view_is(part, "..") || check_part_is_git(part))
			return true;
	return memchr(v.p, '\\', v.len) != NULL;
}

static void
modules_path(struct modules *m, struct view v)
{
	if (v.len == 0)
		modules_say(m, "a path that is empty", v);
	else if (modules_has_control(v))
		modules_say(m, "a path with a control character", v);
	else if (v.p[0] == '-')
		modules_say(m, "a path that is taken for an option", v);
	else if (v.p[0] == '/' || modules_climbs(v) || v.p[v.len - 1] == ' ' ||
	    v.p[v.len - 1] == '.')
		modules_say(m, "a path out of the tree, or into .git", v);
}

/* Of scheme://[user@]HOST or user@HOST:path. */
static struct view
modules_host(struct view v)
{
	const char *at = v.len == 0 ? NULL : memmem(v.p, v.len, "://", 3);
	struct view rest = v, host;

	if (at != NULL)
		rest = view_from(v, (size_t)(at + 3 - v.p));
	if (rest.len == 0)
		return rest;
	(void)view_split(&rest, at == NULL ? ':' : '/', &host);
	at = host.len == 0 ? NULL : memrchr(host.p, '@', host.len);
	return at == NULL ? host : view_from(host, (size_t)(at + 1 - host.p));
}

static void
modules_url(struct modules *m, struct view v)
{
	struct view host = modules_host(v);
	const char *scheme = v.len == 0 ? NULL : memmem(v.p, v.len, "://", 3);
	struct view user = v;

	if (v.len == 0)
		modules_say(m, "an address that is empty", v);
	else if (modules_has_control(v) ||
	    memmem(v.p, v.len, "%0a", 3) != NULL ||
	    memmem(v.p, v.len, "%0A", 3) != NULL ||
	    memmem(v.p, v.len, "%0d", 3) != NULL ||
	    memmem(v.p, v.len, "%0D", 3) != NULL)
		modules_say(m, "an address with a control character", v);
	else if (v.p[0] == '-' || view_starts(host, "-"))
		modules_say(m, "an address that is taken for an option", v);
	else if (memmem(v.p, v.len, "::", 2) != NULL && scheme == NULL)
		modules_say(m, "an address that runs a program", v);
	else if (v.p[0] == '.' || v.p[0] == '/' || v.p[0] == '~' ||
	    view_starts(v, "file:") || (scheme == NULL && host.len == v.len))
		modules_say(m, "an address on this machine or beside it", v);
	else if (view_starts(v, "http:") || view_starts(v, "git:") ||
	    view_starts(v, "ftp"))
		modules_say(m, "an address that anybody on the way answers", v);
	else if (scheme != NULL && !view_starts(v, "https://") &&
	    !view_starts(v, "ssh://") && !view_starts(v, "git+ssh://"))
		modules_say(m, "an address of an unknown kind", v);
	else if (view_starts(v, "https://") && view_split(&user, '@', &host) &&
	    user.len > 0)
		modules_say(m, "an address with a name or password in it", v);
}

static bool
modules_is(struct view v, const char *word)
{
	return v.len == strlen(word) && strncasecmp(v.p, word, v.len) == 0;
}

static void
modules_key(struct modules *m, struct view key, struct view value)
{
	if (modules_is(key, "path")) {
		modules_path(m, value);
	} else if (modules_is(key, "url")) {
		modules_url(m, value);
	} else if (modules_is(key, "update")) {
		if (!modules_is(value, "checkout") &&
		    !modules_is(value, "rebase") &&
		    !modules_is(value, "merge") && !modules_is(value, "none"))
			modules_say(m, "an update that runs a command", value);
	} else if (modules_is(key, "branch")) {
		if (modules_has_control(value) || view_starts(value, "-"))
			modules_say(m, "a branch that is no name", value);
	} else if (!modules_is(key, "ignore") && !modules_is(key, "shallow") &&
	    !modules_is(key, "fetchRecurseSubmodules")) {
		modules_say(m, "a setting that is not usual", key);
	}
}

/* [submodule "NAME"] */
static void
modules_section(struct modules *m, struct view v)
{
	struct view inner, name;

	if (!view_ends(v, "]")) {
		modules_say(m, "a section that does not end", v);
		return;
	}
	inner = view_trim((struct view){ v.p + 1, v.len - 2 });
	if (inner.len < 11 || strncasecmp(inner.p, "submodule", 9) != 0 ||
	    !view_ends(inner, "\"")) {
		modules_say(m, "a section that is not of a submodule", v);
		return;
	}
	name = view_trim(view_from(inner, 9));
	if (name.len < 2 || name.p[0] != '"') {
		modules_say(m, "a section that is not of a submodule", v);
		return;
	}
	name = (struct view){ name.p + 1, name.len - 2 };
	if (name.len == 0 || name.p[0] == '-' || modules_climbs(name) ||
	    modules_has_control(name))
		modules_say(m, "a name out of git's folder", name);
}

/* Quotes, escapes and comments as git-config(1) has them. */
static void
modules_value(struct view v, struct str *out)
{
	size_t keep = 0; /* blanks at the end go, but in quotes */
	bool quoted = false;

	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (c == '#' || c == ';'))
			break;
		if (c == '\\' && i + 1 < v.len) {
			c = v.p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
			c = c == 'b' ? '\b' : c;
			str_addc(out, c);
			keep = out->len;
			continue;
		}
		str_addc(out, c);
		if (quoted || (c != ' ' && c != '\t'))
			keep = out->len;
	}
	if (out->p != NULL && keep < out->len) {
		out->len = keep;
		out->p[keep] = '\0';
	}
}

static void
modules_line(struct modules *m, struct view line)
{
	AUTO_STR struct str value = STR_INIT_MAX(MODULES_VALUE_MAX);
	struct view v = line, key, rest;
	const char *equal;

	while (v.len > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_from(v, 1);
	if (v.len == 0 || v.p[0] == '#' || v.p[0] == ';')
		return;
	if (v.p[0] == '[') {
		const char *end = memrchr(v.p, ']', v.len);

		rest = end == NULL ? v : view_from(v, (size_t)(end + 1 - v.p));
		if (end != NULL)
			v.len = (size_t)(end + 1 - v.p);
		modules_section(m, v);
		if (end == NULL || view_trim(rest).len == 0)
			return;
		v = view_trim(rest);
	}
	equal = memchr(v.p, '=', v.len);
	key = view_trim((struct view){
	    v.p, equal == NULL ? v.len : (size_t)(equal - v.p) });
	rest = view_from(v, equal == NULL ? v.len : (size_t)(equal + 1 - v.p));
	while (rest.len > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t'))
		rest = view_from(rest, 1);
	modules_value(rest, &value);
	if (!str_ok(&value))
		modules_say(m, "a value that is too long", key);
	modules_key(m, key, str_view(&value));
}

void
check_modules(const char *path, struct view text, struct findings *out)
{
	struct modules m = { .path = path, .out = out };
	struct view rest = text, line;

	if (view_starts(rest, "\xef\xbb\xbf"))
		rest = view_from(rest, 3);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		m.line++;
		/* CRLF ends a line; any other CR is part of a value. */
		if (view_ends(line, "\\")) {
			modules_say(&m, "a value that goes on", line);
			continue;
		}
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		modules_line(&m, line);
	}
}
