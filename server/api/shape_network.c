/* shape_network: what a sandbox may reach. */
#include "lib/base/err.h"
#include "server/api/shape_priv.h"
#include "server/domain/net_rule.h"
#include "server/store/net_rules.h"

void
shape_net_rule(struct shape *s, const struct net_rule *r, bool full)
{
	jw_object(&s->w, NULL);
	if (full && r->id != 0)
		jw_i64(&s->w, "id", r->id);
	jw_str(&s->w, "domain", r->domain);
	if (r->n_ports > 0) {
		jw_array(&s->w, "ports");
		for (size_t i = 0; i < r->n_ports; i++)
			jw_i64(&s->w, NULL, r->ports[i]);
		jw_end(&s->w);
	}
	if (r->until != 0)
		jw_time(&s->w, "until", r->until);
	if (full && r->id != 0) {
		shape_str_or_null(s, "preset", r->preset);
		jw_str(&s->w, "by", r->by);
		jw_time(&s->w, "created_at", r->created_at);
	}
	jw_end(&s->w);
}

int
shape_net_policy(
    struct shape *s, struct txn *t, int64_t project, int64_t now, struct err *e)
{
	struct net_rule_list l;
	struct net_bounds b;

	if (net_bounds_get(t, project, &b, e) == -1 ||
	    net_rules_list(t, project, now, &l, e) == -1)
		return -1;
	jw_object(&s->w, "policy");
	jw_bool(&s->w, "lockdown", b.lockdown);
	jw_i64(&s->w, "upload_max", b.upload_max);
	for (int list = NET_ALLOW; list <= NET_DENY; list++) {
		jw_array(&s->w, net_list_name((enum net_list)list));
		for (size_t i = 0; i < l.n; i++)
			if ((int)l.at[i].list == list)
				shape_net_rule(s, &l.at[i], false);
		jw_end(&s->w);
	}
	jw_end(&s->w);
	net_rule_list_release(&l);
	return 0;
}
