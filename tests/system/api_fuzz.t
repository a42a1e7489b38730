#!/bin/sh
# Thousands of odd requests by an admin, a maintainer, agentd and CI: every one
# is answered, none with a 500, and the numbers of issues stay dense.
. "$(dirname "$0")/lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
COUNT=${FUZZ_COUNT:-800}
SEED=${FUZZ_SEED:-3251852}
coffer_home
start_cofferd
make_project
push_branch topic b.txt two
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"One"}'
api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"P","head":"topic","base":"main"}'
BOB=$(make_user bob)
make_user fuzz >/dev/null
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
fuzz() {
	perl "$SYSTEM_DIR/api_fuzz.pl" "$URL" "$1" "$PROJECT" "$2" "$COUNT" \
	    >"$T/fuzz.$2" 2>&1 &
	PIDS="$! $PIDS"
	FUZZ="$FUZZ $2:$!"
}
FUZZ=
n=0
for who in "$ADMIN" "$BOB" "$AGENTD" "$RUNNER"; do
	fuzz "$who" $((SEED + n))
	n=$((n + 1))
done
for f in $FUZZ; do
	tap_ok "seed ${f%%:*}: every request has its answer" wait "${f##*:}"
	sed 's/^/# /' "$T/fuzz.${f%%:*}"
done
tap_ok 'cofferd lives' kill -0 "$COFFERD_PID"
numbers() {
	p=1
	while api GET "/api/v1/repos/$PROJECT/issues?state=all&limit=50&page=$p" &&
	    [ "$(field length)" -gt 0 ]; do
		field '.[].number'
		p=$((p + 1))
	done | sort -n
}
numbers >"$T/numbers"
tap_ok 'the numbers of issues are dense' \
    sh -c "seq 1 \$(wc -l <'$T/numbers') | cmp - '$T/numbers'"
stop_cofferd
tap_is $? 0 'cofferd ends with 0'
tap_not 'nothing went wrong inside' grep -E 'api fail.*code=(io|internal)|Sanitizer|runtime error' "$T/cofferd.log"
tap_done
