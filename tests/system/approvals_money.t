#!/bin/bash
# What the project's or everybody's money stops asks for as much again, a yes is
# used once, and a limit that is lowered afterwards stays.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
command -v curl >/dev/null || tap_skip_all 'needs curl'
. "$SYSTEM_DIR/money_lib.sh"

# Of the whole project's money, and of everybody's.
PID=$(api GET /api/coffer/v1/projects/admin/alpha; field .id)
control "{\"op\":\"usage\",\"scope\":\"project\",\"project\":$PID}"
LIMIT=$(($(field .spent) + 25000))
control "{\"op\":\"limit\",\"scope\":\"project\",\"project\":$PID,\"micros\":$LIMIT}"
sed -i 's/seq 60/seq 20/' "$HOME_DIR/agents/do"
attack_order alpha /ask
tap_ok 'a run that the limit of the project stops asks, too' wait_for 60 asks "project $LIMIT"
coffer issue show alpha "$ITEM" >"$T/said"
tap_ok 'and says whose money' grep -q 'dollars more on models for the whole project, because' "$T/said"
tap_like "$(coffer approvals alpha)" '*dollars more for project*' 'in the list, too'
coffer approvals approve "$A" >"$T/allow" 2>&1
attack_end
tap_is "$(attack_state)" 'done' 'a yes lets it go on'
control "{\"op\":\"usage\",\"scope\":\"project\",\"project\":$PID}"
tap_is "$(field .limit)" $((2 * LIMIT)) 'with twice the limit of the project'
control "{\"op\":\"limit\",\"scope\":\"project\",\"project\":$PID,\"micros\":$LIMIT}"
USED=$A
sed -i 's/seq 20/seq 2/' "$HOME_DIR/agents/do"
attack_order alpha /ask
tap_ok 'lowered again, the limit stays, and its yes is used: another is asked' wait_for 60 asks "project $LIMIT"
[ "$A" -gt "$USED" ] || tap_bail "approval $A is not new"
control "{\"op\":\"usage\",\"scope\":\"project\",\"project\":$PID}"
tap_is "$(field .limit),$(count)" "$LIMIT,1" 'and nothing raised it'
coffer approvals approve "$A" >"$T/allow" 2>&1
attack_end
tap_is "$(attack_state)" 'done' 'which lets it go on'
control '{"op":"usage","scope":"day"}'
control "{\"op\":\"limit\",\"scope\":\"day\",\"micros\":$(($(field .spent) + 1000))}"
LIMIT=$(field .limit)
attack_order alpha /ask
tap_ok 'and one that everybody'"'"'s money stops' wait_for 60 asks "day $LIMIT"
DAY=$A
BOB=$(make_user bob 2>/dev/null) || :
api PUT /api/v1/repos/admin/alpha/collaborators/bob '{"permission":"write"}'
as "$BOB" api POST "$C/approvals/$DAY/allow" '{}'
tap_is "$STATUS" 403 'which a maintainer does not answer'
coffer approvals approve "$DAY" >"$T/allow" 2>&1
attack_end
tap_is "$(attack_state)" 'done' 'but an administrator'
tap_done
