#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "packs/entry.h"

enum {
	PULSE_POLL_NS = 5000000 /* where the word is of no use */
};

uint32_t *
entry_pulse_map(int fd)
{
	void *head = mmap(
	    NULL, ENTRY_HEAD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (head == MAP_FAILED)
		return NULL;
	return (uint32_t *)head + ENTRY_FIXED / sizeof(uint32_t);
}

void
entry_pulse_unmap(uint32_t *pulse)
{
	if (pulse != NULL)
		(void)munmap(
		    pulse - ENTRY_FIXED / sizeof(uint32_t), ENTRY_HEAD);
}

void
entry_pulse(uint32_t *pulse)
{
	if (pulse == NULL)
		return;
	(void)__atomic_fetch_add(pulse, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, pulse, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

uint32_t
entry_pulse_now(const uint32_t *pulse)
{
	return pulse == NULL ? 0 : __atomic_load_n(pulse, __ATOMIC_ACQUIRE);
}

void
entry_pulse_wait(uint32_t *pulse, uint32_t seen, unsigned ms)
{
	const struct timespec limit = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };
	static const struct timespec poll = { .tv_nsec = PULSE_POLL_NS };

	if (pulse != NULL &&
	    (syscall(SYS_futex, pulse, FUTEX_WAIT, seen, &limit, NULL, 0) ==
		    0 ||
		errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT))
		return;
	(void)nanosleep(&poll, NULL);
}
