/*
 * agent_stream: what an adapter costs that reads the output of a CLI, against
 * reading the same file and finding its lines.  Rounds are interleaved.
 * The file has 64 MB of lines as Claude Code prints them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agentd/agent/stream.h"
#include "lib/base/auto.h"

enum {
	ROUNDS = 5,
	CHUNK = 64 << 10,
	FILE_BYTES = 64 << 20,
	RESULT_BYTES = 4000 /* of each tool's result */
};

static double
bench_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* A file without a name. */
static int
bench_make(void)
{
	AUTO_STR struct str turn = STR_INIT;
	FILE *f = tmpfile();
	int fd = -1;
	size_t n = 0;

	str_add(&turn,
	    "{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"role\":"
	    "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\","
	    "\"name\":\"Bash\",\"input\":{\"command\":\"make check\"}}],"
	    "\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}},"
	    "\"session_id\":\"b7c0adf3-cec8-4817-b068-63761be67cd4\"}\n"
	    "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{"
	    "\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"");
	for (int i = 0; i < RESULT_BYTES / 20; i++)
		str_add(&turn, "ok - a line of text\\n");
	str_add(&turn, "\",\"is_error\":false}]}}\n");
	if (f == NULL)
		exit(1);
	for (; n < FILE_BYTES; n += turn.len)
		(void)fwrite(turn.p, 1, turn.len, f);
	if (fflush(f) == 0)
		fd = dup(fileno(f));
	(void)fclose(f);
	return fd;
}

static void
bench_on_event(const struct agent_event *ev, void *arg)
{
	struct str *out = arg;

	str_reset(out);
	agent_event_write(ev, 1, 1, out);
}

static double
bench_read(int fd, struct agent_stream *s, size_t *lines)
{
	static char buf[CHUNK];
	const double began = bench_ms();
	ssize_t n;

	(void)lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		const char *at = buf, *end = buf + n;

		if (s != NULL) {
			agent_stream_feed(
			    s, (struct view){ .p = buf, .len = (size_t)n });
			continue;
		}
		while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			(*lines)++;
			at++;
		}
	}
	return bench_ms() - began;
}

int
main(void)
{
	AUTO_CLOSE int fd = bench_make();
	double ours = 1e9, peer = 1e9;

	if (fd == -1)
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		AUTO_STR struct str out = STR_INIT;
		struct agent_stream *s = agent_stream_new(
		    agent_find("claude"), true, bench_on_event, &out);
		size_t lines = 0;
		double ms = bench_read(fd, NULL, &lines);

		peer = ms < peer ? ms : peer;
		ms = bench_read(fd, s, &lines);
		ours = ms < ours ? ms : ours;
		if (agent_stream_report(s)->lines != lines)
			return 1;
		agent_stream_free(s);
	}
	(void)printf(
	    "agent_stream_64mb\tms\t%.1f\t%.1f\treading its lines\t%.2f\t"
	    "<= 10.00\t%s\n",
	    ours, peer, ours / peer, ours <= 10 * peer ? "yes" : "no");
	return 0;
}
