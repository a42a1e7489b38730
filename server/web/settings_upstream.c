/* settings_upstream: below the settings of the mirror: a look at upstream now,
 * and what reaches it, which is written and never shown. */
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/service/svc_mirror_key.h"
#include "server/service/svc_project.h"
#include "server/service/svc_secret.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

void
settings_upstream(struct web *w, const struct project *p)
{
	const struct field token = { .name = "token",
		.label = "Token for upstream",
		.help = "It is kept on this server and never shown. Empty "
			"removes it.",
		.max = SVC_SECRET_MAX };
	const struct field key = { .name = "key",
		.label = "Key for ssh, as a text",
		.help = "Empty leaves the one that is there.",
		.secret = true };
	const struct field hosts = { .name = "known_hosts",
		.label = "Keys of its host, as lines of known_hosts",
		.help = "Empty leaves those that are there." };

	if (p->upstream[0] == '\0')
		return;
	settings_form(w, p, "card", "mirror/sync", "");
	HTML_LEAF(&w->h, "h2", "", "Upstream");
	HTML_TAG(&w->h, "p");
	HTML_TAG(&w->h, "code");
	html_shown(&w->h, p->upstream);
	html_end(&w->h);
	html_end(&w->h);
	field_button(w, "", NULL, NULL, "Look there now");
	post_form_end(w);
	if (!web_may(w, p->id, PERM_ADMIN))
		return;
	settings_form(w, p, "card say", "mirror/token", "token");
	HTML_LEAF(&w->h, "h2", "", "Its token");
	field_secret(w, &token, "off");
	field_button(w, "", NULL, NULL, "Keep the token");
	post_form_end(w);
	settings_form(w, p, "card say", "mirror/key", "key");
	HTML_LEAF(&w->h, "h2", "", "Its key");
	field_area(w, &key, "", 3);
	field_area(w, &hosts, "", 3);
	field_button(w, "", NULL, NULL, "Keep the key");
	post_form_end(w);
}

/* False after the reply. */
static bool
upstream_is(struct call *c, const struct project *p)
{
	if (p->upstream[0] != '\0')
		return true;
	web_error(c, 422, "The project has no upstream.");
	return false;
}

static void
upstream_sync(struct call *c, const struct project *p, const struct form *f)
{
	struct svc *s = call_app(c);

	(void)f;
	if (!upstream_is(c, p))
		return;
	(void)s->upper->mirror_sync(s->mirror, p->id, NULL, NULL);
	settings_back(c, "mirror");
}

static void
upstream_kept(
    struct call *c, const struct project *p, int rc, const struct err *e)
{
	struct svc *s = call_app(c);

	if (rc == -1) {
		post_fail(c, settings_mirror_get, e);
		return;
	}
	s->upper->mirror_wake(s->mirror, p->id);
	settings_back(c, "mirror");
}

static void
upstream_token(struct call *c, const struct project *p, const struct form *f)
{
	struct err e = ERR_INIT;

	if (upstream_is(c, p))
		upstream_kept(c, p,
		    svc_project_set_token(call_app(c), call_who(c), p->id,
			form_get(f, "token"), &e),
		    &e);
}

static void
upstream_key(struct call *c, const struct project *p, const struct form *f)
{
	AUTO_FREE char *hosts = form_text(f, "known_hosts");
	AUTO_FREE char *key = form_text(f, "key");
	struct err e = ERR_INIT;
	int rc;

	if (!upstream_is(c, p))
		return;
	if (strlen(key) > SVC_KEY_MAX || strlen(hosts) > SVC_KNOWN_HOSTS_MAX)
		rc = err_set(&e, ERR_INVALID, "it is too long");
	else
		rc = svc_mirror_set_key(call_app(c), call_who(c), p->id,
		    key[0] != '\0' ? key : NULL,
		    hosts[0] != '\0' ? hosts : NULL, &e);
	explicit_bzero(key, strlen(key));
	upstream_kept(c, p, rc, &e);
}

static void
upstream_on_sync(struct call *c)
{
	post_project(c, PERM_WRITE, upstream_sync);
}

static void
upstream_on_token(struct call *c)
{
	post_project(c, PERM_ADMIN, upstream_token);
}

static void
upstream_on_key(struct call *c)
{
	post_project(c, PERM_ADMIN, upstream_key);
}

static void
upstream_post_sync(struct call *c)
{
	web_take_form(c, upstream_on_sync);
}

static void
upstream_post_token(struct call *c)
{
	web_take_form(c, upstream_on_token);
}

static void
upstream_post_key(struct call *c)
{
	web_take_form(c, upstream_on_key);
}

#define MIRROR "/{owner}/{r}/settings/mirror/"

const struct route web_upstream_routes[] = {
	{ "POST", MIRROR "sync", ROUTE_PAGE, upstream_post_sync },
	{ "POST", MIRROR "token", ROUTE_PAGE, upstream_post_token },
	{ "POST", MIRROR "key", ROUTE_PAGE, upstream_post_key },
	{ .method = NULL },
};
