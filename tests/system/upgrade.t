#!/bin/bash
# New programs in the place of old ones while a run is at work: the run goes
# on, its log is whole, and what it says is posted once.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -z "${COFFER_TEST_DRIVER-}" ] || tap_skip_all 'one driver is enough'

attack_start alpha
agent_does <<'A'
echo "begins"
n=0
while [ ! -e /opt/coffer/agents/go ]; do
	n=$((n + 1))
	[ $n -lt 900 ] || exit 9
	sleep 0.1
done
echo "goes on"
echo "all is well" >"$COFFER_OUT"
A
pid_of() { coffer status --json | jq -r ".services[] | select(.name == \"$1\") | .pid"; }
up_again() { [ "$(coffer status --json | jq -r ".services[] | select(.name == \"$1\") | .state")" = up ] && [ "$(pid_of "$1")" != "$2" ]; }
attack_order alpha '/look at it'
tap_ok 'a run is at work' wait_for 30 attack_says '^begins$'
for program in cofferd gateway agentd; do
	OLD=$(pid_of "$program")
	kill -TERM "$OLD"
	tap_ok "another $program takes over" wait_for 30 up_again "$program" "$OLD"
done
coffer run show "$RID" --json >"$T/run.json"
tap_is "$(attack_state)" running 'the run is alive'
touch "$HOME_DIR/agents/go"
attack_end
tap_is "$(attack_state)" 'done' 'and comes to its end'
tap_is "$(grep -c '^begins$' "$T/run.log"),$(grep -c '^goes on$' "$T/run.log")" 1,1 'its log is whole, and it did not begin again'
tap_is "$(coffer issue show alpha "$ITEM" --json | jq '[.. | .body? // empty | select(type == "string" and contains("all is well"))] | length')" 1 'what it says is posted once'
rm "$HOME_DIR/agents/go"
tap_ok 'the home is whole' coffer admin check

# ---- its record, which is signed ----
RECORD=logs/runs/$RID.tar
tap_ok 'there is a record' test -s "$HOME_DIR/$RECORD"
coffer admin backup "$T/b.tar" >"$T/out" 2>&1 && coffer --home "$T/copy" admin restore "$T/b.tar" >"$T/out" 2>&1
tap_is $? 0 'a copy of the home is whole, its signature holds'
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/out"
tap_ok 'the record is the same' cmp -s "$HOME_DIR/$RECORD" "$T/copy/$RECORD"
AT=$(grep -abo 'goes on' "$T/copy/$RECORD" | head -n 1 | cut -d : -f 1)
printf 'G' | dd of="$T/copy/$RECORD" bs=1 seek="$AT" conv=notrunc 2>/dev/null
coffer --home "$T/copy" --json admin check >"$T/check"
tap_is "$?,$(jq -r '.findings[].name' "$T/check")" "3,$RECORD" 'one byte of it is noticed'
tap_done
