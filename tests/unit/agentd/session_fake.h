/*
 * session_fake: the sessions of sandbox_fake's sandboxes: up or not, and asked
 * to forget their token or given an environment.
 */
#ifndef TESTS_UNIT_AGENTD_SESSION_FAKE_H
#define TESTS_UNIT_AGENTD_SESSION_FAKE_H

bool
sandbox_is_up(const struct sandboxes *m, int64_t id)
{
	(void)id;
	return m->up;
}

int
sandbox_drop_token(struct sandboxes *m, int64_t id, struct err *e)
{
	(void)id;
	return m->full ? err_set(e, ERR_IO, "no space left") : 0;
}

int
sandbox_give_env(
    struct sandboxes *m, int64_t id, const char *env, struct err *e)
{
	(void)id;
	(void)env;
	return m->up ? 0 : err_set(e, ERR_BUSY, "it is not up");
}

#endif
