#include "server/domain/repo_profile.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/domain/word.h"

enum {
	REPO_STYLES_ALL = 31,           /* all but manually-merged */
	REPO_DURATION_MAX = 366 * 86400 /* seconds */
};

static const char *const merge_style_words[] = {
	[MERGE_STYLE_MERGE] = "merge",
	[MERGE_STYLE_REBASE] = "rebase",
	[MERGE_STYLE_REBASE_MERGE] = "rebase-merge",
	[MERGE_STYLE_SQUASH] = "squash",
	[MERGE_STYLE_FAST_FORWARD] = "fast-forward-only",
	[MERGE_STYLE_MANUAL] = "manually-merged",
};

const char *
merge_style_name(enum merge_style v)
{
	return word_name(
	    merge_style_words, WORD_COUNT(merge_style_words), (unsigned)v);
}

int
merge_style_parse(const char *s)
{
	return word_find(merge_style_words, WORD_COUNT(merge_style_words), s);
}

void
repo_profile_init(struct repo_profile *p)
{
	*p = (struct repo_profile){ .has_issues = true,
		.has_pulls = true,
		.merge_styles = REPO_STYLES_ALL,
		.merge_style = MERGE_STYLE_MERGE };
}

void
repo_profile_release(struct repo_profile *p)
{
	free(p->description);
	free(p->website);
	memset(p, 0, sizeof(*p));
}

void
repo_profile_copy(struct repo_profile *dst, const struct repo_profile *src)
{
	*dst = *src;
	dst->description = xstrdup(
	    src->description != NULL ? src->description : "");
	dst->website = xstrdup(src->website != NULL ? src->website : "");
}

bool
repo_profile_allows(const struct repo_profile *p, enum merge_style style)
{
	return (p->merge_styles & MERGE_STYLE_BIT(style)) != 0;
}

static int
repo_profile_text(
    const char *key, const char *text, size_t max, bool lines, struct err *e)
{
	if (text == NULL)
		return 0;
	if (strlen(text) > max)
		return err_set(e, ERR_INVALID, "%s: over %zu bytes", key, max);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' &&
		    !(lines && (*p == '\n' || *p == '\r' || *p == '\t')))
			return err_set(e, ERR_INVALID,
			    "%s: it has control characters", key);
	return 0;
}

int
repo_profile_check(const struct repo_profile *p, struct err *e)
{
	const char *site = p->website != NULL ? p->website : "";

	if (repo_profile_text("description", p->description,
		REPO_DESCRIPTION_MAX, true, e) == -1 ||
	    repo_profile_text("website", site, REPO_WEBSITE_MAX, false, e) ==
		-1)
		return -1;
	if (site[0] != '\0' && strncmp(site, "https://", 8) != 0 &&
	    strncmp(site, "http://", 7) != 0)
		return err_set(
		    e, ERR_INVALID, "website: want https:// or http://");
	if (p->has_pulls && (p->merge_styles & REPO_STYLES_ALL) == 0)
		return err_set(e, ERR_INVALID,
		    "allow_merge_commits: one way to merge must be allowed");
	if (p->has_pulls && !repo_profile_allows(p, p->merge_style))
		return err_set(e, ERR_INVALID,
		    "default_merge_style: %s is not allowed here",
		    merge_style_name(p->merge_style));
	return 0;
}

bool
repo_topic_clean(const char *name, char out[REPO_TOPIC_MAX + 1])
{
	size_t n = 0;

	while (*name == ' ' || *name == '\t')
		name++;
	for (; *name != '\0' && *name != ' ' && *name != '\t'; name++) {
		if (n == REPO_TOPIC_MAX)
			return false;
		out[n++] = (char)tolower((unsigned char)*name);
	}
	out[n] = '\0';
	if (name[strspn(name, " \t")] != '\0' || n == 0 || out[0] == '-' ||
	    out[0] == '.')
		return false;
	return strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n;
}

static int64_t
repo_duration_unit(const char **at)
{
	static const struct {
		const char *word;
		int64_t seconds;
	} units[] = { { "h", 3600 }, { "m", 60 }, { "s", 1 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (**at == units[i].word[0]) {
			(*at)++;
			return units[i].seconds;
		}
	}
	return 0;
}

int
repo_duration_parse(const char *text, int64_t *seconds, struct err *e)
{
	const char *at = text;
	int64_t sum = 0;

	if (strcmp(text, "0") == 0) {
		*seconds = 0;
		return 0;
	}
	do {
		int64_t n = 0, unit;
		const char *from = at;

		while (*at >= '0' && *at <= '9' && n <= REPO_DURATION_MAX)
			n = n * 10 + (*at++ - '0');
		unit = at > from ? repo_duration_unit(&at) : 0;
		if (unit == 0 || n > REPO_DURATION_MAX)
			return err_set(e, ERR_INVALID,
			    "want a duration such as 8h0m0s or 10m");
		sum += n * unit;
	} while (*at != '\0' && sum <= REPO_DURATION_MAX);
	if (sum > REPO_DURATION_MAX)
		return err_set(e, ERR_INVALID, "over a year");
	*seconds = sum;
	return 0;
}

void
repo_duration_text(int64_t seconds, char out[32])
{
	int64_t h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;

	if (h > 0)
		(void)snprintf(
		    out, 32, "%" PRId64 "h%" PRId64 "m%" PRId64 "s", h, m, s);
	else if (m > 0)
		(void)snprintf(out, 32, "%" PRId64 "m%" PRId64 "s", m, s);
	else
		(void)snprintf(out, 32, "%" PRId64 "s", s);
}
