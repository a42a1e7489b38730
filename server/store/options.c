#include "server/store/options.h"

#include "lib/base/err.h"
#include "lib/wire/json.h"

void
options_write(struct jw *w, const struct sandbox_options *o)
{
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++) {
		const struct text_list *l = sandbox_options_list(o, r);

		if (!r->list) {
			jw_str(w, r->name, sandbox_options_text(o, r));
			continue;
		}
		jw_array(w, r->name);
		for (size_t i = 0; i < l->n; i++)
			jw_str(w, NULL, l->v[i]);
		jw_end(w);
	}
	jw_bool(w, "docker", o->docker);
}

static int
options_read_list(const struct json *list, const struct sandbox_option *r,
    struct sandbox_options *o, struct err *e)
{
	const char *v[SANDBOX_LIST_MAX];
	size_t n = 0;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_count(list) > SANDBOX_LIST_MAX)
		return err_set(e, ERR_INVALID,
		    "settings.%s: want at most %d texts", r->name,
		    SANDBOX_LIST_MAX);
	for (const struct json *m = json_first(list); m != NULL;
	     m = json_next(m)) {
		v[n] = json_string(m);
		if (v[n++] == NULL)
			return err_set(
			    e, ERR_INVALID, "settings.%s: want texts", r->name);
	}
	sandbox_options_set_list(o, r, v, n);
	return 0;
}

int
options_read(const struct json *j, struct sandbox_options *o, struct err *e)
{
	struct err why = ERR_INIT;

	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++) {
		const char *text = NULL;

		if (r->list) {
			if (options_read_list(json_get(j, r->name), r, o, e) ==
			    -1)
				return -1;
			continue;
		}
		if (json_str(j, r->name, SANDBOX_TEXT_MAX, &text, &why) == -1)
			return err_set(e, ERR_INVALID, "settings.%s", why.msg);
		if (text != NULL)
			sandbox_options_set_text(o, r, text);
	}
	if (json_bool(j, "docker", &o->docker, &why) == -1)
		return err_set(e, ERR_INVALID, "settings.%s", why.msg);
	return 0;
}
