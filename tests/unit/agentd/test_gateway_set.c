#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/gateway/journal.h"
#include "agentd/gateway/ledger.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#define NOW ((int64_t)20000 * 86400000)

/* A ledger whose journal is read again. */
struct set {
	char path[64];
	struct journal *journal;
	struct ledger *ledger;
};

static const struct ledger_who who_one = { 1, 7, 3 };

static int
set_on_line(struct view line, void *arg, struct err *e)
{
	const struct set *b = arg;

	return ledger_replay(b->ledger, line, e);
}

static void
set_snapshot(struct str *out, void *arg)
{
	const struct set *b = arg;

	ledger_snapshot(b->ledger, out, NOW);
}

static void
set_open(struct set *b)
{
	static const struct ledger_limits limits = { .of = { 0 } };
	const struct journal_spec spec = { .path = b->path,
		.replay = set_on_line,
		.snapshot = set_snapshot,
		.arg = b };
	struct err e = ERR_INIT;

	b->ledger = ledger_new(&limits);
	b->journal = journal_open(&spec, &e);
	assert_non_null(b->journal);
	ledger_set_journal(b->ledger, b->journal);
}

static void
set_close(struct set *b)
{
	ledger_free(b->ledger);
	journal_close(b->journal);
}

static void
set_new(struct set *b)
{
	int fd;

	(void)snprintf(b->path, sizeof(b->path), "/tmp/coffer-set.XXXXXX");
	fd = mkstemp(b->path);
	assert_true(fd >= 0);
	close(fd);
	set_open(b);
}

static void
set_end(struct set *b)
{
	set_close(b);
	(void)unlink(b->path);
}

static void
set_on_set(const struct ledger_set *x, void *arg)
{
	str_addf(arg, "%s %d/%d/%d %d%s %d, ", ledger_scope_name(x->scope),
	    (int)x->who.run, (int)x->who.project, (int)x->who.item,
	    (int)x->limit, x->frozen ? " frozen" : "", (int)x->yes);
}

static void
set_expect_set(const struct set *b, int64_t now, const char *want)
{
	struct str got = STR_INIT;
	struct view rest = view_of(want), one;

	ledger_each_set(b->ledger, now, set_on_set, &got);
	assert_int_equal(got.len, strlen(want));
	/* In whatever order. */
	while (rest.len > 0 && view_split(&rest, ',', &one)) {
		char text[80];

		(void)snprintf(
		    text, sizeof(text), "%.*s,", (int)one.len, one.p);
		assert_non_null(
		    strstr(str_cstr(&got), text + strspn(text, " ")));
	}
	str_release(&got);
}

static void
what_was_set_is_told(void **state)
{
	const struct ledger_who nobody = { 0, 0, 0 };
	const struct ledger_yes yes = { 5, 2000, 4000, NOW };
	struct set b;
	struct err e = ERR_INIT;
	struct ledger_no no;
	uint64_t seq = 0;
	bool is_new;

	(void)state;
	set_new(&b);
	assert_int_equal(ledger_reserve(b.ledger,
			     &(const struct ledger_ask){ who_one, 0, 600, NOW },
			     &seq, &no, &e),
	    0);
	ledger_settle(b.ledger, seq, 70);
	set_expect_set(&b, NOW, "");
	assert_int_equal(
	    ledger_raise(b.ledger, LEDGER_ITEM, &who_one, &yes, &is_new, &e),
	    0);
	assert_int_equal(
	    ledger_set_limit(b.ledger, LEDGER_DAY, &nobody, 9, NOW, &e), 0);
	assert_int_equal(ledger_set_limit(b.ledger, LEDGER_PROJECT_DAY,
			     &who_one, 0, NOW, &e),
	    0);
	assert_int_equal(
	    ledger_freeze(b.ledger, LEDGER_ALL, &nobody, true, NOW, &e), 0);
	/* It ran out by itself: nobody set that. */
	assert_int_equal(
	    ledger_freeze_at(b.ledger, &who_one, LEDGER_RUN, 1000, NOW, &e), 0);
	set_close(&b);
	set_open(&b);
	set_expect_set(&b, NOW,
	    "item 0/7/3 4000 5, day 0/0/0 9 0, project_day 0/7/0 0 0, "
	    "all 0/0/0 -1 frozen 0, ");
	set_expect_set(&b, NOW + (int64_t)86400000,
	    "item 0/7/3 4000 5, all 0/0/0 -1 frozen 0, ");
	assert_int_equal(
	    ledger_set_limit(b.ledger, LEDGER_ITEM, &who_one, -1, NOW, &e), 0);
	assert_int_equal(
	    ledger_freeze(b.ledger, LEDGER_ALL, &nobody, false, NOW, &e), 0);
	set_expect_set(&b, NOW + (int64_t)86400000, "");
	set_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_set_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
