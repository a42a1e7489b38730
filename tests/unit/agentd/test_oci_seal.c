#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/sandbox/oci_seal.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	/* runc's own list, RUNC_MEMFD_SEALS. */
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
};

static void
put(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(
	    path_write_atomic(path, text, strlen(text), 0755, &e), 0);
}

static void
a_program_is_copied_once_sealed_and_again_when_it_is_another(void **state)
{
	char dir[] = "/tmp/coffer-test-XXXXXX";
	struct oci_seal *s = oci_seal_new();
	char text[8] = "";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(oci_seal_fd(s, "program"), -1);
	put("program", "one");
	fd = oci_seal_fd(s, "program");
	assert_int_not_equal(fd, -1);
	assert_int_equal(fcntl(fd, F_GET_SEALS), SEALS);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pread(fd, text, 7, 0), 3);
	assert_string_equal(text, "one");
	assert_int_equal(oci_seal_fd(s, "program"), fd);
	put("program", "other");
	fd = oci_seal_fd(s, "program");
	assert_int_equal(pread(fd, text, 7, 0), 5);
	assert_string_equal(text, "other");
	oci_seal_free(s);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(oci_seal_fd(NULL, "program"), -1);
	assert_int_equal(unlink("program"), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_program_is_copied_once_sealed_and_again_when_it_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
