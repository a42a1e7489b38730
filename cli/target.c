#include "cli/target.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	TARGET_BODY_MAX = 64 << 10,
	TARGET_PAGES_MAX = 100,
	TARGET_PAGE = 50
};

int
target_item(const char *s, int64_t *n, struct err *e)
{
	if (num_i64(s[0] == '#' ? s + 1 : s, 1, TARGET_ITEM_MAX, n, e) == -1)
		return err_set(
		    e, ERR_INVALID, "%s is not the number of an item", s);
	return 0;
}

struct json *
target_list(struct cli *c, struct err *e)
{
	AUTO_STR struct str all = STR_INIT;
	struct jw w;

	jw_init(&w, &all);
	jw_array(&w, NULL);
	for (int page = 1; page <= TARGET_PAGES_MAX; page++) {
		AUTO_FREE char *path = xasprintf(
		    "/api/coffer/v1/projects?page=%d&limit=%d", page,
		    (int)TARGET_PAGE);
		struct json *j = NULL;
		const struct json *p;
		size_t n = 0;

		if (remote_get(c, path, &j, e) == -1)
			return NULL;
		p = json_is_array(j) ? j : json_get(j, "projects");
		for (p = json_first(p); p != NULL; p = json_next(p), n++) {
			AUTO_STR struct str one = STR_INIT;

			json_print(p, &one);
			jw_raw(&w, NULL, str_view(&one));
		}
		json_free(j);
		if (n < TARGET_PAGE)
			break;
	}
	jw_end(&w);
	return json_parse(str_view(&all), STR_MAX_DEFAULT, e);
}

static int
target_split(const char *s, char full[TARGET_FULL_MAX], struct err *e)
{
	const char *slash = strchr(s, '/');
	char owner[TARGET_NAME_MAX + 1];
	size_t n = (size_t)(slash - s);

	if (n > TARGET_NAME_MAX)
		return err_set(e, ERR_INVALID, "%s is not OWNER/NAME", s);
	memcpy(owner, s, n);
	owner[n] = '\0';
	if (!path_component_ok(owner) || !path_component_ok(slash + 1))
		return err_set(e, ERR_INVALID, "%s is not OWNER/NAME", s);
	(void)snprintf(full, TARGET_FULL_MAX, "%s", s);
	return 0;
}

int
target_project(
    struct cli *c, const char *s, char full[TARGET_FULL_MAX], struct err *e)
{
	struct json *list;
	int found = 0;

	if (strchr(s, '/') != NULL)
		return target_split(s, full, e);
	if (!path_component_ok(s))
		return err_set(
		    e, ERR_INVALID, "%s is not the name of a project", s);
	if ((list = target_list(c, e)) == NULL)
		return -1;
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p)) {
		if (strcmp(json_str_or(p, "name", ""), s) != 0)
			continue;
		found++;
		(void)snprintf(full, TARGET_FULL_MAX, "%s",
		    json_str_or(p, "full_name", ""));
	}
	json_free(list);
	if (found == 0)
		return err_set(e, ERR_NOTFOUND,
		    "no project %s (`coffer status` lists them)", s);
	if (found > 1)
		return err_set(e, ERR_INVALID,
		    "more than one project is called %s; write OWNER/%s", s, s);
	/* What a peer sent goes into paths: check it like an argument. */
	if (strchr(full, '/') == NULL)
		return err_set(
		    e, ERR_PROTO, "cofferd sent a project without a name");
	{
		AUTO_FREE char *copy = xstrdup(full);

		return target_split(copy, full, e);
	}
}

struct json *
target_load(struct cli *c, const char *s, struct err *e)
{
	char full[TARGET_FULL_MAX];
	AUTO_FREE char *path = NULL;
	struct json *j = NULL;

	if (target_project(c, s, full, e) == -1)
		return NULL;
	path = xasprintf("/api/coffer/v1/projects/%s", full);
	if (remote_get(c, path, &j, e) == -1)
		return NULL;
	if (!json_is_object(j)) {
		json_free(j);
		(void)err_set(e, ERR_PROTO, "cofferd sent no project");
		return NULL;
	}
	return j;
}

static int
target_stdin(struct str *out, struct err *e)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		if (out->len + (size_t)n > TARGET_BODY_MAX)
			return err_set(
			    e, ERR_LIMIT, "standard input is over 64 KiB");
		str_addn(out, buf, (size_t)n);
	}
	if (n == -1)
		return err_sys(e, ERR_IO, "standard input");
	return 0;
}

int
target_body(
    const char *literal, const char *file, struct str *out, struct err *e)
{
	if (literal != NULL && file != NULL)
		return err_set(
		    e, ERR_INVALID, "give the text or a file, not both");
	if (file != NULL && strcmp(file, "-") == 0)
		return target_stdin(out, e);
	if (literal != NULL && strcmp(literal, "-") == 0)
		return target_stdin(out, e);
	if (file != NULL)
		return path_read(file, TARGET_BODY_MAX, out, e);
	if (literal != NULL)
		str_add(out, literal);
	return 0;
}
