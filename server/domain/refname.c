#include "server/domain/refname.h"

#include <string.h>
#include <strings.h>

#include "lib/base/branchname.h"
#include "lib/base/view.h"

/* Bytes that a shell, a glob, git or Windows reads as something else. */
static const char refname_bad[] = " ~^:?*[]\\\"'`$&|;<>(){}!";

static const char *const refname_devices[] = { "con", "prn", "aux", "nul",
	"com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
	NULL };

static bool
refname_no(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return false;
}

static bool
refname_is_device(struct view part)
{
	size_t n = 0;

	while (n < part.len && part.p[n] != '.')
		n++;
	for (size_t i = 0; refname_devices[i] != NULL; i++)
		if (strlen(refname_devices[i]) == n &&
		    strncasecmp(refname_devices[i], part.p, n) == 0)
			return true;
	return false;
}

static bool
refname_part_ok(struct view part, const char **why)
{
	if (part.len == 0)
		return refname_no(why, "a part of the name is empty");
	if (part.len > REFNAME_PART_MAX)
		return refname_no(
		    why, "a part of the name is longer than 200 bytes");
	if (part.p[0] == '.')
		return refname_no(why, "a part of the name begins with '.'");
	if (part.p[0] == '-')
		return refname_no(why, "a part of the name begins with '-'");
	if (part.p[part.len - 1] == '.')
		return refname_no(why, "a part of the name ends with '.'");
	if (part.len >= 5 &&
	    strncasecmp(part.p + part.len - 5, ".lock", 5) == 0)
		return refname_no(why, "a part of the name ends with '.lock'");
	if (refname_is_device(part))
		return refname_no(why, "a part of the name is a device's");
	return true;
}

static bool
refname_text_ok(const char *s, const char **why)
{
	struct view rest = view_of(s), part;
	size_t n = rest.len;

	if (n == 0 || n > REFNAME_MAX)
		return refname_no(why, "the name is longer than 255 bytes");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f)
			return refname_no(
			    why, "the name has a control character");
		if (c > 0x7f)
			return refname_no(
			    why, "the name has a letter outside ASCII");
		if (strchr(refname_bad, c) != NULL)
			return refname_no(
			    why, "the name has a space or a special character");
	}
	if (strstr(s, "..") != NULL)
		return refname_no(why, "the name has '..'");
	if (strstr(s, "@{") != NULL)
		return refname_no(why, "the name has '@{'");
	while (view_split(&rest, '/', &part))
		if (!refname_part_ok(part, why))
			return false;
	if (s[n - 1] == '/')
		return refname_no(why, "a part of the name is empty");
	return true;
}

bool
refname_ok(const char *ref, const char **why)
{
	const char *last = strrchr(ref, '/');

	if (!refname_text_ok(ref, why))
		return false;
	if (strncmp(ref, "refs/", 5) != 0 || strchr(ref + 5, '/') == NULL)
		return refname_no(why, "the name is not under refs/");
	if (last != NULL && strcmp(last, "/@") == 0)
		return refname_no(why, "the name is '@'");
	return true;
}

bool
refname_branch_ok(const char *branch, const char **why)
{
	if (!refname_text_ok(branch, why))
		return false;
	if (branch[0] == '#')
		return refname_no(why, "the name begins with '#'");
	return branchname_ok(branch, why);
}

const char *
refname_branch(const char *ref)
{
	static const char heads[] = "refs/heads/";
	size_t n = sizeof(heads) - 1;

	if (strncmp(ref, heads, n) != 0 || ref[n] == '\0')
		return NULL;
	return ref + n;
}
