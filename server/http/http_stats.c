#include "server/http/http_stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/prom.h"

enum {
	STATS_CLASSES = 6, /* none, 1xx .. 5xx */
	STATS_BUCKETS = 10
};

static const int64_t stats_le_ms[STATS_BUCKETS] = { 2, 5, 10, 20, 50, 100, 500,
	1000, 10000, 60000 };

static const char *const stats_kinds[HTTP_KINDS] = { [HTTP_OTHER] = "other",
	[HTTP_API] = "api",
	[HTTP_PAGE] = "page",
	[HTTP_GIT] = "git" };

static const char *const stats_classes[STATS_CLASSES] = { "none", "1xx", "2xx",
	"3xx", "4xx", "5xx" };

struct http_one {
	int64_t open;
	int64_t ended[STATS_CLASSES];
	int64_t le[STATS_BUCKETS]; /* not summed up */
	int64_t n;
	int64_t ms;
};

struct http_stats {
	struct http_one at[HTTP_KINDS];
};

struct http_stats *
http_stats_new(void)
{
	return xcalloc(1, sizeof(struct http_stats));
}

void
http_stats_free(struct http_stats *s)
{
	free(s);
}

void
http_stats_begin(struct http_stats *s, enum http_kind kind)
{
	s->at[kind].open++;
}

void
http_stats_end(
    struct http_stats *s, enum http_kind kind, unsigned status, int64_t ms)
{
	struct http_one *o = &s->at[kind];
	unsigned class = status / 100;

	o->open--;
	o->ended[class < STATS_CLASSES ? class : 0]++;
	o->n++;
	o->ms += ms;
	for (size_t i = 0; i < STATS_BUCKETS; i++) {
		if (ms <= stats_le_ms[i]) {
			o->le[i]++;
			break;
		}
	}
}

int64_t
http_stats_open(const struct http_stats *s)
{
	int64_t n = 0;

	for (size_t k = 0; k < HTTP_KINDS; k++)
		n += s->at[k].open;
	return n;
}

static void
http_stats_histogram(
    const struct http_one *o, const char *kind, struct str *out)
{
	static const char name[] = "cofferd_http_request_seconds";
	char bucket[64], sum[64], count[64], le[24];
	int64_t n = 0;

	(void)snprintf(bucket, sizeof(bucket), "%s_bucket", name);
	(void)snprintf(sum, sizeof(sum), "%s_sum", name);
	(void)snprintf(count, sizeof(count), "%s_count", name);
	for (size_t i = 0; i < STATS_BUCKETS; i++) {
		n += o->le[i];
		(void)snprintf(le, sizeof(le), "%" PRId64 ".%03" PRId64,
		    stats_le_ms[i] / 1000, stats_le_ms[i] % 1000);
		prom_i64(out, bucket, PROM_LABELS("kind", kind, "le", le), n);
	}
	prom_i64(out, bucket, PROM_LABELS("kind", kind, "le", "+Inf"), o->n);
	prom_milli(out, sum, PROM_LABELS("kind", kind), o->ms);
	prom_i64(out, count, PROM_LABELS("kind", kind), o->n);
}

void
http_stats_write(const struct http_stats *s, struct str *out)
{
	prom_head(out, "cofferd_http_requests_total", "counter",
	    "requests that ended, by kind and class of status");
	for (size_t k = 0; k < HTTP_KINDS; k++)
		for (size_t c = 0; c < STATS_CLASSES; c++)
			prom_i64(out, "cofferd_http_requests_total",
			    PROM_LABELS("kind", stats_kinds[k], "code",
				stats_classes[c]),
			    s->at[k].ended[c]);
	prom_head(out, "cofferd_http_requests_open", "gauge",
	    "requests that are being answered, streams too");
	for (size_t k = 0; k < HTTP_KINDS; k++)
		prom_i64(out, "cofferd_http_requests_open",
		    PROM_LABELS("kind", stats_kinds[k]), s->at[k].open);
	prom_head(out, "cofferd_http_request_seconds", "histogram",
	    "from the head of a request to its end");
	for (size_t k = 0; k < HTTP_KINDS; k++)
		http_stats_histogram(&s->at[k], stats_kinds[k], out);
}
