#include "packs/seen.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"

enum {
	SEEN_SLOTS = 256,
	SEEN_TAG = 16 /* digits of the key that a slot keeps */
};

struct seen_slot {
	char tag[SEEN_TAG];
	int64_t at_s;
};

/* FNV-1a, 32 bits: the slot of a key. */
static unsigned
seen_place(const char *key)
{
	uint32_t h = 2166136261U;

	for (unsigned i = 0; key[i] != '\0'; i++)
		h = (h ^ (unsigned char)key[i]) * 16777619U;
	return h % SEEN_SLOTS;
}

bool
seen_mark(int dir, const char *key)
{
	AUTO_CLOSE int fd = openat(dir, "../seen",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	int64_t now = clock_now_ms() / 1000;
	struct seen_slot was = { .at_s = 0 };
	struct seen_slot is = { .at_s = now };
	off_t at = (off_t)(seen_place(key) * sizeof(was));
	bool seen;

	/* Where it cannot be told the pack is kept. */
	if (fd == -1)
		return true;
	memcpy(is.tag, key, strnlen(key, SEEN_TAG));
	seen = pread(fd, &was, sizeof(was), at) == (ssize_t)sizeof(was) &&
	    memcmp(was.tag, is.tag, SEEN_TAG) == 0 && was.at_s <= now &&
	    was.at_s + SEEN_S > now;
	return pwrite(fd, &is, sizeof(is), at) != (ssize_t)sizeof(is) || seen;
}
