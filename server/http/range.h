/*
 * range: the one range of bytes that a request asks for (RFC 9110, section 14).
 * What is malformed, another unit or more than one range is the whole, which a
 * server may always send.
 */
#ifndef SERVER_HTTP_RANGE_H
#define SERVER_HTTP_RANGE_H

#include <stdint.h>

enum range_answer {
	RANGE_WHOLE, /* 200 */
	RANGE_PART,  /* 206 */
	RANGE_NONE   /* 416: nothing of it is there */
};

struct range {
	uint64_t from;
	uint64_t n;
};

/*
 * header: the value of Range, if_range that of If-Range; NULL when absent.
 * if_range must be the strong tag `etag`, else the whole is sent.  out is
 * within size for all but RANGE_NONE.
 */
enum range_answer range_of(const char *header, const char *if_range,
    const char *etag, uint64_t size, struct range *out);

#endif
