#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/watch/projects.h"
#include "agentd/watch/proved.h"
#include "lib/base/path.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"
#include "tests/unit/agentd/cofferd_loop.h"

#define PROVED_PUT "PUT /api/coffer/v1/projects/own/p7/prove"
#define PROVED_ROW(id, prove)                                                \
	"{\"id\":" id ",\"full_name\":\"own/p" id "\",\"state\":\"active\"," \
	"\"sandbox\":{\"want\":\"stopped\",\"state\":\"stopped\"},"          \
	"\"settings\":{},\"prove\":" prove "}"
#define PROVED_TEXT(at, project)                                    \
	"{\"format\":1,\"project\":" project ",\"generation\":3,"   \
	"\"at\":\"" at "\",\"driver\":\"oci\",\"network\":\"web\"," \
	"\"rows\":[{\"id\":\"host\",\"what\":\"the host\","         \
	"\"result\":\"fail\",\"evidence\":\"it came\"},"            \
	"{\"id\":\"lan\",\"what\":\"x\",\"result\":\"pass\","       \
	"\"evidence\":\"y\"}],\"passed\":1,\"failed\":1,"           \
	"\"untestable\":0,\"result\":\"fail\"}"
#define PROVED_OLD "2026-01-01T00:00:00Z"
#define PROVED_NEW "2026-01-02T00:00:00Z"

struct fix {
	struct cofferd c;
	struct sandbox_host host;
	struct projects *projects;
	struct proved *proved;
	char home[64];
	const char *text; /* that is waited for */
	bool loaded;
};

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	AUTO_FREE char *secrets = NULL;

	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-proved.XXXXXX");
	if (mkdtemp(f->home) == NULL)
		return -1;
	secrets = path_join(f->home, "secrets");
	fake_init(&f->c);
	f->host = (struct sandbox_host){ .loop = f->c.loop,
		.home = f->home,
		.inst = "0000",
		.range = "10.214.0.0" };
	f->projects = projects_new(&f->host, f->c.api);
	*state = f;
	return path_mkdirs(secrets, 0700, &e);
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	proved_free(f->proved);
	projects_free(f->projects);
	fake_release(&f->c);
	(void)path_rmtree(f->home, &e);
	free(f);
	return 0;
}

/* What coffer-prove leaves; changed: by somebody else. */
static void
fix_keep(const struct fix *f, int id, const char *verdict, bool changed)
{
	AUTO_FREE char *dir = xasprintf("%s/sandboxes/%d", f->home, id);
	AUTO_FREE char *path = path_join(dir, "prove.json");
	AUTO_STR struct str doc = STR_INIT;
	char sig[SIGNED_HEX];
	struct err e = ERR_INIT;
	struct jw w;

	assert_int_equal(path_mkdirs(dir, 0755, &e), 0);
	assert_int_equal(signed_make(f->home, view_of(verdict), sig, &e), 0);
	if (changed)
		sig[0] = sig[0] == '0' ? '1' : '0';
	jw_init(&w, &doc);
	jw_object(&w, NULL);
	jw_str(&w, "verdict", verdict);
	jw_str(&w, "signature", sig);
	jw_end(&w);
	assert_int_equal(
	    path_write_atomic(path, str_cstr(&doc), doc.len, 0644, &e), 0);
}

static void
fix_on_loaded(const struct err *e, void *arg)
{
	struct fix *f = arg;

	assert_null(e);
	f->loaded = true;
}

static bool
fix_is_loaded(void *arg)
{
	const struct fix *f = arg;

	return f->loaded;
}

static bool
fix_has_seen(void *arg)
{
	const struct fix *f = arg;

	return fake_saw(&f->c, f->text);
}

static void
fix_see(struct fix *f, const char *text)
{
	f->text = text;
	assert_true(fake_until(&f->c, fix_has_seen, f));
}

/* A new agentd. */
static void
fix_begin(struct fix *f, const char *row)
{
	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=16", row);
	fake_rule(&f->c, 204, PROVED_PUT, "");
	projects_load(f->projects, fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	f->proved = proved_new(&(struct proved_spec){ .loop = f->c.loop,
	    .api = f->c.api,
	    .projects = f->projects,
	    .home = f->home });
}

static void
a_verdict_is_told_with_the_rows_that_failed_alone(void **state)
{
	struct fix *f = *state;

	fix_begin(f, "[" PROVED_ROW("7", "null") "]");
	fix_keep(f, 7, PROVED_TEXT(PROVED_NEW, "7"), false);
	proved_tell(f->proved, 7);
	fix_see(f,
	    PROVED_PUT
	    " {\"at\":\"" PROVED_NEW "\",\"result\":\"fail\","
	    "\"network\":\"web\",\"driver\":\"oci\",\"generation\":3,"
	    "\"passed\":1,\"failed\":1,\"untestable\":0,\"failed_rows\":"
	    "[{\"id\":\"host\",\"what\":\"the host\","
	    "\"evidence\":\"it came\"}]}");
	assert_int_equal(fake_count(&f->c, PROVED_PUT), 1);
}

static void
what_cofferd_does_not_have_is_told_by_the_next_agentd(void **state)
{
	struct fix *f = *state;

	fix_keep(f, 7, PROVED_TEXT(PROVED_NEW, "7"), false);
	fix_begin(f, "[" PROVED_ROW("7", "{\"at\":\"" PROVED_OLD "\"}") "]");
	fix_see(f, "{\"at\":\"" PROVED_NEW "\"");
}

static void
one_that_is_known_not_signed_or_of_another_project_is_not_told(void **state)
{
	struct fix *f = *state;

	fix_keep(f, 4, PROVED_TEXT(PROVED_NEW, "4"), false);
	fix_keep(f, 5, PROVED_TEXT(PROVED_NEW, "5"), true);
	fix_keep(f, 6, PROVED_TEXT(PROVED_NEW, "7"), false);
	fix_keep(f, 7, PROVED_TEXT(PROVED_NEW, "7"), false);
	fix_begin(f,
	    "[" PROVED_ROW("4", "{\"at\":\"" PROVED_NEW "\"}") "," PROVED_ROW(
		"5", "null") "," PROVED_ROW("6", "null") "," PROVED_ROW("7",
		"null") "]");
	proved_tell(f->proved, 5);
	proved_tell(f->proved, 6);
	proved_tell(f->proved, 7);
	fix_see(f, PROVED_PUT);
	assert_int_equal(fake_count(&f->c, "PUT "), 1);
}

static bool
fix_is_told_thrice(void *arg)
{
	const struct fix *f = arg;

	return fake_count(&f->c, PROVED_PUT) == 3;
}

static void
it_is_told_until_cofferd_answers(void **state)
{
	struct fix *f = *state;

	fix_keep(f, 7, PROVED_TEXT(PROVED_NEW, "7"), false);
	fix_begin(f, "[" PROVED_ROW("7", "null") "]");
	fake_times(&f->c, 2, 503, PROVED_PUT, "{\"message\":\"away\"}");
	assert_true(fake_until(&f->c, fix_is_told_thrice, f));
}

#define PROVED_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROVED_TEST(a_verdict_is_told_with_the_rows_that_failed_alone),
		PROVED_TEST(
		    what_cofferd_does_not_have_is_told_by_the_next_agentd),
		PROVED_TEST(
		    one_that_is_known_not_signed_or_of_another_project_is_not_told),
		PROVED_TEST(it_is_told_until_cofferd_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
