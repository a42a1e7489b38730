#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/path.h"
#include "packs/entry.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct place {
	char path[32];
	int dir;
};

static int
place_new(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->path, sizeof(p->path), "/tmp/packs-XXXXXX");
	if (mkdtemp(p->path) == NULL)
		return -1;
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->dir == -1 ? -1 : 0;
}

static int
place_free(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;

	(void)close(p->dir);
	(void)path_rmtree(p->path, &e);
	free(p);
	return 0;
}

/* Leads, writes a pack of n bytes and says that it is whole. */
static void
place_fill(const struct place *p, uint64_t n)
{
	struct entry_head h = { .state = ENTRY_WHOLE, .size = n };
	struct err e = ERR_INIT;
	struct entry en;

	assert_int_equal(entry_open(p->dir, KEY, &en, &e), 0);
	assert_int_equal(en.role, ENTRY_LEAD);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(
		    pwrite(en.pfd, "p", 1, (off_t)(ENTRY_HEAD + i)), 1);
	memset(h.tail, 'p', sizeof(h.tail));
	memcpy(h.boot, en.boot, sizeof(h.boot));
	assert_int_equal(entry_write_head(en.pfd, &h, &e), 0);
	entry_close(&en);
}

static enum entry_role
place_role(const struct place *p)
{
	struct err e = ERR_INIT;
	struct entry en;
	enum entry_role role;

	assert_int_equal(entry_open(p->dir, KEY, &en, &e), 0);
	role = en.role;
	entry_close(&en);
	return role;
}

static void
a_head_is_read_as_it_was_written(void **state)
{
	struct entry_head h = { .state = ENTRY_FAILED,
		.why = ENTRY_FULL,
		.size = 1234567890123,
		.crc = 0xdeadbeef,
		.tail = "abcdefghijklmnopqrs",
		.boot = "b-o-o-t" };
	struct entry_head r;
	uint8_t b[ENTRY_FIXED];
	struct err e = ERR_INIT;

	(void)state;
	entry_head_pack(&h, b);
	assert_int_equal(entry_head_parse(b, &r, &e), 0);
	assert_int_equal(r.state, h.state);
	assert_int_equal(r.why, h.why);
	assert_int_equal(r.size, h.size);
	assert_int_equal(r.crc, h.crc);
	assert_memory_equal(r.tail, h.tail, sizeof(h.tail));
	assert_string_equal(r.boot, h.boot);
	for (size_t i = 0; i < 132; i++) {
		b[i] ^= 1;
		assert_int_equal(entry_head_parse(b, &r, &e), -1);
		b[i] ^= 1;
	}
}

static void
the_first_leads_and_the_others_follow(void **state)
{
	const struct place *p = *state;
	struct entry a, b;
	struct err e = ERR_INIT;

	assert_int_equal(entry_open(p->dir, KEY, &a, &e), 0);
	assert_int_equal(a.role, ENTRY_LEAD);
	assert_int_equal(entry_open(p->dir, KEY, &b, &e), 0);
	assert_int_equal(b.role, ENTRY_FOLLOW);
	assert_true(entry_produced(b.fd));
	assert_true(entry_followed(a.pfd));
	entry_close(&b);
	(void)close(a.fd);
	a.fd = -1;
	assert_false(entry_followed(a.pfd));
	entry_close(&a);
}

static void
a_whole_pack_is_a_hit(void **state)
{
	const struct place *p = *state;

	place_fill(p, 100);
	assert_int_equal(place_role(p), ENTRY_HIT);
	assert_int_equal(place_role(p), ENTRY_HIT);
}

static void
what_an_ended_producer_left_is_replaced(void **state)
{
	const struct place *p = *state;
	struct entry en;
	struct err e = ERR_INIT;

	assert_int_equal(entry_open(p->dir, KEY, &en, &e), 0);
	assert_int_equal(pwrite(en.pfd, "half", 4, ENTRY_HEAD), 4);
	entry_close(&en);
	assert_int_equal(place_role(p), ENTRY_LEAD);
}

static void
a_follower_sees_that_its_producer_is_gone(void **state)
{
	const struct place *p = *state;
	struct entry a, b;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(entry_open(p->dir, KEY, &a, &e), 0);
	assert_int_equal(entry_open(p->dir, KEY, &b, &e), 0);
	entry_close(&a);
	assert_false(entry_produced(b.fd));
	entry_discard(&b);
	assert_int_equal(fstat(b.fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	entry_close(&b);
}

static void
a_running_producer_is_not_discarded(void **state)
{
	const struct place *p = *state;
	struct entry a, b;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(entry_open(p->dir, KEY, &a, &e), 0);
	assert_int_equal(entry_open(p->dir, KEY, &b, &e), 0);
	entry_discard(&b);
	assert_int_equal(fstat(b.fd, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	entry_close(&a);
	entry_close(&b);
}

static void
spoil(const struct place *p, void (*fn)(int fd))
{
	int fd = openat(p->dir, KEY, O_RDWR | O_CLOEXEC);

	assert_true(fd != -1);
	fn(fd);
	(void)close(fd);
}

static void
spoil_cut(int fd)
{
	assert_int_equal(ftruncate(fd, ENTRY_HEAD + 99), 0);
}

static void
spoil_tail(int fd)
{
	assert_int_equal(pwrite(fd, "x", 1, ENTRY_HEAD + 99), 1);
}

static void
spoil_boot(int fd)
{
	struct entry_head h;
	struct err e = ERR_INIT;

	assert_int_equal(entry_read_head(fd, &h, &e), 0);
	(void)snprintf(h.boot, sizeof(h.boot), "of another boot");
	assert_int_equal(entry_write_head(fd, &h, &e), 0);
}

static void
spoil_head(int fd)
{
	assert_int_equal(pwrite(fd, "x", 1, 17), 1);
}

static void
a_damaged_or_old_entry_is_made_anew(void **state)
{
	static void (*const ways[])(
	    int fd) = { spoil_cut, spoil_tail, spoil_boot, spoil_head };
	const struct place *p = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		place_fill(p, 100);
		spoil(p, ways[i]);
		/* What follows the lead is empty again for the next round. */
		assert_int_equal(place_role(p), ENTRY_LEAD);
		assert_int_equal(unlinkat(p->dir, KEY, 0), 0);
	}
}

static void
nothing_but_a_regular_file_is_an_entry(void **state)
{
	const struct place *p = *state;
	struct err e = ERR_INIT;
	struct entry en;

	assert_int_equal(symlinkat("/etc/passwd", p->dir, KEY), 0);
	assert_int_equal(entry_open(p->dir, KEY, &en, &e), -1);
	assert_int_equal(unlinkat(p->dir, KEY, 0), 0);
	assert_int_equal(mkfifoat(p->dir, KEY, 0600), 0);
	assert_int_equal(entry_open(p->dir, KEY, &en, &e), -1);
}

static void
what_git_says_goes_around_a_ring(void **state)
{
	const struct place *p = *state;
	int fd = openat(p->dir, "x", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char line[1000], out[ENTRY_TEXT_MAX];
	uint64_t said = 0, early = 0, late = 0;

	assert_true(fd != -1);
	assert_int_equal(entry_hear(fd, &early, out, sizeof(out)), 0);
	for (char c = 'a'; c < 'h'; c++) {
		memset(line, c, sizeof(line));
		entry_say(fd, &said, line, sizeof(line));
		assert_int_equal(
		    entry_hear(fd, &early, out, sizeof(out)), sizeof(line));
		assert_memory_equal(out, line, sizeof(line));
	}
	/* Who comes late hears the end. */
	assert_int_equal(
	    entry_hear(fd, &late, out, sizeof(out)), ENTRY_TEXT_MAX);
	assert_memory_equal(
	    out + ENTRY_TEXT_MAX - sizeof(line), line, sizeof(line));
	assert_int_equal(late, 7000);
	(void)close(fd);
}

int
main(void)
{
#define PLACE(f) cmocka_unit_test_setup_teardown(f, place_new, place_free)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_read_as_it_was_written),
		PLACE(the_first_leads_and_the_others_follow),
		PLACE(a_whole_pack_is_a_hit),
		PLACE(what_an_ended_producer_left_is_replaced),
		PLACE(a_follower_sees_that_its_producer_is_gone),
		PLACE(a_running_producer_is_not_discarded),
		PLACE(a_damaged_or_old_entry_is_made_anew),
		PLACE(nothing_but_a_regular_file_is_an_entry),
		PLACE(what_git_says_goes_around_a_ring),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
