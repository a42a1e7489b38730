#include "server/web/form.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"

enum {
	FORM_NEXT_MAX = 500
};

void
form_release(struct form *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		explicit_bzero(f->field[i].value, strlen(f->field[i].value));
		free(f->field[i].value);
		free(f->field[i].name);
	}
	f->n = 0;
}

static int
form_field(struct form *f, struct view name, struct view value, struct err *e)
{
	AUTO_STR struct str n = STR_INIT_MAX(FORM_NAME_MAX);
	AUTO_STR struct str v = STR_INIT_MAX(FORM_MAX);

	if (f->n == FORM_FIELDS_MAX)
		return err_set(e, ERR_INVALID, "the form has over %d fields",
		    FORM_FIELDS_MAX);
	if (esc_form_decode(name, &n, e) == -1 ||
	    esc_form_decode(value, &v, e) == -1)
		return -1;
	if (!str_ok(&n) || !str_ok(&v))
		return err_set(e, ERR_INVALID, "a field's name is too long");
	f->field[f->n].name = str_steal(&n);
	f->field[f->n++].value = str_steal(&v);
	return 0;
}

int
form_parse(struct view body, struct form *out, struct err *e)
{
	struct view rest = body, part, name;

	out->n = 0;
	if (body.len > FORM_MAX)
		return err_set(e, ERR_INVALID, "the form is too long");
	if (body.len == 0)
		return 0;
	while (view_split(&rest, '&', &part)) {
		if (part.len == 0)
			continue;
		(void)view_split(&part, '=', &name);
		if (part.p == NULL)
			part = VIEW_LIT("");
		if (form_field(out, name, part, e) == -1) {
			form_release(out);
			return -1;
		}
	}
	return 0;
}

const char *
form_find(const struct form *f, const char *name)
{
	for (unsigned i = 0; i < f->n; i++)
		if (strcmp(f->field[i].name, name) == 0)
			return f->field[i].value;
	return NULL;
}

const char *
form_get(const struct form *f, const char *name)
{
	const char *value = form_find(f, name);

	return value != NULL ? value : "";
}

char *
form_text(const struct form *f, const char *name)
{
	char *text = xstrdup(form_get(f, name)), *to = text;

	for (const char *p = text; *p != '\0'; p++)
		if (p[0] != '\r' || p[1] != '\n')
			*to++ = *p;
	*to = '\0';
	return text;
}

/* No second slash or backslash: that would be a host. */
bool
form_next_ok(const char *path)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789"
				 "/-._~?&=%";
	size_t n = strlen(path);

	return n >= 1 && n <= FORM_NEXT_MAX && path[0] == '/' &&
	    path[1] != '/' && strspn(path, ok) == n;
}
