#!/bin/bash
# The day of docs/api.md as its reader would run it: its blocks, in order, in
# one shell that ends at the first failure.
. "$(dirname "$0")/lib.sh"

DOC=$SYSTEM_DIR/../../docs/api.md
coffer_home
start_cofferd
make_upstream
mkdir "$T/day" "$T/cwd"
awk -v dir="$T/day" '/^## / { day = /maintainer.s day/ }
    day && /^```sh$/ { n++; f = sprintf("%s/%02d", dir, n); next }
    /^```$/ { if (f != "") print "echo \"== " n "\"" >f; f = ""; next }
    f != "" { print >f }' "$DOC"
N=$(find "$T/day" -type f | wc -l)
tap_ok 'the day has its blocks' [ "$N" -ge 10 ]
(
	cd "$T/cwd" || exit 1
	TMPDIR=$T TOKEN=$ADMIN UPSTREAM=$UPSTREAM \
	    bash -euo pipefail -c 'for f in "$1"/*; do . "$f"; done' day "$T/day"
) >"$T/day.out" 2>"$T/day.err"
tap_is $? 0 'they all run'
tap_is "$(grep -c '^== ' "$T/day.out")" "$N" 'to the last'
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/day.out" "$T/day.err"
said() { sed -n "/^== $(($1 - 1))$/,/^== $1$/p" "$T/day.out" | grep -v '^=='; }
block() { grep -l -- "$1" "$T/day"/* | head -n 1 | sed 's|.*/0*||'; }
tap_is "$(sed -n 1p "$T/day.out")" admin 'who am I'
tap_is "$(said "$(block 'sort=recentupdate')" | sort -u | wc -l)" 2 'the issue is listed and found'
tap_is "$(said "$(block 'event.*APPROVED')" | tail -n 1)" APPROVED 'approved'
tap_is "$(said "$(block 'Do.*squash')" | tail -n 1)" closed 'merged, and the issue is closed by it'
tap_like "$(said "$(block 'after=0')" | tail -n 1)" '[0-9]* *' 'events are told'
API=$URL/api/v1/repos/admin/day
http GET "$API/contents/GREETING" -H "Authorization: token $ADMIN"
tap_is "$STATUS,$(field .content | base64 -d)" 200,Hello 'the change is there'
tap_is "$(find "$T" -maxdepth 1 -name 'tmp.*' | wc -l)" 0 'no token is left behind'
tap_done
