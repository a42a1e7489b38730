#!/bin/sh
# A fork that is being made when cofferd is killed.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
EVE=$(make_user eve)

# Killed while it is made: it is there whole, or not at all.
make_project large
git -C "$WORK" checkout -q main
head -c 40000000 /dev/urandom >"$WORK/large.bin"
(cd "$WORK" && git add large.bin && git commit -q -m Large && git push -q origin main) 2>"$T/push.err"
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
api PUT "/api/v1/repos/$PROJECT/collaborators/eve" '{"permission":"read"}'
for ms in 0.02 0.1 0.2 0.4; do
	printf 'header = "Authorization: Bearer %s"\n' "$EVE" |
	    curl -s -K - -X POST "$URL/api/v1/repos/$PROJECT/forks" >/dev/null 2>&1 &
	sleep $ms
	kill -9 "$COFFERD_PID"
	wait "$COFFERD_PID" 2>/dev/null
	start_cofferd
	as "$EVE" api GET /api/v1/repos/eve/large/branches
	tap_like "$STATUS,$(field '.[0].name')" '[24]0[04],*' "killed after $ms s: there, or not"
	if [ "$STATUS" = 200 ]; then
		tap_is "$(field '.[0].name')" main 'then with its branch'
		as "$EVE" api DELETE /api/v1/repos/eve/large
	fi
done
as "$EVE" api POST "/api/v1/repos/$PROJECT/forks"
tap_is "$STATUS" 202 'and made again'
tap_ok 'whole' git_as "$EVE" clone -q "$URL/eve/large.git" "$T/large"
tap_is "$(find "$HOME_DIR/repos" -name 'tmp_pack*' -o -name '*.lock' | wc -l)" 0 'nothing half made is left'
tap_done
