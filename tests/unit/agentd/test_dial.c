#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/attach/dial.h"
#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

struct fix {
	char home[40];
	struct sshkey user;
};

static int
fix_setup(void **state)
{
	struct fix *f = xcalloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	(void)snprintf(f->home, sizeof(f->home), "/tmp/coffer-dial-XXXXXX");
	assert_non_null(mkdtemp(f->home));
	assert_int_equal(sshkey_make(&f->user, &e), 0);
	*state = f;
	return 0;
}

static int
fix_teardown(void **state)
{
	struct fix *f = *state;
	struct err e = ERR_INIT;

	assert_int_equal(path_rmtree(f->home, &e), 0);
	free(f);
	return 0;
}

/* Part `i` of the head: what is before the next empty line. */
static char *
fix_part(const struct str *head, int i)
{
	const char *p = str_cstr(head);
	const char *end = strstr(p, "\n\n");

	for (; i > 0 && end != NULL; i--) {
		p = end + 2;
		end = strstr(p, "\n\n");
	}
	assert_non_null(end);
	return xasprintf("%.*s", (int)(end - p + 1), p);
}

static void
its_input_begins_with_what_it_needs(void **state)
{
	const struct fix *f = *state;
	const struct dial_ask ask = { .key = f->user.public_line };
	AUTO_STR struct str head = STR_INIT;
	AUTO_FREE char *path = path_join(f->home, "sandboxes/7/ssh/host");
	AUTO_FREE char *private_text = NULL;
	AUTO_FREE char *keys = NULL;
	AUTO_FREE char *conf = NULL;
	AUTO_FREE char *attach = NULL;
	AUTO_FREE char *line = xasprintf("%s\n", f->user.public_line);
	AUTO_FREE char *script = xasprintf("%s\n", sandbox_attach_script);
	char host[SSHKEY_PUBLIC_MAX];
	struct sshkey k;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(dial_prepare(f->home, 7, &ask, &head, host, &e), 0);
	private_text = fix_part(&head, 0);
	keys = fix_part(&head, 1);
	conf = fix_part(&head, 2);
	attach = fix_part(&head, 3);
	assert_int_equal(sshkey_parse(private_text, &k, &e), 0);
	assert_string_equal(k.public_line, host);
	assert_string_equal(keys, line);
	assert_string_equal(attach, script);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
each_project_keeps_its_own_key(void **state)
{
	const struct fix *f = *state;
	const struct dial_ask ask = { .key = f->user.public_line };
	char host[3][SSHKEY_PUBLIC_MAX];
	static const int projects[] = { 7, 7, 8 };
	struct err e = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		AUTO_STR struct str head = STR_INIT;

		assert_int_equal(dial_prepare(f->home, projects[i], &ask, &head,
				     host[i], &e),
		    0);
	}
	assert_string_equal(host[0], host[1]);
	assert_string_not_equal(host[0], host[2]);
}

static void
only_an_editor_may_forward(void **state)
{
	const struct fix *f = *state;
	static const char *const always[] = { "AllowAgentForwarding no\n",
		"AllowStreamLocalForwarding no\n", "X11Forwarding no\n",
		"PermitTunnel no\n", "PermitListen none\n",
		"PasswordAuthentication no\n", "PermitUserEnvironment no\n",
		"AllowUsers agent\n" };

	for (int editor = 0; editor < 2; editor++) {
		const struct dial_ask ask = { .key = f->user.public_line,
			.editor = editor == 1 };
		AUTO_STR struct str head = STR_INIT;
		AUTO_FREE char *conf = NULL;
		char host[SSHKEY_PUBLIC_MAX];
		struct err e = ERR_INIT;

		assert_int_equal(
		    dial_prepare(f->home, 7, &ask, &head, host, &e), 0);
		conf = fix_part(&head, 2);
		for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
			assert_non_null(strstr(conf, always[i]));
		assert_int_equal(
		    strstr(conf, "DisableForwarding yes\n") != NULL,
		    editor == 0);
		assert_int_equal(strstr(conf,
				     "AllowTcpForwarding local\n"
				     "PermitOpen 127.0.0.1:* "
				     "localhost:*\n") != NULL,
		    editor == 1);
	}
}

static void
a_key_with_more_in_it_is_refused(void **state)
{
	const struct fix *f = *state;
	AUTO_FREE char *two = xasprintf(
	    "%s\n\nPermitOpen any", f->user.public_line);
	AUTO_FREE char *option = xasprintf(
	    "command=\"x\" %s", f->user.public_line);
	const char *const bad[] = { NULL, "", "ssh-rsa AAAA", two, option };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct dial_ask ask = { .key = bad[i] };
		AUTO_STR struct str head = STR_INIT;
		char host[SSHKEY_PUBLIC_MAX];
		struct err e = ERR_INIT;

		assert_int_equal(
		    dial_prepare(f->home, 7, &ask, &head, host, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
		assert_int_equal(head.len, 0);
	}
}

static void
its_own_failures_have_words(void **state)
{
	(void)state;
	assert_non_null(strstr(dial_reason(121), "openssh-server"));
	assert_non_null(strstr(dial_reason(122), "agent"));
	assert_non_null(dial_reason(123));
	assert_null(dial_reason(0));
	assert_null(dial_reason(255));
}

#define DIAL_TEST(t) cmocka_unit_test_setup_teardown(t, fix_setup, fix_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DIAL_TEST(its_input_begins_with_what_it_needs),
		DIAL_TEST(each_project_keeps_its_own_key),
		DIAL_TEST(only_an_editor_may_forward),
		DIAL_TEST(a_key_with_more_in_it_is_refused),
		cmocka_unit_test(its_own_failures_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
