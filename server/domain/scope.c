#include "server/domain/scope.h"

#include <string.h>

#include "lib/base/str.h"

/* In Gitea's order, which is the order of the words in a set's text. */
static const char *const scope_names[SCOPE_AREAS] = {
	[SCOPE_ACTIVITYPUB] = "activitypub",
	[SCOPE_ADMIN] = "admin",
	[SCOPE_MISC] = "misc",
	[SCOPE_NOTIFICATION] = "notification",
	[SCOPE_ORGANIZATION] = "organization",
	[SCOPE_PACKAGE] = "package",
	[SCOPE_ISSUE] = "issue",
	[SCOPE_REPOSITORY] = "repository",
	[SCOPE_USER] = "user",
};

struct scope_row {
	const char *prefix; /* of a pattern */
	const char *part;   /* somewhere after it, NULL: any */
	unsigned areas;
};

#define AREA(a) (1U << SCOPE_##a)

/* The first row that fits; what stands nowhere is the repository's. */
static const struct scope_row scope_rows[] = {
	{ "/api/v1/version", NULL, 0 },
	{ "/api/v1/settings/", NULL, 0 },
	{ "/api/v1/token", NULL, 0 },
	{ "/api/v1/notifications", NULL, AREA(NOTIFICATION) },
	{ "/api/v1/admin/", NULL, AREA(ADMIN) },
	{ "/api/v1/user/repos", NULL, AREA(USER) | AREA(REPOSITORY) },
	{ "/api/v1/user/starred", NULL, AREA(USER) | AREA(REPOSITORY) },
	{ "/api/v1/user/subscriptions", NULL, AREA(USER) | AREA(REPOSITORY) },
	{ "/api/v1/user/orgs", NULL, AREA(USER) | AREA(ORGANIZATION) },
	{ "/api/v1/users/", "/repos", AREA(USER) | AREA(REPOSITORY) },
	{ "/api/v1/users/", "/orgs", AREA(USER) | AREA(ORGANIZATION) },
	{ "/api/v1/user", NULL, AREA(USER) },
	{ "/api/v1/orgs/", "/repos", AREA(ORGANIZATION) | AREA(REPOSITORY) },
	{ "/api/v1/orgs", NULL, AREA(ORGANIZATION) },
	{ "/api/v1/teams", NULL, AREA(ORGANIZATION) },
	{ "/api/v1/packages", NULL, AREA(PACKAGE) },
	{ "/api/v1/markdown", NULL, AREA(MISC) },
	{ "/api/v1/markup", NULL, AREA(MISC) },
	{ "/api/v1/repos/issues/", NULL, AREA(ISSUE) },
	{ "/api/v1/repos/{o}/{r}/issues", NULL, AREA(ISSUE) },
	{ "/api/v1/repos/{o}/{r}/labels", NULL, AREA(ISSUE) },
	{ "/api/v1/repos/{o}/{r}/milestones", NULL, AREA(ISSUE) },
	{ "/attachments/", NULL, AREA(ISSUE) },
	{ "/api/coffer/v1/user", NULL, AREA(USER) },
	{ "/api/coffer/v1/admin/", NULL, AREA(ADMIN) },
	{ "/api/coffer/v1/audit", NULL, AREA(ADMIN) },
	{ "/metrics", NULL, AREA(ADMIN) },
	{ "/healthz", NULL, 0 },
	{ "/readyz", NULL, 0 },
	{ "/api/coffer/v1/repos/{o}/{r}/issues", NULL, AREA(ISSUE) },
	/* The words of issues are in it. */
	{ "/api/coffer/v1/events", NULL, AREA(REPOSITORY) | AREA(ISSUE) },
};

#define SCOPE_REPO "/api/v1/repos/{o}/{r}"
#define SCOPE_OURS "/api/coffer/v1/repos/{o}/{r}"
#define SCOPE_PROJECT "/api/coffer/v1/projects/{o}/{p}"
#define SCOPE_STATUSES SCOPE_REPO "/statuses/"

static uint32_t
scope_bit(unsigned area, bool write)
{
	return 1U << (2 * area + (write ? 1 : 0));
}

static bool
scope_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

uint32_t
scope_word(struct view word)
{
	bool write = view_starts(word, "write:");

	if (view_is(word, "all"))
		return SCOPE_ALL;
	if (view_is(word, "public-only"))
		return SCOPE_PUBLIC_ONLY;
	if (view_is(word, "status"))
		return SCOPE_STATUS;
	if (!write && !view_starts(word, "read:"))
		return 0;
	word = view_from(word, write ? 6 : 5);
	for (unsigned a = 0; a < SCOPE_AREAS; a++)
		if (view_is(word, scope_names[a]))
			return scope_bit(a, write);
	return 0;
}

uint32_t
scope_parse(const char *text)
{
	struct view rest = view_of(text), word;
	uint32_t set = 0;

	while (view_split(&rest, ',', &word))
		set |= scope_word(word);
	return set;
}

static void
scope_add(struct str *out, size_t from, const char *level, const char *word)
{
	if (out->len > from)
		str_addc(out, ',');
	str_addf(out, "%s%s", level, word);
}

void
scope_text(uint32_t set, struct str *out)
{
	size_t from = out->len;

	if ((set & SCOPE_PUBLIC_ONLY) != 0)
		scope_add(out, from, "", "public-only");
	if ((set & SCOPE_ALL) != 0 || set == 0) {
		scope_add(out, from, "", "all");
		return;
	}
	for (unsigned a = 0; a < SCOPE_AREAS; a++) {
		if ((set & scope_bit(a, true)) != 0)
			scope_add(out, from, "write:", scope_names[a]);
		else if ((set & scope_bit(a, false)) != 0)
			scope_add(out, from, "read:", scope_names[a]);
	}
	if ((set & SCOPE_STATUS) != 0)
		scope_add(out, from, "", "status");
}

static bool
scope_is_all(uint32_t set)
{
	return set == 0 || (set & SCOPE_ALL) != 0;
}

static bool
scope_has(uint32_t set, unsigned area, bool write)
{
	return (set & scope_bit(area, true)) != 0 ||
	    (!write && (set & scope_bit(area, false)) != 0);
}

bool
scope_holds(uint32_t set, uint32_t part)
{
	if (scope_is_all(set))
		return true;
	if (scope_is_all(part))
		return false;
	for (unsigned a = 0; a < SCOPE_AREAS; a++)
		for (int write = 0; write < 2; write++)
			if ((part & scope_bit(a, write)) != 0 &&
			    !scope_has(set, a, write))
				return false;
	return (part & SCOPE_STATUS) == 0 || (set & SCOPE_STATUS) != 0 ||
	    (scope_has(set, SCOPE_REPOSITORY, true) &&
		scope_has(set, SCOPE_ISSUE, false));
}

static unsigned
scope_areas(const char *pattern)
{
	for (size_t i = 0; i < sizeof(scope_rows) / sizeof(scope_rows[0]);
	     i++) {
		const struct scope_row *r = &scope_rows[i];

		if (scope_starts(pattern, r->prefix) &&
		    (r->part == NULL ||
			strstr(pattern + strlen(r->prefix), r->part) != NULL))
			return r->areas;
	}
	return AREA(REPOSITORY);
}

/* What is no code, issue or pull request, though an area has it. */
static bool
scope_is_inner(const char *pattern)
{
	return strstr(pattern, "/hooks") != NULL ||
	    strstr(pattern, "/notifications") != NULL ||
	    (scope_starts(pattern, "/api/coffer/v1/") &&
		!scope_starts(pattern, SCOPE_OURS));
}

void
scope_of(const char *method, const char *pattern, struct scope_need *out)
{
	*out = (struct scope_need){ .areas = scope_areas(pattern) };
	out->write = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
	out->repository = scope_starts(pattern, SCOPE_REPO) ||
	    scope_starts(pattern, SCOPE_OURS) ||
	    scope_starts(pattern, SCOPE_PROJECT);
	out->bound = out->repository || out->areas == 0 ||
	    scope_starts(pattern, "/attachments/") ||
	    scope_starts(pattern, "/api/v1/repositories/") ||
	    strcmp(pattern, "/api/v1/user") == 0;
	if (out->write)
		out->status = scope_starts(pattern, SCOPE_STATUSES);
	else
		out->status = ((out->areas &
				   ~(AREA(REPOSITORY) | AREA(ISSUE))) == 0 &&
				  !scope_is_inner(pattern)) ||
		    strcmp(pattern, "/api/v1/user") == 0;
}

void
scope_of_git(bool push, struct scope_need *out)
{
	*out = (struct scope_need){
		.areas = AREA(REPOSITORY),
		.write = push,
		.status = !push,
		.bound = true,
	};
}

bool
scope_allows(uint32_t set, const struct scope_need *need)
{
	if (scope_is_all(set))
		return true;
	if ((set & SCOPE_STATUS) != 0 && need->status)
		return true;
	for (unsigned a = 0; a < SCOPE_AREAS; a++)
		if ((need->areas & (1U << a)) != 0 &&
		    !scope_has(set, a, need->write))
			return false;
	return true;
}

void
scope_refusal(uint32_t set, const struct scope_need *need, struct str *out)
{
	size_t from;

	str_add(out,
	    "token does not have at least one of required scope(s), "
	    "required=[");
	from = out->len;
	for (unsigned a = 0; a < SCOPE_AREAS; a++)
		if ((need->areas & (1U << a)) != 0)
			str_addf(out, "%s%s:%s", out->len > from ? " " : "",
			    need->write ? "write" : "read", scope_names[a]);
	str_add(out, "], token scope=");
	scope_text(set, out);
}
