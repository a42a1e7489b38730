#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/sshkey.h"

static void
a_key_survives_its_text(void **state)
{
	struct sshkey k, again;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(sshkey_make(&k, &e), 0);
	assert_int_equal(sshkey_parse(k.private_text, &again, &e), 0);
	assert_string_equal(k.public_line, again.public_line);
	assert_memory_equal(k.blob, again.blob, SSHKEY_BLOB);
	assert_int_equal(sshkey_make(&again, &e), 0);
	assert_string_not_equal(k.public_line, again.public_line);
}

static void
anything_else_is_refused(void **state)
{
	struct sshkey k, cut;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(sshkey_make(&k, &e), 0);
	assert_int_equal(sshkey_parse("", &cut, &e), -1);
	assert_int_equal(sshkey_parse(k.private_text + 1, &cut, &e), -1);
	for (size_t n = strlen(k.private_text); n-- > 0;) {
		AUTO_FREE char *text = xstrdup(k.private_text);

		text[n] = '\0';
		assert_int_equal(sshkey_parse(text, &cut, &e), -1);
	}
	k.private_text[40] = 'X';
	assert_int_equal(sshkey_parse(k.private_text, &cut, &e), -1);
}

static void
a_public_line_is_exact(void **state)
{
	static const char *const bad[] = { "", "ssh-ed25519", "ssh-ed25519 ",
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==" };
	unsigned char blob[SSHKEY_BLOB];
	struct sshkey k;
	struct err e = ERR_INIT;
	char line[SSHKEY_PUBLIC_MAX + 32];

	(void)state;
	assert_int_equal(sshkey_make(&k, &e), 0);
	assert_true(sshkey_read_line(k.public_line, blob));
	assert_memory_equal(blob, k.blob, SSHKEY_BLOB);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sshkey_read_line(bad[i], NULL));
	(void)snprintf(line, sizeof(line), "%s x", k.public_line);
	assert_false(sshkey_read_line(line, NULL));
	(void)snprintf(line, sizeof(line), "%s\n", k.public_line);
	assert_false(sshkey_read_line(line, NULL));
	(void)snprintf(line, sizeof(line), "command=\"x\" %s", k.public_line);
	assert_false(sshkey_read_line(line, NULL));
}

static void
a_file_is_made_once(void **state)
{
	char dir[] = "/tmp/coffer-key-XXXXXX";
	AUTO_FREE char *path = NULL;
	struct sshkey k, again;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = path_join(dir, "host");
	assert_int_equal(sshkey_load(path, &k, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(sshkey_load(path, &again, &e), 0);
	assert_string_equal(k.private_text, again.private_text);
	assert_int_equal(path_write_atomic(path, "x", 1, 0600, &e), 0);
	assert_int_equal(sshkey_load(path, &again, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	assert_int_equal(path_rmtree(dir, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_survives_its_text),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_public_line_is_exact),
		cmocka_unit_test(a_file_is_made_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
