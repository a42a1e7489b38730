#include "agentd/gateway/grants.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/gateway/journal.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"

enum {
	GRANT_RANDOM = 24, /* bytes */
	GRANT_HASH_HEX = 2 * crypto_hash_sha256_BYTES,
	GRANT_NUMBERS = 5
};

/* Clients take what looks like a key, and logs are searched for it. */
static const char grant_prefix[] = "sk-coffer-";

/* In the journal, before the providers. */
static const char grant_web[] = "+";

struct grant_row {
	struct grant grant;
	char hash[GRANT_HASH_HEX + 1];
};

struct grants {
	struct journal *journal;
	struct map *by_hash;
	struct map *by_owner; /* "r RUN" or "s PROJECT" */
	struct map *by_id;
	struct map *shut; /* projects */
	uint64_t last;
};

struct grants *
grants_new(void)
{
	struct grants *g = xcalloc(1, sizeof(*g));

	g->by_hash = map_new();
	g->by_owner = map_new();
	g->by_id = map_new();
	g->shut = map_new();
	return g;
}

void
grants_free(struct grants *g)
{
	size_t cursor = 0;
	void *v;

	if (g == NULL)
		return;
	while (map_next(g->by_hash, &cursor, NULL, &v))
		free(v);
	map_free(g->by_hash);
	map_free(g->by_owner);
	map_free(g->by_id);
	map_free(g->shut);
	free(g);
}

void
grants_set_journal(struct grants *g, struct journal *j)
{
	g->journal = j;
}

static void
grant_hash(const char *token, char out[GRANT_HASH_HEX + 1])
{
	AUTO_STR struct str hex = STR_INIT;
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, (const unsigned char *)token, strlen(token));
	esc_hex(&hex, sum, sizeof(sum));
	memcpy(out, str_cstr(&hex), GRANT_HASH_HEX + 1);
}

static void
grant_owner(uint64_t run, uint64_t project, char out[LEDGER_KEY_MAX])
{
	(void)snprintf(out, LEDGER_KEY_MAX, "%c %" PRIu64, run != 0 ? 'r' : 's',
	    run != 0 ? run : project);
}

static void
grants_remove(struct grants *g, struct grant_row *r)
{
	char owner[LEDGER_KEY_MAX];

	grant_owner(r->grant.who.run, r->grant.who.project, owner);
	if (map_get(g->by_owner, owner) == r)
		(void)map_del(g->by_owner, owner);
	(void)map_del(g->by_hash, r->hash);
	(void)map_del_u64(g->by_id, r->grant.id);
	free(r);
}

static void
grants_add(struct grants *g, const struct grant *t, const char *hash)
{
	struct grant_row *r = map_get(g->by_hash, hash), *old;
	char owner[LEDGER_KEY_MAX];

	if (r != NULL)
		grants_remove(g, r);
	grant_owner(t->who.run, t->who.project, owner);
	old = map_get(g->by_owner, owner);
	if (old != NULL)
		grants_remove(g, old);
	r = xcalloc(1, sizeof(*r));
	r->grant = *t;
	r->grant.id = ++g->last;
	memcpy(r->hash, hash, GRANT_HASH_HEX);
	(void)map_put(g->by_hash, r->hash, r);
	(void)map_put(g->by_owner, owner, r);
	(void)map_put_u64(g->by_id, r->grant.id, r);
}

/* Names with commas between: they are fields of a line. */
static int
grant_check(const struct grant *t, struct err *e)
{
	if (t->who.project == 0)
		return err_set(e, ERR_INVALID, "project: is missing");
	if (t->budget < 0 || t->budget > LEDGER_MICROS_MAX)
		return err_set(e, ERR_INVALID, "budget: out of range");
	for (const char *p = t->providers; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') &&
		    strchr("-_.,", *p) == NULL)
			return err_set(e, ERR_INVALID,
			    "providers: a name has only a-z, 0-9, - _ .");
	return 0;
}

int
grants_make(struct grants *g, const struct grant *spec,
    char token[GRANT_TOKEN_MAX], struct err *e)
{
	char secret[2 * GRANT_RANDOM + 1], hash[GRANT_HASH_HEX + 1];

	if (grant_check(spec, e) == -1)
		return -1;
	if (map_count(g->by_hash) >= GRANTS_MAX)
		return err_set(e, ERR_BUSY, "more than %d tokens", GRANTS_MAX);
	rnd_hex(secret, GRANT_RANDOM);
	(void)snprintf(token, GRANT_TOKEN_MAX, "%s%s", grant_prefix, secret);
	explicit_bzero(secret, sizeof(secret));
	grant_hash(token, hash);
	if (journal_add(g->journal, e,
		"G %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64
		" %s%s",
		hash, spec->who.run, spec->who.project, spec->who.item,
		spec->budget, spec->expires, spec->web ? grant_web : "",
		spec->providers) == -1)
		return -1;
	grants_add(g, spec, hash);
	return 0;
}

const struct grant *
grants_find(const struct grants *g, const char *token, int64_t now)
{
	char hash[GRANT_HASH_HEX + 1];
	const struct grant_row *r;

	if (strlen(token) >= GRANT_TOKEN_MAX)
		return NULL;
	grant_hash(token, hash);
	r = map_get(g->by_hash, hash);
	return r == NULL || r->grant.expires <= now ? NULL : &r->grant;
}

const struct grant *
grants_by_id(const struct grants *g, uint64_t id)
{
	const struct grant_row *r = map_get_u64(g->by_id, id);

	return r == NULL ? NULL : &r->grant;
}

bool
grant_has_provider(const struct grant *t, const char *name)
{
	struct view rest = view_of(t->providers), part;

	if (t->providers[0] == '\0')
		return true;
	while (view_split(&rest, ',', &part))
		if (view_is(part, name))
			return true;
	return false;
}

void
grants_set_out(struct grants *g, uint64_t id)
{
	struct grant_row *r = map_get_u64(g->by_id, id);

	if (r != NULL)
		r->grant.out = true;
}

bool
grants_is_out(const struct grants *g, uint64_t run, uint64_t project)
{
	char owner[LEDGER_KEY_MAX];
	const struct grant_row *r;

	grant_owner(run, project, owner);
	r = map_get(g->by_owner, owner);
	return r != NULL && r->grant.out;
}

static void
grants_put_shut(struct grants *g, uint64_t project, bool shut)
{
	if (shut)
		(void)map_put_u64(g->shut, project, g);
	else
		(void)map_del_u64(g->shut, project);
}

int
grants_shut(struct grants *g, uint64_t project, bool shut, struct err *e)
{
	if ((map_get_u64(g->shut, project) != NULL) == shut)
		return 0;
	if (project == 0)
		return err_set(e, ERR_INVALID, "project: is missing");
	/* What is not in the journal is shut all the same. */
	if (shut)
		grants_put_shut(g, project, true);
	if (journal_add(g->journal, e, "W %" PRIu64 " %d", project, shut) == -1)
		return -1;
	grants_put_shut(g, project, shut);
	return 0;
}

bool
grants_may_web(const struct grants *g, const struct grant *t)
{
	return t->web && map_get_u64(g->shut, t->who.project) == NULL;
}

static int
grants_end(struct grants *g, struct grant_row *r, struct err *e)
{
	int rc = journal_add(g->journal, e, "X %s", r->hash);

	grants_remove(g, r);
	return rc;
}

int
grants_drop(
    struct grants *g, uint64_t run, uint64_t project, bool *was, struct err *e)
{
	char owner[LEDGER_KEY_MAX];
	struct grant_row *r;

	grant_owner(run, project, owner);
	r = map_get(g->by_owner, owner);
	*was = r != NULL;
	return *was ? grants_end(g, r, e) : 0;
}

void
grants_expire(struct grants *g, int64_t before,
    void (*fn)(const struct ledger_who *who, void *arg), void *arg)
{
	size_t cursor = 0;
	void *v;

	while (map_next(g->by_hash, &cursor, NULL, &v)) {
		struct grant_row *r = v;
		const struct ledger_who who = r->grant.who;
		struct err e = ERR_INIT;

		if (r->grant.expires >= before)
			continue;
		if (grants_end(g, r, &e) == -1)
			log_error("grants expire err=%s", log_val(e.msg));
		fn(&who, arg);
	}
}

void
grants_each(const struct grants *g,
    void (*fn)(const struct grant *t, void *arg), void *arg)
{
	size_t cursor = 0;
	void *v;

	while (map_next(g->by_hash, &cursor, NULL, &v))
		fn(&((const struct grant_row *)v)->grant, arg);
}

size_t
grants_count(const struct grants *g)
{
	return map_count(g->by_hash);
}

static int
grants_replay_make(struct grants *g, struct view text, struct err *e)
{
	struct view hash, part;
	struct grant t = { .budget = 0 };
	uint64_t n[GRANT_NUMBERS];

	if (!view_split(&text, ' ', &hash) || hash.len != GRANT_HASH_HEX)
		return err_set(e, ERR_PROTO, "no token");
	for (size_t i = 0; i < GRANT_NUMBERS; i++) {
		AUTO_FREE char *s = NULL;

		if (!view_split(&text, ' ', &part))
			return err_set(e, ERR_PROTO, "too few numbers");
		s = view_dup(part);
		if (num_u64(s, 0, INT64_MAX, &n[i], e) == -1)
			return -1;
	}
	t.who = (struct ledger_who){ n[0], n[1], n[2] };
	t.budget = (int64_t)n[3];
	t.expires = (int64_t)n[4];
	t.web = view_starts(text, grant_web);
	if (t.web)
		text = view_from(text, strlen(grant_web));
	if (text.len > GRANT_PROVIDERS_MAX)
		return err_set(e, ERR_PROTO, "too many providers");
	if (text.len > 0)
		memcpy(t.providers, text.p, text.len);
	{
		AUTO_FREE char *name = view_dup(hash);

		grants_add(g, &t, name);
	}
	return 0;
}

static int
grants_replay_shut(struct grants *g, struct view text, struct err *e)
{
	struct view part;
	uint64_t project;

	(void)view_split(&text, ' ', &part);
	{
		AUTO_FREE char *s = view_dup(part);

		if (num_u64(s, 1, INT64_MAX, &project, e) == -1)
			return -1;
	}
	grants_put_shut(g, project, view_is(text, "1"));
	return 0;
}

int
grants_replay(struct grants *g, struct view line, struct err *e)
{
	struct grant_row *r;

	if (view_starts(line, "G "))
		return grants_replay_make(g, view_from(line, 2), e);
	if (view_starts(line, "W "))
		return grants_replay_shut(g, view_from(line, 2), e);
	if (!view_starts(line, "X "))
		return 1;
	{
		AUTO_FREE char *hash = view_dup(view_from(line, 2));

		r = map_get(g->by_hash, hash);
		if (r != NULL)
			grants_remove(g, r);
	}
	return 0;
}

void
grants_snapshot(struct grants *g, struct str *out, int64_t now)
{
	size_t cursor = 0;
	const char *project;
	void *v;

	while (map_next(g->shut, &cursor, &project, NULL))
		journal_put(out, "W %s 1", project);
	cursor = 0;
	while (map_next(g->by_hash, &cursor, NULL, &v)) {
		const struct grant_row *r = v;
		const struct grant *t = &r->grant;

		if (t->expires <= now)
			continue;
		journal_put(out,
		    "G %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64
		    " %" PRId64 " %s%s",
		    r->hash, t->who.run, t->who.project, t->who.item, t->budget,
		    t->expires, t->web ? grant_web : "", t->providers);
	}
}
