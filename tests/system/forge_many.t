#!/bin/sh
# A project of 100,000 issues: its filtered lists are answered, and rightly; its
# removal is in nobody's way.
. "$(dirname "$0")/lib.sh"

coffer_home
echo 'rate = 0' >>"$HOME_DIR/coffer.conf"
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
DB=$HOME_DIR/db/coffer.db
stop_cofferd
OWNER=$(stat -c %u "$HOME_DIR/db")

# A year of issues; every 20th was touched again at some time, each third is
# closed, each 50th a pull request's.
sqlite3 "$DB" >"$T/sql.log" 2>&1 <<-SQL
PRAGMA synchronous = OFF;
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO issue (project_id, number, is_pull, author_id, state, comments, created_at, updated_at, title, body)
SELECT $PROJECT_ID, i, i % 50 = 49, 1, 1 + (i % 3 = 0), i % 7 + 90 * (i % 4999 = 0), 1600000000000 + i * 300000,
    1600000000000 + i * 300000 + CASE i % 20 WHEN 7 THEN i * 7919 % (100000 - i + 1) * 300000 ELSE i % 13 * 3600000 END,
    'Issue ' || i, 'The body' || CASE WHEN i % 400 = 7 THEN ' is rare' ELSE '' END FROM n;
INSERT INTO comment (project_id, item, author_id, run_id, created_at, updated_at, body)
SELECT project_id, number, 1, 0, created_at, created_at, 'What was said of ' || number FROM issue;
UPDATE project SET next_number = 100001 WHERE id = $PROJECT_ID;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
SQL
[ "$(id -u)" != 0 ] || chown "$OWNER" "$HOME_DIR"/db/*
start_cofferd

# asked QUERY WHERE ORDER: the first 50 are what the rows say
asked()
{
	api GET "$R/issues?limit=50&$1"
	if [ "$STATUS" != 200 ]; then
		echo "$STATUS $1: $(cat "$BODY")"
		return 1
	fi
	field '.[].number' >"$T/got"
	sqlite3 "$DB" "SELECT number FROM issue WHERE project_id = $PROJECT_ID AND $2 ORDER BY $3 LIMIT 50" >"$T/want"
	if ! cmp -s "$T/got" "$T/want"; then
		echo "$1: $(head -n 3 "$T/got" | tr '\n' ' ') for $(head -n 3 "$T/want" | tr '\n' ' ')"
		return 1
	fi
}
orders='newest=number DESC
oldest=number
recentupdate=updated_at DESC, number DESC
leastupdate=updated_at, number
mostcomment=comments DESC, number DESC
leastcomment=comments, number'
# all WHAT QUERY WHERE: in each order, of each state
all()
{
	echo "$orders" | while IFS='=' read -r sort order; do
		asked "sort=$sort&state=all&$2" "$3" "$order"
		asked "sort=$sort&state=closed&$2" "state = 2 AND $3" "$order"
	done >"$T/wrong"
	tap_is "$(cat "$T/wrong")" '' "$1"
}
early=2020-10-01T00:00:00Z E=1601510400000
half=2021-03-01T00:00:00Z H=1614556800000
late=2021-08-20T00:00:00Z L=1629417600000

tap_is "$(sqlite3 "$DB" "SELECT count(*) FROM issue")" 100000 'there are that many'
all 'without a filter' type= 'TRUE'
all 'updated before an early day' "before=$early" "updated_at <= $E"
all 'updated before a day in the middle' "before=$half" "updated_at <= $H"
all 'updated before a late day' "before=$late" "updated_at <= $L"
all 'updated since an early day' "since=$early" "updated_at >= $E"
all 'updated since a day in the middle' "since=$half" "updated_at >= $H"
all 'updated since a late day' "since=$late" "updated_at >= $L"
all 'between two days' "since=$half&before=$late" "updated_at BETWEEN $H AND $L"
all 'pull requests before a day' "type=pulls&before=$half" "is_pull AND updated_at <= $H"
all 'what somebody wrote' 'created_by=admin' 'author_id = 1'
all 'and before a day' "created_by=admin&before=$early" "updated_at <= $E"
all 'and since a day' "created_by=admin&since=$late" "updated_at >= $L"
all 'a rare word before a day' "q=rare&before=$half" "number % 400 = 7 AND updated_at <= $H"
all 'a rare word since a day' "q=rare&since=$half" "number % 400 = 7 AND updated_at >= $H"
for query in q=body "q=body&before=$half" "q=body&since=$half" "before=$early&page=100" "since=$half&page=150" \
    'created_by=admin&type=pulls&page=3'; do
	api GET "$R/issues?limit=50&state=all&$query"
	tap_is "$STATUS" 200 "an answer to $query"
done

# The search over all projects, the newest first.
api GET "/api/v1/repos/issues/search?limit=50&state=all&before=$half"
tap_is "$(field '.[0].number')" \
    "$(sqlite3 "$DB" "SELECT number FROM issue WHERE updated_at < $H ORDER BY number DESC LIMIT 1")" 'a search before a day'
for query in "since=$half" "before=$early" "created=true&before=$half" 'created=true&type=pulls' 'q=body' "q=rare&since=$half"; do
	api GET "/api/v1/repos/issues/search?limit=50&state=all&$query"
	tap_is "$STATUS,$(field length)" 200,50 "a search of $query"
done

# While it is removed others write; a crash in the middle does not end it.
rows() { sqlite3 "$DB" "SELECT (SELECT count(*) FROM issue WHERE project_id = $PROJECT_ID) + (SELECT count(*) FROM comment WHERE project_id = $PROJECT_ID)"; }
OLD=$PROJECT
api POST /api/v1/user/repos '{"name":"other","auto_init":true}'
OTHER=$(field .full_name)
api POST "/api/v1/repos/$OTHER/issues" '{"title":"t"}'
tap_is "$STATUS" 201 'another project'
api DELETE "/api/v1/repos/$OLD"
tap_is "$STATUS" 204 'the large one is removed'
for _ in 1 2 3 4 5; do
	api POST "/api/v1/repos/$OTHER/issues/1/comments" '{"body":"b"}'
	[ "$STATUS" = 201 ] || break
done
tap_is "$STATUS" 201 'the other one takes comments meanwhile'
kill -9 "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
# As long as there are some, nobody waited for the end of it.
LEFT=$(rows)
tap_ok "a crash leaves $LEFT rows" [ "$LEFT" -gt 0 ]
start_cofferd
gone() { [ "$(sqlite3 "$DB" "SELECT count(*) FROM project WHERE id = $PROJECT_ID")" = 0 ]; }
tap_ok 'the removal is gone on with' wait_for 60 gone
tap_is "$(rows)" 0 'and leaves nothing'
api GET "/api/v1/repos/$OLD"
tap_is "$STATUS" 404 'it is gone'
tap_ok 'and its repository' wait_for 10 test ! -e "$HOME_DIR/repos/$PROJECT_ID.git"
tap_is "$(sqlite3 "$DB" "SELECT count(*) FROM event WHERE project_id = $PROJECT_ID AND kind = 'project.deleted'")" 1 'that is told once'

tap_done
