/* Lock files in JSON: npm, Composer, Pipenv. */
#include <string.h>

#include "findings/check_lock.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static struct view
check_text_of(const struct json *j, const char *key)
{
	return view_of(json_str_or(j, key, ""));
}

/* Readers differ in which of two equal keys they take. */
static bool
check_has_twice(const struct json *object, const char *key)
{
	int n = 0;

	for (const struct json *m = json_first(object); m != NULL;
	     m = json_next(m))
		if (json_key(m) != NULL && strcmp(json_key(m), key) == 0)
			n++;
	return n > 1;
}

static void
check_npm_pin(struct check_lock *l, struct view name, const struct json *j)
{
	static const char *const keys[] = { "version", "resolved", "integrity",
		"hasInstallScript", "dependencies" };
	struct check_pin *p = check_lock_add(l, name);
	struct view sum = check_text_of(j, "integrity"), word;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		l->unread = l->unread || check_has_twice(j, keys[i]);
	p->version = check_text_of(j, "version");
	p->source = check_text_of(j, "resolved");
	p->actual = check_text_of(j, "name");
	p->script = json_bool_or(j, "hasInstallScript", false);
	if (json_bool_or(j, "link", false))
		p->source.len = 0;
	/* In old ones the version says where it is from. */
	if (p->source.len == 0 &&
	    memmem(p->version.p, p->version.len, "://", 3) != NULL)
		p->source = p->version;
	p->weak = sum.len > 0 && memmem(sum.p, sum.len, "sha512-", 7) == NULL &&
	    memmem(sum.p, sum.len, "sha384-", 7) == NULL &&
	    memmem(sum.p, sum.len, "sha256-", 7) == NULL;
	while (sum.len > 0 && view_split(&sum, ' ', &word))
		check_lock_sum(p, word);
}

/* node_modules/a/node_modules/@s/b is @s/b. */
static struct view
check_npm_name(const char *key)
{
	static const char folder[] = "node_modules/";
	struct view v = view_of(key);
	const char *at;

	while (v.len > 0 &&
	    (at = memmem(v.p, v.len, folder, sizeof(folder) - 1)) != NULL)
		v = view_from(v, (size_t)(at - v.p) + sizeof(folder) - 1);
	return v;
}

static void
check_npm_old(struct check_lock *l, const struct json *deps)
{
	for (const struct json *m = json_first(deps); m != NULL;
	     m = json_next(m)) {
		if (json_key(m) == NULL)
			return;
		check_npm_pin(l, view_of(json_key(m)), m);
		check_npm_old(l, json_get(m, "dependencies"));
	}
}

static void
check_npm(struct check_lock *l)
{
	const struct json *packages = json_get(l->root, "packages");

	for (const struct json *m = json_first(packages); m != NULL;
	     m = json_next(m))
		if (json_key(m) != NULL && *json_key(m) != '\0' &&
		    strstr(json_key(m), "node_modules/") != NULL)
			check_npm_pin(l, check_npm_name(json_key(m)), m);
	check_npm_old(l, json_get(l->root, "dependencies"));
}

static void
check_composer(struct check_lock *l, const struct json *list)
{
	for (const struct json *m = json_first(list); m != NULL;
	     m = json_next(m)) {
		const struct json *dist = json_get(m, "dist"),
				  *source = json_get(m, "source");
		struct check_pin *p = check_lock_add(
		    l, check_text_of(m, "name"));

		p->version = check_text_of(m, "version");
		p->source = check_text_of(dist, "url");
		if (p->source.len == 0)
			p->source = check_text_of(source, "url");
		check_lock_sum(p, check_text_of(dist, "shasum"));
		check_lock_sum(p, check_text_of(source, "reference"));
	}
}

static void
check_pipfile(struct check_lock *l, const struct json *deps)
{
	for (const struct json *m = json_first(deps); m != NULL;
	     m = json_next(m)) {
		const struct json *hashes = json_get(m, "hashes");
		struct check_pin *p;

		if (json_key(m) == NULL)
			return;
		p = check_lock_add(l, view_of(json_key(m)));
		p->version = check_text_of(m, "version");
		p->source = check_text_of(m, "git");
		if (p->source.len == 0)
			p->source = check_text_of(m, "file");
		for (const struct json *h = json_first(hashes); h != NULL;
		     h = json_next(h))
			check_lock_sum(p, view_of(json_string(h)));
	}
}

void
check_lock_json(
    struct check_lock *l, enum check_lock_kind kind, struct view text)
{
	struct err e = ERR_INIT;

	l->root = json_parse(text, 0, &e);
	if (!json_is_object(l->root)) {
		l->unread = true;
		return;
	}
	if (kind == CHECK_LOCK_COMPOSER) {
		check_composer(l, json_get(l->root, "packages"));
		check_composer(l, json_get(l->root, "packages-dev"));
	} else if (kind == CHECK_LOCK_PIPFILE) {
		check_pipfile(l, json_get(l->root, "default"));
		check_pipfile(l, json_get(l->root, "develop"));
	} else {
		check_npm(l);
	}
}
