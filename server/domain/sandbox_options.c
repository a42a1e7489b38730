#include "server/domain/sandbox_options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/domain/refname.h"

#define OPTION_LOWER "abcdefghijklmnopqrstuvwxyz"
#define OPTION_DIGIT "0123456789"

static int
sandbox_option_word(const char *name, const char *text, struct err *e)
{
	size_t n = strspn(text, OPTION_LOWER OPTION_DIGIT "_-.");

	if (text[0] == '\0')
		return 0;
	if (text[n] != '\0' || n > 64 || text[0] == '-' || text[0] == '.')
		return err_set(e, ERR_INVALID,
		    "settings.%s: want at most 64 of a-z 0-9 . _ -", name);
	return 0;
}

static int
sandbox_option_driver(const char *name, const char *text, struct err *e)
{
	if (text[0] == '\0' || strcmp(text, "oci") == 0 ||
	    strcmp(text, "engine") == 0)
		return 0;
	return err_set(e, ERR_INVALID, "settings.%s: want oci or engine", name);
}

static int
sandbox_option_branch(const char *name, const char *text, struct err *e)
{
	const char *why = NULL;

	if (text[0] == '\0' || refname_branch_ok(text, &why))
		return 0;
	return err_set(e, ERR_INVALID, "settings.%s: %s", name, why);
}

static int
sandbox_option_gpus(const char *name, const char *text, struct err *e)
{
	size_t n = strspn(text, OPTION_DIGIT);

	if (text[0] == '\0' || strcmp(text, "all") == 0 ||
	    (n > 0 && n < 3 && text[n] == '\0' && text[0] != '0'))
		return 0;
	return err_set(
	    e, ERR_INVALID, "settings.%s: want all, or 1 to 99", name);
}

static int
sandbox_option_printable(const char *name, const char *text, struct err *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INVALID,
			    "settings.%s: a control character", name);
	return 0;
}

static int
sandbox_option_arg(const char *name, const char *text, struct err *e)
{
	if (strlen(text) > SANDBOX_TEXT_MAX)
		return err_set(e, ERR_INVALID, "settings.%s: over %d bytes",
		    name, SANDBOX_TEXT_MAX);
	return sandbox_option_printable(name, text, e);
}

static int
sandbox_option_path(const char *name, const char *text, struct err *e)
{
	if (text[0] != '/')
		return err_set(e, ERR_INVALID,
		    "settings.%s: want absolute paths of the host", name);
	return sandbox_option_arg(name, text, e);
}

#define OPTION_AT(field) offsetof(struct sandbox_options, field)

const struct sandbox_option sandbox_option_rows[] = {
	{ "profile", OPTION_AT(profile), .check = sandbox_option_word },
	{ "branch", OPTION_AT(branch), .check = sandbox_option_branch },
	{ "driver", OPTION_AT(driver), .host = true,
	    .check = sandbox_option_driver },
	{ "runtime", OPTION_AT(runtime), .host = true,
	    .check = sandbox_option_word },
	{ "gpus", OPTION_AT(gpus), .host = true, .check = sandbox_option_gpus },
	{ "entrypoint", OPTION_AT(entrypoint), .list = true,
	    .check = sandbox_option_arg },
	{ "ro", OPTION_AT(ro), .list = true, .host = true,
	    .check = sandbox_option_path },
	{ .name = NULL },
};

static char **
sandbox_options_text_at(
    struct sandbox_options *o, const struct sandbox_option *row)
{
	return (char **)(void *)((char *)o + row->offset);
}

static struct text_list *
sandbox_options_list_at(
    struct sandbox_options *o, const struct sandbox_option *row)
{
	return (struct text_list *)(void *)((char *)o + row->offset);
}

const char *
sandbox_options_text(
    const struct sandbox_options *o, const struct sandbox_option *row)
{
	const char *text;

	memcpy(&text, (const char *)o + row->offset, sizeof(text));
	return text != NULL ? text : "";
}

const struct text_list *
sandbox_options_list(
    const struct sandbox_options *o, const struct sandbox_option *row)
{
	return (const struct text_list *)(const void *)((const char *)o +
	    row->offset);
}

static void
text_list_release(struct text_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct text_list){ .v = NULL };
}

void
sandbox_options_set_text(struct sandbox_options *o,
    const struct sandbox_option *row, const char *text)
{
	char **at = sandbox_options_text_at(o, row);
	char *copy = xstrdup(text);

	free(*at);
	*at = copy;
}

void
sandbox_options_set_list(struct sandbox_options *o,
    const struct sandbox_option *row, const char *const *v, size_t n)
{
	struct text_list fresh = { .n = n };
	struct text_list *at = sandbox_options_list_at(o, row);

	if (n > 0)
		fresh.v = xcalloc(n + 1, sizeof(*fresh.v));
	for (size_t i = 0; i < n; i++)
		fresh.v[i] = xstrdup(v[i]);
	text_list_release(at);
	*at = fresh;
}

void
sandbox_options_init(struct sandbox_options *o)
{
	*o = (struct sandbox_options){ .docker = false };
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++)
		if (!r->list)
			sandbox_options_set_text(o, r, "");
}

void
sandbox_options_release(struct sandbox_options *o)
{
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++) {
		if (r->list)
			text_list_release(sandbox_options_list_at(o, r));
		else
			free(*sandbox_options_text_at(o, r));
	}
	*o = (struct sandbox_options){ .docker = false };
}

void
sandbox_options_copy(
    struct sandbox_options *dst, const struct sandbox_options *src)
{
	*dst = (struct sandbox_options){ .docker = src->docker };
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++) {
		const struct text_list *l = sandbox_options_list(src, r);

		if (r->list)
			sandbox_options_set_list(
			    dst, r, (const char *const *)l->v, l->n);
		else
			sandbox_options_set_text(
			    dst, r, sandbox_options_text(src, r));
	}
}

static int
sandbox_options_check_list(
    const struct sandbox_option *r, const struct text_list *l, struct err *e)
{
	if (l->n > SANDBOX_LIST_MAX)
		return err_set(e, ERR_INVALID, "settings.%s: over %d of them",
		    r->name, SANDBOX_LIST_MAX);
	for (size_t i = 0; i < l->n; i++)
		if (r->check(r->name, l->v[i], e) == -1)
			return -1;
	return 0;
}

int
sandbox_options_check(const struct sandbox_options *o, struct err *e)
{
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++) {
		int rc = r->list
		    ? sandbox_options_check_list(
			  r, sandbox_options_list(o, r), e)
		    : r->check(r->name, sandbox_options_text(o, r), e);

		if (rc == -1)
			return -1;
	}
	if (o->entrypoint.n > 0 && o->entrypoint.v[0][0] == '\0')
		return err_set(e, ERR_INVALID,
		    "settings.entrypoint: the program is empty");
	if (o->docker &&
	    (o->runtime == NULL || strcmp(o->runtime, "sysbox-runc") != 0))
		return err_set(e, ERR_INVALID,
		    "settings.docker: an engine in the sandbox needs "
		    "settings.runtime sysbox-runc; any other runtime would "
		    "have to be privileged");
	return 0;
}

static bool
text_list_same(const struct text_list *a, const struct text_list *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = strcmp(a->v[i], b->v[i]) == 0;
	return same;
}

bool
sandbox_options_same_host(
    const struct sandbox_options *a, const struct sandbox_options *b)
{
	bool same = a->docker == b->docker;

	for (const struct sandbox_option *r = sandbox_option_rows;
	     same && r->name != NULL; r++) {
		if (!r->host)
			continue;
		same = r->list ? text_list_same(sandbox_options_list(a, r),
				     sandbox_options_list(b, r))
			       : strcmp(sandbox_options_text(a, r),
				     sandbox_options_text(b, r)) == 0;
	}
	return same;
}
