#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/call.h"
#include "agentd/run/logship.h"
#include "agentd/run/upload.h"
#include "lib/base/path.h"
#include "lib/net/sha256.h"
#include "tests/unit/agentd/cofferd_loop.h"

#define SECRET "s3cr3t-s3cr3t"

enum {
	CHUNK = 256 << 10 /* what travels in one request */
};

struct fix {
	struct cofferd c;
	char file[64];
	struct logship *ship;
	bool done;
	int calls, status;
};

static void
fix_on_done(void *arg)
{
	struct fix *f = arg;

	f->done = true;
}

static bool
fix_is_done(void *arg)
{
	const struct fix *f = arg;

	return f->done;
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	int fd;

	fake_init(&f->c);
	(void)snprintf(f->file, sizeof(f->file), "/tmp/coffer-ship-XXXXXX");
	fd = mkstemp(f->file);
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;

	logship_free(f->ship);
	fake_release(&f->c);
	(void)unlink(f->file);
	free(f);
	return 0;
}

static void
fix_put(struct fix *f, const struct str *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(
	    path_write_atomic(f->file, text->p, text->len, 0600, &e), 0);
}

static void
fix_ship(struct fix *f)
{
	const struct logship_spec spec = {
		.loop = f->c.loop,
		.api = f->c.api,
		.file = f->file,
		.path = "/api/coffer/v1/runs/9/log",
		.secrets = SECRET "\nthe-second-one\n",
		.on_done = fix_on_done,
		.arg = f,
	};

	f->ship = logship_new(&spec);
	logship_finish(f->ship);
	assert_true(fake_until(&f->c, fix_is_done, f));
}

static void
a_secret_is_masked_across_the_chunks_border(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;

	while (text.len < CHUNK - 5)
		str_addc(&text, 'x');
	str_add(&text, SECRET " and " SECRET "s3cr the-second-one");
	fix_put(f, &text);
	fix_ship(f);
	assert_int_equal(f->c.log.len, text.len);
	assert_null(memmem(f->c.log.p, f->c.log.len, SECRET, strlen(SECRET)));
	assert_string_equal(f->c.log.p + CHUNK - 6,
	    "x************* and *************s3cr **************");
}

static void
what_looks_like_a_key_is_masked(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;

	while (text.len < CHUNK - 20)
		str_add(&text, "line\n");
	str_add(&text, "ghp_abcdefghijklmnopqrstuvwxyz0123456789\nend");
	fix_put(f, &text);
	fix_ship(f);
	assert_int_equal(f->c.log.len, text.len);
	assert_null(strstr(str_cstr(&f->c.log), "ghp_"));
	assert_non_null(strstr(str_cstr(&f->c.log), "*\nend"));
}

static void
it_goes_on_where_cofferd_is(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;

	str_add(&text, "one two three");
	str_add(&f->c.log, "one two");
	fix_put(f, &text);
	fix_ship(f);
	assert_string_equal(str_cstr(&f->c.log), "one two three");
}

static void
lost_replies_and_pauses_lose_nothing(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;

	str_add(&text, "once");
	fix_put(f, &text);
	fake_times(&f->c, 1, 503, "PATCH /api/coffer/v1/runs/9/log", "{}");
	fake_times(&f->c, 1, FAKE_LOST, "PATCH /api/coffer/v1/runs/9/log", "");
	fix_ship(f);
	assert_string_equal(str_cstr(&f->c.log), "once");
}

static void
a_refusal_ends_it(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;

	str_add(&text, "too much");
	fix_put(f, &text);
	fake_rule(&f->c, 413, "PATCH /api/coffer/v1/runs/9/log", "{}");
	fix_ship(f);
	assert_int_equal(fake_count(&f->c, "PATCH"), 1);
}

static void
no_file_is_an_empty_log(void **state)
{
	struct fix *f = *state;

	(void)unlink(f->file);
	fix_ship(f);
	assert_int_equal(f->c.seen.len, 0);
}

/* ---- call ---- */

static void
fix_on_call(const struct err *fail, int status, const struct json *j, void *arg)
{
	struct fix *f = arg;

	(void)fail;
	(void)j;
	f->calls++;
	f->status = status;
	f->done = true;
}

static void
a_call_is_repeated_until_there_is_an_answer(void **state)
{
	struct fix *f = *state;
	struct call *c = call_new(f->c.loop, f->c.api, fix_on_call, f);

	fake_rule(&f->c, 422, "POST /x", "{}");
	fake_times(&f->c, 1, 200, "POST /x", "<p>");
	fake_times(&f->c, 1, 503, "POST /x", "{}");
	fake_times(&f->c, 1, FAKE_LOST, "POST /x", "");
	call_start(c, "POST", "/x", "{\"a\":1}");
	assert_true(call_busy(c));
	assert_true(fake_until(&f->c, fix_is_done, f));
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->status, 422);
	assert_int_equal(fake_count(&f->c, "POST /x {\"a\":1}\n"), 4);
	assert_false(call_busy(c));
	call_free(c);
}

/* ---- a file as a whole ---- */

struct whole {
	struct upload *upload;
	enum err_code code;
	bool done;
};

static void
whole_on_done(const struct err *fail, void *arg)
{
	struct whole *w = arg;

	w->done = true;
	w->code = fail == NULL ? ERR_NONE : fail->code;
	upload_free(w->upload);
	w->upload = NULL;
}

static bool
whole_is_done(void *arg)
{
	const struct whole *w = arg;

	return w->done;
}

static enum err_code
fix_upload(struct fix *f)
{
	struct whole w = { .done = false };
	const struct upload_spec spec = {
		.loop = f->c.loop,
		.api = f->c.api,
		.file = f->file,
		.path = "/api/coffer/v1/runs/9/log",
		.on_done = whole_on_done,
		.arg = &w,
	};

	w.upload = upload_new(&spec);
	assert_true(fake_until(&f->c, whole_is_done, &w));
	return w.code;
}

static void
a_whole_file_is_named_by_its_hash(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;
	char sha[SHA256_HEX];
	AUTO_FREE char *want = NULL;

	while (text.len < 3 * CHUNK + 7)
		str_addf(&text, "%zu ", text.len);
	fix_put(f, &text);
	fake_times(&f->c, 1, FAKE_LOST, "POST /api/coffer/v1/runs/9/log", "");
	assert_int_equal(fix_upload(f), ERR_NONE);
	assert_int_equal(f->c.log.len, text.len);
	assert_memory_equal(f->c.log.p, text.p, text.len);
	sha256_hex(str_view(&text), sha);
	want = xasprintf("{\"bytes\":%zu,\"sha256\":\"%s\"}", text.len, sha);
	assert_int_equal(fake_count(&f->c, want), 2);
}

static void
what_came_as_something_else_is_brought_once_more(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str text = STR_INIT;

	str_add(&text, "a record");
	fix_put(f, &text);
	fake_rule(&f->c, 409, "POST /api/coffer/v1/runs/9/log", "{}");
	assert_int_equal(fix_upload(f), ERR_EXISTS);
	assert_int_equal(
	    fake_count(&f->c, "POST /api/coffer/v1/runs/9/log"), 2);
}

static void
a_file_that_is_not_there_is_told(void **state)
{
	struct fix *f = *state;

	assert_int_equal(unlink(f->file), 0);
	assert_int_equal(fix_upload(f), ERR_NOTFOUND);
	assert_int_equal(fake_count(&f->c, "POST"), 0);
}

#define SHIP_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SHIP_TEST(a_secret_is_masked_across_the_chunks_border),
		SHIP_TEST(what_looks_like_a_key_is_masked),
		SHIP_TEST(it_goes_on_where_cofferd_is),
		SHIP_TEST(lost_replies_and_pauses_lose_nothing),
		SHIP_TEST(a_refusal_ends_it),
		SHIP_TEST(no_file_is_an_empty_log),
		SHIP_TEST(a_whole_file_is_named_by_its_hash),
		SHIP_TEST(what_came_as_something_else_is_brought_once_more),
		SHIP_TEST(a_file_that_is_not_there_is_told),
		SHIP_TEST(a_call_is_repeated_until_there_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
