#include "agentd/watch/figures.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/model/modelgate.h"
#include "agentd/run/runs.h"
#include "agentd/sandbox/routerctl.h"
#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	FIGURES_EVERY_MS = 10 * 1000,
	FIGURES_OLD_MS = 60 * 1000, /* not heard of for so long: away */
	FIGURES_TEXT_MAX = 8 << 10,
	FIGURES_VERSION_MAX = 33
};

#define FIGURES_VERSION_OF           \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+~_"

/* What one of them said last, as JSON. */
struct figures_of {
	struct str text;
	char version[FIGURES_VERSION_MAX];
	int64_t at; /* monotonic, 0: never */
	bool asked;
};

struct figures {
	struct figures_spec s;
	struct timer *timer;
	struct figures_of router, gateway;
};

/* An object of numbers, those below another one too. */
static void
figures_copy(struct jw *w, const char *name, const struct json *j)
{
	jw_object(w, name);
	for (const struct json *m = json_first(j); m != NULL;
	     m = json_next(m)) {
		int64_t n = json_i64_or(j, json_key(m), -1);

		if (json_is_object(m))
			figures_copy(w, json_key(m), m);
		else if (n >= 0)
			jw_i64(w, json_key(m), n);
	}
	jw_end(w);
}

/* One that is older tells none, and what is no version is none. */
static void
figures_version(struct figures_of *x, const char *text)
{
	size_t n = strlen(text);

	x->version[0] = '\0';
	if (n < sizeof(x->version) &&
	    text[strspn(text, FIGURES_VERSION_OF)] == '\0')
		memcpy(x->version, text, n + 1);
}

static void
figures_take(struct figures_of *x, const struct json *reply)
{
	struct jw w;

	x->asked = false;
	if (reply == NULL)
		return;
	str_release(&x->text);
	x->text = STR_INIT_MAX(FIGURES_TEXT_MAX);
	jw_init(&w, &x->text);
	figures_copy(&w, NULL, json_get(reply, "figures"));
	figures_version(x, json_str_or(reply, "version", ""));
	x->at = clock_mono_ms();
}

static void
figures_on_router(const struct json *reply, const struct err *fail, void *arg)
{
	struct figures *f = arg;

	figures_take(&f->router, fail == NULL ? reply : NULL);
}

static void
figures_on_gateway(const struct json *reply, const struct err *fail, void *arg)
{
	struct figures *f = arg;

	figures_take(&f->gateway, fail == NULL ? reply : NULL);
}

static void
figures_on_timer(void *arg)
{
	struct figures *f = arg;

	timer_set(f->timer, FIGURES_EVERY_MS);
	if (!f->router.asked && routerctl_is_there(f->s.router)) {
		f->router.asked = true;
		routerctl_hello(f->s.router, figures_on_router, f);
	}
	if (!f->gateway.asked)
		f->gateway.asked = modelgate_hello(
		    f->s.models, figures_on_gateway, f);
}

struct figures *
figures_new(const struct figures_spec *spec)
{
	struct figures *f = xcalloc(1, sizeof(*f));

	f->s = *spec;
	f->timer = timer_new(spec->loop, figures_on_timer, f);
	timer_set(f->timer, 0);
	return f;
}

void
figures_free(struct figures *f)
{
	if (f == NULL)
		return;
	timer_free(f->timer);
	str_release(&f->router.text);
	str_release(&f->gateway.text);
	free(f);
}

static void
figures_part(struct jw *w, const char *name, const char *version,
    const struct figures_of *x)
{
	if (x->at == 0 || clock_mono_ms() - x->at >= FIGURES_OLD_MS ||
	    !str_ok(&x->text))
		return;
	jw_raw(w, name, str_view(&x->text));
	jw_str(w, version, x->version);
}

void
figures_write(const struct figures *f, struct jw *w, const char *name)
{
	size_t active = 0, waiting = 0;

	runs_count(f->s.runs, &active, &waiting);
	jw_object(w, name);
	jw_u64(w, "runs_active", active);
	jw_u64(w, "runs_waiting", waiting);
	figures_part(w, "router", "router_version", &f->router);
	figures_part(w, "gateway", "gateway_version", &f->gateway);
	jw_end(w);
}
