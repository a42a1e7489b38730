/* api_item: the members of a body that issues and pull requests share. */
#include "server/api/api.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static int
api_item_bad(struct call *c, const char *key, const char *why)
{
	call_reply_error(c, 422, "%s: %s", key, why);
	return -1;
}

static int
api_item_labels(struct call *c, const struct json *j, struct item_fields *f)
{
	const struct json *list = json_get(j, "labels");

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return api_item_bad(c, "labels", "want an array of ids");
	if (json_count(list) > ITEM_LABELS_MAX)
		return api_item_bad(c, "labels", "too many");
	f->set_labels = true;
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		int64_t id = json_integer(v, 0);

		if (id < 1)
			return api_item_bad(
			    c, "labels", "want an array of ids");
		f->labels[f->n_labels++] = id;
	}
	return 0;
}

/* A name that is there twice counts once. */
static int
api_item_assignee(struct call *c, const char *login, struct item_fields *f)
{
	if (login == NULL || strlen(login) > NAME_LEN_MAX)
		return api_item_bad(
		    c, "assignees", "want an array of user names");
	for (size_t i = 0; i < f->n_assignees; i++)
		if (strcmp(f->assignees[i], login) == 0)
			return 0;
	if (f->n_assignees == ITEM_ASSIGNEES_MAX)
		return api_item_bad(c, "assignees", "too many");
	f->assignees[f->n_assignees++] = xstrdup(login);
	return 0;
}

int
api_item_assignees(struct call *c, const struct json *j, struct item_fields *f)
{
	const struct json *list = json_get(j, "assignees");
	const struct json *one = json_get(j, "assignee");

	if (one != NULL && !json_is_null(one)) {
		f->set_assignees = true;
		if (!json_is_string(one))
			return api_item_bad(c, "assignee", "want a user name");
		if (json_string(one)[0] != '\0' &&
		    api_item_assignee(c, json_string(one), f) == -1)
			return -1;
	}
	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return api_item_bad(
		    c, "assignees", "want an array of user names");
	f->set_assignees = true;
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v))
		if (api_item_assignee(c, json_string(v), f) == -1)
			return -1;
	return 0;
}

int
api_time(struct call *c, const struct json *j, const char *key, bool *set,
    int64_t *out)
{
	const char *s = NULL;
	struct err e = ERR_INIT;
	int rc = json_str(j, key, 64, &s, &e);

	if (rc == 1)
		return 0;
	if (rc == -1 || (*s != '\0' && clock_parse(s, out, &e) == -1))
		return api_item_bad(c, key, "want an RFC 3339 time");
	/* No text, or what Go makes of a time that was not set, is none. */
	if (*s == '\0' || strcmp(s, "0001-01-01T00:00:00Z") == 0)
		*out = 0;
	*set = true;
	return 0;
}

static int
api_item_due(struct call *c, const struct json *j, struct item_fields *f)
{
	bool unset = false;

	if (api_time(c, j, "due_date", &f->set_due, &f->due_at) == -1 ||
	    api_bool(c, j, "unset_due_date", &unset) == -1)
		return -1;
	if (!unset)
		return 0;
	f->set_due = true;
	f->due_at = 0;
	return 0;
}

static int
api_item_number(struct call *c, const struct json *j, const char *key,
    bool *set, int64_t *out)
{
	int64_t n = -1;

	if (api_i64(c, j, key, 0, INT64_MAX, &n) == -1)
		return -1;
	if (n == -1)
		return 0;
	*set = true;
	*out = n;
	return 0;
}

int
api_item_fields(struct call *c, const struct json *j, struct item_fields *f)
{
	if (api_item_labels(c, j, f) == -1 ||
	    api_item_assignees(c, j, f) == -1 ||
	    api_item_number(
		c, j, "milestone", &f->set_milestone, &f->milestone) == -1 ||
	    api_item_number(
		c, j, "content_version", &f->set_version, &f->version) == -1 ||
	    api_item_due(c, j, f) == -1 ||
	    api_text(c, j, "ref", ITEM_REF_MAX, &f->ref) == -1) {
		item_fields_release(f);
		return -1;
	}
	f->set_ref = f->ref != NULL;
	return 0;
}
