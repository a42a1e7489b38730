/* settings_upstream: below the settings of the mirror: a look at upstream now,
 * and what reaches it, which is written and never shown. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/service/svc_mirror_key.h"
#include "server/service/svc_project.h"
#include "server/service/svc_secret.h"
#include "server/web/field.h"
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
		.help = "Empty leaves the one that is there." };
	const struct field hosts = { .name = "known_hosts",
		.label = "Keys of its host, as lines of known_hosts",
		.help = "Empty leaves those that are there." };

	if (p->upstream[0] == '\0')
		return;
	settings_form(w, p, "card", "mirror/sync");
	HTML_LEAF(&w->h, "h2", "", "Upstream");
	HTML_TAG(&w->h, "p");
	HTML_TAG(&w->h, "code");
	html_shown(&w->h, p->upstream);
	html_end(&w->h);
	html_end(&w->h);
	field_button(w, "", NULL, NULL, "Look there now");
	html_end(&w->h);
	if (!web_may(w, p->id, PERM_ADMIN))
		return;
	settings_form(w, p, "card say", "mirror/token");
	HTML_LEAF(&w->h, "h2", "", "Its token");
	field_secret(w, &token, "off");
	field_button(w, "", NULL, NULL, "Keep the token");
	html_end(&w->h);
	settings_form(w, p, "card say", "mirror/key");
	HTML_LEAF(&w->h, "h2", "", "Its key");
	field_area(w, &key, "", 3);
	field_area(w, &hosts, "", 3);
	field_button(w, "", NULL, NULL, "Keep the key");
	html_end(&w->h);
}

/* The id of one that has an upstream; 0 after the reply. */
static int64_t
upstream_following(struct call *c, enum perm_verb verb, struct form *f)
{
	struct project p;
	int64_t id;

	if (settings_take(c, verb, f, &p) == -1)
		return 0;
	id = p.upstream[0] != '\0' ? p.id : 0;
	project_release(&p);
	if (id == 0) {
		form_release(f);
		web_error(c, 422, "The project has no upstream.");
	}
	return id;
}

static void
upstream_on_sync(struct call *c)
{
	struct svc *s = call_app(c);
	struct form f;
	int64_t id = upstream_following(c, PERM_WRITE, &f);

	if (id == 0)
		return;
	form_release(&f);
	(void)s->upper->mirror_sync(s->mirror, id, NULL, NULL);
	settings_back(c, "mirror");
}

static void
upstream_secret_kept(
    struct call *c, struct form *f, int64_t id, int rc, const struct err *e)
{
	struct svc *s = call_app(c);

	form_release(f);
	if (rc == -1) {
		web_fail(c, e);
		return;
	}
	s->upper->mirror_wake(s->mirror, id);
	settings_back(c, "mirror");
}

static void
upstream_on_token(struct call *c)
{
	struct err e = ERR_INIT;
	struct form f;
	int64_t id = upstream_following(c, PERM_ADMIN, &f);

	if (id != 0)
		upstream_secret_kept(c, &f, id,
		    svc_project_set_token(
			call_app(c), id, form_get(&f, "token"), &e),
		    &e);
}

static void
upstream_on_key(struct call *c)
{
	char *key, *hosts;
	struct err e = ERR_INIT;
	struct form f;
	int64_t id = upstream_following(c, PERM_ADMIN, &f);
	int rc;

	if (id == 0)
		return;
	key = form_text(&f, "key");
	hosts = form_text(&f, "known_hosts");
	if (strlen(key) > SVC_KEY_MAX || strlen(hosts) > SVC_KNOWN_HOSTS_MAX)
		rc = err_set(&e, ERR_INVALID, "it is too long");
	else
		rc = svc_mirror_set_key(call_app(c), id,
		    key[0] != '\0' ? key : NULL,
		    hosts[0] != '\0' ? hosts : NULL, &e);
	explicit_bzero(key, strlen(key));
	free(key);
	free(hosts);
	upstream_secret_kept(c, &f, id, rc, &e);
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
