/* A body of multipart/form-data: fed whole and in two pieces, the parts are
 * the same.  The first line is the Content-Type. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
fuzz_part(void *arg, const struct multipart_part *p, struct err *e)
{
	(void)e;
	if (strchr(p->filename, '/') != NULL || strlen(p->name) == 0)
		die("multipart: a name that must not be");
	str_addf(arg, "[%s|%s|%d]", p->name, p->filename, p->is_file);
	return 0;
}

static int
fuzz_data(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	str_addn(arg, p, n);
	return 0;
}

static int
fuzz_end(void *arg, struct err *e)
{
	(void)e;
	str_add(arg, "<end>");
	return 0;
}

static const struct multipart_calls fuzz_calls = { fuzz_part, fuzz_data,
	fuzz_end };

static int
fuzz_run(
    const char *type, const uint8_t *p, size_t n, size_t cut, struct str *out)
{
	struct err e = ERR_INIT;
	struct multipart *m = multipart_new(type, &fuzz_calls, out, &e);
	int rc;

	if (m == NULL)
		return -1;
	rc = multipart_feed(m, p, cut, &e);
	if (rc == 0)
		rc = multipart_feed(m, p + cut, n - cut, &e);
	if (rc == 0)
		rc = multipart_end(m, &e);
	multipart_free(m);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;
	struct str whole = STR_INIT, halves = STR_INIT;
	size_t n;
	char *type;
	int rc;

	if (nl == NULL || size > 1 << 16)
		return 0;
	type = view_dup(
	    (struct view){ (const char *)data, (size_t)(nl - data) });
	n = size - (size_t)(nl - data) - 1;
	rc = fuzz_run(type, nl + 1, n, n, &whole);
	for (size_t cut = 0; cut < n && n < 512; cut += 1 + n / 7) {
		str_reset(&halves);
		if (fuzz_run(type, nl + 1, n, cut, &halves) != rc ||
		    (rc == 0 && !view_eq(str_view(&whole), str_view(&halves))))
			die("multipart: a cut changes the parts");
	}
	str_release(&whole);
	str_release(&halves);
	free(type);
	return 0;
}
