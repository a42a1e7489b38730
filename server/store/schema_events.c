#include "server/store/schema_forge.h"

/* Step 10.  seq: retention took events up to there, but the last of each
 * project.  event.request: the id of the request in which it came to be. */
const char schema_events
    [] = "CREATE TABLE event_start ("
	 " id INTEGER PRIMARY KEY CHECK (id = 1),"
	 " seq INTEGER NOT NULL);"
	 "ALTER TABLE event ADD COLUMN request TEXT NOT NULL DEFAULT '';";
