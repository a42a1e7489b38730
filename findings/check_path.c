#include <ctype.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/fold.h"
#include "findings/unicode.h"
#include "lib/base/secret.h"
#include "lib/base/utf8.h"

enum {
	CHECK_PART_MAX = 255,
	CHECK_DEPTH_MAX = 200,
	CHECK_LONG_PATH = 1024,
	CHECK_PLAIN = 16
};

/* Code points that HFS+ leaves out when it compares names. */
static bool
check_is_ignored(uint32_t cp)
{
	return (cp >= 0x200c && cp <= 0x200f) ||
	    (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x206a && cp <= 0x206f) ||
	    cp == 0xfeff;
}

/*
 * The part as the loosest file system has it: small letters, without what
 * HFS+ ignores, without NTFS's streams and the blanks and dots at its end.
 * False: too long to be a name that matters.
 */
static bool
check_plain(struct view part, char plain[CHECK_PLAIN])
{
	size_t n = 0, end = 0;

	for (size_t at = 0, step; at < part.len; at += step) {
		uint32_t cp = 0;

		step = utf8_decode(view_from(part, at), &cp);
		if (step == 0)
			return false;
		if (check_is_ignored(cp))
			continue;
		if (cp == ':' || cp == '\\')
			break;
		/* Blanks and dots count when something follows. */
		if (cp == ' ' || (cp == '.' && n > 0)) {
			n++;
			continue;
		}
		if (n != end || n >= CHECK_PLAIN - 1 || cp > 0x7e)
			return false;
		plain[n++] = (char)tolower((int)cp);
		end = n;
	}
	plain[end] = '\0';
	return true;
}

/* Short names that NTFS gives: .git and git's own files. */
static bool
check_is_short(const char *plain)
{
	static const char *const stems[] = { "git~", "gitmod~", "gi7eba~",
		"gitatt~", "gi7d29~", "gitign~", "gi250a~" };

	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
		size_t n = strlen(stems[i]);

		if (strncmp(plain, stems[i], n) == 0 && plain[n] != '\0' &&
		    strspn(plain + n, "0123456789") == strlen(plain + n))
			return true;
	}
	return false;
}

bool
check_part_is_git(struct view part)
{
	char plain[CHECK_PLAIN];

	return check_plain(part, plain) &&
	    (strcmp(plain, ".git") == 0 || check_is_short(plain));
}

/* Not spelled as git has it, yet some file system takes it for that. */
static bool
check_is_disguised(struct view part)
{
	static const char *const files[] = { ".gitmodules", ".gitattributes",
		".gitignore", ".mailmap" };
	char plain[CHECK_PLAIN];

	if (!check_plain(part, plain))
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(plain, files[i]) == 0)
			return !view_is(part, files[i]);
	return false;
}

/* A device of Windows, whatever its ending; also by the small 1, 2, 3. */
static bool
check_is_reserved(struct view part)
{
	static const char *const names[] = { "con", "prn", "aux", "nul",
		"conin$", "conout$" };
	static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6",
		"7", "8", "9", "\302\271", "\302\262", "\302\263" };
	size_t n = 0;

	while (n < part.len && part.p[n] != '.' && part.p[n] != ':')
		n++;
	while (n > 0 && part.p[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (n == strlen(names[i]) &&
		    strncasecmp(part.p, names[i], n) == 0)
			return true;
	if (n < 4 ||
	    (strncasecmp(part.p, "com", 3) != 0 &&
		strncasecmp(part.p, "lpt", 3) != 0))
		return false;
	for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
		if (n - 3 == strlen(digits[i]) &&
		    memcmp(part.p + 3, digits[i], n - 3) == 0)
			return true;
	return false;
}

static const char *
check_part_why(struct view part)
{
	if (part.len == 0 || view_is(part, ".") || view_is(part, ".."))
		return "a part that is empty, . or ..";
	if (check_part_is_git(part))
		return "a part that means .git somewhere";
	if (check_is_disguised(part))
		return "a part that means a file of git's somewhere";
	if (part.len > CHECK_PART_MAX)
		return "a part over 255 bytes";
	if (part.p[part.len - 1] == ' ' || part.p[part.len - 1] == '.')
		return "a blank or dot at its end";
	if (part.p[0] == ' ')
		return "a blank at its start";
	if (memchr(part.p, '\\', part.len) != NULL)
		return "a backslash";
	if (check_is_reserved(part))
		return "a name that Windows reserves";
	return NULL;
}

/* What a person may have meant, but hardly. */
static const char *
check_part_odd(struct view part)
{
	if (part.p[0] == '-')
		return "a part that begins with -";
	for (size_t i = 0; i < part.len; i++)
		if (strchr("\"<>|:*?`;", part.p[i]) != NULL ||
		    (part.p[i] == '$' && i + 1 < part.len &&
			(part.p[i + 1] == '(' || part.p[i + 1] == '{')))
			return "a character that shells or Windows act on";
	if (fold_is_decomposed(part))
		return "a letter that is written in two characters (not NFC)";
	return NULL;
}

static void
check_name_unicode(const struct scan_change *c, struct findings *out)
{
	struct unicode_hit hit = unicode_scan(view_of(c->path));

	if (hit.kind > UNICODE_MIXED)
		finding_add(out, "bad-name", c->path, 0,
		    "U+%04X in a name is not seen", hit.cp);
	else if (hit.kind == UNICODE_MIXED)
		finding_add(out, "mixed-scripts", c->path, 0,
		    "a name mixes letters that look alike");
}

static void
check_name_secret(const struct scan_change *c, struct findings *out)
{
	bool key = false;
	const char *what = secret_find(view_of(c->path), &key);

	if (what != NULL)
		finding_add(out,
		    check_is_test(c->path) ? "secret-likely" : "secret",
		    c->path, 0, "its name has what looks like a %s", what);
}

void
check_name(const struct scan_change *c, struct findings *out)
{
	struct view rest = view_of(c->path), part;
	const char *why;
	int depth = 0;

	if (c->status == 'D')
		return;
	if (c->path[0] == '-')
		finding_add(out, "bad-name", c->path, 0,
		    "a name that begins with - is taken for an option");
	if (c->path[0] == '"')
		finding_add(out, "bad-name", c->path, 0,
		    "a name that begins with \" is taken for a quoted one");
	if (strlen(c->path) > CHECK_LONG_PATH)
		finding_add(out, "bad-name", c->path, 0, "a path over %d bytes",
		    (int)CHECK_LONG_PATH);
	if (strchr(c->path, '\t') != NULL)
		finding_add(out, "bad-name", c->path, 0, "its name has a tab");
	check_name_unicode(c, out);
	check_name_secret(c, out);
	while (view_split(&rest, '/', &part)) {
		if (++depth > CHECK_DEPTH_MAX) {
			finding_add(out, "bad-name", c->path, 0,
			    "it is over %d folders deep", (int)CHECK_DEPTH_MAX);
			return;
		}
		if ((why = check_part_why(part)) != NULL)
			finding_add(out, "bad-name", c->path, 0,
			    "its name has %s", why);
		else if (c->status == 'A' &&
		    (why = check_part_odd(part)) != NULL &&
		    (depth > 1 || part.p[0] != '-'))
			finding_add(out, "odd-name", c->path, 0,
			    "its name has %s", why);
	}
}
