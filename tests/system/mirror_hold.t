#!/bin/sh
# A project that holds: upstream moves its branches forward, whatever else it
# does waits, is shown, and is taken when a person says so.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 47
P=/api/coffer/v1/projects/$PROJECT
R=$HOME_DIR/repos/$PROJECT_ID.git
UP=$T/up/calc.git
COFFER_HOME=$HOME_DIR
export COFFER_HOME
up() { (cd "$WORK" && "$@") >/dev/null 2>&1; }
owned() { [ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"; }
sync() {
	owned
	api POST "$P/sync?wait=30"
}
rev() { git --git-dir="$R" rev-parse -q --verify "$1" || echo none; }
uprev() { git --git-dir="$UP" rev-parse -q --verify "$1"; }
kept() { git --git-dir="$R" for-each-ref --format='%(objectname)' refs/coffer/kept; }
waits() { jq -c '[.mirror.waiting[] | .ref] | sort' "$BODY"; }
notices() {
	api GET "/api/coffer/v1/events?after=0&limit=100"
	jq '[.events[] | select(.kind=="mirror.synced") | .data.notices[]] | length' "$BODY"
}
coffer() { "$O/bin/coffer" "$@" >"$T/out" 2>&1; }

up sh -c 'git checkout -qb topic && git commit -q --allow-empty -m t1 && git commit -q --allow-empty -m t2 && git checkout -q main && git tag v1 && git push -q origin topic v1'
sync
tap_ok 'a setting by the command line' coffer settings calc hold=true keep_days=30
tap_ok 'is shown' grep -q 'hold *true' "$T/out"
api GET "$P"
tap_is "$(field '[.settings.hold, .settings.keep_days] | tostring')" '[true,30]' 'and is there'
tap_not 'nonsense is refused' coffer settings calc keep_days=0

# Forward and new: followed as always.
up sh -c 'echo 2 >>a.txt && git commit -qam forward && git push -q origin main main:new'
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'a fast-forward is followed'
tap_is "$(rev refs/heads/new)" "$(uprev new)" 'a new branch too'
tap_is "$(waits)" '[]' 'nothing waits'
tap_is "$(field '.mirror.report.counts | tostring')" '{"created":1,"forwarded":1}' 'the report says what was done'

# A force push, a deletion, a moved tag, an upstream that goes back.
OLD=$(rev refs/heads/topic)
MAIN=$(rev refs/heads/main)
up sh -c 'git push -qf origin topic~1:topic && git push -q origin :new && git tag -f v1 topic && git push -qf origin v1 && git checkout -q main && git commit -q --amend -m other && git push -qf origin main'
sync
tap_is "$STATUS $(field .mirror.state)" '200 ok' 'the sync is good'
tap_is "$(waits)" '["refs/heads/main","refs/heads/new","refs/heads/topic","refs/tags/v1"]' 'four refs wait'
tap_is "$(rev refs/heads/topic) $(rev refs/heads/main)" "$OLD $MAIN" 'nothing moved'
tap_is "$(rev refs/heads/new)" "$MAIN" 'nothing went'
tap_is "$(rev refs/namespaces/upstream/refs/heads/main)" "$(uprev main)" 'the mirror has upstream'
tap_is "$(field '.mirror.waiting[0] | [.upstream, .local] | tostring')" "[\"$(uprev main)\",\"$MAIN\"]" 'both tips are shown'
tap_is "$(field .mirror.report.counts.held)" 4 'the report says held'
tap_is "$(notices)" 4 'a notice for each'
sync
sync
tap_is "$(waits | jq length) $(notices)" '4 4' 'they go on waiting, without another notice'
tap_ok 'status shows it' coffer status calc
tap_ok 'with the reason' grep -q 'waits.*main.*force-pushed' "$T/out"
stop_cofferd
start_cofferd
sync
tap_is "$(waits | jq length) $(notices)" '4 4' 'after a restart too'
tap_is "$(rev refs/heads/topic)" "$OLD" 'and nothing is forgotten: upstream went back'

# Upstream moves on: a new notice.
up sh -c 'git commit -q --allow-empty -m more && git push -q origin main'
sync
tap_is "$(notices)" 5 'what waits changed: a notice'

# A person takes it.
tap_not 'a ref that does not wait is refused' coffer sync calc --accept nothing
api POST "$P/mirror/accept" "{\"ref\":\"refs/heads/main\",\"upstream\":\"$MAIN\"}"
tap_is "$STATUS" 409 'not what upstream has: refused'
tap_ok 'accept' coffer sync calc --accept main
tap_ok 'is told' grep -q 'accepted main' "$T/out"
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'upstream is taken'
tap_ok 'the local tip is kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep '$MAIN'"
api GET "$P"
tap_is "$(waits)" '["refs/heads/new","refs/heads/topic","refs/tags/v1"]' 'the others wait'
tap_ok 'a tag' coffer sync calc --accept refs/tags/v1
tap_is "$(rev refs/tags/v1)" "$(uprev v1)" 'is taken'
tap_ok 'a deletion' coffer sync calc --accept new
tap_is "$(rev refs/heads/new)" none 'is done'
USER=$(make_user ann)
api PUT "/api/v1/repos/$PROJECT/collaborators/ann" '{"permission":"read"}'
as "$USER" api POST "$P/mirror/accept" '{"ref":"refs/heads/topic"}'
tap_is "$STATUS" 403 'a reader takes nothing'

# Or merges it here: then it waits no more.
up sh -c 'git checkout -q main && git reset -q --hard HEAD~1 && echo x >x && git add x && git commit -qm x && git push -qf origin main'
sync
tap_is "$(waits)" '["refs/heads/main","refs/heads/topic"]' 'a force push waits'
api PATCH "$P" '{"settings":{"approvals":0}}'
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
(cd "$T/c" && git fetch -q "$UP" main && git checkout -q -b take origin/main && git merge -q --no-edit FETCH_HEAD && git push -q origin take) >/dev/null 2>&1
api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"take","head":"take","base":"main","body":""}'
N=$(field .number)
merged() {
	api POST "/api/v1/repos/$PROJECT/pulls/$N/merge" '{"Do":"merge"}'
	[ "$STATUS" = 200 ]
}
tap_ok 'a person merges upstream by a pull request' wait_for 20 merged
sync
tap_is "$(waits)" '["refs/heads/topic"]' 'then it does not wait'
B=$(rev refs/heads/main)
sync
tap_is "$(rev refs/heads/main)" "$B" 'and the merge stays'

# No hold any more: what waited is done.
tap_ok 'let go' coffer settings calc hold=false
tap_ok 'sync' coffer sync --wait calc
tap_is "$(rev refs/heads/topic)" "$(uprev topic)" 'what waited is done'
tap_ok 'and kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep '$OLD'"
api GET "$P"
tap_is "$(waits)" '[]' 'nothing waits'

# More that wait than are listed: told once, not at every poll.
tags() { seq 1 1003 | sed "s|.*|update refs/tags/m& $1|" | git --git-dir="$UP" update-ref --stdin; }
tap_ok 'hold again' coffer settings calc hold=true
tags "$(uprev main)"
sync
tags "$(uprev topic)"
sync
synced() {
	api GET "/api/coffer/v1/events?after=0&limit=1000"
	jq '[.events[] | select(.kind=="mirror.synced")] | length' "$BODY"
}
sync
tap_is "$(waits | jq length) $(field .mirror.report.counts.held)" '1000 3' 'a thousand are listed'
n=$(synced)
sync
sync
tap_is "$(synced)" "$n" 'the others are not told again'
tags "$(uprev main)"
sync

# Exit codes.
mv "$UP" "$UP.away"
"$O/bin/coffer" sync --all --json >"$T/out" 2>"$T/err"
tap_is "$? $(jq -r '.[0].mirror.state' "$T/out")" '1 failed' 'a failure is exit code 1'
tap_done
