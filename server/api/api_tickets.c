/* api_tickets: permissions for attach, exec and dial. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_ticket.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"

static void
api_tickets_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_ticket_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_reply_secret(c, 201, "ticket", op->secret, op->expires_at);
	call_release(c);
}

static void
api_tickets_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_body(c, j, PERM_WRITE);
	AUTO_FREE char *verb = NULL;

	if (project == 0 || api_need(c, j, "verb", 15, &verb) == -1)
		return;
	call_hold(c);
	svc_ticket_create(
	    api_svc(c), call_who(c), project, verb, api_tickets_created, c);
}

static void
api_tickets_create(struct call *c)
{
	call_take_json(c, api_tickets_on_body);
}

static void
api_tickets_redeemed(const struct err *fail, void *arg, void *call)
{
	const struct svc_ticket_redeem *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_str(&s.w, "user", op->ticket.login);
		jw_object(&s.w, "project");
		jw_i64(&s.w, "id", op->ticket.project_id);
		jw_str(&s.w, "full_name", op->ticket.project_name);
		jw_end(&s.w);
		jw_str(&s.w, "verb", op->ticket.verb);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_tickets_on_redeem(struct call *c, const struct json *j)
{
	AUTO_FREE char *ticket = NULL;

	if (api_need(c, j, "ticket", 100, &ticket) == -1)
		return;
	call_hold(c);
	svc_ticket_redeem(
	    api_svc(c), call_who(c), ticket, api_tickets_redeemed, c);
}

static void
api_tickets_redeem(struct call *c)
{
	call_take_json(c, api_tickets_on_redeem);
}

const struct route api_tickets_routes[] = {
	{ "POST", "/api/coffer/v1/tickets", ROUTE_USER, api_tickets_create },
	{ "POST", "/api/coffer/v1/tickets/redeem", ROUTE_SERVICE,
	    api_tickets_redeem },
	{ .method = NULL },
};
