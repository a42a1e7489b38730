#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "packs/crc.h"
#include "packs/entry.h"

/* Offsets of the fixed part; numbers are of this host's byte order, for a head
 * is only good until the next boot. */
enum {
	HEAD_MAGIC = 0,
	HEAD_STATE = 8,
	HEAD_WHY = 12,
	HEAD_SIZE = 16,
	HEAD_CRC = 24,
	HEAD_TAIL = 32,
	HEAD_BOOT = 64,
	HEAD_SUM = 128, /* of what is before it */
	HEAD_SAID = ENTRY_TEXT_AT - 8
};

static const char head_magic[8] = "cfpack1\n";
static const char head_boot_path[] = "/proc/sys/kernel/random/boot_id";

static void
head_put(uint8_t *out, uint32_t n)
{
	memcpy(out, &n, sizeof(n));
}

static uint32_t
head_get(const uint8_t *in)
{
	uint32_t n;

	memcpy(&n, in, sizeof(n));
	return n;
}

void
entry_head_pack(const struct entry_head *h, uint8_t out[ENTRY_FIXED])
{
	memset(out, 0, ENTRY_FIXED);
	memcpy(out + HEAD_MAGIC, head_magic, sizeof(head_magic));
	head_put(out + HEAD_STATE, (uint32_t)h->state);
	head_put(out + HEAD_WHY, (uint32_t)h->why);
	memcpy(out + HEAD_SIZE, &h->size, sizeof(h->size));
	head_put(out + HEAD_CRC, h->crc);
	memcpy(out + HEAD_TAIL, h->tail, ENTRY_TAIL);
	memcpy(out + HEAD_BOOT, h->boot, ENTRY_BOOT_MAX);
	head_put(out + HEAD_SUM, crc_add(0, out, HEAD_SUM));
}

int
entry_head_parse(
    const uint8_t in[ENTRY_FIXED], struct entry_head *h, struct err *e)
{
	uint32_t state = head_get(in + HEAD_STATE);
	uint32_t why = head_get(in + HEAD_WHY);

	if (memcmp(in + HEAD_MAGIC, head_magic, sizeof(head_magic)) != 0 ||
	    head_get(in + HEAD_SUM) != crc_add(0, in, HEAD_SUM) ||
	    state < ENTRY_GROWS || state > ENTRY_FAILED || why > ENTRY_ALONE)
		return err_set(e, ERR_INVALID, "not the head of a kept pack");
	*h = (struct entry_head){ .state = (enum entry_state)state,
		.why = (enum entry_why)why,
		.crc = head_get(in + HEAD_CRC) };
	memcpy(&h->size, in + HEAD_SIZE, sizeof(h->size));
	memcpy(h->tail, in + HEAD_TAIL, ENTRY_TAIL);
	memcpy(h->boot, in + HEAD_BOOT, ENTRY_BOOT_MAX);
	if (memchr(h->boot, '\0', ENTRY_BOOT_MAX) == NULL ||
	    h->size > INT64_MAX - ENTRY_HEAD)
		return err_set(e, ERR_INVALID, "not the head of a kept pack");
	return 0;
}

int
entry_boot(char out[ENTRY_BOOT_MAX], struct err *e)
{
	AUTO_CLOSE int fd = open(head_boot_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	memset(out, 0, ENTRY_BOOT_MAX);
	if (fd != -1)
		n = read(fd, out, ENTRY_BOOT_MAX - 1);
	if (n < 8)
		return err_sys(e, ERR_IO, "%s", head_boot_path);
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

int
entry_write_head(int fd, const struct entry_head *h, struct err *e)
{
	uint8_t fixed[ENTRY_FIXED];

	entry_head_pack(h, fixed);
	if (pwrite(fd, fixed, sizeof(fixed), 0) != (ssize_t)sizeof(fixed))
		return err_sys(e, ERR_IO, "write the head of a pack");
	return 0;
}

int
entry_read_head(int fd, struct entry_head *h, struct err *e)
{
	uint8_t fixed[ENTRY_FIXED];

	if (pread(fd, fixed, sizeof(fixed), 0) != (ssize_t)sizeof(fixed))
		return err_set(e, ERR_INVALID, "a pack without a head");
	return entry_head_parse(fixed, h, e);
}

void
entry_say(int fd, uint64_t *said, const char *text, size_t n)
{
	if (n > ENTRY_TEXT_MAX) {
		text += n - ENTRY_TEXT_MAX;
		*said += n - ENTRY_TEXT_MAX;
		n = ENTRY_TEXT_MAX;
	}
	while (n > 0) {
		size_t at = *said % ENTRY_TEXT_MAX;
		size_t part = n < ENTRY_TEXT_MAX - at ? n : ENTRY_TEXT_MAX - at;

		if (pwrite(fd, text, part, (off_t)(ENTRY_TEXT_AT + at)) !=
		    (ssize_t)part)
			return;
		*said += part;
		text += part;
		n -= part;
	}
	(void)!pwrite(fd, said, sizeof(*said), HEAD_SAID);
}

size_t
entry_hear(int fd, uint64_t *heard, char *out, size_t max)
{
	uint64_t said;
	size_t done = 0;

	if (pread(fd, &said, sizeof(said), HEAD_SAID) !=
		(ssize_t)sizeof(said) ||
	    said < *heard)
		return 0;
	if (said - *heard > ENTRY_TEXT_MAX)
		*heard = said - ENTRY_TEXT_MAX;
	while (*heard < said && done < max) {
		size_t at = *heard % ENTRY_TEXT_MAX;
		size_t part = ENTRY_TEXT_MAX - at;

		if (part > said - *heard)
			part = (size_t)(said - *heard);
		if (part > max - done)
			part = max - done;
		if (pread(fd, out + done, part, (off_t)(ENTRY_TEXT_AT + at)) !=
		    (ssize_t)part)
			break;
		*heard += part;
		done += part;
	}
	return done;
}
