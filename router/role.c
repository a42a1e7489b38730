#include "router/role.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "router/keeper.h"
#include "router/policy.h"
#include "router/proxy.h"
#include "router/stub.h"
#include "router/worker.h"

static int
role_usage(const struct err *e)
{
	fprintf(stderr, "coffer-router: %s\n", e->msg);
	return 2; /* bad usage */
}

static void
role_log_init(const char *name)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct err e = ERR_INIT;

	/* The main process has checked it. */
	(void)log_level_parse(name, &level, &e);
	log_init("coffer-router", level);
}

static int
role_keeper(char **argv)
{
	struct keeper_spec spec = { .argv = argv + 4 };
	struct err e = ERR_INIT;
	uint64_t uid, gid, fds;

	role_log_init(argv[3]);
	if (num_u64(argv[0], 1, UINT32_MAX - 1, &uid, &e) == -1 ||
	    num_u64(argv[1], 1, UINT32_MAX - 1, &gid, &e) == -1 ||
	    num_u64(argv[2], 1, KEEPER_FDS_MAX, &fds, &e) == -1)
		return role_usage(&e);
	spec.uid = (uid_t)uid;
	spec.gid = (gid_t)gid;
	spec.fds = (int)fds;
	return keeper_main(&spec);
}

static int
role_stub(char **argv)
{
	role_log_init(argv[1]);
	return stub_main(argv[0]);
}

static int
role_worker(char **argv)
{
	struct worker_spec spec = { .run = argv[2] };
	struct err e = ERR_INIT;

	role_log_init(argv[4]);
	if (policy_range_parse(argv[0], argv[1], &spec.range, &e) == -1 ||
	    policy_nets_parse(argv[3], &spec.never, &e) == -1)
		return role_usage(&e);
	return worker_main(&spec);
}

static int
role_proxy(char **argv)
{
	struct proxy_spec spec;
	struct err e = ERR_INIT;

	role_log_init(argv[3]);
	if (policy_range_parse(argv[0], argv[1], &spec.range, &e) == -1 ||
	    policy_nets_parse(argv[2], &spec.never, &e) == -1)
		return role_usage(&e);
	return proxy_main(&spec);
}

static const struct role {
	const char *name;
	int args;
	bool more; /* than these */
	int (*fn)(char **argv);
} roles[] = {
	/* uid, gid, descriptors, log level, role and its arguments */
	{ "@keeper", 5, true, role_keeper },
	{ "@proxy", 4, false, role_proxy },
	{ "@stub", 2, false, role_stub },
	{ "@worker", 5, false, role_worker },
};

int
role_run(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const struct role *r = &roles[i];
		int args = argc - 2;

		if (args >= r->args && (args == r->args || r->more) &&
		    strcmp(argv[1], r->name) == 0)
			return r->fn(argv + 2);
	}
	return -1;
}
