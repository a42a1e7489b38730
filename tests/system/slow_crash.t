#!/bin/bash
# cofferd is killed at random moments of pushes, merges, synchronisations,
# maintenance and of the care for kept refs, in two projects, again and again.
# After each restart: what was acknowledged is there, the rows say what git
# says, each branch has one unbroken chain of events, what a force push dropped
# is kept, what was dropped for good is not, and git finds nothing amiss.
# SEED and ROUNDS from the environment; the seed of a run is printed.
. "$(dirname "$0")/lib.sh"

SEED=${SEED:-$(($(date +%s) % 30000))}
ROUNDS=${ROUNDS:-25}
RANDOM=$SEED
echo "# SEED=$SEED ROUNDS=$ROUNDS"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
P=/api/coffer/v1/projects/$PROJECT
REPO=$HOME_DIR/repos/$PROJECT_ID.git
OWNER=$(stat -c %u "$HOME_DIR/db")
api PATCH "$P" '{"settings":{"approvals":0,"interval_s":3600}}'
tap_is "$STATUS" 200 'the project is set up'
git_url() { echo "http://x:$ADMIN@${URL#http://}/$PROJECT.git"; }
on() { ! [ -e "$T/stop" ]; }

first=$PROJECT,$PROJECT_ID,$REPO,$UPSTREAM,$WORK
make_project second
P2=/api/coffer/v1/projects/$PROJECT
git clone -q "$(git_url)" "$T/k"
SECOND=$PROJECT,$PROJECT_ID,$HOME_DIR/repos/$PROJECT_ID.git
IFS=, read -r PROJECT PROJECT_ID REPO UPSTREAM WORK <<<"$first"
# A command about the second project.
second() {
	IFS=, read -r PROJECT PROJECT_ID REPO <<<"$SECOND"
	"$@"
	second_rc=$?
	IFS=, read -r PROJECT PROJECT_ID REPO UPSTREAM WORK <<<"$first"
	return "$second_rc"
}

for k in 1 2 3; do
	git clone -q "$(git_url)" "$T/p$k"
	git -C "$T/p$k" checkout -q -b "agent/t$k"
done
git clone -q "$(git_url)" "$T/m"

# Each writes "try SHA" before and "ack SHA" after what the server said.
pusher() { # K
	cd "$T/p$1" || exit 1
	RANDOM=$((SEED + $1 + round * 7))
	while on; do
		if [ $((RANDOM % 3)) = 0 ]; then
			git commit -q --amend --allow-empty -m "forced $RANDOM$RANDOM"
		else
			echo "$RANDOM$RANDOM" >>"f$1.txt"
			git add "f$1.txt" && git commit -q -m "push $1"
		fi
		sha=$(git rev-parse HEAD)
		echo "try $sha" >>"$T/log.push.$1"
		git push -q -f "$(git_url)" "agent/t$1" 2>>"$T/err.push" || continue
		echo "ack $sha" >>"$T/log.push.$1"
	done
}

merger() {
	cd "$T/m" || exit 1
	BODY=$T/body.m
	HEADERS=$T/headers.m
	j=0
	while on; do
		j=$((j + 1))
		git fetch -q "$(git_url)" main 2>/dev/null || continue
		git checkout -q --detach FETCH_HEAD
		echo "$round $j" >"m-$round-$j.txt"
		git add . && git commit -q -m "merge $round $j"
		git push -q "$(git_url)" "HEAD:refs/heads/m-$round-$j" 2>/dev/null || continue
		head=$(git rev-parse HEAD)
		merge_api POST "$R/pulls" "{\"title\":\"$round $j\",\"head\":\"m-$round-$j\",\"base\":\"main\"}"
		[ "$STATUS" = 201 ] || continue
		n=$(field .number)
		merge_api POST "$R/pulls/$n/merge" '{"Do":"merge"}'
		[ "$STATUS" = 200 ] || continue
		echo "$n $head" >>"$T/log.merge"
	done
}

# As api, with files of its own.
merge_api() { # METHOD PATH JSON
	printf '%s' "$3" >"$T/request.m"
	http_t=$ADMIN
	http "$1" "$2" -H 'Content-Type: application/json' --data-binary "@$T/request.m"
	http_t=
}

upstream() {
	cd "$WORK" || exit 1
	BODY=$T/body.u
	HEADERS=$T/headers.u
	http_t=$ADMIN
	git checkout -q -B main
	j=0
	while on; do
		j=$((j + 1))
		echo "$round $j" >>u.txt
		git add u.txt && git commit -q -m "upstream $round $j"
		git push -q "$T/up/calc.git" HEAD:refs/heads/main \
		    "+HEAD:refs/heads/wild" 2>>"$T/err.up" || continue
		[ "$(id -u)" -ne 0 ] || chown -R "$OWNER" "$T/up/calc.git"
		tip=$(git rev-parse HEAD)
		http POST "$P/sync?wait=20"
		# A sync that failed is answered, too.
		[ "$STATUS,$(field .mirror.state)" != 200,ok ] || echo "$tip" >>"$T/log.sync"
	done
}

# Branches and tags come, and branches go.
deleter() {
	git clone -q "$(git_url)" "$T/d.$round" 2>/dev/null && cd "$T/d.$round" || exit 1
	j=0
	while on; do
		j=$((j + 1))
		b=d-$round-$j
		git commit -q --allow-empty -m "$b"
		git tag "v$b"
		git push -q "$(git_url)" "HEAD:refs/heads/agent/$b" "v$b" 2>/dev/null || continue
		echo "$(git rev-parse HEAD) refs/tags/v$b" >>"$T/log.there"
		git push -q "$(git_url)" ":refs/heads/agent/$b" 2>/dev/null || continue
		echo "refs/heads/agent/$b" >>"$T/log.gone"
	done
}

# Loses tips of the second project, and restores or drops them.
keeper() {
	cd "$T/k" || exit 1
	RANDOM=$((SEED + round * 11))
	BODY=$T/body.k
	HEADERS=$T/headers.k
	url=http://x:$ADMIN@${URL#http://}/${SECOND%%,*}.git
	j=0
	while on; do
		j=$((j + 1))
		git checkout -q --detach origin/main
		git commit -q --allow-empty -m "kept $round $j"
		sha=$(git rev-parse HEAD)
		git push -q -f "$url" HEAD:refs/heads/agent/k 2>/dev/null || continue
		git commit -q --allow-empty --amend -m "other $round $j"
		git push -q -f "$url" HEAD:refs/heads/agent/k 2>/dev/null || continue
		http_t=$ADMIN
		http GET "$P2/kept"
		[ "$STATUS" = 200 ] || continue
		name=$(jq -r --arg s "$sha" '[.[] | select(.sha==$s) | .name][0] // ""' "$BODY")
		[ -n "$name" ] || { echo "round $round: $sha is not kept" >>"$T/log.unkept"; continue; }
		if [ $((RANDOM % 2)) = 0 ]; then
			keeper_api restore "{\"kept\":\"$name\",\"as\":\"agent/r-$round-$j\"}"
			[ "$STATUS" != 201 ] || echo "$sha refs/heads/agent/r-$round-$j" >>"$T/log.restored"
		else
			keeper_api drop "{\"kept\":[\"$name\"]}"
			[ "$STATUS" != 202 ] || echo "$sha" >>"$T/log.dropped"
		fi
	done
}
keeper_api() { # WHAT JSON
	printf '%s' "$2" >"$T/request.k"
	http_t=$ADMIN
	http POST "$P2/kept/$1" -H 'Content-Type: application/json' --data-binary "@$T/request.k"
}

# What a clone gave is whole.
reader() {
	while on; do
		rm -rf "$T/read"
		git clone -q --mirror "$(git_url)" "$T/read" 2>/dev/null || continue
		git -C "$T/read" fsck --connectivity-only >"$T/read.out" 2>&1 ||
		    { echo "round $round"; cat "$T/read.out"; } >>"$T/log.half"
	done
}

care() { # PROJECT
	BODY=$T/body.c.${1##*/}
	HEADERS=$T/headers.c.${1##*/}
	http_t=$ADMIN
	while on; do
		for step in repack refs prune graph check; do
			http POST "$1/maintain?wait=10" -H 'Content-Type: application/json' --data "{\"step\":\"$step\"}"
			[ "$STATUS" != 200 ] || echo "$round $step" >>"$T/log.care"
			on || return
			sleep 0.1
		done
	done
}

dead() { ! kill -0 "$COFFERD_PID" 2>/dev/null || grep -q '^State:	Z' "/proc/$COFFERD_PID/status"; }
sql() { sqlite3 -readonly "file:$HOME_DIR/db/coffer.db?mode=ro" "$1"; }
rows() { sql "SELECT sha || ' ' || name FROM ref WHERE project_id=$PROJECT_ID AND (name LIKE 'refs/heads/%' OR name LIKE 'refs/tags/%') ORDER BY name"; }
refs() { git --git-dir="$REPO" for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags | LC_ALL=C sort -k2; }
same() { [ "$(rows | LC_ALL=C sort -k2)" = "$(refs)" ]; }

# The branch is at the last acknowledged tip, or at one tried after it.
pushed() { # K
	at=$(git --git-dir="$REPO" rev-parse -q --verify "refs/heads/agent/t$1")
	[ -s "$T/log.push.$1" ] || return 0
	awk -v at="$at" '
		$1 == "ack" { acked = $2; hit = ($2 == at); next }
		$2 == at { hit = 1 }
		END { exit !(hit || acked == "") }' "$T/log.push.$1"
}
merged() {
	[ -e "$T/log.merge" ] || return 0
	while read -r n head; do
		git --git-dir="$REPO" merge-base --is-ancestor "$head" main || { echo "PR $n $head is not in main"; return 1; }
		[ "$(sql "SELECT merged FROM issue WHERE project_id=$PROJECT_ID AND number=$n")" = 1 ] || { echo "PR $n is not merged"; return 1; }
	done <"$T/log.merge"
}
again() {
	api POST "$P/sync?wait=60"
	[ "$STATUS,$(field .mirror.state)" = 200,ok ]
}
synced() {
	[ -e "$T/log.sync" ] || return 0
	git --git-dir="$REPO" merge-base --is-ancestor "$(tail -n 1 "$T/log.sync")" main && return
	tail -n 1 "$T/log.sync"
	git --git-dir="$T/up/calc.git" for-each-ref
	git --git-dir="$REPO" for-each-ref refs/heads/main refs/namespaces
	return 1
}
# Every acknowledged tip of a branch is in a ref, seen or kept.
kept() {
	git --git-dir="$REPO" rev-list --all >"$T/all"
	for k in 1 2 3; do
		[ -s "$T/log.push.$k" ] || continue
		awk 'FNR == NR { have[$1] = 1; next } $1 == "ack" && !have[$2] { print "lost", $2; bad = 1 } END { exit bad }' \
		    "$T/all" "$T/log.push.$k" || return 1
	done
}
# old of each event is new of the one before; the last new is the row.
chain() {
	sql "SELECT json_extract(data,'\$.ref'), json_extract(data,'\$.old'), json_extract(data,'\$.new') FROM event WHERE project_id=$PROJECT_ID AND kind='branch.updated' ORDER BY seq" |
	    awk -F '|' '($1 in last) && last[$1] != $2 { print "break", $0, "after", last[$1]; bad = 1 } { last[$1] = $3 } END { exit bad }'
}
once() {
	[ -z "$(sql "SELECT item FROM event WHERE project_id=$PROJECT_ID AND kind='pull.merged' GROUP BY item HAVING count(*) > 1")" ]
}
there() { # FILE
	[ -s "$1" ] || return 0
	git --git-dir="$REPO" for-each-ref --format='%(objectname) %(refname)' >"$T/there"
	! grep -vxFf "$T/there" "$1"
}
gone() {
	[ -s "$T/log.gone" ] || return 0
	git --git-dir="$REPO" for-each-ref --format='%(refname)' refs/heads >"$T/there"
	! grep -xFf "$T/there" "$T/log.gone"
}
dropped() {
	[ -s "$T/log.dropped" ] || return 0
	git --git-dir="$REPO" for-each-ref --format='%(objectname)' >"$T/there"
	! grep -xFf "$T/there" "$T/log.dropped"
}
whole() {
	sql "SELECT project_id, kind, data FROM event WHERE kind IN ('repository.corrupt', 'repository.failed')" >"$T/amiss"
	cat "$T/amiss"
	! [ -s "$T/amiss" ]
}

check() {
	tap_ok "round $round: rows of the second project" second wait_for 20 same
	tap_ok "round $round: restored branches are there" second there "$T/log.restored"
	tap_ok "round $round: what was dropped is in no ref" second dropped
	tap_ok "round $round: its events are one chain" second chain
	tap_ok "round $round: tags are there" there "$T/log.there"
	tap_ok "round $round: deleted branches are not" gone
	tap_ok "round $round: no repository is told to be amiss" whole
	tap_ok "round $round: rows follow the refs" wait_for 20 same
	for k in 1 2 3; do
		tap_ok "round $round: pusher $k has what it was told" pushed $k
	done
	tap_ok "round $round: merges stand" merged
	tap_ok "round $round: no merge is told twice" once
	tap_ok "round $round: the mirror is where it was said to be" synced
	tap_ok "round $round: dropped tips are kept" kept
	tap_ok "round $round: events are one chain" chain
}

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	rm -f "$T/stop"
	actors=
	for a in 'pusher 1' 'pusher 2' 'pusher 3' merger upstream deleter keeper reader \
	    "care $P" "care $P2"; do
		$a >/dev/null 2>>"$T/err.actors" &
		actors="$actors $!"
	done
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	tap_not "round $round: it lived till it was killed" dead
	kill -9 "$COFFERD_PID"
	: >"$T/stop"
	# shellcheck disable=SC2086
	wait $actors "$COFFERD_PID" 2>/dev/null
	PIDS=
	start_cofferd
	# A fetch that outlived its cofferd may hold a lock for a moment.
	tap_ok "round $round: it synchronises again" wait_for 20 again
	check
done
git --git-dir="$REPO" fsck --full --no-dangling >"$T/fsck" 2>&1
tap_is "$? $(cat "$T/fsck")" '0 ' 'git finds nothing amiss'
repo2=${SECOND##*,}
git --git-dir="$repo2" fsck --full --no-dangling >"$T/fsck" 2>&1
tap_is "$? $(cat "$T/fsck")" '0 ' 'nor in the second project'
tap_ok 'what was forced away was kept at once' test ! -e "$T/log.unkept"
tap_ok 'no reader saw half of it' test ! -e "$T/log.half"
for k in 1 2 3; do
	tap_ok "pusher $k was heard" grep -q ack "$T/log.push.$k"
done
tap_ok 'pull requests were merged' test -s "$T/log.merge"
tap_ok 'upstream was followed' test -s "$T/log.sync"
tap_ok 'maintenance was done' test -s "$T/log.care"
tap_ok 'kept refs were restored' test -s "$T/log.restored"
tap_ok 'and dropped' test -s "$T/log.dropped"
tap_ok 'branches were deleted' test -s "$T/log.gone"
wc -l "$T"/log.* | sed 's/^/# /'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
