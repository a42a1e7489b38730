#!/bin/sh
# A home that programs of schema 8 left (home_8: its database, its repository
# as git fast-export wrote it, the tokens of admin and ann), and these programs
# over it: a copy is made first, all of it is there, and it goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

command -v sqlite3 >/dev/null || tap_skip_all 'no sqlite3'
OLD=$SYSTEM_DIR/home_8
unset COFFER_TOKEN COFFER_URL
coffer_home
COFFER_HOME=$HOME_DIR
export COFFER_HOME
ADMIN=$(sed -n 1p "$OLD/tokens")
ANN=$(sed -n 2p "$OLD/tokens")
DB=$HOME_DIR/db/coffer.db
owner() { stat -c %u:%g "$HOME_DIR/db"; }
give() { [ "$(id -u)" -ne 0 ] || chown -R "$(owner)" "$@"; }

# ---- the old home ----
make_upstream
git -C "$T/up/calc.git" update-ref -d refs/heads/main
find "$HOME_DIR/db" -type f -delete
sed "s|@T@|$T|g" "$OLD/coffer.sql" | sqlite3 "$DB" >"$T/load" 2>&1
tap_is "$(cat "$T/load")$(sqlite3 "$DB" 'PRAGMA user_version')" 8 'a database of schema 8'
# What is kept is kept for a time.
sqlite3 "$DB" "UPDATE kept SET at = strftime('%s', 'now') * 1000"
git init -q --bare "$HOME_DIR/repos/1.git"
git -C "$HOME_DIR/repos/1.git" fast-import --quiet <"$OLD/1.export"
git -C "$HOME_DIR/repos/1.git" symbolic-ref HEAD refs/heads/main
git -C "$T/up/calc.git" fetch -q "$HOME_DIR/repos/1.git" refs/namespaces/upstream/refs/heads/main:refs/heads/main
# But what a look at upstream brings: its HEAD.
refs() { git -C "$HOME_DIR/repos/1.git" for-each-ref | grep -v 'refs/namespaces/upstream/HEAD$'; }
REFS=$(refs)
printf '%s\n' "$ADMIN" >"$HOME_DIR/secrets/admin.token"
give "$HOME_DIR/db" "$HOME_DIR/repos" "$T/up"
sqlite3 "$DB" 'SELECT seq, kind FROM event ORDER BY seq' >"$T/events"

# ---- the new programs ----
start_cofferd
NEW=$(sqlite3 "$DB" 'PRAGMA user_version')
tap_ok 'it is migrated' [ "$NEW" -gt 8 ]
tap_is "$(sqlite3 "$HOME_DIR/db/backup-8" 'PRAGMA user_version; PRAGMA integrity_check' | tr '\n' ,)" 8,ok, \
    'after a copy of what was'
tap_is "$(sqlite3 "$HOME_DIR/db/backup-8" 'SELECT seq, kind FROM event ORDER BY seq')" "$(cat "$T/events")" 'all of it'
R=/api/v1/repos/admin/calc
C=/api/coffer/v1
api GET "$C/projects/admin/calc"
tap_is "$STATUS,$(field '.settings.interval_s')" 200,3600 'the project has its settings'
api GET "$R/issues/1"
tap_is "$(field '[.title, .body, .state, .labels[0].name, .milestone.title, .assignees[0].login] | join("|")')" \
    'It crashes on empty input|Since *yesterday*.|closed|bug|1.0|ann' 'the issue is whole, closed by its pull request'
api GET "$R/issues/1/comments"
tap_is "$(field '.[0] | "\(.user.login): \(.body)"')" 'ann: Here, too.' 'with its comment'
api GET "$R/issues/1/reactions"
tap_is "$(field '.[0].content')" eyes 'and its reaction'
api GET "$R/pulls/2"
tap_is "$(field '[.merged, .head.ref, .merge_commit_sha == "'"$(git -C "$HOME_DIR/repos/1.git" rev-parse main)"'"] | join(",")')" \
    true,fix,true 'a pull request that was merged is'
api GET "$R/pulls/2/reviews"
tap_is "$(field '.[0].state')" APPROVED 'by an approval'
api GET "$R/commits/$(git -C "$HOME_DIR/repos/1.git" rev-parse fix)/statuses"
tap_is "$(field '.[0] | .context + " " + .status')" 'lint success' 'of a head with a status'
api GET "$R/hooks"
tap_is "$(field '.[0].config.url')" https://hooks.example.org/coffer 'the webhook is there'
api GET "$C/projects/admin/calc/kept"
tap_is "$(field 'length, .[0].ref' | tr '\n' ,)" 1,refs/heads/lost, 'what was lost is kept'
tap_is "$(refs)" "$REFS" 'no ref moved'
api GET "$C/events?after=0&limit=500"
tap_is "$(field '.events[] | "\(.seq)|\(.kind)"' | head -n "$(wc -l <"$T/events")")" "$(cat "$T/events")" \
    'events have the numbers that readers know'
coffer admin check >"$T/out" 2>&1
tap_is "$?" 0 'coffer admin check finds nothing'
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/out"
coffer audit verify >"$T/out" 2>&1
tap_is "$?" 0 'the audit log that it has now holds'

# ---- it goes on ----
as "$ANN" api GET /api/v1/user
tap_is "$STATUS,$(field .login)" 200,ann 'an old token is good'
PROJECT=admin/calc
WORK=$T/up/calc-work
push_branch again d.txt four "$ANN"
as "$ANN" api POST "$R/pulls" '{"title":"After it","head":"again","base":"main"}'
tap_is "$STATUS,$(field .number)" 201,4 'it pushes and opens the next pull request'
merge_of() { api POST "$R/pulls/$1/reviews" '{"event":"APPROVED"}'; api POST "$R/pulls/$1/merge" '{"Do":"merge"}'; [ "$STATUS" = 200 ]; }
tap_ok 'which merges' wait_for 20 merge_of 4
tap_ok 'so does one of before' wait_for 20 merge_of 3
git_as "$ANN" clone -q "$URL/admin/calc.git" "$T/clone"
tap_is "$(cat "$T/clone/a.txt" "$T/clone/b.txt" "$T/clone/d.txt" | tr '\n' ,)" two,three,four, 'a clone has all of it'
stop_cofferd
SUM=$(sha256sum <"$HOME_DIR/db/backup-8")
start_cofferd
tap_is "$(sha256sum <"$HOME_DIR/db/backup-8"),$(find "$HOME_DIR/db" -name 'backup-*' | wc -l)" "$SUM,1" \
    'the next start copies nothing'
tap_done
