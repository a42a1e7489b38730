#include "cli/mirror_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/kept.h"
#include "cli/out.h"
#include "lib/wire/json.h"

enum {
	SHOW_MOVES_MAX = 20,
	SHOW_SUBMODULES_MAX = 5,
	SHOW_SHA = 10
};

static void
show_sha(const struct json *j, const char *key)
{
	out_fmt(stdout, "%.*s", SHOW_SHA, json_str_or(j, key, "nothing"));
}

/* "refs/heads/main" as "main", a tag with its word. */
static void
show_ref(const char *ref)
{
	if (strncmp(ref, "refs/heads/", 11) == 0) {
		ref += 11;
	} else if (strncmp(ref, "refs/tags/", 10) == 0) {
		(void)printf("tag ");
		ref += 10;
	}
	out_text(stdout, ref);
}

static void
show_move(const struct cli *c, const struct json *m)
{
	const char *what = json_str_or(m, "what", "?");
	bool plain = strcmp(what, "created") == 0 ||
	    strcmp(what, "forwarded") == 0;

	(void)printf("  ");
	out_paint(c, stdout, plain ? OUT_PLAIN : OUT_WARN, what);
	(void)printf(" ");
	show_ref(json_str_or(m, "ref", "?"));
	(void)printf(" ");
	if (json_str_or(m, "old", NULL) != NULL) {
		show_sha(m, "old");
		(void)printf(" -> ");
	}
	show_sha(m, "new");
	if (!plain) {
		(void)printf(": ");
		out_text(stdout, json_str_or(m, "why", ""));
	}
	(void)printf("\n");
	if (json_str_or(m, "kept", NULL) != NULL) {
		(void)printf("    kept as ");
		out_text(stdout, kept_name(json_str_or(m, "kept", "")));
		(void)printf("\n");
	}
}

void
mirror_show_report(const struct cli *c, const struct json *report)
{
	const struct json *moves = json_get(report, "moves");
	size_t n = 0;

	for (const struct json *m = json_first(moves);
	     m != NULL && n < SHOW_MOVES_MAX; m = json_next(m), n++)
		show_move(c, m);
	if (json_count(moves) > n)
		(void)printf("  and %zu more\n", json_count(moves) - n);
}

void
mirror_show_waiting(const struct cli *c, const struct json *project)
{
	const struct json *waiting = json_get(
	    json_get(project, "mirror"), "waiting");
	size_t n = 0;

	for (const struct json *w = json_first(waiting);
	     w != NULL && n < SHOW_MOVES_MAX; w = json_next(w), n++) {
		(void)printf("  ");
		out_paint(c, stdout, OUT_WARN, "waits");
		(void)printf(" ");
		show_ref(json_str_or(w, "ref", "?"));
		(void)printf(" at ");
		show_sha(w, "local");
		(void)printf(", upstream has ");
		show_sha(w, "upstream");
		(void)printf(": ");
		out_text(stdout, json_str_or(w, "why", ""));
		(void)printf("\n");
	}
	if (json_count(waiting) > n)
		(void)printf("  and %zu more wait\n", json_count(waiting) - n);
}

static void
show_unverified(const struct cli *c, const struct json *mirror)
{
	for (const struct json *u = json_first(json_get(mirror, "unverified"));
	     u != NULL; u = json_next(u)) {
		(void)printf("  ");
		out_paint(c, stdout, OUT_WARN, "unverified");
		(void)printf(" ");
		show_ref(json_str_or(u, "ref", "?"));
		(void)printf(" at ");
		show_sha(u, "sha");
		(void)printf(": upstream was merged into it;");
		for (const struct json *k = json_first(json_get(u, "checks"));
		     k != NULL; k = json_next(k)) {
			(void)printf(" ");
			out_text(stdout, json_str_or(k, "name", "?"));
			(void)printf(" ");
			out_text(stdout, json_str_or(k, "state", "?"));
		}
		(void)printf("\n");
	}
}

static void
show_fact(const char *name, const struct json *j, const char *key)
{
	const char *v = json_str_or(j, key, "");

	if (v[0] == '\0')
		return;
	(void)printf("  %-9s ", name);
	out_text(stdout, v);
	(void)printf("\n");
}

static void
show_upstream(const struct cli *c, const struct json *p)
{
	const struct json *u = json_get(p, "upstream_info");
	const char *branch = json_str_or(u, "default_branch", "");

	show_fact("about", u, "description");
	show_fact("fork of", u, "parent");
	if (json_bool_or(u, "archived", false)) {
		(void)printf("            ");
		out_paint(c, stdout, OUT_WARN, "upstream is archived");
		(void)printf("\n");
	}
	if (branch[0] != '\0' &&
	    strcmp(branch, json_str_or(p, "default_branch", "")) != 0) {
		(void)printf("            its API names another default "
			     "branch: ");
		out_text(stdout, branch);
		(void)printf("\n");
	}
	if (json_str_or(u, "moved_to", NULL) != NULL) {
		(void)printf("            ");
		out_paint(c, stdout, OUT_WARN, "upstream has moved to ");
		out_text(stdout, json_str_or(u, "moved_to", ""));
		(void)printf(
		    "; it is not followed: see that you trust it, then create "
		    "a project with its new URL\n");
	}
	show_fact("its API", u, "error");
}

static void
show_contents(const struct json *p)
{
	const struct json *x = json_get(p, "contents");
	const struct json *subs = json_get(x, "submodules");
	const struct json *lfs = json_get(x, "lfs");
	int64_t pointers = json_i64_or(lfs, "pointers", 0);
	size_t n = 0;

	if (json_count(subs) == 0 && pointers == 0)
		return;
	(void)printf("  not mirrored: %zu submodules, %" PRId64
		     " LFS objects of %" PRId64 " bytes%s\n",
	    json_count(subs), pointers, json_i64_or(lfs, "bytes", 0),
	    json_bool_or(lfs, "truncated", false) ? " (at least)" : "");
	for (const struct json *s = json_first(subs);
	     s != NULL && n < SHOW_SUBMODULES_MAX; s = json_next(s), n++) {
		(void)printf("            submodule ");
		out_text(stdout, json_str_or(s, "path", "?"));
		(void)printf(" of ");
		out_text(stdout,
		    json_str_or(s, "resolved", json_str_or(s, "url", "?")));
		(void)printf("\n");
	}
}

void
mirror_show(const struct cli *c, const struct json *project)
{
	const struct json *m = json_get(project, "mirror");
	char ago[32];

	if (json_bool_or(m, "stale", false)) {
		(void)printf("            ");
		out_paint(c, stdout, OUT_BAD, "stale");
		(void)printf(": last tried %s\n",
		    out_ago(json_str_or(m, "last_attempt_at", NULL), ago));
	}
	mirror_show_waiting(c, project);
	show_unverified(c, m);
	show_upstream(c, project);
	show_contents(project);
}
