#include "server/store/schema_forge.h"

/* Has a runner a network for those jobs that need one? */
const char schema_runner_network[] = "ALTER TABLE runner ADD COLUMN network"
				     " INTEGER NOT NULL DEFAULT 1;";
