#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "agentd/agent/stream.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_on_event(const struct agent_event *ev, void *arg)
{
	struct str *out = arg;

	str_reset(out);
	agent_event_write(ev, 1, 1, out);
	if (!str_ok(out))
		abort();
}

/* The first byte: which adapter, which access, and how the rest is cut. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "claude", "codex", "goose",
		"opencode" };
	AUTO_STR struct str out = STR_INIT;
	struct view rest;
	struct agent_stream *s;
	const struct agent_report *r;
	size_t cut;

	if (size == 0)
		return 0;
	cut = (size_t)(data[0] >> 3) + 1;
	s = agent_stream_new(
	    agent_find(
		names[(data[0] & 3) % (sizeof(names) / sizeof(names[0]))]),
	    (data[0] & 4) != 0, fuzz_on_event, &out);
	rest = (struct view){ .p = (const char *)data + 1, .len = size - 1 };
	while (rest.len > 0) {
		size_t n = rest.len < cut ? rest.len : cut;

		agent_stream_feed(s, (struct view){ .p = rest.p, .len = n });
		rest = view_from(rest, n);
		cut += cut;
	}
	agent_stream_end(s);
	r = agent_stream_report(s);
	if (r->text.len > AGENT_MESSAGE_MAX)
		abort();
	str_reset(&out);
	agent_report_write(r, "x", &out);
	agent_report_line(r, &out);
	agent_report_why(r, &out);
	agent_stream_free(s);
	return 0;
}
