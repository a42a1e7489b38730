/*
 * store_fixture: a database in a temporary folder, with and without a loop,
 * and one project in it, for the tests of server/store and what is above.
 */
#ifndef TESTS_UNIT_SERVER_STORE_FIXTURE_H
#define TESTS_UNIT_SERVER_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/io/loop.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/users.h"

enum {
	FIXTURE_NOW = 1700000000
};

struct fixture {
	char dir[64];
	char path[96];
	struct loop *loop; /* NULL unless asked for */
	struct db *db;
	int64_t alice; /* maintainer of the project */
	int64_t bob;   /* of nothing */
	int64_t root;  /* admin */
	int64_t project;
	char failed[160]; /* the first step that did */
};

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccc"

/* cmocka stops at the first failure; the message is the error's. */
#define OK(call)                                              \
	do {                                                  \
		struct err ok_e_ = ERR_INIT;                  \
		struct err *e = &ok_e_;                       \
                                                              \
		if ((call) == -1)                             \
			fail_msg("%s: %s", #call, ok_e_.msg); \
	} while (0)

#define FAILS(want, call)                                                  \
	do {                                                               \
		struct err ok_e_ = ERR_INIT;                               \
		struct err *e = &ok_e_;                                    \
                                                                           \
		assert_int_equal((call), -1);                              \
		assert_string_equal(err_name(ok_e_.code), err_name(want)); \
	} while (0)

static inline int
fixture_seed(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct project_settings s;
	struct project_new n = {
		.owner = "root",
		.name = "demo",
		.upstream = "https://example.org/demo.git",
		.settings = &s,
		.now = FIXTURE_NOW,
	};
	int rc;

	project_settings_init(&s);
	rc = users_insert(t, "root", USER_ADMIN, FIXTURE_NOW, &f->root, e);
	if (rc == 0)
		rc = users_insert(
		    t, "alice", USER_PERSON, FIXTURE_NOW, &f->alice, e);
	if (rc == 0)
		rc = users_insert(
		    t, "bob", USER_PERSON, FIXTURE_NOW, &f->bob, e);
	if (rc == 0)
		rc = projects_insert(t, &n, &f->project, e);
	if (rc == 0)
		rc = roles_set(t, f->project, f->alice, ROLE_MAINTAINER, e);
	project_settings_release(&s);
	return rc;
}

static inline struct fixture *
fixture_new(bool with_loop)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/coffer-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/coffer.db", f->dir);
	if (with_loop) {
		f->loop = loop_new(&err);
		assert_non_null(f->loop);
	}
	OK(db_open(&f->db, f->path, f->loop, e));
	db_set_read_limit(f->db, 0);
	OK(db_write_now(f->db, fixture_seed, f, e));
	return f;
}

static inline void
fixture_free(struct fixture *f)
{
	struct err ignored = ERR_INIT;

	db_close(f->db);
	loop_free(f->loop);
	(void)path_rmtree(f->dir, &ignored);
	free(f);
}

static inline int
fixture_setup(void **state)
{
	*state = fixture_new(false);
	return 0;
}

static inline int
fixture_setup_loop(void **state)
{
	*state = fixture_new(true);
	return 0;
}

static inline int
fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

/*
 * A test's steps run as one job of the writer, on whose thread cmocka must not
 * jump: a step that fails is noted, the rest runs on, the verdict is the job's.
 */
static inline void
fixture_check(
    struct fixture *f, bool ok, int line, const char *what, struct err *e)
{
	if (!ok && f->failed[0] == '\0')
		(void)snprintf(f->failed, sizeof(f->failed),
		    "line %d: %.80s (%.40s)", line, what, e->msg);
	*e = ERR_INIT;
}

static inline int
fixture_verdict(const struct fixture *f, struct err *e)
{
	if (f->failed[0] == '\0')
		return 0;
	return err_set(e, ERR_INTERNAL, "%s", f->failed);
}

#define STEP(cond) fixture_check(f, (cond), __LINE__, #cond, e)
#define STEP_FAILS(want, call) \
	fixture_check(f, (call) == -1 && e->code == (want), __LINE__, #call, e)

#endif
