#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "router/pins.h"

static int
put(struct pins *p, uint32_t id, const char *name, uint32_t addr, uint16_t port,
    int64_t until)
{
	struct pin pin = {
		.id = id, .addr = addr, .port = port, .until_ms = until
	};
	struct err e = ERR_INIT;

	snprintf(pin.name, sizeof(pin.name), "%s", name);
	return pins_put(p, &pin, 0, &e);
}

static void
a_pin_is_for_one_project_name_address_and_port(void **state)
{
	struct pins *p = pins_new();

	(void)state;
	assert_int_equal(put(p, 7, "ok.test", 5, 443, 100), 0);
	assert_true(pins_has(p, 7, "ok.test", 5, 443, 99));
	assert_false(pins_has(p, 7, "ok.test", 5, 443, 100));
	assert_false(pins_has(p, 8, "ok.test", 5, 443, 99));
	assert_false(pins_has(p, 7, "other.test", 5, 443, 99));
	assert_false(pins_has(p, 7, "ok.test", 6, 443, 99));
	assert_false(pins_has(p, 7, "ok.test", 5, 80, 99));
	assert_string_equal(pins_name(p, 7, 5, 99), "ok.test");
	assert_null(pins_name(p, 7, 5, 100));
	assert_null(pins_name(p, 8, 5, 99));
	pins_free(p);
}

static void
an_end_moves_only_later(void **state)
{
	struct pins *p = pins_new();

	(void)state;
	assert_int_equal(put(p, 7, "ok.test", 5, 443, 100), 0);
	assert_int_equal(put(p, 7, "ok.test", 5, 443, 50), 0);
	assert_true(pins_has(p, 7, "ok.test", 5, 443, 99));
	assert_int_equal(put(p, 7, "ok.test", 5, 443, 200), 0);
	assert_true(pins_has(p, 7, "ok.test", 5, 443, 199));
	assert_int_equal(pins_count(p), 1);
	/* Two names of one address: the set lives as long as either. */
	assert_int_equal(put(p, 7, "cdn.test", 5, 443, 300), 0);
	assert_int_equal(pins_end(p, 7, 5, 443, 0), 300);
	assert_int_equal(pins_end(p, 7, 5, 443, 300), 0);
	assert_int_equal(pins_end(p, 7, 5, 80, 0), 0);
	pins_free(p);
}

static void
bounds_hold_and_ended_pins_make_room(void **state)
{
	struct pins *p = pins_new();
	struct err e = ERR_INIT;
	struct pin pin;
	char name[32];

	(void)state;
	for (uint32_t i = 0; i < PINS_OF_NAME_MAX; i++)
		assert_int_equal(put(p, 7, "ok.test", i, 443, 100), 0);
	assert_int_equal(put(p, 7, "ok.test", 9999, 443, 100), -1);
	assert_int_equal(put(p, 7, "ok.test", 0, 443, 200), 0);
	for (uint32_t i = 0; i < PINS_MAX - PINS_OF_NAME_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.test", i);
		assert_int_equal(put(p, 7, name, i, 443, 100), 0);
	}
	assert_int_equal(put(p, 7, "more.test", 1, 443, 100), -1);
	assert_int_equal(put(p, 8, "more.test", 1, 443, 100), 0);
	assert_false(pins_lost(p, 7));
	pin = (struct pin){ .id = 7,
		.addr = 1,
		.port = 443,
		.until_ms = 300,
		.name = "more.test" };
	assert_int_equal(pins_put(p, &pin, 150, &e), 0);
	assert_int_equal(pins_count(p), 3);
	assert_false(pins_lost(p, 8));
	assert_true(pins_lost(p, 7));
	pins_set_lost(p, 7, false);
	assert_false(pins_lost(p, 7));
	pins_free(p);
}

static bool
keep_even(const struct pin *pin, void *arg)
{
	size_t *seen = arg;

	(*seen)++;
	return pin->addr % 2 == 0;
}

static void
filtering_takes_what_is_not_kept(void **state)
{
	struct pins *p = pins_new();
	size_t seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.test", i / 4);
		assert_int_equal(put(p, 7 + i % 2, name, i, 443, 100), 0);
	}
	assert_int_equal(pins_filter(p, 8, keep_even, &seen), 50);
	assert_int_equal(seen, 50);
	assert_int_equal(pins_count(p), 50);
	seen = 0;
	assert_int_equal(pins_filter(p, 0, keep_even, &seen), 0);
	assert_int_equal(seen, 50);
	pins_forget(p, 7);
	assert_int_equal(pins_count(p), 0);
	pins_forget(p, 7);
	assert_int_equal(pins_filter(p, 7, keep_even, &seen), 0);
	pins_free(p);
}

static int
note(struct pins *p, uint32_t id, const char *name, uint32_t addr, int64_t now)
{
	struct pin pin = { .id = id, .addr = addr, .until_ms = now + 100 };
	struct err e = ERR_INIT;

	snprintf(pin.name, sizeof(pin.name), "%s", name);
	return pins_put_note(p, &pin, now, &e);
}

static void
ended_notes_make_room_for_new_ones(void **state)
{
	struct pins *p = pins_new();
	uint32_t id = 0;
	char name[32];

	(void)state;
	assert_int_equal(put(p, 1, "pin.test", 1, 443, 50), 0);
	while (pins_count(p) < PINS_NOTES_TOTAL_MAX) {
		uint32_t n = (uint32_t)pins_count(p);

		id = 2 + n / (PINS_MAX / 2);
		snprintf(name, sizeof(name), "n%u.test", n / 64);
		assert_int_equal(note(p, id, name, n, 0), 0);
	}
	/* None has ended; a pin has room yet. */
	assert_int_equal(note(p, 500, "new.test", 1, 50), -1);
	assert_int_equal(put(p, 500, "new.test", 1, 443, 5000), 0);
	/* And not at each answer: it is a walk through all of them. */
	assert_int_equal(note(p, 500, "new.test", 1, 150), -1);
	assert_int_equal(note(p, 500, "new.test", 1, 2000), 0);
	/* Pins that have ended stay, for those who had their flows. */
	assert_int_equal(pins_count(p), 3);
	assert_true(pins_lost(p, id));
	assert_false(pins_lost(p, 1));
	assert_false(pins_lost(p, 500));
	pins_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_pin_is_for_one_project_name_address_and_port),
		cmocka_unit_test(an_end_moves_only_later),
		cmocka_unit_test(bounds_hold_and_ended_pins_make_room),
		cmocka_unit_test(filtering_takes_what_is_not_kept),
		cmocka_unit_test(ended_notes_make_room_for_new_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
