#!/bin/sh
# Mirroring: what upstream does, a project follows, and nothing is lost.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 57
R=$HOME_DIR/repos/$PROJECT_ID.git
UP=$T/up/calc.git

# up COMMAND...: in the upstream's working clone; then the mirror owns it again.
up() { (cd "$WORK" && "$@") >/dev/null 2>&1; }
owned() { [ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"; }
sync() {
	owned
	api POST "/api/coffer/v1/projects/${1:-$PROJECT}/sync?wait=30"
}
rev() { git --git-dir="$R" rev-parse -q --verify "$1" || echo none; }
uprev() { git --git-dir="$UP" rev-parse -q --verify "$1"; }
kept() { git --git-dir="$R" for-each-ref --format='%(objectname)' refs/coffer/kept; }
push_admin() { git -C "$1" push -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$2"; }

tap_is "$(field .mirror.state)" ok 'the first sync is ok'
tap_is "$(field .default_branch)" main 'the default branch is known'
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'the local branch is there'
tap_is "$(rev refs/namespaces/upstream/refs/heads/main)" "$(uprev main)" 'the mirror is there'

# Forward, new branch, tag.
up sh -c 'echo 2 >>a.txt && git commit -qam second && git tag v1 && git push -q origin main v1 && git checkout -qb topic && git commit -q --allow-empty -m t && git push -q origin topic'
sync
tap_is "$STATUS" 200 'sync waits'
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'main is forwarded'
tap_is "$(rev refs/heads/topic)" "$(uprev topic)" 'a branch is copied'
tap_is "$(rev refs/tags/v1)" "$(uprev v1)" 'a tag is copied'
tap_is "$(kept)" '' 'nothing had to be kept'
api GET "/api/coffer/v1/events?after=0&limit=100"
tap_ok 'branch.updated by the mirror' jq -e '[.events[] | select(.kind=="branch.updated" and .data.source=="mirror" and .data.ref=="refs/heads/main")] | length == 1' "$BODY"
tap_ok 'mirror.synced twice' jq -e '[.events[] | select(.kind=="mirror.synced")] | length == 2' "$BODY"
sync
api GET "/api/coffer/v1/events?after=0&limit=100"
tap_ok 'a sync without news has no event' jq -e '[.events[] | select(.kind=="mirror.synced")] | length == 2' "$BODY"

# Force push.
OLD=$(uprev topic)
up sh -c 'git checkout -q topic && git commit -q --amend --allow-empty -m other && git push -qf origin topic'
sync
tap_is "$(rev refs/heads/topic)" "$(uprev topic)" 'a forced branch is followed'
tap_is "$(kept)" "$OLD" 'its old tip is kept'
api GET "/api/coffer/v1/events?after=0&limit=100"
tap_ok 'and said to be forced' jq -e '[.events[] | select(.kind=="branch.updated" and .data.forced)] | length == 1' "$BODY"

# Deletion, and a name that becomes a directory.
up sh -c 'git push -q origin :topic && git checkout -q main && git branch -D topic && git checkout -qb topic/a && git commit -q --allow-empty -m ta && git push -q origin topic/a'
sync
tap_is "$(rev refs/heads/topic)" none 'a deleted branch goes'
tap_is "$(rev refs/heads/topic/a)" "$(uprev topic/a)" 'its name as a directory comes'

# The default branch.
up sh -c 'git checkout -q main && git checkout -qb trunk && git push -q origin trunk'
git --git-dir="$UP" symbolic-ref HEAD refs/heads/trunk
sync
tap_is "$(field .default_branch)" trunk 'the default branch follows'
tap_is "$(git --git-dir="$R" symbolic-ref HEAD)" refs/heads/trunk 'HEAD too'
git --git-dir="$UP" symbolic-ref HEAD refs/heads/main
sync
tap_is "$(field .default_branch)" main 'and back'

# An agent's branch is not touched; upstream takes its name.
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
(cd "$T/c" && git checkout -q -b agent/fix && echo f >f && git add f && git commit -q -m fix) >/dev/null 2>&1
push_admin "$T/c" agent/fix
FIX=$(git -C "$T/c" rev-parse agent/fix)
sync
tap_is "$(rev refs/heads/agent/fix)" "$FIX" 'an agent branch stays'
up sh -c 'git checkout -q main && git checkout -qb agent && git push -q origin agent'
sync
tap_is "$STATUS" 200 'a colliding name does not stop the sync'
tap_is "$(rev refs/heads/agent)" none 'it is left out'
tap_is "$(rev refs/heads/agent/fix)" "$FIX" 'the agent branch stays again'
tap_is "$(rev refs/namespaces/upstream/refs/heads/agent)" "$(uprev agent)" 'the mirror has it'
up git push -q origin :agent
sync

# A local merge ahead of upstream; then both moved; then a conflict.
merge_locally() {
	api POST "/api/v1/repos/$PROJECT/pulls" "{\"title\":\"$1\",\"head\":\"$1\",\"base\":\"main\",\"body\":\"\"}"
	n=$(field .number)
	merged() {
		api POST "/api/v1/repos/$PROJECT/pulls/$n/merge" '{"Do":"merge"}'
		[ "$STATUS" = 200 ]
	}
	api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"approvals":0}}'
	wait_for 20 merged
}
tap_ok 'a pull request is merged here' merge_locally agent/fix
LOCAL=$(rev refs/heads/main)
sync
tap_is "$(rev refs/heads/main)" "$LOCAL" 'a local merge stays ahead'
up sh -c 'git checkout -q main && echo n >n && git add n && git commit -qm n && git push -q origin main'
sync
tap_is "$(git --git-dir="$R" rev-list --parents -n1 main | cut -d' ' -f2-)" "$LOCAL $(uprev main)" 'both moved: they are merged'
BEFORE=$(rev refs/heads/main)
up sh -c 'echo other >f && git add f && git commit -qm clash && git push -q origin main'
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'a conflict: upstream wins'
tap_ok 'the local tip is kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep '$BEFORE'"
api GET "/api/coffer/v1/events?after=0&limit=100"
tap_ok 'a notice says so' jq -e '[.events[] | select(.kind=="mirror.synced") | .data.notices[]? | select(.why | contains("conflicts"))] | length == 1' "$BODY"

# The same change upstream: no merge.
(cd "$T/c" && git fetch -q origin && git checkout -q -B agent/same origin/main && echo s >s && git add s && git commit -q -m same) >/dev/null 2>&1
push_admin "$T/c" agent/same
tap_ok 'another merge' merge_locally agent/same
up sh -c "echo u >u && git add u && git commit -qm u && git fetch -q '$R' agent/same && git cherry-pick FETCH_HEAD && git push -q origin main"
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'the same change upstream: upstream is taken'

# Many refs.
up sh -c 'i=0; while [ $i -lt 600 ]; do echo "create refs/tags/t$i HEAD"; i=$((i+1)); done | git update-ref --stdin; git push -q origin --tags'
sync
tap_is "$(git --git-dir="$R" for-each-ref refs/tags | wc -l)" 601 'six hundred tags'
tap_ok 'they are packed' wait_for 10 test -s "$R/packed-refs"

# Failure, once; then again well.
mv "$UP" "$UP.away"
sync
tap_is "$(field .mirror.state)" failed 'upstream gone: failed'
sync
sync
api GET "/api/coffer/v1/events?after=0&limit=100"
LAST=$(field .last)
api GET "/api/coffer/v1/events?after=$((LAST - 5))&limit=100"
tap_ok 'one event for it' jq -e '[.events[] | select(.kind=="mirror.failed")] | length == 1' "$BODY"
mv "$UP.away" "$UP"
sync
tap_is "$(field .mirror.state)" ok 'and well again'

# A shallow upstream is refused.
git clone -q --bare --depth 1 "file://$UP" "$T/up/shallow.git" 2>/dev/null
owned
api POST /api/coffer/v1/projects "{\"upstream\":\"file://$T/up/shallow.git\"}"
sync admin/shallow
api GET /api/coffer/v1/projects/admin/shallow
tap_is "$(field .mirror.state)" paused 'a shallow upstream is refused'
tap_like "$(field .mirror.last_error)" '*shallow clone*' 'with the reason'

# Over HTTP with a token: this server is the upstream.
api POST /api/coffer/v1/projects "{\"upstream\":\"$URL/$PROJECT.git\",\"name\":\"viahttp\"}"
tap_is "$STATUS" 201 'an upstream by HTTP'
sync admin/viahttp
api GET /api/coffer/v1/projects/admin/viahttp
tap_is "$(field .mirror.state)" paused 'without a token it is paused'
api PUT /api/coffer/v1/projects/admin/viahttp/upstream-token "{\"token\":\"$ADMIN\"}"
tap_is "$STATUS" 204 'a token is set'
http_ok() { api GET /api/coffer/v1/projects/admin/viahttp; [ "$(field .mirror.state)" = ok ]; }
tap_ok 'and the mirror goes on' wait_for 20 http_ok
tap_is "$(field .default_branch)" main 'with its default branch'
sync admin/viahttp
tap_is "$(field .mirror.state)" ok 'a poll without news'
tap_not 'the token is in no log' grep -q "$ADMIN" "$T/cofferd.log"
tap_not 'nor in a repository' grep -rq "$ADMIN" "$HOME_DIR/repos" --include=config

# A fetch that outlived a killed cofferd holds a lock: tried again soon, not in an hour.
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"interval_s":3600}}'
up sh -c 'git checkout -q main && echo l >l && git add l && git commit -qm l && git push -q origin main'
LOCK=$R/refs/namespaces/upstream/refs/heads/main.lock
mkdir -p "$(dirname "$LOCK")" && : >"$LOCK"
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$R"
sync "$PROJECT"
api GET "/api/coffer/v1/projects/$PROJECT"
tap_is "$(field .mirror.state),$(field .mirror.error_kind)" failed,internal 'a ref is locked'
tap_ok 'it is tried again within half a minute' test $(($(date -d "$(field .mirror.next_at)" +%s) - $(date +%s))) -le 30
rm -f "$LOCK"
sync "$PROJECT"
api GET "/api/coffer/v1/projects/$PROJECT"
tap_is "$(field .mirror.state)" ok 'and goes on'
for bad in 'https://u:p@example.org/x.git' '-oProxyCommand=x:y' 'ssh://%2doProxyCommand=x/y' 'ext::sh -c id' 'ftp://example.org/x'; do
	api POST /api/coffer/v1/projects "{\"upstream\":\"$bad\",\"name\":\"bad\"}"
	tap_is "$STATUS" 422 "refused: $bad"
done
tap_ok 'cofferd ends well' stop_cofferd
tap_done
