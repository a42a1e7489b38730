#include "agentd/watch/modelset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/call.h"
#include "agentd/model/modelgate.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	MODELSET_EVERY_MS = 10 * 1000,
	MODELSET_TEXT_MAX = 1 << 20
};

struct modelset {
	struct modelset_spec s;
	struct timer *timer;
	struct call *call;
	struct str sent; /* the last that was tried */
	bool told;       /* and that cofferd has */
	bool asked;
};

static void
modelset_on_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct modelset *m = arg;

	(void)status;
	(void)j;
	m->told = fail == NULL;
	if (fail != NULL)
		log_warn("modelset not-told why=%s", log_val(fail->msg));
	else
		log_info("modelset told bytes=%zu", m->sent.len);
}

static void
modelset_tell(struct modelset *m, const struct json *reply)
{
	AUTO_STR struct str list = STR_INIT_MAX(MODELSET_TEXT_MAX);
	struct str text = STR_INIT_MAX(MODELSET_TEXT_MAX);
	struct jw w;

	json_print(json_get(reply, "settings"), &list);
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_raw(&w, "settings", str_view(&list));
	jw_bool(&w, "more", json_bool_or(reply, "more", false));
	jw_end(&w);
	if (!str_ok(&list) || !str_ok(&text)) {
		log_warn("modelset too-long");
		str_release(&text);
		return;
	}
	if (m->told && strcmp(str_cstr(&text), str_cstr(&m->sent)) == 0) {
		str_release(&text);
		return;
	}
	str_release(&m->sent);
	m->sent = text;
	m->told = false;
	call_start(m->call, "PUT", "/api/coffer/v1/gateway/settings",
	    str_cstr(&m->sent));
}

static void
modelset_on_reply(const struct json *reply, const struct err *fail, void *arg)
{
	struct modelset *m = arg;

	m->asked = false;
	/* A gateway that is older knows no such question. */
	if (fail == NULL && json_is_array(json_get(reply, "settings")))
		modelset_tell(m, reply);
}

static void
modelset_on_timer(void *arg)
{
	struct modelset *m = arg;

	timer_set(m->timer, m->s.every_ms);
	if (!m->asked && !call_busy(m->call))
		m->asked = modelgate_settings(
		    m->s.models, modelset_on_reply, m);
}

struct modelset *
modelset_new(const struct modelset_spec *spec)
{
	struct modelset *m = xcalloc(1, sizeof(*m));

	m->s = *spec;
	if (m->s.every_ms == 0)
		m->s.every_ms = MODELSET_EVERY_MS;
	m->sent = STR_INIT;
	m->call = call_new(spec->loop, spec->api, modelset_on_told, m);
	m->timer = timer_new(spec->loop, modelset_on_timer, m);
	timer_set(m->timer, 0);
	return m;
}

void
modelset_free(struct modelset *m)
{
	if (m == NULL)
		return;
	timer_free(m->timer);
	call_free(m->call);
	str_release(&m->sent);
	free(m);
}
