#include "server/store/schema_forge.h"

/*
 * Step 6: sandboxes.  sandbox_options is JSON of server/store/options;
 * sandbox_generation counts the times that it was asked to be made anew;
 * sandbox_cause is the word of its reason.
 */
const char
    schema_sandboxes[] = "ALTER TABLE project ADD COLUMN sandbox_options"
			 " TEXT NOT NULL DEFAULT '{}';"
			 "ALTER TABLE project ADD COLUMN sandbox_generation"
			 " INTEGER NOT NULL DEFAULT 0;"
			 "ALTER TABLE project ADD COLUMN sandbox_cause"
			 " TEXT NOT NULL DEFAULT '';";
