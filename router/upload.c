#include "router/upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/base/str.h"

enum {
	UPLOAD_DAY_MS = 24 * 60 * 60 * 1000
};

struct upload_sum {
	uint64_t used, written; /* bytes */
};

struct upload {
	int64_t day;
	struct map *domains; /* struct upload_sum */
	struct upload_sum rest;
};

static void
upload_forget(struct upload *u)
{
	size_t cursor = 0;
	void *v;

	while (map_next(u->domains, &cursor, NULL, &v))
		free(v);
	map_free(u->domains);
	u->domains = map_new();
	u->rest = (struct upload_sum){ 0 };
}

struct upload *
upload_new(void)
{
	struct upload *u = xcalloc(1, sizeof(*u));

	u->domains = map_new();
	return u;
}

void
upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	upload_forget(u);
	map_free(u->domains);
	free(u);
}

/* A clock that was set back gives nothing back. */
static void
upload_set_day(struct upload *u, int64_t day)
{
	if (day <= u->day)
		return;
	upload_forget(u);
	u->day = day;
}

static struct upload_sum *
upload_of_domain(struct upload *u, const char *domain)
{
	struct upload_sum *sum = map_get(u->domains, domain);

	if (sum != NULL)
		return sum;
	if (map_count(u->domains) >= UPLOAD_DOMAINS_MAX)
		return &u->rest;
	sum = xcalloc(1, sizeof(*sum));
	map_put(u->domains, domain, sum);
	return sum;
}

static uint64_t *
upload_of(struct upload *u, const char *name, int64_t now)
{
	upload_set_day(u, now / UPLOAD_DAY_MS);
	return &upload_of_domain(u, egress_registrable(name))->used;
}

bool
upload_take(
    struct upload *u, const char *name, uint64_t n, uint64_t max, int64_t now)
{
	uint64_t *used = upload_of(u, name, now);

	if (max > 0 && (*used > max || n > max - *used)) {
		/* Nor does what is smaller fit in from now on. */
		*used = max;
		return false;
	}
	*used += n;
	return true;
}

bool
upload_left(struct upload *u, const char *name, uint64_t max, int64_t now)
{
	return max == 0 || *upload_of(u, name, now) < max;
}

static void
upload_write_sum(const struct upload *u, uint32_t id, const char *domain,
    bool all, struct upload_sum *sum, struct str *out)
{
	if (sum->used == 0 || (!all && sum->used == sum->written))
		return;
	sum->written = sum->used;
	str_addf(out, "%" PRId64 " %" PRIu32 " %" PRIu64 " %s\n", u->day, id,
	    sum->used, domain);
}

void
upload_write(struct upload *u, uint32_t id, bool all, struct str *out)
{
	const char *domain;
	size_t cursor = 0;
	void *v;

	while (map_next(u->domains, &cursor, &domain, &v))
		upload_write_sum(u, id, domain, all, v, out);
	upload_write_sum(u, id, "*", all, &u->rest, out);
}

static bool
upload_word_read(struct view *rest, uint64_t max, uint64_t *out)
{
	struct err ignored = ERR_INIT;
	struct view word;
	char text[24];

	if (!view_split(rest, ' ', &word) || word.len >= sizeof(text))
		return false;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	return num_u64(text, 0, max, out, &ignored) == 0;
}

bool
upload_line_read(struct view line, struct upload_line *out)
{
	struct err ignored = ERR_INIT;
	uint64_t day, id;

	if (!upload_word_read(&line, INT32_MAX, &day) ||
	    !upload_word_read(&line, UINT32_MAX, &id) ||
	    !upload_word_read(&line, UINT64_MAX, &out->used))
		return false;
	out->day = (int64_t)day;
	out->id = (uint32_t)id;
	if (view_is(line, "*")) {
		(void)snprintf(out->domain, sizeof(out->domain), "*");
		return true;
	}
	return egress_name_parse(line, out->domain, &ignored) == 0;
}

void
upload_restore(struct upload *u, const struct upload_line *line)
{
	struct upload_sum *sum;

	upload_set_day(u, line->day);
	if (line->day < u->day)
		return;
	sum = strcmp(line->domain, "*") == 0
	    ? &u->rest
	    : upload_of_domain(u, line->domain);
	if (line->used > sum->used)
		sum->used = sum->written = line->used;
}
