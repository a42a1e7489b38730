#include "server/store/schema_forge.h"

/* Step 10.  seq: retention took events up to there, but the last of each
 * project. */
const char schema_events[] = "CREATE TABLE event_start ("
			     " id INTEGER PRIMARY KEY CHECK (id = 1),"
			     " seq INTEGER NOT NULL);";
