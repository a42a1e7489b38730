/*
 * entry: one computed pack, a file HOME/git/packs/PROJECT/KEY: a head of 4096
 * bytes, then the pack as git pack-objects writes it.  The head says whether
 * the pack is whole; one of an earlier boot never is, so that what a power
 * failure left is not served.
 *
 * Open file description locks on two bytes far behind the end say who is
 * there: the producer holds one alone, those who follow share the other.  Only
 * a holder of the producer's lock removes the name.
 */
#ifndef PACKS_ENTRY_H
#define PACKS_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum {
	ENTRY_HEAD = 4096, /* bytes before the pack */
	ENTRY_KEY_HEX = 64,
	ENTRY_BOOT_MAX = 40,
	ENTRY_TAIL = 20,     /* a pack's last bytes, its checksum */
	ENTRY_PACK_MIN = 32, /* an empty pack */
	ENTRY_TEXT_MAX = 3072,
	ENTRY_TRUST_S = 10 /* an entry used since is not summed up again */
};

enum entry_state {
	ENTRY_GROWS = 1,
	ENTRY_WHOLE,
	ENTRY_FAILED
};

enum entry_why {
	ENTRY_NO_FAULT,
	ENTRY_GIT,  /* git's message is in the text */
	ENTRY_FULL, /* the disk is */
	ENTRY_LIMIT,
	ENTRY_ALONE /* nobody followed */
};

struct entry_head {
	enum entry_state state;
	enum entry_why why;
	uint64_t size; /* of the whole pack */
	uint32_t crc;  /* its CRC-32C */
	uint8_t tail[ENTRY_TAIL];
	char boot[ENTRY_BOOT_MAX]; /* the kernel's boot id */
};

/* The first 512 bytes; the rest of the head is the text. */
enum {
	ENTRY_FIXED = 512,
	ENTRY_TEXT_AT = 1024
};
void entry_head_pack(const struct entry_head *h, uint8_t out[ENTRY_FIXED]);
/* ERR_INVALID: not one of ours, or read while it was being written. */
int entry_head_parse(
    const uint8_t in[ENTRY_FIXED], struct entry_head *h, struct err *e);
/* This boot's id; ERR_IO when the kernel does not say. */
int entry_boot(char out[ENTRY_BOOT_MAX], struct err *e);

enum entry_role {
	ENTRY_HIT,    /* whole */
	ENTRY_FOLLOW, /* somebody computes it */
	ENTRY_LEAD    /* it is ours to compute: pfd holds the producer's lock */
};

struct entry {
	enum entry_role role;
	int dir; /* borrowed */
	int fd;  /* read and write; holds a follower's lock unless ENTRY_HIT */
	int pfd; /* -1 unless ENTRY_LEAD; another open file */
	char key[ENTRY_KEY_HEX + 1];
	char boot[ENTRY_BOOT_MAX];
	struct entry_head head; /* of ENTRY_HIT */
};

/* Opens or makes the entry.  What an ended producer left is replaced. */
int entry_open(int dir, const char *key, struct entry *en, struct err *e);
void entry_close(struct entry *en);

/* Adds the pack's bytes from *at up to `end` to *crc; -1: they cannot be read.
 */
int entry_sum(int fd, uint64_t *at, uint64_t end, uint32_t *crc);
int entry_write_head(int fd, const struct entry_head *h, struct err *e);
int entry_read_head(int fd, struct entry_head *h, struct err *e);
/* Is there a producer? */
bool entry_produced(int fd);
/* Does anybody follow?  Asked by the producer of its own file. */
bool entry_followed(int pfd);
/* Remove the name if it is still that file's and no producer holds it. */
void entry_discard(struct entry *en);
/* The same for the producer, whose lock pfd holds. */
void entry_unlink(int dir, const char *key, int pfd);

/*
 * A word of the head that the producer changes when there is more to see, for
 * those who follow to sleep on (futex(2); closing an inotify descriptor takes
 * up to 20 ms).  entry_pulse_map: NULL when it cannot be mapped.
 */
uint32_t *entry_pulse_map(int fd);
void entry_pulse_unmap(uint32_t *pulse); /* NULL is fine */
void entry_pulse(uint32_t *pulse);
uint32_t entry_pulse_now(const uint32_t *pulse);
/* Until it is not `seen` any more, at most ms. */
void entry_pulse_wait(uint32_t *pulse, uint32_t seen, unsigned ms);

/* What git says on its standard error: a ring in the head, with the count of
 * all bytes ever written to it. */
void entry_say(int fd, uint64_t *said, const char *text, size_t n);
/* What is there beyond *heard, at most max bytes. */
size_t entry_hear(int fd, uint64_t *heard, char *out, size_t max);

#endif
