#include "server/domain/event_kind.h"

#include <stddef.h>
#include <string.h>

static const char *const event_kinds[] = { "project.created", "project.updated",
	"project.deleting", "project.deleted", "sandbox.wanted",
	"sandbox.updated", "mirror.synced", "mirror.failed", "branch.updated",
	"upstream.changed", "upstream.moved", "issue.opened", "issue.closed",
	"issue.reopened", "issue.edited", "comment.created", "comment.edited",
	"comment.deleted", "pull.opened", "pull.synchronized", "pull.closed",
	"pull.reopened", "pull.merged", "pull.conflict", "review.created",
	"status.created", "check.queued", "check.started", "check.finished",
	"check.failed", "run.created", "run.updated", "run.cancel",
	"repository.corrupt", "repository.healthy", "repository.failed",
	"kept.dropped" };

bool
event_kind_known(const char *kind)
{
	for (size_t i = 0; i < sizeof(event_kinds) / sizeof(event_kinds[0]);
	     i++)
		if (strcmp(event_kinds[i], kind) == 0)
			return true;
	return false;
}
