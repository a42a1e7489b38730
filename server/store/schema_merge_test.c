/* What a job of a pull request ran on. */
#include "server/store/schema_forge.h"

/*
 * project.gate_merged: checks run on what a merge would leave. pull.merge_tree:
 * the tree of the merge of head_sha into base_sha, '' where it is not asked
 * for, or conflicts.  job.retests: how often it was queued anew because that
 * merge became another.
 */
const char schema_merge_test[] = "ALTER TABLE project ADD COLUMN gate_merged"
				 " INTEGER NOT NULL DEFAULT 0;"
				 "ALTER TABLE pull ADD COLUMN merge_tree"
				 " TEXT NOT NULL DEFAULT '';"
				 "ALTER TABLE job ADD COLUMN retests"
				 " INTEGER NOT NULL DEFAULT 0;";
