#include "server/web/report.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/ustar.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/service/svc_record.h"
#include "server/web/web.h"

enum {
	REPORT_MAX = 64 << 20, /* bytes */
	REPORT_FILES_MAX = 64, /* of a record */
	REPORT_MANIFEST_MAX = 256 << 10
};

#define REPORT_NAME "report.html"
#define REPORT_MANIFEST "manifest.json"

/* Where the file is in the record: 0, or -1. */
static int
report_find(int fd, uint64_t size, const char *name, uint64_t *at,
    uint64_t *len, struct err *e)
{
	char block[USTAR_BLOCK];
	struct ustar_file f;
	uint64_t from = 0;

	for (int i = 0; i < REPORT_FILES_MAX; i++) {
		ssize_t n = pread(fd, block, sizeof(block), (off_t)from);

		if (n != USTAR_BLOCK ||
		    ustar_read_head(
			(struct view){ block, sizeof(block) }, &f, e) != 1)
			break;
		from += USTAR_BLOCK;
		if (f.bytes.len > size || from > size - f.bytes.len)
			break;
		if (strcmp(f.name, name) == 0) {
			*at = from;
			*len = f.bytes.len;
			return 0;
		}
		from += ustar_padded(f.bytes.len);
	}
	return err_set(e, ERR_NOTFOUND, "the record has no %s", name);
}

struct json *
report_manifest(struct svc *s, int64_t run)
{
	uint64_t size = 0, at = 0, len = 0;
	AUTO_FREE char *text = NULL;
	struct err ignored = ERR_INIT;
	AUTO_CLOSE int fd = svc_record_open(s, run, &size, &ignored);

	if (fd == -1 ||
	    report_find(fd, size, REPORT_MANIFEST, &at, &len, &ignored) == -1 ||
	    len > REPORT_MANIFEST_MAX)
		return NULL;
	text = xmalloc((size_t)len + 1);
	if (pread(fd, text, (size_t)len, (off_t)at) != (ssize_t)len)
		return NULL;
	return json_parse(
	    (struct view){ text, (size_t)len }, REPORT_MANIFEST_MAX, &ignored);
}

/* No script, no form, no address of ours: what is in it was an agent's. */
static void
report_headers(struct request *q)
{
	request_header(q, "Content-Security-Policy",
	    "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
	    "img-src data:; frame-ancestors 'none'");
	request_header(q, "X-Content-Type-Options", "nosniff");
	request_header(q, "Referrer-Policy", "no-referrer");
	request_header(q, "Cross-Origin-Resource-Policy", "same-origin");
	request_header(q, "Cache-Control", "no-store");
}

void
report_reply(struct call *c, int64_t run)
{
	uint64_t size = 0, at = 0, len = 0;
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;
	struct request *q;
	AUTO_CLOSE int fd = svc_record_open(s, run, &size, &e);

	if (fd == -1 ||
	    report_find(fd, size, REPORT_NAME, &at, &len, &e) == -1 ||
	    len > REPORT_MAX) {
		web_error(c, 404, "There is no report of that run.");
		return;
	}
	q = call_take_over(c);
	if (q == NULL)
		return;
	report_headers(q);
	request_reply_file(
	    q, 200, "text/html;charset=utf-8", STEAL_FD(fd), at, len);
}
