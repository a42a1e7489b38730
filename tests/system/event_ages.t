#!/bin/sh
# What keep_events says is forgotten: events that are older and that nobody
# needs any more; who asks for them is told.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
DB=$HOME_DIR/db/coffer.db
db() { sqlite3 "$DB" "$1"; }
# again LINES: stopped, the lines of SQL done, started with keep_events
again() {
	stop_cofferd
	[ -z "$1" ] || db "$1"
	[ "$(id -u)" != 0 ] || chown --reference="$HOME_DIR/db" "$DB"*
	coffer_conf <<-CONF
	allow_file_upstream = yes
	min_free = 1
	$(lib_router_ids)
	$2
	CONF
	start_cofferd
}
i=0
while [ $i -lt 30 ]; do
	api POST "$R/issues" "{\"title\":\"Number $i\"}"
	i=$((i + 1))
done
api POST "$R/issues" '{"title":"Work","body":"/fix"}'
api GET "$C/events?after=0&limit=1000"
LAST=$(field .last)
FIRST=$(field '.events[0].seq')
db 'SELECT count(*) FROM event' >"$T/n"
OLD='UPDATE event SET at = at - 10 * 86400000;'
count() { db 'SELECT count(*) FROM event'; }
swept() { grep -q 'event sweep rows=' "$T/cofferd.log"; }
# settled: the sweep of this start is over, as its own next turn shows
start_of() { db 'SELECT coalesce((SELECT seq FROM event_start), 0)'; }

again "$OLD" ''
api GET "$C/events?after=0&limit=1000"
tap_is "$(field '.events[0].seq'),$(field .last)" "$FIRST,$LAST" 'nothing is forgotten unless it is asked for'

# agentd stands at 5, somebody else's reader too; one was left a year ago.
as "$AGENTD" api PUT "$C/cursors/agentd" '{"seq":5}'
api PUT "$C/cursors/mine" '{"seq":9}'
api PUT "$C/cursors/forgotten" '{"seq":2}'
again "UPDATE reader_cursor SET at = at - 366 * 86400000 WHERE name = 'forgotten'" 'keep_events = 1d'
at() { [ "$(start_of)" = "$1" ]; }
tap_ok 'events go as far as agentd has read' wait_for 20 at 5
tap_is "$(db 'SELECT min(seq) FROM event')" 6 'the next one is there'
as "$AGENTD" api PUT "$C/cursors/agentd" "{\"seq\":$LAST}"
again '' 'keep_events = 1d'
tap_ok 'then as far as another reader, of those that are alive' wait_for 20 at 9
api PUT "$C/cursors/mine" "{\"seq\":$LAST}"

# A run that has not ended began with this one.
EV=$(db "SELECT seq FROM event WHERE kind = 'issue.opened' AND seq > 20 LIMIT 1")
ITEM=$(db "SELECT item FROM event WHERE seq = $EV")
api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$ITEM,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
RUN=$(field .id)
tap_is "$STATUS" 201 'a run by an old event'
again '' 'keep_events = 1d'
tap_ok 'what it began with stays while it lasts' wait_for 20 at $((EV - 1))
as "$AGENTD" api POST "$C/runs/$RUN/finish" '{"state":"failed","message":"x"}'

# Quiet projects keep their last one.
PROJECT1=$PROJECT_ID
NAME1=$PROJECT
make_project second
i=0
while [ $i -lt 5 ]; do
	api POST "/api/v1/repos/$PROJECT/issues" "{\"title\":\"Number $i\"}"
	i=$((i + 1))
done
NEWEST=$(db 'SELECT max(seq) FROM event')
as "$AGENTD" api PUT "$C/cursors/agentd" "{\"seq\":$NEWEST}"
api PUT "$C/cursors/mine" "{\"seq\":$NEWEST}"
again "$OLD" 'keep_events = 1d'
newest() { [ "$(start_of)" -ge $((NEWEST - 1)) ]; }
tap_ok 'all that is old and read goes' wait_for 20 newest
tap_is "$(db "SELECT count(*) FROM event WHERE project_id = $PROJECT1")" 1 'but the last of a project that is quiet'
api GET "/api/v1/repos/$NAME1"
tap_not 'which knows still when it was changed' test "$(field .updated_at)" = 1970-01-01T00:00:00Z
"$O/bin/coffer" --home "$HOME_DIR" --json admin check >"$T/check"
tap_is "$?,$(jq -r .whole "$T/check")" 0,true 'the home is whole'

api GET "$C/events?after=3"
tap_is "$STATUS" 410 'who asks for what went is told'
tap_like "$(field .message)" "events up to $(start_of) are not kept any more*go on with after=$(start_of)" 'and where to go on'
http_t=$ADMIN
http GET "$C/events?after=3" -H 'Accept: text/event-stream'
http_t=
tap_is "$STATUS" 410 'a stream, too'
api GET "$C/events?after=$(start_of)"
tap_is "$STATUS" 200 'there it goes on'
api GET "$C/events?after=0"
tap_is "$STATUS" 200 'the beginning is the oldest that is there'
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"Next"}'
api GET "$C/events?after=$NEWEST"
tap_ok 'numbers go on as before' test "$(field '.events[0].seq')" -gt "$NEWEST"

# Very many, over more than one transaction.
again "INSERT INTO event (at, kind, project_id, project_name, actor_id, actor_login, actor_kind, actor_role, item, is_pull, data)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    SELECT 1000, 'issue.edited', $PROJECT_ID, 'x', 1, 'admin', 1, 1, 1, 0, '{}' FROM n;
    UPDATE reader_cursor SET seq = (SELECT max(seq) FROM event) WHERE name <> 'forgotten';
    UPDATE event SET at = at - 10 * 86400000 WHERE at > 1000" 'keep_events = 1d'
few() { [ "$(count)" -le 4 ]; }
tap_ok 'thousands go, one piece after the other' wait_for 30 few
tap_done
