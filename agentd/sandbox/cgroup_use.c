#include <string.h>

#include "agentd/sandbox/cgroup.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	CGROUP_TEXT_MAX = 64 << 10
};

#define CGROUP_TOP "/sys/fs/cgroup"
/* v1 reports "no limit" as a number near 2^63. */
#define CGROUP_NONE (INT64_C(1) << 60)

static int64_t
cgroup_number(struct view v)
{
	AUTO_FREE char *z = view_dup(view_trim(v));
	struct err e = ERR_INIT;
	int64_t n;

	if (num_i64(z, 0, INT64_MAX, &n, &e) == -1 || n >= CGROUP_NONE)
		return -1;
	return n;
}

int64_t
cgroup_field(struct view text, const char *key)
{
	size_t n = strlen(key);
	struct view line;

	while (text.p != NULL && view_split(&text, '\n', &line)) {
		if (line.len <= n || !view_starts(line, key) ||
		    line.p[n] != ' ')
			continue;
		line.p += n + 1;
		line.len -= n + 1;
		return cgroup_number(line);
	}
	return -1;
}

/*
 * The first place that has the file: a v1 mount, v2, the hybrid's v2.  A row
 * is the mount, the file and, where it is one of several, the key; v1 first.
 */
struct cgroup_place {
	const char *mount, *file, *key;
};

static int64_t
cgroup_value(const char *cgroup, const struct cgroup_place *at)
{
	for (; at->mount != NULL; at++) {
		AUTO_FREE char *path = xasprintf(
		    CGROUP_TOP "/%s%s/%s", at->mount, cgroup, at->file);
		AUTO_STR struct str text = STR_INIT;
		struct err e = ERR_INIT;

		if (path_read(path, CGROUP_TEXT_MAX, &text, &e) == -1)
			continue;
		return at->key != NULL ? cgroup_field(str_view(&text), at->key)
				       : cgroup_number(str_view(&text));
	}
	return -1;
}

static const struct cgroup_place cgroup_memory[] = {
	{ "memory/", "memory.usage_in_bytes", NULL },
	{ "", "memory.current", NULL },
	{ "unified/", "memory.current", NULL },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_cache[] = {
	{ "memory/", "memory.stat", "total_inactive_file" },
	{ "", "memory.stat", "inactive_file" },
	{ "unified/", "memory.stat", "inactive_file" },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_memory_max[] = {
	{ "memory/", "memory.limit_in_bytes", NULL },
	{ "", "memory.max", NULL },
	{ "unified/", "memory.max", NULL },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_ooms[] = {
	{ "memory/", "memory.oom_control", "oom_kill" },
	{ "", "memory.events", "oom_kill" },
	{ "unified/", "memory.events", "oom_kill" },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_pids[] = {
	{ "pids/", "pids.current", NULL },
	{ "", "pids.current", NULL },
	{ "unified/", "pids.current", NULL },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_pids_max[] = {
	{ "pids/", "pids.max", NULL },
	{ "", "pids.max", NULL },
	{ "unified/", "pids.max", NULL },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_pids_hits[] = {
	{ "pids/", "pids.events", "max" },
	{ "", "pids.events", "max" },
	{ "unified/", "pids.events", "max" },
	{ .mount = NULL },
};
/* Nanoseconds; its v2 counterpart has microseconds. */
static const struct cgroup_place cgroup_cpu_ns[] = {
	{ "cpuacct/", "cpuacct.usage", NULL },
	{ "cpu,cpuacct/", "cpuacct.usage", NULL },
	{ .mount = NULL },
};
static const struct cgroup_place cgroup_cpu_us[] = {
	{ "", "cpu.stat", "usage_usec" },
	{ "unified/", "cpu.stat", "usage_usec" },
	{ .mount = NULL },
};

void
cgroup_read_use(const char *cgroup, struct cgroup_use *out)
{
	int64_t cache = cgroup_value(cgroup, cgroup_cache);
	int64_t ns = cgroup_value(cgroup, cgroup_cpu_ns);

	*out = (struct cgroup_use){
		.memory = cgroup_value(cgroup, cgroup_memory),
		.memory_max = cgroup_value(cgroup, cgroup_memory_max),
		.cpu_us = ns != -1 ? ns / 1000
				   : cgroup_value(cgroup, cgroup_cpu_us),
		.pids = cgroup_value(cgroup, cgroup_pids),
		.pids_max = cgroup_value(cgroup, cgroup_pids_max),
		.ooms = cgroup_value(cgroup, cgroup_ooms),
		.pids_hits = cgroup_value(cgroup, cgroup_pids_hits),
	};
	if (out->memory > cache && cache > 0)
		out->memory -= cache;
}
