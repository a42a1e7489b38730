#include "server/store/schema_forge.h"

/* Step 10: what the lists of asks and runs walk, one state by itself. */
const char schema_lists
    [] = "CREATE INDEX approval_state ON approval"
	 " (project_id, state, id, expires_at);"
	 "CREATE INDEX approval_every ON approval (state, id, expires_at);"
	 "CREATE INDEX run_of_state ON run (project_id, state, id);";
