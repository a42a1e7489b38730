#include "tests/unit/server/store_fixture.h"

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/store/audit.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"

enum {
	LONG = 5000,
	ROWS = 9000,
	MIB = 1 << 20
};

/* n bytes of `with`, a text. */
static char *
text_of(const char *with, size_t n)
{
	struct str s = STR_INIT;

	while (s.len < n)
		str_add(&s, with);
	return str_steal(&s);
}

static int
describe(struct txn *t, void *arg, struct err *e)
{
	return db_exec(t, "UPDATE project SET description = ?, website = 'w'",
	    BINDS(S(arg)), NULL, e);
}

static struct audit_row
newest(struct fixture *f, struct audit_list *l)
{
	struct audit_filter one = { .newest = true, .limit = 1 };

	OK(audit_find(db_reader(f->db), &one, l, e));
	assert_int_equal(l->n, 1);
	return l->at[0];
}

/* 1023 bytes of "begins" fit, as the 1024th is within a character. */
static void
a_long_text_is_told_by_its_hash_and_beginning(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *a = text_of("€", LONG), *b = text_of("\"", LONG);
	struct audit_list l;
	struct audit_row r;
	struct json *j;
	struct err bad = ERR_INIT;

	OK(db_write_now(f->db, describe, a, e));
	OK(db_write_now(f->db, describe, b, e));
	r = newest(f, &l);
	assert_string_equal(r.what, "project.changed");
	assert_true(strlen(r.old) + strlen(r.new_) < 5000);
	j = json_parse(view_of(r.old), 0, &bad);
	assert_int_equal(
	    json_i64_or(json_get(j, "description"), "bytes", 0), 5001);
	assert_int_equal(
	    strlen(json_str_or(json_get(j, "description"), "begins", "")),
	    1023);
	/* printf '%0.s€' $(seq 1667) | sha256sum */
	assert_string_equal(
	    json_str_or(json_get(j, "description"), "sha256", ""),
	    "aef66a0a167e9eb35d29b9a69396d1270ee3825d6bc8e6b594a5b38572e56370");
	json_free(j);
	j = json_parse(view_of(r.new_), 0, &bad);
	assert_int_equal(
	    json_i64_or(json_get(j, "description"), "bytes", 0), 5000);
	json_free(j);
	audit_list_release(&l);
}

static int
add(struct txn *t, void *arg, struct err *e)
{
	return audit_add(t,
	    &(struct audit_new){ .what = "x.y", .subject = "", .details = arg },
	    e);
}

static void
only_what_is_long_is_shortened(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *a = text_of("a", 1024), *b = text_of("b", 1025);
	AUTO_FREE char *text = xasprintf(
	    "{\"n\":1795000000000,\"a\":\"%s\",\"b\":[\"%s\"],\"c\":[1]}", a,
	    b);
	AUTO_FREE char *opaque = xasprintf("no JSON %s", b);
	struct audit_list l;
	struct audit_row r;
	struct json *j;
	struct err bad = ERR_INIT;

	OK(db_write_now(f->db, add, text, e));
	r = newest(f, &l);
	j = json_parse(view_of(r.new_), 0, &bad);
	assert_int_equal(json_i64_or(j, "n", 0), 1795000000000);
	assert_string_equal(json_str_or(j, "a", ""), a);
	assert_int_equal(json_i64_or(json_get(j, "b"), "bytes", 0), 1029);
	assert_int_equal(json_count(json_get(j, "c")), 1);
	json_free(j);
	audit_list_release(&l);
	OK(db_write_now(f->db, add, opaque, e));
	r = newest(f, &l);
	j = json_parse(view_of(r.new_), 0, &bad);
	assert_int_equal(json_i64_or(j, "bytes", 0), 1033);
	json_free(j);
	audit_list_release(&l);
}

/* A row as it was written before texts had a bound. */
static int
add_old(struct txn *t, void *arg, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO audit (at, who_id, who, via, origin, request,"
	    " project_id, project, what, subject, event, old, new)"
	    " VALUES (1, 0, '', '', '', '', 0, '', 'old.row', '', 0, '', ?)",
	    BINDS(S(arg)), NULL, e);
}

static void
a_page_stops_at_a_mebibyte_but_has_a_row(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *some = text_of("a", MIB / 4),
		       *huge = text_of("b", 3 * MIB);
	struct audit_filter by = { .what = "old.row", .limit = 500 };
	const size_t want[] = { 4, 1, 1, 1 };
	struct audit_checked k;
	struct audit_list l;

	for (int i = 0; i < 4; i++)
		OK(db_write_now(f->db, add_old, some, e));
	OK(db_write_now(f->db, add_old, huge, e));
	OK(db_write_now(f->db, add_old, huge, e));
	OK(db_write_now(f->db, add_old, some, e));
	for (size_t i = 0; i < 4; i++) {
		OK(audit_find(db_reader(f->db), &by, &l, e));
		assert_int_equal(l.n, want[i]);
		assert_int_equal(l.more, i < 3);
		assert_true(i == 3 || l.next == l.at[l.n - 1].seq);
		by.after = l.next;
		audit_list_release(&l);
	}
	OK(audit_check(db_reader(f->db), AUDIT_CHECK_MAX, &k, e));
	assert_int_equal(k.bad, 0);
	assert_int_equal(k.n, 1);
}

static int
fill(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	return db_exec(t,
	    "WITH RECURSIVE x (i) AS (SELECT 100 UNION ALL"
	    " SELECT i + 1 FROM x WHERE i < ?)"
	    " INSERT INTO audit (seq, at, who_id, who, via, origin, request,"
	    " project_id, project, what, subject, event, old, new, hash)"
	    " SELECT i, i, 0, CASE WHEN i % 7 = 0 THEN 'Bob' WHEN i < 4000"
	    " THEN 'ann' ELSE '' END, '', '', '', i % 3, '', CASE i % 5"
	    " WHEN 0 THEN 'issue.closed' WHEN 1 THEN 'issue.opened'"
	    " WHEN 2 THEN 'issue' WHEN 3 THEN 'issues.x' ELSE"
	    " CASE WHEN i > 8900 THEN 'a.rare' ELSE 'issue-x' END END, '', 0, "
	    "'', '{}', 'h'"
	    " FROM x",
	    BINDS(I(ROWS)), NULL, e);
}

static int64_t
count(struct fixture *f, const struct audit_filter *by, const char *what_sql)
{
	AUTO_FREE char *sql = xasprintf("SELECT sum(seq) FROM audit WHERE"
					" (?1 = 0 OR project_id = ?1)"
					" AND (?2 = 'any' OR who = ?2) AND %s",
	    what_sql);
	int64_t n = 0;

	OK(db_number(db_reader(f->db), sql,
	    BINDS(I(by->project_id), S(by->who != NULL ? by->who : "any")), &n,
	    e));
	return n;
}

/* All pages of it: each row once, in order, and none that is not asked for. */
static int64_t
walk(struct fixture *f, struct audit_filter *by)
{
	struct audit_list l = { .more = true };
	int64_t sum = 0, last = by->newest ? INT64_MAX : 0;

	for (int pages = 0; l.more; pages++) {
		bool more;

		assert_true(pages < ROWS);
		OK(audit_find(db_reader(f->db), by, &l, e));
		assert_true(l.n <= 50);
		for (size_t i = 0; i < l.n; i++) {
			int64_t seq = l.at[i].seq;

			assert_true(by->newest ? seq < last : seq > last);
			last = seq;
			sum += seq;
		}
		more = l.more;
		*(by->newest ? &by->before : &by->after) = l.next;
		audit_list_release(&l);
		l.more = more;
	}
	return sum;
}

static void
each_filter_and_each_two_of_them_find_all_their_rows(void **state)
{
	static const char *const words[][2] = { { NULL, "1" },
		{ "issue",
		    "what IN ('issue', 'issue.closed', 'issue.opened')" },
		{ "issue.closed", "what = 'issue.closed'" },
		{ "a", "what = 'a.rare'" }, { "nothing.here", "0" } };
	static const char *const people[] = { NULL, "bob", "ann", "", "eve" };
	struct fixture *f = *state;

	OK(db_write_now(f->db, fill, NULL, e));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (size_t k = 0; k < 5; k++)
			for (int64_t n = 0; n < 6; n++) {
				struct audit_filter by = { .what = words[i][0],
					.who = people[k],
					.project_id = n / 2 % 3,
					.newest = n % 2 == 1,
					.limit = 50 };
				int64_t want = count(f, &by, words[i][1]);

				assert_int_equal(walk(f, &by), want);
			}
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_long_text_is_told_by_its_hash_and_beginning),
		T(only_what_is_long_is_shortened),
		T(a_page_stops_at_a_mebibyte_but_has_a_row),
		T(each_filter_and_each_two_of_them_find_all_their_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
