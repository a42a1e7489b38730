/*
 * registration: a runner that cofferd knows by itself: HOME/runner/registration
 * (0600, JSON) has cofferd's address and this runner's secret.  Without one the
 * runner is that of cofferd's own host, with HOME/secrets/runner.token.
 */
#ifndef AGENTD_RUNNER_REGISTRATION_H
#define AGENTD_RUNNER_REGISTRATION_H

#include <stdint.h>

struct err;

struct registration {
	char *url;
	char *name;
	char *secret;
	char *ca; /* file of the authorities that are trusted; NULL: the
		     system's */
	uint64_t slots;
};

/* ERR_NOTFOUND: there is none. */
int registration_load(
    const char *home, struct registration *out, struct err *e);
void registration_release(struct registration *r);

/* main of `coffer-runner --register`: an exit status. */
int registration_main(int argc, char **argv);

#endif
