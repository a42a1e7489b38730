/* package.json: what runs, and what is depended on. */
#include <string.h>

#include "findings/check_lock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	CHECK_NEST_MAX = 8 /* of overrides */
};

struct check_package {
	struct check_body *b;
	const char *path;
	const struct json *was, *is;
};

static bool
check_one_of(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

/* Run when somebody installs, packs or publishes. */
static bool
check_is_lifecycle(const char *name)
{
	static const char *const names[] = { "preinstall", "install",
		"postinstall", "preuninstall", "uninstall", "postuninstall",
		"prepublish", "preprepare", "prepare", "postprepare", "prepack",
		"postpack", "prepublishOnly", "dependencies", NULL };

	return check_one_of(name, names);
}

/* What a script of an installation has no business with. */
static bool
check_is_reaching(const char *command)
{
	static const char *const words[] = { "curl", "wget",
		"http:", "https:", "base64", "eval", "node -e", "node --eval",
		"python -c", "powershell", "/dev/tcp", "| sh", "|sh", "| bash",
		"|bash", "atob", "ssh ", "nc " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(command, words[i]) != NULL)
			return true;
	return false;
}

static void
check_script(struct check_package *k, const char *name, const char *command)
{
	bool auto_run = check_is_lifecycle(name);

	if (auto_run && check_is_reaching(command))
		finding_add(k->b->out, "install-download", k->path, 0,
		    "the script %.60s runs by itself, and reaches out: %.100s",
		    name, command);
	else if (auto_run || strncmp(name, "pre", 3) == 0 ||
	    strncmp(name, "post", 4) == 0)
		finding_add(k->b->out, "install-script", k->path, 0,
		    "the script %.60s runs by itself: %.100s", name, command);
	else
		check_note(k->b, "script-changed", k->path, 0,
		    "the script %.60s: %.100s", name, command);
}

static void
check_scripts(struct check_package *k)
{
	const struct json *was = json_get(k->was, "scripts"),
			  *is = json_get(k->is, "scripts");

	for (const struct json *m = json_first(is); m != NULL;
	     m = json_next(m)) {
		const char *name = json_key(m), *now = json_string(m);

		if (name == NULL || now == NULL ||
		    strcmp(json_str_or(was, name, ""), now) == 0)
			continue;
		check_script(k, name, now);
	}
}

static bool
check_was_dependency(const struct check_package *k, const char *name)
{
	static const char *const groups[] = { "dependencies", "devDependencies",
		"optionalDependencies", "peerDependencies" };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (json_get(json_get(k->was, groups[i]), name) != NULL)
			return true;
	return false;
}

static void
check_near_names(
    struct check_package *k, const struct json *was, const char *name)
{
	for (const struct json *m = json_first(was); m != NULL;
	     m = json_next(m))
		if (json_key(m) != NULL &&
		    check_is_near(view_of(name), view_of(json_key(m)))) {
			finding_add(k->b->out, "typosquat", k->path, 0,
			    "%.80s is new, and nearly %.80s", name,
			    json_key(m));
			return;
		}
}

static void
check_dependency(struct check_package *k, const char *name, const char *value)
{
	struct view host;
	enum check_origin origin = check_origin_of(view_of(value), &host);

	if (origin == CHECK_FROM_INSECURE)
		finding_add(k->b->out, "dependency-insecure", k->path, 0,
		    "%.80s comes without TLS: %.100s", name, value);
	else if (origin != CHECK_FROM_USUAL)
		finding_add(k->b->out, "dependency-source", k->path, 0,
		    "%.80s is not from the registry: %.100s", name, value);
	if (check_was_dependency(k, name))
		return;
	check_note(k->b, "dependency-new", k->path, 0,
	    "%.80s is a new dependency: %.60s", name, value);
	check_near_names(k, json_get(k->was, "dependencies"), name);
	check_near_names(k, json_get(k->was, "devDependencies"), name);
}

static void
check_dependencies(struct check_package *k, const struct json *was,
    const struct json *is, int depth)
{
	for (const struct json *m = json_first(is); m != NULL;
	     m = json_next(m)) {
		const char *name = json_key(m), *now = json_string(m);

		if (name == NULL)
			continue;
		if (now == NULL && depth < CHECK_NEST_MAX)
			check_dependencies(
			    k, json_get(was, name), m, depth + 1);
		else if (now != NULL &&
		    strcmp(json_str_or(was, name, ""), now) != 0)
			check_dependency(k, name, now);
	}
}

/* Lists of packages that may run scripts, and what else sets how. */
static void
check_settings(struct check_package *k)
{
	static const char *const keys[] = { "trustedDependencies", "pnpm",
		"packageManager", "gypfile", "config", "workspaces" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct json *is = json_get(k->is, keys[i]),
				  *was = json_get(k->was, keys[i]);
		AUTO_STR struct str a = STR_INIT, b = STR_INIT;

		if (is == NULL)
			continue;
		json_print(is, &a);
		if (was != NULL)
			json_print(was, &b);
		if (!view_eq(str_view(&a), str_view(&b)))
			finding_add(k->b->out, "build-backend", k->path, 0,
			    "%s changes what installs or builds", keys[i]);
	}
}

void
check_package_json(
    struct check_body *b, const char *path, struct view was, struct view is)
{
	static const char *const groups[] = { "dependencies", "devDependencies",
		"optionalDependencies", "peerDependencies", "resolutions",
		"overrides" };
	struct err e = ERR_INIT;
	struct json *old = was.len == 0 ? NULL : json_parse(was, 0, &e);
	struct json *new = json_parse(is, 0, &e);
	struct check_package k = { b, path, old, new };

	if (!json_is_object(new))
		finding_add(
		    b->out, "lock-unread", path, 0, "it is no proper JSON");
	check_scripts(&k);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		check_dependencies(
		    &k, json_get(old, groups[i]), json_get(new, groups[i]), 0);
	check_settings(&k);
	json_free(old);
	json_free(new);
}
