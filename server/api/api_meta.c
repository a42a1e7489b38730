/* api_meta: the version, and what a client may know of the settings. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/domain/words.h"
#include "server/http/param.h"
#include "server/service/svc_attachment.h"

enum {
	META_MIB = 1 << 20,
	META_TREES_PER_PAGE = 1000,
	META_BLOB_MAX = 10 << 20,
	META_RESPONSE_MAX = 100 << 20
};

static void
api_meta_version(struct call *c)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "version", "1.24.0+cofferd");
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_meta_settings(struct call *c)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_i64(&s.w, "max_response_items", PARAM_LIMIT_MAX);
	jw_i64(&s.w, "default_paging_num", PARAM_LIMIT_DEFAULT);
	jw_i64(&s.w, "default_git_trees_per_page", META_TREES_PER_PAGE);
	jw_i64(&s.w, "default_max_blob_size", META_BLOB_MAX);
	jw_i64(&s.w, "default_max_response_size", META_RESPONSE_MAX);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_meta_repository(struct call *c)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "mirrors_disabled", false);
	jw_bool(&s.w, "http_git_disabled", false);
	jw_bool(&s.w, "migrations_disabled", false);
	jw_bool(&s.w, "stars_disabled", true);
	jw_bool(&s.w, "time_tracking_disabled", true);
	jw_bool(&s.w, "lfs_disabled", true);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_meta_attachment(struct call *c)
{
	const struct svc_files *f = api_svc(c)->files;
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "enabled", true);
	jw_str(&s.w, "allowed_types", svc_files_types(f));
	/* Gitea counts in MiB; a smaller limit is not none. */
	jw_u64(&s.w, "max_size", (svc_files_max(f) + META_MIB - 1) / META_MIB);
	jw_i64(&s.w, "max_files", ATTACHMENTS_MAX);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_meta_ui(struct call *c)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "default_theme", "");
	jw_array(&s.w, "allowed_reactions");
	for (size_t i = 0; reaction_words[i] != NULL; i++)
		jw_str(&s.w, NULL, reaction_words[i]);
	jw_end(&s.w);
	jw_array(&s.w, "custom_emojis");
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

const struct route api_meta_routes[] = {
	{ "GET", "/api/v1/version", ROUTE_ANON, api_meta_version },
	{ "GET", "/api/v1/settings/api", ROUTE_ANON, api_meta_settings },
	{ "GET", "/api/v1/settings/repository", ROUTE_ANON,
	    api_meta_repository },
	{ "GET", "/api/v1/settings/attachment", ROUTE_ANON,
	    api_meta_attachment },
	{ "GET", "/api/v1/settings/ui", ROUTE_ANON, api_meta_ui },
	{ .method = NULL },
};
