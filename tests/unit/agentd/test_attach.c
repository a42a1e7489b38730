#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agentd/attach/attach.h"
#include "lib/base/path.h"
#include "lib/io/frame.h"
#include "lib/io/stream.h"
#include "lib/net/sshkey.h"
#include "tests/unit/agentd/cofferd_loop.h"
#include "tests/unit/agentd/sandbox_fake.h"

#define ATTACH_HELLO "{\"ticket\":\"t1\",\"verb\":\"attach\"}\n"

struct fix {
	struct cofferd c;
	char home[64];
	struct sandboxes sandboxes;
	struct attach *attach;
	struct stream *user; /* our end of the socket */
	int inside;          /* the program's end of the terminal */
	struct str in;
	bool closed;
	int signal;
	int cols, rows;
	char fed[8192]; /* of what the program was given */
};

static struct fix *fix_current;

static void
fix_exec_resize(struct driver_exec *x, uint16_t cols, uint16_t rows)
{
	(void)x;
	fix_current->cols = cols;
	fix_current->rows = rows;
}

static void
fix_exec_kill(struct driver_exec *x, int sig)
{
	(void)x;
	fix_current->signal = sig;
}

static const struct driver fix_driver = {
	.exec_resize = fix_exec_resize,
	.exec_kill = fix_exec_kill,
};

static void
fix_on_data(struct stream *s, struct view in, void *arg)
{
	struct fix *f = arg;

	str_addv(&f->in, in);
	stream_take(s, in.len);
}

static void
fix_on_close(struct stream *s, const char *reason, void *arg)
{
	struct fix *f = arg;

	(void)s;
	(void)reason;
	f->user = NULL;
	f->closed = true;
}

static void
fix_connect(struct fix *f)
{
	AUTO_FREE char *name = xasprintf("unix:%s/run/agentd.sock", f->home);
	struct stream_spec spec = {
		.on_data = fix_on_data, .on_close = fix_on_close, .arg = f
	};
	struct sock_addr a;
	struct err e = ERR_INIT;

	assert_int_equal(sock_parse(name, &a, &e), 0);
	assert_int_equal(sock_connect(&a, &spec.fd, &e), 0);
	f->user = stream_new(f->c.loop, &spec);
}

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	AUTO_FREE char *run = NULL;
	struct err e = ERR_INIT;
	int fds[2];

	fake_init(&f->c);
	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-attach-XXXXXX");
	assert_non_null(mkdtemp(f->home));
	run = path_join(f->home, "run");
	assert_int_equal(mkdir(run, 0755), 0);
	assert_int_equal(sock_pair(fds, &e), 0);
	f->inside = fds[1];
	f->sandboxes = (struct sandboxes){
		.loop = f->c.loop, .state = SANDBOX_RUNNING, .attach_fd = fds[0]
	};
	f->attach = attach_new(
	    f->c.loop, f->home, f->c.api, &f->sandboxes, &fix_driver, &e);
	assert_non_null(f->attach);
	fake_rule(&f->c, 200, "POST /api/coffer/v1/tickets/redeem",
	    "{\"user\":\"ann\",\"project\":{\"id\":7},\"verb\":\"attach\"}");
	fix_current = f;
	fix_connect(f);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	if (f->user != NULL)
		stream_close(f->user, "the test is over");
	if (f->sandboxes.attach_fd != -1)
		(void)close(f->sandboxes.attach_fd);
	(void)close(f->inside);
	attach_free(f->attach);
	fake_release(&f->c);
	str_release(&f->in);
	(void)path_rmtree(f->home, &e);
	free(f);
	return 0;
}

static void
fix_send(struct fix *f, const char *text)
{
	stream_write(f->user, text, strlen(text));
}

static void
fix_frame(struct fix *f, uint8_t type, const void *p, size_t n)
{
	AUTO_STR struct str out = STR_INIT;

	frame_put(&out, type, p, n);
	stream_write(f->user, out.p, out.len);
}

static bool
fix_is_closed(void *arg)
{
	const struct fix *f = arg;

	return f->closed;
}

static bool
fix_is_attached(void *arg)
{
	const struct fix *f = arg;

	return f->sandboxes.exec.on_exit != NULL;
}

/* The refusal as text, after which the other end closed. */
static void
fix_assert_refused(struct fix *f, const char *why)
{
	struct frame got;
	struct err e = ERR_INIT;

	assert_true(fake_until(&f->c, fix_is_closed, f));
	assert_true(frame_get(str_view(&f->in), 4096, &got, &e) > 0);
	assert_int_equal(got.type, 5);
	if (memmem(got.payload.p, got.payload.len, why, strlen(why)) == NULL)
		fail_msg(
		    "no %s in %.*s", why, (int)got.payload.len, got.payload.p);
}

static void
fix_exit(struct fix *f, int status)
{
	const struct driver_exec_spec x = f->sandboxes.exec;

	x.on_exit(status, NULL, x.arg);
	(void)shutdown(f->inside, SHUT_RDWR);
}

static void
a_ticket_opens_a_terminal(void **state)
{
	struct fix *f = *state;
	struct frame frame;
	struct err e = ERR_INIT;
	long n;

	fix_send(f, ATTACH_HELLO);
	assert_true(fake_until(&f->c, fix_is_attached, f));
	fix_frame(f, 2, "\0\144\0\050", 4);
	fix_frame(f, 1, "ls\n", 3);
	assert_int_equal(write(f->inside, "hi", 2), 2);
	fix_exit(f, 3);
	assert_true(fake_until(&f->c, fix_is_closed, f));
	n = frame_get(str_view(&f->in), 4096, &frame, &e);
	assert_true(n > 0 && frame.type == 1);
	assert_memory_equal(frame.payload.p, "hi", 2);
	str_drop(&f->in, (size_t)n);
	assert_true(frame_get(str_view(&f->in), 4096, &frame, &e) > 0);
	assert_int_equal(frame.type, 4);
	assert_memory_equal(frame.payload.p, "\0\0\0\3", 4);
}

static bool
fix_was_resized(void *arg)
{
	const struct fix *f = arg;

	return f->cols != 0;
}

static void
frames_reach_the_program(void **state)
{
	struct fix *f = *state;
	char got[8] = "";

	/* The first frame travels with the first line. */
	fix_send(f, ATTACH_HELLO);
	fix_frame(f, 1, "ls\n", 3);
	fix_frame(f, 2, "\0\144\0\050", 4);
	fix_frame(f, 2, "\0", 1);
	fix_frame(f, 77, "?", 1);
	assert_true(fake_until(&f->c, fix_was_resized, f));
	assert_int_equal(f->cols, 100);
	assert_int_equal(f->rows, 40);
	assert_int_equal(read(f->inside, got, sizeof(got)), 3);
	assert_string_equal(got, "ls\n");
	fix_exit(f, 0);
	assert_true(fake_until(&f->c, fix_is_closed, f));
}

static void
a_bad_ticket_is_refused(void **state)
{
	struct fix *f = *state;

	fake_rule(&f->c, 404, "POST /api/coffer/v1/tickets/redeem", "{}");
	fix_send(f, ATTACH_HELLO);
	fix_assert_refused(f, "the ticket is not valid");
	assert_int_equal(f->sandboxes.attached, 0);
}

static void
a_ticket_for_another_verb_is_refused(void **state)
{
	struct fix *f = *state;

	fix_send(
	    f, "{\"ticket\":\"t1\",\"verb\":\"exec\",\"argv\":[\"id\"]}\n");
	fix_assert_refused(f, "the ticket is not valid");
	assert_int_equal(f->sandboxes.attached, 0);
}

static void
garbage_is_refused(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} cases[] = {
		{ "GET / HTTP/1.1\n", "" },
		{ "{\"verb\":\"attach\",\"cols\":0}\n", "cols" },
		{ "{\"verb\":\"attach\",\"argv\":[\"x\"]}\n", "argv" },
		{ "{\"verb\":\"exec\",\"argv\":[7]}\n", "not a string" },
		{ "{\"verb\":\"exec\"}\n", "argv" },
		{ "{\"verb\":\"dial\"}\n", "key" },
		{ "{\"verb\":\"dial\",\"key\":\"ssh-ed25519 x\"}\n", "key" },
		{ "{\"verb\":\"attach\",\"editor\":7}\n", "editor" },
		{ "[]\n", "not valid" },
		{ "\n", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fix *f;

		assert_int_equal(fix_setup(state), 0);
		f = *state;
		fix_send(f, cases[i].line);
		fix_assert_refused(f, cases[i].why);
		(void)fix_teardown(state);
	}
}

static void
a_first_line_without_an_end_is_refused(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str line = STR_INIT;

	while (line.len < 20000)
		str_addc(&line, 'x');
	fix_send(f, str_cstr(&line));
	fix_assert_refused(f, "too long");
	assert_false(fake_saw(&f->c, "redeem"));
}

static void
a_frame_over_the_limit_ends_it(void **state)
{
	struct fix *f = *state;

	fix_send(f, ATTACH_HELLO);
	assert_true(fake_until(&f->c, fix_is_attached, f));
	stream_write(f->user, "\xff\xff\xff\xff\1", 5);
	assert_true(fake_until(&f->c, fix_is_closed, f));
	assert_int_equal(f->signal, SIGHUP);
	fix_exit(f, 129);
}

static void
fix_dial(struct fix *f, struct sshkey *k)
{
	AUTO_FREE char *hello = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(sshkey_make(k, &e), 0);
	hello = xasprintf(
	    "{\"ticket\":\"t1\",\"verb\":\"dial\",\"key\":\"%s\"}\n",
	    k->public_line);
	fake_rule(&f->c, 200, "POST /api/coffer/v1/tickets/redeem",
	    "{\"user\":\"ann\",\"project\":{\"id\":7},\"verb\":\"dial\"}");
	fix_send(f, hello);
	assert_true(fake_until(&f->c, fix_is_attached, f));
}

static bool
fix_is_fed(void *arg)
{
	struct fix *f = arg;
	size_t n = strlen(f->fed);

	(void)recv(f->inside, f->fed + n, sizeof(f->fed) - n - 1, MSG_DONTWAIT);
	return strstr(f->fed, "SSH-2.0-x") != NULL;
}

static void
dial_tells_the_host_key_and_feeds_its_server(void **state)
{
	struct fix *f = *state;
	struct sshkey user, host;
	struct frame got;
	struct err e = ERR_INIT;
	char *end;
	long n;

	fix_dial(f, &user);
	assert_false(f->sandboxes.exec.terminal);
	fix_frame(f, 1, "SSH-2.0-x", 9);
	assert_int_equal(write(f->inside, "hi", 2), 2);
	assert_true(fake_until(&f->c, fix_is_fed, f));
	end = strstr(f->fed, "\n\n");
	assert_non_null(end);
	end[1] = '\0';
	assert_int_equal(sshkey_parse(f->fed, &host, &e), 0);
	assert_memory_equal(
	    end + 2, user.public_line, strlen(user.public_line));
	fix_exit(f, 0);
	assert_true(fake_until(&f->c, fix_is_closed, f));
	n = frame_get(str_view(&f->in), 4096, &got, &e);
	assert_true(n > 0 && got.type == 6);
	assert_true(view_is(got.payload, host.public_line));
	str_drop(&f->in, (size_t)n);
	assert_true(frame_get(str_view(&f->in), 4096, &got, &e) > 0);
	assert_int_equal(got.type, 1);
	assert_memory_equal(got.payload.p, "hi", 2);
}

static bool
fix_got_data(void *arg)
{
	const struct fix *f = arg;

	return memmem(str_cstr(&f->in), f->in.len, "hi", 2) != NULL;
}

static void
a_sandbox_without_sshd_is_told(void **state)
{
	struct fix *f = *state;
	struct sshkey user;
	struct frame got;
	struct err e = ERR_INIT;

	fix_dial(f, &user);
	fix_exit(f, 121);
	assert_true(fake_until(&f->c, fix_is_closed, f));
	str_drop(&f->in, (size_t)frame_get(str_view(&f->in), 4096, &got, &e));
	assert_true(frame_get(str_view(&f->in), 4096, &got, &e) > 0);
	assert_int_equal(got.type, 5);
	assert_non_null(memmem(got.payload.p, got.payload.len, "no sshd", 7));
}

static void
an_sshd_that_served_ends_without_an_error(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;
	struct driver_exec_spec x;
	struct sshkey user;
	struct frame got;
	long n;

	fix_dial(f, &user);
	fix_frame(f, 1, "SSH-2.0-x", 9);
	assert_true(fake_until(&f->c, fix_is_fed, f));
	assert_int_equal(write(f->inside, "hi", 2), 2);
	(void)shutdown(f->inside, SHUT_WR);
	assert_true(fake_until(&f->c, fix_got_data, f));
	x = f->sandboxes.exec;
	(void)err_set(&e, ERR_INTERNAL, "exec: exit 255");
	x.on_exit(255, &e, x.arg);
	assert_true(fake_until(&f->c, fix_is_closed, f));
	for (int i = 0; i < 2; i++) {
		n = frame_get(str_view(&f->in), 4096, &got, &e);
		assert_true(n > 0 && got.type != 5);
		str_drop(&f->in, (size_t)n);
	}
	assert_true(frame_get(str_view(&f->in), 4096, &got, &e) > 0);
	assert_int_equal(got.type, 4);
}

static bool
fix_was_hung_up(void *arg)
{
	const struct fix *f = arg;

	return f->signal != 0;
}

static void
a_client_that_leaves_hangs_up(void **state)
{
	struct fix *f = *state;

	fix_send(f, ATTACH_HELLO);
	assert_true(fake_until(&f->c, fix_is_attached, f));
	stream_close(f->user, "gone");
	assert_true(fake_until(&f->c, fix_was_hung_up, f));
	assert_int_equal(f->signal, SIGHUP);
	fix_exit(f, 129);
	loop_drain(f->c.loop);
}

static void
a_client_that_leaves_early_is_forgotten(void **state)
{
	struct fix *f = *state;

	fix_send(f, "{\"ticket\":");
	stream_close(f->user, "gone");
	assert_true(fake_until(&f->c, fix_is_closed, f));
	f->closed = false;
	fix_connect(f);
	fake_rule(&f->c, 503, "POST /api/coffer/v1/tickets/redeem", "{}");
	fix_send(f, ATTACH_HELLO);
	fix_assert_refused(f, "503");
}

static void
a_sandbox_that_does_not_run_is_told(void **state)
{
	struct fix *f = *state;

	f->sandboxes.state = SANDBOX_STOPPED;
	fix_send(f, ATTACH_HELLO);
	fix_assert_refused(f, "not running");
}

#define ATTACH_TEST(t) \
	cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ATTACH_TEST(a_ticket_opens_a_terminal),
		ATTACH_TEST(frames_reach_the_program),
		ATTACH_TEST(a_bad_ticket_is_refused),
		ATTACH_TEST(a_ticket_for_another_verb_is_refused),
		cmocka_unit_test(garbage_is_refused),
		ATTACH_TEST(a_first_line_without_an_end_is_refused),
		ATTACH_TEST(a_frame_over_the_limit_ends_it),
		ATTACH_TEST(dial_tells_the_host_key_and_feeds_its_server),
		ATTACH_TEST(a_sandbox_without_sshd_is_told),
		ATTACH_TEST(an_sshd_that_served_ends_without_an_error),
		ATTACH_TEST(a_client_that_leaves_hangs_up),
		ATTACH_TEST(a_client_that_leaves_early_is_forgotten),
		ATTACH_TEST(a_sandbox_that_does_not_run_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
