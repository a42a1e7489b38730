#include "lib/base/branchname.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/base/esc.h"
#include "lib/base/utf8.h"
#include "lib/base/view.h"

/* Beginnings that make a short name read as another full one. */
static const char *const branchname_rooms[] = { "refs/", "heads/", "tags/",
	"remotes/" };

static bool
branchname_no(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return false;
}

/* FETCH_HEAD and its like, which git writes beside refs. */
static bool
branchname_is_pseudo(const char *s)
{
	size_t n = strlen(s);

	return n > 5 && strcmp(s + n - 5, "_HEAD") == 0 &&
	    strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == n;
}

/* What git takes for an object's id, SHA-1 or SHA-256. */
static bool
branchname_is_id(const char *s)
{
	size_t n = strlen(s);

	return (n == 40 || n == 64) && strspn(s, "0123456789abcdefABCDEF") == n;
}

/* Blanks beyond ASCII: two names would look alike. */
static bool
branchname_is_blank(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

/* The rules of git-check-ref-format(1), without what cannot be seen. */
static bool
branchname_git_ok(const char *s, const char **why)
{
	struct view rest = view_of(s), part;
	uint32_t c;

	if (!utf8_valid(rest))
		return branchname_no(why, "the name is no text");
	while (rest.len > 0) {
		rest = view_from(rest, utf8_decode(rest, &c));
		if (c <= ' ' || c == 0x7f || branchname_is_blank(c) ||
		    esc_unseen(c))
			return branchname_no(
			    why, "the name has a character that is not seen");
		if (c < 0x7f && strchr("~^:?*[\\", (int)c) != NULL)
			return branchname_no(
			    why, "the name has a character that git refuses");
	}
	if (s[0] == '-')
		return branchname_no(why, "the name begins with '-'");
	if (strstr(s, "..") != NULL)
		return branchname_no(why, "the name has '..'");
	if (strstr(s, "@{") != NULL)
		return branchname_no(why, "the name has '@{'");
	rest = view_of(s);
	while (view_split(&rest, '/', &part))
		if (part.len == 0 || part.p[0] == '.' ||
		    part.p[part.len - 1] == '.' || view_ends(part, ".lock"))
			return branchname_no(why,
			    "a part of the name is empty, begins or ends with "
			    "'.', or ends with '.lock'");
	if (s[strlen(s) - 1] == '/')
		return branchname_no(why, "a part of the name is empty");
	return true;
}

bool
branchname_ok(const char *s, const char **why)
{
	if (s[0] == '\0' || strlen(s) > BRANCHNAME_MAX)
		return branchname_no(
		    why, "the name is empty or longer than 255 bytes");
	if (!branchname_git_ok(s, why))
		return false;
	if (strcasecmp(s, "HEAD") == 0 || strcmp(s, "@") == 0 ||
	    branchname_is_pseudo(s))
		return branchname_no(why, "the name is git's own");
	if (branchname_is_id(s))
		return branchname_no(why, "the name reads as an object's id");
	for (size_t i = 0;
	     i < sizeof(branchname_rooms) / sizeof(branchname_rooms[0]); i++)
		if (strncasecmp(s, branchname_rooms[i],
			strlen(branchname_rooms[i])) == 0)
			return branchname_no(why,
			    "the name begins with 'refs/', 'heads/', 'tags/' "
			    "or 'remotes/'");
	return true;
}
