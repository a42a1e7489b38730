#!/bin/sh
# The pages that each person sees answer when there is much: 20,000 asks and runs,
# 10,000 notifications, 1,000 projects; to who is no administrator, too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/eve" '{"permission":"write"}'
api POST "$R/issues" '{"title":"one","body":"@eve"}'
web_run fix
DB=$HOME_DIR/db/coffer.db

# copies TABLE N COLUMNS: N more rows like the first of it, but for COLUMNS.
copies()
{
	cat <<SQL
CREATE TEMP TABLE copy AS SELECT * FROM $1 WHERE id = (SELECT min(id) FROM $1);
CREATE TEMP TABLE more AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
    SELECT copy.*, n.i AS copy_i, (SELECT max(id) FROM $1) + n.i AS copy_id FROM copy, n;
UPDATE more SET id = copy_id, $3;
ALTER TABLE more DROP COLUMN copy_i;
ALTER TABLE more DROP COLUMN copy_id;
INSERT INTO $1 SELECT * FROM more;
DROP TABLE copy;
DROP TABLE more;
SQL
}
web_ask command 'make check'
stop_cofferd
{
	echo 'BEGIN;'
	copies project 999 "name = 'more' || copy_i, upstream = '', mirror_state = 6, mirror_next_at = 0"
	echo "INSERT INTO role SELECT p.id, r.account_id, r.role FROM project p, role r WHERE r.project_id = $PROJECT_ID AND p.id <> $PROJECT_ID;"
	# Half of them are of one project, half of all.
	copies run 20000 "event = -copy_i, created_at = created_at - 86400000 * (copy_i > 100), state = 5 + (copy_i % 50 = 0), project_id = CASE copy_i % 2 WHEN 0 THEN project_id ELSE project_id + copy_i % 1000 END"
	copies approval 20000 "state = 2 + copy_i % 2, subject = 'make ' || copy_i, decided_at = created_at, project_id = CASE copy_i % 2 WHEN 0 THEN project_id ELSE project_id + copy_i % 1000 END"
	copies issue 10000 "number = 1000 + copy_i, title = 'more ' || copy_i"
	echo "INSERT INTO notification (account_id, project_id, item, status, updated_at) SELECT (SELECT id FROM account WHERE login = 'eve'), project_id, number, 1 + number % 2, number FROM issue WHERE number > 1000;"
	echo 'COMMIT;'
} >"$T/fill.sql"
sqlite3 -bail "$DB" <"$T/fill.sql" || tap_bail 'sqlite3'
start_cofferd

# each WHO: every page of these is there.
each()
{
	for p in / '/?page=20' /-/approvals '/-/approvals?page=2' '/-/approvals?state=answered' \
	    '/-/approvals?state=answered&page=20' "/-/approvals?state=answered&project=$PROJECT" \
	    /-/runs '/-/runs?page=20' '/-/runs?state=failed' '/-/runs?state=queued' "/-/runs?project=$PROJECT" \
	    /-/notifications '/-/notifications?show=all' '/-/notifications?show=read&page=20' /-/account "/$PROJECT"; do
		page GET "$p"
		tap_is "$STATUS" 200 "$1: $p"
	done
	for q in runs approvals 'approvals?state=denied' 'approvals?state=expired' 'runs?state=failed'; do
		as "$2" api GET "/api/coffer/v1/$q"
		tap_is "$STATUS" 200 "$1, by the API: $q"
	done
}
sign_in eve "$EVE"
each 'a writer' "$EVE"
page GET /-/approvals
tap_ok 'what is open is counted' shows 'Approvals <span class="count">1</span>'
tap_ok 'and can be answered' shows "/-/approvals/$ASK/allow"
sign_in admin "$ADMIN"
each 'an administrator' "$ADMIN"
interrupted() { grep interrupted "$T/cofferd.log"; }
tap_not 'no question was cut off' interrupted
tap_done
