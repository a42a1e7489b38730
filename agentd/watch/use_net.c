#include "agentd/watch/use_net.h"

#include <stdint.h>
#include <string.h>

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/netns.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	USE_NET_MAX = 4 << 20,
	USE_NET_SENT = 8 /* proc(5): the field of bytes sent, from 0 */
};

static int
use_net_file(void *arg, struct err *e)
{
	return path_read("/proc/thread-self/net/dev", USE_NET_MAX, arg, e);
}

void
use_net_read(const struct sandbox_host *h, struct str *out)
{
	char name[HOST_NAME_MAX];
	struct err e = ERR_INIT;

	str_reset(out);
	host_router_netns(h, name);
	if (netns_call(name, use_net_file, out, &e) == -1)
		str_reset(out);
}

static int64_t
use_net_number(struct view v)
{
	AUTO_FREE char *word = view_dup(v);
	struct err e = ERR_INIT;
	int64_t n;

	return num_i64(word, 0, INT64_MAX, &n, &e) == 0 ? n : -1;
}

void
use_net_find(
    struct view text, const char *link, int64_t *sent, int64_t *received)
{
	struct view line, word;

	*sent = *received = -1;
	while (view_split(&text, '\n', &line)) {
		size_t field = 0;

		line = view_trim(line);
		if (!view_starts(line, link) || line.len <= strlen(link) ||
		    line.p[strlen(link)] != ':')
			continue;
		line = view_from(line, strlen(link) + 1);
		while (view_split(&line, ' ', &word)) {
			if (word.len == 0)
				continue;
			if (field == 0)
				*sent = use_net_number(word);
			else if (field == USE_NET_SENT)
				*received = use_net_number(word);
			field++;
		}
		return;
	}
}
