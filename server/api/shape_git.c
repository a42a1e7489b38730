#include "server/api/shape_git.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/map.h"
#include "server/api/shape_priv.h"
#include "server/http/call.h"
#include "server/store/users.h"

enum {
	SHAPE_PEOPLE_MAX = 200 /* looked up for one reply */
};

void
shape_git_init(struct shape_git *g, struct call *c)
{
	shape_init(&g->s, c, NULL);
	g->full = xasprintf("%s/%s", call_arg(c, 0), call_arg(c, 1));
	g->people = map_new();
}

void
shape_git_reply(struct shape_git *g, struct call *c, int status)
{
	size_t cursor = 0;
	void *value;

	shape_reply(&g->s, c, status);
	while (map_next(g->people, &cursor, NULL, &value))
		free(value);
	map_free(g->people);
	free(g->full);
}

/* LOGIN of LOGIN@noreply.HOST, or NULL. */
static char *
shape_git_noreply(const struct shape_git *g, const char *email)
{
	const char *at = strchr(email, '@');
	AUTO_FREE char *login = NULL;
	AUTO_STR struct str own = STR_INIT;

	if (at == NULL || at == email)
		return NULL;
	login = xstrndup(email, (size_t)(at - email));
	shape_noreply(&g->s, login, &own);
	if (strcmp(str_cstr(&own), email) != 0 &&
	    strcmp(at, "@noreply.localhost") != 0)
		return NULL;
	return STEAL(login);
}

static int
shape_git_look_up(struct shape_git *g, const char *email, struct user *u)
{
	AUTO_FREE char *login = shape_git_noreply(g, email);
	struct err e = ERR_INIT;

	if (login != NULL)
		return users_by_name(g->s.t, login, u, &e);
	return users_by_email(g->s.t, email, u, &e);
}

const struct author *
shape_git_person(struct shape_git *g, const char *email)
{
	struct author *a = map_get(g->people, email);
	struct user u;

	if (a == NULL) {
		if (map_count(g->people) == SHAPE_PEOPLE_MAX)
			return NULL;
		a = xcalloc(1, sizeof(*a));
		if (email[0] != '\0' && shape_git_look_up(g, email, &u) == 0) {
			a->id = u.id;
			memcpy(a->login, u.login, sizeof(a->login));
			a->kind = u.kind;
			a->bot = u.bot;
			a->created_at = u.created_at;
			memcpy(a->full_name, u.full_name, sizeof(a->full_name));
		}
		(void)map_put(g->people, email, a);
	}
	return a->id != 0 ? a : NULL;
}

static void
shape_git_user(struct shape_git *g, const char *key, const struct json *who)
{
	const struct author *a = shape_git_person(
	    g, json_str_or(who, "email", ""));

	if (a != NULL)
		shape_user(&g->s, key, a);
	else
		jw_null(&g->s.w, key);
}

static void
shape_git_identity(struct shape_git *g, const char *key, const struct json *who)
{
	jw_object(&g->s.w, key);
	jw_str(&g->s.w, "name", json_str_or(who, "name", ""));
	jw_str(&g->s.w, "email", json_str_or(who, "email", ""));
	jw_time(&g->s.w, "date", json_i64_or(who, "at", 0));
	jw_end(&g->s.w);
}

void
shape_git_meta(struct shape_git *g, const char *key, const char *place,
    const char *sha, int64_t at)
{
	jw_object(&g->s.w, key);
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/%s/%s", g->full, place, sha);
	jw_str(&g->s.w, "sha", sha);
	if (at != 0)
		jw_time(&g->s.w, "created", at);
	else
		jw_str(&g->s.w, "created", SHAPE_TIME_NONE);
	jw_end(&g->s.w);
}

void
shape_git_verification(
    struct shape_git *g, const char *key, const struct json *commit)
{
	const char *sig = json_str_or(commit, "signature", "");

	jw_object(&g->s.w, key);
	jw_bool(&g->s.w, "verified", false);
	jw_str(&g->s.w, "reason",
	    sig[0] != '\0' ? "gpg.error.no_gpg_keys_found"
			   : "gpg.error.not_signed_commit");
	jw_str(&g->s.w, "signature", sig);
	jw_null(&g->s.w, "signer");
	jw_str(&g->s.w, "payload", json_str_or(commit, "payload", ""));
	jw_end(&g->s.w);
}

static int64_t
shape_git_time(const struct json *commit)
{
	return json_i64_or(json_get(commit, "committer"), "at", 0);
}

static void
shape_git_parents(struct shape_git *g, const struct json *commit)
{
	const struct json *p;

	jw_array(&g->s.w, "parents");
	for (p = json_first(json_get(commit, "parents")); p != NULL;
	     p = json_next(p))
		shape_git_meta(g, NULL, "commits", json_string(p), 0);
	jw_end(&g->s.w);
}

static void
shape_git_touched(struct shape_git *g, const struct json *commit)
{
	const struct json *f;

	jw_array(&g->s.w, "files");
	for (f = json_first(json_get(commit, "files")); f != NULL;
	     f = json_next(f)) {
		jw_object(&g->s.w, NULL);
		jw_str(&g->s.w, "filename", json_str_or(f, "filename", ""));
		jw_str(&g->s.w, "status", json_str_or(f, "status", ""));
		jw_end(&g->s.w);
	}
	jw_end(&g->s.w);
}

static void
shape_git_stats(struct shape_git *g, const struct json *stats)
{
	int64_t add = json_i64_or(stats, "additions", 0);
	int64_t del = json_i64_or(stats, "deletions", 0);

	if (stats == NULL) {
		jw_null(&g->s.w, "stats");
		return;
	}
	jw_object(&g->s.w, "stats");
	jw_i64(&g->s.w, "total", add + del);
	jw_i64(&g->s.w, "additions", add);
	jw_i64(&g->s.w, "deletions", del);
	jw_end(&g->s.w);
}

void
shape_git_commit(struct shape_git *g, const struct json *commit,
    const struct git_ask_want *want)
{
	const char *sha = json_str_or(commit, "sha", "");
	int64_t at = shape_git_time(commit);

	jw_object(&g->s.w, NULL);
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/commits/%s", g->full, sha);
	jw_str(&g->s.w, "sha", sha);
	jw_time(&g->s.w, "created", at);
	shape_url(&g->s, "html_url", "/%s/commit/%s", g->full, sha);
	jw_object(&g->s.w, "commit");
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/commits/%s", g->full, sha);
	shape_git_identity(g, "author", json_get(commit, "author"));
	shape_git_identity(g, "committer", json_get(commit, "committer"));
	jw_str(&g->s.w, "message", json_str_or(commit, "message", ""));
	shape_git_meta(g, "tree", "trees", json_str_or(commit, "tree", ""), at);
	if (want->verify)
		shape_git_verification(g, "verification", commit);
	else
		jw_null(&g->s.w, "verification");
	jw_end(&g->s.w);
	shape_git_user(g, "author", json_get(commit, "author"));
	shape_git_user(g, "committer", json_get(commit, "committer"));
	shape_git_parents(g, commit);
	shape_git_touched(g, commit);
	shape_git_stats(g, json_get(commit, "stats"));
	jw_end(&g->s.w);
}

static void
shape_git_payload_user(
    struct shape_git *g, const char *key, const struct json *who)
{
	const struct author *a = shape_git_person(
	    g, json_str_or(who, "email", ""));

	jw_object(&g->s.w, key);
	jw_str(&g->s.w, "name", json_str_or(who, "name", ""));
	jw_str(&g->s.w, "email", json_str_or(who, "email", ""));
	jw_str(&g->s.w, "username", a != NULL ? a->login : "");
	jw_end(&g->s.w);
}

void
shape_git_payload(
    struct shape_git *g, const char *key, const struct json *commit)
{
	static const char *const lists[] = { "added", "removed", "modified" };
	const char *sha = json_str_or(commit, "sha", "");

	jw_object(&g->s.w, key);
	jw_str(&g->s.w, "id", sha);
	jw_str(&g->s.w, "message", json_str_or(commit, "message", ""));
	shape_url(&g->s, "url", "/%s/commit/%s", g->full, sha);
	shape_git_payload_user(g, "author", json_get(commit, "author"));
	shape_git_payload_user(g, "committer", json_get(commit, "committer"));
	shape_git_verification(g, "verification", commit);
	jw_time(&g->s.w, "timestamp", shape_git_time(commit));
	for (size_t i = 0; i < 3; i++) {
		jw_array(&g->s.w, lists[i]);
		jw_end(&g->s.w);
	}
	jw_end(&g->s.w);
}

void
shape_git_file_commit(
    struct shape_git *g, const char *key, const struct json *commit)
{
	const char *sha = json_str_or(commit, "sha", "");
	int64_t at = shape_git_time(commit);

	jw_object(&g->s.w, key);
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/commits/%s", g->full, sha);
	jw_str(&g->s.w, "sha", sha);
	jw_time(&g->s.w, "created", at);
	shape_url(&g->s, "html_url", "/%s/commit/%s", g->full, sha);
	shape_git_identity(g, "author", json_get(commit, "author"));
	shape_git_identity(g, "committer", json_get(commit, "committer"));
	shape_git_parents(g, commit);
	jw_str(&g->s.w, "message", json_str_or(commit, "message", ""));
	shape_git_meta(g, "tree", "trees", json_str_or(commit, "tree", ""), at);
	jw_end(&g->s.w);
}

void
shape_git_tag(struct shape_git *g, const struct json *tag)
{
	const struct json *o = json_at(json_get(tag, "objects"), 0);
	const struct json *note = json_get(o, "tag");
	const struct json *commit = json_at(json_get(o, "commits"), 0);
	const char *name = json_str_or(tag, "name", "");
	AUTO_STR struct str url = STR_INIT;

	esc_url_path(&url, view_of(name));
	jw_object(&g->s.w, NULL);
	jw_str(&g->s.w, "name", name);
	jw_str(&g->s.w, "message",
	    note != NULL ? json_str_or(note, "message", "")
			 : json_str_or(commit, "message", ""));
	jw_str(&g->s.w, "id", json_str_or(o, "sha", ""));
	if (commit != NULL)
		shape_git_meta(g, "commit", "commits",
		    json_str_or(commit, "sha", ""), shape_git_time(commit));
	else
		jw_null(&g->s.w, "commit");
	shape_url(&g->s, "zipball_url", "/api/v1/repos/%s/archive/%s.zip",
	    g->full, str_cstr(&url));
	shape_url(&g->s, "tarball_url", "/api/v1/repos/%s/archive/%s.tar.gz",
	    g->full, str_cstr(&url));
	jw_end(&g->s.w);
}

void
shape_git_ref(
    struct shape_git *g, const char *name, const char *sha, const char *type)
{
	AUTO_STR struct str url = STR_INIT;

	esc_url_path(&url, view_of(name));
	jw_object(&g->s.w, NULL);
	jw_str(&g->s.w, "ref", name);
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/%s", g->full, str_cstr(&url));
	jw_object(&g->s.w, "object");
	jw_str(&g->s.w, "type", type);
	jw_str(&g->s.w, "sha", sha);
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/%ss/%s", g->full, type, sha);
	jw_end(&g->s.w);
	jw_end(&g->s.w);
}
