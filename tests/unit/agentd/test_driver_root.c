#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/sandbox/unpack.h"
#include "tests/unit/agentd/sandbox_container.h"

/* A small system: a shell, two programs, and what they need. */
static const char root_script[] =
    "set -e; mkdir -p \"$0/usr/bin\" \"$0/usr/share\"; cd \"$0\"\n"
    "for l in bin lib lib64; do ln -s usr/$l $l; done\n"
    "for p in /bin/sh /bin/cat /bin/ls; do cp -L $p usr/bin; ldd $p; done |\n"
    "grep -o '/lib[^ ]*' | sort -u | while read -r f; do\n"
    "mkdir -p usr${f%/*}; cp -L $f usr$f; done\n"
    "echo mine >usr/share/marker; mkdir -p etc/alternatives var work run tmp "
    "home proc sys dev\n";

static void
a_root_of_its_own_is_what_it_sees(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *root = NULL;
	struct sandbox_spec s = { .cwd = "/tmp" };

	FIXTURE_NEEDS_ROOT(f);
	root = xasprintf("%s/images/Tiny.1", f->home);
	fixture_program(f,
	    (const char *const[]){ "/bin/sh", "-c", root_script, root, NULL });
	s.root = root;
	(void)fixture_sh(f, &s,
	    "exec 2>&1; cat /usr/share/marker; ls /usr/bin; echo x >/usr/x; "
	    "cat "
	    "/etc/hostname");
	assert_int_equal(f->exit.exit_code, 0);
	fixture_has(f, "mine\ncat\nls\nsh\n");
	fixture_has(f, "cannot create");
	fixture_has(f, "sandbox\n");
	/* Once more, changed: it is not what the engine had. */
	fixture_program(f,
	    (const char *const[]){ "/bin/sh", "-c",
		"echo other >\"$0/usr/share/marker\"; touch \"$0\"", root,
		NULL });
	(void)fixture_sh(f, &s, "cat /usr/share/marker");
	assert_string_equal(str_cstr(&f->out), "other\n");
}

static void
what_is_shared_is_looked_at_before_each_start(void **state)
{
	struct fixture *f = *state;
	char top[] = "/tmp/coffer-share-XXXXXX";
	AUTO_FREE char *file = NULL;
	AUTO_FREE char *fifo = NULL;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *bundle = NULL;
	struct spec_mount m = {
		.source = top, .target = "/mnt/it", .ro = true, .share = true
	};
	struct sandbox_spec s = { .cwd = "/tmp", .mounts = &m, .n_mounts = 1 };
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	assert_non_null(mkdtemp(top));
	assert_int_equal(chmod(top, 0755), 0);
	file = path_join(top, "file");
	fifo = path_join(top, "fifo");
	assert_int_equal(path_write_atomic(file, "shared\n", 7, 0644, &e), 0);
	assert_string_equal(fixture_sh(f, &s, "cat /mnt/it/file"), "shared\n");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	dir = fixture_dir(f);
	bundle = path_join(dir, "bundle");
	s.id = "coffer-beef-run-1-share";
	s.argv = (const char *const[]){ "/bin/true", NULL };
	f->driver->start(&f->host, &s, dir, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "fifo is a pipe"));
	assert_int_equal(access(bundle, F_OK), -1);
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(top), 0);
}

static void
a_tar_becomes_a_root_and_a_bad_one_does_not(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *images = NULL;
	AUTO_FREE char *good = NULL;
	AUTO_FREE char *bad = NULL;
	AUTO_FREE char *disk = NULL;
	AUTO_FREE char *setuid = NULL;
	struct stat st;

	FIXTURE_NEEDS_ROOT(f);
	images = path_join(f->home, "images");
	good = path_join(images, "packed/usr/share/marker");
	bad = path_join(images, "bad");
	disk = path_join(images, "packed/dev/disk");
	setuid = path_join(images, "packed/usr/bin/sh");
	fixture_program(f,
	    (const char *const[]){ "/bin/sh", "-c",
		"chmod 6755 \"$0/Tiny.1/usr/bin/sh\" && "
		"mknod -m 666 \"$0/Tiny.1/dev/disk\" c 1 3 && "
		"tar -C \"$0/Tiny.1\" -cf \"$0/packed.tar\" . && "
		"echo no >\"$0/bad.tar\"",
		images, NULL });
	unpack_images(&f->host, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(access(good, F_OK), 0);
	assert_int_equal(access(bad, F_OK), -1);
	/* Others of the host reach it. */
	assert_int_equal(access(disk, F_OK), -1);
	assert_int_equal(stat(setuid, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	unpack_images(&f->host, fixture_on_done, f);
	fixture_ok(f);
}

static void
of_much_output_the_beginning_and_the_end_are_kept(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec s = { .limits = {
				      .output = 1 << 20, .output_end = 4096 } };
	const char *mark;
	size_t end;

	FIXTURE_NEEDS_ROOT(f);
	(void)fixture_sh(f, &s,
	    "echo first; head -c 5242880 /dev/zero | tr '\\0' x; echo last");
	assert_int_equal(f->exit.bytes, (5 << 20) + 11);
	assert_int_equal(f->exit.dropped, (4 << 20) + 11 - 4096);
	assert_memory_equal(str_cstr(&f->out), "first\nx", 7);
	mark = strchr(str_cstr(&f->out) + 6, '\n');
	assert_non_null(mark);
	assert_int_equal(mark - str_cstr(&f->out), 1 << 20);
	assert_string_equal(f->out.p + f->out.len - 6, "xlast\n");
	end = (size_t)(strchr(mark + 1, '\n') + 1 - str_cstr(&f->out));
	assert_int_equal(f->out.len - end, 4096);
	assert_non_null(strstr(mark, "[4190219 bytes of the output are not"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_of_its_own_is_what_it_sees),
		cmocka_unit_test(what_is_shared_is_looked_at_before_each_start),
		cmocka_unit_test(a_tar_becomes_a_root_and_a_bad_one_does_not),
		cmocka_unit_test(
		    of_much_output_the_beginning_and_the_end_are_kept),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
