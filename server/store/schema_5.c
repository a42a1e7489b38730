#include "server/store/schema_forge.h"

/*
 * merging.delete_head: the branch that goes once the merge is written, so that
 * its row stays until then.  review.retargeted: the base was another one when
 * it was written.
 */
const char schema_merge_rest[] = "ALTER TABLE merging ADD COLUMN delete_head"
				 " TEXT NOT NULL DEFAULT '';"
				 "ALTER TABLE review ADD COLUMN retargeted"
				 " INTEGER NOT NULL DEFAULT 0;";
