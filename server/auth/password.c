#include "server/auth/password.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "server/auth/bucket.h"

enum {
	PASSWORD_KEY = 32,
	PASSWORD_INPUT_MAX = 1000,
	PASSWORD_BUSY_MS = 1000
};

/* Nobody's: no password is known that gives it. */
#define PASSWORD_NOBODY                                         \
	"$argon2id$v=19$m=65536,t=2,p=1$0U+ZrLv8PTo/mUhl81g0Eg" \
	"$XseU+ukyT7UHqHag+tCHErulWSbZRRUNoY5vcBHXH6c"

struct password_job {
	TAILQ_ENTRY(password_job) entry;
	struct passwords *p;
	unsigned char key[PASSWORD_KEY]; /* of a check */
	struct str input;
	struct child *child; /* NULL: it waits for its turn */
	struct timer *slow;  /* before that; NULL: it need not */
	TAILQ_HEAD(, password_wait) waits;
	char account[NAME_LEN_MAX + 3]; /* keys of the buckets */
	char address[80];
	char pair[NAME_LEN_MAX + 3 + 80];
	password_hash_fn *hash_fn; /* of a hash, else NULL */
	void *arg;
};

struct password_wait {
	TAILQ_ENTRY(password_wait) entry;
	struct password_job *job; /* NULL: decided, the call is due */
	struct passwords *p;
	password_fn *fn; /* NULL: cancelled */
	void *arg;
	enum password_verdict verdict;
	int64_t retry_ms;
};

struct password_cached {
	unsigned char key[PASSWORD_KEY];
	int64_t until;
};

TAILQ_HEAD(password_jobs, password_job);

struct passwords {
	struct loop *loop;
	const char *const *argv;
	int64_t (*now)(void);
	unsigned char secret[crypto_generichash_KEYBYTES];
	struct buckets *pairs;
	struct buckets *addresses;
	struct buckets *accounts;
	struct password_jobs jobs; /* in the order they came */
	unsigned running;
	unsigned waiting;
	unsigned slow; /* of those */
	struct password_cached cached[PASSWORD_CACHED_MAX];
};

int
password_check_new(const char *password, struct err *e)
{
	size_t n = strlen(password);

	if (n < PASSWORD_MIN || n > CREDENTIAL_PASSWORD_MAX)
		return err_set(e, ERR_INVALID, "password: want %d to %d bytes",
		    PASSWORD_MIN, CREDENTIAL_PASSWORD_MAX);
	if (credential_is_secret(view_of(password)) ||
	    strcmp(password, "x-oauth-basic") == 0)
		return err_set(
		    e, ERR_INVALID, "password: it would be taken for a token");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)password[i] < ' ' || password[i] == 0x7f)
			return err_set(e, ERR_INVALID,
			    "password: it has a control character");
	return 0;
}

struct passwords *
passwords_new(struct loop *l, const char *const *argv, int64_t (*now)(void))
{
	struct passwords *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->argv = argv;
	p->now = now;
	rnd_bytes(p->secret, sizeof(p->secret));
	p->pairs = buckets_new(1000 / PASSWORD_PAIR_S, PASSWORD_PAIR_BURST);
	p->accounts = buckets_new(
	    1000 / PASSWORD_ACCOUNT_S, PASSWORD_ACCOUNT_BURST);
	p->addresses = buckets_new(
	    1000 / PASSWORD_ADDRESS_S, PASSWORD_ADDRESS_BURST);
	TAILQ_INIT(&p->jobs);
	return p;
}

static void
password_job_free(struct password_job *j)
{
	TAILQ_REMOVE(&j->p->jobs, j, entry);
	timer_free(j->slow);
	if (j->input.p != NULL)
		explicit_bzero(j->input.p, j->input.len);
	str_release(&j->input);
	free(j);
}

void
passwords_free(struct passwords *p)
{
	struct password_job *j, *next;

	if (p == NULL)
		return;
	loop_drain(p->loop); /* calls that are due, and this one's turns */
	TAILQ_FOREACH_SAFE(j, &p->jobs, entry, next)
	{
		struct password_wait *w, *next_w;

		TAILQ_FOREACH_SAFE(w, &j->waits, entry, next_w)
		free(w);
		if (j->child != NULL)
			child_forget(j->child);
		password_job_free(j);
	}
	buckets_free(p->pairs);
	buckets_free(p->accounts);
	buckets_free(p->addresses);
	explicit_bzero(p, sizeof(*p));
	free(p);
}

static void
password_key(const struct passwords *p, const struct password_ask *ask,
    unsigned char key[PASSWORD_KEY])
{
	crypto_generichash_state st;

	crypto_generichash_init(
	    &st, p->secret, sizeof(p->secret), PASSWORD_KEY);
	crypto_generichash_update(
	    &st, (const unsigned char *)&ask->user_id, sizeof(ask->user_id));
	/* With their NULs, so that the parts cannot run together. */
	crypto_generichash_update(&st, (const unsigned char *)ask->login,
	    ask->user_id == 0 ? strlen(ask->login) + 1 : 0);
	crypto_generichash_update(
	    &st, (const unsigned char *)ask->hash, strlen(ask->hash) + 1);
	crypto_generichash_update(&st, (const unsigned char *)ask->password,
	    strlen(ask->password) + 1);
	crypto_generichash_final(&st, key, PASSWORD_KEY);
	sodium_memzero(&st, sizeof(st));
}

static struct password_cached *
password_cached(struct passwords *p, const unsigned char key[PASSWORD_KEY])
{
	for (size_t i = 0; i < PASSWORD_CACHED_MAX; i++)
		if (p->cached[i].until > p->now() &&
		    sodium_memcmp(p->cached[i].key, key, PASSWORD_KEY) == 0)
			return &p->cached[i];
	return NULL;
}

bool
passwords_known(struct passwords *p, const struct password_ask *ask)
{
	unsigned char key[PASSWORD_KEY];

	if (ask->user_id == 0 || ask->hash[0] == '\0')
		return false;
	password_key(p, ask, key);
	return password_cached(p, key) != NULL;
}

static void
password_remember(struct passwords *p, const unsigned char key[PASSWORD_KEY])
{
	struct password_cached *oldest = &p->cached[0];

	for (size_t i = 1; i < PASSWORD_CACHED_MAX; i++)
		if (p->cached[i].until < oldest->until)
			oldest = &p->cached[i];
	memcpy(oldest->key, key, PASSWORD_KEY);
	oldest->until = p->now() + PASSWORD_CACHE_MS;
}

static void
password_wait_on_turn(void *arg)
{
	struct password_wait *w = arg;

	if (w->fn != NULL)
		w->fn(w->verdict, w->retry_ms, w->arg);
	free(w);
}

/* The call comes in the next turn. */
static void
password_wait_end(
    struct password_wait *w, enum password_verdict v, int64_t retry_ms)
{
	w->job = NULL;
	w->verdict = v;
	w->retry_ms = retry_ms;
	loop_defer(w->p->loop, password_wait_on_turn, w);
}

static void
password_job_end(struct password_job *j, enum password_verdict v)
{
	struct passwords *p = j->p;
	struct password_wait *w, *next;

	if (v == PASSWORD_RIGHT || v == PASSWORD_BUSY) {
		buckets_give(p->pairs, view_of(j->pair), p->now());
		buckets_give(p->addresses, view_of(j->address), p->now());
		buckets_give(p->accounts, view_of(j->account), p->now());
	}
	if (v == PASSWORD_RIGHT)
		password_remember(p, j->key);
	TAILQ_FOREACH_SAFE(w, &j->waits, entry, next)
	password_wait_end(w, v, v == PASSWORD_BUSY ? PASSWORD_BUSY_MS : 0);
}

static void passwords_run(struct passwords *p);

static void
password_on_exit(const struct child_exit *x, void *arg)
{
	struct password_job *j = arg;
	struct passwords *p = j->p;
	struct err e = ERR_INIT;
	bool ok = child_check(x, "password worker", &e) == 0;

	if (!ok)
		log_error("password worker reason=%s", log_val(e.msg));
	p->running--;
	j->child = NULL;
	if (j->hash_fn != NULL)
		j->hash_fn(
		    ok && x->outlen <= PASSWORD_HASH_MAX ? x->out : "", j->arg);
	else
		password_job_end(j,
		    !ok                            ? PASSWORD_BUSY
			: strcmp(x->out, "1") == 0 ? PASSWORD_RIGHT
						   : PASSWORD_WRONG);
	password_job_free(j);
	passwords_run(p);
}

static int
password_job_start(struct password_job *j, struct err *e)
{
	static const char *const env[] = { "LC_ALL=C", NULL };
	const struct child_spec spec = { .argv = j->p->argv,
		.envp = env,
		.in = CHILD_BYTES,
		.in_bytes = j->input.p,
		.in_len = j->input.len,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.limit_ms = PASSWORD_LIMIT_MS,
		.on_exit = password_on_exit,
		.arg = j };

	return child_start(j->p->loop, &spec, &j->child, e);
}

static void
passwords_run(struct passwords *p)
{
	struct password_job *j, *next;
	struct err e = ERR_INIT;

	TAILQ_FOREACH_SAFE(j, &p->jobs, entry, next)
	{
		if (p->running == PASSWORD_AT_ONCE)
			return;
		if (j->child != NULL || j->slow != NULL)
			continue;
		p->waiting--;
		if (password_job_start(j, &e) == 0) {
			p->running++;
			continue;
		}
		log_error("password worker reason=%s", log_val(e.msg));
		if (j->hash_fn != NULL)
			j->hash_fn("", j->arg);
		else
			password_job_end(j, PASSWORD_BUSY);
		password_job_free(j);
	}
}

static void
passwords_on_turn(void *arg)
{
	passwords_run(arg);
}

static struct password_job *
password_job_new(
    struct passwords *p, char what, const char *hash, const char *password)
{
	struct password_job *j = xcalloc(1, sizeof(*j));

	j->p = p;
	TAILQ_INIT(&j->waits);
	j->input = STR_INIT_MAX(PASSWORD_INPUT_MAX);
	str_addf(&j->input, "%c%s\n%s", what, hash, password);
	TAILQ_INSERT_TAIL(&p->jobs, j, entry);
	p->waiting++;
	loop_defer(p->loop, passwords_on_turn, p);
	return j;
}

static struct password_job *
password_job_find(struct passwords *p, const unsigned char key[PASSWORD_KEY])
{
	struct password_job *j;

	TAILQ_FOREACH(j, &p->jobs, entry)
	if (j->hash_fn == NULL && memcmp(j->key, key, PASSWORD_KEY) == 0)
		return j;
	return NULL;
}

static void
password_job_names(struct password_job *j, const struct password_ask *ask)
{
	(void)snprintf(j->account, sizeof(j->account), "%s", ask->login);
	for (char *c = j->account; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	(void)snprintf(j->address, sizeof(j->address), "%s", ask->address);
	(void)snprintf(
	    j->pair, sizeof(j->pair), "%s\n%s", j->account, j->address);
}

/* Takes one of each; none of any when he is to come again.  *slow: the account
 * has none left. */
static bool
password_throttle(struct password_job *names, bool *slow, int64_t *retry_ms)
{
	struct passwords *p = names->p;
	int64_t now = p->now(), ignored;

	*slow = false;
	if (!buckets_take(p->addresses, view_of(names->address), now, retry_ms))
		return false;
	if (!buckets_take(p->pairs, view_of(names->pair), now, retry_ms)) {
		buckets_give(p->addresses, view_of(names->address), now);
		return false;
	}
	if (buckets_take(p->accounts, view_of(names->account), now, &ignored))
		return true;
	*slow = true;
	if (p->slow < PASSWORD_SLOW_MAX)
		return true;
	*retry_ms = PASSWORD_SLOW_MS;
	buckets_give(p->addresses, view_of(names->address), now);
	buckets_give(p->pairs, view_of(names->pair), now);
	return false;
}

static void
password_on_slow(void *arg)
{
	struct password_job *j = arg;

	timer_free(j->slow);
	j->slow = NULL;
	j->p->slow--;
	passwords_run(j->p);
}

struct password_wait *
passwords_ask(struct passwords *p, const struct password_ask *ask,
    password_fn *fn, void *arg)
{
	struct password_wait *w = xcalloc(1, sizeof(*w));
	struct password_job *j, names = { .p = p };
	unsigned char key[PASSWORD_KEY];
	int64_t retry_ms = PASSWORD_BUSY_MS;
	bool slow;

	w->p = p;
	w->fn = fn;
	w->arg = arg;
	password_key(p, ask, key);
	j = password_job_find(p, key);
	if (j == NULL) {
		password_job_names(&names, ask);
		if (p->waiting >= PASSWORD_WAITING_MAX) {
			password_wait_end(w, PASSWORD_BUSY, retry_ms);
			return w;
		}
		if (!password_throttle(&names, &slow, &retry_ms)) {
			password_wait_end(w, PASSWORD_THROTTLED, retry_ms);
			return w;
		}
		j = password_job_new(p, 'v',
		    ask->hash[0] != '\0' ? ask->hash : PASSWORD_NOBODY,
		    ask->password);
		memcpy(j->key, key, sizeof(key));
		memcpy(j->account, names.account, sizeof(j->account));
		memcpy(j->address, names.address, sizeof(j->address));
		memcpy(j->pair, names.pair, sizeof(j->pair));
		if (slow) {
			p->slow++;
			j->slow = timer_new(p->loop, password_on_slow, j);
			timer_set(j->slow, PASSWORD_SLOW_MS);
		}
	}
	w->job = j;
	TAILQ_INSERT_TAIL(&j->waits, w, entry);
	return w;
}

/* What was asked goes on, so that leaving does not save a guesser anything. */
void
passwords_cancel(struct password_wait *w)
{
	if (w->job == NULL) {
		w->fn = NULL;
		return;
	}
	TAILQ_REMOVE(&w->job->waits, w, entry);
	free(w);
}

void
passwords_hash(
    struct passwords *p, const char *password, password_hash_fn *fn, void *arg)
{
	struct password_job *j = password_job_new(p, 'h', "", password);

	j->hash_fn = fn;
	j->arg = arg;
}
