#include "server/service/svc_protect_event.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

/* One field of a rule; r NULL: there is none. */
typedef void svc_protect_write_fn(
    struct jw *w, const char *key, const struct protect_rule *r, int which);

static void
svc_protect_write_flag(
    struct jw *w, const char *key, const struct protect_rule *r, int which)
{
	jw_bool(w, key, protect_has(r, (enum protect_flag)which));
}

static void
svc_protect_write_people(
    struct jw *w, const char *key, const struct protect_rule *r, int which)
{
	const struct protect_users *l = &r->people[which];

	jw_array(w, key);
	for (size_t i = 0; i < l->n; i++)
		jw_str(w, NULL, l->at[i].login);
	jw_end(w);
}

static void
svc_protect_write_contexts(
    struct jw *w, const char *key, const struct protect_rule *r, int which)
{
	(void)which;
	jw_array(w, key);
	for (size_t i = 0; i < r->n_contexts; i++)
		jw_str(w, NULL, r->contexts[i]);
	jw_end(w);
}

static void
svc_protect_write_approvals(
    struct jw *w, const char *key, const struct protect_rule *r, int which)
{
	(void)which;
	jw_i64(w, key, r->approvals);
}

static void
svc_protect_write_files(
    struct jw *w, const char *key, const struct protect_rule *r, int which)
{
	jw_str(w, key, svc_text(which == 0 ? r->files : r->open_files));
}

struct svc_protect_field {
	const char *name;
	svc_protect_write_fn *write;
	int which;
};

/* Its text as JSON; a rule that is not there has null. */
static void
svc_protect_text(const struct svc_protect_field *f,
    const struct protect_rule *r, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	if (r != NULL)
		f->write(&w, NULL, r, f->which);
	else
		jw_null(&w, NULL);
}

static void
svc_protect_field(struct jw *w, const struct svc_protect_field *f,
    const struct protect_rule *was, const struct protect_rule *now)
{
	AUTO_STR struct str old = STR_INIT;
	AUTO_STR struct str new_text = STR_INIT;

	svc_protect_text(f, was, &old);
	svc_protect_text(f, now, &new_text);
	if (strcmp(str_cstr(&old), str_cstr(&new_text)) == 0)
		return;
	jw_object(w, f->name);
	jw_raw(w, "old", str_view(&old));
	jw_raw(w, "new", str_view(&new_text));
	jw_end(w);
}

static void
svc_protect_fields(struct jw *w, const struct protect_rule *was,
    const struct protect_rule *now)
{
	static const struct svc_protect_field rest[] = {
		{ "required_approvals", svc_protect_write_approvals, 0 },
		{ "status_check_contexts", svc_protect_write_contexts, 0 },
		{ "protected_file_patterns", svc_protect_write_files, 0 },
		{ "unprotected_file_patterns", svc_protect_write_files, 1 },
	};

	jw_object(w, "changes");
	for (int i = 0; i < PROTECT_FLAGS; i++)
		svc_protect_field(w,
		    &(struct svc_protect_field){
			protect_flag_name((enum protect_flag)i),
			svc_protect_write_flag, i },
		    was, now);
	for (int i = 0; i < PROTECT_PEOPLE; i++)
		svc_protect_field(w,
		    &(struct svc_protect_field){
			protect_people_name((enum protect_people)i),
			svc_protect_write_people, i },
		    was, now);
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		svc_protect_field(w, &rest[i], was, now);
	jw_end(w);
}

int
svc_protect_changed(struct txn *t, const struct svc_op *op, int64_t project,
    const struct protect_rule *was, const struct protect_rule *now,
    struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "protection.changed",
		.project_id = project,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "rule", now != NULL ? now->name : was->name);
	jw_str(&w, "what",
	    was == NULL       ? "created"
		: now == NULL ? "deleted"
			      : "edited");
	svc_protect_fields(&w, was, now);
	jw_end(&w);
	return svc_event_add(t, &op->who, op->now, &v, e);
}

static void
svc_protect_names(
    struct jw *w, const char *key, const struct protect_list *rules)
{
	jw_array(w, key);
	for (size_t i = 0; i < rules->n; i++)
		jw_str(w, NULL, rules->at[i].name);
	jw_end(w);
}

int
svc_protect_ordered(struct txn *t, const struct svc_op *op, int64_t project,
    const struct protect_list *was, const struct protect_list *now,
    struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "protection.changed",
		.project_id = project,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "rule", "");
	jw_str(&w, "what", "ordered");
	jw_object(&w, "changes");
	jw_object(&w, "order");
	svc_protect_names(&w, "old", was);
	svc_protect_names(&w, "new", now);
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
	return svc_event_add(t, &op->who, op->now, &v, e);
}
