/*
 * coffer-prove HOME ID DRIVER PROBE: the barriers of one running sandbox,
 * tried; the probe's input and output are descriptor 3.  Started by
 * coffer-agentd.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/prove/prove.h"
#include "agentd/sandbox/host.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	PROVER_ARGS = 5,
	PROVER_PROBE_FD = 3
};

/* The client shows what it reads. */
static int
prover_fail(const struct err *e)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_str(&w, "error", e->msg);
	jw_end(&w);
	(void)printf("%s\n", str_cstr(&out));
	return 1;
}

int
main(int argc, char **argv)
{
	struct prove p = { .probe = { .fd = PROVER_PROBE_FD },
		.twin = { .fd = -1 },
		.proc = -1,
		.router = -1 };
	struct err e = ERR_INIT;
	int rc;

	log_init("coffer-prove", LOG_LEVEL_WARN);
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc != PROVER_ARGS || argv[1][0] != '/' ||
	    num_i64(argv[2], 1, HOST_MAX_PROJECT, &p.project, &e) == -1) {
		(void)fprintf(stderr,
		    "usage: coffer-prove HOME ID DRIVER PROBE (internal)\n");
		return 2;
	}
	p.home = argv[1];
	p.driver = argv[3];
	rnd_hex(p.token, (PROVE_TOKEN - 1) / 2);
	(void)fcntl(PROVER_PROBE_FD, F_SETFD, FD_CLOEXEC);
	(void)fcntl(p.probe.fd, F_SETFL, O_NONBLOCK);
	if (host_instance(p.home, p.inst, &e) == -1 ||
	    prove_start_probe(&p, argv[4], &e) == -1 ||
	    prove_find(&p, &e) == -1)
		return prover_fail(&e);
	prove_start_twin(&p, argv[4]);
	prove_router_open(&p);
	p.eye = eye_open(p.inst, p.project, p.token, &e);
	if (p.eye == NULL)
		return prover_fail(&e);
	rc = prove_run(&p);
	eye_close(p.eye);
	prove_stop_twin(&p);
	str_release(&p.probe.in);
	str_release(&p.twin.in);
	str_release(&p.both);
	str_release(&p.why);
	return rc;
}
