#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/model/modelgate.h"
#include "agentd/model/modelweb.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/net/ctl.h"
#include "lib/wire/json.h"

enum {
	FIX_OPEN = 8
};

/* A gateway that answers by op, and the one who asks. */
struct fix {
	char home[64];
	struct loop *loop;
	struct listener *listener;
	struct timer *late;
	struct modelgate *gate;
	struct modelask *ask;
	const char *providers, *grant, *revoke; /* its replies */
	int drops; /* connections that it closes at the first line */
	struct stream *open[FIX_OPEN];
	struct str seen;
	bool until_shut; /* run until no web is ordered */
	int answers;
	bool ok, has_grant, has_spent;
	struct model_grant got;
	struct model_spent spent;
	char why[240];
};

static const char fix_both
    [] = "{\"ok\":true,\"providers\":["
	 "{\"name\":\"private\",\"kind\":\"openai\",\"ready\":true},"
	 "{\"name\":\"anthropic\",\"kind\":\"anthropic\",\"ready\":true},"
	 "{\"name\":\"openai\",\"kind\":\"openai\",\"ready\":true},"
	 "{\"name\":\"openrouter\",\"kind\":\"openai\",\"ready\":false}]}\n";

static void
fix_reply(struct fix *f, struct stream *s, struct view line)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(line, 0, &e);
	const char *op = json_str_or(j, "op", "");
	const char *text = strcmp(op, "hello") == 0 ? f->providers
	    : strcmp(op, "grant") == 0              ? f->grant
						    : f->revoke;

	str_addv(&f->seen, line);
	stream_write(s, text, strlen(text));
	if (f->until_shut && strcmp(op, "web") == 0 &&
	    !json_bool_or(j, "web", true))
		loop_stop(f->loop);
	json_free(j);
}

static void
fix_on_data(struct stream *s, struct view in, void *arg)
{
	struct fix *f = arg;
	const char *nl = memchr(in.p, '\n', in.len);

	if (nl == NULL)
		return;
	if (f->drops > 0) {
		f->drops--;
		stream_close(s, "dropped");
		return;
	}
	{
		AUTO_FREE char *line = xstrndup(in.p, (size_t)(nl - in.p));

		stream_take(s, (size_t)(nl - in.p) + 1);
		fix_reply(f, s, view_of(line));
	}
}

static void
fix_on_closed(struct stream *s, const char *reason, void *arg)
{
	struct fix *f = arg;

	(void)reason;
	for (size_t i = 0; i < FIX_OPEN; i++)
		if (f->open[i] == s)
			f->open[i] = NULL;
}

static void
fix_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct fix *f = arg;
	size_t i = 0;

	(void)peer;
	while (f->open[i] != NULL)
		assert_true(++i < FIX_OPEN);
	f->open[i] = stream_new(f->loop,
	    &(struct stream_spec){ .fd = fd,
		.on_data = fix_on_data,
		.on_close = fix_on_closed,
		.arg = f });
}

static void
fix_listen(void *arg)
{
	struct fix *f = arg;
	AUTO_FREE char *text = xasprintf(
	    "unix:%s/run/gateway/control.sock", f->home);
	struct err e = ERR_INIT;
	struct sock_addr a;
	int fd = -1;

	assert_int_equal(sock_parse(text, &a, &e), 0);
	assert_int_equal(sock_listen(&a, 0600, &fd, &e), 0);
	f->listener = listener_new(f->loop, fd, fix_on_accept, f);
}

static void
fix_on_answer(const struct model_grant *grant, const struct model_spent *spent,
    const struct err *e, void *arg)
{
	struct fix *f = arg;

	f->answers++;
	f->ok = e == NULL;
	f->has_grant = grant != NULL;
	f->has_spent = spent != NULL;
	if (grant != NULL)
		f->got = *grant;
	if (spent != NULL)
		f->spent = *spent;
	if (e != NULL)
		(void)snprintf(f->why, sizeof(f->why), "%s", e->msg);
	loop_stop(f->loop);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	AUTO_FREE char *run = NULL;
	AUTO_FREE char *own = NULL;
	struct err e = ERR_INIT;

	(void)snprintf(f->home, sizeof(f->home), "/tmp/test-gate.XXXXXX");
	assert_non_null(mkdtemp(f->home));
	run = path_join(f->home, "run/gateway");
	own = path_join(f->home, "gateway");
	assert_int_equal(path_mkdirs(run, 0700, &e), 0);
	assert_int_equal(path_mkdirs(own, 0700, &e), 0);
	f->loop = loop_new(&e);
	f->late = timer_new(f->loop, fix_listen, f);
	f->providers = fix_both;
	f->grant = "{\"ok\":true,\"token\":\"sk-coffer-1\"}\n";
	f->revoke = "{\"ok\":true,\"was\":true,\"out\":true,\"spent\":3,"
		    "\"limit\":5}\n";
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	modelask_free(f->ask);
	modelgate_free(f->gate);
	if (f->listener != NULL)
		listener_free(f->listener);
	timer_free(f->late);
	for (size_t i = 0; i < FIX_OPEN; i++)
		if (f->open[i] != NULL)
			stream_close(f->open[i], "the end");
	loop_drain(f->loop);
	loop_free(f->loop);
	(void)path_rmtree(f->home, &e);
	str_release(&f->seen);
	free(f);
	return 0;
}

static void
fix_begin(struct fix *f, const char *providers)
{
	f->gate = modelgate_new(f->loop, f->home, providers);
	f->ask = modelask_new(f->loop, f->gate, fix_on_answer, f);
}

static void
fix_wait(struct fix *f)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->loop, &e), 0);
	assert_int_equal(f->answers, 1);
	f->answers = 0;
}

static void
fix_grant(struct fix *f, enum model_kind kind)
{
	const struct model_want want = { .run = 41,
		.project = 7,
		.item = 3,
		.ttl_s = 60,
		.budget = 9,
		.kind = kind };

	modelask_grant(f->ask, &want, 20000);
	fix_wait(f);
}

static void
the_usual_provider_of_a_kind_is_taken_if_it_has_a_key(void **state)
{
	struct fix *f = *state;

	fix_listen(f);
	fix_begin(f, "auto");
	fix_grant(f, MODEL_OPENAI);
	assert_true(f->ok);
	assert_string_equal(f->got.token, "sk-coffer-1");
	assert_string_equal(f->got.provider[MODEL_OPENAI], "openai");
	assert_string_equal(f->got.provider[MODEL_ANTHROPIC], "");
	assert_non_null(strstr(str_cstr(&f->seen),
	    "{\"op\":\"grant\",\"run\":41,\"project\":7,\"item\":3,\"ttl\":60,"
	    "\"budget\":9,\"providers\":[\"openai\"]}"));
}

static void
what_may_reach_the_web_may_have_it_reached(void **state)
{
	struct fix *f = *state;
	const struct model_want want = { .project = 7,
		.ttl_s = 60,
		.kind = MODEL_OPENAI,
		.web = model_has_web("web"),
		.shut = true };

	assert_true(model_has_web("open"));
	assert_false(model_has_web("locked"));
	assert_false(model_has_web("none"));
	fix_listen(f);
	fix_begin(f, "auto");
	modelask_grant(f->ask, &want, 20000);
	fix_wait(f);
	assert_true(f->ok);
	assert_non_null(strstr(str_cstr(&f->seen),
	    "\"ttl\":60,\"web\":true,\"shut\":true,"
	    "\"providers\":[\"openai\"]}"));
	modelgate_set_web(f->gate, 7, false);
	modelask_grant(f->ask, &want, 20000);
	fix_wait(f);
	assert_non_null(strstr(str_cstr(&f->seen),
	    "{\"op\":\"web\",\"project\":7,\"web\":false}"));
}

static void
what_was_said_of_the_web_last_reaches_a_gateway_however_late(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *path = path_join(f->home, "run/gateway/control.sock");
	struct ctl *ctl = ctl_new(f->loop, "coffer-gateway", path);
	struct modelweb *web = modelweb_new(f->loop, ctl, 1);
	struct err e = ERR_INIT;

	f->until_shut = true;
	timer_set(f->late, 700); /* long after that one millisecond */
	modelweb_set(web, 7, true);
	modelweb_set(web, 8, true);
	modelweb_set(web, 7, false);
	assert_int_equal(loop_run(f->loop, &e), 0);
	assert_non_null(strstr(str_cstr(&f->seen),
	    "{\"op\":\"web\",\"project\":7,\"web\":false}"));
	modelweb_free(web);
	ctl_free(ctl);
}

static void
who_speaks_anything_gets_one_of_each(void **state)
{
	struct fix *f = *state;

	fix_listen(f);
	fix_begin(f, "private anthropic openai");
	fix_grant(f, MODEL_ANY);
	assert_true(f->ok);
	assert_string_equal(f->got.provider[MODEL_OPENAI], "private");
	assert_string_equal(f->got.provider[MODEL_ANTHROPIC], "anthropic");
}

static void
without_a_key_there_is_no_token_and_no_error(void **state)
{
	struct fix *f = *state;

	f->providers = "{\"ok\":true,\"providers\":[{\"name\":\"anthropic\","
		       "\"kind\":\"anthropic\",\"ready\":false}]}\n";
	fix_listen(f);
	fix_begin(f, "auto");
	fix_grant(f, MODEL_ANTHROPIC);
	assert_true(f->ok);
	assert_true(f->has_grant);
	assert_string_equal(f->got.token, "");
	assert_null(strstr(str_cstr(&f->seen), "\"grant\""));
}

static void
a_provider_that_is_named_has_to_be_there_with_a_key(void **state)
{
	struct fix *f = *state;

	fix_listen(f);
	fix_begin(f, "openrouter");
	fix_grant(f, MODEL_OPENAI);
	assert_false(f->ok);
	assert_non_null(strstr(f->why, "openrouter has no key"));
	modelask_free(f->ask);
	modelgate_free(f->gate);
	fix_begin(f, "nobody");
	fix_grant(f, MODEL_OPENAI);
	assert_non_null(strstr(f->why, "knows no provider nobody"));
	modelask_free(f->ask);
	modelgate_free(f->gate);
	fix_begin(f, "anthropic");
	fix_grant(f, MODEL_OPENAI);
	assert_non_null(strstr(f->why, "speaks as openai"));
}

static void
where_no_gateway_ever_ran_nothing_is_waited_for(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *own = path_join(f->home, "gateway");

	assert_int_equal(rmdir(own), 0);
	fix_begin(f, "auto");
	fix_grant(f, MODEL_ANY);
	assert_true(f->ok);
	assert_string_equal(f->got.token, "");
	modelask_revoke(f->ask, 41, 7, 20000);
	fix_wait(f);
	assert_true(f->ok);
	assert_true(f->has_spent);
	assert_false(f->spent.known);
}

static void
a_gateway_that_is_away_is_waited_for(void **state)
{
	struct fix *f = *state;

	fix_begin(f, "auto");
	f->drops = 1;
	timer_set(f->late, 50);
	fix_grant(f, MODEL_ANTHROPIC);
	assert_true(f->ok);
	assert_string_equal(f->got.token, "sk-coffer-1");
}

static void
not_for_ever_and_the_reason_is_told(void **state)
{
	struct fix *f = *state;
	const struct model_want want = { .project = 7, .ttl_s = 60 };

	fix_begin(f, "auto");
	modelask_grant(f->ask, &want, 300);
	fix_wait(f);
	assert_false(f->ok);
	assert_non_null(strstr(f->why, "coffer-gateway is not reachable"));
}

static void
a_refusal_is_not_asked_again(void **state)
{
	struct fix *f = *state;

	f->grant = "{\"ok\":false,\"error\":\"ttl: too long\"}\n";
	fix_listen(f);
	fix_begin(f, "auto");
	fix_grant(f, MODEL_ANTHROPIC);
	assert_false(f->ok);
	assert_string_equal(f->why, "coffer-gateway: ttl: too long");
}

static void
a_token_that_is_no_word_is_not_taken(void **state)
{
	struct fix *f = *state;

	f->grant = "{\"ok\":true,\"token\":\"a\\nPATH=/tmp\"}\n";
	fix_listen(f);
	fix_begin(f, "auto");
	fix_grant(f, MODEL_ANTHROPIC);
	assert_false(f->ok);
}

static void
an_end_tells_what_was_spent(void **state)
{
	struct fix *f = *state;

	fix_listen(f);
	fix_begin(f, "auto");
	modelask_revoke(f->ask, 41, 7, 20000);
	fix_wait(f);
	assert_true(f->ok);
	assert_false(f->has_grant);
	assert_true(f->spent.known);
	assert_true(f->spent.out);
	assert_int_equal(f->spent.spent, 3);
	assert_int_equal(f->spent.limit, 5);
}

static void
an_asker_that_went_is_not_called(void **state)
{
	struct fix *f = *state;
	const struct model_want want = { .project = 7, .ttl_s = 60 };
	struct modelask *other;

	fix_listen(f);
	fix_begin(f, "auto");
	other = modelask_new(f->loop, f->gate, fix_on_answer, f);
	modelask_grant(other, &want, 20000);
	modelask_free(other);
	fix_grant(f, MODEL_ANTHROPIC);
	assert_true(f->ok);
}

static void
names_of_providers_are_checked(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(modelgate_check("auto", &e), 0);
	assert_int_equal(modelgate_check("a b-c", &e), 0);
	assert_int_equal(modelgate_check("", &e), -1);
	assert_int_equal(modelgate_check("a/b", &e), -1);
}

#define GATE_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(
		    the_usual_provider_of_a_kind_is_taken_if_it_has_a_key),
		GATE_TEST(what_may_reach_the_web_may_have_it_reached),
		GATE_TEST(
		    what_was_said_of_the_web_last_reaches_a_gateway_however_late),
		GATE_TEST(who_speaks_anything_gets_one_of_each),
		GATE_TEST(without_a_key_there_is_no_token_and_no_error),
		GATE_TEST(a_provider_that_is_named_has_to_be_there_with_a_key),
		GATE_TEST(where_no_gateway_ever_ran_nothing_is_waited_for),
		GATE_TEST(a_gateway_that_is_away_is_waited_for),
		GATE_TEST(not_for_ever_and_the_reason_is_told),
		GATE_TEST(a_refusal_is_not_asked_again),
		GATE_TEST(a_token_that_is_no_word_is_not_taken),
		GATE_TEST(an_end_tells_what_was_spent),
		GATE_TEST(an_asker_that_went_is_not_called),
		cmocka_unit_test(names_of_providers_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
