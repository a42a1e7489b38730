#!/bin/sh
# After an upgrade: rows from before get who is named in them and the size of
# their diff, once, in the background, through a kill.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 8
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
api PUT "$R/collaborators/bob" '{"permission":"read"}'
make_user eve >/dev/null
for i in 1 2 3; do api POST "$R/issues" "{\"title\":\"$i\",\"body\":\"for @bob, not @eve\"}"; done
api POST "$R/issues" '{"title":"quiet"}'
api POST "$R/issues/4/comments" '{"body":"what does @bob say?"}'
push_branch topic b.txt two
api POST "$R/pulls" '{"title":"Add b","head":"topic","base":"main"}'
N=$(field .number)
api PATCH "$R/pulls/$N" '{"state":"closed"}'
pull_size() { api GET "$R/pulls/$N"; field '[.additions, .deletions, .changed_files] | join(" ")'; }
sized() { [ "$(pull_size)" = "1 0 1" ]; }
wait_for 10 sized
tap_is "$(pull_size)" '1 0 1' 'a pull request that was closed'
notes() { as "$BOB" api GET '/api/v1/notifications?all=true'; field length; }
NOTES=$(notes)
stop_cofferd
[ "$(id -u)" -ne 0 ] || umask 077
# As the migration leaves a database of the version before.
sqlite3 "$HOME_DIR/db/coffer.db" "DELETE FROM mention;
    UPDATE pull SET additions = 0, deletions = 0, changed_files = 0;
    INSERT INTO fill SELECT 1, 0, max(id) FROM issue;
    INSERT INTO fill SELECT 2, 0, max(id) FROM comment;
    INSERT INTO fill SELECT 3, 0, max(id) FROM issue;"
tap_is "$?" 0 'rows from before'
start_cofferd
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
PIDS=$(echo " $PIDS " | sed "s/ $COFFERD_PID / /")
start_cofferd
named() { api GET "$R/issues?mentioned_by=$1"; field '[.[].number] | sort | join(" ")'; }
bob() { [ "$(named bob)" = '1 2 3 4' ]; }
tap_ok 'who is named is known' wait_for 10 bob
tap_is "$(named eve)" '' 'if he may read it'
tap_ok 'the size of the diff, too' wait_for 10 sized
none() { [ "$(sqlite3 "file:$HOME_DIR/db/coffer.db?mode=ro" 'SELECT count(*) FROM fill')" = 0 ]; }
tap_ok 'that is done once' wait_for 5 none
tap_is "$(notes)" "$NOTES" 'and tells nobody of old words'
stop_cofferd
tap_is "$?" 0 'cofferd ends with 0'
tap_done
