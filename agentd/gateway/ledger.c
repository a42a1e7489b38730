#include "agentd/gateway/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/gateway/journal.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/base/str.h"

enum {
	LEDGER_DAY_MS = 24 * 60 * 60 * 1000,
	LEDGER_DAYS_KEPT = 40,
	LEDGER_NUMBERS_MAX = 6
};

struct ledger_account {
	int64_t spent, reserved;
	int64_t limit;  /* its own, -1: the default */
	uint64_t day;   /* of an account of one day, else 0 */
	int64_t frozen; /* 0: it is not; 1: by an order; else the limit that
			 * the run has reached, above it the scope's number */
	int64_t yes;    /* the last approval that raised it; of all days */
};

enum {
	LEDGER_FROZEN_ORDER = 1,
	LEDGER_FROZEN_SHIFT = 51
};

struct ledger_pending {
	struct ledger_who who;
	uint64_t day;
	int64_t micros;
};

struct ledger {
	struct ledger_limits limits;
	struct journal *journal;
	struct map *accounts; /* by key */
	struct map *pending;  /* by number */
	uint64_t last;
};

/* The key of an account; false: there is none for that. */
static const struct ledger_kind {
	const char *name;
	char letter;
	bool run, item, project, day; /* what the key has, and needs */
} ledger_kinds[LEDGER_SCOPES] = {
	[LEDGER_RUN] = { "run", 'r', .run = true },
	[LEDGER_ITEM] = { "item", 'i', .project = true, .item = true },
	[LEDGER_PROJECT] = { "project", 'p', .project = true },
	[LEDGER_PROJECT_DAY] = { "project_day", 'q', .project = true,
	    .day = true },
	[LEDGER_DAY] = { "day", 'd', .day = true },
	[LEDGER_ALL] = { "all", 'a' },
};

static bool
ledger_key(enum ledger_scope s, const struct ledger_who *who, uint64_t day,
    char out[LEDGER_KEY_MAX])
{
	const struct ledger_kind *k = &ledger_kinds[s];
	size_t n = 1;

	if ((k->run && who->run == 0) || (k->item && who->item == 0) ||
	    (k->project && who->project == 0))
		return false;
	out[0] = k->letter;
	out[1] = '\0';
	if (k->run)
		n += (size_t)snprintf(
		    out + n, LEDGER_KEY_MAX - n, ":%" PRIu64, who->run);
	if (k->project)
		n += (size_t)snprintf(
		    out + n, LEDGER_KEY_MAX - n, ":%" PRIu64, who->project);
	if (k->item)
		n += (size_t)snprintf(
		    out + n, LEDGER_KEY_MAX - n, ":%" PRIu64, who->item);
	if (k->day)
		(void)snprintf(out + n, LEDGER_KEY_MAX - n, ":%" PRIu64, day);
	return true;
}

static uint64_t
ledger_day(int64_t now)
{
	return now <= 0 ? 0 : (uint64_t)(now / LEDGER_DAY_MS);
}

struct ledger *
ledger_new(const struct ledger_limits *limits)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	l->limits = *limits;
	l->accounts = map_new();
	l->pending = map_new();
	return l;
}

static void
ledger_map_free(struct map *m)
{
	size_t cursor = 0;
	void *v;

	while (map_next(m, &cursor, NULL, &v))
		free(v);
	map_free(m);
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	ledger_map_free(l->accounts);
	ledger_map_free(l->pending);
	free(l);
}

void
ledger_set_journal(struct ledger *l, struct journal *j)
{
	l->journal = j;
}

static struct ledger_account *
ledger_account(struct ledger *l, const char *key)
{
	struct ledger_account *a = map_get(l->accounts, key);

	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		a->limit = -1;
		(void)map_put(l->accounts, key, a);
	}
	return a;
}

/* The account of who in a scope, made when it is not there; NULL: none. */
static struct ledger_account *
ledger_of(struct ledger *l, enum ledger_scope s, const struct ledger_who *who,
    uint64_t day)
{
	char key[LEDGER_KEY_MAX];
	struct ledger_account *a;

	if (!ledger_key(s, who, day, key))
		return NULL;
	a = ledger_account(l, key);
	if (ledger_kinds[s].day)
		a->day = day;
	return a;
}

static int64_t
ledger_limit(
    const struct ledger *l, enum ledger_scope s, const struct ledger_account *a)
{
	return a != NULL && a->limit >= 0 ? a->limit : l->limits.of[s];
}

/* May micros more be reserved in the account?  Else *no is filled. */
static bool
ledger_has(const struct ledger_account *a, int64_t limit, int64_t micros,
    struct ledger_no *no)
{
	no->at = (struct ledger_state){ .limit = limit };
	if (a != NULL) {
		no->at.spent = a->spent;
		no->at.reserved = a->reserved;
		no->at.frozen = a->frozen != 0;
	}
	no->frozen = no->at.frozen;
	if (no->frozen)
		return false;
	if (limit == 0 || micros == 0)
		return true;
	if (no->at.spent + no->at.reserved + micros <= limit)
		return true;
	no->later = no->at.reserved > 0 && no->at.spent + micros <= limit;
	return false;
}

static void
ledger_move(struct ledger *l, const struct ledger_pending *p, int64_t reserved,
    int64_t spent)
{
	for (int s = 0; s < LEDGER_SCOPES; s++) {
		struct ledger_account *a = ledger_of(
		    l, (enum ledger_scope)s, &p->who, p->day);

		if (a == NULL)
			continue;
		a->reserved += reserved;
		a->spent += spent;
	}
}

static void
ledger_hold(struct ledger *l, uint64_t seq, const struct ledger_pending *p)
{
	struct ledger_pending *copy = xmalloc(sizeof(*copy));

	*copy = *p;
	free(map_put_u64(l->pending, seq, copy));
	if (seq > l->last)
		l->last = seq;
	ledger_move(l, p, p->micros, 0);
}

static bool
ledger_settle_one(struct ledger *l, uint64_t seq, int64_t micros)
{
	struct ledger_pending *p = map_del_u64(l->pending, seq);

	if (p == NULL)
		return false;
	ledger_move(l, p, -p->micros, micros);
	free(p);
	return true;
}

/* Does every account that it belongs to have the money?  Else *no is filled. */
static bool
ledger_may(
    const struct ledger *l, const struct ledger_ask *ask, struct ledger_no *no)
{
	char key[LEDGER_KEY_MAX];

	for (int i = 0; i < LEDGER_SCOPES; i++) {
		enum ledger_scope s = (enum ledger_scope)i;
		const struct ledger_account *a;
		int64_t limit;

		if (!ledger_key(s, &ask->who, ledger_day(ask->now), key))
			continue;
		a = map_get(l->accounts, key);
		limit = ledger_limit(l, s, a);
		if (s == LEDGER_RUN && ask->run_limit > 0 &&
		    (a == NULL || a->limit < 0))
			limit = ask->run_limit;
		no->scope = s;
		if (!ledger_has(a, limit, ask->micros, no))
			return false;
	}
	return true;
}

int
ledger_reserve(struct ledger *l, const struct ledger_ask *ask, uint64_t *seq,
    struct ledger_no *no, struct err *e)
{
	const struct ledger_pending p = { .who = ask->who,
		.day = ledger_day(ask->now),
		.micros = ask->micros };

	memset(no, 0, sizeof(*no));
	if (p.micros < 0 || p.micros > LEDGER_MICROS_MAX)
		return err_set(e, ERR_LIMIT, "an exchange of that price");
	if (map_count(l->pending) >= LEDGER_PENDING_MAX ||
	    map_count(l->accounts) + LEDGER_SCOPES > LEDGER_ACCOUNTS_MAX)
		return err_set(e, ERR_BUSY, "the ledger is full");
	if (!ledger_may(l, ask, no))
		return err_set(e, ERR_DENIED, "%s: %s",
		    ledger_kinds[no->scope].name,
		    no->frozen ? "frozen" : "no budget left");
	if (journal_add(l->journal, e,
		"R %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		" %" PRId64,
		l->last + 1, p.who.run, p.who.project, p.who.item, p.day,
		p.micros) == -1)
		return -1;
	*seq = l->last + 1;
	ledger_hold(l, *seq, &p);
	return 0;
}

void
ledger_settle(struct ledger *l, uint64_t seq, int64_t micros)
{
	struct err e = ERR_INIT;

	if (micros < 0 || micros > LEDGER_MICROS_MAX)
		micros = LEDGER_MICROS_MAX;
	if (!ledger_settle_one(l, seq, micros))
		return;
	/* What is not in the file is spent as it was reserved. */
	if (journal_add(
		l->journal, &e, "S %" PRIu64 " %" PRId64, seq, micros) == -1)
		log_error("ledger settle err=%s", log_val(e.msg));
}

const char *
ledger_scope_name(enum ledger_scope s)
{
	return ledger_kinds[s].name;
}

int
ledger_scope_parse(const char *name, enum ledger_scope *out, struct err *e)
{
	for (int s = 0; s < LEDGER_SCOPES; s++)
		if (strcmp(name, ledger_kinds[s].name) == 0) {
			*out = (enum ledger_scope)s;
			return 0;
		}
	return err_set(e, ERR_INVALID,
	    "scope: expected run, item, project, project_day, day or all");
}

static int
ledger_change(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, uint64_t day, char key[LEDGER_KEY_MAX],
    struct err *e)
{
	if (!ledger_key(s, who, day, key))
		return err_set(e, ERR_INVALID,
		    "scope %s: say which, by its number", ledger_kinds[s].name);
	if (map_count(l->accounts) >= LEDGER_ACCOUNTS_MAX)
		return err_set(e, ERR_BUSY, "the ledger is full");
	return 0;
}

int
ledger_set_limit(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, int64_t micros, int64_t now, struct err *e)
{
	char key[LEDGER_KEY_MAX];

	if (micros < -1 || micros > LEDGER_MICROS_MAX)
		return err_set(e, ERR_INVALID, "micros: out of range");
	if (ledger_change(l, s, who, ledger_day(now), key, e) == -1 ||
	    journal_add(l->journal, e, "L %s %" PRId64, key, micros) == -1)
		return -1;
	ledger_of(l, s, who, ledger_day(now))->limit = micros;
	return 0;
}

int
ledger_raise(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, const struct ledger_yes *yes, bool *is_new,
    struct err *e)
{
	char key[LEDGER_KEY_MAX];
	const struct ledger_account *a;

	*is_new = yes->id > ledger_yes_of(l, s, who);
	if (!*is_new)
		return 0;
	if (ledger_change(l, s, who, 0, key, e) == -1 ||
	    journal_add(l->journal, e, "Y %s %" PRId64, key, yes->id) == -1)
		return -1;
	ledger_of(l, s, who, 0)->yes = yes->id;
	if (!ledger_key(s, who, ledger_day(yes->now), key))
		return 0;
	a = map_get(l->accounts, key);
	if (a != NULL && a->limit >= 0 && a->limit != yes->from)
		return 0;
	return ledger_set_limit(l, s, who, yes->to, yes->now, e);
}

int64_t
ledger_yes_of(
    const struct ledger *l, enum ledger_scope s, const struct ledger_who *who)
{
	char key[LEDGER_KEY_MAX];
	const struct ledger_account *a;

	if (!ledger_key(s, who, 0, key))
		return 0;
	a = map_get(l->accounts, key);
	return a == NULL ? 0 : a->yes;
}

static int
ledger_set_frozen(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, int64_t frozen, int64_t now, struct err *e)
{
	char key[LEDGER_KEY_MAX];

	if (ledger_change(l, s, who, ledger_day(now), key, e) == -1 ||
	    journal_add(l->journal, e, "F %s %" PRId64, key, frozen) == -1)
		return -1;
	ledger_of(l, s, who, ledger_day(now))->frozen = frozen;
	return 0;
}

int
ledger_freeze(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, bool frozen, int64_t now, struct err *e)
{
	return ledger_set_frozen(
	    l, s, who, frozen ? LEDGER_FROZEN_ORDER : 0, now, e);
}

int
ledger_freeze_at(struct ledger *l, const struct ledger_who *who,
    enum ledger_scope scope, int64_t limit, int64_t now, struct err *e)
{
	if (limit <= LEDGER_FROZEN_ORDER || limit > LEDGER_MICROS_MAX)
		return ledger_freeze(l, LEDGER_RUN, who, true, now, e);
	return ledger_set_frozen(l, LEDGER_RUN, who,
	    limit | (int64_t)scope << LEDGER_FROZEN_SHIFT, now, e);
}

bool
ledger_is_same(
    enum ledger_scope s, const struct ledger_who *a, const struct ledger_who *b)
{
	char one[LEDGER_KEY_MAX], other[LEDGER_KEY_MAX];

	return ledger_key(s, a, 0, one) && ledger_key(s, b, 0, other) &&
	    strcmp(one, other) == 0;
}

void
ledger_look(const struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, int64_t now, struct ledger_state *out)
{
	char key[LEDGER_KEY_MAX];
	const struct ledger_account *a = NULL;

	memset(out, 0, sizeof(*out));
	if (ledger_key(s, who, ledger_day(now), key))
		a = map_get(l->accounts, key);
	out->limit = ledger_limit(l, s, a);
	if (a == NULL)
		return;
	out->spent = a->spent;
	out->reserved = a->reserved;
	out->frozen = a->frozen != 0;
	if (a->frozen <= LEDGER_FROZEN_ORDER ||
	    a->frozen >> LEDGER_FROZEN_SHIFT >= LEDGER_SCOPES)
		return;
	out->frozen_for = (enum ledger_scope)(a->frozen >> LEDGER_FROZEN_SHIFT);
	out->frozen_at = a->frozen & ((INT64_C(1) << LEDGER_FROZEN_SHIFT) - 1);
}

/* Whose account has that key; false: nobody's that is known. */
static bool
ledger_who_of(const char *key, enum ledger_scope *s, struct ledger_who *who)
{
	struct view rest = view_from(view_of(key), 2), part; /* "p:7" */
	uint64_t n[LEDGER_NUMBERS_MAX] = { 0 };
	const struct ledger_kind *k;
	size_t have = 0, at = 0;
	int i = 0;

	while (i < LEDGER_SCOPES && ledger_kinds[i].letter != key[0])
		i++;
	if (i == LEDGER_SCOPES)
		return false;
	*s = (enum ledger_scope)i;
	k = &ledger_kinds[i];
	while (have < LEDGER_NUMBERS_MAX && rest.len > 0 &&
	    view_split(&rest, ':', &part)) {
		AUTO_FREE char *text = view_dup(part);
		struct err ignored = ERR_INIT;

		if (num_u64(text, 0, INT64_MAX, &n[have++], &ignored) == -1)
			return false;
	}
	*who = (struct ledger_who){ .run = k->run ? n[at++] : 0 };
	who->project = k->project ? n[at++] : 0;
	who->item = k->item ? n[at++] : 0;
	return have == at + k->day;
}

void
ledger_each_set(
    const struct ledger *l, int64_t now, ledger_set_fn *fn, void *arg)
{
	const uint64_t today = ledger_day(now);
	const char *key;
	size_t cursor = 0;
	void *v;

	while (map_next(l->accounts, &cursor, &key, &v)) {
		const struct ledger_account *a = v;
		struct ledger_set x = { .limit = a->limit,
			.frozen = a->frozen == LEDGER_FROZEN_ORDER };

		if ((x.limit < 0 && !x.frozen) ||
		    !ledger_who_of(key, &x.scope, &x.who) ||
		    (ledger_kinds[x.scope].day && a->day != today))
			continue;
		x.yes = ledger_yes_of(l, x.scope, &x.who);
		fn(&x, arg);
	}
}

static void
ledger_drop_run(struct ledger *l, uint64_t run)
{
	const struct ledger_who who = { .run = run };
	char key[LEDGER_KEY_MAX];

	if (ledger_key(LEDGER_RUN, &who, 0, key))
		free(map_del(l->accounts, key));
}

void
ledger_forget_run(struct ledger *l, uint64_t run)
{
	struct err e = ERR_INIT;

	if (journal_add(l->journal, &e, "Z %" PRIu64, run) == -1)
		log_error("ledger forget err=%s", log_val(e.msg));
	ledger_drop_run(l, run);
}

/* Numbers with a space between; -1 in the last counts as UINT64_MAX. */
static int
ledger_numbers(struct view text, uint64_t *out, size_t want, struct err *e)
{
	struct view part;
	size_t n = 0;

	while (text.len > 0 && view_split(&text, ' ', &part)) {
		AUTO_FREE char *s = view_dup(part);

		if (n == want)
			return err_set(e, ERR_PROTO, "too many numbers");
		if (strcmp(s, "-1") == 0)
			out[n] = UINT64_MAX;
		else if (num_u64(s, 0, INT64_MAX, &out[n], e) == -1)
			return -1;
		n++;
	}
	return n == want ? 0 : err_set(e, ERR_PROTO, "too few numbers");
}

static int
ledger_replay_reserve(struct ledger *l, struct view text, struct err *e)
{
	uint64_t n[LEDGER_NUMBERS_MAX] = { 0 };
	struct ledger_pending p;

	if (ledger_numbers(text, n, 6, e) == -1)
		return -1;
	p.who = (struct ledger_who){ n[1], n[2], n[3] };
	p.day = n[4];
	p.micros = (int64_t)n[5];
	ledger_hold(l, n[0], &p);
	return 0;
}

static int
ledger_replay_settle(struct ledger *l, struct view text, struct err *e)
{
	uint64_t n[2] = { 0 };

	if (ledger_numbers(text, n, 2, e) == -1)
		return -1;
	(void)ledger_settle_one(l, n[0], (int64_t)n[1]);
	return 0;
}

/* "KEY NUMBER"; NULL when it is not. */
static struct ledger_account *
ledger_replay_keyed(
    struct ledger *l, struct view text, int64_t *value, struct err *e)
{
	AUTO_FREE char *name = NULL;
	struct ledger_account *a;
	struct view key;
	uint64_t n = 0, day = 0;
	const char *last;

	if (!view_split(&text, ' ', &key) || key.len == 0 ||
	    key.len >= LEDGER_KEY_MAX) {
		err_set(e, ERR_PROTO, "no account");
		return NULL;
	}
	if (ledger_numbers(text, &n, 1, e) == -1)
		return NULL;
	name = view_dup(key);
	last = strrchr(name, ':');
	if ((name[0] == 'q' || name[0] == 'd') && last != NULL &&
	    num_u64(last + 1, 0, INT64_MAX, &day, e) == -1)
		return NULL;
	a = ledger_account(l, name);
	a->day = day;
	*value = n == UINT64_MAX ? -1 : (int64_t)n;
	return a;
}

static int
ledger_replay_account(
    struct ledger *l, char what, struct view text, struct err *e)
{
	int64_t value = 0;
	struct ledger_account *a = ledger_replay_keyed(l, text, &value, e);

	if (a == NULL)
		return -1;
	if (what == 'A')
		a->spent = value;
	else if (what == 'L')
		a->limit = value;
	else if (what == 'Y')
		a->yes = value;
	else
		a->frozen = value < 0 ? LEDGER_FROZEN_ORDER : value;
	return 0;
}

int
ledger_replay(struct ledger *l, struct view line, struct err *e)
{
	struct view text = view_from(line, 2);
	uint64_t run = 0;

	if (line.len <= 2 || line.p[1] != ' ')
		return 1;
	switch (line.p[0]) {
	case 'R':
		return ledger_replay_reserve(l, text, e);
	case 'S':
		return ledger_replay_settle(l, text, e);
	case 'A':
	case 'L':
	case 'F':
	case 'Y':
		return ledger_replay_account(l, line.p[0], text, e);
	case 'Z':
		if (ledger_numbers(text, &run, 1, e) == -1)
			return -1;
		ledger_drop_run(l, run);
		return 0;
	default:
		return 1;
	}
}

unsigned
ledger_replay_end(struct ledger *l)
{
	size_t cursor = 0;
	unsigned n = 0;
	void *v;

	while (map_next(l->pending, &cursor, NULL, &v)) {
		const struct ledger_pending *p = v;

		ledger_move(l, p, -p->micros, p->micros);
		n++;
		free(v);
	}
	map_free(l->pending);
	l->pending = map_new();
	return n;
}

/* Accounts have what was reserved taken off and added again by its own line. */
void
ledger_snapshot(struct ledger *l, struct str *out, int64_t now)
{
	uint64_t today = ledger_day(now);
	const char *key;
	size_t cursor = 0;
	void *v;

	while (map_next(l->accounts, &cursor, &key, &v)) {
		const struct ledger_account *a = v;

		if (a->day != 0 && a->day + LEDGER_DAYS_KEPT < today &&
		    a->reserved == 0) {
			free(map_del(l->accounts, key));
			continue;
		}
		journal_put(out, "A %s %" PRId64, key, a->spent);
		if (a->limit >= 0)
			journal_put(out, "L %s %" PRId64, key, a->limit);
		if (a->frozen)
			journal_put(out, "F %s %" PRId64, key, a->frozen);
		if (a->yes > 0)
			journal_put(out, "Y %s %" PRId64, key, a->yes);
	}
	cursor = 0;
	while (map_next(l->pending, &cursor, &key, &v)) {
		const struct ledger_pending *p = v;

		journal_put(out,
		    "R %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %" PRId64,
		    key, p->who.run, p->who.project, p->who.item, p->day,
		    p->micros);
	}
}
