#include "agentd/gateway/scrub.h"

#include <string.h>

void
scrub_init(struct scrub *s, struct view secret)
{
	*s = (struct scrub){ .secret = secret };
	if (secret.len < SCRUB_SECRET_MIN)
		s->secret.len = 0;
}

void
scrub_release(struct scrub *s)
{
	str_release(&s->held);
}

/* How many bytes at the end are a beginning of the secret. */
static size_t
scrub_tail(struct view v, struct view secret)
{
	size_t n = secret.len - 1 < v.len ? secret.len - 1 : v.len;

	while (n > 0 && memcmp(v.p + v.len - n, secret.p, n) != 0)
		n--;
	return n;
}

bool
scrub_feed(struct scrub *s, struct view chunk, struct str *out)
{
	AUTO_STR struct str joined = STR_INIT;
	struct view v = chunk;
	size_t hold;

	if (s->secret.len == 0) {
		str_addv(out, chunk);
		return true;
	}
	if (s->held.len > 0) {
		str_addv(&joined, str_view(&s->held));
		str_addv(&joined, chunk);
		v = str_view(&joined);
	}
	if (memmem(v.p, v.len, s->secret.p, s->secret.len) != NULL)
		return false;
	hold = scrub_tail(v, s->secret);
	str_addn(out, v.p, v.len - hold);
	str_reset(&s->held);
	str_addn(&s->held, v.p + v.len - hold, hold);
	return true;
}

void
scrub_end(struct scrub *s, struct str *out)
{
	str_addv(out, str_view(&s->held));
	str_reset(&s->held);
}
