#include "server/service/svc_renewal.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/settings_rule.h"
#include "server/store/options.h"
#include "server/store/projects.h"
#include "server/store/renewals.h"

enum {
	RENEWAL_JSON_MAX = 64 << 10
};

static const struct {
	const char *name;
	size_t offset;
} renewal_numbers[] = {
	{ "memory", offsetof(struct project_settings, memory) },
	{ "cpus", offsetof(struct project_settings, cpus) },
	{ "pids", offsetof(struct project_settings, pids) },
	{ "disk", offsetof(struct project_settings, disk) },
	{ "wall_s", offsetof(struct project_settings, wall_s) },
};

#define RENEWAL_NUMBERS (sizeof(renewal_numbers) / sizeof(renewal_numbers[0]))

static int64_t *
renewal_number(struct project_settings *x, size_t i)
{
	return (int64_t *)(void *)((char *)x + renewal_numbers[i].offset);
}

/* What may be asked for with it, as the members of the API. */
static void
renewal_write(const struct project_settings *x, struct str *out)
{
	struct project_settings copy = *x;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	for (size_t i = 0; i < RENEWAL_NUMBERS; i++)
		jw_i64(&w, renewal_numbers[i].name, *renewal_number(&copy, i));
	jw_str(&w, "network", network_name(x->network));
	jw_str(&w, "agent", x->agent);
	jw_array(&w, "agent_command");
	for (size_t i = 0; i < x->agent_command_n; i++)
		jw_str(&w, NULL, x->agent_command[i]);
	jw_end(&w);
	options_write(&w, &x->sandbox);
	jw_end(&w);
}

int
svc_renewal_begin(struct txn *t, const struct project *is,
    const struct project_settings *now, int64_t generation, struct err *e)
{
	AUTO_STR struct str before = STR_INIT, after = STR_INIT;
	struct renewal r = { .project_id = is->id, .generation = generation };

	renewal_write(&is->settings, &before);
	renewal_write(now, &after);
	r.before = before.p;
	r.after = after.p;
	return renewals_put(t, &r, e);
}

static bool
renewal_same(const struct json *a, const struct json *b, const char *name)
{
	AUTO_STR struct str x = STR_INIT, y = STR_INIT;

	json_print(json_get(a, name), &x);
	json_print(json_get(b, name), &y);
	return strcmp(str_cstr(&x), str_cstr(&y)) == 0;
}

struct renewal_docs {
	struct json *before, *after, *is;
};

/* Was it asked for with the renewal, and stands since? */
static bool
renewal_is_back(const struct renewal_docs *d, const char *name)
{
	return !renewal_same(d->before, d->after, name) &&
	    renewal_same(d->after, d->is, name);
}

static void
renewal_keep(
    const struct renewal_docs *d, const char *name, struct jw *w, bool *any)
{
	AUTO_STR struct str text = STR_INIT;

	if (!renewal_is_back(d, name))
		return;
	json_print(json_get(d->before, name), &text);
	jw_raw(w, name, str_view(&text));
	*any = true;
}

/* By how much they let out. */
static int
renewal_width(int network)
{
	static const enum network_mode rows[] = { NETWORK_OFF, NETWORK_NONE,
		NETWORK_LOCKED, NETWORK_WEB, NETWORK_OPEN };
	int i = 0;

	while (i < (int)(sizeof(rows) / sizeof(rows[0])) &&
	    (int)rows[i] != network)
		i++;
	return i;
}

/* A mode that lets out less than the one before stays: who asked for it may
 * think that it is so. */
static void
renewal_apply_network(
    const struct renewal_docs *d, struct project_settings *x, bool *any)
{
	int before = network_parse(json_str_or(d->before, "network", ""));

	if (before <= 0 || !renewal_is_back(d, "network") ||
	    renewal_width(before) > renewal_width((int)x->network))
		return;
	x->network = (enum network_mode)before;
	*any = true;
}

static void
renewal_apply_agent(
    const struct renewal_docs *d, struct project_settings *x, bool *any)
{
	const struct json *list = json_get(d->before, "agent_command");
	const char *argv[SETTINGS_ARGV_MAX];
	size_t n = 0;

	if (renewal_is_back(d, "agent")) {
		project_settings_set_agent(
		    x, json_str_or(d->before, "agent", x->agent));
		*any = true;
	}
	if (!renewal_is_back(d, "agent_command"))
		return;
	for (const struct json *v = json_first(list);
	     v != NULL && n < SETTINGS_ARGV_MAX; v = json_next(v))
		argv[n++] = json_string(v);
	project_settings_set_command(x, argv, n);
	*any = true;
}

/* Lays what comes back over *x. */
static int
renewal_apply(const struct renewal_docs *d, struct project_settings *x,
    bool *any, struct err *e)
{
	AUTO_STR struct str back = STR_INIT;
	struct json *j;
	struct jw w;
	int rc;

	for (size_t i = 0; i < RENEWAL_NUMBERS; i++) {
		const char *name = renewal_numbers[i].name;

		if (!renewal_is_back(d, name))
			continue;
		*renewal_number(x, i) = json_i64_or(d->before, name, 0);
		*any = true;
	}
	renewal_apply_network(d, x, any);
	renewal_apply_agent(d, x, any);
	jw_init(&w, &back);
	jw_object(&w, NULL);
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++)
		renewal_keep(d, r->name, &w, any);
	renewal_keep(d, "docker", &w, any);
	jw_end(&w);
	j = json_parse(str_view(&back), RENEWAL_JSON_MAX, e);
	rc = j == NULL ? -1 : options_read(j, &x->sandbox, e);
	json_free(j);
	return rc;
}

static int
renewal_restore(struct txn *t, const struct svc_op *op, const struct project *p,
    const struct renewal *r, struct err *e)
{
	AUTO_STR struct str is = STR_INIT;
	const struct svc_event v = { .kind = "project.updated",
		.project_id = p->id };
	struct renewal_docs d = { .is = NULL };
	struct project_settings x;
	bool any = false;
	int rc = -1;

	project_settings_init(&x);
	project_settings_copy(&x, &p->settings);
	renewal_write(&p->settings, &is);
	d.is = json_parse(str_view(&is), RENEWAL_JSON_MAX, e);
	d.before = json_parse(view_of(r->before), RENEWAL_JSON_MAX, e);
	d.after = json_parse(view_of(r->after), RENEWAL_JSON_MAX, e);
	if (d.is != NULL && d.before != NULL && d.after != NULL)
		rc = renewal_apply(&d, &x, &any, e);
	if (rc == 0 && any) {
		rc = projects_set_settings(t, p->id, &x, e);
		if (rc == 0)
			rc = svc_event_add(t, &op->who, op->now, &v, e);
	}
	json_free(d.is);
	json_free(d.before);
	json_free(d.after);
	project_settings_release(&x);
	return rc;
}

int
svc_renewal_undo(struct txn *t, const struct svc_op *op,
    const struct project *p, struct err *e)
{
	struct renewal r;
	int rc = renewals_get(t, p->id, &r, e);

	if (rc == 0 && r.generation != 0)
		rc = renewal_restore(t, op, p, &r, e);
	if (rc == 0)
		rc = renewals_end(t, p->id, INT64_MAX, e);
	renewal_release(&r);
	return rc;
}
