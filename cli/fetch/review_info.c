#include "cli/fetch/review_info.h"

#include <stdlib.h>

#include "lib/base/view.h"
#include "lib/wire/json.h"

void
fetch_review_info_release(struct fetch_review_info *info)
{
	for (size_t i = 0; i < info->n; i++)
		free(info->by[i].ids);
	for (size_t i = 0; i < info->missed_n; i++)
		free(info->missed[i].path);
	*info = (struct fetch_review_info){ .n = 0 };
}

bool
fetch_review_info_cut(const struct fetch_review_info *info)
{
	return info->messages_cut || info->timeline_cut || info->findings_cut;
}

static void
info_by(struct jw *w, const struct fetch_review_by *by)
{
	struct view ids = view_of(by->ids), id;

	jw_object(w, NULL);
	jw_str(w, "provider", by->provider);
	jw_str(w, "model", by->model);
	if (by->reported[0] != '\0')
		jw_str(w, "reported_model", by->reported);
	jw_str(w, "mode", by->mode);
	jw_str(w, "verdict", by->verdict);
	jw_i64(w, "parts", by->parts);
	jw_u64(w, "files_covered", by->covered);
	jw_i64(w, "requests", by->requests);
	jw_i64(w, "tokens_in", by->tokens_in);
	jw_i64(w, "tokens_out", by->tokens_out);
	jw_array(w, "request_ids");
	while (ids.len > 0 && view_split(&ids, '\n', &id))
		if (id.len > 0)
			jw_view(w, NULL, id);
	jw_end(w);
	jw_end(w);
}

void
fetch_review_info_json(
    struct jw *w, const char *key, const struct fetch_review_info *info)
{
	if (info->n == 0)
		return;
	jw_object(w, key);
	jw_str(w, "prompt_sha256", info->prompt_sha);
	jw_u64(w, "files", info->files);
	jw_array(w, "by");
	for (size_t i = 0; i < info->n; i++)
		info_by(w, &info->by[i]);
	jw_end(w);
	jw_u64(w, "not_reviewed_count", info->missed_all);
	if (info->history_unseen > 0)
		jw_u64(w, "history_unseen", info->history_unseen);
	if (info->messages_cut)
		jw_bool(w, "messages_cut", true);
	if (info->timeline_cut)
		jw_bool(w, "timeline_cut", true);
	if (info->findings_cut)
		jw_bool(w, "findings_cut", true);
	if (info->notes_unlisted > 0)
		jw_u64(w, "notes_unlisted", info->notes_unlisted);
	jw_array(w, "not_reviewed");
	for (size_t i = 0; i < info->missed_n; i++) {
		const struct fetch_review_missed *m = &info->missed[i];

		jw_object(w, NULL);
		jw_str(w, "file", m->path);
		jw_str(w, "why", m->why);
		jw_i64(w, "bytes", m->bytes);
		jw_str(w, "blob", m->blob);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}
