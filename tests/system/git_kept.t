#!/bin/sh
# Kept refs: what a forced push dropped is listed, restored, dropped for good
# with its objects, and expires; refs and rows stay one truth.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=$HOME_DIR/repos/$PROJECT_ID.git
P=/api/coffer/v1/projects/$PROJECT
coffer() { COFFER_TOKEN=${TOKEN:-$ADMIN} "$O/bin/coffer" --url "$URL" "$@"; }
kept() { git --git-dir="$R" for-each-ref --format='%(refname)' refs/coffer/kept; }
has() { git --git-dir="$R" cat-file -e "$1"; }
rows() { sqlite3 "$HOME_DIR/db/coffer.db" "SELECT count(*) FROM kept"; }
# lose BRANCH FILE: pushes it, then forces it to main; OLD is what was lost.
lose() {
	push_branch "$1" "$2" "text of $2 $1"
	OLD=$SHA
	BLOB=$(git --git-dir="$R" rev-parse "$OLD:$2")
	git_as "$ADMIN" -C "$WORK" push -q -f "$URL/$PROJECT.git" "main:refs/heads/$1" 2>/dev/null
}

tap_is "$(api GET "$P/kept"; field length)" 0 'at first nothing is kept'
lose agent/one one.txt
ONE=$OLD
api GET "$P/kept"
tap_is "$STATUS,$(field length)" 200,1 'a forced push keeps the old tip'
NAME=$(field '.[0].name')
tap_is "$(field '.[0] | .ref + " " + .sha')" "refs/heads/agent/one $ONE" 'with its ref and commit'
tap_like "$(field '.[0].why')" '*forced*' 'and why'
tap_ok 'and when it expires, 90 days later' jq -e '.[0] | (.expires_at | fromdate) - (.at | fromdate) == 90 * 86400' "$BODY"
api PATCH "$P" '{"settings":{"keep_days":10}}'
api GET "$P/kept"
tap_ok 'which is a setting' jq -e '.[0] | (.expires_at | fromdate) - (.at | fromdate) == 10 * 86400' "$BODY"
tap_like "$(coffer kept list "$PROJECT")" "*$NAME*agent/one*" 'coffer lists it'
tap_is "$(coffer kept list "$PROJECT" --json | jq -r '.[0].sha')" "$ONE" 'as JSON too'

# Restore.
coffer kept restore "$PROJECT" "$NAME" 2>"$T/err"
tap_is $? 1 'its branch is there: it is not restored over it'
tap_like "$(cat "$T/err")" '*agent/restored-*' 'and another name is proposed'
tap_ok 'under that name it is' coffer kept restore "$PROJECT" "refs/coffer/kept/$NAME" --as agent/restored-one
tap_is "$(git --git-dir="$R" rev-parse agent/restored-one)" "$ONE" 'as it was'
api GET '/api/coffer/v1/events?after=0&limit=100'
tap_ok 'with its event' jq -e --arg s "$ONE" '[.events[] | select(.kind=="branch.updated" and .data.ref=="refs/heads/agent/restored-one" and .data.new==$s)] | length == 1' "$BODY"
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" :refs/heads/agent/one :refs/heads/agent/restored-one 2>/dev/null
tap_ok 'without --as it is what it was' coffer kept restore "$PROJECT" "$NAME"
tap_is "$(git --git-dir="$R" rev-parse agent/one)" "$ONE" 'at the same commit'
api POST "$P/kept/restore" "{\"kept\":\"$NAME\",\"as\":\"main\"}"
tap_ok 'not over a protected branch' test "$STATUS" -ge 400
api POST "$P/kept/restore" "{\"kept\":\"$NAME\",\"as\":\"a..b\"}"
tap_ok 'not under a name that a push may not have' test "$STATUS" -ge 400
api POST "$P/kept/restore" '{"kept":"1/heads/none","as":"agent/x"}'
tap_is "$STATUS" 404 'what is not kept is not found'
api POST "$P/kept/restore" '{"kept":"../../heads/main","as":"agent/x"}'
tap_is "$STATUS" 422 'what is no kept name is refused'
READER=$(make_user reader)
api PUT "/api/v1/repos/$PROJECT/collaborators/reader" '{"permission":"read"}'
as "$READER" api GET "$P/kept"
tap_is "$STATUS" 200 'a reader may list'
as "$READER" api POST "$P/kept/restore" "{\"kept\":\"$NAME\",\"as\":\"agent/r\"}"
tap_is "$STATUS" 403 'not restore'
as "$READER" api POST "$P/kept/drop" '{"all":true}'
tap_is "$STATUS" 403 'nor drop'

# Drop: a secret that was pushed by mistake.
lose agent/two secret.txt
TWO=$OLD
SECRET=$BLOB
tap_ok 'the secret is there, though no branch has it' has "$SECRET"
TWONAME=$(coffer kept list "$PROJECT" --json | jq -r --arg s "$TWO" '.[] | select(.sha==$s) | .name')
tap_ok '--dry-run drops nothing' coffer kept drop "$PROJECT" "$TWONAME" --dry-run
tap_ok 'so it is there yet' has "$SECRET"
coffer kept drop "$PROJECT" "$TWONAME" </dev/null 2>/dev/null
tap_is $? 2 'without a terminal it wants --yes'
tap_like "$(coffer kept drop "$PROJECT" "$TWONAME" --yes)" '1 dropped*gone*' 'it is dropped'
tap_not 'the secret is gone' has "$SECRET"
tap_not 'its commit too' has "$TWO"
tap_ok 'what others reach stays' has "$ONE"
api GET "/api/v1/repos/$PROJECT/raw/secret.txt?ref=$TWO"
tap_ok 'no API has it' test "$STATUS" -ge 404
tap_ok 'all is whole' git --git-dir="$R" fsck --full --no-dangling
api GET '/api/coffer/v1/events?after=0&limit=100'
tap_ok 'who dropped it is an event' jq -e '[.events[] | select(.kind=="kept.dropped" and .actor.login=="admin" and .data.count==1)] | length == 1' "$BODY"
lose agent/three three.txt
lose agent/four four.txt
tap_like "$(coffer kept drop "$PROJECT" --all --yes)" '*dropped*gone*' '--all drops all'
tap_is "$(kept),$(rows)" ,0 'refs and rows'
tap_ok 'of a branch nothing is lost' has "$ONE"

# Expiry, and what a crash left.
lose agent/five five.txt
FIVE=$OLD
lose agent/six six.txt
SIX=$OLD
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" "UPDATE kept SET at = at - 11 * 86400000 WHERE sha = '$FIVE'"
git --git-dir="$R" update-ref refs/coffer/kept/1000/heads/agent/lost "$FIVE"
git --git-dir="$R" update-ref refs/coffer/kept/1000/heads/main "$(git --git-dir="$R" rev-parse main)"
sqlite3 "$HOME_DIR/db/coffer.db" "INSERT INTO kept (project_id, name, ref, sha, why, at) VALUES ($PROJECT_ID, 'refs/coffer/kept/5/heads/gone', 'refs/heads/gone', '$SIX', '', 5)"
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$HOME_DIR/db" "$R"
start_cofferd
tap_ok 'care on demand' coffer maintain "$PROJECT"
api GET "$P/kept"
tap_is "$(field '[.[].ref] | sort | join(" ")')" 'refs/heads/agent/lost refs/heads/agent/six' \
    'after its days one is expired; a ref without a row has one, a row without a ref is gone'
tap_is "$(kept | wc -l)" 2 'refs and rows are the same'
tap_ok 'objects of an expired one go with grace' has "$FIVE"

# A clock that went ahead: for a day nothing expires.
lose agent/seven seven.txt
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" "UPDATE kept SET at = at - 400 * 86400000 WHERE sha = '$OLD'; UPDATE care SET surveyed_at = surveyed_at - 400 * 86400000"
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$HOME_DIR/db"
start_cofferd
coffer maintain "$PROJECT" >/dev/null
api GET "$P/kept"
tap_ok 'a clock that jumped lets nothing expire' jq -e --arg s "$OLD" '[.[] | select(.sha==$s)] | length == 1' "$BODY"
tap_like "$(cat "$T/cofferd.log")" '*care clock ahead_s=*' 'which the log says'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
