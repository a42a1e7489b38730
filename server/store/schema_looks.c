#include "server/store/schema_forge.h"

/*
 * What the checks of a fetch find in a pull request.  pull_look: of which head
 * and base the findings are; why: it could not be looked at.  A dismissal is
 * of one rule in one content of a file, of the head for the change as a whole:
 * what changes is a new finding.  project.gate_findings: enum look_gate.
 */
const char schema_looks[] =
    "ALTER TABLE project ADD COLUMN gate_findings"
    " INTEGER NOT NULL DEFAULT 2;"
    "CREATE TABLE pull_look ("
    " project_id INTEGER NOT NULL, item INTEGER NOT NULL,"
    " head TEXT NOT NULL, base TEXT NOT NULL, at INTEGER NOT NULL,"
    " why TEXT NOT NULL DEFAULT '',"
    " PRIMARY KEY (project_id, item),"
    " FOREIGN KEY (project_id, item)"
    " REFERENCES issue (project_id, number) ON DELETE CASCADE)"
    " WITHOUT ROWID;"
    "CREATE TABLE pull_finding ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL, item INTEGER NOT NULL,"
    " rule TEXT NOT NULL, severity INTEGER NOT NULL,"
    " line INTEGER NOT NULL, content TEXT NOT NULL,"
    " file TEXT NOT NULL, message TEXT NOT NULL,"
    " FOREIGN KEY (project_id, item)"
    " REFERENCES issue (project_id, number) ON DELETE CASCADE);"
    "CREATE INDEX pull_finding_item ON pull_finding (project_id, item, id);"
    "CREATE TABLE pull_dismissal ("
    " project_id INTEGER NOT NULL, item INTEGER NOT NULL,"
    " rule TEXT NOT NULL, content TEXT NOT NULL, file TEXT NOT NULL,"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " at INTEGER NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY (project_id, item, rule, content, file),"
    " FOREIGN KEY (project_id, item)"
    " REFERENCES issue (project_id, number) ON DELETE CASCADE)"
    " WITHOUT ROWID;";
