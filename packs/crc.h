/* crc: CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's
 * instruction where it has one. */
#ifndef PACKS_CRC_H
#define PACKS_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of what crc stands for (0: nothing) followed by n bytes. */
uint32_t crc_add(uint32_t crc, const void *p, size_t n);
/* The same without the instruction: for the test and other processors. */
uint32_t crc_add_soft(uint32_t crc, const void *p, size_t n);

#endif
