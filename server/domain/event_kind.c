#include "server/domain/event_kind.h"

#include <stddef.h>
#include <string.h>

static const char *const event_kinds[] = { "project.created", "project.updated",
	"project.deleting", "project.deleted", "sandbox.wanted",
	"sandbox.updated", "sandbox.asked", "sandbox.work", "network.changed",
	"mirror.synced", "mirror.failed", "branch.updated", "upstream.changed",
	"upstream.moved", "issue.opened", "issue.closed", "issue.reopened",
	"issue.edited", "issue.labeled", "issue.assigned", "issue.unassigned",
	"issue.milestoned", "issue.demilestoned", "issue.deadline",
	"issue.locked", "issue.unlocked", "issue.pinned", "issue.unpinned",
	"issue.deleted", "comment.created", "comment.edited", "comment.deleted",
	"pull.opened", "pull.synchronized", "pull.closed", "pull.reopened",
	"pull.merged", "pull.conflict", "review.created", "review.deleted",
	"review.dismissed", "review.undismissed", "review.commented",
	"review.resolved", "review.unresolved", "pull.review_requested",
	"pull.review_request_removed", "status.created", "check.queued",
	"check.started", "check.finished", "check.failed", "run.asked",
	"run.created", "run.updated", "run.cancel", "repository.corrupt",
	"repository.healthy", "repository.failed", "kept.dropped",
	"protection.changed", "pull.auto_merge", "pull.finding_dismissed",
	"approval.asked", "approval.decided", "approval.expired",
	"approval.withdrawn", "sandbox.proved", "fetch.recorded" };

bool
event_kind_known(const char *kind)
{
	for (size_t i = 0; i < sizeof(event_kinds) / sizeof(event_kinds[0]);
	     i++)
		if (strcmp(event_kinds[i], kind) == 0)
			return true;
	return false;
}
