#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agentd/gateway/grants.h"
#include "agentd/gateway/journal.h"
#include "agentd/gateway/ledger.h"
#include "agentd/gateway/price.h"
#include "agentd/gateway/refuse.h"
#include "agentd/gateway/scrub.h"
#include "agentd/gateway/usage.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

#define NOW ((int64_t)20000 * 86400000)

static void
the_longest_name_has_the_price(void **state)
{
	struct prices *p = prices_new();
	struct err e = ERR_INIT;
	struct price x;

	(void)state;
	assert_int_equal(prices_parse(p, "t",
			     VIEW_LIT("# names\n"
				      "gpt* 1 1 1 10 1000 100\n"
				      "gpt-5* 2 2 2 20 2000 200 # newer\n"
				      "\n"
				      "gpt-5-mini 3 3 3 30 3000 300\n"),
			     &e),
	    0);
	assert_true(prices_find(p, "gpt-5-mini", &x));
	assert_int_equal(x.input, 3000000);
	assert_true(prices_find(p, "gpt-5-mini-2", &x));
	assert_int_equal(x.input, 2000000);
	assert_true(prices_find(p, "openai/gpt-4", &x));
	assert_int_equal(x.max_output, 100);
	assert_false(prices_find(p, "other", &x));
	assert_int_equal(x.output, 30000000);
	assert_int_equal(x.max_output, PRICE_UNKNOWN_OUTPUT);
	assert_int_equal(
	    price_of(&x, &(const struct tokens){ .input = 1, .output = 100 }),
	    3 + 3000);
	assert_int_equal(prices_parse(p, "t", VIEW_LIT("x 1 2\n"), &e), -1);
	assert_string_equal(e.msg, "t:1: expected a model and six numbers");
	assert_int_equal(
	    prices_parse(p, "t", VIEW_LIT("\na*b 1 1 1 1 1 1\n"), &e), -1);
	prices_free(p);
}

static void
the_shipped_prices_can_be_read(void **state)
{
	static const struct {
		const char *model;
		int64_t dollars; /* of a million tokens of output */
	} rows[] = {
		{ "o3-pro-2025-06-10", 80 },
		{ "o3-deep-research", 40 },
		{ "o3", 8 },
		{ "o1-pro", 600 },
		{ "o1", 60 },
		{ "gpt-4", 60 },
		{ "gpt-4-0613", 60 },
		{ "gpt-4-turbo", 30 },
		{ "gpt-4-vision-preview", 60 },
		{ "gpt-4o", 10 },
		{ "gpt-4o-audio-preview", 80 },
		{ "openai/gpt-5-codex", 10 },
		{ "gpt-5-pro", 120 },
		{ "deepseek/deepseek-r1:free", 8 },
	};
	AUTO_STR struct str text = STR_INIT;
	struct prices *p = prices_new();
	struct err e = ERR_INIT;
	struct price x;

	(void)state;
	assert_int_equal(
	    path_read("models/prices", PRICE_FILE_MAX, &text, &e), 0);
	assert_int_equal(prices_parse(p, "prices", str_view(&text), &e), 0);
	assert_true(prices_find(p, "claude-sonnet-4-5-20250929", &x));
	assert_int_equal(x.output, 15000000);
	assert_true(prices_find(p, "claude-opus-5-5", &x));
	assert_int_equal(x.output, 25000000);
	assert_int_equal(x.context, 1000000);
	assert_true(prices_find(p, "claude-opus-4-1-20250805", &x));
	assert_int_equal(x.output, 75000000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(prices_find(p, rows[i].model, &x));
		assert_int_equal(x.output, rows[i].dollars * 1000000);
	}
	/* A name that is not known costs as the dearest. */
	assert_false(prices_find(p, "gpt-6", &x));
	assert_false(prices_find(p, "gpt-5.9-ultra", &x));
	assert_int_equal(x.output, 600000000);
	prices_free(p);
}

static struct usage
usage_of(const char *text, bool events)
{
	struct usage_reader r;
	struct usage u;

	usage_init(&r, events);
	/* In the worst pieces. */
	for (; *text != '\0'; text++)
		usage_feed(&r, (struct view){ text, 1 });
	usage_end(&r);
	u = r.usage;
	usage_release(&r);
	return u;
}

static void
usage_is_read_from_each_kind_of_reply(void **state)
{
	struct usage u;

	(void)state;
	u = usage_of("{\"type\":\"message\",\"model\":\"m\",\"usage\":{"
		     "\"input_tokens\":10,\"cache_creation_input_tokens\":2,"
		     "\"cache_read_input_tokens\":3,\"output_tokens\":4}}",
	    false);
	assert_true(u.complete);
	assert_string_equal(u.model, "m");
	assert_int_equal(u.tokens.input, 10);
	assert_int_equal(u.tokens.cache_write, 2);
	assert_int_equal(u.tokens.cache_read, 3);
	assert_int_equal(u.tokens.output, 4);
	u = usage_of("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,"
		     "\"completion_tokens\":4,\"prompt_tokens_details\":{"
		     "\"cached_tokens\":3},\"cost\":0.0125}}",
	    false);
	assert_true(u.complete);
	assert_int_equal(u.tokens.input, 7);
	assert_int_equal(u.tokens.cache_read, 3);
	assert_int_equal(u.cost, 12500);
	u = usage_of("event: response.completed\r\n"
		     "data: {\"type\":\"response.completed\",\"response\":{"
		     "\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{"
		     "\"cached_tokens\":20},\"output_tokens\":4}}}\r\n\r\n",
	    true);
	assert_true(u.complete);
	assert_int_equal(u.tokens.input, 0);
	assert_int_equal(u.tokens.cache_read, 10);
	assert_int_equal(u.tokens.output, 4);
	assert_int_equal(u.cost, -1);
}

static void
writes_for_an_hour_cost_twice_the_input(void **state)
{
	const struct price p = { .input = 3000000, .cache_write = 3750000 };
	struct usage u;

	(void)state;
	u = usage_of("data: {\"type\":\"message_start\",\"message\":{"
		     "\"usage\":{\"input_tokens\":1,"
		     "\"cache_creation_input_tokens\":100,"
		     "\"cache_creation\":{\"ephemeral_5m_input_tokens\":60,"
		     "\"ephemeral_1h_input_tokens\":40},"
		     "\"output_tokens\":1}}}\n\n"
		     "data: {\"type\":\"message_delta\",\"usage\":{"
		     "\"cache_creation_input_tokens\":100,"
		     "\"output_tokens\":0}}\n\n",
	    true);
	assert_true(u.complete);
	assert_int_equal(u.tokens.cache_write, 60);
	assert_int_equal(u.tokens.cache_long, 40);
	assert_int_equal(price_of(&p, &u.tokens), 3 + 225 + 240);
}

static const char
    usage_start[] = "event: message_start\n"
		    "data: {\"type\":\"message_start\",\"message\":{\"usage\":{"
		    "\"input_tokens\":10,\"output_tokens\":1}}}\n\n";

static void
a_stream_that_breaks_is_not_complete(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct usage u = usage_of(usage_start, true);

	(void)state;
	assert_true(u.any);
	assert_false(u.complete);
	assert_int_equal(u.tokens.input, 10);
	str_add(&s, usage_start);
	str_add(&s,
	    "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":"
	    "\"{\\\"usage\\\":{\\\"output_tokens\\\":0}}\"}}\n"
	    "data: {\"type\":\"message_delta\",\"usage\":{"
	    "\"output_tokens\":90}}\n\n");
	u = usage_of(str_cstr(&s), true);
	assert_true(u.complete);
	assert_int_equal(u.tokens.output, 90);
	u = usage_of("data: {\"type\":\"error\",\"error\":{}}\n\n", true);
	assert_true(u.failed);
}

static void
usage_that_makes_no_sense_is_not_believed(void **state)
{
	struct usage u = usage_of("{\"type\":\"message\",\"usage\":{"
				  "\"input_tokens\":-5,\"output_tokens\":"
				  "1e300}}",
	    false);

	(void)state;
	assert_false(u.any);
	assert_false(u.complete);
	u = usage_of("{\"usage\":[1]}", false);
	assert_false(u.any);
	u = usage_of("{\"usage\":", false);
	assert_false(u.any);
}

static void
a_long_line_is_passed_over(void **state)
{
	static const char last[] = "\ndata: {\"type\":\"message_delta\","
				   "\"usage\":{\"output_tokens\":9}}\n";
	AUTO_STR struct str s = STR_INIT;
	struct usage_reader r;

	(void)state;
	str_add(&s, "data: ");
	while (s.len <= USAGE_TEXT_MAX)
		str_add(&s, "0123456789abcdef");
	str_add(&s, last);
	usage_init(&r, true);
	usage_feed(&r, str_view(&s));
	usage_end(&r);
	assert_true(r.usage.complete);
	assert_int_equal(r.usage.tokens.output, 9);
	usage_release(&r);
}

static void
a_secret_does_not_pass_in_pieces(void **state)
{
	static const char text[] = "one sk-abc sk-abcdefgh-- two";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		AUTO_STR struct str out = STR_INIT;
		struct view in = view_of(text);
		struct scrub s;
		bool clean = true;

		scrub_init(&s, VIEW_LIT("sk-abcdefgh"));
		while (clean && in.len > 0) {
			size_t n = step < in.len ? step : in.len;

			clean = scrub_feed(&s, (struct view){ in.p, n }, &out);
			in = view_from(in, n);
		}
		assert_false(clean);
		assert_null(strstr(str_cstr(&out), "sk-abcd"));
		scrub_release(&s);
	}
}

struct books {
	char path[64];
	struct journal *journal;
	struct ledger *ledger;
	struct grants *grants;
	unsigned unsettled;
};

static int
books_on_line(struct view line, void *arg, struct err *e)
{
	struct books *b = arg;
	int rc = ledger_replay(b->ledger, line, e);

	return rc == 1 ? grants_replay(b->grants, line, e) : rc;
}

static void
books_snapshot(struct str *out, void *arg)
{
	struct books *b = arg;

	if (b->journal == NULL)
		b->unsettled = ledger_replay_end(b->ledger);
	ledger_snapshot(b->ledger, out, NOW);
	grants_snapshot(b->grants, out, NOW);
}

static int
books_try(struct books *b, struct err *e)
{
	static const struct ledger_limits limits = { .of = {
							 [LEDGER_RUN] = 1000,
							 [LEDGER_ITEM] = 1500,
							 [LEDGER_DAY] = 5000,
						     } };
	const struct journal_spec spec = { .path = b->path,
		.replay = books_on_line,
		.snapshot = books_snapshot,
		.arg = b };

	b->ledger = ledger_new(&limits);
	b->grants = grants_new();
	b->journal = journal_open(&spec, e);
	ledger_set_journal(b->ledger, b->journal);
	grants_set_journal(b->grants, b->journal);
	return b->journal == NULL ? -1 : 0;
}

static void
books_open(struct books *b)
{
	struct err e = ERR_INIT;

	assert_int_equal(books_try(b, &e), 0);
}

static void
books_close(struct books *b)
{
	ledger_free(b->ledger);
	grants_free(b->grants);
	journal_close(b->journal);
	b->journal = NULL;
}

static void
books_new(struct books *b)
{
	int fd;

	memset(b, 0, sizeof(*b));
	(void)snprintf(b->path, sizeof(b->path), "/tmp/coffer-books.XXXXXX");
	fd = mkstemp(b->path);
	assert_true(fd >= 0);
	close(fd);
	books_open(b);
}

static void
books_end(struct books *b)
{
	books_close(b);
	(void)unlink(b->path);
}

static const struct ledger_who who_one = { 1, 7, 3 }, who_two = { 2, 7, 3 };

static int64_t
books_spent(const struct books *b, enum ledger_scope s)
{
	struct ledger_state x;

	ledger_look(b->ledger, s, &who_one, NOW, &x);
	return x.spent;
}

static uint64_t
books_reserve(struct books *b, const struct ledger_who *who, int64_t micros)
{
	const struct ledger_ask ask = { *who, 0, micros, NOW };
	struct ledger_no no;
	struct err e = ERR_INIT;
	uint64_t seq = 0;

	(void)ledger_reserve(b->ledger, &ask, &seq, &no, &e);
	return seq;
}

static void
a_budget_is_reserved_and_settled(void **state)
{
	struct books b;
	struct ledger_no no;
	struct err e = ERR_INIT;
	uint64_t one, two;

	(void)state;
	books_new(&b);
	one = books_reserve(&b, &who_one, 600);
	assert_true(one != 0);
	assert_int_equal(ledger_reserve(b.ledger,
			     &(const struct ledger_ask){ who_one, 0, 600, NOW },
			     &two, &no, &e),
	    -1);
	assert_int_equal(e.code, ERR_DENIED);
	assert_int_equal(no.scope, LEDGER_RUN);
	assert_true(no.later);
	ledger_settle(b.ledger, one, 100);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 100);
	ledger_settle(b.ledger, one, 100);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 100);
	two = books_reserve(&b, &who_one, 900);
	assert_true(two != 0);
	ledger_settle(b.ledger, two, 950);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 1050);
	assert_int_equal(ledger_reserve(b.ledger,
			     &(const struct ledger_ask){ who_one, 0, 1, NOW },
			     &two, &no, &e),
	    -1);
	assert_false(no.later);
	/* Another run of the same issue has what is left of that. */
	assert_true(books_reserve(&b, &who_two, 451) == 0);
	assert_true(books_reserve(&b, &who_two, 450) != 0);
	books_end(&b);
}

static void
what_was_not_settled_is_spent_after_a_crash(void **state)
{
	struct books b;
	uint64_t one;

	(void)state;
	books_new(&b);
	one = books_reserve(&b, &who_one, 600);
	ledger_settle(b.ledger, one, 100);
	assert_true(books_reserve(&b, &who_one, 300) != 0);
	books_close(&b);
	books_open(&b);
	assert_int_equal(b.unsettled, 1);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 400);
	assert_int_equal(books_spent(&b, LEDGER_ITEM), 400);
	assert_int_equal(books_spent(&b, LEDGER_ALL), 400);
	books_close(&b);
	books_open(&b);
	assert_int_equal(b.unsettled, 0);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 400);
	books_end(&b);
}

static void
a_file_that_is_written_anew_loses_nothing(void **state)
{
	struct books b;
	struct err e = ERR_INIT;
	char token[GRANT_TOKEN_MAX];
	const struct grant t = {
		.who = { 1, 7, 3 }, .expires = NOW + 1000, .providers = "a,b"
	};
	struct ledger_state s;
	uint64_t one;

	(void)state;
	books_new(&b);
	assert_int_equal(grants_make(b.grants, &t, token, &e), 0);
	one = books_reserve(&b, &who_one, 600);
	assert_int_equal(
	    ledger_set_limit(b.ledger, LEDGER_RUN, &who_one, 2000, NOW, &e), 0);
	assert_int_equal(
	    ledger_freeze(b.ledger, LEDGER_PROJECT, &who_one, true, NOW, &e),
	    0);
	assert_int_equal(journal_renew(b.journal, &e), 0);
	ledger_settle(b.ledger, one, 70);
	books_close(&b);
	books_open(&b);
	assert_int_equal(b.unsettled, 0);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 70);
	assert_true(books_reserve(&b, &who_one, 1) == 0);
	assert_int_equal(
	    ledger_freeze(b.ledger, LEDGER_PROJECT, &who_one, false, NOW, &e),
	    0);
	assert_int_equal(ledger_freeze_at(b.ledger, &who_one,
			     LEDGER_PROJECT_DAY, 2000, NOW, &e),
	    0);
	assert_int_equal(journal_renew(b.journal, &e), 0);
	books_close(&b);
	books_open(&b);
	ledger_look(b.ledger, LEDGER_RUN, &who_one, NOW, &s);
	assert_true(s.frozen && s.frozen_at == 2000);
	assert_int_equal(s.frozen_for, LEDGER_PROJECT_DAY);
	assert_int_equal(
	    ledger_freeze(b.ledger, LEDGER_RUN, &who_one, false, NOW, &e), 0);
	assert_true(books_reserve(&b, &who_one, 1400) != 0);
	assert_non_null(grants_find(b.grants, token, NOW));
	assert_true(grant_has_provider(grants_find(b.grants, token, NOW), "b"));
	assert_false(
	    grant_has_provider(grants_find(b.grants, token, NOW), "c"));
	books_end(&b);
}

static int64_t
books_yes(struct books *b, int64_t id, int64_t from, int64_t to, bool *is_new)
{
	const struct ledger_yes yes = { id, from, to, NOW };
	struct ledger_state s;
	struct err e = ERR_INIT;

	assert_int_equal(
	    ledger_raise(b->ledger, LEDGER_PROJECT, &who_one, &yes, is_new, &e),
	    0);
	ledger_look(b->ledger, LEDGER_PROJECT, &who_one, NOW, &s);
	return s.limit;
}

static void
a_yes_raises_a_limit_once(void **state)
{
	struct books b;
	struct err e = ERR_INIT;
	bool is_new;

	(void)state;
	books_new(&b);
	assert_int_equal(books_yes(&b, 5, 2000, 4000, &is_new), 4000);
	assert_true(is_new);
	/* The operator takes it back: the same yes, said again, is used up. */
	assert_int_equal(
	    ledger_set_limit(b.ledger, LEDGER_PROJECT, &who_one, 2000, NOW, &e),
	    0);
	assert_int_equal(books_yes(&b, 5, 2000, 4000, &is_new), 2000);
	assert_false(is_new);
	assert_int_equal(journal_renew(b.journal, &e), 0);
	books_close(&b);
	books_open(&b);
	assert_int_equal(ledger_yes_of(b.ledger, LEDGER_PROJECT, &who_one), 5);
	assert_int_equal(books_yes(&b, 5, 2000, 4000, &is_new), 2000);
	/* Of a limit that is another by now it is no yes, but it is used. */
	assert_int_equal(books_yes(&b, 6, 3000, 6000, &is_new), 2000);
	assert_true(is_new);
	assert_int_equal(books_yes(&b, 7, 2000, 4000, &is_new), 4000);
	books_close(&b);
	books_open(&b);
	assert_int_equal(books_yes(&b, 7, 4000, 8000, &is_new), 4000);
	assert_false(is_new);
	books_end(&b);
}

static void
a_token_has_an_end(void **state)
{
	struct books b;
	struct err e = ERR_INIT;
	char one[GRANT_TOKEN_MAX], two[GRANT_TOKEN_MAX];
	const struct grant t = { .who = { 1, 7, 3 }, .expires = NOW + 1000 };
	bool was;

	(void)state;
	books_new(&b);
	assert_int_equal(grants_make(b.grants, &t, one, &e), 0);
	assert_non_null(grants_find(b.grants, one, NOW + 999));
	assert_null(grants_find(b.grants, one, NOW + 1000));
	assert_int_equal(grants_make(b.grants, &t, two, &e), 0);
	assert_null(grants_find(b.grants, one, NOW));
	assert_non_null(grants_find(b.grants, two, NOW));
	assert_int_equal(grants_drop(b.grants, 1, 0, &was, &e), 0);
	assert_true(was);
	assert_null(grants_find(b.grants, two, NOW));
	books_close(&b);
	books_open(&b);
	assert_int_equal(grants_count(b.grants), 0);
	books_end(&b);
}

static void
an_end_that_the_journal_missed_is_told_and_written_anew(void **state)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct books b;
	struct err e = ERR_INIT;
	struct rlimit was_limit;
	char token[GRANT_TOKEN_MAX];
	const struct grant t = {
		.who = { 1, 7, 3 }, .expires = NOW + 1000, .web = true
	};
	bool was;

	(void)state;
	books_new(&b);
	assert_int_equal(grants_make(b.grants, &t, token, &e), 0);
	assert_false(journal_is_due(b.journal));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was_limit), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(grants_drop(b.grants, 1, 0, &was, &e), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was_limit), 0);
	assert_true(was);
	assert_null(grants_find(b.grants, token, NOW));
	assert_true(journal_is_due(b.journal));
	e = ERR_INIT;
	assert_int_equal(journal_renew(b.journal, &e), 0);
	assert_false(journal_is_due(b.journal));
	books_close(&b);
	books_open(&b);
	assert_null(grants_find(b.grants, token, NOW));
	books_end(&b);
}

static void
on_expired(const struct ledger_who *who, void *arg)
{
	struct books *b = arg;

	ledger_forget_run(b->ledger, who->run);
}

static void
a_token_that_nobody_ended_goes_with_its_account(void **state)
{
	struct books b;
	struct err e = ERR_INIT;
	char token[GRANT_TOKEN_MAX];
	struct grant t = { .who = who_one, .expires = NOW + 1000, .web = true };

	(void)state;
	books_new(&b);
	assert_int_equal(grants_make(b.grants, &t, token, &e), 0);
	t.who = who_two;
	t.expires = NOW + 5000;
	assert_int_equal(grants_make(b.grants, &t, token, &e), 0);
	ledger_settle(b.ledger, books_reserve(&b, &who_one, 600), 100);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 100);
	grants_expire(b.grants, NOW + 3000, on_expired, &b);
	assert_int_equal(grants_count(b.grants), 1);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 0);
	assert_int_equal(books_spent(&b, LEDGER_ITEM), 100);
	books_close(&b);
	books_open(&b);
	assert_int_equal(grants_count(b.grants), 1);
	assert_true(grants_find(b.grants, token, NOW)->web);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 0);
	books_end(&b);
}

static void
no_provider_fetches_for_a_project_that_is_shut(void **state)
{
	struct books b;
	struct err e = ERR_INIT;
	char token[GRANT_TOKEN_MAX], other[GRANT_TOKEN_MAX];
	struct grant t = { .who = who_one, .expires = NOW + 1000, .web = true };

	(void)state;
	books_new(&b);
	assert_int_equal(grants_make(b.grants, &t, token, &e), 0);
	t.who.run++;
	t.web = false;
	assert_int_equal(grants_make(b.grants, &t, other, &e), 0);
	assert_true(
	    grants_may_web(b.grants, grants_find(b.grants, token, NOW)));
	assert_int_equal(grants_shut(b.grants, who_one.project, true, &e), 0);
	assert_int_equal(grants_shut(b.grants, 0, true, &e), -1);
	/* From its line, then from a snapshot. */
	for (int i = 0; i < 2; i++) {
		assert_false(grants_may_web(
		    b.grants, grants_find(b.grants, token, NOW)));
		books_close(&b);
		books_open(&b);
	}
	assert_false(
	    grants_may_web(b.grants, grants_find(b.grants, token, NOW)));
	assert_int_equal(grants_shut(b.grants, who_one.project, false, &e), 0);
	books_close(&b);
	books_open(&b);
	assert_true(
	    grants_may_web(b.grants, grants_find(b.grants, token, NOW)));
	assert_false(
	    grants_may_web(b.grants, grants_find(b.grants, other, NOW)));
	books_end(&b);
}

static void
a_torn_end_is_dropped_and_a_damaged_middle_refused(void **state)
{
	AUTO_STR struct str all = STR_INIT;
	struct books b;
	struct err e = ERR_INIT;
	uint64_t one;

	(void)state;
	books_new(&b);
	one = books_reserve(&b, &who_one, 600);
	ledger_settle(b.ledger, one, 100);
	books_close(&b);
	assert_int_equal(path_read(b.path, 1 << 20, &all, &e), 0);
	/* The settlement was cut: the reservation counts. */
	assert_int_equal(
	    path_write_atomic(b.path, all.p, all.len - 3, 0600, &e), 0);
	books_open(&b);
	assert_int_equal(books_spent(&b, LEDGER_RUN), 600);
	books_close(&b);
	all.p[12] ^= 1;
	assert_int_equal(
	    path_write_atomic(b.path, all.p, all.len, 0600, &e), 0);
	assert_int_equal(books_try(&b, &e), -1);
	assert_non_null(strstr(e.msg, ":1: damaged"));
	books_end(&b);
}

static void
a_refusal_has_the_shape_of_its_client(void **state)
{
	AUTO_STR struct str a = STR_INIT;
	AUTO_STR struct str o = STR_INIT;

	(void)state;
	refuse_body(&a, PROVIDER_ANTHROPIC, REFUSE_BUDGET, "no \"more\"");
	assert_string_equal(str_cstr(&a),
	    "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
	    "\"message\":\"no \\\"more\\\"\",\"code\":\"budget_exceeded\"}}");
	refuse_body(&o, PROVIDER_OPENAI, REFUSE_BUDGET, "no");
	assert_string_equal(str_cstr(&o),
	    "{\"error\":{\"type\":\"budget_exceeded\",\"message\":\"no\","
	    "\"param\":null,\"code\":\"budget_exceeded\"}}");
	assert_int_equal(refuse_status(REFUSE_BUDGET), 403);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_name_has_the_price),
		cmocka_unit_test(the_shipped_prices_can_be_read),
		cmocka_unit_test(usage_is_read_from_each_kind_of_reply),
		cmocka_unit_test(writes_for_an_hour_cost_twice_the_input),
		cmocka_unit_test(a_stream_that_breaks_is_not_complete),
		cmocka_unit_test(usage_that_makes_no_sense_is_not_believed),
		cmocka_unit_test(a_long_line_is_passed_over),
		cmocka_unit_test(a_secret_does_not_pass_in_pieces),
		cmocka_unit_test(a_budget_is_reserved_and_settled),
		cmocka_unit_test(what_was_not_settled_is_spent_after_a_crash),
		cmocka_unit_test(a_file_that_is_written_anew_loses_nothing),
		cmocka_unit_test(a_yes_raises_a_limit_once),
		cmocka_unit_test(a_token_has_an_end),
		cmocka_unit_test(
		    no_provider_fetches_for_a_project_that_is_shut),
		cmocka_unit_test(
		    an_end_that_the_journal_missed_is_told_and_written_anew),
		cmocka_unit_test(
		    a_token_that_nobody_ended_goes_with_its_account),
		cmocka_unit_test(
		    a_torn_end_is_dropped_and_a_damaged_middle_refused),
		cmocka_unit_test(a_refusal_has_the_shape_of_its_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
